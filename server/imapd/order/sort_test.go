package order

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/imapd/proto"
)

var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// numbers are those of items in their order.
func numbers(items []Item) (n []uint32) {
	for _, it := range items {
		n = append(n, it.Number)
	}
	return n
}

func sorted(t *testing.T, items []Item, want []uint32, keys ...proto.SortKey) {
	t.Helper()
	items = slices.Clone(items)
	for i := range items {
		items[i].Number, items[i].UID = uint32(i+1), uint32(i+101)
	}
	slices.Reverse(items) // what comes out does not depend on what goes in
	Sort(items, keys)
	if got := numbers(items); !slices.Equal(got, want) {
		t.Errorf("%v: %v, want %v", keys, got, want)
	}
}

func by(b proto.SortBy) proto.SortKey { return proto.SortKey{By: b} }

func reverse(b proto.SortBy) proto.SortKey { return proto.SortKey{By: b, Reverse: true} }

func TestEachCriterionSorts(t *testing.T) {
	items := []Item{
		{Arrival: noon, Date: noon.Add(3 * time.Hour), Size: 10, Subject: "Re: b", From: "Bob", To: "x", Cc: "", DisplayFrom: "anna", DisplayTo: "é"},
		{Arrival: noon.Add(time.Hour), Date: noon, Size: 9, Subject: "[list] A", From: "anna", To: "", Cc: "b", DisplayFrom: "Bob", DisplayTo: "F"},
		{Arrival: noon.Add(-time.Hour), Size: 11, Subject: "c (fwd)", From: "", To: "Y", Cc: "A", DisplayFrom: "", DisplayTo: "e"},
	}
	for b, want := range map[proto.SortBy][]uint32{
		proto.SortArrival:     {3, 1, 2},
		proto.SortDate:        {3, 2, 1}, // the third has no date: when it arrived counts
		proto.SortSize:        {2, 1, 3},
		proto.SortSubject:     {2, 1, 3},
		proto.SortFrom:        {3, 2, 1},
		proto.SortTo:          {2, 1, 3},
		proto.SortCc:          {1, 3, 2},
		proto.SortDisplayFrom: {3, 1, 2},
		proto.SortDisplayTo:   {3, 1, 2},
	} {
		sorted(t, items, want, by(b))
		backwards := slices.Clone(want)
		slices.Reverse(backwards)
		sorted(t, items, backwards, reverse(b))
	}
}

func TestEqualMessagesStayInTheOrderOfTheMailbox(t *testing.T) {
	items := []Item{{Size: 2, From: "b"}, {Size: 1, From: "B"}, {Size: 2, From: "a"}, {Size: 1, From: "A"}}
	sorted(t, items, []uint32{3, 4, 1, 2}, by(proto.SortFrom))
	sorted(t, items, []uint32{1, 2, 3, 4}, reverse(proto.SortFrom))
	sorted(t, items, []uint32{2, 4, 1, 3}, by(proto.SortSize))
	sorted(t, items, []uint32{1, 3, 2, 4}, reverse(proto.SortSize))
	sorted(t, items, []uint32{4, 2, 3, 1}, by(proto.SortSize), by(proto.SortFrom))
	sorted(t, items, []uint32{3, 1, 4, 2}, reverse(proto.SortSize), by(proto.SortFrom))
	sorted(t, items, []uint32{2, 1, 4, 3}, reverse(proto.SortFrom), by(proto.SortSize))
	sorted(t, items, []uint32{1, 2, 3, 4})
	sorted(t, nil, nil, by(proto.SortDate))
}

func TestDatesAreComparedAsMoments(t *testing.T) {
	east, west := time.FixedZone("", 9*3600), time.FixedZone("", -9*3600)
	sorted(t, []Item{{Date: time.Date(2026, 2, 1, 12, 0, 0, 0, west)}, {Date: noon}, {Date: time.Date(2026, 2, 1, 12, 0, 0, 0, east)}},
		[]uint32{3, 2, 1}, by(proto.SortDate))
}

func TestTextsAreComparedByUnicodeCasemap(t *testing.T) {
	for _, equal := range [][]string{
		{"abc", "ABC", "aBc"}, {"é", "É", "e\u0301", "E\u0301"}, {"ﬁ", "ﬁ"}, {"Ａ", "A", "ａ"}, {"ǆ", "ǅ", "Ǆ"}, {"σ", "Σ"}, {"한", "\u1112\u1161\u11ab"}, {"\xff", "\ufffd"},
	} {
		for _, s := range equal[1:] {
			if fold(s) != fold(equal[0]) {
				t.Errorf("%q is %q, %q is %q", equal[0], fold(equal[0]), s, fold(s))
			}
		}
	}
	ascending := []string{"", "1", "A", "a b", "É", "f", "Z", "{", "ß", "Σ", "ш", "日"}
	if !slices.IsSortedFunc(ascending, func(a, b string) int { return cmp.Compare(fold(a), fold(b)) }) {
		t.Errorf("%q", ascending)
	}
}

// TestSortAgreesWithAComparisonOfPairs compares with a sort that looks at nothing but two messages at a time.
func TestSortAgreesWithAComparisonOfPairs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(s ...string) string { return s[rnd.IntN(len(s))] }
	for range 2000 {
		items := make([]Item, rnd.IntN(30))
		for i := range items {
			items[i] = Item{Number: uint32(i + 1), UID: uint32(i + 1), Arrival: noon.Add(time.Duration(rnd.IntN(3)) * time.Hour), Size: int64(rnd.IntN(3)),
				Subject: pick("a", "Re: A", "b", "", "é"), From: pick("x", "X", "y"), To: pick("", "é", "E"), Cc: pick("1", "2"), DisplayFrom: pick("n", "N"), DisplayTo: pick("ß", "z")}
			if rnd.IntN(2) == 0 {
				items[i].Date = noon.Add(time.Duration(rnd.IntN(3)) * time.Hour)
			}
		}
		var keys []proto.SortKey
		for range rnd.IntN(4) {
			keys = append(keys, proto.SortKey{By: proto.SortBy(rnd.IntN(int(proto.SortDisplayTo) + 1)), Reverse: rnd.IntN(2) == 0})
		}
		want := slices.Clone(items)
		slices.SortStableFunc(want, func(a, b Item) int {
			for _, k := range keys {
				x, y := sortValue(a, k.By), sortValue(b, k.By)
				if k.Reverse {
					x, y = y, x
				}
				if x != y {
					return strings.Compare(x, y)
				}
			}
			return 0
		})
		rnd.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		if Sort(items, keys); !slices.Equal(numbers(items), numbers(want)) {
			t.Fatalf("%v: %v, want %v", keys, numbers(items), numbers(want))
		}
	}
}

// sortValue is a value of an item as a text whose octets sort as it does.
func sortValue(it Item, b proto.SortBy) string {
	switch b {
	case proto.SortArrival:
		return it.Arrival.Format(time.RFC3339)
	case proto.SortDate:
		if it.Date.IsZero() {
			return it.Arrival.Format(time.RFC3339)
		}
		return it.Date.Format(time.RFC3339)
	case proto.SortSize:
		return fmt.Sprintf("%09d", it.Size)
	case proto.SortSubject:
		base, _ := BaseSubject(it.Subject)
		return fold(base)
	case proto.SortFrom:
		return fold(it.From)
	case proto.SortTo:
		return fold(it.To)
	case proto.SortCc:
		return fold(it.Cc)
	case proto.SortDisplayFrom:
		return fold(it.DisplayFrom)
	}
	return fold(it.DisplayTo)
}
