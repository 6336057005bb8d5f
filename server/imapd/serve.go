package imapd

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/server"
)

// Serve takes connections from l until ctx ends: with implicit, TLS comes first (RFC 8314), else STARTTLS is offered. Then
// those who wait for a command are sent away, commands that run come to their end, and after the drain timeout what is
// left is closed. When it returns, all sessions of this listener's server have ended. One server serves several listeners.
func (s *Server) Serve(ctx context.Context, l net.Listener, implicit bool) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	err := server.Accept(ctx, l, s.log, func(conn net.Conn) { s.welcome(inner, conn, implicit) })
	s.drain(cancel)
	return err
}

// refuseTimeout bounds the one line that the accepting loop writes itself; it fits any socket's buffer.
const refuseTimeout = 100 * time.Millisecond

func (s *Server) welcome(ctx context.Context, conn net.Conn, implicit bool) {
	ip := server.AddressOf(conn.RemoteAddr())
	s.mu.Lock()
	stopping := s.stopping
	s.mu.Unlock()
	if stopping || !s.gate.Enter(ip) {
		s.log.Debug("connection refused", "remote", ip)
		if !implicit {
			conn.SetWriteDeadline(time.Now().Add(refuseTimeout))
			conn.Write([]byte("* BYE [UNAVAILABLE] Too many connections; try again later.\r\n"))
		}
		conn.Close()
		return
	}
	id := ident.New("ses", time.Now())
	x := &session{
		server: s, ctx: ctx, id: id, ip: ip, log: s.log.With("session", id, "remote", ip), since: time.Now(),
		link: newLink(conn, s.cfg.WriteTimeout),
	}
	s.mu.Lock()
	if s.stopping { // another listener's drain has begun meanwhile
		s.mu.Unlock()
		s.gate.Leave(ip)
		conn.Close()
		return
	}
	s.sessions[x] = struct{}{}
	s.alive.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.left(x)
		defer func() {
			if p := recover(); p != nil { // one session's mistake must not end the process
				s.log.Error("panic in a session", "session", id, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		x.run(implicit)
	}()
}

func (s *Server) left(x *session) {
	x.close()
	s.gate.Leave(x.ip)
	s.mu.Lock()
	delete(s.sessions, x)
	s.mu.Unlock()
	s.alive.Done()
}

// drain ends all sessions: gently, and after the timeout at once.
func (s *Server) drain(cancel context.CancelFunc) {
	s.mu.Lock()
	s.stopping = true
	for x := range s.sessions {
		x.link.stop()
	}
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() { s.alive.Wait(); close(gone) }()
	late := time.NewTimer(s.cfg.DrainTimeout)
	defer late.Stop()
	select {
	case <-gone:
	case <-late.C:
		cancel()
		s.mu.Lock()
		for x := range s.sessions {
			x.link.abort()
		}
		s.mu.Unlock()
		<-gone
	}
}

type inboxKey struct {
	ws    mailstore.WorkspaceID
	inbox mailstore.InboxID
}

// enter counts a login of an inbox, or says that there are too many.
func (s *Server) enter(k inboxKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inboxes[k] >= s.cfg.MaxConnectionsPerInbox {
		return false
	}
	s.inboxes[k]++
	return true
}

func (s *Server) leave(k inboxKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inboxes[k]--; s.inboxes[k] == 0 {
		delete(s.inboxes, k)
	}
}
