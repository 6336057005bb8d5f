package api

import (
	"bytes"
	"context"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
)

// outlet is the way to a feed's client. Both methods end within a bound, false if the client is gone or too slow.
type outlet interface {
	send(ctx context.Context, frame []byte, behind journal.Cursor) bool
	beat(ctx context.Context, place journal.Cursor) bool // so that both sides, and who is between, know that the other is there
}

// feed sends events to one client as they happen, by WebSocket or as server-sent events.
type feed struct {
	srv   *Server
	from  source
	out   outlet
	check func(context.Context) error // whether the key is still good
	asked chan subscribe              // nil: the client says nothing
	last  journal.Cursor              // behind the last event that was sent
}

// ending is why a feed has ended without an error.
type ending uint8

const (
	endedByClient ending = iota + 1 // it is gone, or too slow
	endedByDrain
)

var gapFrame = []byte(`{"type":"gap"}`)

// encodeFrame is a frame's JSON, on one line.
func encodeFrame(frame any) ([]byte, error) {
	var b bytes.Buffer
	err := marshal(&b, frame)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// run follows the journal until the client leaves or is too slow, the key ends, or the server drains.
func (d *feed) run(ctx context.Context) (ending, error) {
	beats := time.NewTicker(d.srv.cfg.PingInterval)
	defer beats.Stop()
	for {
		d.hear()
		b, err := d.from.next(ctx)
		if err != nil {
			return 0, err
		}
		if ended, err := d.sendAll(ctx, b); ended != 0 || err != nil {
			return ended, err
		}
		if ended, err := d.await(ctx, b.more, beats.C); ended != 0 || err != nil {
			return ended, err
		}
	}
}

func (d *feed) sendAll(ctx context.Context, b batch) (ending, error) {
	if b.gap && !d.out.send(ctx, gapFrame, d.last) {
		return endedByClient, nil
	}
	for i := range b.count {
		if d.srv.isDraining() {
			return endedByDrain, nil
		}
		text, behind, err := b.frame(ctx, i)
		if err != nil {
			return 0, err
		}
		d.last = behind
		if text != nil && !d.out.send(ctx, text, behind) {
			return endedByClient, nil
		}
	}
	return 0, nil
}

// hear takes a subscription that came while events were sent, so that a long replay can be narrowed or left.
func (d *feed) hear() {
	select {
	case sub := <-d.asked:
		d.from.narrow(sub)
	default:
	}
}

// await waits for the journal, a subscription, the server's drain, or the end, and beats meanwhile. With more it only looks
// whether one of these is there.
func (d *feed) await(ctx context.Context, more bool, beats <-chan time.Time) (ending, error) {
	rung, leave := d.from.rung()
	defer leave()
	if more {
		rung = alwaysRung
	}
	for {
		select {
		case <-ctx.Done():
			return endedByClient, nil
		case <-d.srv.draining:
			return endedByDrain, nil
		case <-beats:
			if err := d.check(ctx); err != nil {
				return 0, err
			}
			if !d.out.beat(ctx, d.from.place()) {
				return endedByClient, nil
			}
		case sub := <-d.asked:
			d.from.narrow(sub)
			return 0, nil
		case <-rung:
			return 0, nil
		}
	}
}

var alwaysRung = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// over says why a feed is over for good, if it is.
func over(err error) (why string, known bool) {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return "the workspace has ended", true
	case fault.Forbidden:
		return "the key has ended", true
	}
	return "", false
}
