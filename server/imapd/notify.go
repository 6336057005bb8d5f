package imapd

import (
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
)

// notification is what a client wants to hear of, whatever it does (RFC 5465).
type notification struct {
	groups   []proto.NotifyGroup
	known    map[mailstore.MailboxID]mailstore.Mailbox
	subs     []string
	selected *proto.NotifyGroup // of SELECTED or SELECTED-DELAYED; nil: nothing of the selected mailbox
}

// notifyEvents are those that can happen here.
var notifyEvents = []string{"MessageNew", "MessageExpunge", "FlagChange", "MailboxName", "SubscriptionChange"}

// setNotify answers NOTIFY.
func (s *session) setNotify(cmd *proto.Command) error {
	args := cmd.Args.(*proto.NotifyArgs)
	if len(args.Groups) == 0 { // nothing at all is told from now on
		s.notify = &notification{}
		s.ok(cmd, "NOTIFY completed.")
		return nil
	}
	n := &notification{groups: args.Groups}
	filters := 0
	for i := range n.groups {
		g := &n.groups[i]
		if filters += len(g.Mailboxes); filters > maxNotifyFilters {
			s.no(cmd, "[NOTIFICATIONOVERFLOW] Too many mailboxes")
			return nil
		}
		for k, written := range g.Mailboxes {
			name, ok := s.mailboxName(cmd, written)
			if !ok {
				return nil
			}
			g.Mailboxes[k] = name
		}
		for _, e := range g.Events {
			if !slices.Contains(notifyEvents, e) {
				s.no(cmd, "[BADEVENT ("+strings.Join(notifyEvents, " ")+")] Unsupported NOTIFY events")
				return nil
			}
		}
		if strings.HasPrefix(g.Filter, "SELECTED") && len(g.Events) > 0 {
			n.selected = g
		}
	}
	var err error
	if n.known, n.subs, err = s.notified(); err != nil {
		return s.fail(cmd, err)
	}
	if args.Status {
		for _, m := range n.known {
			if g := n.group(m.Name, n.subs); g != nil && s.isOther(m) && hasMessageEvent(g) {
				if err := s.sayStatus(m, s.notifyItems()); err != nil {
					return s.fail(cmd, err)
				}
			}
		}
	}
	s.notify = n
	s.byUID = false
	return s.done(cmd, true, "NOTIFY completed.")
}

func hasMessageEvent(g *proto.NotifyGroup) bool {
	return slices.ContainsFunc(g.Events, func(e string) bool { return e == "MessageNew" || e == "MessageExpunge" || e == "FlagChange" })
}

func (s *session) notified() (map[mailstore.MailboxID]mailstore.Mailbox, []string, error) {
	list, err := s.user.inbox.Mailboxes(s.ctx)
	if err != nil {
		return nil, nil, err
	}
	known := map[mailstore.MailboxID]mailstore.Mailbox{}
	for _, m := range list {
		known[m.ID] = m
	}
	subs, err := s.user.inbox.Subscriptions(s.ctx)
	return known, subs, err
}

// isOther reports whether a mailbox is not the selected one.
func (s *session) isOther(m mailstore.Mailbox) bool {
	return s.selected == nil || s.selected.box.key.id != m.ID
}

func (s *session) notifyItems() []string {
	items := []string{"MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"}
	if s.condstore {
		items = append(items, "HIGHESTMODSEQ")
	}
	return items
}

// group is the first group whose filter takes a mailbox that is not selected.
func (n *notification) group(name string, subs []string) *proto.NotifyGroup {
	for i := range n.groups {
		g := &n.groups[i]
		fits := false
		switch g.Filter {
		case "PERSONAL":
			fits = true
		case "INBOXES":
			fits = name == mailstore.InboxMailbox
		case "SUBSCRIBED":
			fits = slices.Contains(subs, name)
		case "MAILBOXES":
			fits = slices.Contains(g.Mailboxes, name)
		case "SUBTREE":
			fits = slices.ContainsFunc(g.Mailboxes, func(top string) bool {
				return name == top || strings.HasPrefix(name, top+mailstore.Separator)
			})
		}
		if fits {
			return g
		}
	}
	return nil
}

// awaitNotified waits for the client's next command, and tells of events meanwhile.
func (s *session) awaitNotified() error {
	s.link.await(s.patience(), true)
	stop := s.follow(s.tellNotified)
	_, err := s.link.in.Peek(1)
	stop()
	if s.bye { // the follower has said why
		return nil
	}
	return err
}

// tellNotified tells what has happened since it was told last.
func (s *session) tellNotified() error {
	n := s.notify
	if n.selected != nil && s.selected != nil {
		if err := s.tellSelected(n.selected); err != nil {
			return err
		}
	}
	known, subs, err := s.notified()
	if err != nil {
		return err
	}
	for id, m := range known {
		g := n.group(m.Name, subs)
		if g == nil {
			continue
		}
		old, was := n.known[id]
		if slices.Contains(g.Events, "MailboxName") && (!was || old.Name != m.Name) {
			s.sayNameChange(m.Name, old.Name)
		}
		if was && s.isOther(m) && hasMessageEvent(g) && old.HighestModseq != m.HighestModseq {
			if err := s.sayStatus(m, s.notifyItems()); err != nil {
				return err
			}
		}
	}
	for id, old := range n.known {
		if _, is := known[id]; !is {
			if g := n.group(old.Name, subs); g != nil && slices.Contains(g.Events, "MailboxName") {
				b := append(s.link.buffer(), `* LIST (\NonExistent) "/" `...)
				s.link.appended(append(proto.AppendMailbox(b, old.Name, s.utf8), "\r\n"...))
			}
		}
	}
	s.tellSubscriptions(n, subs)
	n.known, n.subs = known, subs
	return nil
}

// tellSelected tells of the selected mailbox, and gives of new messages what was asked for.
func (s *session) tellSelected(g *proto.NotifyGroup) error {
	v := s.selected
	before := uint32(0)
	if len(v.uids) > 0 {
		before = v.uids[len(v.uids)-1]
	}
	if err := s.sync(g.Filter == "SELECTED"); err != nil {
		return err
	}
	if fresh := v.uids[lowerBound(v.uids, before+1):]; len(g.Fetch) > 0 && len(fresh) > 0 {
		f := &fetching{session: s, items: slices.Clone(g.Fetch)}
		f.add(proto.FetchUID)
		if s.condstore && f.has(proto.FetchFlags) {
			f.add(proto.FetchModseq)
		}
		f.plan()
		return f.fromIndex(fresh, v.snap)
	}
	return nil
}

// sayNameChange tells of a mailbox that was made or renamed.
func (s *session) sayNameChange(name, old string) {
	b := append(s.link.buffer(), `* LIST () "/" `...)
	b = proto.AppendMailbox(b, name, s.utf8)
	if old != "" {
		b = append(proto.AppendMailbox(append(b, ` ("OLDNAME" (`...), old, s.utf8), "))"...)
	}
	s.link.appended(append(b, "\r\n"...))
}

func (s *session) tellSubscriptions(n *notification, subs []string) {
	tell := func(name, attr string) {
		if g := n.group(name, append(slices.Clone(subs), n.subs...)); g != nil && slices.Contains(g.Events, "SubscriptionChange") {
			b := append(s.link.buffer(), "* LIST ("+attr+`) "/" `...)
			s.link.appended(append(proto.AppendMailbox(b, name, s.utf8), "\r\n"...))
		}
	}
	for _, name := range subs {
		if !slices.Contains(n.subs, name) {
			tell(name, `\Subscribed`)
		}
	}
	for _, name := range n.subs {
		if !slices.Contains(subs, name) {
			tell(name, "")
		}
	}
}
