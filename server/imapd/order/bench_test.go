package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/postroom/postroom/server/imapd/proto"
)

// tenThousand are messages as an inbox has them: threads of some length, and subjects with marks of replies.
func tenThousand() []Item {
	rnd := rand.New(rand.NewPCG(1, 1))
	items := make([]Item, 10_000)
	for i := range items {
		it := &items[i]
		*it = Item{Number: uint32(i + 1), UID: uint32(i + 1), Arrival: noon.Add(time.Duration(i) * time.Minute), Date: noon.Add(time.Duration(i-rnd.IntN(5)) * time.Minute),
			Size: rnd.Int64N(100_000), MessageID: fmt.Sprintf("%d.abcdef@example.com", i), From: "someone" + strconv.Itoa(rnd.IntN(500)),
			Subject: fmt.Sprintf("[list] A subject of some words, number %d", i)}
		if i > 0 && rnd.IntN(3) > 0 {
			parent := items[max(0, i-1-rnd.IntN(50))]
			it.References = append(slices.Clip(parent.References), parent.MessageID)
			it.Subject = "Re: " + parent.Subject
		}
		if rnd.IntN(4) == 0 {
			it.Subject += " mit Umläuten"
		}
	}
	return items
}

func BenchmarkSort(b *testing.B) {
	for name, key := range map[string]proto.SortBy{"DATE": proto.SortDate, "SUBJECT": proto.SortSubject, "FROM": proto.SortFrom} {
		b.Run(name, func(b *testing.B) {
			items := tenThousand()
			rand.New(rand.NewPCG(2, 2)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			given := slices.Clone(items)
			b.ReportAllocs()
			for b.Loop() {
				copy(items, given)
				Sort(items, []proto.SortKey{{By: key}})
			}
		})
	}
}

func BenchmarkThread(b *testing.B) {
	for _, algorithm := range Algorithms {
		b.Run(algorithm, func(b *testing.B) {
			items := tenThousand()
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendThread(buf[:0], Thread(items, algorithm))
			}
		})
	}
}
