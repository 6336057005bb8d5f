package api

import "net/http"

// identify finds the key of a request to /mcp.
func (s *Server) identify(r *http.Request) (id, secret string, err error) {
	g, err := s.authenticate(r)
	if err != nil {
		return "", "", err
	}
	secret, err = keyOfRequest(r)
	return string(g.KeyID()), secret, err
}

// serveMCP serves the Model Context Protocol to who has a key. Each of its tools asks this interface again with that key.
func (s *Server) serveMCP(w http.ResponseWriter, r *http.Request) {
	if _, err := s.authenticate(r); err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="postroom"`)
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.mcp.ServeHTTP(w, r)
}
