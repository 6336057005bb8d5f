package certs

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// writePair writes a new pair for the names.
func writePair(t *testing.T, dir, name string, names ...string) Pair {
	t.Helper()
	_, cert, key, err := SelfMade(names, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	files := Pair{filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")}
	for file, content := range map[string][]byte{files.CertFile: cert, files.KeyFile: key} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTheOperatorsPairsAreChosenByName(t *testing.T) {
	dir := t.TempDir()
	c, err := New(Config{Hostname: "mail.example.com", Pairs: []Pair{
		writePair(t, dir, "first", "mail.example.com"), writePair(t, dir, "second", "*.example.net", "example.net"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"mail.example.com": "mail.example.com", "": "mail.example.com", "unknown.example.org": "mail.example.com",
		"www.example.net": "example.net", "example.net": "example.net", "a.b.example.net": "mail.example.com",
	} {
		if cert := shake(t, c.MailTLS(), name); !isFor(cert, want) {
			t.Errorf("for %q: %v", name, cert.DNSNames)
		}
	}
	states := c.States()
	if len(states) != 4 || states[0].Source != FromFile || states[0].Name != "mail.example.com" || states[2].Name != "*.example.net" {
		t.Errorf("states %+v", states)
	}
}

func TestAPairIsReadAgainWhenItHasChanged(t *testing.T) {
	dir := t.TempDir()
	files := writePair(t, dir, "pair", "old.example.com")
	synctest.Test(t, func(t *testing.T) {
		messages := make(chan string, 10)
		c, err := New(Config{Hostname: "old.example.com", Pairs: []Pair{files}, Log: slog.New(logTo{messages})})
		if err != nil {
			t.Fatal(err)
		}
		run(t, c)
		step := func() {
			time.Sleep(checkFiles) // of the bubble's clock
			synctest.Wait()
		}
		shown := func() string { return c.ownCertificate().Leaf.DNSNames[0] }
		logged := func() (n int) {
			for ; len(messages) > 0; n++ {
				<-messages
			}
			return n
		}

		step()
		if shown() != "old.example.com" || logged() != 0 {
			t.Fatalf("shown %s", shown())
		}
		touch(t, files.CertFile, "no certificate")
		step()
		step()
		if n := logged(); shown() != "old.example.com" || n != 1 || c.State("old.example.com").Err == "" {
			t.Fatalf("after a broken file: shown %s, %d messages, state %+v", shown(), n, c.State("old.example.com"))
		}
		writePair(t, dir, "pair", "new.example.com")
		step()
		if n := logged(); shown() != "new.example.com" || n != 1 || c.State("new.example.com").Err != "" {
			t.Fatalf("after a new pair: shown %s, %d messages", shown(), n)
		}
		if err := os.Remove(files.KeyFile); err != nil {
			t.Fatal(err)
		}
		step()
		step()
		if n := logged(); shown() != "new.example.com" || n != 1 {
			t.Fatalf("after the key was gone: shown %s, %d messages", shown(), n)
		}
		writePair(t, dir, "pair", "last.example.com")
		step()
		if shown() != "last.example.com" {
			t.Fatalf("shown %s", shown())
		}
	})
}

func touch(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAPairThatCannotBeUsedIsRefusedAtStart(t *testing.T) {
	dir := t.TempDir()
	one, other := writePair(t, dir, "one", "one.example.com"), writePair(t, dir, "other", "other.example.com")
	for _, files := range []Pair{{one.CertFile, other.KeyFile}, {one.CertFile, filepath.Join(dir, "none")}, {one.KeyFile, one.CertFile}} {
		if _, err := New(Config{Hostname: "one.example.com", Pairs: []Pair{files}}); err == nil || !strings.Contains(err.Error(), "load certificate") {
			t.Errorf("%v: error %v", files, err)
		}
	}
	if _, err := New(Config{Hostname: "one.example.com", Pairs: slices.Repeat([]Pair{one}, maxPairs+1)}); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("too many: %v", err)
	}
}

func TestTheCertificateThatWasMadeHereIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{Hostname: "self.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		run(t, c)
		first := c.ownCertificate().Leaf
		if !isFor(first, "self.example.com") || c.State("self.example.com").Source != SelfMadeHere {
			t.Errorf("shown %v, state %+v", first.DNSNames, c.State("self.example.com"))
		}
		time.Sleep(SelfMadeLife - selfMadeRenew + 2*maxSleep)
		synctest.Wait()
		if second := c.ownCertificate().Leaf; !second.NotAfter.After(first.NotAfter) {
			t.Error("it was not made again")
		}
	})
}

func TestOldTLSIsRefusedOnEveryWire(t *testing.T) {
	c, err := New(Config{Hostname: "mail.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []*tls.Config{c.MailTLS(), c.WebTLS()} {
		if config.MinVersion != tls.VersionTLS12 {
			t.Errorf("TLS from %x on", config.MinVersion)
		}
	}
	if state, err := tryShake(t, c.MailTLS(), "mail.example.com", "h2"); err != nil || state.NegotiatedProtocol != "" {
		t.Errorf("mail speaks %q, error %v", state.NegotiatedProtocol, err)
	}
}
