package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// NewDraft is a draft to be made.
type NewDraft struct {
	Spool       *Spool    // the whole message, with its Bcc, lines ended by CRLF; it is not closed
	Thread      ThreadID  // "" to find it
	Labels      []string  // the user's own
	SendAt      time.Time // when it is sent; zero: when somebody says so
	Unsubscribe bool
	Answers     MessageID // of this inbox: flagged as answered when the draft is sent
	Request     *Repeatable
}

// DraftChange is what is to be otherwise about a draft; what is nil stays.
type DraftChange struct {
	Version     string // the draft is to be this one, else ErrDraftChanged; "" whichever it is
	Spool       *Spool // the whole message
	Labels      *[]string
	SendAt      *time.Time // zero: no time any more
	Unsubscribe *bool
}

// draftFlags are what a draft that is made here is flagged as.
const draftFlags = Seen | Draft

// drafting is the text of a draft on its way into Drafts.
type drafting struct {
	in     Inbox
	w      *workspace
	id     MessageID
	base   string // of the file; "" if there is no new text
	record *record
}

func (x *drafting) folder() maildir.Folder {
	return maildir.Folder{Inbox: string(x.in.id), Name: maildir.FolderName(DraftsMailbox)}
}

// write writes the file, synced, under its durable name.
func (x *drafting) write(sp *Spool) error {
	if err := x.w.enoughSpace(); err != nil {
		return err
	}
	tree, flags := x.w.tree, fileFlags(draftFlags)
	_, err := tree.Write(x.folder(), x.base, sp.Reader())
	if err == nil {
		err = tree.Publish(x.folder(), x.base, flags)
	}
	if err == nil {
		err = tree.Sync(x.folder(), flags)
	}
	if err != nil {
		x.takeBack()
		return x.w.fail(err)
	}
	return nil
}

// takeBack removes a file that got no row. After a failed COMMIT nobody knows: then recovery compares.
func (x *drafting) takeBack() {
	if x.base != "" && !x.w.db.Broken() {
		x.w.tree.Discard(x.folder(), x.base)
		x.w.tree.Remove(x.folder(), x.base, fileFlags(draftFlags))
	}
}

// commit runs do in one commit, with the courier told before and after of the time at which there is something to do.
func (x *drafting) commit(sendAt time.Time, do func(*edit) error) error {
	if !sendAt.IsZero() {
		if err := x.w.store.noteQueued(x.w.id, sendAt); err != nil {
			x.takeBack()
			return x.w.fail(err)
		}
	}
	if err := x.in.editOpen(x.w, do); err != nil {
		x.takeBack()
		return err
	}
	if !sendAt.IsZero() {
		x.w.noteDue(sendAt)
	}
	return nil
}

// CreateDraft puts a draft into Drafts. It is durable and announced when this returns; replayed says that nothing was done,
// because the request came before, and d is the draft as it was then.
func (in Inbox) CreateDraft(ctx context.Context, n NewDraft) (d DraftMessage, replayed bool, err error) {
	keywords, err := checkKeywords(n.Labels)
	if err != nil {
		return d, false, err
	}
	rec, err := n.Spool.parse(ctx, in.ws.store)
	if err != nil {
		return d, false, err
	}
	err = in.ws.use(ctx, func(w *workspace) error {
		if d, replayed, err = w.recallDraft(ctx, n.Request); err != nil || replayed {
			return err
		}
		if err := checkDraftTime(n.SendAt, w.now()); err != nil {
			return err
		}
		x := &drafting{in: in, w: w, id: MessageID(ident.New("msg", w.now())), record: rec}
		x.base = string(x.id)
		if err := x.write(n.Spool); err != nil {
			return err
		}
		err := x.commit(n.SendAt, func(e *edit) (err error) {
			if d, replayed, err = recallDraft(e.tx, n.Request, e.at); err != nil || replayed {
				return err
			}
			d, err = x.insert(e, n, keywords)
			return err
		})
		if err == nil && replayed { // a twin was faster
			x.takeBack()
		}
		return err
	})
	return d, replayed, err
}

// RecallDraft gives the draft that a request made that came before, as it was then; found is false if none came in the last
// 24 hours.
func (in Inbox) RecallDraft(ctx context.Context, r *Repeatable) (d DraftMessage, found bool, err error) {
	err = in.ws.use(ctx, func(w *workspace) error {
		d, found, err = w.recallDraft(ctx, r)
		return err
	})
	return d, found, err
}

func (w *workspace) recallDraft(ctx context.Context, r *Repeatable) (d DraftMessage, found bool, err error) {
	if r == nil {
		return d, false, nil
	}
	err = w.db.View(ctx, func(tx *sqlite.Tx) error {
		d, found, err = recallDraft(tx, r, w.now())
		return err
	})
	return d, found, err
}

// checkDraftTime refuses a time for a draft that has passed, or is too far ahead.
func checkDraftTime(at, now time.Time) error {
	if !at.IsZero() && !at.After(now) {
		return errTimePassed
	}
	return checkSendAt(at, now)
}

// insert writes the rows of a new draft, and the journal's line.
func (x *drafting) insert(e *edit, n NewDraft, keywords []string) (d DraftMessage, err error) {
	m := newMessage{id: x.id, inbox: x.in.id, record: x.record, direction: Appended, mailbox: DraftsMailbox, flags: draftFlags, keywords: keywords, file: x.base,
		thread: n.Thread, receivedAt: e.at, now: e.at}
	if err := x.w.insertMessage(e.tx, m); err != nil {
		return d, err
	}
	row := draftRow{SendAt: microsOf(n.SendAt), Unsubscribe: n.Unsubscribe, Answers: n.Answers}
	if err := row.write(e.tx, x.in.id, x.id); err != nil {
		return d, err
	}
	if err := appendMessage(e.tx, "message.appended", x.id, e.at); err != nil {
		return d, err
	}
	if d, _, err = x.in.draft(e.tx, x.id); err != nil || n.Request == nil {
		return d, err
	}
	answer, err := json.Marshal(d)
	if err != nil {
		return d, err
	}
	return d, n.Request.keep(e.tx, x.id, string(answer), e.at)
}

// microsOf is a time as rows hold it; 0 for none.
func microsOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

// ChangeDraft changes a draft. With another text it is a new file with a new UID, and the old one is expunged, in the same
// commit; its id, flags, labels and thread stay. The change is durable and announced when this returns.
func (in Inbox) ChangeDraft(ctx context.Context, id MessageID, c DraftChange) (d DraftMessage, err error) {
	x := &drafting{in: in, id: id}
	if c.Labels != nil {
		if _, err := checkKeywords(*c.Labels); err != nil {
			return d, err
		}
	}
	if c.Spool != nil {
		if x.record, err = c.Spool.parse(ctx, in.ws.store); err != nil {
			return d, err
		}
	}
	err = in.ws.use(ctx, func(w *workspace) error {
		x.w = w
		var at time.Time
		if c.SendAt != nil {
			if at = *c.SendAt; !at.IsZero() {
				if err := checkDraftTime(at, w.now()); err != nil {
					return err
				}
			}
		}
		if c.Spool != nil {
			if _, err := in.Draft(ctx, id); err != nil { // nothing is written for one that is not there
				return err
			}
			x.base = string(id) + "." + ident.New("c", w.now())[2:]
			if err := x.write(c.Spool); err != nil {
				return err
			}
		}
		return x.commit(at, func(e *edit) error {
			d, err = x.change(e, c)
			return err
		})
	})
	return d, err
}

// change writes the rows of a change, and the journal's line.
func (x *drafting) change(e *edit, c DraftChange) (d DraftMessage, err error) {
	d, places, err := x.in.draft(e.tx, x.id)
	if err != nil {
		return d, err
	}
	if c.Version != "" && c.Version != d.Version {
		return d, ErrDraftChanged
	}
	p := places[0]
	if x.record != nil && p.places > 1 {
		return d, errDraftElsewhere
	}
	if err := x.changeMessage(e, p, d, c.Labels); err != nil {
		return d, err
	}
	if err := changeDraftRow(e.tx, x.in.id, x.id, c.changeRow); err != nil {
		return d, err
	}
	if _, err := e.tx.Exec("UPDATE messages SET updated_at = ? WHERE id = ?", e.at.UnixMicro(), string(x.id)); err != nil {
		return d, err
	}
	e.w.markDirty(e.tx, p.mailbox)
	if err := appendMessage(e.tx, "message.updated", x.id, e.at); err != nil {
		return d, err
	}
	d, _, err = x.in.draft(e.tx, x.id)
	return d, err
}

// changeMessage gives the message the new text, and the new labels if labels is not nil.
func (x *drafting) changeMessage(e *edit, p placement, d DraftMessage, labels *[]string) error {
	now := p
	if labels != nil {
		now.keywords = userLabels(*labels)
	}
	if x.record != nil {
		return x.renew(e, now, d)
	}
	if labels == nil {
		return nil
	}
	return e.setFlags(p, now)
}

// changeRow changes what is known of the draft beside its message. A draft that was changed has not failed.
func (c DraftChange) changeRow(row *draftRow) {
	row.Failure = ""
	if c.SendAt != nil {
		row.SendAt = microsOf(*c.SendAt)
	}
	if c.Unsubscribe != nil {
		row.Unsubscribe = *c.Unsubscribe
	}
}

// renew puts the new text in the place of the old one.
func (x *drafting) renew(e *edit, p placement, d DraftMessage) error {
	wire, err := insertWire(e.tx, &x.record.wire) // before the old one goes, so that it gets another number
	if err != nil {
		return err
	}
	if err := e.take([]placement{p}); err != nil {
		return err
	}
	if _, err := e.tx.Exec("DELETE FROM wires WHERE id = ?", p.wire); err != nil {
		return err
	}
	r, env := x.record, &x.record.parsed.Envelope
	if _, err := e.tx.Exec(`UPDATE messages SET size = ?, message_id = ?, subject = ?, preview = ?, envelope = ?, structure = ?, attachments = ?, received_at = ? WHERE id = ?`,
		r.size, env.MessageID, env.Subject, r.parsed.Preview, r.envelope, r.structure, r.attachments, e.at.UnixMicro(), string(x.id)); err != nil {
		return err
	}
	if _, err := e.tx.Exec(`UPDATE threads SET last_at = MAX(last_at, ?1), subject = CASE WHEN messages = 1 THEN ?2 ELSE subject END, base_subject = CASE WHEN messages = 1 THEN ?3 ELSE base_subject END
		WHERE id = ?4`, e.at.UnixMicro(), env.Subject, baseSubject(env.Subject), string(d.ThreadID)); err != nil {
		return err
	}
	if err := x.w.placeIn(e.tx, p.mailbox, newMessage{id: x.id, inbox: x.in.id, record: r, flags: p.flags | Draft, keywords: p.keywords, file: x.base, wire: wire,
		receivedAt: e.at, savedAt: e.at, now: e.at}); err != nil {
		return err
	}
	if flags := p.flags | Draft; flags != draftFlags {
		now, err := placements(e.tx, "WHERE p.message_id = ?", sqlite.Args(string(x.id)))
		if err != nil {
			return err
		}
		e.renamed = append(e.renamed, renamed{now[0], draftFlags})
	}
	return nil
}

// DeleteDraft moves a draft to Trash; permanent removes it for good. version is as in DraftChange.
func (in Inbox) DeleteDraft(ctx context.Context, id MessageID, version string, permanent bool) error {
	return in.edit(ctx, func(e *edit) error {
		d, places, err := in.draft(e.tx, id)
		if err != nil {
			return err
		}
		if version != "" && version != d.Version {
			return ErrDraftChanged
		}
		if !permanent {
			return e.delete(id, false)
		}
		return errors.Join(e.take(places), e.left(places))
	})
}
