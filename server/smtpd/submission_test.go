package smtpd

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

const ownText = "From: ann@example.com\r\nSubject: mine\r\n\r\ntext\r\n"

// submissions changes a configuration to that of a submission server on this machine.
func submissions(c *Config) { c.Submission, c.AllowPlainOnLoopback = true, true }

func plain(user, password string) string {
	return "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password))
}

// logIn begins a session as an inbox.
func (b *bed) logIn(c *client, address string) *client {
	b.t.Helper()
	c.hello()
	c.do(plain(address, b.secrets["password:"+address]), "235 ")
	return c
}

// pass sends a message from ann and wants a reply.
func (c *client) pass(want string) string {
	c.t.Helper()
	c.envelope("ann@example.com", "x@elsewhere.example")
	c.do("DATA", "354 ")
	c.send(ownText)
	return c.do(".", want)
}

// dialNear connects from this machine in memory.
func (p *pipes) dialNear(t *testing.T) *client {
	ours, theirs := net.Pipe()
	p.conns <- nearby{theirs, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	return newClient(t, ours)
}

func TestNobodySendsAsAnotherInbox(t *testing.T) {
	b := newBed(t, submissions).listen()
	addresses := []string{"ann@example.com", "bob@example.com", "cat@example.net"}
	for _, who := range addresses {
		for _, as := range addresses {
			c := b.logIn(b.dial(), who)
			want := "550 5.7.1"
			if who == as {
				want = "250 "
			}
			c.do("MAIL FROM:<"+as+">", want)
			c.do("RSET", "250 ")
			c.envelope(who, "x@elsewhere.example")
			c.do("DATA", "354 ")
			c.send("From: " + as + "\r\n\r\n")
			c.do(".", want)
			c.do("QUIT", "221 ")
		}
	}
	for _, who := range addresses {
		if mail := b.mail(who); len(mail) != 1 || !strings.HasSuffix(mail[0], "\r\nFrom: "+who+"\r\n\r\n") {
			t.Errorf("%s has sent %q", who, mail)
		}
	}
}

func TestAnswerNamesTheMessageThatWaitsToLeave(t *testing.T) {
	b := newBed(t, submissions).listen()
	_, err := b.dir.Operator().UpdateInbox(t.Context(), b.homes["example.com"], "ann@example.com", tenancy.InboxChange{UndoSeconds: new(int(600))})
	b.must(err)
	c := b.logIn(b.dial(), "ann@example.com")
	begin := time.Now()
	id := mailstore.MessageID(strings.TrimPrefix(c.pass("250 2.0.0 queued as "), "250 2.0.0 queued as "))
	list, err := b.inbox("ann@example.com").Delivery(t.Context(), id)
	b.must(err)
	if len(list) != 1 || list[0].Status != mailstore.Queued || list[0].Sender != "ann@example.com" || list[0].Recipient != "x@elsewhere.example" {
		t.Fatalf("the outbox has %+v", list)
	}
	if wait := list[0].DueAt.Sub(begin); wait < 599*time.Second || wait > 700*time.Second {
		t.Errorf("it waits for %v, want the inbox's undo window", wait)
	}
	entries, _, err := b.store.Workspace(b.homes["example.com"]).Outbox().Entries(t.Context(), mailstore.QueueFilter{Message: id, Waiting: true}, 0, 0)
	b.must(err)
	if len(entries) != 1 {
		t.Errorf("%d entries wait", len(entries))
	}
}

func TestEachMessageIsAccountedFor(t *testing.T) {
	b := newBed(t, submissions).listen()
	c := b.logIn(b.dial(), "ann@example.com")
	for range 3 { // the same bytes: a client that asks twice sends twice (RFC 5321, 4.2.5)
		c.pass("250 2.0.0")
	}
	c.conn.Close()
	b.until(func() bool { return strings.Contains(b.logs.String(), "session ended") })
	if n := len(b.mail("ann@example.com")); n != 3 {
		t.Errorf("%d messages in Sent", n)
	}
	if log := b.logs.String(); !strings.Contains(log, "messages=3") {
		t.Errorf("log:\n%s", log)
	}
}

func TestLogTellsWhoAndNoSecret(t *testing.T) {
	b := newBed(t, submissions).listen()
	password := b.secrets["password:ann@example.com"]
	c := b.dial().hello()
	c.do(plain("ann@example.com", "wrong-password"), "535 ")
	c.do(plain("typed-my-password-here", "x"), "535 ")
	c.do("AUTH LOGIN", "334 ")
	c.do(base64.StdEncoding.EncodeToString([]byte("ann@example.com")), "334 ")
	c.do(base64.StdEncoding.EncodeToString([]byte(password)), "235 ")
	c.pass("250 ")
	c.do("QUIT", "221 ")
	b.until(func() bool { return strings.Contains(b.logs.String(), "session ended") })
	log := b.logs.String()
	for _, secret := range []string{password, base64.StdEncoding.EncodeToString([]byte(password)), "wrong-password", "typed-my-password-here", "AUTH"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
	for _, want := range []string{"workspace=" + string(b.homes["example.com"]), "inbox=inb_", "login failed", "submission queued", "message=msg_"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log:\n%s", want, log)
		}
	}
}

func TestLogForgetsWhoLoggedInBeforeTLS(t *testing.T) {
	b := newBed(t, func(c *Config) { submissions(c); c.TLS = testTLS() }).listen()
	c := b.logIn(b.dial(), "ann@example.com")
	c.secure()
	c.do("QUIT", "221 ")
	b.until(func() bool { return strings.Contains(b.logs.String(), "session ended") })
	if _, end, _ := strings.Cut(b.logs.String(), "session ended"); strings.Contains(end, "inbox=") {
		t.Errorf("log:\n%s", b.logs)
	}
}

func TestRefusalsDoNotTellWhoExists(t *testing.T) {
	b := newBed(t, submissions).listen()
	said := map[string]bool{}
	for _, user := range []string{"ann@example.com", "nobody@example.com", "x@unknown.example", "", "ann", "\xff"} {
		said[b.dial().hello().do(plain(user, "wrong"), "535 5.7.8")] = true
	}
	if len(said) != 1 {
		t.Errorf("answers differ: %v", said)
	}
}

func TestLoginHasADeadline(t *testing.T) {
	inBubble(t, submissions, func(t *testing.T, b *bed, p *pipes) {
		c := p.dialNear(t).hello()
		begin := time.Now()
		for range 4 {
			time.Sleep(time.Minute)
			c.do("NOOP", "250 ")
		}
		c.do("AUTH LOGIN", "334 ")
		c.want("421 4.4.2")
		c.closed()
		if took := time.Since(begin); took != DefaultLoginTimeout {
			t.Errorf("cut off after %v", took)
		}
		c = b.logIn(p.dialNear(t), "ann@example.com")
		time.Sleep(DefaultIdleTimeout - time.Second)
		c.do("NOOP", "250 ")
		time.Sleep(DefaultIdleTimeout - time.Second)
		c.do("NOOP", "250 ")
		c.do("QUIT", "221 ")
	})
}

func TestImplicitHandshakeHasADeadlineAndSaysNothingInTheOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, func(c *Config) { submissions(c); c.TLS = testTLS() })
		b.implicit = true
		p := newPipes()
		b.serve(p)
		c := p.dialNear(t)
		begin := time.Now()
		c.closed()
		if took := time.Since(begin); took != DefaultHandshakeTimeout {
			t.Errorf("waited for %v", took)
		}
		late := p.dialNear(t)
		synctest.Wait()
		b.must(b.shutdown()) // a handshake that waits gives way
		late.closed()
	})
}

func TestImplicitTLSTurnsAwayInSilence(t *testing.T) {
	b := newBed(t, func(c *Config) { submissions(c); c.TLS, c.MaxConnectionsPerSource = testTLS(), 1 })
	b.implicit = true
	b.listen()
	first := b.dial()
	first.startTLS()
	first.hello()
	b.dial().closed()
	first.do("NOOP", "250 ")
}

func TestImplicitTLSNeedsACertificate(t *testing.T) {
	b := newBed(t, submissions)
	b.implicit = true
	p := newPipes()
	b.serve(p)
	if err := <-b.ended; err == nil || !strings.Contains(err.Error(), "needs a certificate") {
		t.Errorf("Serve gave %v", err)
	}
	if _, err := p.Accept(); err == nil {
		t.Error("the listener is open")
	}
}

func TestOneServerServesBothPorts(t *testing.T) {
	b := newBed(t, func(c *Config) { submissions(c); c.TLS, c.MaxConnectionsPerSource = testTLS(), 2 })
	open, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	s := New(b.cfg, b.dir, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- s.Serve(ctx, open, false) }()
	go func() { ended <- s.Serve(ctx, closed, true) }()

	b.addr = closed.Addr().String()
	implicit := b.dial()
	implicit.startTLS()
	b.logIn(implicit, "ann@example.com").pass("250 2.0.0")
	b.addr = open.Addr().String()
	explicit := b.dial().hello()
	explicit.secure()
	explicit.do(plain("ann@example.com", b.secrets["password:ann@example.com"]), "235 ")
	explicit.pass("250 2.0.0")
	b.dial().want("421 4.7.0 too many connections")

	stop()
	for range 2 {
		b.must(<-ended)
	}
	for _, c := range []*client{implicit, explicit} {
		c.want("421 4.3.2")
		c.closed()
	}
}

func TestPlainTextLoginIsForThisMachineOnly(t *testing.T) {
	for remote, want := range map[string]bool{"127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true, "192.0.2.1": false, "10.0.0.1": false, "fe80::1": false} {
		f := front{link: &link{run: &run{Server: &Server{cfg: Config{Submission: true, AllowPlainOnLoopback: true}}}, ip: netip.MustParseAddr(remote).Unmap()}}
		if f.offersLogin() != want {
			t.Errorf("%s: want %v", remote, want)
		}
		f.link.run.cfg.AllowPlainOnLoopback = false
		if f.offersLogin() {
			t.Errorf("%s may log in without TLS", remote)
		}
		f.link.tls = &tls.ConnectionState{}
		if !f.offersLogin() {
			t.Errorf("%s may not log in under TLS", remote)
		}
	}
}

func TestDirectoryThatDoesNotAnswerIsTemporary(t *testing.T) {
	b := newBed(t, submissions).listen()
	c := b.logIn(b.dial(), "ann@example.com")
	other := b.dial().hello()
	b.must(b.dir.Close())
	b.closed = true
	if got, want := other.do(plain("ann@example.com", "x"), "454 "), "454 4.7.0 logging in is not possible now; try again later"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := c.do("MAIL FROM:<ann@example.com>", "451 4.3.0"); strings.Contains(got, "sql") {
		t.Errorf("inner text: %q", got)
	}
	c.do("NOOP", "250 ")
}

func TestBrokenOutboxIsTemporaryAndTellsNothing(t *testing.T) {
	b := newBed(t, submissions).listen()
	c := b.logIn(b.dial(), "ann@example.com")
	home := filepath.Join(b.data, "workspaces", string(b.homes["example.com"]))
	b.must(os.RemoveAll(home))
	b.must(os.WriteFile(home, []byte("not a directory"), 0o600))
	c.do("MAIL FROM:<ann@example.com>", "250 ")
	if got, want := c.do("RCPT TO:<x@elsewhere.example>", "451 "), "451 4.3.0 not available now; try again later"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.do("NOOP", "250 ")
}

func TestFullStorageRefusesASubmissionForNow(t *testing.T) {
	b := newEmptyBed(t, submissions, mailstore.Options{MinFree: 1 << 62})
	b.workspace("example.com", "ann")
	b.listen()
	c := b.logIn(b.dial(), "ann@example.com")
	if got, want := c.pass("452 "), "452 4.3.1 the server's storage is full; try again later"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.do("NOOP", "250 ")
}

func TestPanicInALoginEndsOneSessionOnly(t *testing.T) {
	b := newBed(t, submissions)
	working := b.dir
	b.dir = nil // every login panics
	b.listen()
	b.dir = working
	other := b.dial().hello()
	c := b.dial().hello()
	c.do(plain("ann@example.com", "x"), "421 4.3.0 internal error")
	c.closed()
	other.do("NOOP", "250 ")
}

func TestHalfASubmissionIsNotSent(t *testing.T) {
	b := newBed(t, submissions).listen()
	for _, half := range []string{"DATA\r\n" + ownText, "DATA\r\n" + ownText + ".", "BDAT 400 LAST\r\n" + ownText, fmt.Sprintf("BDAT %d LAST\r\n%s", len(ownText)+1, ownText), "BDAT 400 LAST\r\n", "BDAT 21\r\nFrom: ann@example.com", "BDAT 0\r\n"} {
		c := b.logIn(b.dial(), "ann@example.com")
		c.envelope("ann@example.com", "x@elsewhere.example")
		c.send(half)
		c.conn.Close()
	}
	b.must(b.shutdown()) // each session has come to its end
	if n := len(b.mail("ann@example.com")); n != 0 {
		t.Errorf("%d halves were sent", n)
	}
	if log := b.logs.String(); strings.Contains(log, "panic") {
		t.Errorf("log:\n%s", log)
	}
}

func TestLargeMessageIsSubmittedOverTLS(t *testing.T) {
	b := newBed(t, func(c *Config) { submissions(c); c.TLS = testTLS() }).listen()
	c := b.dial().hello()
	c.secure()
	c.do(plain("ann@example.com", b.secrets["password:ann@example.com"]), "235 ")
	text := ownText + strings.Repeat("0123456789abcdef\r\n", 100_000)
	c.envelope("ann@example.com", "x@elsewhere.example")
	c.do("DATA", "354 ")
	c.send(text)
	c.do(".", "250 2.0.0")
	if mail := b.mail("ann@example.com"); len(mail) != 1 || !strings.HasSuffix(mail[0], "\r\n"+text) {
		t.Errorf("%d messages, or not these bytes", len(mail))
	}
}

func TestPhrasesReadAsRepliesDo(t *testing.T) {
	for in, want := range map[string]string{"": "", "X": "x", "The message has none.": "the message has none"} {
		if got := phrase(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
