package imapd

import (
	"errors"
	"strconv"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
	"github.com/postroom/postroom/tenancy"
)

// mailboxName reads a name as the client wrote it; a wrong one is answered.
func (s *session) mailboxName(cmd *proto.Command, written string) (name string, ok bool) {
	name, err := proto.DecodeMailbox(written, s.utf8)
	if err != nil {
		s.no(cmd, "[CANNOT] Invalid mailbox name: it is neither UTF-8 nor modified UTF-7")
		return "", false
	}
	return name, true
}

func (s *session) namespace(cmd *proto.Command) error {
	s.link.say(`* NAMESPACE (("" "/")) NIL NIL`)
	return s.done(cmd, true, "Namespace completed.")
}

func (s *session) create(cmd *proto.Command) error {
	args := cmd.Args.(*proto.CreateArgs)
	name, ok := s.mailboxName(cmd, args.Mailbox)
	if !ok {
		return nil
	}
	if !s.user.grant.Allows(tenancy.MessagesUpdate) {
		s.no(cmd, noPermission)
		return nil
	}
	name = strings.TrimSuffix(name, mailstore.Separator) // only says that there will be mailboxes below it
	use := ""
	switch len(args.Use) {
	case 0:
	case 1:
		use = canonicalUse(args.Use[0])
	default:
		s.no(cmd, "[USEATTR] A mailbox has one special use")
		return nil
	}
	m, err := s.user.inbox.CreateMailbox(s.ctx, name, use)
	if err != nil {
		return s.fail(cmd, err)
	}
	return s.done(cmd, true, "[MAILBOXID ("+m.ObjectID+")] Create completed.")
}

// canonicalUse writes a special use as its standard does.
func canonicalUse(use string) string {
	for _, known := range []string{`\All`, `\Archive`, `\Drafts`, `\Flagged`, `\Important`, `\Junk`, `\Sent`, `\Trash`} {
		if strings.EqualFold(use, known) {
			return known
		}
	}
	return use
}

func (s *session) delete(cmd *proto.Command) error {
	name, ok := s.mailboxName(cmd, cmd.Args.(*proto.MailboxArgs).Mailbox)
	if !ok {
		return nil
	}
	if !s.user.grant.Allows(tenancy.MessagesDelete) {
		s.no(cmd, noPermission)
		return nil
	}
	m, err := s.user.inbox.Mailbox(s.ctx, name)
	if err == nil {
		err = s.user.inbox.DeleteMailbox(s.ctx, name)
	}
	if err != nil {
		return s.fail(cmd, err)
	}
	if !s.isOther(m) { // Dovecot goes on without a mailbox; so do we
		s.unselect()
	}
	return s.done(cmd, true, "Delete completed.")
}

func (s *session) rename(cmd *proto.Command) error {
	args := cmd.Args.(*proto.RenameArgs)
	from, ok := s.mailboxName(cmd, args.From)
	if !ok {
		return nil
	}
	to, ok := s.mailboxName(cmd, args.To)
	if !ok {
		return nil
	}
	if !s.user.grant.Allows(tenancy.MessagesUpdate) {
		s.no(cmd, noPermission)
		return nil
	}
	if err := s.user.inbox.RenameMailbox(s.ctx, from, strings.TrimSuffix(to, mailstore.Separator)); err != nil {
		return s.fail(cmd, err)
	}
	return s.done(cmd, true, "Rename completed.")
}

// subscribe answers SUBSCRIBE and UNSUBSCRIBE.
func (s *session) subscribe(cmd *proto.Command) error {
	name, ok := s.mailboxName(cmd, cmd.Args.(*proto.MailboxArgs).Mailbox)
	if !ok {
		return nil
	}
	if !s.user.grant.Allows(tenancy.MessagesUpdate) {
		s.no(cmd, noPermission)
		return nil
	}
	on := cmd.Name == "SUBSCRIBE"
	if err := s.user.inbox.Subscribe(s.ctx, strings.TrimSuffix(name, mailstore.Separator), on); err != nil {
		return s.fail(cmd, err)
	}
	if on {
		return s.done(cmd, true, "Subscribe completed.")
	}
	return s.done(cmd, true, "Unsubscribe completed.")
}

// selectMailbox answers SELECT and EXAMINE (RFC 9051, 6.3.2; RFC 7162, 3.2.5).
func (s *session) selectMailbox(cmd *proto.Command) error {
	args := cmd.Args.(*proto.SelectArgs)
	if args.QResync != nil && !s.qresync {
		s.badly(cmd, "QRESYNC is not enabled")
		return nil
	}
	if s.selected != nil { // whatever comes of it, the old one is closed
		s.unselect()
		s.link.say("* OK [CLOSED] Previous mailbox closed.")
	}
	name, ok := s.mailboxName(cmd, args.Mailbox)
	if !ok {
		return nil
	}
	m, err := s.user.inbox.Mailbox(s.ctx, name)
	if err != nil {
		return s.fail(cmd, err)
	}
	if args.Condstore || args.QResync != nil {
		s.condstore = true
	}
	b := s.server.boxes.get(boxKey{s.user.key, m.ID}, s.user.inbox)
	p, err := b.refresh(s.ctx)
	if err != nil {
		s.server.boxes.put(b)
		return s.fail(cmd, err)
	}
	v := &selected{box: b, name: name, readOnly: cmd.Name == "EXAMINE" || !s.mayChange(name), snap: p, synced: p.mailbox.HighestModseq, uids: p.uids, announced: len(p.keywords)}
	s.selected = v
	if len(p.uids) > 0 {
		s.claimRecent(p)
	}
	s.introduce(p)
	if q := args.QResync; q != nil && q.UIDValidity == p.mailbox.UIDValidity {
		if err := s.resynchronize(q, p); err != nil {
			s.unselect()
			return s.fail(cmd, err)
		}
	}
	if v.readOnly {
		s.ok(cmd, "[READ-ONLY] "+title(cmd.Name)+" completed.")
	} else {
		s.ok(cmd, "[READ-WRITE] "+title(cmd.Name)+" completed.")
	}
	return nil
}

func title(name string) string { return name[:1] + strings.ToLower(name[1:]) }

// mayChange reports whether anything in a mailbox may be changed.
func (s *session) mayChange(mailbox string) bool {
	return s.mayStore(mailbox) || s.mayExpunge(mailbox) || s.mayAppend(mailbox)
}

// introduce says what there is to know of a mailbox that is selected.
func (s *session) introduce(p *snapshot) {
	v := s.selected
	s.sayFlags(p, v.readOnly)
	s.link.say("* " + strconv.Itoa(p.len()) + " EXISTS")
	if !s.rev2 {
		s.link.say("* " + strconv.Itoa(len(v.recents)) + " RECENT")
		for i, f := range p.flags {
			if f&mailstore.Seen == 0 {
				s.link.say("* OK [UNSEEN " + strconv.Itoa(i+1) + "] First unseen.")
				break
			}
		}
	}
	m := p.mailbox
	s.link.say("* OK [UIDVALIDITY " + strconv.FormatUint(uint64(m.UIDValidity), 10) + "] UIDs valid")
	s.link.say("* OK [UIDNEXT " + strconv.FormatUint(uint64(m.UIDNext), 10) + "] Predicted next UID")
	s.link.say("* OK [HIGHESTMODSEQ " + strconv.FormatUint(m.HighestModseq, 10) + "] Highest")
	s.link.say("* OK [MAILBOXID (" + m.ObjectID + ")] Ok")
	if s.rev2 {
		b := append(s.link.buffer(), `* LIST () "/" `...)
		s.link.appended(append(proto.AppendMailbox(b, m.Name, s.utf8), "\r\n"...))
	}
}

// resynchronize tells a client what has changed since it was here (RFC 7162, 3.2.5.1): which of the messages that it may
// know are gone, and the flags of those that have changed.
func (s *session) resynchronize(q *proto.QResync, p *snapshot) error {
	gone, err := s.vanished(q, p)
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		s.sayVanishedEarlier(gone)
	}
	known := []proto.Range{{First: 1, Last: p.mailbox.UIDNext}}
	if q.Known != nil {
		known = q.Known.Resolve(p.mailbox.UIDNext - 1)
	}
	for i, modseq := range p.modseqs {
		if modseq > q.Modseq && covers(known, p.uids[i]) {
			s.sayFetchFlags(p, i, i+1, true)
		}
	}
	return nil
}

func (s *session) sayVanishedEarlier(gone []uint32) {
	b := append(s.link.buffer(), "* VANISHED (EARLIER) "...)
	s.link.appended(append(proto.FormatUIDs(b, gone), "\r\n"...))
}

// vanished gives the UIDs among the known ones (without them: all up to UIDNEXT) that are gone since the MODSEQ. If that
// is too far back to be remembered, all that are not there are given; clients expect that (RFC 7162, 3.2.5.1). A match of
// message numbers and UIDs shows up to where nothing has gone.
func (s *session) vanished(q *proto.QResync, p *snapshot) ([]uint32, error) {
	known := []proto.Range{{First: 1, Last: p.mailbox.UIDNext - 1}}
	if p.mailbox.UIDNext <= 1 {
		return nil, nil
	}
	if q.Known != nil {
		known = clip(q.Known.Resolve(p.mailbox.UIDNext-1), 1, p.mailbox.UIDNext-1)
	}
	if q.MatchSeq != nil {
		known = clip(known, matchedUpTo(q, p)+1, p.mailbox.UIDNext-1)
	}
	uids, remembered, err := s.selected.box.inbox.Expunged(s.ctx, s.selected.box.key.id, q.Modseq)
	if err != nil {
		return nil, err
	}
	if !remembered {
		return absent(known, p.uids), nil
	}
	gone := uids[:0]
	for _, uid := range uids {
		if _, there := p.find(uid); !there && covers(known, uid) {
			gone = append(gone, uid)
		}
	}
	return gone, nil
}

// matchedUpTo is the highest UID up to which the client's message numbers are those of now: before it nothing has gone.
func matchedUpTo(q *proto.QResync, p *snapshot) (uid uint32) {
	numbers, uids := spread(q.MatchSeq, p.len()), spread(q.MatchUID, p.len())
	for i := range min(len(numbers), len(uids)) {
		if n := int(numbers[i]); n < 1 || n > p.len() || p.uids[n-1] != uids[i] {
			break
		}
		uid = uids[i]
	}
	return uid
}

// spread lists the numbers of a set, at most so many.
func spread(set *proto.Set, most int) (list []uint32) {
	for _, r := range set.Resolve(0) {
		for n := r.First; n <= r.Last && len(list) <= most; n++ {
			list = append(list, n)
			if n == r.Last {
				break
			}
		}
	}
	return list
}

// maxAbsent is how many UIDs absent lists.
const maxAbsent = 1 << 22

// absent lists the UIDs of ranges that are not among those there.
func absent(ranges []proto.Range, there []uint32) (gone []uint32) {
	at := 0
	for _, r := range ranges {
		for uid := r.First; len(gone) < maxAbsent; uid++ {
			for at < len(there) && there[at] < uid {
				at++
			}
			if at == len(there) || there[at] != uid {
				gone = append(gone, uid)
			}
			if uid == r.Last {
				break
			}
		}
	}
	return gone
}

func covers(ranges []proto.Range, n uint32) bool {
	lo, hi := 0, len(ranges)
	for lo < hi {
		if mid := (lo + hi) / 2; ranges[mid].Last < n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(ranges) && ranges[lo].First <= n
}

// clip cuts ranges to first and last.
func clip(ranges []proto.Range, first, last uint32) (out []proto.Range) {
	for _, r := range ranges {
		r.First, r.Last = max(r.First, first), min(r.Last, last)
		if r.First <= r.Last {
			out = append(out, r)
		}
	}
	return out
}

// unselect lets go of the mailbox.
func (s *session) unselect() {
	v := s.selected
	if v == nil {
		return
	}
	s.selected = nil
	if !v.readOnly && len(v.recents) > 0 { // what this session has seen is recent no more
		if err := v.box.inbox.SetRecent(s.ctx, v.box.key.id, v.recents[len(v.recents)-1]+1); err != nil && !errors.Is(err, mailstore.ErrNotFound) {
			s.log.Debug("note recent messages", "err", err)
		}
	}
	s.server.boxes.put(v.box)
}

// closeMailbox answers CLOSE: messages that are flagged as deleted are removed, without a word of each.
func (s *session) closeMailbox(cmd *proto.Command) error {
	v := s.selected
	if !v.readOnly && s.mayExpunge(v.name) {
		p, err := s.snapshot()
		if err != nil {
			return s.fail(cmd, err)
		}
		if _, err := v.box.inbox.Expunge(s.ctx, v.box.key.id, deletedIn(p, v.uids)); err != nil {
			return s.fail(cmd, err)
		}
	}
	s.unselect()
	s.ok(cmd, "Close completed.")
	return nil
}

func (s *session) unselectMailbox(cmd *proto.Command) error {
	s.unselect()
	s.ok(cmd, "Unselect completed.")
	return nil
}

// deletedIn gives those of the UIDs that are flagged as deleted.
func deletedIn(p *snapshot, uids []uint32) (deleted []uint32) {
	for _, uid := range uids {
		if i, there := p.find(uid); there && p.flags[i]&mailstore.Deleted != 0 {
			deleted = append(deleted, uid)
		}
	}
	return deleted
}

// expunge answers EXPUNGE and UID EXPUNGE (RFC 9051, 6.4.3 and 6.4.9).
func (s *session) expunge(cmd *proto.Command) error {
	v := s.selected
	switch {
	case v.readOnly:
		s.no(cmd, "[CANNOT] Mailbox is read-only")
		return nil
	case !s.mayExpunge(v.name):
		s.no(cmd, noPermission)
		return nil
	}
	p, err := s.snapshot()
	if err != nil {
		return s.fail(cmd, err)
	}
	uids := v.uids // what the client has not been told of stays
	if args, ok := cmd.Args.(*proto.UIDExpungeArgs); ok {
		uids, _ = s.resolve(args.Set, true)
	}
	gone, err := v.box.inbox.Expunge(s.ctx, v.box.key.id, deletedIn(p, uids))
	if err != nil {
		return s.fail(cmd, err)
	}
	if err := s.tell(true); err != nil {
		return s.fail(cmd, err)
	}
	text := "Expunge completed."
	if s.qresync && len(gone) > 0 || s.vanishedTold {
		text = s.highestModseq() + text
	}
	s.ok(cmd, text)
	return nil
}
