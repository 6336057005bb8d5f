package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/tenancy"
)

type (
	requestIDKey struct{}
	callKey      struct{}
)

// call is what the middleware learned of a request.
type call struct {
	grant  *tenancy.Grant
	body   []byte
	digest []byte   // SHA-256 of a body that content was taken out of, in the place of body
	lifted []lifted // that content
	give   func()   // gives back what a large body took; nil if it took nothing
	r      *http.Request
}

// request is the call as an Idempotency-Key stands for it. Of a body that was taken apart the digest counts.
func (c *call) request(key string, ws mailstore.WorkspaceID) tenancy.Request {
	body := c.body
	if c.digest != nil {
		body = c.digest
	}
	return tenancy.Request{Method: c.r.Method, Path: c.r.URL.Path, Key: key, Body: body, Workspace: ws}
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func grantOf(ctx context.Context) *tenancy.Grant { return callOf(ctx).grant }

var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

var (
	errUnauthenticated = fault.New(fault.Forbidden, unauthenticated, "Give an API key in X-API-Key or in Authorization: Bearer.")
	errTwoKeys         = fault.New(fault.Forbidden, unauthenticated, "The request holds different keys; give one, in X-API-Key or in Authorization.")
)

// handler is the way of every request: an id, a route, a grant, a bounded body.
func (s *Server) handler(authenticate func(*http.Request) (*tenancy.Grant, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !saneRequestID.MatchString(id) {
			id = ident.New("req", s.cfg.Clock())
		}
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		defer s.recover(w, r)
		if isV0(r.URL.Path) {
			s.serveV0(w, r, authenticate)
			return
		}
		pattern, ok := s.routed(w, r)
		if !ok {
			return
		}
		c := &call{r: r}
		defer c.done()
		if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == caughtPath {
			if err := s.admit(w, r, c, authenticate, s.large[pattern]); err != nil {
				s.refuse(w, r, err)
				return
			}
		}
		c.r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		s.mux.ServeHTTP(w, c.r)
	})
}

// admit finds out who calls, and takes the body of the call.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, c *call, authenticate func(*http.Request) (*tenancy.Grant, error), l large) (err error) {
	w.Header().Set("Cache-Control", "no-store")
	if c.grant, err = authenticate(r); err != nil {
		return err
	}
	return s.readBody(w, r, c, l)
}

// recover answers a request whose handler panicked; the process and the other requests go on.
func (s *Server) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	s.log.Error("panic in a handler", "request", requestID(r.Context()), "err", fmt.Sprint(p), "stack", string(debug.Stack()))
	s.refuse(w, r, errors.New("panic"))
}

// routed answers what has no route: 404 and 405 as problems, and OPTIONS. There is no CORS: a key is not for a foreign
// page's script.
func (s *Server) routed(w http.ResponseWriter, r *http.Request) (pattern string, ok bool) {
	h, pattern := s.mux.Handler(r)
	clean := cleanPath(r.URL.EscapedPath())
	if pattern != "" && clean {
		return pattern, true
	}
	probe := &statusOnly{header: http.Header{}}
	if clean {
		h.ServeHTTP(probe, r)
	}
	if probe.status == http.StatusMethodNotAllowed {
		allow := probe.header.Get("Allow") + ", OPTIONS"
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return "", false
		}
		s.refuse(w, r, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This route takes "+allow+"."))
		return "", false
	}
	s.refuse(w, r, newProblem(http.StatusNotFound, "not_found", "There is no such route; GET /openapi.json lists all."))
	return "", false
}

// cleanPath reports whether a path has no empty, "." or ".." segment. The router would send such a request on to another
// route: a DELETE of the message ".." to the inbox that holds it.
func cleanPath(escaped string) bool {
	for _, segment := range strings.Split(strings.Trim(escaped, "/"), "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return !strings.Contains(escaped, "//")
}

type statusOnly struct {
	header http.Header
	status int
}

func (p *statusOnly) Header() http.Header         { return p.header }
func (p *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (p *statusOnly) WriteHeader(status int)      { p.status = status }

// large says of a route that its body may be larger than MaxBodyBytes.
type large struct {
	limit int64
	need  tenancy.Permission // who has it not is refused before the body is read
	lift  bool               // the content of attachments is taken out
}

// readBody takes the body whole, bounded, so that idempotency can compare it.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, c *call, l large) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	limit := max(l.limit, MaxBodyBytes)
	if r.ContentLength > MaxBodyBytes && l.need != "" && !c.grant.Allows(l.need) {
		return fault.New(fault.Forbidden, "permission_denied", "This needs the permission %q.", string(l.need))
	}
	body, err := s.readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength, c, limit)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return tooLargeBody(limit)
	case fault.From(err) != nil:
		return err
	case err != nil:
		return newProblem(http.StatusBadRequest, "body_unreadable", "The body did not come whole.")
	}
	if c.body = body; l.lift {
		sum := sha256.Sum256(body)
		c.digest = sum[:]
		if c.body, c.lifted = lift(body); len(c.body) > MaxLetterBytes {
			return newProblem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("The body may have %d octets beside the content of its attachments.", MaxLetterBytes))
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	return nil
}

// readAll reads a body. From its octet MaxBodyBytes on it takes room, which is given back when the call is done.
func (s *Server) readAll(r io.Reader, declared int64, c *call, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBodyBytes))
	if err != nil || len(body) < MaxBodyBytes {
		return body, err
	}
	size := int64(MaxBodyBytes)
	if limit > MaxBodyBytes && declared != MaxBodyBytes {
		if size = declared; size < 0 || size > limit {
			size = limit
		}
		if err := c.take(s.room, size); err != nil {
			return nil, err
		}
	}
	whole := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // so much that nothing is copied on the way
	whole.Write(body)
	_, err = whole.ReadFrom(r)
	return whole.Bytes(), err
}

// take takes room for more of a workspace's octets, until the call is done.
func (c *call) take(r *room, octets int64) error {
	give, err := r.take(c.grant.WorkspaceID(), octets)
	if err != nil {
		return err
	}
	before := c.give
	c.give = func() {
		give()
		if before != nil {
			before()
		}
	}
	return nil
}

// done gives back what the call took.
func (c *call) done() {
	if c.give != nil {
		c.give()
	}
}

// authenticate gives what the key of a request grants.
func (s *Server) authenticate(r *http.Request) (*tenancy.Grant, error) {
	key, err := keyOfRequest(r)
	if err != nil {
		return nil, err
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero address is in no network
	return s.dir.Authenticate(r.Context(), key, from.Addr().Unmap())
}

// keyOfRequest finds the key of a request. A stream's may also be in the query, a WebSocket's also in a subprotocol, where
// browsers can put it.
func keyOfRequest(r *http.Request) (string, error) {
	key := r.Header.Get("X-API-Key")
	if len(slices.Compact(slices.Clone(r.Header.Values("X-API-Key")))) > 1 {
		return "", errTwoKeys
	}
	if bearer, ok := cutPrefixFold(r.Header.Get("Authorization"), "Bearer "); ok {
		if key != "" && key != strings.TrimSpace(bearer) {
			return "", errTwoKeys
		}
		key = strings.TrimSpace(bearer)
	}
	if key == "" && (r.URL.Path == socketPath || r.URL.Path == streamPath || r.URL.Path == v0Path) {
		if key = r.URL.Query().Get("api_key"); key == "" {
			key = strings.TrimPrefix(keyProtocol(r), keyProtocolPrefix)
		}
	}
	if key == "" {
		return "", errUnauthenticated
	}
	return key, nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
