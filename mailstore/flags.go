package mailstore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of labels.
const (
	MaxLabels      = 64 // of the user's own on one message
	MaxLabelLength = 64 // octets
)

// systemLabels are the labels with a meaning of their own; the others are keywords.
var systemLabels = []string{LabelReceived, LabelSent, LabelUnread, LabelRead, LabelSpam, LabelTrash, LabelDraft, LabelStarred, LabelScheduled}

// userLabels are the keywords among labels: lower case, sorted, each once.
func userLabels(labels []string) []string {
	var own []string
	for _, l := range labels {
		if l = strings.ToLower(l); !contains(systemLabels, l) {
			own = append(own, l)
		}
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// checkLabel says what is wrong with a label of the user's own. It has to be an IMAP keyword (RFC 9051, flag-keyword).
func checkLabel(label string) error {
	if label == "" || len(label) > MaxLabelLength {
		return fault.New(fault.Invalid, "invalid_label", "A label has 1 to %d characters.", MaxLabelLength)
	}
	for _, c := range []byte(label) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return fault.New(fault.Invalid, "invalid_label", `A label is made of ASCII letters, digits and signs other than ( ) { %% * " \ ], without spaces, so that it works as an IMAP keyword.`)
		}
	}
	return nil
}

// check refuses what cannot be done before anything is done.
func (c MessageChange) check() error {
	for _, l := range append(slices.Clone(c.AddLabels), c.RemoveLabels...) {
		switch l {
		case LabelReceived, LabelSent, LabelDraft, LabelScheduled:
			return fault.New(fault.Invalid, "fixed_label", "The label %q follows from what the message is and cannot be added or removed.", l)
		}
		if err := checkLabel(l); err != nil {
			return err
		}
	}
	for _, l := range c.AddLabels {
		if contains(c.RemoveLabels, l) {
			return fault.New(fault.Invalid, "contradicting_labels", "The label %q is to be added and removed; do one of both.", l)
		}
	}
	if c.wants(LabelSpam) == 1 && c.wants(LabelTrash) == 1 || c.wants(LabelUnread)*c.wants(LabelRead) == 1 {
		return fault.New(fault.Invalid, "contradicting_labels", "A message cannot be both spam and trash, nor both read and unread.")
	}
	return nil
}

// Keywords gives what the change makes of labels of the user's own; others among them are left out.
func (c MessageChange) Keywords(labels []string) ([]string, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return c.keywords(userLabels(labels))
}

// wants tells whether a label is to be there (1), not to be there (-1), or left as it is (0).
func (c MessageChange) wants(label string) int {
	switch {
	case contains(c.AddLabels, label):
		return 1
	case contains(c.RemoveLabels, label):
		return -1
	}
	return 0
}

// flags are the flags that result from f.
func (c MessageChange) flags(f Flags) Flags {
	unread := c.wants(LabelUnread) - c.wants(LabelRead)
	switch {
	case unread > 0:
		f &^= Seen
	case unread < 0:
		f |= Seen
	}
	switch c.wants(LabelStarred) {
	case 1:
		f |= Flagged
	case -1:
		f &^= Flagged
	}
	return f
}

func (c MessageChange) keywords(now []string) ([]string, error) {
	remove := userLabels(c.RemoveLabels)
	list := slices.DeleteFunc(slices.Concat(now, userLabels(c.AddLabels)), func(l string) bool { return contains(remove, l) })
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > MaxLabels {
		return nil, errTooManyLabels
	}
	return list, nil
}

// mailbox is where the change puts a message from where it lies; "" leaves it.
func (c MessageChange) mailbox(p placement) string {
	from, home := p.name, InboxMailbox
	switch {
	case p.direction == Sent:
		home = SentMailbox
	case p.flags&Draft != 0:
		home = DraftsMailbox
	}
	switch {
	case c.wants(LabelTrash) == 1:
		return TrashMailbox
	case c.wants(LabelSpam) == 1:
		return JunkMailbox
	case c.wants(LabelTrash) == -1 && from == TrashMailbox, c.wants(LabelSpam) == -1 && from == JunkMailbox:
		return home
	}
	return ""
}

// ChangeMessage changes labels: unread and starred are flags, spam and trash move the message, others are keywords. A
// change that changes nothing leaves no trace.
func (in Inbox) ChangeMessage(ctx context.Context, id MessageID, c MessageChange) (m Message, err error) {
	if err := c.check(); err != nil {
		return Message{}, err
	}
	err = in.edit(ctx, func(e *edit) error {
		if err := e.change(id, c); err != nil {
			return err
		}
		m, err = in.message(e.tx, id)
		return err
	})
	return m, err
}

// DeleteMessage moves the message to Trash. permanent, or a message that is in Trash alone, is removed for good. One that was to be
// sent at a time is cancelled.
func (in Inbox) DeleteMessage(ctx context.Context, id MessageID, permanent bool) error {
	if err := in.cancelled(ctx, id); err != nil {
		return err
	}
	return in.edit(ctx, func(e *edit) error { return e.delete(id, permanent) })
}

func (e *edit) change(id MessageID, c MessageChange) error {
	list, _, err := e.places(id)
	if err != nil {
		return err
	}
	for _, p := range list { // what is refused is refused before anything is done
		if _, err := c.keywords(p.keywords); err != nil {
			return err
		}
	}
	changed := false
	for _, p := range list {
		did, err := e.changePlacement(p, c)
		if err != nil {
			return err
		}
		changed = changed || did
	}
	if !changed {
		return nil
	}
	now, err := placements(e.tx, "WHERE p.message_id = ?", sqlite.Args(string(id)))
	if err != nil {
		return err
	}
	return e.touch(now)
}

func (e *edit) changePlacement(p placement, c MessageChange) (changed bool, err error) {
	before := p
	if to := c.mailbox(p); to != "" && to != p.name {
		moved, err := e.move(p, to)
		if err != nil || moved == nil {
			return true, err
		}
		before, changed = *moved, true
	}
	p = before
	p.flags = c.flags(p.flags)
	if p.keywords, err = c.keywords(p.keywords); err != nil {
		return false, err
	}
	if p.flags == before.flags && slices.Equal(p.keywords, before.keywords) {
		return changed, nil
	}
	return true, e.setFlags(before, p)
}

// move puts a placement into another mailbox of the inbox, and gives it as it is there. If the message lies there already
// it only leaves, and moved is nil.
func (e *edit) move(p placement, to string) (moved *placement, err error) {
	mailbox, err := e.w.mailboxID(e.tx, e.in.id, to, e.at)
	if err != nil {
		return nil, err
	}
	var there int
	if err := e.tx.Row("SELECT COUNT(*) FROM placements WHERE mailbox_id = ? AND message_id = ?", sqlite.Args(mailbox, string(p.message)), &there); err != nil {
		return nil, err
	}
	if there > 0 {
		return nil, errors.Join(e.judge([]placement{p}, to), e.take([]placement{p}))
	}
	placed, err := e.place([]placement{p}, to, true)
	if err != nil {
		return nil, err
	}
	return &placed[0], nil
}

func (e *edit) delete(id MessageID, permanent bool) error {
	list, _, err := e.places(id)
	if err != nil {
		return err
	}
	inTrash := !slices.ContainsFunc(list, func(p placement) bool { return p.name != TrashMailbox })
	if !permanent && !inTrash {
		return e.change(id, MessageChange{AddLabels: []string{LabelTrash}})
	}
	for _, p := range list { // each of its own mailbox
		if err := e.take([]placement{p}); err != nil {
			return err
		}
	}
	return e.left(list)
}
