package courier

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

const ourHost = "mail.postroom.test"

// bed is a courier over real stores, with a DNS server of its own. ann and bob live at a.test in one workspace, cat at b.test
// in another.
type bed struct {
	t     testing.TB
	dir   *tenancy.Directory
	store *mailstore.Store
	zones *zonetest.Server
	cfg   Config
	c     *Courier
	data  string
	homes map[string]mailstore.WorkspaceID

	sandbox, sandboxed string // of the directory, and an address below it

	stop  context.CancelFunc
	ended chan error
	ahead time.Duration // of the clocks, from the next open on
}

func newBed(t testing.TB, change func(*bed)) *bed {
	t.Helper()
	b := &bed{t: t, data: t.TempDir(), homes: map[string]mailstore.WorkspaceID{}}
	b.zones = zonetest.Start(t, "mail.postroom.test. 60 A 127.0.0.1\n")
	b.cfg = Config{Hostname: ourHost, AllowPrivate: true, Retry: mailstore.Backoff{time.Millisecond}}
	b.cfg.Resolver = resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}, Timeout: 2 * time.Second, Tries: 1})
	b.open()
	b.workspace("a.test", "ann", "bob")
	b.workspace("b.test", "cat")
	if change != nil {
		change(b)
	}
	b.start()
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) open() {
	b.t.Helper()
	var err error
	b.store, err = mailstore.Open(b.data, mailstore.Options{MinFree: -1, Clock: b.clock()})
	b.must(err)
	b.dir, err = tenancy.Open(context.Background(), filepath.Join(b.data, "postroom.db"), b.store, tenancy.Options{Hostname: ourHost, Sandbox: b.sandbox})
	b.must(err)
	store, dir := b.store, b.dir
	b.t.Cleanup(func() {
		b.halt()
		dir.Close()
		store.Close()
	})
}

// clock is the time of now, as far ahead as the bed is.
func (b *bed) clock() func() time.Time {
	ahead := b.ahead
	return func() time.Time { return time.Now().Add(ahead) }
}

func (b *bed) start() {
	b.cfg.Clock = b.clock()
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.ended = stop, make(chan error, 1)
	b.c = New(b.cfg, b.dir, slog.New(slog.DiscardHandler))
	ended, c := b.ended, b.c
	go func() { ended <- c.Run(ctx) }()
}

// halt stops the courier and waits for its end.
func (b *bed) halt() {
	if b.stop == nil {
		return
	}
	b.stop()
	if err := <-b.ended; err != nil {
		b.t.Error(err)
	}
	b.stop = nil
}

func (b *bed) workspace(domain string, users ...string) {
	b.t.Helper()
	op, ctx := b.dir.Operator(), context.Background()
	ws, err := op.CreateWorkspace(ctx, tenancy.NewWorkspace{Name: domain})
	b.must(err)
	b.homes[domain] = ws.ID
	_, _, err = op.CreateDomain(ctx, ws.ID, tenancy.NewDomain{Domain: domain})
	b.must(err)
	for _, u := range users {
		_, _, _, err = op.CreateInbox(ctx, ws.ID, tenancy.NewInbox{Username: u, Domain: domain})
		b.must(err)
	}
}

func (b *bed) inbox(address string) mailstore.Inbox {
	b.t.Helper()
	in, err := b.dir.Operator().Mail(context.Background(), b.homes[domainOf(address)], address, tenancy.MessagesRead)
	b.must(err)
	return in
}

func (b *bed) box(domain string) mailstore.Outbox {
	b.t.Helper()
	box, err := b.dir.Outbox(context.Background(), b.homes[domain])
	b.must(err)
	return box
}

var serial int

// send submits a message and gives its id.
func (b *bed) send(from string, change func(*mailstore.Submission), to ...string) mailstore.MessageID {
	b.t.Helper()
	in := b.inbox(from)
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	serial++
	fmt.Fprintf(sp, "From: %s\r\nTo: %s\r\nBcc: hidden@elsewhere.test\r\nSubject: number %d\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\nMessage-ID: <%d@a.test>\r\n\r\nhello\r\n.dot\r\n", from, strings.Join(to, ", "), serial, serial)
	s := mailstore.Submission{Sender: from, To: to, Spool: sp}
	if change != nil {
		change(&s)
	}
	done, err := in.Submit(context.Background(), s)
	b.must(err)
	return done.ID
}

// wait waits until the message has the status and gives what is told of its delivery.
func (b *bed) wait(from string, id mailstore.MessageID, want mailstore.Status) []mailstore.QueueEntry {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	in := b.inbox(from)
	log, _, err := b.dir.Operator().Journal(ctx, in.WorkspaceID())
	b.must(err)
	var at journal.Cursor
	for {
		end, err := log.End(ctx)
		b.must(err)
		m, err := in.Message(ctx, id)
		b.must(err)
		if m.Status == want {
			list, err := in.Delivery(ctx, id)
			b.must(err)
			return list
		}
		at = end
		if err := log.Wait(ctx, at); err != nil {
			list, _ := in.Delivery(context.Background(), id)
			b.t.Fatalf("the message is %s, want %s: %+v", m.Status, want, list)
		}
	}
}

// mails waits until an inbox's mailbox INBOX has n messages and gives them, oldest first.
func (b *bed) mails(address string, n int) (raw []string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	in := b.inbox(address)
	log, _, err := b.dir.Operator().Journal(ctx, in.WorkspaceID())
	b.must(err)
	for {
		end, err := log.End(ctx)
		b.must(err)
		list, _, err := in.Messages(ctx, mailstore.MessageFilter{Mailbox: mailstore.InboxMailbox}, nil, 100)
		b.must(err)
		if len(list) >= n {
			for i := len(list) - 1; i >= 0; i-- {
				r, _, err := in.Raw(ctx, list[i].ID)
				b.must(err)
				text, err := io.ReadAll(r)
				b.must(err)
				r.Close()
				raw = append(raw, string(text))
			}
			return raw
		}
		if err := log.Wait(ctx, end); err != nil {
			b.t.Fatalf("%s has %d messages, want %d", address, len(list), n)
		}
	}
}

// exchanger starts a mail server for a domain and tells the DNS of it.
func (b *bed) exchanger(domain string, o mxtest.Options) *mxtest.Server {
	b.t.Helper()
	o.Hostname = "mx." + domain
	s := mxtest.Start(b.t, o)
	b.cfg.Port = int(s.Addr().Port())
	b.zones.Set(domain+".", "60 MX 10 mx."+domain+".")
	b.zones.Set("mx."+domain+".", "60 A "+s.Addr().Addr().String())
	if s.Roots() != nil {
		b.cfg.Roots = s.Roots()
	}
	return s
}
