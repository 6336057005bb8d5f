package api

import (
	"net/http"

	"github.com/postroom/postroom/server/api/mcp"
)

// identify finds the key of a request to /mcp that serveMCP has let in.
func identify(r *http.Request) (id, secret string, err error) {
	secret, err = keyOfRequest(r)
	return string(grantOf(r.Context()).KeyID()), secret, err
}

// serveMCP serves the Model Context Protocol to who has a key. Each of its tools asks this interface again with that key. A large
// request takes room like any other.
func (s *Server) serveMCP(w http.ResponseWriter, r *http.Request) {
	c := callOf(r.Context())
	err := s.admit(w, r, c, s.authenticate, large{limit: mcp.MaxRequest})
	if c.grant == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="postroom"`)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	c.body, c.r = nil, nil // a session that begins keeps the context of the request, and is not to keep the request
	s.mcp.ServeHTTP(w, r)
}
