package imapd

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/imapd/order"
	"github.com/postroom/postroom/server/imapd/proto"
)

// sort answers SORT (RFC 5256, RFC 5957, RFC 5267).
func (s *session) sort(cmd *proto.Command) error {
	args := cmd.Args.(*proto.SortArgs)
	x, ok, err := s.newSearch(cmd, args.Charset)
	if !ok {
		s.forget(args.Return)
		return err
	}
	found, err := x.run(args.Search)
	if err != nil {
		s.forget(args.Return)
		return s.fail(cmd, err)
	}
	needsRows := slices.ContainsFunc(args.Keys, func(k proto.SortKey) bool { return k.By != proto.SortArrival && k.By != proto.SortSize })
	items, err := x.items(found, cmd.UID, needsRows)
	if err != nil {
		s.forget(args.Return)
		return s.fail(cmd, err)
	}
	order.Sort(items, args.Keys)
	list := make([]uint32, len(items))
	for i := range items {
		list[i] = items[i].Number
	}
	if args.Return != nil {
		x.sayESearch(cmd, args.Return, list, slices.Sorted(slices.Values(list)))
		if args.Return.Save {
			s.save(args.Return, found)
		}
	} else {
		b := append(s.link.buffer(), "* SORT"...)
		for _, n := range list {
			b = strconv.AppendUint(append(b, ' '), uint64(n), 10)
		}
		if x.modseq && len(list) > 0 {
			b = append(strconv.AppendUint(append(b, " (MODSEQ "...), x.highest(list, cmd.UID), 10), ')')
		}
		s.link.appended(append(b, "\r\n"...))
	}
	return s.done(cmd, cmd.UID, "Sort completed.")
}

// thread answers THREAD (RFC 5256).
func (s *session) thread(cmd *proto.Command) error {
	args := cmd.Args.(*proto.ThreadArgs)
	if args.Algorithm != "REFERENCES" && args.Algorithm != "ORDEREDSUBJECT" {
		s.badly(cmd, "Unknown thread algorithm")
		return nil
	}
	x, ok, err := s.newSearch(cmd, args.Charset)
	if !ok {
		return err
	}
	found, err := x.run(args.Search)
	if err != nil {
		return s.fail(cmd, err)
	}
	items, err := x.items(found, cmd.UID, true)
	if err != nil {
		return s.fail(cmd, err)
	}
	b := append(s.link.buffer(), "* THREAD"...)
	if len(items) > 0 {
		b = order.AppendThread(append(b, ' '), order.Thread(items, args.Algorithm))
	}
	s.link.appended(append(b, "\r\n"...))
	return s.done(cmd, cmd.UID, "Thread completed.")
}

// items gives messages as they are sorted, in the order of the view.
func (x *searching) items(found hits, byUID, needsRows bool) (items []order.Item, err error) {
	v := x.selected
	found.each(func(i int) {
		k := x.at[i]
		item := order.Item{Number: uint32(i + 1), UID: v.uids[i], Arrival: time.Unix(x.snap.dates[k], 0).UTC(), Size: x.snap.sizes[k]}
		if byUID {
			item.Number = item.UID
		}
		items = append(items, item)
	})
	if !needsRows {
		return items, nil
	}
	box, budget := &v.box.described, &x.server.boxes.budget
	unknown, next := newHits(len(x.at)), 0
	found.each(func(i int) {
		if !box.fill(&items[next]) {
			unknown.set(i)
		}
		next++
	})
	next = 0
	_, err = x.eachRow(unknown, mailstore.WantEnvelope, func(r *mailstore.Row) (bool, error) {
		for next < len(items) && items[next].UID < r.UID {
			next++
		}
		if next < len(items) && items[next].UID == r.UID {
			describe(&items[next], &r.Envelope)
			box.keep(items[next], budget)
		}
		return false, nil
	})
	return items, err
}

// describe fills in what the header says.
func describe(item *order.Item, e *message.Envelope) {
	item.Date, item.Subject, item.MessageID = e.Date, e.Subject, e.MessageID
	item.From, item.DisplayFrom = firstAddress(e.From)
	item.To, item.DisplayTo = firstAddress(e.To)
	item.Cc, _ = firstAddress(e.Cc)
	if item.References = e.References; len(item.References) == 0 && len(e.InReplyTo) > 0 {
		item.References = e.InReplyTo[:1]
	}
}

// firstAddress gives the local part of the first address, and what is shown of it (RFC 5957): its name, or the address.
func firstAddress(list []message.Address) (local, display string) {
	if len(list) == 0 {
		return "", ""
	}
	a := list[0]
	local = a.Address
	if at := strings.LastIndexByte(local, '@'); at >= 0 {
		local = local[:at]
	}
	if a.Name != "" {
		return local, a.Name
	}
	return local, a.Address
}
