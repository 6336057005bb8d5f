package proto

import (
	"strings"
	"testing"
)

func benchmark(b *testing.B, command string) {
	text, literals := wire(command + "\r\n")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text, literals, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNoop(b *testing.B) { benchmark(b, "a1 NOOP") }

func BenchmarkFetch(b *testing.B) {
	benchmark(b, "a1 UID FETCH 1:1000 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID References In-Reply-To)])")
}

func BenchmarkSearch(b *testing.B) {
	benchmark(b, `a1 UID SEARCH CHARSET UTF-8 UNDELETED OR SUBJECT "hello" FROM "someone" SINCE 1-Feb-2026`)
}

// manyRanges is a set of 100,000 ranges.
func manyRanges() []uint32 {
	var uids []uint32
	for n := uint32(1); len(uids) < 200_000; n += 3 {
		uids = append(uids, n, n+1)
	}
	return uids
}

func BenchmarkSetOf100000Ranges(b *testing.B) {
	benchmark(b, "a1 UID FETCH "+string(FormatUIDs(nil, manyRanges()))+" FLAGS")
}

func BenchmarkResolve100000Ranges(b *testing.B) {
	set := Set{Ranges: make([]Range, 0, 100_000)}
	for _, part := range strings.Split(string(FormatUIDs(nil, manyRanges())), ",") {
		cmd, err := Parse([]byte("a UID EXPUNGE "+part), nil, Options{})
		if err != nil {
			b.Fatal(err)
		}
		set.Ranges = append(set.Ranges, cmd.Args.(*UIDExpungeArgs).Set.Ranges...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := set.Resolve(1 << 20); len(got) != 100_000 {
			b.Fatal(len(got))
		}
	}
}

func BenchmarkFormatUIDs(b *testing.B) {
	uids := manyRanges()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = FormatUIDs(buf[:0], uids)
	}
}
