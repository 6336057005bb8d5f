package smtpc_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/server/courier/smtpc"
)

// The conversations in testdata are text files. The server is the player, so a line is one of:
//
//	# ...               a comment
//	set: NAME VALUE     a field of Config: tls off|opportunistic|required, implicit, auth USER PASSWORD, insecure
//	message: SENDER RECIPIENT...  a message; SENDER is - for the null path
//	with: NAME...       of the last message: 8bit, utf8, requiretls, size=N, unsized
//	body: "text"        of the last message, a Go string
//	C: text             the client sends this line; before the server answers, it must have sent nothing more
//	B: "text"           the client sends these octets
//	S: text             the server sends this line
//	R: "text"           the server sends what the Go string holds, as it is
//	N: N "text"         the server sends the Go string N times
//	TLS:                the handshake; the certificate is for mx.test, or "TLS: wrong" for another name
//	WAIT: DURATION      the server does nothing for so long
//	CLOSE:              the server closes the connection
//	END:                the client closes the connection, having sent nothing more
//	= text              what the client's functions gave, line by line; see talk.say
//
// The time is virtual.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := readScript(t, file, string(text))
			synctest.Test(t, s.play)
		})
	}
}

type scriptMessage struct {
	smtpc.Message
	body    string
	unsized bool
}

type script struct {
	file     string
	cfg      smtpc.Config
	messages []*scriptMessage
	steps    []scriptStep
	want     []string
}

type scriptStep struct {
	at         string
	word, text string
}

func readScript(t *testing.T, file, text string) *script {
	s := &script{file: file, cfg: smtpc.Config{Hostname: "client.example", ServerName: "mx.test"}}
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		at := fmt.Sprintf("%s:%d", file, i+1)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
		case "set:":
			s.set(t, at, strings.Fields(rest))
		case "message:":
			f := strings.Fields(rest)
			m := &scriptMessage{body: "Subject: x\r\n\r\nHello.\r\n"}
			m.Sender, m.Recipients = strings.TrimPrefix(f[0], "-"), f[1:]
			s.messages = append(s.messages, m)
		case "with:":
			s.messages[len(s.messages)-1].with(t, at, strings.Fields(rest))
		case "body:":
			s.messages[len(s.messages)-1].body = unquote(t, at, rest)
		case "=":
			s.want = append(s.want, rest)
		default:
			s.steps = append(s.steps, scriptStep{at, word, rest})
		}
	}
	return s
}

func (s *script) set(t *testing.T, at string, f []string) {
	switch f[0] {
	case "tls":
		modes := map[string]smtpc.TLSMode{"off": smtpc.Off, "opportunistic": smtpc.Opportunistic, "required": smtpc.Required}
		mode, ok := modes[f[1]]
		if !ok {
			t.Fatalf("%s: no mode", at)
		}
		s.cfg.TLS = mode
	case "implicit":
		s.cfg.ImplicitTLS = true
	case "auth":
		s.cfg.Auth = &smtpc.Credentials{Username: f[1], Password: f[2]}
	case "insecure":
		s.cfg.Auth.Insecure = true
	default:
		t.Fatalf("%s: %s is no setting", at, f[0])
	}
}

func (m *scriptMessage) with(t *testing.T, at string, f []string) {
	for _, name := range f {
		switch {
		case name == "8bit":
			m.EightBit = true
		case name == "utf8":
			m.UTF8 = true
		case name == "requiretls":
			m.RequireTLS = true
		case name == "unsized":
			m.unsized = true
		case strings.HasPrefix(name, "size="):
			n, err := strconv.Atoi(name[len("size="):])
			if err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			m.Size = int64(n)
		default:
			t.Fatalf("%s: %s is nothing", at, name)
		}
	}
}

func unquote(t *testing.T, at, text string) string {
	t.Helper()
	s, err := strconv.Unquote(text)
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	return s
}

// play holds the conversation.
func (s *script) play(t *testing.T) {
	good := mxtest.Start(t, mxtest.Options{Pipes: true, TLS: mxtest.Offered})
	ours, theirs := net.Pipe()
	defer ours.Close()
	s.cfg.TLSConfig = &tls.Config{RootCAs: good.Roots()}
	k := &talk{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.client(theirs, s)
	}()
	p := &player{t: t, conn: ours, in: bufio.NewReaderSize(ours, 1<<16), mx: good}
	p.play(s.steps)
	if !t.Failed() {
		p.end("at the end")
	}
	ours.Close()
	<-done
	if got, want := strings.Join(k.said, "\n"), strings.Join(s.want, "\n"); got != want {
		t.Errorf("%s: the client gave\n%s\nwant\n%s", s.file, got, want)
	}
}

// talk is the client's side.
type talk struct{ said []string }

func (k *talk) say(format string, args ...any) {
	k.said = append(k.said, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// client connects, sends the messages for as long as the connection is reusable, and quits.
func (k *talk) client(conn net.Conn, s *script) {
	ctx := context.Background()
	c, err := smtpc.Connect(ctx, conn, s.cfg)
	if err != nil {
		k.fail("connect", err)
		return
	}
	k.say("connected%s%s", flag(c.TLS() != nil, "tls"), flag(c.Verified(), "verified"))
	for i, m := range s.messages {
		m.Body = strings.NewReader(m.body)
		if m.Size == 0 && !m.unsized {
			m.Size = int64(len(m.body))
		}
		out, err := c.Send(ctx, m.Message)
		for j, r := range out.Recipients {
			k.say("%d %s: %s %s%s%s%s", i+1, m.Recipients[j], r.Step, r.Reply,
				flag(r.Local, "local"), flag(r.Later, "later"), flag(r.Accepted(), "accepted"))
		}
		if err != nil {
			k.fail(strconv.Itoa(i+1), err)
		}
	}
	if !c.Reusable() {
		k.say("closed")
		return
	}
	if err := c.Quit(ctx); err != nil {
		k.fail("quit", err)
	}
}

func (k *talk) fail(what string, err error) {
	e, ok := errors.AsType[*smtpc.Error](err)
	if !ok {
		k.say("%s: not an *Error: %v", what, err)
		return
	}
	k.say("%s failed: %v%s%s%s", what, err, flag(e.Local, "local"), flag(e.Stale, "stale"), flag(e.MaybeAccepted(), "maybe accepted"))
}

func flag(on bool, name string) string {
	if on {
		return " [" + name + "]"
	}
	return ""
}

// player is the server's side.
type player struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	mx   *mxtest.Server
	last string // the kind of the step before
}

func (p *player) play(steps []scriptStep) {
	for _, s := range steps {
		if p.t.Failed() {
			return
		}
		p.step(s)
		p.last = s.word
	}
}

func (p *player) step(s scriptStep) {
	t := p.t
	switch s.word {
	case "C:", "B:":
		want := s.text + "\r\n"
		if s.word == "B:" {
			want = unquote(t, s.at, s.text)
		}
		got := make([]byte, len(want))
		n, err := io.ReadFull(p.in, got)
		if string(got[:n]) != want {
			t.Errorf("%s: the client sent %q (%v), want %q", s.at, got[:n], err, want)
		}
		return
	case "S:":
		p.write(s, s.text+"\r\n")
	case "R:":
		p.write(s, unquote(t, s.at, s.text))
	case "N:":
		number, text, _ := strings.Cut(s.text, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%s: %v", s.at, err)
		}
		p.write(s, strings.Repeat(unquote(t, s.at, text), n))
	case "TLS:":
		p.startTLS(s)
	case "WAIT:":
		d, err := time.ParseDuration(s.text)
		if err != nil {
			t.Fatalf("%s: %v", s.at, err)
		}
		<-time.After(d)
	case "CLOSE:":
		synctest.Wait() // the client reads, so that it sees the end
		p.conn.Close()
	case "END:":
		p.end(s.at)
	default:
		t.Fatalf("%s: what is %q?", s.at, s.word)
	}
}

// write wants the client to wait for it: a client that sends on has not waited.
func (p *player) write(s scriptStep, text string) {
	synctest.Wait()
	if n := p.in.Buffered(); n > 0 && p.last != "S:" {
		rest, _ := p.in.Peek(n)
		p.t.Errorf("%s: the client did not wait for the answer and sent %q", s.at, rest)
	}
	io.WriteString(p.conn, text) // the client may have left
}

func (p *player) startTLS(s scriptStep) {
	mx := p.mx
	if s.text == "wrong" {
		mx = mxtest.Start(p.t, mxtest.Options{Pipes: true, TLS: mxtest.Offered, Certificate: mxtest.WrongName})
	}
	conn := tls.Server(p.conn, mx.TLSConfig())
	if err := conn.Handshake(); err != nil && s.text == "" {
		p.t.Errorf("%s: handshake: %v", s.at, err)
	}
	p.conn, p.in = conn, bufio.NewReaderSize(conn, 1<<16)
}

func (p *player) end(at string) {
	rest, _ := io.ReadAll(p.in)
	if len(rest) > 0 {
		p.t.Errorf("%s: the client also sent %q", at, rest)
	}
}
