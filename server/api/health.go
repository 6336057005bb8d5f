package api

import (
	"io"
	"net/http"

	"github.com/postroom/postroom/mailstore/fault"
)

// healthRoutes need no key: they say whether the process lives, and whether it takes work.
func (s *Server) healthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { ok(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.isDraining() {
			s.refuse(w, r, fault.New(fault.Unavailable, "shutting_down", "The server is shutting down; try again later."))
			return
		}
		if _, err := s.dir.Local(r.Context(), "localhost"); err != nil { // the directory answers
			s.refuse(w, r, err)
			return
		}
		ok(w)
	})
}

func ok(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, "{\"status\":\"ok\"}\n")
}
