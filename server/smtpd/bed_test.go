package smtpd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

const testHost = "mx.postroom.example"

// bed is a server over real stores: ann, bob and jürgen live at example.com in one workspace, cat at example.net in another.
type bed struct {
	t        testing.TB
	data     string
	store    *mailstore.Store
	dir      *tenancy.Directory
	closed   bool // the directory is, by a test
	cfg      Config
	addr     string // where it listens
	logs     *lines
	implicit bool       // TLS comes first
	ended    chan error // what Serve returned
	stop     context.CancelFunc
	held     func() int                       // connections
	records  func()                           // writes what waits to be recorded
	homes    map[string]mailstore.WorkspaceID // by domain
	secrets  map[string]string                // "password:ADDRESS" and "key:NAME"
	keys     map[string]tenancy.KeyID         // by name
}

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// newBed makes the stores; change may alter the configuration.
func newBed(t testing.TB, change func(*Config)) *bed {
	t.Helper()
	b := newEmptyBed(t, change, mailstore.Options{MinFree: -1})
	b.workspace("example.com", "ann", "bob", "jürgen")
	b.workspace("example.net", "cat")
	return b
}

func newEmptyBed(t testing.TB, change func(*Config), opts mailstore.Options) *bed {
	t.Helper()
	b := &bed{t: t, data: t.TempDir(), logs: &lines{}, homes: map[string]mailstore.WorkspaceID{}, secrets: map[string]string{}, keys: map[string]tenancy.KeyID{}, cfg: Config{Hostname: testHost}}
	if change != nil {
		change(&b.cfg)
	}
	store, err := mailstore.Open(b.data, opts)
	b.must(err)
	dir, err := tenancy.Open(t.Context(), filepath.Join(b.data, "postroom.db"), store, tenancy.Options{})
	b.must(err)
	t.Cleanup(func() {
		if !b.closed {
			b.must(dir.Close())
		}
		b.must(store.Close())
	})
	b.store, b.dir = store, dir
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) workspace(domain string, users ...string) {
	b.t.Helper()
	op := b.dir.Operator()
	ws, err := op.CreateWorkspace(b.t.Context(), tenancy.NewWorkspace{Name: domain})
	b.must(err)
	b.homes[domain] = ws.ID
	_, _, err = op.CreateDomain(b.t.Context(), ws.ID, tenancy.NewDomain{Domain: domain})
	b.must(err)
	for _, u := range users {
		_, password, _, err := op.CreateInbox(b.t.Context(), ws.ID, tenancy.NewInbox{Username: u, Domain: domain})
		b.must(err)
		b.secrets["password:"+u+"@"+domain] = password
	}
}

// listen serves on a port of its own until the test ends.
func (b *bed) listen() *bed {
	b.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	b.addr = l.Addr().String()
	b.serve(l)
	b.t.Cleanup(func() { b.must(b.shutdown()) })
	return b
}

func (b *bed) serve(l net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	s := New(b.cfg, b.dir, slog.New(slog.NewTextHandler(b.logs, nil)))
	b.stop, b.ended = stop, make(chan error, 1)
	b.held, b.records = s.gate.Inside, s.records.write
	ended := b.ended
	go func() { ended <- s.Serve(ctx, l, b.implicit) }()
}

// shutdown stops the server and waits for its end.
func (b *bed) shutdown() error {
	b.stop()
	if b.ended == nil {
		return nil
	}
	err := <-b.ended
	b.ended = nil
	return err
}

// mail is all messages that an address holds, oldest first.
func (b *bed) mail(address string) []string {
	b.t.Helper()
	ctx := context.Background()
	in := b.inbox(address)
	list, _, err := in.Messages(ctx, mailstore.MessageFilter{}, nil, 100)
	b.must(err)
	var raw []string
	for i := len(list) - 1; i >= 0; i-- {
		r, size, err := in.Raw(ctx, list[i].ID)
		b.must(err)
		text, err := io.ReadAll(r)
		b.must(err)
		b.must(r.Close())
		if int64(len(text)) != size || list[i].Size != size {
			b.t.Errorf("sizes differ: read %d, raw %d, listed %d", len(text), size, list[i].Size)
		}
		raw = append(raw, string(text))
	}
	return raw
}

func (b *bed) home(address string) mailstore.WorkspaceID {
	return b.homes[address[strings.LastIndexByte(address, '@')+1:]]
}

func (b *bed) inbox(address string) mailstore.Inbox {
	b.t.Helper()
	in, err := b.dir.Operator().Mail(context.Background(), b.home(address), address, tenancy.MessagesRead)
	b.must(err)
	return in
}

// client is the other end of a conversation.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (b *bed) dial() *client {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr)
	b.must(err)
	conn.SetDeadline(time.Now().Add(time.Minute)) // a test that hangs fails
	return newClient(b.t, conn)
}

// send writes as it is.
func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.t.Fatalf("send %.60q: %v", s, err)
	}
}

// line reads one line without its end.
func (c *client) line() string {
	c.t.Helper()
	s, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read a reply: %v (got %q)", err, s)
	}
	if !strings.HasSuffix(s, "\r\n") {
		c.t.Errorf("reply %q does not end in CRLF", s)
	}
	return strings.TrimRight(s, "\r\n")
}

// reply reads a whole reply and gives its last line.
func (c *client) reply() string {
	c.t.Helper()
	for {
		if s := c.line(); len(s) < 4 || s[3] != '-' {
			return s
		}
	}
}

// want reads a reply, which must begin so.
func (c *client) want(prefix string) string {
	c.t.Helper()
	s := c.reply()
	if !strings.HasPrefix(s, prefix) {
		c.t.Fatalf("reply %q, want %q", s, prefix)
	}
	return s
}

// do sends a command and wants a reply.
func (c *client) do(command, prefix string) string {
	c.t.Helper()
	c.send(command + "\r\n")
	return c.want(prefix)
}

// hello begins a session.
func (c *client) hello() *client {
	c.t.Helper()
	c.want("220 ")
	c.do("EHLO client.example", "250 ")
	return c
}

// envelope begins a transaction.
func (c *client) envelope(from string, to ...string) {
	c.t.Helper()
	c.do("MAIL FROM:<"+from+">", "250 ")
	for _, r := range to {
		c.do("RCPT TO:<"+r+">", "250 ")
	}
}

// closed wants the end of the connection and nothing before it.
func (c *client) closed() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); len(rest) > 0 || isTimeout(err) {
		c.t.Errorf("connection is not closed: %q, %v", rest, err)
	}
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}

// startTLS puts TLS over the connection.
func (c *client) startTLS() {
	c.t.Helper()
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	if err := conn.Handshake(); err != nil {
		c.t.Fatalf("handshake: %v", err)
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
}

// secure begins the session anew under TLS.
func (c *client) secure() {
	c.t.Helper()
	c.do("STARTTLS", "220 ")
	c.startTLS()
	c.do("EHLO client.example", "250 ")
}

// testTLS is a certificate that was made for one run.
var testTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: testHost}, DNSNames: []string{testHost},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})
