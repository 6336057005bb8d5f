package peers

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wireDeadline bounds each read and write of a session of our own.
const wireDeadline = 20 * time.Second

// until waits for something that another process does.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("still not so after %v: %s", patience, what)
		}
	}
}

// imapWire is a session of our own, to fill mailboxes and to be the other client.
type imapWire struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	tag  int
}

// dialIMAP logs in over implicit TLS.
func dialIMAP(t testing.TB, at imapTarget) *imapWire {
	t.Helper()
	conn, err := tls.Dial("tcp", "127.0.0.1:"+at.TLSPort, clientTLS(t, at))
	if err != nil {
		t.Fatal(err)
	}
	w := &imapWire{t: t, conn: conn, r: bufio.NewReader(conn)}
	if line := w.line(); !strings.HasPrefix(line, "* OK") {
		t.Fatalf("the greeting is %q", line)
	}
	w.must("LOGIN", fmt.Sprintf("%q %q", at.User, at.Password))
	return w
}

func clientTLS(t testing.TB, at imapTarget) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(at.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", at.CA)
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

func (w *imapWire) close() { w.conn.Close() }

var literalEnd = regexp.MustCompile(`\{(\d+)\}$`)

// line is one line without its end; a literal's octets stand in it after the braces.
func (w *imapWire) line() string {
	w.t.Helper()
	var whole strings.Builder
	for {
		w.conn.SetDeadline(time.Now().Add(wireDeadline))
		part, err := w.r.ReadString('\n')
		if err != nil {
			w.t.Fatalf("after %q: %v", tail(whole.String()+part, 300), err)
		}
		part = strings.TrimSuffix(part, "\r\n")
		whole.WriteString(part)
		m := literalEnd.FindStringSubmatch(part)
		if m == nil {
			return whole.String()
		}
		n, _ := strconv.Atoi(m[1])
		octets := make([]byte, n)
		if _, err := io.ReadFull(w.r, octets); err != nil {
			w.t.Fatalf("a literal of %d: %v", n, err)
		}
		whole.Write(octets)
	}
}

func (w *imapWire) write(text string) {
	w.t.Helper()
	w.conn.SetDeadline(time.Now().Add(wireDeadline))
	if _, err := io.WriteString(w.conn, text); err != nil {
		w.t.Fatal(err)
	}
}

// command sends one command and gives its untagged lines and the tagged one without its tag.
func (w *imapWire) command(name, args string) (untagged []string, status string) {
	w.t.Helper()
	tag := w.send(strings.TrimSpace(name+" "+args) + "\r\n")
	return w.await(tag)
}

func (w *imapWire) send(text string) (tag string) {
	w.t.Helper()
	w.tag++
	tag = "w" + strconv.Itoa(w.tag)
	w.write(tag + " " + text)
	return tag
}

func (w *imapWire) await(tag string) (untagged []string, status string) {
	w.t.Helper()
	for {
		line := w.line()
		if status, ok := strings.CutPrefix(line, tag+" "); ok {
			return untagged, status
		}
		untagged = append(untagged, line)
	}
}

// must is a command that has to succeed.
func (w *imapWire) must(name, args string) []string {
	w.t.Helper()
	untagged, status := w.command(name, args)
	if !strings.HasPrefix(status, "OK") {
		w.t.Fatalf("%s %.200s is answered %s", name, args, status)
	}
	return untagged
}

// status is one number of STATUS.
func (w *imapWire) status(mailbox, item string) int {
	w.t.Helper()
	for _, line := range w.must("STATUS", quoted(mailbox)+" ("+item+")") {
		if m := regexp.MustCompile(item + ` (\d+)`).FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1])
			return n
		}
	}
	w.t.Fatalf("STATUS of %s has no %s", mailbox, item)
	return 0
}

// uids is what UID SEARCH finds in the selected mailbox.
func (w *imapWire) uids(criteria string) (uids []int) {
	w.t.Helper()
	for _, line := range w.must("UID SEARCH", criteria) {
		numbers, ok := strings.CutPrefix(line, "* SEARCH")
		if !ok {
			continue
		}
		for _, f := range strings.Fields(numbers) {
			n, err := strconv.Atoi(f)
			if err != nil {
				w.t.Fatalf("SEARCH answers %q", line)
			}
			uids = append(uids, n)
		}
	}
	return uids
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// testMail is a message to put into a mailbox.
type testMail struct {
	ID    string // Message-ID
	Flags string // with parentheses
	Text  string // with CRLF
}

// testMails makes n messages of several shapes, the same each time; their Message-IDs begin with the prefix.
func testMails(prefix string, n int) []testMail {
	mails := make([]testMail, n)
	for i := range mails {
		m := &mails[i]
		m.ID = fmt.Sprintf("<%s.%04d@sender.example>", prefix, i+1)
		m.Flags = [...]string{"()", `(\Seen)`, "()", `(\Seen \Flagged)`, `(\Answered \Seen)`}[i%5]
		date := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
		head := fmt.Sprintf("Return-Path: <ann@sender.example>\r\nFrom: Ann Author <ann@sender.example>\r\nTo: ben@demo.localhost\r\nSubject: %s %04d\r\nDate: %s\r\nMessage-ID: %s\r\n",
			prefix, i+1, date.Format(time.RFC1123Z), m.ID)
		switch i % 4 {
		case 0:
			m.Text = head + fmt.Sprintf("\r\nPlain words of number %d.\r\n.a line with a dot\r\n-- \r\nAnn\r\n", i+1)
		case 1:
			m.Text = head + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße aus Zürich — 你好\r\n" +
				strings.Repeat("A line of some length, to have something to move about.\r\n", i%17)
		case 2:
			m.Text = head + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\npreamble\r\n--=_b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n" +
				"--=_b\r\nContent-Type: application/octet-stream; name=\"a.bin\"\r\nContent-Disposition: attachment; filename=\"a.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
				strings.Repeat("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\r\n", 10+i%30) + "--=_b--\r\n"
		default:
			m.Text = head + fmt.Sprintf("References: <%s.%04d@sender.example>\r\nIn-Reply-To: <%s.%04d@sender.example>\r\n\r\nAn answer, without an end of its last line", prefix, i, prefix, i)
		}
	}
	return mails
}

// append stores messages, many with one command where the server has MULTIAPPEND.
func (w *imapWire) append(mailbox string, mails ...testMail) {
	w.t.Helper()
	atOnce := 1
	if len(mails) > 1 && strings.Contains(strings.Join(w.must("CAPABILITY", ""), " "), "MULTIAPPEND") {
		atOnce = 500
	}
	for some := range slices.Chunk(mails, atOnce) {
		var b strings.Builder
		b.WriteString("APPEND " + quoted(mailbox))
		for _, m := range some {
			fmt.Fprintf(&b, " %s {%d+}\r\n%s", m.Flags, len(m.Text), m.Text)
		}
		if _, status := w.await(w.send(b.String() + "\r\n")); !strings.HasPrefix(status, "OK") {
			w.t.Fatalf("APPEND is answered %s", status)
		}
	}
}
