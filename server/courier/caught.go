package courier

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/smtpc"
)

// Bounds of what is kept of mail that was caught; what came first goes first.
const (
	MaxCaught       = 1000
	MaxCaughtOctets = 64 << 20
)

// CaughtMessage is a message that would have left.
type CaughtMessage struct {
	ID          mailstore.MessageID
	WorkspaceID mailstore.WorkspaceID
	InboxID     mailstore.InboxID
	From        string // envelope sender
	To          []string
	At          time.Time
	Raw         []byte // as it would have gone on the wire, with its signatures
}

// Caught keeps mail for other hosts instead of letting it leave. It is for trying things out.
type Caught struct {
	mu     sync.Mutex
	list   []CaughtMessage
	octets int
}

// List gives what was caught, newest first.
func (k *Caught) List() []CaughtMessage {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := slices.Clone(k.list)
	slices.Reverse(list)
	return list
}

func (k *Caught) add(m CaughtMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = append(k.list, m)
	k.octets += len(m.Raw)
	for len(k.list) > MaxCaught || k.octets > MaxCaughtOctets && len(k.list) > 1 {
		k.octets -= len(k.list[0].Raw)
		k.list = k.list[1:]
	}
}

// catch keeps a load instead of sending it.
func (c *Courier) catch(ctx context.Context, l *load, left []mailstore.Claimed) ([]mailstore.Result, error) {
	b, err := c.prepare(ctx, l)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	var raw bytes.Buffer
	if _, err := io.Copy(&raw, b.reader()); err != nil {
		return nil, err
	}
	c.cfg.Catch.add(CaughtMessage{ID: l.parcel.Message, WorkspaceID: l.parcel.Workspace, InboxID: l.parcel.Inbox, From: b.sender, To: addressesOf(left), At: c.cfg.Clock(), Raw: raw.Bytes()})
	results := make([]mailstore.Result, len(left))
	for i, r := range left {
		results[i] = c.newResult(r, connection{host: "caught"}, smtpc.Reply{Code: 250, Status: "2.0.0", Text: "caught by the server for development"})
		results[i].Status = mailstore.Delivered
	}
	return results, nil
}
