package mxtest

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
)

const (
	maxLine = 16 << 10 // octets of a command
	maxBody = 64 << 20 // octets of a body; a larger one ends the session
)

// session is one connection.
type session struct {
	server *Server
	o      *Options
	conn   net.Conn
	in     *bufio.Reader
	out    *bufio.Writer
	number int
	remote netip.Addr
	excess bool // more than Options.MaxConns

	hello      string
	tls        bool
	serverName string
	user       string
	messages   int
	open       bool // MAIL was accepted
	t          Transaction
}

var (
	errLeft    = errors.New("the client left")
	errDropped = errors.New("dropped")
)

func newSession(s *Server, conn net.Conn, number int, excess bool) *session {
	x := &session{server: s, o: &s.o, number: number, excess: excess}
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		x.remote = addr.AddrPort().Addr().Unmap()
	}
	x.over(conn)
	return x
}

// over makes conn the session's connection.
func (x *session) over(conn net.Conn) {
	x.conn = conn
	x.in, x.out = bufio.NewReaderSize(conn, maxLine), bufio.NewWriter(conn)
}

// serve goes on until a side leaves. Its error only says that.
func (x *session) serve() error {
	if x.o.TLS == Implicit {
		if err := x.handshake(); err != nil {
			return err
		}
	}
	greeting := x.o.Greeting
	if greeting == "" {
		greeting = "220 " + x.o.Hostname + " ESMTP"
	}
	if x.excess {
		greeting = "421 4.7.0 too many connections"
	}
	if err := x.say("CONNECT", "", greeting, ""); err != nil {
		return err
	}
	for {
		line, err := x.line()
		if err != nil {
			return err
		}
		verb, arg, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		if greeting[0] != '2' && verb != "QUIT" {
			err = x.say(verb, arg, "", "503 5.5.1 no service here")
		} else {
			err = x.command(verb, arg)
		}
		if err != nil {
			x.out.Flush()
			return err
		}
	}
}

// line reads a command. Replies are sent when no more commands wait.
func (x *session) line() (string, error) {
	if x.in.Buffered() == 0 {
		if err := x.out.Flush(); err != nil {
			return "", err
		}
	}
	line, err := x.in.ReadSlice('\n')
	return strings.TrimSuffix(string(line), "\r\n"), err
}

// say answers what a function of the options gave, or the usual. 421 ends the session, as Drop does.
func (x *session) say(verb, arg, given, usual string) error {
	if err := x.hold(verb, arg); err != nil {
		return err
	}
	reply := cmp.Or(given, usual)
	if reply == Drop || reply == AcceptAndDrop {
		x.out.Flush() // what was answered before arrives
		return errDropped
	}
	lines := strings.Split(reply, "\n")
	for i, line := range lines {
		if len(line) > 3 && i < len(lines)-1 {
			line = line[:3] + "-" + line[4:]
		}
		x.out.WriteString(line + "\r\n")
	}
	if strings.HasPrefix(reply, "421") {
		x.out.Flush()
		return errDropped
	}
	return nil
}

// hold waits where the test wants it. What was answered before is sent.
func (x *session) hold(verb, arg string) error {
	if x.o.Hold == nil {
		return nil
	}
	held := x.o.Hold(Event{x.number, verb, arg})
	if held == nil {
		return nil
	}
	if err := x.out.Flush(); err != nil {
		return err
	}
	select {
	case <-held:
		return nil
	case <-x.server.stop:
		return errDropped
	}
}

func (x *session) command(verb, arg string) error {
	switch verb {
	case "EHLO", "HELO":
		return x.helo(verb, arg)
	case "STARTTLS":
		return x.startTLS(verb, arg)
	case "AUTH":
		return x.auth(verb, arg)
	case "MAIL":
		return x.mail(verb, arg)
	case "RCPT":
		return x.rcpt(verb, arg)
	case "DATA":
		return x.data(verb, arg)
	case "RSET":
		x.open = false
		return x.say(verb, arg, "", "250 2.0.0 ok")
	case "NOOP":
		return x.say(verb, arg, "", "250 2.0.0 ok")
	case "QUIT":
		if err := x.say(verb, arg, "", "221 2.0.0 bye"); err != nil {
			return err
		}
		return errLeft
	}
	return x.say(verb, arg, "", "500 5.5.1 unknown command")
}

func (x *session) helo(verb, arg string) error {
	if verb == "EHLO" && x.o.NoEHLO {
		return x.say(verb, arg, "", "502 5.5.1 unknown command")
	}
	x.hello, x.open = arg, false
	reply := "250 " + x.o.Hostname
	offer := func(yes bool, line string) {
		if yes && verb == "EHLO" {
			reply += "\n250 " + line
		}
	}
	offer(!x.o.NoPipelining, "PIPELINING")
	offer(!x.o.NoEightBit, "8BITMIME")
	offer(x.o.UTF8, "SMTPUTF8")
	offer(x.o.RequireTLS && x.tls, "REQUIRETLS")
	offer(x.o.TLS != NoTLS && !x.tls, "STARTTLS")
	offer(x.o.Auth != nil, "AUTH PLAIN LOGIN")
	offer(true, fmt.Sprintf("SIZE %d", x.o.MaxSize))
	offer(true, "ENHANCEDSTATUSCODES")
	return x.say(verb, arg, reply, "")
}

func (x *session) startTLS(verb, arg string) error {
	switch {
	case x.tls || x.o.TLS == NoTLS:
		return x.say(verb, arg, "", "503 5.5.1 no TLS now")
	case x.o.TLS == Refused:
		return x.say(verb, arg, "", "454 4.7.0 TLS is not available")
	}
	if err := x.say(verb, arg, "", "220 2.0.0 go ahead"); err != nil {
		return err
	}
	if err := x.out.Flush(); err != nil {
		return err
	}
	return x.handshake()
}

func (x *session) handshake() error {
	if x.o.HandshakeFails {
		return errDropped
	}
	conn := tls.Server(x.conn, x.server.tls)
	if err := conn.Handshake(); err != nil {
		return err
	}
	x.hello, x.tls, x.open, x.serverName = "", true, false, conn.ConnectionState().ServerName
	x.over(conn)
	return nil
}

func (x *session) mail(verb, arg string) error {
	sender, params, ok := cutPath(arg, "FROM:")
	refusal := ""
	switch {
	case x.hello == "" || x.open:
		refusal = "503 5.5.1 wrong order"
	case x.o.TLS == Required && !x.tls:
		refusal = "530 5.7.0 STARTTLS comes first"
	case x.o.Auth != nil && x.user == "":
		refusal = "530 5.7.0 authentication is required"
	case !ok:
		refusal = "501 5.5.4 malformed"
	case x.o.MaxMessages > 0 && x.messages >= x.o.MaxMessages:
		refusal = "421 4.7.0 that was enough for one connection"
	case x.o.Mail != nil:
		refusal = x.o.Mail(sender)
	}
	if refusal == "" || refusal[0] == '2' {
		x.open = true
		x.t = Transaction{Conn: x.number, Remote: x.remote, Hello: x.hello, Sender: sender, Params: params,
			TLS: x.tls, ServerName: x.serverName, User: x.user}
	}
	return x.say(verb, arg, refusal, "250 2.1.0 ok")
}

func (x *session) rcpt(verb, arg string) error {
	rcpt, _, ok := cutPath(arg, "TO:")
	refusal := ""
	switch {
	case !x.open:
		refusal = "503 5.5.1 wrong order"
	case !ok || rcpt == "":
		refusal = "501 5.5.4 malformed"
	case x.o.Rcpt != nil:
		refusal = x.o.Rcpt(x.t.Sender, rcpt)
	}
	if refusal == "" || refusal[0] == '2' {
		x.t.Recipients = append(x.t.Recipients, rcpt)
	}
	return x.say(verb, arg, refusal, "250 2.1.5 ok")
}

// cutPath takes the address out of an argument of MAIL or RCPT.
func cutPath(arg, prefix string) (address, params string, ok bool) {
	if len(arg) < len(prefix) || !strings.EqualFold(arg[:len(prefix)], prefix) {
		return "", "", false
	}
	arg, ok = strings.CutPrefix(strings.TrimLeft(arg[len(prefix):], " "), "<")
	from := 0
	if at := strings.LastIndex(arg, `"@`); strings.HasPrefix(arg, `"`) && at > 0 {
		from = at
	}
	end := strings.IndexByte(arg[from:], '>')
	if !ok || end < 0 {
		return "", "", false
	}
	return arg[:from+end], strings.TrimSpace(arg[from+end+1:]), true
}

// snapshot is the transaction as a function may keep it.
func (x *session) snapshot() Transaction {
	t := x.t
	t.Recipients = slices.Clone(t.Recipients)
	return t
}

func (x *session) data(verb, arg string) error {
	refusal := ""
	switch {
	case !x.open:
		refusal = "503 5.5.1 wrong order"
	case len(x.t.Recipients) == 0:
		refusal = "554 5.5.1 no valid recipients"
	}
	if refusal == "" && x.o.Data != nil {
		refusal = x.o.Data(x.snapshot())
	}
	if err := x.say(verb, arg, refusal, "354 go ahead"); err != nil || refusal != "" && refusal[0] != '3' {
		return err
	}
	if err := x.hold("BODY", ""); err != nil {
		return err
	}
	if err := x.out.Flush(); err != nil {
		return err
	}
	var err error
	if x.t.Body, err = x.body(); err != nil {
		return err
	}
	t := x.snapshot()
	x.open = false
	reply := ""
	if x.o.Final != nil {
		reply = x.o.Final(t)
	}
	if reply == "" || reply[0] == '2' || reply == AcceptAndDrop {
		x.messages++
		x.server.take(t)
	}
	return x.say("FINAL", "", reply, "250 2.0.0 taken")
}

// body reads up to the final dot, which stands between CRLFs and nothing else.
func (x *session) body() ([]byte, error) {
	var b []byte
	var read int64
	start := true // of a line
	for {
		piece, err := x.in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, err
		}
		if read += int64(len(piece)); x.o.DropAfter > 0 && read >= x.o.DropAfter {
			return nil, errDropped
		}
		if start && len(piece) == 3 && string(piece) == ".\r\n" {
			return b, nil
		}
		if start && piece[0] == '.' {
			piece = piece[1:]
		}
		if len(b)+len(piece) > maxBody {
			return nil, io.ErrShortBuffer
		}
		b = append(b, piece...)
		start = err == nil && (bytes.HasSuffix(b, []byte("\r\n")) || len(b) == 0)
	}
}
