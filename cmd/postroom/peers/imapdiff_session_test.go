package peers

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// diffPatience bounds the wait for one answer. An answer that does not come is a difference, and ends its session.
const diffPatience = 20 * time.Second

// diffTarget is an IMAP server whose answers are compared with another's.
type diffTarget struct {
	name    string
	addr    string                                    // host:port, TLS from the start
	tls     *tls.Config                               // nil: no TLS
	account func() (user, password string, err error) // makes an account without mail
	alter   func(response string) string              // changes what the server said, or hides it if "" is returned; nil: nothing
}

// diffSession is one connection. It sends exactly what it is told and takes answers apart without judging them.
type diffSession struct {
	name     string // of the session within its dialogue; begins every tag
	conn     net.Conn
	r        *bufio.Reader
	commands int
	selected string // the name of the selected mailbox, as the client wrote it
	ended    error  // why nothing more can come
	alter    func(response string) string
}

func (t diffTarget) connect(name string) (*diffSession, error) {
	conn, err := net.DialTimeout("tcp", t.addr, diffPatience)
	if err != nil {
		return nil, err
	}
	if t.tls != nil {
		conn = tls.Client(conn, t.tls)
	}
	s := &diffSession{name: name, conn: conn, r: bufio.NewReader(conn), alter: t.alter}
	if _, err := s.response(); err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	return s, nil
}

func (t diffTarget) login(name, user, password string) (*diffSession, error) {
	s, err := t.connect(name)
	if err != nil {
		return nil, err
	}
	answer := s.command(diffText(fmt.Sprintf("LOGIN %q %q", user, password)))
	if !strings.HasPrefix(answer.final(), "OK") {
		s.conn.Close()
		return nil, fmt.Errorf("login of %s: %q", user, answer.raw)
	}
	return s, nil
}

// diffPiece is a part of a command: text as it is, or a literal.
type diffPiece struct {
	text    string
	literal bool
	form    string // of a literal: "{%d}", "{%d+}" or "~{%d}"
}

func diffText(text string) []diffPiece { return []diffPiece{{text: text}} }

// rawAnswer is everything that came for one step, response by response, the tagged one last.
type rawAnswer struct {
	tag string
	raw []string // without the CRLF at their ends
	err error    // the answer is not whole
}

// final is the tagged response without its tag, "" if there is none.
func (a rawAnswer) final() string {
	if a.err != nil || len(a.raw) == 0 {
		return ""
	}
	return strings.TrimPrefix(a.raw[len(a.raw)-1], a.tag+" ")
}

// command sends a command under a new tag and reads up to its tagged answer.
func (s *diffSession) command(pieces []diffPiece) rawAnswer {
	a := s.begin(pieces)
	if a.err != nil || s.isTagged(a) {
		return a
	}
	return s.readTo(a, a.tag+" ")
}

// begin sends a command under a new tag. The answer has what came while a literal waited for its invitation; it is whole if the
// literal was refused.
func (s *diffSession) begin(pieces []diffPiece) rawAnswer {
	s.commands++
	a := rawAnswer{tag: s.name + strconv.Itoa(s.commands), err: s.ended}
	if s.ended != nil {
		return a
	}
	pending := a.tag + " "
	for _, p := range pieces {
		if !p.literal {
			pending += p.text
			continue
		}
		pending += fmt.Sprintf(p.form, len(p.text)) + "\r\n"
		if !strings.Contains(p.form, "+") {
			a = s.invited(a, pending)
			if a.err != nil || s.isTagged(a) {
				return a
			}
			pending = ""
		}
		pending += p.text
	}
	a.err = s.write(pending + "\r\n")
	return a
}

// invited sends what there is and waits for the continuation, which is left out of the answer.
func (s *diffSession) invited(a rawAnswer, text string) rawAnswer {
	if a.err = s.write(text); a.err != nil {
		return a
	}
	for {
		line, err := s.response()
		if err != nil {
			a.err = err
			return a
		}
		if strings.HasPrefix(line, "+") {
			return a
		}
		a.raw = append(a.raw, line)
		if s.isTagged(a) {
			return a
		}
	}
}

func (s *diffSession) isTagged(a rawAnswer) bool {
	return len(a.raw) > 0 && strings.HasPrefix(a.raw[len(a.raw)-1], a.tag+" ")
}

// readTo adds responses up to one that begins so.
func (s *diffSession) readTo(a rawAnswer, prefix string) rawAnswer {
	return s.readUntil(a, func(line string) bool { return strings.HasPrefix(line, prefix) })
}

func (s *diffSession) readUntil(a rawAnswer, last func(line string) bool) rawAnswer {
	for {
		line, err := s.response()
		if err != nil {
			a.err = err
			return a
		}
		a.raw = append(a.raw, line)
		if last(line) {
			return a
		}
	}
}

func (s *diffSession) write(text string) error {
	if s.ended != nil {
		return s.ended
	}
	s.conn.SetDeadline(time.Now().Add(diffPatience))
	if _, err := io.WriteString(s.conn, text); err != nil {
		s.end(err)
	}
	return s.ended
}

// response reads one response with its literals, without its last CRLF.
func (s *diffSession) response() (string, error) {
	for {
		line, err := s.unaltered()
		if err != nil || s.alter == nil {
			return line, err
		}
		if line = s.alter(line); line != "" {
			return line, nil
		}
	}
}

func (s *diffSession) unaltered() (string, error) {
	if s.ended != nil {
		return "", s.ended
	}
	s.conn.SetDeadline(time.Now().Add(diffPatience))
	var b strings.Builder
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			s.end(err)
			return "", s.ended
		}
		b.WriteString(line)
		n, ok := announced(line)
		if !ok {
			return strings.TrimSuffix(b.String(), "\r\n"), nil
		}
		if _, err := io.CopyN(&b, s.r, n); err != nil {
			s.end(err)
			return "", s.ended
		}
	}
}

// announced is the length of the literal that follows a line.
func announced(line string) (int64, bool) {
	line, ok := strings.CutSuffix(line, "}\r\n")
	open := strings.LastIndexByte(line, '{')
	if !ok || open < 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(line[open+1:], 10, 64)
	return n, err == nil && n >= 0
}

// end closes the connection and keeps the reason in the two words that are compared.
func (s *diffSession) end(err error) {
	s.conn.Close()
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		s.ended = errors.New("no answer comes")
		return
	}
	s.ended = errors.New("the connection is closed")
}
