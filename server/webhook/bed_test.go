package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// bed is the service over real stores, in a bubble of time that passes only while all wait. The endpoints of customers are functions.
type bed struct {
	t     *testing.T
	data  string
	store *mailstore.Store
	dir   *tenancy.Directory
	hooks *Service
	stop  func()

	mu        sync.Mutex
	unable    error                                    // to write an event
	endpoints map[string]func(received) *http.Response // by host
	got       []received
	running   map[string]int // requests, by host
	most      map[string]int
}

// received is a request as an endpoint gets it.
type received struct {
	host   string
	id     string // of the event
	what   string // subject of its message, or its type
	at     time.Time
	header http.Header
	ctx    context.Context
}

// inTime runs a test in a bubble.
func inTime(t *testing.T, f func(t *testing.T, b *bed)) {
	t.Helper()
	data := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &bed{t: t, data: data, endpoints: map[string]func(received) *http.Response{}, running: map[string]int{}, most: map[string]int{}}
		b.start()
		defer func() { b.stop() }()
		f(t, b)
	})
}

// start opens the stores and runs the service.
func (b *bed) start() {
	b.t.Helper()
	var err error
	if b.store, err = mailstore.Open(b.data, mailstore.Options{MinFree: -1}); err != nil {
		b.t.Fatal(err)
	}
	if b.dir, err = tenancy.Open(context.Background(), filepath.Join(b.data, "postroom.db"), b.store, tenancy.Options{Every: time.Hour}); err != nil {
		b.t.Fatal(err)
	}
	b.hooks = New(Config{Client: &http.Client{Transport: b}, Body: b.body}, b.dir, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	keep, cancelKeep := context.WithCancel(context.Background())
	var running, keeping sync.WaitGroup
	running.Go(func() { b.hooks.Run(ctx) })
	keeping.Go(func() { b.dir.Relay(keep) })
	b.stop = func() {
		cancel()
		running.Wait()
		cancelKeep()
		keeping.Wait()
		b.dir.Close()
		b.store.Close()
		b.stop = func() {}
	}
}

func (b *bed) restart() {
	b.t.Helper()
	b.stop()
	b.start()
}

func (b *bed) body(_ context.Context, _ tenancy.Endpoint, l journal.Line) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unable != nil {
		return nil, b.unable
	}
	return json.Marshal(map[string]any{"id": l.ID, "type": l.Type, "data": l.Data})
}

// RoundTrip gives a request to the endpoint of its host; one that is not there does not answer.
func (b *bed) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	var e struct {
		ID, Type string
		Data     struct{ Envelope struct{ Subject string } }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	got := received{host: r.URL.Host, id: e.ID, what: e.Data.Envelope.Subject, at: time.Now(), header: r.Header, ctx: r.Context()}
	if got.what == "" {
		got.what = e.Type
	}
	b.mu.Lock()
	b.got = append(b.got, got)
	b.running[got.host]++
	b.most[got.host] = max(b.most[got.host], b.running[got.host])
	endpoint := b.endpoints[got.host]
	b.mu.Unlock()
	defer func() { b.mu.Lock(); b.running[got.host]--; b.mu.Unlock() }()
	if endpoint == nil {
		endpoint = hangs
	}
	if res := endpoint(got); res != nil {
		return res, nil
	}
	return nil, r.Context().Err()
}

// respond is an answer with a status, and names and values of its header.
func respond(status int, header ...string) *http.Response {
	res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(fmt.Sprintf("answer %d", status)))}
	for i := 0; i+1 < len(header); i += 2 {
		res.Header.Set(header[i], header[i+1])
	}
	return res
}

func hangs(r received) *http.Response {
	<-r.ctx.Done()
	return nil
}

func answers(status int, header ...string) func(received) *http.Response {
	return func(received) *http.Response { return respond(status, header...) }
}

// takes answers when so much time has passed.
func takes(long time.Duration, status int) func(received) *http.Response {
	return func(received) *http.Response {
		time.Sleep(long) // of the bubble's time
		return respond(status)
	}
}

// serves has a host answer so from now on.
func (b *bed) serves(host string, f func(received) *http.Response) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endpoints[host] = f
}

// hooked is a workspace with a webhook whose endpoint answers so.
func (b *bed) hooked(f func(received) *http.Response, change ...func(*tenancy.NewWebhook)) (space, tenancy.WebhookID) {
	b.t.Helper()
	b.serves("hook.example", f)
	s := b.space("a")
	return s, s.hook("hook.example", change...)
}

// received is what a host got: subjects of messages, or types.
func (b *bed) received(host string) (list []string) {
	for _, r := range b.requests(host) {
		list = append(list, r.what)
	}
	return list
}

func (b *bed) requests(host string) (list []received) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.got {
		if r.host == host {
			list = append(list, r)
		}
	}
	return list
}

// settle waits until all that can be done without time passing is done, and a moment for those who look now and then.
func (b *bed) settle() {
	synctest.Wait()
	time.Sleep(100 * time.Millisecond) // of the bubble's time
	synctest.Wait()
}

// space is a workspace with an inbox.
type space struct {
	*bed
	id    mailstore.WorkspaceID
	inbox mailstore.InboxID
	more  mailstore.InboxID
}

func (b *bed) space(name string) space {
	b.t.Helper()
	op := b.dir.Operator()
	ws, err := op.CreateWorkspace(b.t.Context(), tenancy.NewWorkspace{Name: name})
	if err == nil {
		_, _, err = op.CreateDomain(b.t.Context(), ws.ID, tenancy.NewDomain{Domain: name + ".example"})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	s := space{bed: b, id: ws.ID}
	for username, id := range map[string]*mailstore.InboxID{"one": &s.inbox, "two": &s.more} {
		in, _, _, err := op.CreateInbox(b.t.Context(), ws.ID, tenancy.NewInbox{Username: username, Domain: name + ".example"})
		if err != nil {
			b.t.Fatal(err)
		}
		*id = in.ID
	}
	return s
}

// hook makes a webhook for messages and waits until it has begun.
func (s space) hook(host string, change ...func(*tenancy.NewWebhook)) tenancy.WebhookID {
	s.t.Helper()
	n := tenancy.NewWebhook{URL: "https://" + host + "/", EventTypes: []string{"message.received"}}
	for _, f := range change {
		f(&n)
	}
	w, _, err := s.dir.Operator().CreateWebhook(s.t.Context(), s.id, n)
	if err != nil {
		s.t.Fatal(err)
	}
	s.settle()
	return w.ID
}

func (s space) deliver(in mailstore.InboxID, subject string) {
	s.t.Helper()
	box, err := s.dir.Operator().Mail(s.t.Context(), s.id, string(in), tenancy.Read)
	if err != nil {
		s.t.Fatal(err)
	}
	sp := mailstore.NewSpool(box)
	defer sp.Close()
	io.WriteString(sp, "From: a@b.example\r\nSubject: "+subject+"\r\n\r\nx\r\n")
	receipt, err := mailstore.Deliver(s.t.Context(), mailstore.Arrival{Sender: "a@b.example", Spool: sp, To: []mailstore.Recipient{{Inbox: box, Address: "x@d"}}})
	if err != nil {
		s.t.Fatal(err)
	}
	receipt.Confirm()
}

func (s space) log(id tenancy.WebhookID) []mailstore.Dispatch {
	s.t.Helper()
	list, _, err := s.dir.Following(s.id).Dispatches(s.t.Context(), string(id), mailstore.DispatchFilter{}, "", 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// enable has a webhook enabled or disabled.
func (s space) enable(id tenancy.WebhookID, enabled bool) {
	s.t.Helper()
	if _, err := s.dir.Operator().UpdateWebhook(s.t.Context(), s.id, id, tenancy.WebhookChange{Enabled: &enabled}); err != nil {
		s.t.Fatal(err)
	}
	s.settle()
}

func (s space) webhook(id tenancy.WebhookID) tenancy.Webhook {
	s.t.Helper()
	w, err := s.dir.Operator().Webhook(s.t.Context(), s.id, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}
