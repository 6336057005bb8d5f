package api

import (
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
	pagePolicy = policyOf(pageStyle)
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
	showPage(w, status, unsubscribePage, pagePolicy, data)
}
