package smtpd

import (
	"bufio"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
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
	})
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
