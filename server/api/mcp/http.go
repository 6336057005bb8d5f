package mcp

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// sessionless is the first version of the protocol that has no sessions: each request says all of itself.
const sessionless = "2026-07-28"

// Authenticate finds the key of a request: its id and its secret. The error is for the log alone.
type Authenticate func(*http.Request) (id, secret string, err error)

// HTTP is the server of many clients.
type HTTP struct {
	server             *server
	sessions, requests http.Handler
}

// NewHTTP makes a server whose callers are known by the keys of their requests. api is the interface that it asks, as
// each caller with the caller's key and address. Nobody uses another's session: it is bound to its key.
func NewHTTP(cfg Config, authenticate Authenticate, api http.Handler) *HTTP {
	h := &HTTP{server: newServer(cfg, callers{api}.find)}
	server := func(*http.Request) *mcp.Server { return h.server.mcp }
	options := mcp.StreamableHTTPOptions{SessionTimeout: SessionTimeout, MaxRequestBodyBytes: MaxRequest, PropagateRequestCancellation: true, DisableLocalhostProtection: true} // a key is needed: a page that does not know it can do nothing
	h.sessions = mcp.NewStreamableHTTPHandler(server, &options)
	options.Stateless = true
	h.requests = mcp.NewStreamableHTTPHandler(server, &options)
	known := auth.RequireBearerToken(func(_ context.Context, _ string, r *http.Request) (*auth.TokenInfo, error) {
		id, secret, err := authenticate(r)
		if err != nil {
			return nil, auth.ErrInvalidToken
		}
		return &auth.TokenInfo{UserID: id, Expiration: time.Now().Add(time.Hour), Extra: map[string]any{secretExtra: secret, remoteExtra: r.RemoteAddr, workspaceExtra: r.URL.Query().Get("workspaceId")}}, nil
	}, nil)
	h.sessions, h.requests = known(h.sessions), known(h.requests)
	return h
}

// What is known of a request besides its key's id.
const (
	secretExtra    = "secret"
	remoteExtra    = "remote"
	workspaceExtra = "workspace"
)

// ServeHTTP serves /mcp.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if key := r.Header.Get("X-API-Key"); key != "" && r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(key))
	}
	if r.Header.Get("Mcp-Protocol-Version") >= sessionless {
		h.requests.ServeHTTP(w, r)
		return
	}
	h.sessions.ServeHTTP(w, r)
}

// Close ends all sessions and what they watch. Requests that are answered are not cut, but waited for.
func (h *HTTP) Close() {
	h.server.watches.close()
	var closing sync.WaitGroup
	for session := range h.server.mcp.Sessions() {
		closing.Go(func() { session.Close() })
	}
	closing.Wait()
}
