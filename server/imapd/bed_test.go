package imapd

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
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

const (
	testHost = "imap.postroom.example"
	patience = 30 * time.Second // for what takes milliseconds on an idle machine
)

// bed is a server over real stores: ann and bob live at example.com in one workspace, cat at example.net in another.
type bed struct {
	t         testing.TB
	store     *mailstore.Store
	data      string
	dir       *tenancy.Directory
	cfg       Config
	server    *Server
	addr      string // where it listens
	logs      *lines
	stop      context.CancelFunc
	ended     chan error                       // what Serve returned
	homes     map[string]mailstore.WorkspaceID // by domain
	passwords map[string]string                // by address
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

// newBed makes the stores and serves on a port of its own until the test ends; change may alter the configuration.
func newBed(t testing.TB, change func(*Config)) *bed {
	t.Helper()
	b := &bed{
		t: t, data: t.TempDir(), logs: &lines{}, homes: map[string]mailstore.WorkspaceID{}, passwords: map[string]string{},
		cfg: Config{Hostname: testHost, Version: "test"},
	}
	if change != nil {
		change(&b.cfg)
	}
	var err error
	b.store, err = mailstore.Open(b.data, mailstore.Options{MinFree: -1, Log: slog.New(slog.NewTextHandler(b.logs, nil))})
	b.must(err)
	b.dir, err = tenancy.Open(t.Context(), filepath.Join(b.data, "postroom.db"), b.store, tenancy.Options{})
	b.must(err)
	t.Cleanup(func() {
		b.must(b.dir.Close())
		b.must(b.store.Close())
	})
	b.workspace("example.com", "ann", "bob")
	b.workspace("example.net", "cat")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	b.addr = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	b.server = New(b.cfg, b.dir, slog.New(slog.NewTextHandler(b.logs, nil)))
	b.stop, b.ended = stop, make(chan error, 1)
	go func() { b.ended <- b.server.Serve(ctx, l, false) }()
	t.Cleanup(func() {
		stop()
		b.must(<-b.ended)
		if t.Failed() {
			t.Logf("log of the server:\n%s", b.logs)
		}
		if strings.Contains(b.logs.String(), "panic") {
			t.Errorf("the server panicked:\n%s", b.logs)
		}
	})
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
		b.passwords[u+"@"+domain] = password
	}
}

// key makes an API key of an inbox with some permissions.
func (b *bed) key(address string, permissions ...string) string {
	b.t.Helper()
	_, domain, _ := strings.Cut(address, "@")
	op := b.dir.Operator()
	ws := b.homes[domain]
	_, secret, err := op.CreateKey(b.t.Context(), tenancy.KeyOwner{Workspace: ws, Inbox: address}, tenancy.NewKey{Name: "test", Permissions: permissions})
	b.must(err)
	return secret
}

// inbox is the store's side of an address, as the API has it.
func (b *bed) inbox(address string) mailstore.Inbox {
	b.t.Helper()
	_, domain, _ := strings.Cut(address, "@")
	in, err := b.dir.Operator().Mail(b.t.Context(), b.homes[domain], address, tenancy.MessagesRead)
	b.must(err)
	return in
}

// deliver has a message come in, as SMTP does.
func (b *bed) deliver(address, raw string) mailstore.MessageID {
	b.t.Helper()
	in := b.inbox(address)
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	_, err := io.WriteString(sp, raw)
	b.must(err)
	r, err := mailstore.Deliver(b.t.Context(), mailstore.Arrival{Sender: "a@elsewhere.example", Spool: sp, To: []mailstore.Recipient{{Inbox: in, Address: address}}})
	b.must(err)
	r.Confirm()
	return r.IDs()[0]
}

// client speaks to the server line by line.
type client struct {
	*bed
	conn net.Conn
	in   *bufio.Reader
	tags int
}

func (b *bed) dial() *client {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr)
	b.must(err)
	b.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &client{bed: b, conn: conn, in: bufio.NewReader(conn)}
}

// login is a client that has read the greeting and logged in with the inbox's password.
func (b *bed) login(address string) *client {
	b.t.Helper()
	c := b.dial()
	c.line()
	c.ok("LOGIN " + address + " " + b.passwords[address])
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

var literalAtEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)

// line reads one answer with its literals and without its end; "" if the connection is closed.
func (c *client) line() string {
	c.t.Helper()
	var whole string
	for {
		part, err := c.in.ReadString('\n')
		whole += part
		if err != nil {
			if err != io.EOF && !strings.Contains(err.Error(), "reset") {
				c.t.Fatalf("after %q: %v", whole, err)
			}
			return whole
		}
		m := literalAtEnd.FindStringSubmatch(part)
		if m == nil {
			return strings.TrimSuffix(whole, "\r\n")
		}
		n, _ := strconv.Atoi(m[1])
		octets := make([]byte, n)
		if _, err := io.ReadFull(c.in, octets); err != nil {
			c.t.Fatalf("in a literal of %q: %v", whole, err)
		}
		whole += string(octets)
	}
}

// do sends a command and gives all untagged answers and the tagged one without its tag.
func (c *client) do(command string) (untagged []string, tagged string) {
	c.t.Helper()
	c.tags++
	tag := fmt.Sprint("a", c.tags)
	c.send(tag + " " + command + "\r\n")
	return c.answers(tag)
}

func (c *client) answers(tag string) (untagged []string, tagged string) {
	c.t.Helper()
	for {
		line := c.line()
		if line == "" {
			c.t.Fatalf("the server closed the connection; it had said %q", untagged)
		}
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			return untagged, rest
		}
		untagged = append(untagged, line)
	}
}

// ok is do for what must succeed.
func (c *client) ok(command string) []string {
	c.t.Helper()
	untagged, tagged := c.do(command)
	if !strings.HasPrefix(tagged, "OK") {
		c.t.Fatalf("%s: %s", command, tagged)
	}
	return untagged
}

// want is do for what must be answered with a beginning.
func (c *client) want(command, beginning string) []string {
	c.t.Helper()
	untagged, tagged := c.do(command)
	if !strings.HasPrefix(tagged, beginning) {
		c.t.Fatalf("%s: %s; want %s", command, tagged, beginning)
	}
	return untagged
}

// append puts a message into a mailbox and gives the tagged answer.
func (c *client) append(mailbox, flags, raw string) string {
	c.t.Helper()
	c.tags++
	tag := fmt.Sprint("a", c.tags)
	if flags != "" {
		flags = "(" + flags + ") "
	}
	c.send(fmt.Sprintf("%s APPEND %s %s{%d+}\r\n%s\r\n", tag, mailbox, flags, len(raw), raw))
	_, tagged := c.answers(tag)
	return tagged
}

// mail is a small message.
func mail(subject, text string) string {
	return "From: Ann <ann@elsewhere.example>\r\nTo: me@example.com\r\nSubject: " + subject + "\r\nMessage-ID: <" +
		strings.ReplaceAll(subject, " ", ".") + "@elsewhere.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\n" + text + "\r\n"
}

var testCertificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: testHost}, DNSNames: []string{testHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

func testTLS() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{testCertificate()}} }

// startTLS does the client's side of the handshake.
func (c *client) startTLS() {
	c.t.Helper()
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}) // the certificate is made above
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
}
