// Package order puts messages into the orders of IMAP's SORT and THREAD (RFC 5256, RFC 5957).
//
// It is pure: what it needs to know of a message stands in an Item, which the caller fills from the index, and what comes
// out are numbers in an order. Nothing recurses, and time is n log n in the number and length of what is given, whatever
// senders wrote into References and Subject.
package order

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/server/imapd/proto"
)

// Item is what decides on a message's place. What an order does not go by may be left out.
type Item struct {
	Number      uint32 // what is told to the client: message number or UID; never 0
	UID         uint32 // decides between messages that are equal otherwise
	Arrival     time.Time
	Date        time.Time // of the Date field; zero if there is none that can be read: then Arrival counts
	Size        int64
	Subject     string // decoded, UTF-8
	From        string // the local part of the first address, decoded; empty if there is none; so for To and Cc
	To          string
	Cc          string
	DisplayFrom string // the first address's name, or the address if it has none (RFC 5957); so for DisplayTo
	DisplayTo   string
	MessageID   string   // as the references of others have it; empty if there is none
	References  []string // oldest first; if there are none, the first id of In-Reply-To
}

// sent is the sent date (RFC 5256, 2.2) in seconds, which is all that IMAP tells of a time.
func (it *Item) sent() int64 {
	if it.Date.IsZero() {
		return it.Arrival.Unix()
	}
	return it.Date.Unix()
}

// bySent compares by sent date, and then by place in the mailbox.
func bySent(a, b *Item) int {
	return cmp.Or(cmp.Compare(a.sent(), b.sent()), cmp.Compare(a.UID, b.UID))
}

// Sort sorts items in place by keys: the first that differs decides, and then the UID. Texts are compared by
// i;unicode-casemap, subjects by their base subjects.
func Sort(items []Item, keys []proto.SortKey) {
	texts, values := make([][]string, len(keys)), make([][]int64, len(keys)) // of each item, one or the other for each key
	for k, key := range keys {
		if text := textOf[key.By]; text != nil {
			texts[k] = each(items, text)
		} else {
			values[k] = each(items, valueOf[key.By])
		}
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		for k, key := range keys {
			var c int
			if values[k] != nil {
				c = cmp.Compare(values[k][i], values[k][j])
			} else {
				c = strings.Compare(texts[k][i], texts[k][j])
			}
			switch {
			case c != 0 && key.Reverse:
				return -c
			case c != 0:
				return c
			}
		}
		return cmp.Compare(items[i].UID, items[j].UID) // ascending even if the keys are not (RFC 5256, 3)
	})
	sorted := make([]Item, len(items))
	for to, from := range order {
		sorted[to] = items[from]
	}
	copy(items, sorted)
}

// each is what all items have of one kind.
func each[T any](items []Item, of func(*Item) T) []T {
	all := make([]T, len(items))
	for i := range items {
		all[i] = of(&items[i])
	}
	return all
}

// valueOf is what the keys compare that compare numbers.
var valueOf = map[proto.SortBy]func(*Item) int64{
	proto.SortArrival: func(it *Item) int64 { return it.Arrival.Unix() },
	proto.SortDate:    (*Item).sent,
	proto.SortSize:    func(it *Item) int64 { return it.Size },
}

// textOf is what the keys compare that compare texts.
var textOf = map[proto.SortBy]func(*Item) string{
	proto.SortSubject:     func(it *Item) string { base, _ := foldedSubject(it.Subject); return base },
	proto.SortFrom:        func(it *Item) string { return fold(it.From) },
	proto.SortTo:          func(it *Item) string { return fold(it.To) },
	proto.SortCc:          func(it *Item) string { return fold(it.Cc) },
	proto.SortDisplayFrom: func(it *Item) string { return fold(it.DisplayFrom) },
	proto.SortDisplayTo:   func(it *Item) string { return fold(it.DisplayTo) },
}
