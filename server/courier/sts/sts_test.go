package sts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestAnAnnouncedPolicyIsFetchedOnce(t *testing.T) {
	b := setUp(t)
	p := b.want(t, "one", Enforce, false)
	if !slices.Equal(p.MX, []string{"mx.example.test", "*.mail.example.test"}) || p.MaxAge != week || !p.FetchedAt.Equal(b.clock.Now()) {
		t.Errorf("%+v", p)
	}
	if p, err := b.Policy(t.Context(), "Example.TEST."); err != nil || p.ID != "one" {
		t.Errorf("%+v, %v", p, err)
	}
	b.clock.pass(time.Hour)
	b.want(t, "one", Enforce, false)
	if n := b.host.hits.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

func TestADomainWithoutAnnouncementHasNoPolicy(t *testing.T) {
	b := setUp(t)
	b.zones.Set("_mta-sts.other.test", `TXT "v=spf1 -all"`)
	b.zones.Set("_mta-sts.two.test", `TXT "v=STSv1; id=1"`, `TXT "v=STSv1; id=2"`)
	b.zones.Set("_mta-sts.bad.test", `TXT "v=STSv1; id=not-an-id"`)
	b.zones.Fail("_mta-sts.broken.test", zonetest.ServFail)
	for domain, failed := range map[string]bool{
		"none.test": false, "sub.example.test": false, "other.test": false, "two.test": true, "bad.test": true, "broken.test": true,
		"[192.0.2.1]": false, "192.0.2.1": false, "": false, "bücher.test": false, "a..test": false, strings.Repeat("a.", 124) + "test": false,
	} {
		p, err := b.Policy(t.Context(), domain)
		if err != nil || p.ID != "" || p.Mode != None || (p.Failure != nil) != failed {
			t.Errorf("%s: %+v, %v", domain, p, err)
		}
	}
	if n := b.host.hits.Load(); n != 0 {
		t.Errorf("fetched %d times", n)
	}
}

func TestAnnouncementsMayBeAliases(t *testing.T) {
	b := setUp(t)
	b.zones.Set("_mta-sts."+domain, "0 CNAME _mta-sts.provider.test.")
	b.zones.Set("mta-sts."+domain, "0 CNAME mta-sts.provider.test.")
	b.zones.Set("_mta-sts.provider.test", `0 TXT "v=STSv1; id=theirs"`)
	b.zones.Set("mta-sts.provider.test", "0 A 127.0.0.1")
	b.want(t, "theirs", Enforce, false)
}

// An attacker who can suppress answers of the DNS, or take the record away, does not get rid of a policy.
func TestAPolicyHoldsWithoutTheDNS(t *testing.T) {
	for name, hide := range map[string]func(z *zonetest.Server){
		"the record is gone":       func(z *zonetest.Server) { z.Set("_mta-sts." + domain) },
		"the look-up fails":        func(z *zonetest.Server) { z.Fail("_mta-sts."+domain, zonetest.ServFail) },
		"the record is broken":     func(z *zonetest.Server) { z.Set("_mta-sts."+domain, `0 TXT "v=STSv1; id="`) },
		"there are two records":    func(z *zonetest.Server) { z.Set("_mta-sts."+domain, `0 TXT "v=STSv1; id=x"`, `0 TXT "v=STSv1; id=y"`) },
		"the version is another's": func(z *zonetest.Server) { z.Set("_mta-sts."+domain, `0 TXT "v=STSv2; id=x"`) },
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			b.want(t, "one", Enforce, false)
			hide(b.zones)
			b.want(t, "one", Enforce, true)
			b.restart(t)
			b.want(t, "one", Enforce, true)
			b.clock.pass(week - time.Second)
			b.want(t, "one", Enforce, true)
			b.clock.pass(time.Second)
			if p, err := b.Policy(t.Context(), domain); err != nil || p.ID != "" || p.Mode != None {
				t.Errorf("it lasts longer than it said: %+v, %v", p, err)
			}
			if n := b.host.hits.Load(); n != 1 {
				t.Errorf("fetched %d times", n)
			}
		})
	}
}

func TestAnotherIDBringsTheNewPolicyOrLeavesTheOld(t *testing.T) {
	b := setUp(t)
	b.want(t, "one", Enforce, false)
	b.announce("two")
	b.host.fail()
	b.want(t, "one", Enforce, true)
	b.host.say("version: STSv1\nmode: testing\nmx: new.example.test\nmax_age: 86400\n")
	b.clock.pass(RetryInterval - time.Second)
	b.want(t, "one", Enforce, true)
	if n := b.host.hits.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}
	b.clock.pass(time.Second)
	p := b.want(t, "two", Testing, false)
	if !p.Matches("new.example.test") || p.Matches("mx.example.test") {
		t.Errorf("%+v", p)
	}
	b.restart(t)
	b.want(t, "two", Testing, false)
	if n := b.host.hits.Load(); n != 3 {
		t.Errorf("fetched %d times", n)
	}
}

func TestModeNoneEndsAPolicy(t *testing.T) {
	b := setUp(t)
	b.want(t, "one", Enforce, false)
	b.announce("two")
	b.host.say("version: STSv1\nmode: none\nmax_age: 86400\n")
	b.want(t, "two", None, false)
	b.zones.Set("_mta-sts." + domain)
	b.restart(t)
	b.want(t, "two", None, true)
}

// Whatever a policy host does wrong, there is no policy, or the one from before.
func TestABadHostGivesNoPolicy(t *testing.T) {
	_, issue := authority(t, &clock{now: time.Now()})
	serving := func(kind, body string) func(*bed) {
		return func(b *bed) {
			b.host.do(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", kind)
				io.WriteString(w, body)
			})
		}
	}
	for name, spoil := range map[string]struct {
		do   func(b *bed)
		want error
	}{
		"a redirect, even to a good policy": {func(b *bed) {
			b.host.do(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				http.Redirect(w, r, fmt.Sprintf("https://mta-sts.%s:%d/elsewhere", domain, b.host.port), http.StatusFound)
			})
		}, nil},
		"not found": {func(b *bed) {
			b.host.do(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(http.StatusNotFound)
				io.WriteString(w, good)
			})
		}, nil},
		"another success":      {func(b *bed) { b.host.do(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }) }, nil},
		"HTML":                 {serving("text/html", good), ErrInvalidPolicy},
		"no type":              {serving("", good), ErrInvalidPolicy},
		"too large":            {serving("text/plain", good+"x: "+strings.Repeat("a", MaxPolicySize)+"\n"), ErrInvalidPolicy},
		"not a policy":         {serving("text/plain", "hello\n"), ErrInvalidPolicy},
		"enforce without mx":   {serving("text/plain", "version: STSv1\nmode: enforce\nmax_age: 1\n"), ErrInvalidPolicy},
		"cut off":              {func(b *bed) { b.host.do(cutOff) }, io.ErrUnexpectedEOF},
		"a stranger's signing": {func(b *bed) { b.host.issue = issue; b.host.certify(func(*x509.Certificate) {}) }, errCertificate},
		"another name": {func(b *bed) {
			b.host.certify(func(c *x509.Certificate) { c.DNSNames = []string{domain, "www." + domain, "*.mta-sts." + domain} })
		}, errCertificate},
		"the name as common name": {func(b *bed) {
			b.host.certify(func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames = "mta-sts."+domain, nil })
		}, errCertificate},
		"an expired certificate": {func(b *bed) {
			b.host.certify(func(c *x509.Certificate) { c.NotAfter = b.clock.Now().Add(-time.Second) })
		}, errCertificate},
		"no address":     {func(b *bed) { b.zones.Set("mta-sts." + domain) }, nil},
		"nobody listens": {func(b *bed) { b.zones.Set("mta-sts."+domain, "0 A 127.0.0.2", "0 AAAA ::1") }, nil},
		"a deaf host":    {func(b *bed) { b.Client.port, b.Client.timeout = deaf(t), 50*time.Millisecond }, context.DeadlineExceeded},
		"a private host": {func(b *bed) { b.Client.allowPrivate = false }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			check := func(p Policy) {
				t.Helper()
				if spoil.want == errCertificate {
					if _, ok := errors.AsType[*tls.CertificateVerificationError](p.Failure); !ok {
						t.Errorf("got %v, want a certificate's error", p.Failure)
					}
				} else if spoil.want != nil && !errors.Is(p.Failure, spoil.want) {
					t.Errorf("got %v, want %v", p.Failure, spoil.want)
				}
			}
			spoil.do(b)
			check(b.want(t, "", None, true))
			hits := b.host.hits.Load()
			check(b.want(t, "", None, true)) // from memory
			if n := b.host.hits.Load(); n != hits || n > 1 {
				t.Errorf("asked %d times", n)
			}

			b = setUp(t)
			b.want(t, "one", Enforce, false)
			b.announce("two")
			spoil.do(b)
			check(b.want(t, "one", Enforce, true))
		})
	}
}

func TestCertificatesExpireByTheClock(t *testing.T) {
	b := setUp(t)
	b.clock.pass(366 * 24 * time.Hour)
	p := b.want(t, "", None, true)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](p.Failure); !ok {
		t.Errorf("got %v", p.Failure)
	}
}

// Who runs the server learns in good time that a domain's protection is about to end.
func TestAPolicyThatRunsOutIsLoggedLoudly(t *testing.T) {
	b := setUp(t)
	var text strings.Builder // written by Refresh's goroutines, read when they have ended
	b.conf.Log = slog.New(slog.NewTextHandler(&text, nil))
	b.restart(t)
	b.want(t, "one", Enforce, false)
	b.host.fail()
	for _, step := range []struct {
		pass time.Duration
		want string
	}{{RefreshAge, "level=INFO"}, {week/2 - RefreshAge, "level=WARN"}} {
		b.clock.pass(step.pass)
		text.Reset()
		if err := b.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.idle()
		if got := text.String(); !strings.Contains(got, step.want) || !strings.Contains(got, "domain=example.test") {
			t.Errorf("after %v: %q", step.pass, got)
		}
	}
	b.zones.Set("_mta-sts." + domain)
	text.Reset()
	if err := b.Refresh(t.Context()); err != nil || !strings.Contains(text.String(), "level=WARN") {
		t.Errorf("not announced: %q, %v", text.String(), err)
	}
}

var errCertificate = errors.New("a certificate's error")

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, good)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestAPolicyAtTheLimitIsRead(t *testing.T) {
	b := setUp(t)
	b.host.say(good + "x: " + strings.Repeat("a", MaxPolicySize-len(good)-len("x: \n")) + "\n")
	b.want(t, "one", Enforce, false)
	b.restart(t)
	b.host.fail()
	b.want(t, "one", Enforce, false)
}

func TestAPolicyIsRefreshedBehindTheBack(t *testing.T) {
	b := setUp(t)
	b.want(t, "one", Enforce, false)
	b.clock.pass(RefreshAge)
	b.host.say(strings.Replace(good, "604800", "1209600", 1))
	b.want(t, "one", Enforce, false)
	b.idle()
	if p := b.want(t, "one", Enforce, false); p.MaxAge != 2*week || !p.FetchedAt.Equal(b.clock.Now()) {
		t.Errorf("%+v", p)
	}
	if n := b.host.hits.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}
	b.clock.pass(RefreshAge)
	b.host.fail()
	b.want(t, "one", Enforce, false)
	b.idle()
	b.want(t, "one", Enforce, true) // it holds, and says that it could not be refreshed
	if n := b.host.hits.Load(); n != 3 {
		t.Errorf("fetched %d times", n)
	}
	b.clock.pass(2*week - RefreshAge) // it has run out
	b.want(t, "", None, true)
}

func TestAPolicyThatLastsShortlyIsRefreshedAtHalfTime(t *testing.T) {
	b := setUp(t)
	b.host.say("version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 600\n")
	b.want(t, "one", Enforce, false)
	b.clock.pass(299 * time.Second)
	b.want(t, "one", Enforce, false)
	b.idle()
	if n := b.host.hits.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	b.clock.pass(time.Second)
	b.want(t, "one", Enforce, false)
	b.idle()
	if n := b.host.hits.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}
	b.host.say("version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 0\n")
	b.announce("zero")
	b.want(t, "zero", Enforce, false) // for this once
	b.zones.Set("_mta-sts." + domain)
	b.restart(t)
	b.want(t, "", None, false)
}

func TestConcurrentLookUpsShareOneFetch(t *testing.T) {
	b := setUp(t)
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	b.host.do(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, good)
	})
	var all sync.WaitGroup
	impatience, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	all.Go(func() { // who began it goes away
		defer close(left)
		if p, err := b.Policy(impatience, domain); !errors.Is(err, context.Canceled) || p.ID != "" {
			t.Errorf("%+v, %v", p, err)
		}
	})
	<-asked
	leave()
	<-left
	for range 20 {
		all.Go(func() { b.want(t, "one", Enforce, false) })
	}
	close(release)
	all.Wait()
	if n := b.host.hits.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// Who looked before a fetch ended, and asks for one after, gets what it brought.
func TestAFetchThatHasJustEndedIsNotRepeated(t *testing.T) {
	b := setUp(t)
	for range 2 {
		f, err := b.begin(domain, "one")
		if err != nil {
			t.Fatal(err)
		}
		<-f.done
		b.idle()
		if f.err != nil || f.policy.ID != "one" || b.host.hits.Load() != 1 {
			t.Errorf("%+v, %v after %d fetches", f.policy, f.err, b.host.hits.Load())
		}
	}
}

func TestCloseBreaksAFetchOff(t *testing.T) {
	b := setUp(t)
	asked, end := make(chan struct{}), make(chan struct{})
	b.host.do(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-end
	})
	var waiting sync.WaitGroup
	waiting.Go(func() { b.want(t, "", None, true) })
	<-asked
	b.Close()
	close(end)
	waiting.Wait()
	b.want(t, "", None, true)
	if n := b.host.hits.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	if len(b.failures) != 0 {
		t.Errorf("the host is blamed: %v", b.failures)
	}
}

func TestOnlySoManyPoliciesAreFetchedAtOnce(t *testing.T) {
	b := setUp(t)
	b.Client.timeout = 50 * time.Millisecond
	for range maxFetches {
		b.slots <- struct{}{}
	}
	b.want(t, "", None, true)
	<-b.slots
	b.Client.timeout = DefaultFetchTimeout
	b.want(t, "one", Enforce, false) // at once: it was not the host's fault
}

func TestFailuresAreForgottenInTime(t *testing.T) {
	b := setUp(t)
	for i := range maxFailures + 10 {
		if len(b.failures) > maxFailures {
			t.Fatalf("%d are remembered", len(b.failures))
		}
		if i == maxFailures/2 {
			b.clock.pass(RetryInterval)
		}
		b.end(fmt.Sprintf("%d.test", i), io.EOF)
	}
	if _, old := b.failures["1.test"]; old || len(b.failures) != maxFailures/2+10 {
		t.Errorf("%d are remembered", len(b.failures))
	}
	for i := range maxFailures {
		b.end(fmt.Sprintf("%d.other.test", i), io.EOF)
	}
	if n := len(b.failures); n > maxFailures || n < maxFailures/2 {
		t.Errorf("%d are remembered", n)
	}
}
