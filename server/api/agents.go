package api

import (
	"net/http"

	"github.com/postroom/postroom/server/api/mcp"
)

// identify finds the key of a request to /mcp.
func (s *Server) identify(r *http.Request) (id, secret string, err error) {
	g, err := s.authenticate(r)
	if err != nil {
		return "", "", err
	}
	secret, err = keyOfRequest(r)
	return string(g.KeyID()), secret, err
}

// serveMCP serves the Model Context Protocol to who has a key. Each of its tools asks this interface again with that key. A large
// request takes room like any other.
func (s *Server) serveMCP(w http.ResponseWriter, r *http.Request) {
	g, err := s.authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="postroom"`)
		s.refuse(w, r, err)
		return
	}
	c := &call{r: r, grant: g}
	defer c.done()
	if err := s.readBody(w, r, c, large{limit: mcp.MaxRequest}); err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.mcp.ServeHTTP(w, r)
}
