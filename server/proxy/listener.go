// Package proxy learns who the client is where a proxy stands in between: by the PROXY protocol on any wire, and by X-Forwarded-For over
// HTTP. Only proxies whose addresses the operator lists are believed.
//
// It knows no wire: a listener goes in, and one comes out whose connections have the client's address, which limits, lists and keys go
// by. Nothing is kept.
package proxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/postroom/postroom/server"
)

const (
	headerTimeout = 5 * time.Second // for a header, from the connection on
	maxHeader     = 4096            // octets of a header of version 2
	maxLine       = 107             // octets of one of version 1
	maxHeaders    = 1000            // headers that are read at one time; more connections are closed
)

// Trusted are the addresses of proxies.
type Trusted []netip.Prefix

// has reports whether an address is listed.
func (t Trusted) has(ip netip.Addr) bool {
	return slices.ContainsFunc(t, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Listener reads a header of the PROXY protocol, version 1 or 2, from each connection of a listed proxy, which must send one. From
// others a header is none: who sends one all the same is cut off. It closes what it was made with.
type Listener struct {
	net.Listener
	trusted Trusted
	log     *slog.Logger

	begin  sync.Once
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	alive  sync.WaitGroup
	ready  chan net.Conn
	failed chan error
	places chan struct{} // one for each header that is read
}

// NewListener wraps a listener of TCP connections.
func NewListener(inner net.Listener, trusted Trusted, log *slog.Logger) *Listener {
	ctx, cancel := context.WithCancel(context.Background())
	return &Listener{Listener: inner, trusted: trusted, log: log, ctx: ctx, cancel: cancel, ready: make(chan net.Conn), failed: make(chan error), places: make(chan struct{}, maxHeaders)}
}

// Accept gives the next connection whose client is known. A proxy that is slow with its header holds up no other.
func (l *Listener) Accept() (net.Conn, error) {
	l.begin.Do(func() { l.alive.Go(l.accept) })
	select {
	case conn := <-l.ready:
		return conn, nil
	case err := <-l.failed:
		return nil, err
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close ends Accept and cuts off those whose header has not come yet.
func (l *Listener) Close() error {
	l.cancel()
	err := l.Listener.Close()
	l.begin.Do(func() {}) // nothing begins any more
	l.alive.Wait()
	return err
}

// accept takes connections until the inner listener is closed.
func (l *Listener) accept() {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			select {
			case l.failed <- err:
				continue
			case <-l.ctx.Done():
				return
			}
		}
		l.sort(conn)
	}
}

// sort hands on a client, and has a proxy's header read.
func (l *Listener) sort(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok || !l.trusted.has(server.AddressOf(conn.RemoteAddr())) {
		if ok {
			conn = &direct{TCPConn: tcp}
		}
		l.hand(conn)
		return
	}
	select {
	case l.places <- struct{}{}:
	default:
		l.log.Warn("connection of a proxy closed: too many have sent no header yet", "remote", conn.RemoteAddr().String())
		conn.Close()
		return
	}
	l.alive.Go(func() {
		defer func() { <-l.places }()
		cut := context.AfterFunc(l.ctx, func() { conn.Close() })
		defer cut()
		client, err := readHeader(tcp)
		if err != nil {
			l.log.Warn("connection of a proxy closed", "remote", conn.RemoteAddr().String(), "err", err)
			conn.Close()
			return
		}
		cut()
		l.hand(&proxied{TCPConn: tcp, client: client})
	})
}

// hand gives a connection to Accept.
func (l *Listener) hand(conn net.Conn) {
	select {
	case l.ready <- conn:
	case <-l.ctx.Done():
		conn.Close()
	}
}

var errNoClient = errors.New("its header names no client with a TCP address")

// readHeader reads a header and nothing behind it, and gives the client's address; the proxy's own where it speaks for itself (LOCAL), or
// in version 1 for a client that it does not know (UNKNOWN, of which the library says the same).
func readHeader(conn *net.TCPConn) (net.Addr, error) {
	if err := conn.SetReadDeadline(time.Now().Add(headerTimeout)); err != nil {
		return nil, err
	}
	text, err := headerOctets(conn)
	if err != nil {
		return nil, fmt.Errorf("read its PROXY header: %w", err)
	}
	header, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(text), maxHeader))
	if err != nil {
		return nil, fmt.Errorf("read its PROXY header: %w", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	if header.Command.IsLocal() {
		return conn.RemoteAddr(), nil
	}
	client, _, ok := header.TCPAddrs()
	if !ok || client.IP.IsUnspecified() {
		return nil, errNoClient
	}
	return client, nil
}

var errNoHeader = errors.New("it sends none, or one that is too long")

// headerOctets reads a header and not an octet behind it, for the client's own octets stay in the socket. The library, which reads
// from a buffer, then says what is in it.
func headerOctets(r io.Reader) ([]byte, error) {
	text := make([]byte, len(headers[1]), maxHeader)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	more := func(n int) error {
		begin := len(text)
		text = text[:begin+n]
		_, err := io.ReadFull(r, text[begin:])
		return err
	}
	switch {
	case bytes.HasPrefix(text, headers[0]): // a line
		for text[len(text)-1] != '\n' {
			if len(text) == maxLine {
				return nil, errNoHeader
			}
			if err := more(1); err != nil {
				return nil, err
			}
		}
		return text, nil
	case bytes.Equal(text, headers[1]): // its length is in octets 15 and 16
		if err := more(4); err != nil {
			return nil, err
		}
		rest := int(binary.BigEndian.Uint16(text[len(text)-2:]))
		if rest > maxHeader-len(text) {
			return nil, errNoHeader
		}
		err := more(rest)
		return text, err
	}
	return nil, errNoHeader
}

// proxied is a connection that a proxy has passed on.
type proxied struct {
	*net.TCPConn
	client net.Addr
}

// RemoteAddr is the client's address.
func (c *proxied) RemoteAddr() net.Addr { return c.client }

// direct is a connection that comes from no listed proxy and must not begin as if it did.
type direct struct {
	*net.TCPConn
	begun []byte // the first octets, while they may be those of a header
	safe  bool   // they are none
}

var errForgedHeader = errors.New("a PROXY header from an address that is not listed")

// headers are how headers of version 1 and 2 begin.
var headers = [][]byte{[]byte("PROXY "), []byte("\r\n\r\n\x00\r\nQUIT\n")}

// Read fails as soon as a whole beginning of a header has come.
func (c *direct) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if c.safe || n == 0 {
		return n, err
	}
	c.begun = append(c.begun, p[:min(n, len(headers[1]))]...)
	c.safe = true
	for _, h := range headers {
		if bytes.HasPrefix(c.begun, h) {
			c.Close()
			return 0, errForgedHeader
		}
		c.safe = c.safe && !bytes.HasPrefix(h, c.begun)
	}
	return n, err
}

// WriteTo reads as Read does.
func (c *direct) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{c}) }
