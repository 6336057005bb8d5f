package imapd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
)

// parseFlags sorts flags as written into system flags and keywords. wrong is a flag that there is not, or that a client
// cannot set.
func parseFlags(written []string) (flags mailstore.Flags, keywords []string, wrong string) {
next:
	for _, w := range written {
		for _, f := range flagNames {
			if strings.EqualFold(w, f.name) {
				flags |= f.flag
				continue next
			}
		}
		if strings.HasPrefix(w, `\`) {
			return flags, keywords, w
		}
		keywords = append(keywords, w)
	}
	return flags, keywords, ""
}

// store answers STORE (RFC 9051, 6.4.6; RFC 7162, 3.1.3).
func (s *session) store(cmd *proto.Command) error {
	args := cmd.Args.(*proto.StoreArgs)
	v := s.selected
	uids, ok := s.resolve(args.Set, cmd.UID)
	if !ok {
		s.badly(cmd, invalidSet)
		return nil
	}
	switch {
	case v.readOnly:
		s.no(cmd, "[CANNOT] Mailbox is read-only")
		return nil
	case !s.mayStore(v.name):
		s.no(cmd, noPermission)
		return nil
	}
	c := mailstore.FlagChange{Op: mailstore.FlagOp(args.Op)}
	var wrong string
	if c.Flags, c.Keywords, wrong = parseFlags(args.Flags); wrong != "" {
		s.badly(cmd, "Unknown system flag")
		return nil
	}
	var since *uint64
	if args.HasUnchangedSince {
		s.enableCondstore()
		since = &args.UnchangedSince
	}
	stored, err := v.box.inbox.StoreFlags(s.ctx, v.box.key.id, uids, c, since)
	if err != nil {
		return s.fail(cmd, err)
	}
	p, err := s.snapshot()
	if err != nil {
		return s.fail(cmd, err)
	}
	s.tellStored(cmd, args, uids, stored, p)
	if err := s.sync(cmd.UID); err != nil {
		return s.fail(cmd, err)
	}
	if len(stored.Modified) > 0 {
		b := append(s.link.buffer(), cmd.Tag+" OK [MODIFIED "...)
		b = proto.FormatUIDs(b, s.numbers(stored.Modified, cmd.UID))
		s.link.appended(append(b, "] Conditional store failed.\r\n"...))
		return nil
	}
	if !args.Silent && !cmd.UID && s.gone(uids, p) { // RFC 2180, 4.2: silent, it is OK, for the others were stored
		s.no(cmd, goneMessages)
		return nil
	}
	s.ok(cmd, "Store completed.")
	return nil
}

// gone reports whether one of the messages is not there any more.
func (s *session) gone(uids []uint32, p *snapshot) bool {
	return slices.ContainsFunc(uids, func(uid uint32) bool { _, there := p.find(uid); return !there })
}

// numbers gives UIDs as the client wants them: as they are, or as message numbers.
func (s *session) numbers(uids []uint32, byUID bool) []uint32 {
	if byUID {
		return uids
	}
	list := make([]uint32, 0, len(uids))
	for _, uid := range uids {
		if n, there := s.selected.number(uid); there {
			list = append(list, uint32(n))
		}
	}
	return list
}

// tellStored answers with the flags as they are now; silent, only with the MODSEQ of what has changed, if that is told at
// all.
func (s *session) tellStored(cmd *proto.Command, args *proto.StoreArgs, uids []uint32, stored mailstore.Stored, p *snapshot) {
	v := s.selected
	s.tellKeywords(p)
	for _, uid := range uids {
		i, there := p.find(uid)
		if _, left := slices.BinarySearch(stored.Modified, uid); !there || left {
			continue
		}
		n, _ := v.number(uid)
		mine := slices.Contains(stored.Modseqs, p.modseqs[i])
		switch {
		case !args.Silent || !s.asExpected(args, p, i):
			s.sayFetchFlags(p, i, n, cmd.UID || s.qresync)
		case s.condstore && (mine || args.HasUnchangedSince):
			b := strconv.AppendInt(append(s.link.buffer(), "* "...), int64(n), 10)
			b = append(b, " FETCH ("...)
			if cmd.UID || s.qresync {
				b = append(strconv.AppendUint(append(b, "UID "...), uint64(uid), 10), ' ')
			}
			b = strconv.AppendUint(append(b, "MODSEQ ("...), p.modseqs[i], 10)
			s.link.appended(append(b, "))\r\n"...))
		}
	}
	v.own = append(v.own, stored.Modseqs...)
}

// asExpected reports whether a message has the flags that the client must think it has after a silent STORE: if another
// session has changed it meanwhile, that is told all the same (RFC 9051, 6.4.6).
func (s *session) asExpected(args *proto.StoreArgs, p *snapshot, i int) bool {
	old := s.selected.snap
	k, known := old.find(p.uids[i])
	if !known {
		return true // it comes with EXISTS
	}
	c := mailstore.FlagChange{Op: mailstore.FlagOp(args.Op)}
	c.Flags, c.Keywords, _ = parseFlags(args.Flags)
	flags, keywords := c.Apply(old.flags[k], old.sets[old.keys[k]])
	return flags == p.flags[i] && slices.Equal(keywords, p.sets[p.keys[i]])
}

// copy answers COPY and MOVE (RFC 9051, 6.4.7 and 6.4.8).
func (s *session) copy(cmd *proto.Command) error {
	args := cmd.Args.(*proto.CopyArgs)
	v := s.selected
	uids, ok := s.resolve(args.Set, cmd.UID)
	if !ok {
		s.badly(cmd, invalidSet)
		return nil
	}
	name, ok := s.mailboxName(cmd, args.Mailbox)
	if !ok {
		return nil
	}
	move := cmd.Name == "MOVE"
	switch {
	case move && v.readOnly:
		s.no(cmd, "[CANNOT] Mailbox is read-only")
		return nil
	case !s.mayTransfer(v.name, name, move):
		s.no(cmd, noPermission)
		return nil
	}
	if !move && !cmd.UID { // all or nothing (RFC 9051, 6.4.7)
		switch p, err := s.snapshot(); {
		case err != nil:
			return s.fail(cmd, err)
		case s.gone(uids, p):
			s.no(cmd, goneMessages)
			return nil
		}
	}
	t, err := v.box.inbox.Transfer(s.ctx, v.box.key.id, uids, name, move)
	copied := ""
	if len(t.From) > 0 {
		b := append([]byte("[COPYUID "), strconv.FormatUint(uint64(t.Mailbox.UIDValidity), 10)...)
		b = append(proto.FormatUIDs(append(b, ' '), t.From), ' ')
		copied = string(append(proto.FormatUIDs(b, t.To), "] "...))
	}
	if err != nil {
		return s.tryCreate(cmd, err)
	}
	if !move {
		return s.done(cmd, true, copied+"Copy completed.")
	}
	if copied != "" {
		s.link.say("* OK " + strings.TrimSpace(copied) + " Moved UIDs.")
	}
	if err := s.tell(true); err != nil {
		return s.fail(cmd, err)
	}
	code := ""
	if s.qresync && len(t.From) > 0 {
		code = s.highestModseq()
	}
	s.ok(cmd, code+"Move completed.")
	return nil
}

// mayTransfer tells whether messages may be copied or moved. To move is to change where a message lies, which is what
// the API calls updating it; to copy is to put one there.
func (s *session) mayTransfer(from, to string, move bool) bool {
	if move {
		return s.mayStore(from) && (s.mayStore(to) || s.mayAppend(to))
	}
	return s.mayAppend(to)
}
