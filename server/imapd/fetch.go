package imapd

import (
	"slices"
	"strconv"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
)

// invalidSet answers message numbers that do not exist.
const invalidSet = "Invalid messageset"

// fetching is one FETCH.
type fetching struct {
	*session
	items  []proto.FetchItem
	want   mailstore.Want
	rows   bool            // something must be read from the index
	seen   map[uint32]bool // UIDs that this FETCH has flagged as seen, whose flags are told with the rest
	gone   bool            // a message is not there any more
	failed string          // why something could not be given
}

// fetch answers FETCH (RFC 9051, 6.4.5; RFC 7162, 3.1.4 and 3.2.6).
func (s *session) fetch(cmd *proto.Command) error {
	args := cmd.Args.(*proto.FetchArgs)
	uids, ok := s.resolve(args.Set, cmd.UID)
	if !ok {
		s.badly(cmd, invalidSet)
		return nil
	}
	if args.Vanished && (!s.qresync || !cmd.UID || !args.HasChangedSince) {
		s.badly(cmd, "VANISHED goes with UID FETCH and CHANGEDSINCE, once QRESYNC is enabled")
		return nil
	}
	f := &fetching{session: s, items: args.Items}
	if args.HasChangedSince {
		f.add(proto.FetchModseq)
	}
	if cmd.UID || s.qresync && (f.has(proto.FetchFlags) || f.setsSeen()) { // RFC 7162, 3.2.4: with flags that may change
		f.add(proto.FetchUID)
	}
	if f.has(proto.FetchModseq) {
		s.enableCondstore()
	}
	if s.condstore && f.has(proto.FetchFlags) {
		f.add(proto.FetchModseq)
	}
	f.plan()
	p, err := s.snapshot()
	if err != nil {
		return s.fail(cmd, err)
	}
	if args.HasChangedSince {
		if args.Vanished {
			if err := s.sayVanishedSince(args, p); err != nil {
				return s.fail(cmd, err)
			}
		}
		uids = slices.DeleteFunc(slices.Clone(uids), func(uid uint32) bool {
			i, there := p.find(uid)
			return !there || p.modseqs[i] <= args.ChangedSince // what is gone has not changed
		})
	}
	if f.setsSeen() && !s.selected.readOnly && s.mayStore(s.selected.name) {
		if p, err = f.markSeen(uids, p); err != nil {
			return s.fail(cmd, err)
		}
	}
	if f.rows {
		err = f.fromIndex(uids, p)
	} else {
		f.fromSnapshot(uids, p)
	}
	if err != nil {
		return s.fail(cmd, err)
	}
	return f.finish(cmd)
}

func (f *fetching) finish(cmd *proto.Command) error {
	if err := f.sync(cmd.UID); err != nil {
		return f.fail(cmd, err)
	}
	switch {
	case f.failed != "":
		f.no(cmd, f.failed)
	case f.gone && !cmd.UID:
		f.no(cmd, goneMessages)
	default:
		f.ok(cmd, "Fetch completed.")
	}
	return nil
}

func (f *fetching) has(kind proto.FetchKind) bool {
	return slices.ContainsFunc(f.items, func(i proto.FetchItem) bool { return i.Kind == kind })
}

// add asks for one more thing, if it is not asked for.
func (f *fetching) add(kind proto.FetchKind) {
	if !f.has(kind) {
		f.items = append([]proto.FetchItem{{Kind: kind}}, f.items...)
	}
}

// plan finds out what must be read.
func (f *fetching) plan() {
	for _, item := range f.items {
		f.rows = f.rows || item.Kind > proto.FetchSize && item.Kind != proto.FetchModseq
		switch item.Kind {
		case proto.FetchEnvelope:
			f.want |= mailstore.WantWireEnvelope
		case proto.FetchBodyBasic:
			f.want |= mailstore.WantWireBody
		case proto.FetchStructure:
			f.want |= mailstore.WantWireStructure
		case proto.FetchEmailID, proto.FetchSaveDate:
			f.want |= mailstore.WantPlace
		case proto.FetchPreview, proto.FetchPreviewLazy, proto.FetchThreadID:
			f.want |= mailstore.WantMessage
		case proto.FetchRFC822:
			f.want |= mailstore.WantPlace
		case proto.FetchRFC822Header, proto.FetchRFC822Text, proto.FetchBinary, proto.FetchBinarySize:
			f.want |= mailstore.WantPlace | mailstore.WantStructure
		case proto.FetchBody:
			switch {
			case fromReadyHeader(item.Section):
				f.want |= mailstore.WantWireHeader
			case len(item.Section.Part) > 0 || item.Section.What != proto.SectionAll:
				f.want |= mailstore.WantPlace | mailstore.WantStructure
			default:
				f.want |= mailstore.WantPlace
			}
		}
	}
}

func (f *fetching) setsSeen() bool {
	return slices.ContainsFunc(f.items, func(i proto.FetchItem) bool {
		switch i.Kind {
		case proto.FetchBody, proto.FetchBinary, proto.FetchRFC822, proto.FetchRFC822Text:
			return !i.Peek
		}
		return false
	})
}

// markSeen flags the messages whose text is asked for. Their flags go with the answer.
func (f *fetching) markSeen(uids []uint32, p *snapshot) (*snapshot, error) {
	var unseen []uint32
	f.seen = map[uint32]bool{}
	for _, uid := range uids {
		if i, there := p.find(uid); there && p.flags[i]&mailstore.Seen == 0 {
			unseen = append(unseen, uid)
			f.seen[uid] = true
		}
	}
	if len(unseen) == 0 {
		return p, nil
	}
	v := f.selected
	stored, err := v.box.inbox.StoreFlags(f.ctx, v.box.key.id, unseen, mailstore.FlagChange{Op: mailstore.AddFlags, Flags: mailstore.Seen}, nil)
	if err != nil {
		return nil, err
	}
	v.own = append(v.own, stored.Modseqs...)
	return f.snapshot()
}

// sayVanishedSince tells which messages of the set are gone since then.
func (s *session) sayVanishedSince(args *proto.FetchArgs, p *snapshot) error {
	q := &proto.QResync{Modseq: args.ChangedSince, Known: &args.Set}
	if args.Set.Saved {
		return nil
	}
	gone, err := s.vanished(q, p)
	gone = slices.DeleteFunc(gone, func(uid uint32) bool { // the view still counts it: it goes with a VANISHED of its own
		_, counted := s.selected.number(uid)
		return counted
	})
	if err == nil && len(gone) > 0 {
		s.sayVanishedEarlier(gone)
	}
	return err
}

// fromSnapshot answers what the shared state knows.
func (f *fetching) fromSnapshot(uids []uint32, p *snapshot) {
	for _, uid := range uids {
		from := p
		i, there := p.find(uid)
		if !there { // gone, but the client has not been told
			from, i, there = f.selected.ghost(uid)
		}
		if !there {
			f.gone = true
			continue
		}
		n, _ := f.selected.number(uid)
		b := f.open(n)
		for _, item := range f.items {
			b = f.plain(f.next(b), item.Kind, from, i)
		}
		f.shut(b, from, i)
	}
}

// open begins the answer for message n.
func (f *fetching) open(n int) []byte {
	b := strconv.AppendInt(append(f.link.buffer(), "* "...), int64(n), 10)
	return append(b, " FETCH ("...)
}

// next puts a space between two items.
func (f *fetching) next(b []byte) []byte {
	if len(b) > 0 && b[len(b)-1] == '(' {
		return b
	}
	return append(b, ' ')
}

// shut ends the answer, with the flags if reading has changed them.
func (f *fetching) shut(b []byte, p *snapshot, i int) {
	if f.seen[p.uids[i]] && !f.has(proto.FetchFlags) {
		b = f.appendFlags(append(b, ' '), p, i)
		if f.condstore && !f.has(proto.FetchModseq) {
			b = f.plain(append(b, ' '), proto.FetchModseq, p, i)
		}
	}
	f.link.appended(append(b, ")\r\n"...))
}

// plain appends an item that the shared state knows.
func (f *fetching) plain(b []byte, kind proto.FetchKind, p *snapshot, i int) []byte {
	switch kind {
	case proto.FetchUID:
		return strconv.AppendUint(append(b, "UID "...), uint64(p.uids[i]), 10)
	case proto.FetchFlags:
		return f.appendFlags(b, p, i)
	case proto.FetchInternalDate:
		return proto.AppendDateTime(append(b, "INTERNALDATE "...), time.Unix(p.dates[i], 0).UTC())
	case proto.FetchSize:
		return strconv.AppendInt(append(b, "RFC822.SIZE "...), p.sizes[i], 10)
	case proto.FetchModseq:
		return append(strconv.AppendUint(append(b, "MODSEQ ("...), p.modseqs[i], 10), ')')
	}
	return b
}

// fromIndex answers what must be read. Rows are read some at a time, and nothing is held while they are sent.
func (f *fetching) fromIndex(uids []uint32, p *snapshot) error {
	v := f.selected
	for len(uids) > 0 && f.link.dead == nil {
		rows, done, err := v.box.inbox.Rows(f.ctx, v.box.key.id, uids, f.want)
		if err != nil {
			return err
		}
		f.gone = f.gone || len(rows) < done
		uids = uids[done:]
		for k := range rows {
			if err := f.row(&rows[k], p); err != nil {
				return err
			}
		}
	}
	return f.link.dead
}

// hasWires is false for a message of an earlier version whose file is gone, so that nothing can be made of it.
func (f *fetching) hasWires(r *mailstore.Row) bool {
	return (f.want&mailstore.WantWireEnvelope == 0 || r.WireEnvelope != "") && (f.want&mailstore.WantWireBody == 0 || r.WireBody != "") &&
		(f.want&mailstore.WantWireStructure == 0 || r.WireStructure != "")
}

// row answers for one message.
func (f *fetching) row(r *mailstore.Row, p *snapshot) error {
	i, there := p.find(r.UID)
	if !there { // it came after this FETCH began, which cannot be, or is gone
		f.gone = true
		return nil
	}
	if !f.hasWires(r) {
		f.gone = true
		return nil
	}
	m := fetched{fetching: f, row: r}
	defer m.close()
	if m.needsFile() {
		if err := m.openFile(); err != nil {
			if isGone(err) {
				f.gone = true
				return nil
			}
			return err
		}
	}
	n, _ := f.selected.number(r.UID)
	b := f.open(n)
	for _, item := range f.items {
		if err := f.ctx.Err(); err != nil { // the server does not wait any longer
			f.link.dead = err
			return err
		}
		b = f.next(b)
		var err error
		switch item.Kind {
		case proto.FetchUID, proto.FetchFlags, proto.FetchInternalDate, proto.FetchSize, proto.FetchModseq:
			b = f.plain(b, item.Kind, p, i)
		case proto.FetchEnvelope:
			b = append(append(b, "ENVELOPE "...), r.WireEnvelope...)
		case proto.FetchBodyBasic:
			b = append(append(b, "BODY "...), r.WireBody...)
		case proto.FetchStructure:
			b = append(append(b, "BODYSTRUCTURE "...), r.WireStructure...)
		case proto.FetchPreview, proto.FetchPreviewLazy:
			b = proto.AppendString(append(b, "PREVIEW "...), r.Preview)
		case proto.FetchEmailID:
			b = append(append(append(b, "EMAILID ("...), r.MessageID...), ')')
		case proto.FetchThreadID:
			b = append(append(append(b, "THREADID ("...), r.ThreadID...), ')')
		case proto.FetchSaveDate:
			b = proto.AppendDateTime(append(b, "SAVEDATE "...), r.SavedAt)
		default:
			b, err = m.body(b, item)
		}
		if err != nil {
			return err
		}
	}
	f.shut(b, p, i)
	return nil
}
