package imapd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
)

// listed is a name that LIST may give: a mailbox, a level above one, or a subscription.
type listed struct {
	name       string
	mailbox    *mailstore.Mailbox // nil: there is no such mailbox
	subscribed bool
	children   bool
	below      bool // something below it is subscribed to
}

// names are all names of the inbox, sorted, INBOX first.
func (s *session) names() ([]*listed, error) {
	mailboxes, err := s.user.inbox.Mailboxes(s.ctx)
	if err != nil {
		return nil, err
	}
	subscriptions, err := s.user.inbox.Subscriptions(s.ctx)
	if err != nil {
		return nil, err
	}
	byName := map[string]*listed{}
	get := func(name string) *listed {
		l := byName[name]
		if l == nil {
			l = &listed{name: name}
			byName[name] = l
		}
		return l
	}
	above := func(name string, note func(*listed)) {
		for i := strings.LastIndex(name, mailstore.Separator); i > 0; i = strings.LastIndex(name[:i], mailstore.Separator) {
			note(get(name[:i]))
		}
	}
	for i := range mailboxes {
		m := &mailboxes[i]
		get(m.Name).mailbox = m
		above(m.Name, func(l *listed) { l.children = true })
	}
	for _, name := range subscriptions {
		get(name).subscribed = true
		above(name, func(l *listed) { l.below = true })
	}
	list := make([]*listed, 0, len(byName))
	for _, l := range byName {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *listed) int {
		if a.name == mailstore.InboxMailbox || b.name == mailstore.InboxMailbox {
			if a.name == mailstore.InboxMailbox {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	return list, nil
}

// there reports whether LIST without options gives the name: a mailbox, or a level above one.
func (l *listed) there() bool { return l.mailbox != nil || l.children }

// list answers LIST (RFC 9051, 6.3.9; RFC 5258; RFC 5819; RFC 6154) and XLIST, an older form of it.
func (s *session) list(cmd *proto.Command) error {
	args := cmd.Args.(*proto.ListArgs)
	if !args.Extended && len(args.Patterns) == 1 && args.Patterns[0] == "" { // asks for the separator
		b := append(s.link.buffer(), "* "+cmd.Name+` (\Noselect) "/" ""`+"\r\n"...)
		s.link.appended(b)
		return s.done(cmd, true, title(cmd.Name)+" completed.")
	}
	names, err := s.names()
	if err != nil {
		return s.fail(cmd, err)
	}
	match := s.matcher(args)
	for _, l := range names {
		if !match(l.name) {
			continue
		}
		childInfo := false
		switch {
		case args.SelectSubscribed:
			childInfo = args.SelectRecursive && l.below && !s.shownBelow(names, l, match)
			if !l.subscribed && !childInfo {
				continue
			}
		case !l.there():
			continue
		}
		if args.SelectSpecialUse && (l.mailbox == nil || l.mailbox.SpecialUse == "") {
			continue
		}
		s.sayListed(cmd.Name, l, args, childInfo)
		if args.ReturnStatus != nil && l.mailbox != nil {
			if err := s.sayStatus(*l.mailbox, args.ReturnStatus); err != nil {
				return s.fail(cmd, err)
			}
		}
	}
	return s.done(cmd, true, title(cmd.Name)+" completed.")
}

// shownBelow reports whether a subscription below l is given by itself, so that l need not stand for it.
func (s *session) shownBelow(names []*listed, l *listed, match func(string) bool) bool {
	return !slices.ContainsFunc(names, func(o *listed) bool {
		return o.subscribed && strings.HasPrefix(o.name, l.name+mailstore.Separator) && !match(o.name)
	})
}

// sayListed writes one LIST response.
func (s *session) sayListed(word string, l *listed, args *proto.ListArgs, childInfo bool) {
	var attrs []string
	add := func(on bool, name string) {
		if on {
			attrs = append(attrs, name)
		}
	}
	add(l.mailbox == nil && args.Extended, `\NonExistent`)
	add(l.mailbox == nil && !args.Extended, `\Noselect`)
	add((args.ReturnSubscribed || args.SelectSubscribed) && l.subscribed, `\Subscribed`)
	add(l.children, `\HasChildren`)
	add(!l.children, `\HasNoChildren`)
	if l.mailbox != nil {
		add(l.mailbox.SpecialUse != "", l.mailbox.SpecialUse)
		add(word == "XLIST" && l.name == mailstore.InboxMailbox, `\Inbox`)
		add(word == "XLIST" && l.name == mailstore.JunkMailbox, `\Spam`) // as Gmail wrote it, for which XLIST was made
	}
	b := append(s.link.buffer(), "* "+word+" ("+strings.Join(attrs, " ")+`) "/" `...)
	b = proto.AppendMailbox(b, l.name, s.utf8)
	if childInfo {
		b = append(b, ` ("CHILDINFO" ("SUBSCRIBED"))`...)
	}
	s.link.appended(append(b, "\r\n"...))
}

// lsub answers LSUB (RFC 3501, 6.3.9): with %, a level above a subscription that is not one itself stands for it.
func (s *session) lsub(cmd *proto.Command) error {
	names, err := s.names()
	if err != nil {
		return s.fail(cmd, err)
	}
	args := cmd.Args.(*proto.ListArgs)
	match := s.matcher(args)
	for _, l := range names {
		standsFor := l.below && !l.subscribed && strings.HasSuffix(args.Patterns[0], "%")
		if !match(l.name) || !l.subscribed && !standsFor {
			continue
		}
		attrs := ""
		if standsFor { // in LSUB it says that the name itself is not subscribed to
			attrs = `\Noselect`
		}
		b := append(s.link.buffer(), "* LSUB ("+attrs+`) "/" `...)
		s.link.appended(append(proto.AppendMailbox(b, l.name, s.utf8), "\r\n"...))
	}
	return s.done(cmd, true, "Lsub completed.")
}

// Bounds of patterns: what is beyond them is no name that could be here.
const (
	maxPattern   = 2 * mailstore.MaxMailboxName // octets
	maxWildcards = 100                          // of one pattern
)

// matcher tells which names the patterns of LIST mean. A pattern that cannot be a name means none.
func (s *session) matcher(args *proto.ListArgs) func(string) bool {
	var patterns []string
	for _, p := range args.Patterns {
		if len(args.Reference)+len(p) > maxPattern {
			continue
		}
		name, err := proto.DecodeMailbox(args.Reference+p, s.utf8)
		if name = collapse(name); err == nil && strings.Count(name, "*")+strings.Count(name, "%") <= maxWildcards {
			patterns = append(patterns, name)
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			return matches(p, name) || name == mailstore.InboxMailbox && matches(strings.ToUpper(p), name)
		})
	}
}

// collapse makes one wildcard of those that follow one another.
func collapse(pattern string) string {
	var b strings.Builder
	for k := 0; k < len(pattern); {
		run := pattern[k:]
		run = run[:len(run)-len(strings.TrimLeft(run, "*%"))]
		switch {
		case run == "":
			b.WriteByte(pattern[k])
			k++
			continue
		case strings.Contains(run, "*"):
			b.WriteByte('*')
		default:
			b.WriteByte('%')
		}
		k += len(run)
	}
	return b.String()
}

// matches reports whether a name fits a pattern: * stands for anything, % for anything within a level. The work is
// bounded by the length of the name for each wildcard, and for each other octet by how many ways to fit are left.
func matches(pattern, name string) bool {
	ends := []int{0} // the pattern so far fits name[:end], ascending
	for _, c := range []byte(pattern) {
		next := ends[:0:0]
		switch c {
		case '*':
			for end := ends[0]; end <= len(name); end++ {
				next = append(next, end)
			}
		case '%':
			for _, end := range ends {
				if len(next) > 0 && end < next[len(next)-1] {
					continue // reached already
				}
				if len(next) == 0 || end > next[len(next)-1] {
					next = append(next, end)
				}
				for end < len(name) && name[end] != mailstore.Separator[0] {
					end++
					next = append(next, end)
				}
			}
		default:
			for _, end := range ends {
				if end < len(name) && name[end] == c {
					next = append(next, end+1)
				}
			}
		}
		if ends = next; len(ends) == 0 {
			return false
		}
	}
	return ends[len(ends)-1] == len(name)
}

// status answers STATUS (RFC 9051, 6.3.11).
func (s *session) status(cmd *proto.Command) error {
	args := cmd.Args.(*proto.StatusArgs)
	name, ok := s.mailboxName(cmd, args.Mailbox)
	if !ok {
		return nil
	}
	m, err := s.user.inbox.Mailbox(s.ctx, name)
	if err == nil {
		if slices.Contains(args.Items, "HIGHESTMODSEQ") {
			s.enableCondstore()
		}
		err = s.sayStatus(m, args.Items)
	}
	if err != nil {
		return s.fail(cmd, err)
	}
	return s.done(cmd, true, "Status completed.")
}

// sayStatus writes one STATUS response.
func (s *session) sayStatus(m mailstore.Mailbox, items []string) error {
	c, m, err := s.counts(m)
	if err != nil {
		return err
	}
	b := append(s.link.buffer(), "* STATUS "...)
	b = append(proto.AppendMailbox(b, m.Name, s.utf8), " ("...)
	number := func(n uint64) { b = strconv.AppendUint(b, n, 10) }
	for i, item := range items {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(append(b, item...), ' ')
		switch item {
		case "MESSAGES":
			number(uint64(c.Messages))
		case "RECENT":
			number(uint64(c.Recent))
		case "UIDNEXT":
			number(uint64(m.UIDNext))
		case "UIDVALIDITY":
			number(uint64(m.UIDValidity))
		case "UNSEEN":
			number(uint64(c.Unseen))
		case "DELETED":
			number(uint64(c.Deleted))
		case "SIZE":
			number(uint64(c.Size))
		case "DELETED-STORAGE":
			number(uint64(c.DeletedSize+1023) / 1024)
		case "HIGHESTMODSEQ":
			number(m.HighestModseq)
		case "MAILBOXID":
			b = append(append(append(b, '('), m.ObjectID...), ')')
		case "APPENDLIMIT":
			number(uint64(s.server.cfg.MaxMessageBytes))
		}
	}
	s.link.appended(append(b, ")\r\n"...))
	return nil
}

// counts counts a mailbox: from the state that sessions share, if there is one, else in the index.
func (s *session) counts(m mailstore.Mailbox) (c mailstore.Counts, _ mailstore.Mailbox, err error) {
	b := s.server.boxes.peek(boxKey{s.user.key, m.ID}, s.user.inbox)
	if b == nil {
		c, err = s.user.inbox.Counts(s.ctx, m.ID)
		return c, m, err
	}
	defer s.server.boxes.put(b)
	p, err := b.refresh(s.ctx)
	if err != nil {
		return c, m, err
	}
	c.Messages, c.Recent = uint32(p.len()), uint32(b.recent(p))
	for i, f := range p.flags {
		c.Size += p.sizes[i]
		if f&mailstore.Seen == 0 {
			c.Unseen++
		}
		if f&mailstore.Deleted != 0 {
			c.Deleted++
			c.DeletedSize += p.sizes[i]
		}
	}
	return c, p.mailbox, nil
}

// quotaRoot is the one quota root of an inbox.
const quotaRoot = `""`

// sayQuota tells of the storage of the inbox. What has no limit has no place in the list (RFC 9208, 4.2.1).
func (s *session) sayQuota() error {
	s.link.say("* QUOTA " + quotaRoot + " ()")
	return nil
}

func (s *session) getQuota(cmd *proto.Command) error {
	if cmd.Args.(*proto.QuotaArgs).Root != "" {
		s.no(cmd, "[NONEXISTENT] No such quota root")
		return nil
	}
	if err := s.sayQuota(); err != nil {
		return s.fail(cmd, err)
	}
	return s.done(cmd, true, "Getquota completed.")
}

func (s *session) getQuotaRoot(cmd *proto.Command) error {
	name, ok := s.mailboxName(cmd, cmd.Args.(*proto.MailboxArgs).Mailbox)
	if !ok {
		return nil
	}
	if _, err := s.user.inbox.Mailbox(s.ctx, name); err != nil {
		return s.fail(cmd, err)
	}
	b := append(s.link.buffer(), "* QUOTAROOT "...)
	s.link.appended(append(proto.AppendMailbox(b, name, s.utf8), " "+quotaRoot+"\r\n"...))
	if err := s.sayQuota(); err != nil {
		return s.fail(cmd, err)
	}
	return s.done(cmd, true, "Getquotaroot completed.")
}

// setQuota is the operator's matter.
func (s *session) setQuota(cmd *proto.Command) error {
	s.no(cmd, "[NOPERM] Limits are set by the operator")
	return nil
}
