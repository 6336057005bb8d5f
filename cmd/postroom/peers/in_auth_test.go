package peers

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/smtp"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// signer is a running opendkim that signs what a Postfix takes.
type signer struct {
	Milter string // for smtpd_milters
	Record string // of the zone: its public key
}

// startSigner signs for a domain with a key that it makes, until the test ends. The selector is the name of the algorithm.
func startSigner(t testing.TB, domain, algorithm string) signer {
	t.Helper()
	const program = "/usr/sbin/opendkim"
	if _, err := os.Stat(program); err != nil {
		absent(t, "opendkim")
	}
	dir := openDir(t)
	selector, _, _ := strings.Cut(algorithm, "-")
	private, record := newSigningKey(t, selector)
	socket := filepath.Join(dir, "socket")
	settings := map[string]string{
		"Mode": "s", "Domain": domain, "Selector": selector, "KeyFile": filepath.Join(dir, "key"), "SignatureAlgorithm": algorithm, "Canonicalization": "relaxed/simple",
		"Socket": "local:" + socket, "UMask": "000", "Syslog": "no", "RequireSafeKeys": "no", "OversignHeaders": "From",
	}
	var conf strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&conf, "%s %s\n", name, value)
	}
	for name, text := range map[string]string{"key": private, "conf": conf.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := &lockedBuffer{}
	cmd := exec.Command(program, "-f", "-x", filepath.Join(dir, "conf"))
	cmd.Stdout, cmd.Stderr = lineWriter{out}, lineWriter{out}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	until(t, "opendkim listens", func() bool {
		select {
		case <-ended:
			t.Fatalf("opendkim ended: %s", out.tail(2000))
		default:
		}
		_, err := os.Stat(socket)
		return err == nil
	})
	return signer{Milter: "unix:" + socket, Record: selector + "._domainkey." + domain + ". " + record + "\n"}
}

// newSigningKey makes a key, as PEM, and its record.
func newSigningKey(t testing.TB, kind string) (private, record string) {
	t.Helper()
	var key crypto.PrivateKey
	var public []byte
	if kind == "ed25519" {
		pub, made, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, public = made, pub
	} else {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		key = made
		if public, err = x509.MarshalPKIXPublicKey(&made.PublicKey); err != nil {
			t.Fatal(err)
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public)
	record = "TXT"
	for part := range slices.Chunk([]byte(text), 200) {
		record += ` "` + string(part) + `"`
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), record
}

// evidence is a message with what is known of its sender.
type evidence struct {
	ID, Subject, Text string
	Labels, Mailboxes []string
	Auth              struct {
		SPF   struct{ Result, Domain, Reason string }
		DKIM  []struct{ Result, Domain, Selector, Algorithm, Reason string }
		DMARC struct{ Result, Domain, Policy, Disposition string }
		IPRev struct{ Result, IP, Name string }
		TLS   string
	}
}

// summary is the results: "spf dkim... dmarc disposition".
func (e evidence) summary() string {
	words := []string{"spf=" + e.Auth.SPF.Result}
	for _, d := range e.Auth.DKIM {
		words = append(words, d.Algorithm+"="+d.Result)
	}
	return strings.Join(append(words, "dmarc="+e.Auth.DMARC.Result, e.Auth.DMARC.Disposition), " ")
}

// judged waits for the message with a subject.
func (s *server) judged(subject string) (e evidence) {
	s.t.Helper()
	cursor := ""
	until(s.t, "the message "+subject+" has come", func() bool {
		var page struct {
			Events []struct {
				Type string
				Data struct{ ID, Subject string }
			}
			NextCursor string
		}
		q := url.Values{"wait": {"1"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if code := s.call("GET", "/v1/events?"+q.Encode(), s.WorkspaceKey, nil, &page); code != 200 {
			s.t.Fatalf("events answered %d", code)
		}
		cursor = page.NextCursor
		for _, event := range page.Events {
			if strings.HasPrefix(event.Type, "message.received") && event.Data.Subject == subject {
				e.ID = event.Data.ID
			}
		}
		return e.ID != ""
	})
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages/"+e.ID, s.WorkspaceKey, nil, &e); code != 200 {
		s.t.Fatalf("message %s answered %d", e.ID, code)
	}
	return e
}

// relay hands a message to a server by SMTP without a login, and gives its answer.
func relay(t testing.TB, addr, from, to, raw string) error {
	t.Helper()
	c, err := smtp.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	return transact(c, from, to, raw)
}

// transact hands one message over and ends the connection.
func transact(c *smtp.Client, from, to, raw string) error {
	defer c.Close()
	return submit(c, from, to, raw)
}

// signed is a domain whose Postfix signs with opendkim, at 127.0.0.21, and a forwarder at 127.0.0.22 that changes a line.
type signed struct {
	*server
	zones             *zonetest.Server
	origin, forwarder *receiver
	inbox, forwarded  string // addresses of one inbox: the first is reached at once, the second through the forwarder
}

const signedZone = `
	signed.test. TXT "v=spf1 ip4:127.0.0.1 -all"
	_dmarc.signed.test. 0 TXT "v=DMARC1; p=reject"
	mail.signed.test. A 127.0.0.1
	1.0.0.127.in-addr.arpa. PTR mail.signed.test.
`

func newSigned(t *testing.T) *signed {
	t.Helper()
	needPostfix(t)
	byRSA, byEd25519 := startSigner(t, "signed.test", "rsa-sha256"), startSigner(t, "signed.test", "ed25519-sha256")
	s := &signed{zones: zonetest.Start(t, signedZone+byRSA.Record+byEd25519.Record)}
	s.server = startWith(t, t.TempDir(), []string{"--authenticate", "--dns", s.zones.Addr(), "--verbose"})
	local, domain, _ := strings.Cut(s.Inbox.Address, "@")
	s.inbox, s.forwarded = s.Inbox.Address, local+"+forwarded@"+domain

	port := freePort(t)
	checks := filepath.Join(openDir(t), "checks")
	if err := os.WriteFile(checks, []byte("/^At one\\?$/ REPLACE At two?\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.forwarder = startPostfix(t, port, s.SMTP, []door{{"127.0.0.22", "list.elsewhere.test", nil}},
		"myhostname = list.elsewhere.test", "smtp_bind_address = 127.0.0.22", "body_checks = regexp:"+checks)
	routes := filepath.Join(openDir(t), "routes")
	if err := os.WriteFile(routes, []byte("/\\+forwarded@/ smtp:[127.0.0.22]:"+strconv.Itoa(port)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.origin = startPostfix(t, port, s.SMTP, []door{{"127.0.0.21", "mail.signed.test", nil}}, "myhostname = mail.signed.test", "smtp_bind_address = 127.0.0.1", "smtp_tls_security_level = may",
		"transport_maps = regexp:"+routes, "smtpd_milters = "+byRSA.Milter+" "+byEd25519.Milter, "milter_default_action = tempfail")
	return s
}

// send has the Postfix of signed.test send a message.
func (s *signed) send(to, subject, text string) {
	s.t.Helper()
	raw := "From: Ann <ann@signed.test>\r\nTo: " + s.inbox + "\r\nSubject: " + subject + "\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <" + strings.ReplaceAll(subject, " ", ".") + "@signed.test>\r\n\r\n" + text + "\r\n"
	if err := relay(s.t, net.JoinHostPort("127.0.0.21", strconv.Itoa(s.origin.port)), "ann@signed.test", to, raw); err != nil {
		s.t.Fatal(err)
	}
}

// want compares the results for a message and where it is.
func (s *signed) want(subject, summary, mailbox string, labelled bool) evidence {
	s.t.Helper()
	e := s.judged(subject)
	if got := e.summary(); got != summary {
		s.t.Errorf("%s: %s, want %s: %+v", subject, got, summary, e.Auth)
	}
	if !slices.Equal(e.Mailboxes, []string{mailbox}) || slices.Contains(e.Labels, "unauthenticated") != labelled {
		s.t.Errorf("%s: it is in %q with the labels %q", subject, e.Mailboxes, e.Labels)
	}
	return e
}

const bothSignatures = "ed25519-sha256=%[1]s rsa-sha256=%[1]s"

// Debian's Postfix signs with opendkim, by RSA and by Ed25519, and we find it authentic: straight from its server, and, by the
// signatures alone, through a forwarder. What a forwarder or a forger has changed is not, and what follows is what the author's
// domain asks for.
func TestPostfixSignsWithOpendkimAndWeVerify(t *testing.T) {
	s := newSigned(t)
	pass, fail := fmt.Sprintf(bothSignatures, "pass"), fmt.Sprintf(bothSignatures, "fail")

	s.send(s.inbox, "straight", "At one?")
	e := s.want("straight", "spf=pass "+pass+" dmarc=pass none", "INBOX", false)
	if a := e.Auth; a.SPF.Domain != "signed.test" || a.DKIM[0].Domain != "signed.test" || a.DKIM[0].Selector != "ed25519" || a.DMARC.Domain != "signed.test" || a.DMARC.Policy != "reject" ||
		a.IPRev.Result != "pass" || a.IPRev.Name != "mail.signed.test" || !strings.HasPrefix(a.TLS, "TLS 1.3 ") {
		t.Errorf("the evidence is %+v", a)
	}
	raw := s.raw(e.ID)
	for _, want := range []string{"Authentication-Results: localhost", "dkim=pass", "spf=pass", "dmarc=pass"} {
		if !strings.Contains(raw, want) {
			t.Errorf("the message has no %s", want)
		}
	}

	s.send(s.forwarded, "through a forwarder", "At three?")
	s.want("through a forwarder", "spf=fail "+pass+" dmarc=pass none", "INBOX", false)

	// What the domain wants to have rejected is refused, and the forwarder knows it.
	s.send(s.forwarded, "changed and rejected", "At one?")
	until(t, "the forwarder was refused", func() bool { return strings.Contains(s.forwarder.log(), "550 5.7.26") })

	signedRaw := raw[strings.Index(raw, "DKIM-Signature:"):] // without what we and Postfix put in front
	changed := strings.Replace(signedRaw, "At one?", "At two?", 1)
	if err := relay(t, s.SMTP, "mallory@elsewhere.test", s.inbox, changed); err == nil || !strings.Contains(err.Error(), "5.7.26") {
		t.Errorf("a forged copy was answered with %v", err)
	}

	s.zones.Set("_dmarc.signed.test", `0 TXT "v=DMARC1; p=quarantine"`)
	s.send(s.forwarded, "changed and put aside", "At one?")
	e = s.want("changed and put aside", "spf=fail "+fail+" dmarc=fail quarantine", "Junk", true)
	if !strings.HasPrefix(e.Text, "At two?") {
		t.Errorf("the forwarder made %q of it", e.Text)
	}

	s.zones.Set("_dmarc.signed.test", `0 TXT "v=DMARC1; p=none"`)
	s.send(s.forwarded, "changed and nothing asked", "At one?")
	s.want("changed and nothing asked", "spf=fail "+fail+" dmarc=fail none", "INBOX", true)

	// One octet in the header, from the domain's own server: the signatures fail, the server is proof enough.
	octet := strings.Replace(signedRaw, "Subject: straight", "Subject: Straight", 1)
	if err := relay(t, s.SMTP, "ann@signed.test", s.inbox, octet); err != nil {
		t.Error(err)
	}
	s.want("Straight", "spf=pass "+fail+" dmarc=pass none", "INBOX", false)
}
