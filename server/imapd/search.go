package imapd

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/ianaindex"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/imapd/proto"
)

// hits is a set of messages of a view: bit n-1 is message n.
type hits []uint64

func newHits(n int) hits { return make(hits, (n+63)/64) }

func (h hits) set(i int) { h[i/64] |= 1 << (i % 64) }

func (h hits) count() (n int) {
	for _, w := range h {
		n += bits.OnesCount64(w)
	}
	return n
}

// each calls f for each place that is set, ascending.
func (h hits) each(f func(i int)) {
	for k, w := range h {
		for ; w != 0; w &= w - 1 {
			f(k*64 + bits.TrailingZeros64(w))
		}
	}
}

func (h hits) and(o hits) hits {
	r := slices.Clone(h)
	for k := range r {
		r[k] &= o[k]
	}
	return r
}

func (h hits) or(o hits) hits {
	r := slices.Clone(h)
	for k := range r {
		r[k] |= o[k]
	}
	return r
}

func (h hits) without(o hits) hits {
	r := slices.Clone(h)
	for k := range r {
		r[k] &^= o[k]
	}
	return r
}

// searching is one search of the selected mailbox. Messages that are gone are not found.
type searching struct {
	*session
	snap   *snapshot
	at     []int // place in the snapshot of each message of the view, -1 if it is gone
	now    time.Time
	decode func(string) string // from the client's character set
	modseq bool                // MODSEQ was asked for
}

// badCharset answers a character set that is not known (RFC 9051, 6.4.4).
const badCharset = "[BADCHARSET (US-ASCII UTF-8)] Unknown charset"

// newSearch begins a search; ok is false if the character set is not known, which has been answered.
func (s *session) newSearch(cmd *proto.Command, charset string) (*searching, bool, error) {
	x := &searching{session: s, now: time.Now(), decode: func(t string) string { return t }}
	switch charset {
	case "", "UTF-8", "US-ASCII", "UTF8", "ASCII":
	default:
		enc, err := ianaindex.IANA.Encoding(charset)
		if err != nil || enc == nil {
			s.no(cmd, badCharset)
			return nil, false, nil
		}
		x.decode = func(t string) string {
			if u, err := enc.NewDecoder().String(t); err == nil {
				return u
			}
			return t
		}
	}
	p, err := s.snapshot()
	if err != nil {
		return nil, false, s.fail(cmd, err)
	}
	x.snap = p
	x.at = make([]int, len(s.selected.uids))
	k := 0
	for i, uid := range s.selected.uids {
		for k < len(p.uids) && p.uids[k] < uid {
			k++
		}
		if x.at[i] = -1; k < len(p.uids) && p.uids[k] == uid {
			x.at[i] = k
		}
	}
	return x, true, nil
}

// run gives the messages that a key finds.
func (x *searching) run(key *proto.SearchKey) (hits, error) {
	all := newHits(len(x.at))
	for i, k := range x.at {
		if k >= 0 {
			all.set(i)
		}
	}
	return x.eval(key, all)
}

// eval gives those of the messages within that a key finds. Nested keys are bounded by proto.MaxSearchDepth.
func (x *searching) eval(key *proto.SearchKey, within hits) (hits, error) {
	switch key.Op {
	case proto.SearchAnd:
		keys := slices.Clone(key.Keys)
		slices.SortStableFunc(keys, func(a, b *proto.SearchKey) int { return cost(a) - cost(b) })
		for _, k := range keys {
			var err error
			if within, err = x.eval(k, within); err != nil {
				return nil, err
			}
		}
		return within, nil
	case proto.SearchOr:
		a, err := x.eval(key.Keys[0], within)
		if err != nil {
			return nil, err
		}
		b, err := x.eval(key.Keys[1], within.without(a))
		if err != nil {
			return nil, err
		}
		return a.or(b), nil
	case proto.SearchNot:
		a, err := x.eval(key.Keys[0], within)
		if err != nil {
			return nil, err
		}
		return within.without(a), nil
	case proto.SearchAll, proto.SearchSaveDateSupported:
		return within, nil
	case proto.SearchSeq, proto.SearchUID:
		return x.inSet(key, within), nil
	case proto.SearchFrom, proto.SearchTo, proto.SearchCc, proto.SearchBcc, proto.SearchSubject, proto.SearchBody, proto.SearchText, proto.SearchHeader:
		return x.byText(key, within)
	case proto.SearchSentBefore, proto.SearchSentOn, proto.SearchSentSince, proto.SearchSavedBefore, proto.SearchSavedOn, proto.SearchSavedSince,
		proto.SearchEmailID, proto.SearchThreadID:
		return x.byRow(key, within)
	}
	found := newHits(len(x.at))
	test := x.test(key)
	within.each(func(i int) {
		if test(x.at[i]) {
			found.set(i)
		}
	})
	return found, nil
}

// cost orders keys: what the shared state knows comes first, then what the index knows, then text.
func cost(key *proto.SearchKey) int {
	switch key.Op {
	case proto.SearchAnd, proto.SearchOr, proto.SearchNot:
		most := 0
		for _, k := range key.Keys {
			most = max(most, cost(k))
		}
		return most
	case proto.SearchFrom, proto.SearchTo, proto.SearchCc, proto.SearchBcc, proto.SearchSubject, proto.SearchBody, proto.SearchText:
		return 1
	case proto.SearchSentBefore, proto.SearchSentOn, proto.SearchSentSince, proto.SearchSavedBefore, proto.SearchSavedOn, proto.SearchSavedSince,
		proto.SearchEmailID, proto.SearchThreadID:
		return 2
	case proto.SearchHeader:
		return 3
	}
	return 0
}

func (x *searching) inSet(key *proto.SearchKey, within hits) hits {
	found := newHits(len(x.at))
	uids := x.selected.uids
	if key.Set.Saved {
		for _, uid := range x.selected.saved {
			if i, there := slices.BinarySearch(uids, uid); there {
				found.set(i)
			}
		}
		return found.and(within)
	}
	largest := uint32(len(uids))
	if key.Op == proto.SearchUID && largest > 0 {
		largest = uids[largest-1]
	}
	for _, r := range key.Set.Resolve(largest) {
		first, last := int(r.First)-1, min(int(r.Last), len(uids))
		if key.Op == proto.SearchUID {
			first, last = lowerBound(uids, r.First), lowerBound(uids, r.Last)
			if last < len(uids) && uids[last] == r.Last {
				last++
			}
		}
		for i := first; i < last; i++ {
			found.set(i)
		}
	}
	return found.and(within)
}

// test answers keys that the shared state knows, for a place in the snapshot.
func (x *searching) test(key *proto.SearchKey) func(k int) bool {
	p := x.snap
	flag := func(f mailstore.Flags) func(int) bool { return func(k int) bool { return p.flags[k]&f != 0 } }
	day := func(k int) time.Time { return time.Unix(p.dates[k], 0).UTC().Truncate(24 * time.Hour) }
	switch key.Op {
	case proto.SearchAnswered:
		return flag(mailstore.Answered)
	case proto.SearchDeleted:
		return flag(mailstore.Deleted)
	case proto.SearchDraft:
		return flag(mailstore.Draft)
	case proto.SearchFlagged:
		return flag(mailstore.Flagged)
	case proto.SearchSeen:
		return flag(mailstore.Seen)
	case proto.SearchRecent:
		return func(k int) bool { return x.selected.isRecent(p.uids[k]) }
	case proto.SearchKeyword:
		keyword := strings.ToLower(key.Text)
		has := make([]bool, len(p.sets))
		for i, set := range p.sets {
			has[i] = slices.Contains(set, keyword)
		}
		return func(k int) bool { return has[p.keys[k]] }
	case proto.SearchBefore:
		return func(k int) bool { return day(k).Before(key.Date) }
	case proto.SearchOn:
		return func(k int) bool { return day(k).Equal(key.Date) }
	case proto.SearchSince:
		return func(k int) bool { return !day(k).Before(key.Date) }
	case proto.SearchLarger:
		return func(k int) bool { return uint64(p.sizes[k]) > key.N }
	case proto.SearchSmaller:
		return func(k int) bool { return uint64(p.sizes[k]) < key.N }
	case proto.SearchOlder, proto.SearchYounger:
		limit := x.now.Unix() - int64(min(key.N, 1<<40))
		if key.Op == proto.SearchOlder {
			return func(k int) bool { return p.dates[k] <= limit }
		}
		return func(k int) bool { return p.dates[k] >= limit }
	case proto.SearchModseq:
		x.modseq = true
		x.enableCondstore()
		return func(k int) bool { return p.modseqs[k] >= key.N }
	}
	return func(int) bool { return false }
}

var textFields = map[proto.SearchOp]message.TextField{
	proto.SearchFrom: message.FromText, proto.SearchTo: message.ToText, proto.SearchCc: message.CcText, proto.SearchBcc: message.BccText,
	proto.SearchSubject: message.SubjectText, proto.SearchBody: message.BodyText, proto.SearchText: message.AnyText, proto.SearchHeader: message.HeaderText,
}

// byText asks the index of texts. What it finds for HEADER may stand in another field, so that is looked at again.
func (x *searching) byText(key *proto.SearchKey, within hits) (hits, error) {
	needle := x.decode(key.Text)
	field := textFields[key.Op]
	if key.Op == proto.SearchHeader {
		switch strings.ToLower(key.Field) {
		case "from":
			field = message.FromText
		case "to":
			field = message.ToText
		case "cc":
			field = message.CcText
		case "bcc":
			field = message.BccText
		case "subject":
			field = message.SubjectText
		}
	}
	found := within
	if field != message.HeaderText || needle != "" {
		b := x.selected.box
		uids, err := b.inbox.SearchText(x.ctx, b.key.id, field, needle)
		if err != nil {
			return nil, err
		}
		found = newHits(len(x.at))
		for _, uid := range uids {
			if i, there := slices.BinarySearch(x.selected.uids, uid); there {
				found.set(i)
			}
		}
		found = found.and(within)
	}
	if field != message.HeaderText {
		return found, nil
	}
	return x.inHeader(key.Field, message.Fold(needle), found)
}

// inHeader looks through the headers of messages.
func (x *searching) inHeader(field, folded string, within hits) (hits, error) {
	want := mailstore.WantPlace | mailstore.WantWireHeader
	common := message.IsCommon(field)
	if !common {
		want = mailstore.WantPlace | mailstore.WantStructure
	}
	return x.eachRow(within, want, func(r *mailstore.Row) (bool, error) {
		header := []byte(r.WireHeader)
		if !common || !r.HasWireHeader {
			f, err := x.selected.box.inbox.OpenRow(x.ctx, r)
			if err != nil {
				if isGone(err) {
					return false, nil
				}
				return false, err
			}
			defer f.Close()
			n := min(r.Size, maxHeader)
			if r.Structure != nil {
				n = min(n, r.Structure.Body)
			}
			header = make([]byte, n)
			if m, _ := f.ReadAt(header, 0); int64(m) < n {
				header = header[:m]
			}
		}
		return message.HeaderContains(header, field, folded), nil
	})
}

// byRow answers keys that need the row of a message.
func (x *searching) byRow(key *proto.SearchKey, within hits) (hits, error) {
	want := mailstore.WantPlace
	day := func(t time.Time) time.Time { // without regard to time and zone (RFC 9051, 6.4.4)
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	var test func(r *mailstore.Row) bool
	switch key.Op {
	case proto.SearchEmailID:
		test = func(r *mailstore.Row) bool { return string(r.MessageID) == key.Text }
	case proto.SearchThreadID:
		want = mailstore.WantMessage
		test = func(r *mailstore.Row) bool { return string(r.ThreadID) == key.Text }
	case proto.SearchSavedBefore:
		test = func(r *mailstore.Row) bool { return day(r.SavedAt).Before(key.Date) }
	case proto.SearchSavedOn:
		test = func(r *mailstore.Row) bool { return day(r.SavedAt).Equal(key.Date) }
	case proto.SearchSavedSince:
		test = func(r *mailstore.Row) bool { return !day(r.SavedAt).Before(key.Date) }
	default:
		want = mailstore.WantEnvelope
		test = func(r *mailstore.Row) bool {
			sent := r.Envelope.Date
			if sent.IsZero() {
				return false
			}
			switch key.Op {
			case proto.SearchSentBefore:
				return day(sent).Before(key.Date)
			case proto.SearchSentOn:
				return day(sent).Equal(key.Date)
			}
			return !day(sent).Before(key.Date)
		}
	}
	return x.eachRow(within, want, func(r *mailstore.Row) (bool, error) { return test(r), nil })
}

// eachRow gives the messages for whose row test says yes.
func (x *searching) eachRow(within hits, want mailstore.Want, test func(*mailstore.Row) (bool, error)) (hits, error) {
	v := x.selected
	found := newHits(len(x.at))
	uids := make([]uint32, 0, within.count())
	within.each(func(i int) { uids = append(uids, v.uids[i]) })
	for len(uids) > 0 {
		rows, done, err := v.box.inbox.Rows(x.ctx, v.box.key.id, uids, want)
		if err != nil {
			return nil, err
		}
		uids = uids[done:]
		for k := range rows {
			yes, err := test(&rows[k])
			if err != nil {
				return nil, err
			}
			if i, there := slices.BinarySearch(v.uids, rows[k].UID); there && yes {
				found.set(i)
			}
		}
	}
	return found, nil
}

// search answers SEARCH (RFC 9051, 6.4.4; RFC 3501, 6.4.4; RFC 4731; RFC 5182; RFC 7162, 3.1.5).
func (s *session) search(cmd *proto.Command) error {
	args := cmd.Args.(*proto.SearchArgs)
	x, ok, err := s.newSearch(cmd, args.Charset)
	if !ok {
		s.forget(args.Return)
		return err
	}
	found, err := x.run(args.Key)
	if err != nil {
		s.forget(args.Return)
		return s.fail(cmd, err)
	}
	list := make([]uint32, 0, found.count())
	found.each(func(i int) {
		if cmd.UID {
			list = append(list, s.selected.uids[i])
		} else {
			list = append(list, uint32(i+1))
		}
	})
	ret := args.Return
	if ret == nil && s.rev2 { // IMAP4rev2 has no untagged SEARCH
		ret = &proto.SearchReturn{All: true}
	}
	if ret != nil {
		x.sayESearch(cmd, ret, list, list)
		if ret.Save {
			s.save(ret, found)
		}
	} else {
		b := append(s.link.buffer(), "* SEARCH"...)
		for _, n := range list {
			b = strconv.AppendUint(append(b, ' '), uint64(n), 10)
		}
		if modseq := x.highest(list, cmd.UID); x.modseq && len(list) > 0 {
			b = append(strconv.AppendUint(append(b, " (MODSEQ "...), modseq, 10), ')')
		}
		s.link.appended(append(b, "\r\n"...))
	}
	return s.done(cmd, cmd.UID, "Search completed.")
}

// forget empties the saved result when a search that was to be saved fails (RFC 5182, 2.1).
func (s *session) forget(ret *proto.SearchReturn) {
	if ret != nil && ret.Save {
		s.selected.saved = nil
	}
}

// save keeps a result as "$" (RFC 5182, 2.1): with MIN or MAX and no ALL or COUNT, only those.
func (s *session) save(ret *proto.SearchReturn, found hits) {
	v := s.selected
	v.saved = nil
	found.each(func(i int) { v.saved = append(v.saved, v.uids[i]) })
	if n := len(v.saved); n > 0 && !ret.All && !ret.Count && (ret.Min || ret.Max) {
		ends := v.saved[:0:0]
		if ret.Min {
			ends = append(ends, v.saved[0])
		}
		if ret.Max && (!ret.Min || n > 1) {
			ends = append(ends, v.saved[n-1])
		}
		v.saved = ends
	}
}

// highest is the highest MODSEQ of the messages of a list.
func (x *searching) highest(list []uint32, byUID bool) (modseq uint64) {
	for _, n := range list {
		uid := n
		if !byUID {
			uid = x.selected.uids[n-1]
		}
		if k, there := x.snap.find(uid); there {
			modseq = max(modseq, x.snap.modseqs[k])
		}
	}
	return modseq
}

// sayESearch writes the ESEARCH response (RFC 9051, 7.3.4). list is in the order of the answer, ascending is the same
// sorted.
func (x *searching) sayESearch(cmd *proto.Command, ret *proto.SearchReturn, list, ascending []uint32) {
	if *ret == (proto.SearchReturn{Save: true}) { // RFC 5182, 2.1: only to be kept
		return
	}
	b := append(x.link.buffer(), "* ESEARCH (TAG "...)
	b = append(proto.AppendString(b, cmd.Tag), ')')
	if cmd.UID {
		b = append(b, " UID"...)
	}
	var told []uint32 // what MODSEQ is about
	if n := len(list); n > 0 {
		if ret.Min {
			b = strconv.AppendUint(append(b, " MIN "...), uint64(list[0]), 10)
			told = append(told, list[0])
		}
		if ret.Max {
			b = strconv.AppendUint(append(b, " MAX "...), uint64(list[n-1]), 10)
			told = append(told, list[n-1])
		}
		if ret.All {
			b = appendList(append(b, " ALL "...), list)
		}
	}
	if ret.Count {
		b = strconv.AppendInt(append(b, " COUNT "...), int64(len(list)), 10)
	}
	if r := ret.Partial; r != nil {
		b = appendPartial(b, r, list)
	}
	if ret.All || ret.Count || ret.Partial != nil {
		told = ascending
	}
	if x.modseq && len(told) > 0 {
		b = strconv.AppendUint(append(b, " MODSEQ "...), x.highest(told, cmd.UID), 10)
	}
	x.link.appended(append(b, "\r\n"...))
}

// appendList appends numbers in the order given; runs become ranges.
func appendList(b []byte, list []uint32) []byte {
	for i := 0; i < len(list); {
		k := i
		for k+1 < len(list) && list[k+1] == list[k]+1 {
			k++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(list[i]), 10)
		if k > i {
			b = strconv.AppendUint(append(b, ':'), uint64(list[k]), 10)
		}
		i = k + 1
	}
	return b
}

// appendPartial appends "PARTIAL (range results)" (RFC 9394, 3.1).
func appendPartial(b []byte, r *proto.PartialRange, list []uint32) []byte {
	n := uint32(len(list))
	first, last := r.First, min(r.Last, n)
	sign := ""
	if r.FromEnd {
		sign = "-"
		first, last = n-min(r.Last, n)+1, n-min(r.First-1, n)
	}
	b = append(b, " PARTIAL ("+sign...)
	b = append(strconv.AppendUint(b, uint64(r.First), 10), ":"+sign...)
	b = append(strconv.AppendUint(b, uint64(r.Last), 10), ' ')
	if first > last || n == 0 {
		b = append(b, "NIL"...)
	} else {
		b = appendList(b, list[first-1:last])
	}
	return append(b, ')')
}
