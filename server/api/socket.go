package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
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

// sockets counts the open WebSockets.
type sockets struct {
	mu           sync.Mutex
	closed       bool // by a drain
	all          int
	perWorkspace map[string]int
	running      sync.WaitGroup
	slow         atomic.Int64 // clients that were found too slow since the start
}

var (
	errTooManySockets = fault.New(fault.Exhausted, "limit_reached", "The workspace has as many WebSockets open as it may (limit sockets); close one first.")
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
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serveSocket refuses before the upgrade what it must, then follows the journal for the client.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	err := readable(r.URL.RawQuery, s.socketQuery, true)
	var f *follower
	if err == nil {
		f, err = s.follow(r.Context(), grantOf(r.Context()), mailstore.WorkspaceID(r.URL.Query().Get("workspaceId")))
	}
	if err == nil { // the place is taken before the handshake ends: nothing that happens after it is missed
		err = f.start(r.Context(), r.URL.Query().Get("cursor"))
	}
	s.openSocket(w, r, &socket{follower: f, dialect: plain{}}, err)
}

// openSocket does the handshake and serves the socket, unless something was wrong with the request. Without a follower it is over no
// workspace until its client has said which one.
func (s *Server) openSocket(w http.ResponseWriter, r *http.Request, c *socket, err error) {
	workspace := ""
	if err == nil {
		err = handshake(r)
	}
	if err == nil {
		if c.follower != nil {
			workspace = string(c.follower.workspace)
		}
		err = s.sockets.enter(workspace, s.cfg.MaxSockets)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer s.sockets.leave(workspace)
	opts := &websocket.AcceptOptions{InsecureSkipVerify: true} // the key is the proof; there is no cookie that a foreign page could use
	if p := keyProtocol(r); p != "" {
		opts.Subprotocols = []string{p}
	}
	conn, err := websocket.Accept(w, r, opts)
	if err != nil {
		return // it was answered
	}
	conn.SetReadLimit(MaxFrameBytes)
	c.srv, c.conn, c.grant, c.asked = s, conn, grantOf(r.Context()), make(chan subscribe)
	c.run(context.WithoutCancel(r.Context()))
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

// socket is one WebSocket. One goroutine writes events, which alone has the follower, one reads frames, one pings.
type socket struct {
	srv      *Server
	conn     *websocket.Conn
	grant    *tenancy.Grant
	dialect  dialect
	follower *follower
	asked    chan subscribe
	slow     atomic.Bool
}

// dialect is how a surface speaks over a socket. nil in the place of a frame says nothing.
type dialect interface {
	silence(c *socket) time.Duration // how long to wait for a subscription before the first event; 0 = not at all
	parse(ctx context.Context, c *socket, frame []byte) (subscribe, error)
	event(ctx context.Context, c *socket, l journal.Line) (frame any, err error)
	subscribed(subscribe) (frame any)
	gap() (frame any)
	wrong(error) (frame any)
	closing(websocket.StatusCode) websocket.StatusCode // with what a socket is closed
}

// plain is the dialect of /v1.
type plain struct{}

func (plain) silence(*socket) time.Duration    { return 0 }
func (plain) subscribed(subscribe) (frame any) { return nil }
func (plain) gap() (frame any)                 { return map[string]string{"type": "gap"} }
func (plain) wrong(err error) (frame any) {
	return map[string]string{"type": "error", "message": err.Error()}
}
func (plain) closing(code websocket.StatusCode) websocket.StatusCode { return code }
func (plain) event(ctx context.Context, c *socket, l journal.Line) (frame any, err error) {
	return c.follower.event(ctx, l)
}
func (plain) parse(_ context.Context, _ *socket, frame []byte) (subscribe, error) {
	return parseSubscribe(frame)
}

// subscribe is the frame by which a client narrows or replays.
type subscribe struct {
	Type       string   `json:"type"`
	EventTypes []string `json:"eventTypes"`
	InboxIDs   []string `json:"inboxIds"`
	Since      string   `json:"since"`

	cursor   journal.Cursor
	follower *follower // in the place of the one that is there; nil if that stays
	answer   any       // what the dialect says to it
}

// run serves the socket until the client leaves, is too slow, loses its key, or the server drains.
func (c *socket) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { defer cancel(); c.readFrames(ctx) })
	running.Go(func() { c.ping(ctx, cancel) })
	defer context.AfterFunc(c.srv.life, func() { c.conn.CloseNow() })()
	code, reason := websocket.StatusGoingAway, ""
	if woken := c.begin(ctx); woken == wokenByDrain {
		code, reason = restart()
	} else if woken == wokenByEvent {
		code, reason = c.writeEvents(ctx)
	}
	c.conn.Close(c.dialect.closing(code), reason) // it may be closed already
	cancel()
	c.conn.CloseNow()
	running.Wait()
}

// begin waits until the client has said what it wants to hear, or has said nothing for so long that it is told all. Over no workspace
// there is nothing to tell.
func (c *socket) begin(ctx context.Context) woken {
	silence := c.dialect.silence(c)
	if silence == 0 {
		return wokenByEvent
	}
	patience := time.NewTimer(silence)
	defer patience.Stop()
	for {
		select {
		case sub := <-c.asked:
			c.narrow(ctx, sub)
			return wokenByEvent
		case <-patience.C:
			if c.follower != nil {
				return wokenByEvent
			}
		case <-c.srv.draining:
			return wokenByDrain
		case <-ctx.Done():
			return wokenByEnd
		}
	}
}

// writeEvents follows the journal; it gives the close code.
func (c *socket) writeEvents(ctx context.Context) (websocket.StatusCode, string) {
	for {
		c.hear(ctx)
		page, err := c.follower.read(ctx, pageOfLines)
		if err != nil {
			return c.failed(ctx, err)
		}
		if page.Gap && !c.say(ctx, c.dialect.gap()) {
			return c.ended("")
		}
		for _, l := range page.Lines {
			if c.srv.isDraining() {
				return restart()
			}
			e, err := c.dialect.event(ctx, c, l)
			if err != nil {
				return c.failed(ctx, err)
			}
			if !c.say(ctx, e) {
				return c.ended(l.Cursor.String())
			}
		}
		if page.More || len(page.Lines) > 0 {
			continue
		}
		switch c.await(ctx) {
		case wokenByDrain:
			return restart()
		case wokenByEnd:
			return websocket.StatusNormalClosure, ""
		}
	}
}

// hear takes a subscription that came while events were sent, so that a long replay can be narrowed or left.
func (c *socket) hear(ctx context.Context) {
	select {
	case sub := <-c.asked:
		c.narrow(ctx, sub)
	default:
	}
}

func restart() (websocket.StatusCode, string) {
	return websocket.StatusServiceRestart, "the server restarts; connect again with your last cursor"
}

// failed says why the journal can be read no further.
func (c *socket) failed(ctx context.Context, err error) (websocket.StatusCode, string) {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return websocket.StatusPolicyViolation, "the workspace has ended"
	case fault.Forbidden:
		return websocket.StatusPolicyViolation, "the key has ended"
	}
	if c.srv.isDraining() {
		return restart()
	}
	if ctx.Err() == nil {
		c.srv.log.Error("read the journal for a socket", "workspace", c.follower.workspace, "err", err)
	}
	return websocket.StatusInternalError, "try again with your last cursor"
}

// ended is for a frame that was not taken in time; cursor is the place behind it, for it was taken in the end.
func (c *socket) ended(cursor string) (websocket.StatusCode, string) {
	if c.slow.Load() {
		return websocket.StatusTryAgainLater, "too slow; last cursor " + cursor
	}
	return websocket.StatusNormalClosure, ""
}

type woken uint8

const (
	wokenByEvent woken = iota
	wokenByDrain
	wokenByEnd
)

// await waits for the journal, a subscription, the server's drain, or the end.
func (c *socket) await(ctx context.Context) woken {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	rung := make(chan error, 1)
	go func() { rung <- c.follower.journal.Wait(waiting, c.follower.cursor) }()
	select {
	case err := <-rung:
		if err != nil && ctx.Err() == nil && fault.KindOf(err) == fault.Unavailable {
			return wokenByDrain
		}
		if err != nil {
			return wokenByEnd
		}
	case sub := <-c.asked:
		cancel()
		<-rung
		c.narrow(ctx, sub)
	case <-c.srv.draining:
		return wokenByDrain
	case <-ctx.Done():
		return wokenByEnd
	}
	return wokenByEvent
}

func (c *socket) narrow(ctx context.Context, sub subscribe) {
	if sub.follower != nil {
		c.follower = sub.follower
	}
	c.say(ctx, c.dialect.subscribed(sub))
	c.follower.types, c.follower.inboxes = sub.EventTypes, inboxIDs(sub.InboxIDs)
	if sub.Since != "" {
		c.follower.cursor = sub.cursor
	}
}

// say sends a frame, if there is one.
func (c *socket) say(ctx context.Context, frame any) bool {
	return frame == nil || c.write(ctx, frame)
}

// write sends one frame. A client that does not take it in SlowReader is too slow: it gets as long again to take the
// rest, so that it can be told, and is then cut off.
func (c *socket) write(ctx context.Context, frame any) bool {
	data, err := json.Marshal(frame)
	if err != nil {
		c.srv.log.Error("encode event", "err", err)
		return false
	}
	var cut *time.Timer
	late := time.AfterFunc(c.srv.cfg.SlowReader, func() { c.slow.Store(true); c.srv.sockets.slow.Add(1) })
	cut = time.AfterFunc(2*c.srv.cfg.SlowReader, func() { c.conn.CloseNow() })
	err = c.conn.Write(ctx, websocket.MessageText, data)
	late.Stop()
	cut.Stop()
	return err == nil && !c.slow.Load()
}

// readFrames takes subscriptions. A frame that cannot be read is answered with what is wrong; too many end the socket.
func (c *socket) readFrames(ctx context.Context) {
	for bad := 0; bad < MaxSocketErrors; {
		_, data, err := c.conn.Read(ctx)
		if err != nil {
			return
		}
		sub, err := c.dialect.parse(ctx, c, data)
		if err != nil {
			bad++
			c.say(ctx, c.dialect.wrong(err))
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

var errSubscribe = errors.New(`expected {"type":"subscribe","eventTypes":[…],"inboxIds":[…],"since":"<cursor>"}`)

// parseSubscribe is strict about names: a misspelt one would subscribe to everything.
func parseSubscribe(data []byte) (sub subscribe, err error) {
	if err := checkJSON(data); err != nil {
		return sub, err
	}
	var names map[string]json.RawMessage
	if json.Unmarshal(data, &names) != nil || json.Unmarshal(data, &sub) != nil || sub.Type != "subscribe" {
		return sub, errSubscribe
	}
	for name := range names {
		if !slices.Contains([]string{"type", "eventTypes", "inboxIds", "since"}, name) {
			return sub, fmt.Errorf("%w; %.40q is unknown", errSubscribe, name)
		}
	}
	if sub.Since != "" {
		sub.cursor, err = journal.ParseCursor(sub.Since)
	}
	return sub, err
}

// ping finds out who has gone without a word.
func (c *socket) ping(ctx context.Context, gone context.CancelFunc) {
	tick := time.NewTicker(c.srv.cfg.PingInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if c.grant.Check(ctx) != nil && ctx.Err() == nil {
			c.conn.Close(websocket.StatusPolicyViolation, "the key has ended")
			gone()
			return
		}
		pong, cancel := context.WithTimeout(ctx, c.srv.cfg.PingInterval)
		err := c.conn.Ping(pong)
		cancel()
		if err != nil {
			gone()
			return
		}
	}
}
