package api

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"

	"github.com/postroom/postroom/tenancy"
)

// maxUnsubscribe bounds the form that is posted, in octets.
const maxUnsubscribe = 4 << 10

// unsubscribeRoutes are what the links in List-Unsubscribe lead to (RFC 8058). They need no key: the link is one. Following
// a link changes nothing, for filters and previews follow links; only the POST does.
func (s *Server) unsubscribeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /u/{token}", func(w http.ResponseWriter, r *http.Request) {
		u, err := s.dir.Unsubscription(r.Context(), r.PathValue("token"))
		s.page(w, r, err, pageData{Address: u.Address})
	})
	mux.HandleFunc("POST /u/{token}", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxUnsubscribe)
		if r.PostFormValue("List-Unsubscribe") != "One-Click" {
			s.page(w, r, errNotOneClick, pageData{})
			return
		}
		u, err := s.dir.Unsubscribe(r.Context(), r.PathValue("token"))
		s.page(w, r, err, pageData{Address: u.Address, Done: true})
	})
}

var errNotOneClick = newProblem(http.StatusBadRequest, "not_one_click", "The form must say List-Unsubscribe=One-Click.")

type pageData struct {
	Address string
	Done    bool
	Failed  string
}

const pageStyle = `body{font:1.1em/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 1em}button{font:inherit;padding:.5em 1.5em}`

var (
	unsubscribePage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Unsubscribe</title>
<style>` + pageStyle + `</style>
</head>
<body>
{{if .Failed}}<p>{{.Failed}}</p>
{{else if .Done}}<p>Done. {{.Address}} will get no more mail from this sender.</p>
{{else}}<p>Should {{.Address}} get no more mail from this sender?</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>
{{end}}</body>
</html>
`))
	pagePolicy = func() string {
		sum := sha256.Sum256([]byte(pageStyle))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	}()
)

// page answers a person, or a mail program that looks at the status alone.
func (s *Server) page(w http.ResponseWriter, r *http.Request, err error, data pageData) {
	status := http.StatusOK
	switch {
	case errors.Is(err, tenancy.ErrNotFound):
		status, data = http.StatusNotFound, pageData{Failed: "This link is not valid. Links are long: it may have been cut."}
	case err != nil:
		p := s.fail(r.Context(), err)
		status, data = p.Status, pageData{Failed: p.Detail}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address of the page is the secret
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	unsubscribePage.Execute(w, data) // who went away is not told
}
