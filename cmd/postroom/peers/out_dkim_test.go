package peers

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// opendkim verifies signatures with Debian's opendkim, which finds the keys in a file instead of the DNS.
type opendkim struct {
	t              testing.TB
	program        string
	dir, conf      string
	number, failed int
}

// newOpendkim knows the keys that a domain of the server publishes.
func newOpendkim(t testing.TB, s *sending, domain string) *opendkim {
	t.Helper()
	program := "/usr/sbin/opendkim"
	if _, err := os.Stat(program); err != nil {
		absent(t, "opendkim")
	}
	var published struct {
		DNSRecords []struct{ Type, Name, Value string }
	}
	if code := s.call("GET", "/v1/domains/"+domain, s.WorkspaceKey, nil, &published); code != 200 {
		t.Fatalf("the domain answered %d", code)
	}
	var keys strings.Builder
	for _, r := range published.DNSRecords {
		if r.Type == "TXT" && strings.HasSuffix(r.Name, "._domainkey."+domain) {
			fmt.Fprintf(&keys, "%s %s\n", r.Name, r.Value)
		}
	}
	if n := strings.Count(keys.String(), "\n"); n != 4 {
		t.Fatalf("the domain has %d keys, not two pairs:\n%s", n, &keys)
	}
	v := &opendkim{t: t, program: program, dir: t.TempDir()}
	v.conf = filepath.Join(v.dir, "conf")
	v.write("keys", keys.String())
	v.write("conf", "Mode v\nSyslog no\nAuthservID verifier\nTestPublicKeys "+filepath.Join(v.dir, "keys")+"\n")
	return v
}

func (v *opendkim) write(name, text string) string {
	v.t.Helper()
	path := filepath.Join(v.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return path
}

var dkimResult = regexp.MustCompile(`\bdkim=(\w+)[^;]* header\.d=(\S+) [^;]*header\.a=([\w-]+)`)

// results are what the header says that it writes; its exit status is always 0.
func (v *opendkim) results(message string) string {
	v.t.Helper()
	v.number++
	out := run(v.t, "", v.program, "-x", v.conf, "-vvv", "-t", v.write(fmt.Sprintf("message%d", v.number), message))
	var all []string
	for _, m := range dkimResult.FindAllStringSubmatch(out, -1) {
		all = append(all, m[3]+" "+m[2]+" "+m[1])
	}
	return strings.Join(all, ", ")
}

// want compares the results of both signatures, in any order.
func (v *opendkim) want(what, message, result string) {
	v.t.Helper()
	rsa, ed := "rsa-sha256 sender.test "+result, "ed25519-sha256 sender.test "+result
	if got := v.results(message); got != rsa+", "+ed && got != ed+", "+rsa {
		v.t.Errorf("%s: opendkim says %q, want %s of both", what, got, result)
		if v.failed++; v.failed == 1 {
			v.t.Logf("%s", message)
		}
	}
}

// What we sign is verified by opendkim, with both algorithms, whatever the message is like; and nothing of it can be
// changed, nor a signed field added.
func TestOpendkimVerifiesWhatWeSign(t *testing.T) {
	s := newSending(t)
	sink := mxtest.Start(t, mxtest.Options{Addr: net.JoinHostPort("127.0.0.11", strconv.Itoa(s.port)), UTF8: true})
	s.receiver("dkim.test", "127.0.0.11")
	s.run()
	v := newOpendkim(t, s, "sender.test")

	s.send(map[string]any{"subject": "text"}, "bob@dkim.test")
	s.send(map[string]any{"subject": strings.Repeat("Ein langer Betreff über alles ", 12), "html": "<p>Grüße</p>"}, "Bob Öhler <bob@dkim.test>", "carol@dkim.test")
	s.send(map[string]any{"subject": "attached", "attachments": []map[string]any{{"filename": "ä.bin", "content": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00\r\n.\xff", 5000)))}},
		"headers": map[string]string{"X-Ours": "1", "List-Id": "<list.sender.test>"}}, "bob@dkim.test")
	header := func(subject string) string {
		return "From: Ann <ann@sender.test>\r\nTo: bob@dkim.test\r\nSubject: " + subject + "\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
	}
	for _, raw := range []string{
		header("no body") + "\r\n",
		header("blank lines at the end") + "Message-ID: <blank@sender.test>\r\n\r\nText  with \t spaces \r\n\r\n \r\n\r\n\r\n",
		header("folded\r\n  and \t spaced  ") + "X-Empty:\r\nBcc: hidden@elsewhere.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n..two dots\r\n.\r\nafter a dot\r\n",
		header("one long line") + "Message-ID: <long@sender.test>\r\n\r\n" + strings.Repeat("x", 990) + "\r\n",
		"from:ann@sender.test\r\nto:bob@dkim.test\r\nX-Twice: 1\r\nX-Twice: 2\r\nReply-To: ann@sender.test\r\n\r\nNo date, no id, no subject.\r\n",
	} {
		s.submit(t, raw, "bob@dkim.test")
	}
	taken, err := sink.Wait(t.Context(), 8)
	if err != nil {
		t.Fatal(err)
	}
	if len(taken) != 8 {
		t.Errorf("%d messages left", len(taken))
	}
	for _, m := range taken {
		raw := string(m.Body)
		subject, _, _ := strings.Cut(raw[strings.Index(raw, "Subject:")+1:], "\r\n")
		v.want(subject, raw, "pass")
		if strings.Contains(raw, "hidden@elsewhere.test") {
			t.Errorf("Bcc left:\n%s", raw)
		}
	}
	for _, m := range taken {
		if raw := string(m.Body); strings.Contains(raw, "\r\nSubject: text\r\n") {
			v.breaks(raw)
			return
		}
	}
	t.Error("the first message is not there")
}

// breaks changes a message in every way that must not pass, and in some that must.
func (v *opendkim) breaks(raw string) {
	v.t.Helper()
	header, body, _ := strings.Cut(raw, "\r\n\r\n")
	v.want("a byte of the body", header+"\r\n\r\n"+strings.Replace(body, "Hello", "Hellp", 1), "fail")
	v.want("a line after the body", raw+"One more.\r\n", "fail")
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Feedback-ID"} {
		at := regexp.MustCompile(`(?mi)^` + name + `: .`).FindStringIndex(header)
		if at == nil {
			v.t.Errorf("the message has no %s", name)
			continue
		}
		v.want("a byte of "+name, header[:at[1]-1]+"~"+header[at[1]:]+"\r\n\r\n"+body, "fail")
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Cc", "Reply-To", "In-Reply-To", "References", "Content-Type"} {
		v.want("one more "+name, name+": mallory@elsewhere.test\r\n"+raw, "fail")
	}
	v.want("a field of a relay's", "Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\r\nX-Other: 1\r\n"+raw, "pass")
	v.want("spaces as relays change them", strings.Replace(raw, "\r\nSubject: text\r\n", "\r\nsubject:  text \r\n", 1), "pass")
}

// submit hands a message over by SMTP, as its octets are.
func (s *sending) submit(t *testing.T, raw string, to ...string) {
	t.Helper()
	c, err := smtp.Dial(s.Submission)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(clientTLS(t, imapTarget{CA: s.CA})); err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(smtp.PlainAuth("", s.Inbox.Address, s.Inbox.Password, "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail(s.Inbox.Address); err != nil {
		t.Fatal(err)
	}
	for _, r := range to {
		if err := c.Rcpt(r); err != nil {
			t.Fatal(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
}
