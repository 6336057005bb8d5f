package mailauth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

// now is when all messages of the tests arrive.
var now = time.Unix(1_800_000_000, 0)

// bed is a verifier and the DNS that it asks.
type bed struct {
	*Verifier
	zones *zonetest.Server
}

// setUp serves a zone. Changes to the configuration are made before it is used.
func setUp(t testing.TB, zone string, changes ...func(*Config)) bed {
	t.Helper()
	zones := zonetest.Start(t, zone)
	names := resolver.New(resolver.Config{Servers: []string{zones.Addr()}, Timeout: 5 * time.Second, Tries: 1})
	c := Config{Resolver: names, Clock: func() time.Time { return now }, IntN: func(int) int { return 0 }}
	for _, change := range changes {
		change(&c)
	}
	return bed{New(c), zones}
}

var client = Session{IP: netip.MustParseAddr("192.0.2.1"), HELO: "mx.example.test", Sender: "ann@example.test"}

func (b bed) verify(t testing.TB, s Session, message string) Verdict {
	t.Helper()
	return b.Verify(context.Background(), s, strings.NewReader(message), int64(len(message)))
}

// section reads a file of a zone, a line of three hyphens and something else, with LF at the end of lines.
func section(t testing.TB, path string) (zone, rest string) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	zone, rest, found := strings.Cut(string(text), "\n---\n")
	if !found {
		t.Fatalf("%s: no ---", path)
	}
	return zone, rest
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// signers are the keys that messages are signed with.
type signers struct {
	rsa *rsa.PrivateKey // of 2048 bits
	ed  ed25519.PrivateKey
}

// keys are made once for all tests.
var keys = sync.OnceValue(func() signers {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return signers{made, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
})

// record is the key record of a signer, as TXT of a zone.
func record(t testing.TB, signer crypto.Signer, more string) string {
	t.Helper()
	var p []byte
	kind := "rsa"
	switch public := signer.Public().(type) {
	case *rsa.PublicKey:
		var err error
		if p, err = x509.MarshalPKIXPublicKey(public); err != nil {
			t.Fatal(err)
		}
	case ed25519.PublicKey:
		kind, p = "ed25519", public
	}
	return text("v=DKIM1; k=" + kind + "; " + more + " p=" + base64.StdEncoding.EncodeToString(p))
}

// text writes a TXT record of any length.
func text(s string) string {
	var b strings.Builder
	b.WriteString("TXT")
	for len(s) > 0 {
		n := min(len(s), 200)
		b.WriteString(` "` + s[:n] + `"`)
		s = s[n:]
	}
	return b.String()
}

// sign lets a library of others sign a message.
func sign(t testing.TB, message string, o dkim.SignOptions) string {
	t.Helper()
	if o.Domain == "" {
		o.Domain = "example.test"
	}
	if o.Selector == "" {
		o.Selector = "s"
	}
	if o.Signer == nil {
		o.Signer = keys().rsa
	}
	if o.HeaderCanonicalization == "" {
		o.HeaderCanonicalization, o.BodyCanonicalization = dkim.CanonicalizationRelaxed, dkim.CanonicalizationRelaxed
	}
	var b bytes.Buffer
	if err := dkim.Sign(&b, strings.NewReader(message), &o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const letter = "From: Ann <ann@example.test>\r\nTo: bob@example.net\r\nSubject: Lunch\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n" +
	"Message-ID: <1@example.test>\r\n\r\nAt one?\r\n"

// signerZone has the keys of example.test: s of 2048 bits, and e.
func signerZone(t testing.TB) string {
	return "s._domainkey.example.test. " + record(t, keys().rsa, "") + "\ne._domainkey.example.test. " + record(t, keys().ed, "") + "\n"
}

func check(t *testing.T, d DKIM, result Result, reason string) {
	t.Helper()
	if d.Result != result || d.Reason != reason {
		t.Errorf("got %q (%s), want %q (%s)", d.Result, d.Reason, result, reason)
	}
}

func only(t *testing.T, v Verdict) DKIM {
	t.Helper()
	if len(v.DKIM) != 1 {
		t.Fatalf("%d signatures, want one: %+v", len(v.DKIM), v.DKIM)
	}
	return v.DKIM[0]
}
