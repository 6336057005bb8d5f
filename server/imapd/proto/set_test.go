package proto

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSetsAreRead(t *testing.T) {
	for written, want := range map[string]string{
		"1": "1", "4294967295": "4294967295", "*": "*", "1:*": "1:*", "*:1": "1:*", "*:*": "*", "5:2": "2:5", "3:3": "3", "01:002": "1:2",
		"1:*,*:4,7": "1:*,4:*,7", "9,1:2,2": "9,1:2,2", "$": "$", "1,2,": "1,2",
	} {
		set := parse(t, "a UID EXPUNGE "+written).Args.(*UIDExpungeArgs).Set
		if got := set.String(); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
	for _, written := range []string{"0", "1:0", "0:*", "00", "4294967296", "99999999999999999999999", "", "x", ":", "1:", ":1", ",", ",1", "1,,2", "1:2:3", "1-2", "-1",
		"+1", "1:2x", "**", "*1", "1*", "$1", "1,$", "$:1", "1.5", "1;2", "1 2"} {
		if cmd, err := Parse([]byte("a UID EXPUNGE "+written), nil, Options{}); err == nil {
			t.Errorf("%q was taken: %s", written, dump(cmd.Args))
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		set  string
		max  uint32
		want string
	}{
		{"1:*", 10, "1:10"}, {"*", 10, "10"}, {"20:*", 10, "10:20"}, {"*:20", 10, "10:20"}, {"10:*", 10, "10"}, {"3,1,2", 10, "1:3"}, {"1,3,5", 10, "1,3,5"},
		{"5:9,1:6,20", 10, "1:9,20"}, {"1:2,3:4", 10, "1:4"}, {"9:2,*", 4, "2:9"}, {"4294967294:4294967295,4294967295", 10, "4294967294:4294967295"},
		{"1:4294967295,4294967295,1", 10, "1:4294967295"}, {"1:*,1:*,1:*", 7, "1:7"}, {"2:5,3,9,4", 9, "2:5,9"},
		{"*", 0, ""}, {"5:*", 0, ""}, {"1:3,*,5:*", 0, "1:3"}, {"7", 0, "7"},
		{"*", 1<<32 - 1, "4294967295"},
	} {
		set := parse(t, "a UID EXPUNGE "+c.set).Args.(*UIDExpungeArgs).Set
		before := slices.Clone(set.Ranges)
		if got := (Set{Ranges: set.Resolve(c.max)}).String(); got != c.want {
			t.Errorf("%s up to %d: %s, want %s", c.set, c.max, got, c.want)
		}
		if !slices.Equal(before, set.Ranges) {
			t.Errorf("%s was changed", c.set)
		}
	}
	if got := (Set{Saved: true}).Resolve(5); len(got) != 0 {
		t.Errorf("$: %v", got)
	}
}

// TestResolveHoldsWhatTheSetHolds compares with the meaning of a set, number by number.
func TestResolveHoldsWhatTheSetHolds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		largest := uint32(rnd.IntN(12))
		var set Set
		want := map[uint32]bool{}
		for range rnd.IntN(8) {
			a, b := uint32(rnd.IntN(15)), uint32(rnd.IntN(15)) // 0 is Star
			set.Ranges = append(set.Ranges, Range{a, b})
			if a == Star {
				a = largest
			}
			if b == Star {
				b = largest
			}
			for n := min(a, b); n <= max(a, b); n++ {
				want[n] = true
			}
		}
		delete(want, 0)
		got := map[uint32]bool{}
		last := uint32(0)
		for i, r := range set.Resolve(largest) {
			if r.First < 1 || r.First > r.Last || i > 0 && r.First <= last+1 {
				t.Fatalf("%s up to %d: %v", set, largest, set.Resolve(largest))
			}
			for n := r.First; n <= r.Last; n++ {
				got[n] = true
			}
			last = r.Last
		}
		if largest > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s up to %d: %v", set, largest, set.Resolve(largest))
		}
	}
}

func TestHasStar(t *testing.T) {
	for written, want := range map[string]bool{"1": false, "1:5,9": false, "*": true, "1,5:*": true, "$": false} {
		if set := parse(t, "a UID EXPUNGE "+written).Args.(*UIDExpungeArgs).Set; set.HasStar() != want {
			t.Errorf("%s: %v", written, !want)
		}
	}
}

func TestFormatUIDs(t *testing.T) {
	for want, uids := range map[string][]uint32{
		"":                      nil,
		"7":                     {7},
		"1:3,5":                 {1, 2, 3, 5},
		"1,3,5:6":               {1, 3, 5, 6},
		"2":                     {2, 2, 2},
		"1:2,4":                 {1, 1, 2, 2, 4, 4},
		"4294967294:4294967295": {1<<32 - 2, 1<<32 - 1},
		"1,4294967295":          {1, 1<<32 - 1},
	} {
		if got := string(FormatUIDs([]byte("x "), uids)); got != "x "+want {
			t.Errorf("%v: %q", uids, got)
		}
	}
}

func TestFormattedUIDsAreReadBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var uids []uint32
		for n := uint32(0); len(uids) < rnd.IntN(50); {
			n += 1 + uint32(rnd.IntN(3))
			uids = append(uids, n)
		}
		if uids == nil {
			continue
		}
		var got []uint32
		for _, r := range parse(t, "a UID EXPUNGE "+string(FormatUIDs(nil, uids))).Args.(*UIDExpungeArgs).Set.Ranges {
			for n := r.First; n <= r.Last; n++ {
				got = append(got, n)
			}
		}
		if !slices.Equal(got, uids) {
			t.Fatalf("%v: %v", uids, got)
		}
	}
}

func TestThousandsOfWholeSetsAreOne(t *testing.T) {
	set := parse(t, "a UID EXPUNGE "+strings.Repeat("1:*,", 50_000)+"*").Args.(*UIDExpungeArgs).Set
	if got := set.Resolve(9); !slices.Equal(got, []Range{{1, 9}}) {
		t.Errorf("%v", got)
	}
}
