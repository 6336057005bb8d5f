package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
)

const (
	socketPath        = "/v1/ws"
	keyProtocolPrefix = "apikey."
)

// keyProtocol is the subprotocol that holds a key, where a browser can put one.
func keyProtocol(r *http.Request) string {
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(header, ",") {
			if p = strings.TrimSpace(p); strings.HasPrefix(p, keyProtocolPrefix) {
				return p
			}
		}
	}
	return ""
}

// sockets counts the open WebSockets and server-sent streams.
type sockets struct {
	mu           sync.Mutex
	closed       bool // by a drain
	all          int
	perWorkspace map[string]int
	running      sync.WaitGroup
	slow         atomic.Int64 // clients that were found too slow since the start
}

var (
	errTooManySockets = fault.New(fault.Exhausted, "limit_reached", "The workspace has as many WebSockets and event streams open as it may (limit sockets); close one first.")
	errNoUpgrade      = newProblem(http.StatusUpgradeRequired, "upgrade_required", "This route speaks WebSocket; connect with a WebSocket client.")
	errDraining       = fault.New(fault.Unavailable, "shutting_down", "The server is shutting down; try again later.")
)

func (c *sockets) enter(ws string, most int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errDraining
	}
	if c.all >= MaxSockets || c.perWorkspace[ws] >= most {
		return errTooManySockets
	}
	c.all++
	c.perWorkspace[ws]++
	c.running.Add(1)
	return nil
}

// close lets no more in, so that wait knows whom it waits for.
func (c *sockets) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

func (c *sockets) leave(ws string) {
	c.mu.Lock()
	c.all--
	if c.perWorkspace[ws]--; c.perWorkspace[ws] == 0 {
		delete(c.perWorkspace, ws)
	}
	c.mu.Unlock()
	c.running.Done()
}

func (c *sockets) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { c.running.Wait(); close(done) }()
	return ended(ctx, done)
}

// serveSocket refuses before the upgrade what it must, then follows the journal for the client. It returns when the connection
// is the socket's own, so that nothing of the request is kept for as long as the socket lives.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	from, err := s.enter(r, r.URL.Query().Get("cursor"), handshake)
	s.openSocket(w, r, from, plain{}, err)
}

// openSocket serves a socket, unless there is an error to be told. It ends with the handshake; see serveSocket.
func (s *Server) openSocket(w http.ResponseWriter, r *http.Request, from source, d dialect, err error) {
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	opts := &websocket.AcceptOptions{InsecureSkipVerify: true} // the key is the proof; there is no cookie that a foreign page could use
	if p := keyProtocol(r); p != "" {
		opts.Subprotocols = []string{p}
	}
	conn, err := websocket.Accept(lean{w}, r, opts)
	if err != nil {
		s.leave(from)
		return // it was answered
	}
	conn.SetReadLimit(MaxFrameBytes)
	c := &socket{srv: s, conn: conn, dialect: d, asked: make(chan subscribe)}
	c.feed = &feed{srv: s, from: from, out: c, check: grantOf(r.Context()).Check, asked: c.asked}
	go func() {
		defer s.leave(from)
		c.run()
	}()
}

// lean hands out a connection with small buffers: clients say little, and what is larger than a buffer leaves without it.
type lean struct{ http.ResponseWriter }

// Octets of the buffers that each socket has for as long as it lives.
const (
	readBuffer  = 512
	writeBuffer = 1024
)

// Hijack is http.Hijacker's.
func (l lean) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	small := bufio.NewReaderSize(bytes.NewReader(bytes.Clone(early)), max(readBuffer, len(early)))
	if _, err := small.Peek(len(early)); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, bufio.NewReadWriter(small, bufio.NewWriterSize(conn, writeBuffer)), nil
}

// handshake looks at what the library would refuse in plain text (RFC 6455, 4.2.1).
func handshake(r *http.Request) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	switch {
	case !r.ProtoAtLeast(1, 1), !hasToken(r.Header, "Upgrade", "websocket"), !hasToken(r.Header, "Connection", "upgrade"):
		return errNoUpgrade
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return errHandshake("Sec-WebSocket-Version must be 13.")
	case err != nil, len(key) != 16, len(r.Header.Values("Sec-WebSocket-Key")) != 1:
		return errHandshake("Sec-WebSocket-Key must be 16 octets in base64, once.")
	}
	return nil
}

func errHandshake(what string) error {
	return newProblem(http.StatusBadRequest, "invalid_handshake", what)
}

func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for t := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// dialect is how a surface speaks over a socket, beside the events, which a source writes. nil in the place of a frame says nothing.
type dialect interface {
	parse(frame []byte) (subscribe, error)
	answer(subscribe) (frame any)
	complaint(*Problem) (frame any)
	closing(websocket.StatusCode) websocket.StatusCode // with what a socket is closed
}

// plain is the dialect of /v1.
type plain struct{}

func (plain) parse(frame []byte) (subscribe, error)                  { return parseSubscribe(frame) }
func (plain) answer(subscribe) any                                   { return nil }
func (plain) closing(code websocket.StatusCode) websocket.StatusCode { return code }
func (plain) complaint(p *Problem) any {
	return errorFrame{Type: "error", Code: p.Code, Message: p.Detail, Errors: p.Errors}
}

// socket is one WebSocket. One goroutine writes events, one reads frames.
type socket struct {
	srv     *Server
	conn    *websocket.Conn
	dialect dialect
	feed    *feed
	asked   chan subscribe
	slow    atomic.Bool
	leave   context.CancelFunc
	pinged  atomic.Bool // a ping is on its way
}

// run serves the socket until the client leaves, is too slow, loses its key, or the server drains.
func (c *socket) run() {
	ctx, cancel := context.WithCancel(c.srv.life)
	c.leave = cancel
	var reading sync.WaitGroup
	reading.Go(func() {
		defer cancel()
		defer c.caught()
		c.readFrames(ctx)
	})
	code, reason := c.serve(ctx)
	c.conn.Close(c.dialect.closing(code), reason) // it may be closed already
	cancel()
	c.conn.CloseNow()
	reading.Wait()
}

// serve sends events; it gives the close code.
func (c *socket) serve(ctx context.Context) (code websocket.StatusCode, reason string) {
	code = websocket.StatusInternalError
	defer c.caught()
	ended, err := c.feed.run(ctx)
	switch {
	case err != nil:
		return c.failed(ctx, err)
	case ended == endedByDrain:
		return restart()
	case c.slow.Load():
		return websocket.StatusTryAgainLater, "too slow; last cursor " + c.lastCursor()
	}
	return websocket.StatusNormalClosure, ""
}

// caught ends a socket whose goroutine panicked; the process and the other sockets go on.
func (c *socket) caught() {
	if p := recover(); p != nil {
		c.srv.log.Error("panic in a socket", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
		c.conn.CloseNow()
	}
}

// lastCursor is the place behind the last event: it was taken in the end.
func (c *socket) lastCursor() string {
	if c.feed.last == (journal.Cursor{}) {
		return ""
	}
	return c.feed.last.String()
}

func restart() (websocket.StatusCode, string) {
	return websocket.StatusServiceRestart, "the server restarts; connect again with your last cursor"
}

// failed says why the journal can be read no further.
func (c *socket) failed(ctx context.Context, err error) (websocket.StatusCode, string) {
	if why, known := over(err); known {
		return websocket.StatusPolicyViolation, why
	}
	if c.srv.isDraining() {
		return restart()
	}
	if ctx.Err() == nil {
		c.srv.log.Error("read the journal for a socket", "err", err)
	}
	return websocket.StatusInternalError, "try again with your last cursor"
}

// send sends one frame. A client that does not take it in SlowReader is too slow: it gets as long again to take the rest, so
// that it can be told, and is then cut off.
func (c *socket) send(ctx context.Context, frame []byte, _ journal.Cursor) bool {
	late := time.AfterFunc(c.srv.cfg.SlowReader, func() { c.slow.Store(true); c.srv.sockets.slow.Add(1) })
	cut := time.AfterFunc(2*c.srv.cfg.SlowReader, func() { c.conn.CloseNow() })
	err := c.conn.Write(ctx, websocket.MessageText, frame)
	late.Stop()
	cut.Stop()
	return err == nil && !c.slow.Load()
}

// beat pings, and finds out who has gone without a word. Events go on meanwhile.
func (c *socket) beat(ctx context.Context, _ journal.Cursor) bool {
	if !c.pinged.CompareAndSwap(false, true) {
		return true
	}
	go func() {
		defer c.pinged.Store(false)
		pong, cancel := context.WithTimeout(ctx, c.srv.cfg.PingInterval)
		defer cancel()
		if c.conn.Ping(pong) != nil {
			c.leave()
		}
	}()
	return true
}

// readFrames takes subscriptions. A frame that cannot be followed is answered with what is wrong; too many end the socket.
func (c *socket) readFrames(ctx context.Context) {
	for bad := 0; bad < MaxSocketErrors; {
		_, data, err := c.conn.Read(ctx)
		if err != nil {
			return
		}
		sub, err := c.subscription(ctx, data)
		if err != nil {
			bad++
			c.complain(ctx, err)
			continue
		}
		select {
		case c.asked <- sub:
		case <-ctx.Done():
			return
		}
	}
	c.conn.Close(websocket.StatusPolicyViolation, "too many frames that cannot be read")
}

func (c *socket) subscription(ctx context.Context, data []byte) (subscribe, error) {
	sub, err := c.dialect.parse(data)
	if err == nil {
		err = c.feed.from.admit(ctx, &sub)
	}
	if err == nil {
		c.say(ctx, c.dialect.answer(sub))
	}
	return sub, err
}

// complain tells a client what is wrong with its frame. What it asked for before goes on.
func (c *socket) complain(ctx context.Context, err error) {
	p := problem(err)
	if p.Status >= http.StatusInternalServerError {
		c.srv.log.Error("subscribe a socket", "err", err)
	}
	c.say(ctx, c.dialect.complaint(p))
}

// say sends a frame beside the events, if there is one.
func (c *socket) say(ctx context.Context, frame any) {
	if frame == nil {
		return
	}
	if text, err := encodeFrame(frame); err == nil {
		c.send(ctx, text, journal.Cursor{})
	}
}

// errorFrame answers a frame that cannot be followed.
type errorFrame struct {
	Type    string         `json:"type"`
	Code    string         `json:"code" doc:"Stable name of the kind of error, lower_snake."`
	Message string         `json:"message" doc:"One sentence that says what to do."`
	Errors  []ProblemField `json:"errors,omitempty" doc:"Each mistake in the frame."`
}
