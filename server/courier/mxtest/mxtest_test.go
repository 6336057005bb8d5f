package mxtest_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// The client is the standard library's.

func dial(t *testing.T, s *mxtest.Server) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(c *smtp.Client, sender, rcpt, body string) error {
	if err := c.Mail(sender); err != nil {
		return err
	}
	if err := c.Rcpt(rcpt); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, body); err != nil {
		return err
	}
	return w.Close()
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	if e, ok := errors.AsType[*textproto.Error](err); !ok || e.Code != code {
		t.Errorf("%v; want %d", err, code)
	}
}

func TestATakenMessageIsRecordedWithItsEnvelope(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Offered, MaxSize: 1000})
	c := dial(t, s)
	if err := c.Hello("client.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.StartTLS(&tls.Config{ServerName: "mx.test", RootCAs: s.Roots()}); err != nil {
		t.Fatal(err)
	}
	if ok, size := c.Extension("SIZE"); !ok || size != "1000" {
		t.Errorf("SIZE %q", size)
	}
	if err := send(c, "ann@a.example", "bob@b.example", "Subject: x\r\n\r\n.dot\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	x := got[0]
	if x.Hello != "client.example" || x.Sender != "ann@a.example" || !slices.Equal(x.Recipients, []string{"bob@b.example"}) ||
		string(x.Body) != "Subject: x\r\n\r\n.dot\r\n" || !x.TLS || x.ServerName != "mx.test" || x.Conn != 1 || !x.Remote.IsLoopback() || x.Params != "BODY=8BITMIME" {
		t.Errorf("%+v", x)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
}

func TestEachCertificateFailsInItsWay(t *testing.T) {
	for kind, want := range map[mxtest.Certificate]string{
		mxtest.Valid: "", mxtest.Expired: "expired", mxtest.WrongName: "wrong.test", mxtest.Untrusted: "unknown authority",
	} {
		s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Offered, Certificate: kind})
		err := dial(t, s).StartTLS(&tls.Config{ServerName: "mx.test", RootCAs: s.Roots()})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d: %v; want %q", kind, err, want)
		}
	}
}

func TestTLSIsRequiredRefusedOrFails(t *testing.T) {
	wantCode(t, dial(t, mxtest.Start(t, mxtest.Options{TLS: mxtest.Required})).Mail("a@a.example"), 530)
	wantCode(t, dial(t, mxtest.Start(t, mxtest.Options{TLS: mxtest.Refused})).StartTLS(&tls.Config{}), 454)
	s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Offered, HandshakeFails: true})
	if err := dial(t, s).StartTLS(&tls.Config{InsecureSkipVerify: true}); err == nil {
		t.Error("the handshake did not fail")
	}
	s = mxtest.Start(t, mxtest.Options{TLS: mxtest.Implicit})
	conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{ServerName: "mx.test", RootCAs: s.Roots()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if c, err := smtp.NewClient(conn, "mx.test"); err != nil || send(c, "a@a.example", "b@b.example", "x") != nil || !s.Transactions()[0].TLS {
		t.Error(err)
	}
}

func TestRepliesAreTheTests(t *testing.T) {
	o := mxtest.Options{
		Mail: func(sender string) string { return map[string]string{"bad@a.example": "550 5.7.1 no"}[sender] },
		Rcpt: func(_, rcpt string) string {
			return map[string]string{"gone@b.example": "550-5.1.1 no\n550 5.1.1 such user"}[rcpt]
		},
		Data: func(x mxtest.Transaction) string {
			return map[string]string{"nodata@b.example": "451 no"}[x.Recipients[0]]
		},
		Final: func(x mxtest.Transaction) string {
			return map[string]string{"spam@b.example": "554 spam", "queue@b.example": "250 queued"}[x.Recipients[0]]
		},
	}
	s := mxtest.Start(t, o)
	for to, code := range map[string]int{"gone@b.example": 550, "nodata@b.example": 451, "spam@b.example": 554} {
		wantCode(t, send(dial(t, s), "a@a.example", to, "x"), code)
	}
	wantCode(t, send(dial(t, s), "bad@a.example", "b@b.example", "x"), 550)
	if n := len(s.Transactions()); n != 0 {
		t.Errorf("%d were recorded", n)
	}
	if err := send(dial(t, s), "a@a.example", "queue@b.example", "x"); err != nil || len(s.Transactions()) != 1 {
		t.Error(err)
	}
}

func TestConnectionsAreDropped(t *testing.T) {
	body := strings.Repeat("0123456789\r\n", 1000)
	for name, c := range map[string]struct {
		o     mxtest.Options
		taken int
	}{
		"at MAIL":                {mxtest.Options{Mail: func(string) string { return mxtest.Drop }}, 0},
		"at RCPT":                {mxtest.Options{Rcpt: func(_, _ string) string { return mxtest.Drop }}, 0},
		"in the body":            {mxtest.Options{DropAfter: 5000}, 0},
		"at the end":             {mxtest.Options{Final: func(mxtest.Transaction) string { return mxtest.Drop }}, 0},
		"at the end, when taken": {mxtest.Options{Final: func(mxtest.Transaction) string { return mxtest.AcceptAndDrop }}, 1},
	} {
		s := mxtest.Start(t, c.o)
		if err := send(dial(t, s), "a@a.example", "b@b.example", body); err == nil {
			t.Errorf("%s: sent", name)
		}
		s.Close()
		if n := len(s.Transactions()); n != c.taken {
			t.Errorf("%s: %d were recorded", name, n)
		}
	}
}

func TestTooManyConnectionsAndMessagesGet421(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{MaxConns: 1, MaxMessages: 1})
	c := dial(t, s)
	_, err := smtp.Dial(s.Addr().String())
	wantCode(t, err, 421)
	if err := send(c, "a@a.example", "b@b.example", "x"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, send(c, "a@a.example", "b@b.example", "x"), 421)
	if total, _, most := s.Connections(); total != 2 || most != 2 {
		t.Errorf("%d connections, %d at a time", total, most)
	}
}

func TestAnotherGreetingTakesNothing(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{Greeting: "554 5.7.1 no"})
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "EHLO x\r\nQUIT\r\n")
	all, err := io.ReadAll(conn)
	if want := "554 5.7.1 no\r\n503 5.5.1 no service here\r\n221 2.0.0 bye\r\n"; string(all) != want {
		t.Errorf("%q, %v", all, err)
	}
}

func TestAHeldAnswerWaitsForTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		s := mxtest.Start(t, mxtest.Options{Pipes: true, Hold: func(e mxtest.Event) <-chan struct{} {
			if e.Verb == "FINAL" {
				return held
			}
			return nil
		}})
		conn := s.Pipe()
		defer conn.Close()
		c, err := smtp.NewClient(conn, "mx.test")
		if err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		go func() { sent <- send(c, "a@a.example", "b@b.example", "x") }()
		synctest.Wait()
		if len(sent) != 0 {
			t.Fatal("it was answered")
		}
		close(held)
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

func TestCloseEndsWhatIsHeld(t *testing.T) {
	reached := make(chan struct{})
	s := mxtest.Start(t, mxtest.Options{Hold: func(e mxtest.Event) <-chan struct{} {
		if e.Verb != "BODY" {
			return nil
		}
		close(reached)
		return make(chan struct{})
	}})
	c := dial(t, s)
	sent := make(chan error)
	go func() { sent <- send(c, "a@a.example", "b@b.example", "x") }()
	<-reached
	s.Close()
	if err := <-sent; err == nil {
		t.Error("sent")
	}
	if _, open, _ := s.Connections(); open != 0 {
		t.Errorf("%d connections are open", open)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAuthWantsTheRightPassword(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{Auth: func(user, password string) bool { return user == "ann" && password == "right" }})
	wantCode(t, dial(t, s).Mail("a@a.example"), 530)
	wantCode(t, dial(t, s).Auth(smtp.PlainAuth("", "ann", "wrong", "127.0.0.1")), 535)
	c := dial(t, s)
	if err := c.Auth(smtp.PlainAuth("", "ann", "right", "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := send(c, "a@a.example", "b@b.example", "x"); err != nil || s.Transactions()[0].User != "ann" {
		t.Error(err)
	}
}

func TestPipelinedCommandsAreAnsweredInOrderAndOnlyCRLFEndsABody(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{NoEHLO: true})
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "EHLO x\r\nHELO x\r\nMAIL FROM:<>\r\nRCPT TO:<\"a>\"@b>\r\nRCPT TO:<c@d\r\nDATA\r\na\n.\nb\n.\r\n..c\r\n.\r\nQUIT\r\n")
	in := bufio.NewReader(conn)
	for _, want := range []string{"220", "502", "250", "250", "250", "501", "354", "250", "221"} {
		if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
			t.Fatalf("%q, %v; want %s", line, err, want)
		}
	}
	if x := s.Transactions()[0]; string(x.Body) != "a\n.\nb\n.\r\n.c\r\n" || x.Recipients[0] != `"a>"@b` {
		t.Errorf("%q to %q", x.Body, x.Recipients)
	}
}
