package api

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// checkQuery stands before every route of the library.
func (s *Server) checkQuery(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if err := readable(r.URL.RawQuery, ctx.Operation().Parameters, false); err != nil {
		s.refuse(w, r, err)
		return
	}
	next(ctx)
}

// readable refuses a query of which a part would be passed over, because a filter that is passed over gives more than
// was asked for: what cannot be decoded is dropped by net/url, of two values the second is not looked at, and a NUL ends
// a text in SQL. Names that are not in known are refused if strict; the library does it for its own routes.
func readable(raw string, known []*huma.Param, strict bool) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return errQuery("", "The query cannot be decoded; percent-encode what is special in it.")
	}
	for name, values := range query {
		p := parameter(known, name)
		switch {
		case p == nil && strict:
			return errQuery(name, "There is no such parameter.")
		case !utf8.ValidString(name+strings.Join(values, "")) || strings.ContainsRune(strings.Join(values, ""), 0):
			return errQuery(name, "A value is UTF-8 without the character U+0000.")
		case len(values) > 1 && p != nil && p.Schema.Type != huma.TypeArray:
			return errQuery(name, "Give it once.")
		}
	}
	return nil
}

func parameter(list []*huma.Param, name string) *huma.Param {
	for _, p := range list {
		if p.In == "query" && p.Name == name {
			return p
		}
	}
	return nil
}

func errQuery(name, what string) error {
	p := newProblem(http.StatusBadRequest, validationFailed, invalidRequest)
	path := "query"
	if name != "" {
		path += "." + strings.ToValidUTF8(name, "\uFFFD")
	}
	p.Errors = []ProblemField{{Path: path, Message: what}}
	return p
}

// listed splits the values of a list, which come with commas between them or one by one.
func listed(values []string) (list []string) {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}
