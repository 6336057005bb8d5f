package api

import (
	"context"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// source is where a feed's events come from. It is for one goroutine.
type source interface {
	// next gives what is behind the place, in order, and moves on.
	next(ctx context.Context) (batch, error)
	// rung gives a channel that is closed when there may be more than next has given; leave lets go of it.
	rung() (rung <-chan struct{}, leave func())
	// admit looks at what a frame asks for, and completes it; any goroutine may call it. narrow follows it then.
	admit(ctx context.Context, sub *subscribe) error
	narrow(sub subscribe)
	place() journal.Cursor
	holder() string // whose limit of streams counts
	close()
}

// batch is what a feed sends next.
type batch struct {
	gap   bool // something is gone in front of it
	more  bool // there may be more at once
	count int
	frame func(ctx context.Context, i int) (text []byte, behind journal.Cursor, err error) // nil text is nothing to send
}

// journalSource is the journal of one workspace, as one key sees it. Far from its end it reads for itself; at the end it
// shares what is read with the others that are there.
type journalSource struct {
	*follower
	srv     *Server
	key     string // standing of the grant
	version uint64 // of the workspace, when it was last read
	atEnd   bool
	known   bool // there was nothing behind the place at that version
}

func (j *journalSource) place() journal.Cursor { return j.cursor }

func (j *journalSource) close() {}

func (j *journalSource) holder() string { return string(j.workspace) }

func (j *journalSource) rung() (<-chan struct{}, func()) { return j.journal.Rung(j.version) }

func (j *journalSource) narrow(sub subscribe) {
	j.types, j.inboxes = sub.EventTypes, sub.inboxes
	if sub.Since != "" {
		j.cursor, j.atEnd, j.known = sub.cursor, false, false
	}
}

func (j *journalSource) next(ctx context.Context) (batch, error) {
	version := j.journal.Version()
	if j.known && version == j.version {
		return batch{}, nil
	}
	j.version, j.known = version, false
	if j.atEnd && j.grant.KeyID() != "" {
		if b, ok, err := j.nextShared(); ok || err != nil {
			return b, err
		}
	}
	p, err := j.read(ctx, pageOfLines)
	j.atEnd = err == nil && !p.More
	return batch{gap: p.Gap, more: p.More, count: len(p.Lines), frame: func(ctx context.Context, i int) ([]byte, journal.Cursor, error) {
		text, err := j.encoded(ctx, p.Lines[i])
		return text, p.Lines[i].Cursor, err
	}}, err
}

// nextShared is next at the journal's end; ok is false if this reader has to read for itself. What is done for all goes on
// when the one who asked first leaves.
func (j *journalSource) nextShared() (b batch, ok bool, err error) {
	book, after := j.journal, j.cursor
	shared := j.srv.shares.page(shareKey{j.workspace, j.grant.InboxID()}, j.version, after, func() (journal.Page, error) {
		return book.Read(j.srv.life, after, nil, nil, pageOfLines)
	})
	p, err := shared.read()
	if err != nil || p.Gap {
		return b, false, nil
	}
	lines := j.wanted(p.Lines)
	if len(lines) > 0 {
		if err := shared.check(j.key, func() error { return j.grant.Check(j.srv.life) }); err != nil {
			return b, true, err
		}
	}
	j.cursor, j.atEnd = p.Next, !p.More
	full := j.grant.Allows(tenancy.MessagesRead)
	return batch{more: p.More, count: len(lines), frame: func(_ context.Context, i int) ([]byte, journal.Cursor, error) {
		text, err := shared.frame(frameKey{lines[i].Cursor.Seq, full}, func() ([]byte, error) { return j.encoded(j.srv.life, lines[i]) })
		return text, lines[i].Cursor, err
	}}, true, nil
}

// wanted are the lines that pass the subscription.
func (f *follower) wanted(lines []journal.Line) []journal.Line {
	if len(f.types) == 0 && len(f.inboxes) == 0 {
		return lines
	}
	var list []journal.Line
	for _, l := range lines {
		if (len(f.types) == 0 || slices.Contains(f.types, l.Type)) && (len(f.inboxes) == 0 || slices.Contains(f.inboxes, mailstore.InboxID(l.InboxID))) {
			list = append(list, l)
		}
	}
	return list
}

// encoded is a line as the frame of an event: one line of JSON.
func (f *follower) encoded(ctx context.Context, l journal.Line) ([]byte, error) {
	e, err := f.event(ctx, l)
	if err != nil {
		return nil, err
	}
	return encodeFrame(e)
}
