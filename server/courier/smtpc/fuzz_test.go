package smtpc

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"
)

var statusForm = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)

// FuzzReply: whatever a server sends, a reply has the promised form, reading is bounded, and the rest is left alone.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "220\r\n", "220 \r\n", "250-a\r\n250 b\r\n", "250-2.1.0 a\r\n250-2.1.0 b\r\n250 2.1.0\r\n", "250-a\r\n251 b\r\n",
		"550 5.1.1 no\r\n", "550 5.1.1no\r\n", "550 4.1.1 no\r\n", "354 3.0.0 go\r\n", "199 x\r\n", "600 x\r\n", "25 x\r\n", "2500\r\n",
		"250 \xff\x00\x1b[0m\u202e\u00a0\r\n", "550 5.1234.1\r\n", "550 5..1\r\n", "550 5.1.\r\n", "550  5.1.1  x \r\n", "250 a\rb\n",
		strings.Repeat("2", 3000), strings.Repeat("250-x\r\n", 200), "250-" + strings.Repeat("ü", 1000) + "\r\n250 x\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		const tail = "the rest"
		in := bufio.NewReaderSize(bytes.NewReader(append(bytes.Clone(input), tail...)), maxReplyLine)
		lines := 0
		r, err := readReply(in, func([]byte) { lines++ })
		if lines > maxReplyLines {
			t.Fatalf("%d lines", lines)
		}
		if err != nil {
			if r != (Reply{}) || len(err.Error()) > 600 {
				t.Fatalf("%+v, %v", r, err)
			}
			return
		}
		if r.Code < 200 || r.Code > 599 || len(r.Text) > maxReplyText || !utf8.ValidString(r.Text) ||
			strings.ContainsFunc(r.Text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%+v", r)
		}
		if r.Status != "" && (!statusForm.MatchString(r.Status) || int(r.Status[0]-'0') != r.Code/100) {
			t.Fatalf("%+v", r)
		}
		rest, _ := io.ReadAll(in)
		if !bytes.HasSuffix(rest, []byte(tail)) {
			t.Fatalf("it read too far: %q is left", rest)
		}
	})
}

// FuzzSend: whatever a server answers and when it leaves, Send ends within its time, no recipient is accepted but by a
// 2xx to the final dot, and the body goes only behind a DATA that was answered.
func FuzzSend(f *testing.F) {
	const hello = "220 x\xfe250-x\r\n250 PIPELINING\xfe"
	for _, seed := range []string{
		"", "220 x", hello, hello + "250 a\r\n250 b\r\n250 c\r\n354 d\xfe250 e\xfe250 RSET\r\n250 a\r\n550 b\r\n550 c\r\n354 d\xfe554 e",
		hello + "250 a\r\n250 b\r\n452 c\r\n354 d\xfe421 e", hello + "550 a\r\n250 b\r\n250 c\r\n354 d",
		"220 x\xfe500 x\xfe250 x\xfe250 a\xfe250 b\xfe550 c\xfe354 d\xfe250 e\xfe421 bye",
		"220 x\xfe250 x\xfe250 a\xfe250 b\xfe421 c", hello + "250 a\r\n250 b\r\n250 c\r\n354 d\r\n550 e", hello + "250 a\r\n250 b\r\n250 c\r\n250 d\xfe250 e",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			heard := make(chan string)
			go func() { heard <- answer(ours, bytes.Split(input, []byte{0xfe})) }()
			c, err := Connect(t.Context(), theirs, Config{Hostname: "client.example", TLS: Off})
			if err == nil {
				for range 2 {
					sendAny(t, c)
				}
				c.Quit(t.Context())
			}
			c0, closed := theirs.Write([]byte("x"))
			if !errors.Is(closed, io.ErrClosedPipe) {
				t.Errorf("the connection is open: %d, %v", c0, closed)
			}
			ours.Close()
			checkHeard(t, <-heard)
		})
	})
}

const fuzzBody = "Subject: the body\r\n\r\n.\r\n"

func sendAny(t *testing.T, c *Client) {
	sent := c.Sent()
	out, err := c.Send(t.Context(), Message{Sender: "a@a.example", Recipients: []string{"b@b.example", "c@b.example"}, Body: strings.NewReader(fuzzBody)})
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok || c.Reusable() {
			t.Errorf("%v; reusable %v", err, c.Reusable())
		}
		if e.MaybeAccepted() != (e.Step == StepFinal) {
			t.Error(err)
		}
	}
	accepted := 0
	for _, r := range out.Recipients {
		if r.Accepted() {
			accepted++
		}
		if err == nil && r.Step == "" || r.Step != "" && r.Reply.Code == 0 || r.Reply.Positive() != r.Accepted() {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if (accepted > 0) != (c.Sent() > sent) || accepted > 0 && !out.Final.Positive() {
		t.Errorf("%+v: %d accepted, %d sent", out, accepted, c.Sent()-sent)
	}
}

// answer sends the next chunk whenever a line was read, and gives all that was read.
func answer(conn net.Conn, chunks [][]byte) string {
	var heard strings.Builder
	p := make([]byte, 1<<16)
	for _, chunk := range chunks {
		if len(chunk) > 0 {
			if _, err := conn.Write(append(bytes.Clone(chunk), "\r\n"...)); err != nil {
				break
			}
		}
		n, err := conn.Read(p)
		heard.Write(p[:n])
		if err != nil {
			return heard.String()
		}
	}
	conn.Close()
	return heard.String()
}

var heardForm = regexp.MustCompile(`^(EHLO client\.example\r\n(HELO client\.example\r\n)?` +
	`((RSET\r\n)?(MAIL FROM:<a@a\.example>( BODY=8BITMIME)?\r\n((RCPT TO:<b@b\.example>\r\n)(RCPT TO:<c@b\.example>\r\n)?` +
	`(DATA\r\n((Subject: the body\r\n\r\n\.\.\r\n)?\.\r\n)?)?)?)?){0,2})?(QUIT\r\n)?$`)

func checkHeard(t *testing.T, heard string) {
	if !heardForm.MatchString(heard) {
		t.Errorf("the client sent %q", heard)
	}
}
