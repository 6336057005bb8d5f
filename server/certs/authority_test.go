package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postroom/postroom/server/certs/acmetest"
)

const obtained = "certificate obtained"

func TestTheServersNamesGetCertificatesByHTTP01(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	dir := t.TempDir()
	c := b.start(Config{Hostname: "mail.example.com", Names: []string{"imap.example.com"}, Dir: dir})
	b.wait(obtained, "mail.example.com")
	for c.State("imap.example.com").Source != FromAuthority {
		b.wait(obtained, "imap.example.com")
	}
	for _, name := range []string{"mail.example.com", "imap.example.com", "MAIL.example.com."} {
		fromPebble(t, shake(t, c.MailTLS(), strings.TrimSuffix(name, ".")), strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	fromPebble(t, shake(t, c.WebTLS(), "unknown.example.net", "h2"), "mail.example.com")
	if s := c.State("mail.example.com"); s.Source != FromAuthority || s.Err != "" || s.NotAfter.Before(time.Now()) || s.NextTry.Before(time.Now()) {
		t.Errorf("state %+v", s)
	}
	onlyForUs(t, dir)
}

// onlyForUs: keys are nobody else's to read.
func onlyForUs(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(dir, "acme"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if !d.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, error %v", files, err)
	}
}

func TestTheServersNamesGetCertificatesByTLSALPN01(t *testing.T) {
	b := newBed(t)
	b.acme.TLSPort = port(b.HTTPS)
	c := b.start(Config{Hostname: "alpn.example.com"})
	b.wait(obtained, "alpn.example.com")
	fromPebble(t, shake(t, c.WebTLS(), "alpn.example.com"), "alpn.example.com")
	if _, err := tryShake(t, c.WebTLS(), "alpn.example.com", "acme-tls/1"); err == nil {
		t.Error("a validation that is not under way was answered")
	}
	if state, err := tryShake(t, c.WebTLS(), "alpn.example.com", "acme-tls/1", "h2"); err != nil || state.NegotiatedProtocol != "h2" {
		t.Errorf("protocol %q, error %v", state.NegotiatedProtocol, err)
	}
}

func TestACertificateIsRenewedInTimeAndShownAtOnce(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	c := b.start(Config{Hostname: "renew.example.com"})
	b.wait(obtained, "renew.example.com")
	first := shake(t, c.MailTLS(), "renew.example.com")
	b.pass(c, time.Until(first.NotAfter)-24*time.Hour)
	b.wait(obtained, "renew.example.com")
	second := shake(t, c.MailTLS(), "renew.example.com")
	fromPebble(t, second, "renew.example.com")
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("the same certificate is shown")
	}
	if next := c.State("renew.example.com").NextTry; next.Before(b.now().Add(renewalPause / 2)) {
		t.Errorf("the next renewal is at %v, now it is %v", next, b.now())
	}
}

func TestWhatIsInTheStoreIsShownWithoutAnAuthority(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	dir := t.TempDir()
	allow := func(context.Context, string) error { return nil }
	c := b.start(Config{Hostname: "kept.example.com", Dir: dir, Allow: allow})
	b.wait(obtained, "kept.example.com")
	fromPebble(t, shake(t, c.WebTLS(), "mta-sts.customer.example"), "mta-sts.customer.example")

	again, err := New(Config{Hostname: "kept.example.com", Dir: dir, Allow: allow, ACME: b.acme})
	if err != nil {
		t.Fatal(err)
	}
	fromPebble(t, shake(t, again.MailTLS(), ""), "kept.example.com")
	fromPebble(t, shake(t, again.WebTLS(), "mta-sts.customer.example"), "mta-sts.customer.example")
}

func TestACustomersNameGetsItsCertificateWhenItIsAskedFor(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	c := b.start(Config{Hostname: "mail.example.org", Allow: func(_ context.Context, name string) error {
		if name != "autoconfig.customer.example" && name != "mta-sts.customer.example" {
			return errors.New("unknown")
		}
		return nil
	}})
	b.wait(obtained, "mail.example.org")
	fromPebble(t, shake(t, c.WebTLS(), "autoconfig.customer.example", "h2"), "autoconfig.customer.example")
	c.Request("mta-sts.customer.example")
	b.wait(obtained, "mta-sts.customer.example")
	fromPebble(t, shake(t, c.MailTLS(), "mta-sts.customer.example"), "mta-sts.customer.example")
	if s := c.State("mta-sts.customer.example"); s.Source != FromAuthority {
		t.Errorf("state %+v", s)
	}
}

func TestAScannerCostsTheAuthorityNothing(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	var decisions atomic.Int32
	c := b.start(Config{Hostname: "mail.example.net", Allow: func(context.Context, string) error {
		decisions.Add(1)
		return errors.New("this domain is not verified")
	}})
	b.wait(obtained, "mail.example.net")
	before := b.Requests()
	for i := range 20 {
		for range 3 {
			if cert := shake(t, c.WebTLS(), "scan"+itoa(i)+".example"); !isFor(cert, "mail.example.net") {
				t.Fatalf("shown %v", cert.DNSNames)
			}
		}
	}
	if decisions.Load() != 20 {
		t.Errorf("%d decisions for 20 names", decisions.Load())
	}
	if after := b.Requests(); after != before {
		t.Errorf("the authority got %d requests", after-before)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.subjects) != 1 || c.fresh != 0 || c.undecided != 0 {
		t.Errorf("%d names are kept, %d fresh, %d undecided", len(c.subjects), c.fresh, c.undecided)
	}
}

func TestTheServerServesWhileTheAuthorityIsDownAndAsksAgainWhenItIsUp(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	b.SetDown(true)
	c := b.start(Config{Hostname: "down.example.com"})
	selfMade := shake(t, c.MailTLS(), "down.example.com")
	if !isFor(selfMade, "down.example.com") || acmetest.Signed(selfMade, "down.example.com") {
		t.Errorf("shown %v of %v", selfMade.DNSNames, selfMade.Issuer)
	}
	b.wait("the certificate authority cannot be reached", "down.example.com")
	if s := c.State("down.example.com"); s.Source != SelfMadeHere || s.Err == "" || s.NextTry.IsZero() {
		t.Errorf("state %+v", s)
	}
	b.SetDown(false)
	b.pass(c, afterUnreachable[0])
	b.wait(obtained, "down.example.com")
	fromPebble(t, shake(t, c.MailTLS(), "down.example.com"), "down.example.com")
}

func TestOneBrokenNameHoldsUpNoOther(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	b.DNS.AddDNSServFailRecord("mta-sts.broken.example")
	c := b.start(Config{Hostname: "whole.example.com", Allow: func(context.Context, string) error { return nil }})
	b.wait(obtained, "whole.example.com")
	first := shake(t, c.MailTLS(), "whole.example.com")
	c.Request("mta-sts.broken.example")
	b.wait("certificate not obtained", "mta-sts.broken.example")
	broken := c.State("mta-sts.broken.example")
	if broken.Source != None || broken.Err == "" || broken.NextTry.Before(b.now().Add(afterFailure[0]/2)) {
		t.Errorf("state %+v", broken)
	}
	before := b.Requests()
	if cert := shake(t, c.WebTLS(), "mta-sts.broken.example"); !isFor(cert, "whole.example.com") {
		t.Errorf("shown %v", cert.DNSNames)
	}
	if b.Requests() != before {
		t.Error("a name that has just failed is ordered again when somebody asks for it")
	}
	b.pass(c, time.Until(first.NotAfter)-24*time.Hour)
	b.wait(obtained, "whole.example.com")
}

func TestARefusedCustomerKeepsItsCertificateUntilItEnds(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	var gone atomic.Bool
	dir := t.TempDir()
	c := b.start(Config{Hostname: "stay.example.com", Dir: dir, Allow: func(context.Context, string) error {
		if gone.Load() {
			return errors.New("the domain's DNS points elsewhere")
		}
		return nil
	}})
	b.wait(obtained, "stay.example.com")
	cert := shake(t, c.WebTLS(), "mail.leaves.example")
	fromPebble(t, cert, "mail.leaves.example")
	gone.Store(true)
	b.pass(c, time.Until(cert.NotAfter)+24*time.Hour)
	b.wait("certificate of a name that may have none any more has ended", "mail.leaves.example")
	if s := c.State("mail.leaves.example"); s.Source != None {
		t.Errorf("state %+v", s)
	}
	if _, err := os.Stat(filepath.Join(dir, "acme", "certificates", c.store.issuer, "mail.leaves.example")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its files: %v", err)
	}
}

func TestADamagedCertificateIsFetchedAgain(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	dir := t.TempDir()
	s, err := openStore(filepath.Join(dir, "acme"), b.acme)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "acme", "certificates", s.issuer, "torn.example.com")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, ending := range []string{".crt", ".key", ".json"} {
		if err := os.WriteFile(filepath.Join(folder, "torn.example.com"+ending), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := b.start(Config{Hostname: "torn.example.com", Dir: dir})
	b.wait(obtained, "torn.example.com")
	fromPebble(t, shake(t, c.MailTLS(), "torn.example.com"), "torn.example.com")
}

func TestRunEndsAllThatItBeganAlsoWhenTheAuthorityHangs(t *testing.T) {
	asked := make(chan struct{}, 100)
	hung := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer hung.Close()
	roots := x509.NewCertPool()
	roots.AddCert(hung.Certificate())
	c, err := New(Config{Hostname: "hung.example.com", Dir: t.TempDir(), Pairs: []Pair{writePair(t, t.TempDir(), "pair", "other.example.com")},
		ACME: &ACME{Email: "operator@example.com", Directory: hung.URL, Roots: roots, HTTPPort: 80}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	<-asked
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it hangs too")
	}
	left := func() string {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, part := range []string{"certs.(*Certs).", "certmagic.(*Cache).", "certmagic.(*Config)."} {
			if bytes.Contains(stacks, []byte(part)) {
				return fmt.Sprintf("%s still runs:\n%s", part, stacks)
			}
		}
		return ""
	}
	for late := time.Now().Add(patience); left() != ""; runtime.Gosched() { // one that has said that it is done may still be on its way out
		if time.Now().After(late) {
			t.Fatal(left())
		}
	}
}

func TestAnAuthorityKnowsTheOperatorsAccountElsewhere(t *testing.T) {
	key := base64.RawURLEncoding.EncodeToString([]byte("a key of thirty-two octets or so!"))
	authority := acmetest.NewBound(t, map[string]string{"kid-1": key})
	b := bedWith(t, authority)
	b.acme.HTTPPort, b.acme.KeyID, b.acme.MACKey = port(b.HTTP), "kid-1", key
	c := b.start(Config{Hostname: "mail.example.com"})
	b.wait(obtained, "mail.example.com")
	fromPebble(t, shake(t, c.MailTLS(), "mail.example.com"), "mail.example.com")
}

func TestAnAccountThatTheAuthorityDoesNotKnowIsSaid(t *testing.T) {
	key := base64.RawURLEncoding.EncodeToString([]byte("a key of thirty-two octets or so!"))
	for name, account := range map[string][2]string{"none": {}, "another": {"kid-2", key}, "a wrong key": {"kid-1", base64.RawURLEncoding.EncodeToString([]byte("something else"))}} {
		t.Run(name, func(t *testing.T) {
			b := bedWith(t, acmetest.NewBound(t, map[string]string{"kid-1": key}))
			b.acme.HTTPPort, b.acme.KeyID, b.acme.MACKey = port(b.HTTP), account[0], account[1]
			c := b.start(Config{Hostname: "mail.example.com"})
			b.wait("certificate not obtained", "mail.example.com")
			if s := c.State("mail.example.com"); s.Source != SelfMadeHere || s.Err == "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestNamesThatAFileHasNoMoreAreOrderedWithoutARestart(t *testing.T) {
	b := newBed(t)
	b.acme.HTTPPort = port(b.HTTP)
	dir := t.TempDir()
	files := writePair(t, dir, "pair", "mail.example.com", "imap.example.com")
	c := b.start(Config{Hostname: "mail.example.com", Names: []string{"imap.example.com"}, Pairs: []Pair{files}})
	if c.State("imap.example.com").Source != FromFile {
		t.Fatalf("%+v", c.State("imap.example.com"))
	}
	writePair(t, dir, "pair", "mail.example.com")
	c.reloadPairs()
	b.wait(obtained, "imap.example.com")
	fromPebble(t, shake(t, c.MailTLS(), "imap.example.com"), "imap.example.com")
	if s := c.State("mail.example.com"); s.Source != FromFile {
		t.Errorf("%+v", s)
	}
}
