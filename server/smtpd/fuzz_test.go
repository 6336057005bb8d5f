package smtpd

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

var replyForm = regexp.MustCompile(`^\d{3}[ -][ -~]*\r\n$`)

// FuzzConversation: whatever a client sends, the server answers in whole reply lines, does not panic, and lets go of the
// connection when the client has left.
func FuzzConversation(f *testing.F) {
	b := newBed(f, func(c *Config) {
		c.TLS = testTLS()
		c.MaxMessageBytes, c.MaxCommandLine, c.MaxTextLine = 2000, 200, 100
	})
	p := newPipes()
	b.serve(p)
	f.Cleanup(func() { b.must(b.shutdown()) })

	const begin = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ann@example.com>\r\n"
	for _, seed := range []string{
		"", "\r\n", "\n", "QUIT\r\n", "HELO x\r\nNOOP\r\nVRFY x\r\nRSET\r\nQUIT\r\n",
		begin + "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
		begin + "DATA\r\nx\r\r\n.\r\nNOOP\r\n",
		begin + "BDAT 3\r\nabcBDAT 0 LAST\r\nQUIT\r\n",
		begin + "BDAT 3\r\nabcRSET\r\nBDAT 2 LAST\r\nabQUIT\r\n",
		begin + "BDAT 3000\r\n", begin + "BDAT 30\r\nabc", "BDAT 0\r\nEHLO\r\n",
		"STARTTLS\r\nEHLO x\r\n", "EHLO x\r\nMAIL FROM:<ü@b> SMTPUTF8\r\nRCPT TO:<Postmaster>\r\nDATA\r\n",
		strings.Repeat("x", 300), strings.Repeat("NOOP\r\n", 150),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		ours, theirs := net.Pipe()
		b.endure(t, p, ours, theirs, input)
	})
}

// FuzzSubmission: the same of a submission server, and what comes before a login moves nothing. A @@ of the input is what
// PLAIN sends of a good login.
func FuzzSubmission(f *testing.F) {
	b := newBed(f, func(c *Config) {
		c.TLS = testTLS()
		c.Submission, c.AllowPlainOnLoopback = true, true
		c.MaxMessageBytes, c.MaxCommandLine, c.MaxTextLine = 2000, 200, 100
	})
	p := newPipes()
	b.serve(p)
	f.Cleanup(func() { b.must(b.shutdown()) })

	const begin = "EHLO x\r\nAUTH PLAIN @@\r\n"
	const envelope = begin + "MAIL FROM:<ann@example.com>\r\nRCPT TO:<x@y.example>\r\n"
	for _, seed := range []string{
		"", "AUTH PLAIN @@\r\n", begin, envelope, begin + "AUTH PLAIN @@\r\n", "EHLO x\r\nAUTH PLAIN\r\n@@\r\nNOOP\r\n",
		"EHLO x\r\nAUTH LOGIN\r\nAAAA\r\nAAAA\r\n", "EHLO x\r\nAUTH LOGIN AAAA\r\n*\r\nAUTH PLAIN =\r\n", "EHLO x\r\nAUTH PLAIN\r\nA\nA\r\n",
		"EHLO x\r\nAUTH LOGIN\r\n" + strings.Repeat("A", 300) + "\r\n", "EHLO x\r\nAUTH\r\nAUTH X\r\nAUTH PLAIN AAAA\r\nauth  plain  AGEAYg==\r\n",
		"EHLO x\r\nMAIL FROM:<ann@example.com>\r\nRCPT TO:<x@y.example>\r\nDATA\r\nBDAT 3\r\nabc", "EHLO x\r\nSTARTTLS\r\nAUTH PLAIN @@\r\n",
		envelope + "DATA\r\nFrom: ann@example.com\r\n\r\nx\r\n.\r\nQUIT\r\n", envelope + "DATA\r\n\r\n.\r\n" + "DATA\r\n",
		envelope + "BDAT 3\r\nabcBDAT 0 LAST\r\n", envelope + "BDAT 3\r\nabcRSET\r\n", envelope + "STARTTLS\r\n",
		begin + "MAIL FROM:<>\r\nMAIL FROM:<bob@example.com>\r\nMAIL FROM:<\"ann\"@example.com> AUTH=<>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<x@[1.2.3.4]>\r\n",
		envelope + "DATA\r\nFrom: bob@example.com\r\nfrom : ann@example.com\r\n\r\n.\r\n",
	} {
		f.Add([]byte(seed))
	}
	secret := base64.StdEncoding.EncodeToString([]byte("\x00ann@example.com\x00" + b.secrets["password:ann@example.com"]))
	sessions, sent := 0, 0
	f.Fuzz(func(t *testing.T, input []byte) {
		sessions++
		ours, theirs := net.Pipe()
		here := nearby{theirs, &net.TCPAddr{IP: net.IPv4(127, byte(sessions>>16), byte(sessions>>8), byte(sessions))}}
		b.endure(t, p, ours, here, bytes.ReplaceAll(input, []byte("@@"), []byte(secret)))
		list, _, err := b.inbox("ann@example.com").Messages(t.Context(), mailstore.MessageFilter{Mailbox: mailstore.SentMailbox}, nil, 1)
		b.must(err)
		if len(list) > sent && !bytes.Contains(input, []byte("@@")) {
			t.Errorf("%q sent a message without a login", input)
		}
		sent = max(sent, len(list))
	})
}

// nearby is a connection from this machine, of a source of its own: failed logins are counted for each.
type nearby struct {
	net.Conn
	from net.Addr
}

func (n nearby) RemoteAddr() net.Addr { return n.from }

// endure has the server meet what a client sends.
func (b *bed) endure(t *testing.T, p *pipes, ours, theirs net.Conn, input []byte) {
	p.conns <- theirs
	heard := make(chan string)
	go func() { heard <- firstBadReply(ours) }()
	ours.Write(input) // the server may have closed it
	ours.Close()
	if bad := <-heard; bad != "" {
		t.Errorf("reply %q", bad)
	}
	b.t = t
	b.until(func() bool { return b.held() == 0 })
	if strings.Contains(b.logs.String(), "panic") {
		t.Fatalf("%s", b.logs)
	}
	b.logs.reset()
}

// firstBadReply reads all replies up to TLS and gives the first that is none.
func firstBadReply(conn net.Conn) string {
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err == nil && !replyForm.MatchString(line) {
			return line
		}
		if err != nil || strings.HasPrefix(line, "220 2.0.0") {
			io.Copy(io.Discard, in)
			return ""
		}
	}
}
