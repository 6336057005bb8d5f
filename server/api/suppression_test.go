package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestSuppressionsAreAddedShownAndRemoved(t *testing.T) {
	w := newWorld(t, Config{})
	var done suppressed
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"addresses":["Ann@X.example","bob@bücher.example","ann@x.example"],"note":"asked by phone"}`, &done)
	if done.Added != 2 || len(done.Suppressions) != 2 || done.Suppressions[0].Address != "ann@x.example" || done.Suppressions[0].Note != "asked by phone" || done.Suppressions[0].Reason != "manual" {
		t.Errorf("%+v", done)
	}
	w.must(200, "POST", "/v1/suppressions", w.a.key, `{"address":"ann@x.example","reason":"bounce"}`, &done)
	if done.Added != 0 || done.Suppressions[0].Reason != "manual" {
		t.Errorf("%+v", done)
	}
	var list suppressionList
	w.must(200, "GET", "/v1/suppressions?limit=1", w.a.key, "", &list)
	first, cursor := list.Suppressions[0].Address, list.NextCursor
	list = suppressionList{}
	w.must(200, "GET", "/v1/suppressions?limit=1&cursor="+cursor, w.a.key, "", &list)
	if len(list.Suppressions) != 1 || list.Suppressions[0].Address == first || list.NextCursor != "" {
		t.Errorf("%+v", list)
	}
	var one suppression
	w.must(200, "GET", "/v1/suppressions/BOB@b%C3%BCcher.example", w.a.key, "", &one)
	if one.Address != "bob@xn--bcher-kva.example" || one.CreatedAt.IsZero() {
		t.Errorf("%+v", one)
	}
	w.must(200, "GET", "/v1/suppressions/ann@x.example?workspaceId="+w.a.id, w.operator, "", nil)
	w.must(204, "DELETE", "/v1/suppressions/ANN@x.example", w.a.key, "", nil)
	w.must(404, "DELETE", "/v1/suppressions/ann@x.example", w.a.key, "", nil)
	w.send(w.a, `{"to":"ann@x.example"}`)
	for _, c := range []struct {
		method, path, key, body string
		status                  int
	}{
		{"POST", "", w.reader(w.a), `{"address":"x@x.example"}`, 403}, {"DELETE", "/bob@x.example", w.reader(w.a), "", 403}, {"POST", "/import", w.reader(w.a), `["x@x.example"]`, 403},
		{"GET", "", w.reader(w.a), "", 200}, {"GET", "/export", w.reader(w.a), "", 200},
		{"GET", "", w.a.inboxKey, "", 404}, {"GET", "/export", w.a.inboxKey, "", 404}, {"POST", "", w.a.inboxKey, `{"address":"x@x.example"}`, 404}, {"POST", "/import", w.a.inboxKey, `["x@x.example"]`, 404},
		{"GET", "", w.operator, "", 400}, {"POST", "", w.operator, `{"address":"x@x.example"}`, 400}, {"POST", "/import", w.operator, `["x@x.example"]`, 400},
		{"POST", "", w.a.key, `{}`, 400}, {"POST", "", w.a.key, `{"address":"x"}`, 400}, {"POST", "", w.a.key, `{"address":"x@x.example","addresses":["y@x.example"]}`, 400},
		{"POST", "", w.a.key, `{"address":"x@x.example","reason":"because"}`, 400}, {"POST", "", w.a.key, `{"addresses":[` + strings.Repeat(`"x@x.example",`, MaxSuppressedAtOnce) + `"x@x.example"]}`, 400},
		{"GET", "/nobody@x.example", w.a.key, "", 404}, {"GET", "/nothing", w.a.key, "", 404},
	} {
		if a := w.do(c.method, "/v1/suppressions"+c.path, c.key, c.body); a.status != c.status {
			t.Errorf("%s %s %.100s: %d %s", c.method, c.path, c.body, a.status, a.body)
		}
	}
}

func TestAnExportCanBeImportedElsewhere(t *testing.T) {
	w := newWorld(t, Config{})
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"address":"=x@x.example","reason":"bounce","note":"=cmd|' /C calc'!A0"}`, nil)
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"address":"\"a,b\"@x.example","reason":"complaint","note":"a \"quoted\",\nnote"}`, nil)
	list := make([]string, 450)
	for i := range list {
		list[i] = fmt.Sprintf(`"r%d@x.example"`, i)
	}
	w.must(201, "POST", "/v1/suppressions", w.a.key, `{"addresses":[`+strings.Join(list, ",")+`]}`, nil)
	file := w.do("GET", "/v1/suppressions/export", w.a.key, "")
	if file.status != 200 || !strings.HasPrefix(file.header.Get("Content-Type"), "text/csv") || strings.Count(file.body, "\n") != 454 || !strings.Contains(file.body, `,'=cmd|`) {
		t.Fatalf("%d %v %.300s", file.status, file.header, file.body)
	}
	var done imported
	a := w.do("POST", "/v1/suppressions/import", w.b.key, file.body, "Content-Type", "text/csv; charset=utf-8", "Idempotency-Key", "k")
	if a.status != 200 || !strings.Contains(a.body, `"added":452,"read":452`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if again := w.do("POST", "/v1/suppressions/import", w.b.key, file.body, "Content-Type", "text/csv; charset=utf-8", "Idempotency-Key", "k"); again.body != a.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s", again.body)
	}
	var one suppression
	w.must(200, "GET", "/v1/suppressions/=x@x.example", w.b.key, "", &one)
	if one.Reason != "bounce" || one.Note != "=cmd|' /C calc'!A0" {
		t.Errorf("%+v", one)
	}
	w.must(200, "GET", "/v1/suppressions/%22a,b%22@x.example", w.b.key, "", &one)
	if one.Reason != "complaint" || one.Note != "a \"quoted\",\nnote" {
		t.Errorf("%+v", one)
	}
	w.must(200, "POST", "/v1/suppressions/import", w.b.key, `["new@x.example",{"address":"other@x.example","reason":"unsubscribe","note":"n"}]`, &done)
	if done.Added != 2 {
		t.Errorf("%+v", done)
	}
}

func TestAnImportThatIsWrongAddsNothing(t *testing.T) {
	w := newWorld(t, Config{})
	for name, c := range map[string]struct {
		contentType, body, field string
		status                   int
	}{
		"a bad address":          {"text/csv", "a@x.example\nb\n", "body[1]", 400},
		"a bad reason":           {"text/csv", "address,reason\na@x.example,because\n", "body[0]", 400},
		"no column of addresses": {"text/csv", "name,reason\nx,bounce\n", "body[0]", 400},
		"a broken quote":         {"text/csv", "a@x.example,\"x\nb@x.example", "body", 400},
		"a NUL":                  {"text/csv", "a@x.example\x00\n", "body", 400},
		"too many":               {"text/csv", strings.Repeat("a@x.example\n", MaxImported+1), "body", 400},
		"no list":                {"application/json", `{"address":"a@x.example"}`, "body", 400},
		"a number in the list":   {"application/json", `["a@x.example",7]`, "body[1]", 400},
		"an unknown name":        {"application/json", `[{"address":"a@x.example","nick":"x"}]`, "body[0]", 400},
		"another type":           {"text/plain", "a@x.example\n", "", 415},
		"too large":              {"text/csv", strings.Repeat("x", MaxImportBytes+1), "", 413},
	} {
		a := w.do("POST", "/v1/suppressions/import", w.a.key, c.body, "Content-Type", c.contentType)
		p := a.problem(t)
		if a.status != c.status || c.field != "" && (len(p.Errors) == 0 || p.Errors[0].Path != c.field) {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
	}
	var list suppressionList
	if w.must(200, "GET", "/v1/suppressions", w.a.key, "", &list); len(list.Suppressions) != 0 {
		t.Errorf("%+v", list)
	}
	for _, body := range []string{"a@x.example\n", "\ufeffEmail,Note\n b@x.example ,n\n", ""} {
		if a := w.do("POST", "/v1/suppressions/import", w.a.key, body, "Content-Type", "text/csv"); a.status != 200 && body != "" {
			t.Errorf("%q: %d %s", body, a.status, a.body)
		}
	}
}
