package mailstore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxAtOnce is how many messages one commit of STORE, COPY, MOVE or EXPUNGE touches; what names more is done in several.
const MaxAtOnce = 2000

// FlagOp says what a FlagChange does.
type FlagOp uint8

const (
	ReplaceFlags FlagOp = iota
	AddFlags
	RemoveFlags
)

// FlagChange is what STORE does (RFC 9051, 6.4.6). Keywords are as written.
type FlagChange struct {
	Op       FlagOp
	Flags    Flags
	Keywords []string
}

// Stored is what a FlagChange did.
type Stored struct {
	Modseqs  []uint64 // of what was changed, one for each commit
	Modified []uint32 // UIDs that were left alone, because they have changed since (RFC 7162, 3.1.3)
}

var errKeywordIsLabel = fault.New(fault.Invalid, "invalid_keyword", "This keyword is a label that the server gives and cannot be set.")

// checkKeywords gives keywords as they are kept.
func checkKeywords(list []string) (keywords []string, err error) {
	for _, k := range list {
		if err := checkLabel(k); err != nil {
			return nil, err
		}
		if contains(systemLabels, strings.ToLower(k)) {
			return nil, errKeywordIsLabel
		}
	}
	if keywords = userLabels(list); len(keywords) > MaxLabels {
		return nil, errTooManyLabels
	}
	return keywords, nil
}

var errTooManyLabels = fault.New(fault.Exhausted, "limit_reached", "A message has at most %d labels of your own (limit labelsPerMessage).", MaxLabels)

// spell remembers how the user's clients write keywords that are not all lower case; the first spelling stays.
func spell(tx *sqlite.Tx, inbox InboxID, written []string) error {
	for _, k := range written {
		if lower := strings.ToLower(k); lower != k {
			if _, err := tx.Exec("INSERT INTO keyword_spellings (inbox_id, keyword, spelling) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", string(inbox), lower, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// Apply gives what the change makes of flags and keywords, which are lower case and sorted.
func (c FlagChange) Apply(flags Flags, keywords []string) (Flags, []string) {
	given := userLabels(c.Keywords)
	switch c.Op {
	case AddFlags:
		all := slices.Concat(keywords, given)
		slices.Sort(all)
		return flags | c.Flags, slices.Compact(all)
	case RemoveFlags:
		return flags &^ c.Flags, slices.DeleteFunc(slices.Clone(keywords), func(k string) bool { return contains(given, k) })
	}
	return c.Flags, given
}

// StoreFlags changes the flags of messages of a mailbox; UIDs that are not there are passed over. With unchangedSince,
// messages with a higher MODSEQ are left alone and named. A message that has the flags already is not changed.
func (in Inbox) StoreFlags(ctx context.Context, id MailboxID, uids []uint32, c FlagChange, unchangedSince *uint64) (s Stored, err error) {
	if _, err := checkKeywords(c.Keywords); err != nil {
		return s, err
	}
	for chunk := range slices.Chunk(uids, MaxAtOnce) {
		var modified []uint32
		var modseq uint64
		err := in.edit(ctx, func(e *edit) error {
			modified, modseq = nil, 0
			list, err := in.placed(e.tx, id, chunk)
			if err != nil {
				return err
			}
			var changed []placement
			for _, before := range list {
				if unchangedSince != nil && uint64(before.modseq) > *unchangedSince {
					modified = append(modified, before.uid)
					continue
				}
				p := before
				if p.flags, p.keywords = c.Apply(p.flags, p.keywords); len(p.keywords) > MaxLabels {
					return errTooManyLabels
				}
				if p.flags == before.flags && slices.Equal(p.keywords, before.keywords) {
					continue
				}
				if err := e.setFlags(before, p); err != nil {
					return err
				}
				changed = append(changed, p)
			}
			if len(changed) == 0 {
				return nil
			}
			modseq = uint64(e.modseqs[int64(id)])
			if c.Op != RemoveFlags {
				if err := spell(e.tx, in.id, c.Keywords); err != nil {
					return err
				}
			}
			return e.touch(changed)
		})
		if err != nil {
			return s, err
		}
		s.Modified = append(s.Modified, modified...)
		if modseq > 0 {
			s.Modseqs = append(s.Modseqs, modseq)
		}
	}
	return s, nil
}

// placed loads messages of a mailbox of this inbox, in the order of UIDs.
func (in Inbox) placed(tx *sqlite.Tx, id MailboxID, uids []uint32) ([]placement, error) {
	if err := in.owns(tx, id); err != nil {
		return nil, err
	}
	where, args := someUIDs(uids)
	return placements(tx, "WHERE p.mailbox_id = ? AND "+where+" ORDER BY p.uid", append(sqlite.Args(int64(id)), args...))
}

// Transferred is what COPY or MOVE did: the message From[i] of the one mailbox is To[i] in the other.
type Transferred struct {
	Mailbox  Mailbox // the one that they went to
	From, To []uint32
}

// Transfer copies messages of a mailbox, with their flags, into the mailbox of that name, or moves them there. UIDs that are
// not there are passed over. A copy is the same message in one more mailbox: its id stays, its bytes are not copied.
// ErrNotFound if there is no mailbox of that name. What t tells was done, also beside an error.
func (in Inbox) Transfer(ctx context.Context, id MailboxID, uids []uint32, to string, move bool) (t Transferred, err error) {
	if t.Mailbox, err = in.Mailbox(ctx, to); err != nil {
		return t, err
	}
	for chunk := range slices.Chunk(uids, MaxAtOnce) {
		var from, there []uint32
		err := in.edit(ctx, func(e *edit) error {
			from, there = nil, nil
			list, err := in.placed(e.tx, id, chunk)
			if err != nil || len(list) == 0 {
				return err
			}
			if m, _, err := findMailbox(e.tx, in.id, to); err != nil || m.ID != t.Mailbox.ID {
				return ErrNotFound.Because(err)
			}
			there, err = e.transfer(list, to, move)
			for _, p := range list {
				from = append(from, p.uid)
			}
			return err
		})
		if err != nil {
			if !move { // a copy that fails leaves nothing behind (RFC 9051, 6.4.7)
				err = errors.Join(err, in.takeBack(ctx, t.Mailbox.ID, t.To))
				t.From, t.To = nil, nil
			}
			return t, err
		}
		t.From, t.To = append(t.From, from...), append(t.To, there...)
	}
	return t, nil
}

// takeBack removes copies that were made.
func (in Inbox) takeBack(ctx context.Context, id MailboxID, uids []uint32) error {
	for chunk := range slices.Chunk(uids, MaxAtOnce) {
		err := in.edit(ctx, func(e *edit) error {
			list, err := in.placed(e.tx, id, chunk)
			if err != nil {
				return err
			}
			return e.expunge(list)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Expunge removes those of the messages that have the flag Deleted from a mailbox, for good where no other mailbox has
// them. It gives the UIDs that are gone.
func (in Inbox) Expunge(ctx context.Context, id MailboxID, uids []uint32) (gone []uint32, err error) {
	for chunk := range slices.Chunk(uids, MaxAtOnce) {
		var now []uint32
		err := in.edit(ctx, func(e *edit) error {
			now = nil
			list, err := in.placed(e.tx, id, chunk)
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(p placement) bool { return p.flags&Deleted == 0 })
			if err := e.expunge(list); err != nil {
				return err
			}
			for _, p := range list {
				now = append(now, p.uid)
			}
			return nil
		})
		if err != nil {
			return gone, err
		}
		gone = append(gone, now...)
	}
	return gone, nil
}

func (e *edit) expunge(list []placement) error {
	if err := e.take(list); err != nil {
		return err
	}
	return e.left(list)
}
