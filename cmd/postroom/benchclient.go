package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	benchDialTimeout    = 10 * time.Second
	benchCommandTimeout = 5 * time.Minute // of one command, from its first octet to its tagged answer
	benchMaxKept        = 4 << 10         // octets of a response that are kept to be looked at; the rest is only counted
)

// benchTarget is the server to measure and how to reach it.
type benchTarget struct {
	Addr     string `required:"" help:"The server, as host:port." placeholder:"HOST:PORT"`
	User     string `required:"" help:"Who logs in." placeholder:"NAME"`
	Password string `required:"" help:"The password." env:"POSTROOM_BENCH_PASSWORD" placeholder:"TEXT"`
	TLS      bool   `name:"tls" help:"Speak TLS from the start." xor:"tls"`
	STARTTLS bool   `name:"starttls" help:"Begin in the clear and turn to TLS." xor:"tls"`
	CA       string `name:"ca" help:"Trust the authorities in this PEM file, not the system's." type:"existingfile" placeholder:"FILE"`

	from net.IP // where connections come from; nil: the system chooses
}

// benchConn is an IMAP client that parses as little as it can, so that the server is measured and not the client: it
// finds the ends of answers, counts octets and items, and keeps the last line of each kind.
type benchConn struct {
	conn    net.Conn
	r       *bufio.Reader
	w       *bufio.Writer
	tag     int
	caps    map[string]bool
	octets  int64 // read since the connection began
	stop    func() bool
	pending []byte // the line being read
}

// dial connects, turns to TLS if asked to, logs in, and learns what the server can do. The context ends the connection.
func (t benchTarget) dial(ctx context.Context) (*benchConn, error) {
	ctx, cancel := context.WithCancel(ctx)
	c, err := t.connect(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	end := context.AfterFunc(ctx, func() { c.conn.Close() })
	c.stop = func() bool { defer cancel(); return end() }
	if err := c.login(t); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (t benchTarget) connect(ctx context.Context) (*benchConn, error) {
	d := net.Dialer{Timeout: benchDialTimeout}
	if t.from != nil {
		d.LocalAddr = &net.TCPAddr{IP: t.from}
	}
	conn, err := d.DialContext(ctx, "tcp", t.Addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &benchConn{}
	c.use(conn)
	err = c.begin(ctx, t)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// begin reads the greeting, on TLS or before it.
func (c *benchConn) begin(ctx context.Context, t benchTarget) error {
	if t.TLS {
		if err := c.secure(ctx, t); err != nil {
			return err
		}
	}
	c.conn.SetDeadline(time.Now().Add(benchDialTimeout))
	if _, err := c.response(); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	if t.STARTTLS {
		if _, err := c.command("STARTTLS"); err != nil {
			return err
		}
		return c.secure(ctx, t)
	}
	return nil
}

func (c *benchConn) use(conn net.Conn) {
	c.conn, c.r, c.w = conn, bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
}

func (c *benchConn) secure(ctx context.Context, t benchTarget) error {
	host, _, err := net.SplitHostPort(t.Addr)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	config := &tls.Config{ServerName: host}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return fmt.Errorf("read authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s holds no certificate", t.CA)
		}
	}
	secured := tls.Client(c.conn, config)
	ctx, cancel := context.WithTimeout(ctx, benchDialTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("begin TLS: %w", err)
	}
	c.use(secured)
	return nil
}

func (c *benchConn) login(t benchTarget) error {
	if _, err := c.command("LOGIN %s %s", imapQuoted(t.User), imapQuoted(t.Password)); err != nil {
		return fmt.Errorf("log in as %s: %w", t.User, err)
	}
	a, err := c.command("CAPABILITY")
	if err != nil {
		return err
	}
	c.caps = map[string]bool{}
	for _, name := range strings.Fields(a.last["CAPABILITY"]) {
		c.caps[strings.ToUpper(name)] = true
	}
	return nil
}

// imapQuoted is a quoted string (RFC 9051, 4.3).
func imapQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func (c *benchConn) close() {
	if c.stop != nil {
		c.stop()
	}
	c.conn.Close()
}

// benchAnswer is what came for one command.
type benchAnswer struct {
	took   time.Duration
	octets int64
	lines  map[string]int    // how many responses of each kind: FETCH, EXISTS …
	last   map[string]string // the last response of each kind, without its kind; only its beginning, if it is long
	hits   int               // numbers in SEARCH, SORT and THREAD
	text   string            // of the tagged line, from OK on
}

// command sends one command and reads up to its tagged answer. An answer other than OK is an error.
func (c *benchConn) command(format string, args ...any) (benchAnswer, error) {
	begun := time.Now()
	tag, err := c.send(format, args...)
	if err != nil {
		return benchAnswer{}, err
	}
	a, err := c.await(tag)
	a.took = time.Since(begun)
	return a, err
}

// send writes a command and returns its tag.
func (c *benchConn) send(format string, args ...any) (string, error) {
	c.conn.SetDeadline(time.Now().Add(benchCommandTimeout))
	tag := c.write(format, args...)
	return tag, c.flush()
}

func (c *benchConn) write(format string, args ...any) string {
	c.tag++
	tag := "b" + strconv.Itoa(c.tag)
	fmt.Fprintf(c.w, tag+" "+format+"\r\n", args...)
	return tag
}

func (c *benchConn) flush() error {
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	return nil
}

// await reads responses up to the tagged one.
func (c *benchConn) await(tag string) (benchAnswer, error) {
	before := c.octets
	a := benchAnswer{lines: map[string]int{}, last: map[string]string{}}
	for {
		line, err := c.response()
		if err != nil {
			return a, err
		}
		if rest, ok := bytes.CutPrefix(line.text, []byte(tag+" ")); ok {
			a.octets, a.text = c.octets-before, string(rest)
			if !strings.HasPrefix(a.text, "OK") {
				return a, fmt.Errorf("the server answers %q", shorten(printable(a.text), 200))
			}
			return a, nil
		}
		a.add(line)
	}
}

// benchLine is one response: its beginning, and how many numbers a list of numbers has.
type benchLine struct {
	text    []byte // without CRLF, valid until the next response is read
	numbers int
}

// add counts an untagged response under its kind: "* 5 FETCH …" and "* SEARCH …" (RFC 9051, 7).
func (a *benchAnswer) add(line benchLine) {
	rest, ok := bytes.CutPrefix(line.text, []byte("* "))
	if !ok {
		return
	}
	kind, data, _ := bytes.Cut(rest, []byte(" "))
	number := ""
	if len(kind) > 0 && kind[0] >= '0' && kind[0] <= '9' {
		number = string(kind) + " "
		kind, data, _ = bytes.Cut(data, []byte(" "))
	}
	a.lines[string(kind)]++
	switch string(kind) {
	case "SEARCH", "SORT", "THREAD":
		a.hits += line.numbers
	case "FETCH": // there may be many, and nobody asks for the last
	default:
		a.last[string(kind)] = number + string(data)
	}
}

// response reads one response with its literals, which are skipped.
func (c *benchConn) response() (benchLine, error) {
	c.pending = c.pending[:0]
	numbers := benchNumbers{}
	for {
		part, err := c.r.ReadSlice('\n')
		c.octets += int64(len(part))
		numbers.count(part)
		c.pending = append(c.pending, part[:min(len(part), benchMaxKept-len(c.pending))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return benchLine{}, fmt.Errorf("read answer: %w", err)
		}
		n, ok := literalLength(part)
		if !ok {
			return benchLine{text: bytes.TrimRight(c.pending, "\r\n"), numbers: numbers.n}, nil
		}
		if _, err := io.CopyN(io.Discard, c.r, n); err != nil {
			return benchLine{}, fmt.Errorf("read literal: %w", err)
		}
		c.octets += n
	}
}

// benchNumbers counts the numbers of a response that is a list of them. Others are not worth the client's time.
type benchNumbers struct {
	n              int
	begun, skipped bool
	within         bool // the last octet was a digit
}

func (c *benchNumbers) count(part []byte) {
	if !c.begun {
		c.begun = true
		c.skipped = !bytes.HasPrefix(part, []byte("* S")) && !bytes.HasPrefix(part, []byte("* THREAD"))
	}
	if c.skipped {
		return
	}
	for _, b := range part {
		digit := b >= '0' && b <= '9'
		if digit && !c.within {
			c.n++
		}
		c.within = digit
	}
}

// literalLength is the length that a line's end announces: "{123}" CRLF (RFC 9051, 4.3).
func literalLength(line []byte) (int64, bool) {
	line = bytes.TrimRight(line, "\r\n")
	if !bytes.HasSuffix(line, []byte("}")) {
		return 0, false
	}
	open := bytes.LastIndexByte(line, '{')
	if open < 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(line[open+1:len(line)-1]), 10, 64)
	return n, err == nil && n >= 0
}
