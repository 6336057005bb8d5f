package smtpc_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/server/courier/smtpc"
)

func dial(t testing.TB, s *mxtest.Server, cfg smtpc.Config) (*smtpc.Client, error) {
	t.Helper()
	cfg.Hostname, cfg.ServerName = "client.example", "mx.test."
	cfg.TLSConfig = &tls.Config{RootCAs: s.Roots()}
	c, err := smtpc.Dial(t.Context(), smtpc.From(s.Addr().Addr()), s.Addr().String(), cfg)
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func TestRequiredWantsAValidCertificate(t *testing.T) {
	for kind, good := range map[mxtest.Certificate]bool{mxtest.Valid: true, mxtest.Expired: false, mxtest.WrongName: false, mxtest.Untrusted: false} {
		s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Required, Certificate: kind})
		c, err := dial(t, s, smtpc.Config{TLS: smtpc.Required})
		if good {
			if err != nil || !c.Verified() || c.TLS() == nil || c.Greeting().Code != 220 || c.Extensions().Name != "mx.test" {
				t.Errorf("%d: %v", kind, err)
			}
			continue
		}
		if err == nil {
			t.Fatalf("%d: connected", kind)
		}
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || stepOf(t, err).Step != smtpc.StepTLS {
			t.Errorf("%d: %v", kind, err)
		}
		if c, err := dial(t, s, smtpc.Config{}); err != nil || c.Verified() || c.TLS() == nil {
			t.Errorf("%d: opportunistic: %v", kind, err)
		}
	}
}

func TestACheckOfTheCallersReplacesOurs(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Offered, Certificate: mxtest.Untrusted})
	for _, want := range []error{nil, errors.New("not the key of the record")} {
		called := false
		cfg := smtpc.Config{Hostname: "client.example", ServerName: "mx.test", TLS: smtpc.Required, TLSConfig: &tls.Config{
			InsecureSkipVerify: true,
			VerifyConnection:   func(tls.ConnectionState) error { called = true; return want },
		}}
		c, err := smtpc.Dial(t.Context(), smtpc.From(s.Addr().Addr()), s.Addr().String(), cfg)
		if !errors.Is(err, want) || !called || (err == nil) != (want == nil) {
			t.Errorf("%v; want %v", err, want)
		}
		if err == nil {
			c.Close()
		}
	}
	cfg := smtpc.Config{Hostname: "client.example", ServerName: "mx.test", TLS: smtpc.Required, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	_, err := smtpc.Dial(t.Context(), smtpc.From(s.Addr().Addr()), s.Addr().String(), cfg)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("InsecureSkipVerify alone: %v", err)
	}
}

func TestAHandshakeThatFailsSaysSo(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Offered, HandshakeFails: true})
	_, err := dial(t, s, smtpc.Config{})
	if e := stepOf(t, err); e.Step != smtpc.StepTLS || e.Local {
		t.Error(err)
	}
	if c, err := dial(t, s, smtpc.Config{TLS: smtpc.Off}); err != nil || c.TLS() != nil {
		t.Errorf("without TLS: %v", err)
	}
}

func TestWhatIsSentArrivesOctetForOctet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, o := range []mxtest.Options{{}, {TLS: mxtest.Offered, NoPipelining: true}, {TLS: mxtest.Implicit}} {
		s := mxtest.Start(t, o)
		c, err := dial(t, s, smtpc.Config{ImplicitTLS: o.TLS == mxtest.Implicit})
		if err != nil {
			t.Fatal(err)
		}
		const n = 40
		for i := range n {
			body := randomBody(r, 1<<r.IntN(18))
			m := message(body, "bob@b.example")
			switch i % 3 {
			case 0:
				m.Body = iotest.OneByteReader(m.Body)
			case 1:
				m.Body = iotest.DataErrReader(iotest.HalfReader(m.Body))
			}
			out, err := c.Send(t.Context(), m)
			if err != nil || !out.Recipients[0].Accepted() || c.Sent() != i+1 {
				t.Fatalf("%+v, %v", out, err)
			}
			got := s.Transactions()[i]
			if string(got.Body) != body || got.TLS != (o.TLS != mxtest.NoTLS) || got.Hello != "client.example" {
				t.Fatalf("%d octets arrived as %d", len(body), len(got.Body))
			}
		}
		if err := c.Quit(t.Context()); err != nil || c.Reusable() {
			t.Error(err)
		}
	}
}

// randomBody is lines of dots, spaces and letters, some far longer than 998 octets.
func randomBody(r *rand.Rand, size int) string {
	var b strings.Builder
	for b.Len() < size {
		line := make([]byte, r.IntN(5)*r.IntN(1000))
		for i := range line {
			line[i] = "..ab \xe9"[r.IntN(6)]
		}
		b.Write(line)
		b.WriteString("\r\n")
	}
	return b.String()
}

func TestABodyThatCannotBeReadIsNotSent(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{})
	c, err := dial(t, s, smtpc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk on fire")
	m := message(text, "bob@b.example")
	m.Body = io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
	_, err = c.Send(t.Context(), m)
	if e := stepOf(t, err); !errors.Is(err, broken) || !e.Local || e.Step != smtpc.StepBody || e.MaybeAccepted() {
		t.Error(err)
	}
	s.Close()
	if n := len(s.Transactions()); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}

func TestResetFindsOutThatTheServerHasGone(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{})
	c, err := dial(t, s, smtpc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Reset(t.Context()); err != nil || !c.Reusable() {
		t.Fatal(err)
	}
	s.Close()
	err = c.Reset(t.Context())
	if e := stepOf(t, err); e.Step != smtpc.StepReset || c.Reusable() {
		t.Error(err)
	}
}

func TestAConfigThatNoSessionCanHaveClosesTheConnection(t *testing.T) {
	for name, cfg := range map[string]smtpc.Config{
		"no name":                      {},
		"localhost":                    {Hostname: "localhost"},
		"LocalHost.localdomain":        {Hostname: "LocalHost.localdomain"},
		"a line end in the name":       {Hostname: "a.example\r\nMAIL"},
		"a literal that is none":       {Hostname: "[1.2.3]"},
		"implicit and off":             {Hostname: "a.example", TLS: smtpc.Off, ImplicitTLS: true},
		"required without server name": {Hostname: "a.example", TLS: smtpc.Required},
		"NUL in a password":            {Hostname: "a.example", Auth: &smtpc.Credentials{Username: "a", Password: "b\x00c"}},
	} {
		ours, theirs := net.Pipe()
		_, err := smtpc.Connect(t.Context(), theirs, cfg)
		if err == nil {
			t.Errorf("%s: connected", name)
			continue
		}
		if e := stepOf(t, err); e.Step != smtpc.StepConnect || !e.Local {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: the connection is open", name)
		}
	}
}

func TestDialTellsThatNobodyListens(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{})
	s.Close()
	_, err := dial(t, s, smtpc.Config{})
	if e := stepOf(t, err); e.Step != smtpc.StepConnect || e.Local {
		t.Error(err)
	}
}

func TestNoPrintedFormTellsThePassword(t *testing.T) {
	k := smtpc.Credentials{Username: "ann", Password: "tell-nobody"}
	cfg := smtpc.Config{Auth: &k}
	j, err := json.Marshal(cfg.Auth)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "auth", k, "ptr", &k)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "auth", k, "ptr", &k, "cfg", cfg)
	if all := fmt.Sprintf("%v %+v %#v %s %v %s", k, k, k, &k, cfg, j) + log.String(); strings.Contains(all, "tell-nobody") {
		t.Error(all)
	}
}

func TestAuthKnowsPlainAndLongCredentials(t *testing.T) {
	long := strings.Repeat("long-", 100)
	s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Implicit, Auth: func(user, password string) bool {
		return user == "ann" && (password == "right" || password == long)
	}})
	for password, ok := range map[string]bool{"right": true, long: true, "wrong": false} {
		_, err := dial(t, s, smtpc.Config{TLS: smtpc.Required, ImplicitTLS: true, Auth: &smtpc.Credentials{Username: "ann", Password: password}})
		if ok && err == nil {
			continue
		}
		if ok || err == nil {
			t.Fatalf("%s: %v", password, err)
		}
		if e := stepOf(t, err); e.Step != smtpc.StepAuth || e.Reply == nil || e.Reply.Status != "5.7.8" {
			t.Error(err)
		}
	}
}

func TestAFullTransactionLeavesTheRestForTheNext(t *testing.T) {
	asked := 0
	s := mxtest.Start(t, mxtest.Options{Rcpt: func(_, _ string) string {
		if asked++; asked > 100 {
			return "452 4.5.3 too many"
		}
		return ""
	}})
	c, err := dial(t, s, smtpc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var recipients []string
	for i := range 1000 {
		recipients = append(recipients, fmt.Sprintf("recipient-%d@b.example", i))
	}
	out, err := c.Send(t.Context(), message(text, recipients...))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range out.Recipients {
		if r.Accepted() != (i < 100) || r.Later != (i >= 100) || r.Step == "" {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	if n := len(s.Transactions()[0].Recipients); n != 100 || asked > 250 {
		t.Errorf("%d recipients were taken, %d were asked for", n, asked)
	}
}

func TestAMessageGoesOutFromTheLocalAddress(t *testing.T) {
	s := mxtest.Start(t, mxtest.Options{})
	local := netip.MustParseAddr("127.0.0.2")
	c, err := smtpc.Dial(t.Context(), smtpc.From(local), s.Addr().String(), smtpc.Config{Hostname: "two.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Send(t.Context(), message(text, "bob@b.example")); err != nil {
		t.Fatal(err)
	}
	if x := s.Transactions()[0]; x.Remote != local || x.Hello != "two.example" {
		t.Errorf("from %s as %s", x.Remote, x.Hello)
	}
}

func TestCloseEndsASendOfAnotherGoroutine(t *testing.T) {
	reached := make(chan struct{})
	s := mxtest.Start(t, mxtest.Options{TLS: mxtest.Offered, Hold: func(e mxtest.Event) <-chan struct{} {
		if e.Verb != "FINAL" {
			return nil
		}
		close(reached)
		return make(chan struct{})
	}})
	c, err := dial(t, s, smtpc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-reached
		c.Close()
	}()
	_, err = c.Send(t.Context(), message(text, "bob@b.example"))
	if e := stepOf(t, err); !errors.Is(err, smtpc.ErrClosed) || !e.MaybeAccepted() {
		t.Error(err)
	}
}
