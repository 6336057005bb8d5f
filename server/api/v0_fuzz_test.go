package api

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever a path is, what it names is in it, and nothing is named that is empty.
func FuzzV0Paths(f *testing.F) {
	for _, path := range []string{"/v0", "/v0/inboxes", "/v0/inboxes/a@x.example/messages/<a/b@x>/reply", "/v0/inboxes/a%40x/messages/%3Ca%2Fb@x%3E/attachments/2", "/v0/pods//inboxes", "/v0/inboxes/a/messages/x/raw/raw", "/v0/%zz", "/v0/inboxes/../pods"} {
		f.Add(path)
	}
	s := &Server{}
	table := s.v0Routes()
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse("http://x" + path)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			t.Skip()
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			r := httptest.NewRequest(method, "/", nil)
			r.URL = u
			route, names, err := table.match(r)
			if (route == nil) != (err != nil) {
				t.Fatalf("%q: %v, %v", path, route, err)
			}
			for name, value := range names {
				if value == "" || !strings.Contains(u.Path, value) || !strings.Contains(route.path, "{"+name+"}") {
					t.Errorf("%q names %s %q of %s", path, name, value, route.path)
				}
			}
		}
	})
}

// Whatever a query is, it is read or refused, and what is read is bounded.
func FuzzV0Queries(f *testing.F) {
	for _, query := range []string{"", "labels=%5B%22a%22%5D&labels=b", "labels=[", "limit=99999999999999999999", "before=2026-01-01T00:00:00Z", "ascending=True", "page_token=lc_x", "from=%ff", "labels=%5B%22%5Cu0000%22%5D", "labels=%5B%22%5Cud800%22%5D"} {
		f.Add(query)
	}
	known := strings.Fields(v0Filters + "from")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseV0Query(raw, known)
		if err != nil {
			return
		}
		filter := q.filter()
		from, limit := q.list("from"), q.number("limit", DefaultLimit, MaxLimit)
		if q.err() != nil {
			return
		}
		if len(filter.Labels) > maxV0Values || len(from) > maxV0Values || limit < 1 || limit > MaxLimit {
			t.Errorf("%q is read as %+v, %v, %d", raw, filter, from, limit)
		}
		for _, text := range append(from, filter.Labels...) {
			if strings.ContainsRune(text, 0) {
				t.Errorf("%q gives %q", raw, text)
			}
		}
	})
}
