package mailstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// DraftRef names a draft as it was at one moment.
type DraftRef struct {
	ID      MessageID
	Version string
}

// DraftSending is how a draft is sent.
type DraftSending struct {
	Draft   DraftRef // Version "" is whichever it is
	Undo    time.Duration
	Request *Repeatable

	Author    func(header []byte) (sender string, err error)          // the envelope sender of a message with this header, if its authors may send
	Recipient func(address string) (canonical string, isAddress bool) // an address as envelopes have it
}

// draftTries is how often the sending of a draft begins anew that is changed meanwhile.
const draftTries = 4

// SendDraft sends a draft as it lies there, with the time of now as its Date: in one commit it leaves Drafts, its copy is in
// Sent, and a row waits for each recipient. If there is nobody that it may be sent to it stays. Errors are those of Submit,
// ErrNotFound, ErrDraftChanged if it is not of the version named or does not come to rest, and what Author says.
func (in Inbox) SendDraft(ctx context.Context, s DraftSending) (done Submitted, err error) {
	for range draftTries {
		if done, err = in.sendDraft(ctx, s); !errors.Is(err, ErrDraftChanged) || s.Draft.Version != "" {
			break
		}
	}
	if s.Request != nil && (errors.Is(err, ErrNotFound) || errors.Is(err, ErrDraftChanged)) { // its twin may have sent it
		if before, failed := in.Recall(ctx, s.Request); failed != nil || before.Replayed {
			return before, failed
		}
	}
	return done, err
}

func (in Inbox) sendDraft(ctx context.Context, s DraftSending) (done Submitted, err error) {
	d, wire, err := in.draftNow(ctx, s.Draft)
	if err != nil {
		return done, err
	}
	to, err := d.recipients(s.Recipient)
	if err != nil {
		return done, err
	}
	f, size, _, err := in.openAs(ctx, d.ID, wire)
	if errors.Is(err, ErrNotFound) { // it has another text by now
		err = ErrDraftChanged
	}
	if err != nil {
		return done, err
	}
	defer f.Close()
	spool := NewSpool(in)
	defer spool.Close()
	sender, err := d.writeDeparture(spool, f, size, s.Author, in.ws.store.opts.Clock())
	if err != nil {
		return done, err
	}
	return in.Submit(ctx, Submission{Sender: sender, To: to, Spool: spool, Thread: d.ThreadID, Undo: s.Undo, Labels: userLabels(d.Labels), Request: s.Request, Unsubscribe: d.Unsubscribe,
		Answers: d.Answers, Draft: &DraftRef{d.ID, d.Version}})
}

// draftNow gives a draft of the version named, and the number of its wire.
func (in Inbox) draftNow(ctx context.Context, r DraftRef) (d DraftMessage, wire int64, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		var places []placement
		if d, places, err = in.draft(tx, r.ID); err != nil {
			return err
		}
		if wire = places[0].wire; r.Version != "" && r.Version != d.Version {
			return ErrDraftChanged
		}
		return nil
	})
	return d, wire, err
}

// recipients are those that the draft names, each once.
func (d DraftMessage) recipients(canonical func(string) (string, bool)) (to []string, err error) {
	known := map[string]bool{}
	for _, list := range [][]message.Address{d.Envelope.To, d.Envelope.Cc, d.Envelope.Bcc} {
		for _, a := range list {
			address, ok := canonical(a.Address)
			if !ok {
				return nil, fault.New(fault.Invalid, "invalid_recipient", "The draft names %q as a recipient, which is no address that mail can be sent to; change it.", a.Address)
			}
			if !known[address] {
				known[address] = true
				to = append(to, address)
			}
		}
	}
	return to, nil
}

// writeDeparture writes the message of the draft as it leaves: with the time of now, a Message-ID, and lines ended by CRLF. A draft that
// names more than is read of it is refused: it would be sent to some.
func (d DraftMessage) writeDeparture(to io.Writer, f io.ReaderAt, size int64, author func([]byte) (string, error), now time.Time) (sender string, err error) {
	header, err := compose.ReadHeader(f, size)
	if err != nil {
		return "", err
	}
	if err := compose.CheckWhole(d.Envelope, header); err != nil {
		return "", err
	}
	body := io.NewSectionReader(f, int64(len(header)), size-int64(len(header)))
	var lines bytes.Buffer
	canonical := &CanonicalLines{To: &lines}
	canonical.Write(header) // a buffer takes all
	if body.Size() == 0 && !bytes.HasSuffix(lines.Bytes(), []byte("\r\n\r\n")) {
		lines.WriteString("\r\n")
	}
	if sender, err = author(lines.Bytes()); err != nil {
		return "", err
	}
	if _, err := to.Write(compose.Redate(lines.Bytes(), domainOf(sender), now)); err != nil {
		return "", err
	}
	_, err = io.Copy(&CanonicalLines{To: to}, body)
	return sender, err
}

// checkDraft refuses a draft that is not there any more as it was read.
func (x *submission) checkDraft(tx *sqlite.Tx) error {
	if x.Draft == nil {
		return nil
	}
	d, _, err := x.in.draft(tx, x.Draft.ID)
	if err == nil && d.Version != x.Draft.Version {
		err = ErrDraftChanged
	}
	return err
}

// takeDraft takes the draft that this message was out of Drafts. The message has its rows by then, so that their thread lives on.
func (x *submission) takeDraft(e *edit) error {
	if x.Draft == nil {
		return nil
	}
	_, places, err := x.in.draft(e.tx, x.Draft.ID)
	if err != nil {
		return err
	}
	if _, err := e.tx.Exec("DELETE FROM drafts WHERE message_id = ?", string(x.Draft.ID)); err != nil {
		return err
	}
	if _, err := e.tx.Exec("UPDATE messages SET status = '' WHERE id = ?", string(x.Draft.ID)); err != nil { // of a copy that stays elsewhere
		return err
	}
	return errors.Join(e.take(places), e.left(places))
}
