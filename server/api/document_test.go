package api

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

type document struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	OperationID, Summary string
	Tags                 []string
	Parameters           []struct{ Name, In, Description string }
	RequestBody          *struct{}
	Responses            map[string]json.RawMessage
}

type schema struct {
	Properties map[string]struct{ Description string }
}

func (w *world) document() (d document) {
	w.t.Helper()
	w.must(200, "GET", "/openapi.json", "", "", &d)
	return d
}

func TestEverythingInTheDocumentIsExplained(t *testing.T) {
	doc := newWorld(t, Config{}).document()
	for name, s := range doc.Components.Schemas {
		for property, p := range s.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no doc", name, property)
			}
		}
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s %s has summary %q and tags %v", method, path, op.Summary, op.Tags)
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					t.Errorf("%s %s: %s has no doc", method, path, p.Name)
				}
			}
		}
	}
}

func TestTheDocumentTellsTheStatusesThatAreGiven(t *testing.T) {
	for path, methods := range newWorld(t, Config{}).document().Paths {
		for method, op := range methods {
			if _, there := op.Responses["422"]; there {
				t.Errorf("%s %s tells of 422", method, path)
			}
			for _, status := range []string{"413", "415"} {
				if _, there := op.Responses[status]; there != (op.RequestBody != nil) {
					t.Errorf("%s %s: %s is told: %v", method, path, status, there)
				}
			}
		}
	}
}

func TestEveryPostTakesAnIdempotencyKey(t *testing.T) {
	w, zones := newZoned(t)
	w.publishes(zones)
	w.api.cfg.TryWebhook = w.tried
	for path, methods := range w.document().Paths {
		op, there := methods["post"]
		if !there {
			continue
		}
		taken := false
		for _, p := range op.Parameters {
			taken = taken || p.Name == "Idempotency-Key" && p.In == "header"
		}
		if _, conflict := op.Responses["409"]; !taken || !conflict {
			t.Errorf("POST %s: header %v, 409 %v", path, taken, conflict)
		}
		var k struct{ ID string } // one that may be rotated
		n, caller := w.a, w.a.key
		w.must(201, "POST", "/v1/workspaces/"+n.id+"/keys", w.operator, `{"name":"k"}`, &k)
		n.keyID = k.ID
		w.must(201, "POST", "/v1/inboxes/"+n.inbox+"/keys", caller, `{"name":"k"}`, &k)
		n.inboxKeyID = k.ID
		if path == "/v1/workspaces" || strings.HasSuffix(path, "/publish") {
			caller = w.operator
		}
		w.do("POST", "/v1/inboxes/"+n.inbox+"/resume", w.a.key, "") // it may be paused by the one before
		var m accepted                                              // one that waits
		if strings.HasSuffix(path, "/cancel") {
			w.must(202, "POST", "/v1/inboxes/"+n.inbox+"/messages", caller, `{"to":"ann@x.example"}`, &m)
			n.message = m.ID
		}
		want := 0
		for status := range op.Responses {
			if s, _ := strconv.Atoi(status); s/100 == 2 {
				want = max(want, s) // 200 is of what was there already
			}
		}
		body := fill(t, bodies["POST "+strings.Replace(path, "/keys", "/api-keys", 1)], n)
		first := w.do("POST", fill(t, path, n), caller, body, "Idempotency-Key", "once")
		again := w.do("POST", fill(t, path, n), caller, body, "Idempotency-Key", "once")
		if first.status != want || again.status != want || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("POST %s: first %d %s, again %d %s %v", path, first.status, first.body, again.status, again.body, again.header)
		}
	}
}

// Clients are generated from the document: an id that changes breaks them.
func TestOperationIDsAreUniqueAndStable(t *testing.T) {
	var ids []string
	for path, methods := range newWorld(t, Config{}).document().Paths {
		for method, op := range methods {
			ids = append(ids, op.OperationID+" "+strings.ToUpper(method)+" "+path)
		}
	}
	sort.Strings(ids)
	want, err := os.ReadFile(filepath.Join("testdata", "operations.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ids, "\n") + "\n"; got != string(want) {
		t.Errorf("the operations are not those of testdata/operations.txt:\n%s", got)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		name, _, _ := strings.Cut(id, " ")
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
}

// besideTheDocument are the routes that it does not tell of: another protocol, pages for people, documents, and what
// tells a balancer that the server lives.
var besideTheDocument = []string{"/mcp", "GET /asyncapi.json", "GET /download/{token}", "GET /healthz", "GET /llms.txt", "GET /readyz", "GET /setup/{token}", "GET /setup/{token}/zone", "GET /u/{token}", "POST /u/{token}"}

// Each operation is routed under its own name, and a path has no other methods than it tells of.
func TestTheDocumentAndTheRoutesAreTheSame(t *testing.T) {
	w := newWorld(t, Config{Version: "1.2.3"})
	a := w.must(200, "GET", "/openapi.json", "", "", nil)
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != "1.2.3" || len(doc.Paths) < 20 || strings.Contains(a.body, "$schema") {
		t.Fatalf("%v: %.200s", err, a.body)
	}
	for path, told := range doc.Paths {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PURGE"} {
			r := httptest.NewRequest(method, strings.NewReplacer("{", "", "}", "").Replace(path), nil)
			_, pattern := w.api.mux.Handler(r)
			_, there := told[strings.ToLower(method)]
			_, to, _ := strings.Cut(pattern, " ") // /v1/suppressions/import is also an address of /v1/suppressions/{address}
			_, known := doc.Paths[to][strings.ToLower(method)]
			if there != (pattern == method+" "+path) || !there && pattern != "" && !known {
				t.Errorf("%s %s is told of: %v, and is routed to %q", method, path, there, pattern)
			}
		}
	}
}

// The document is built from the routes; what is registered by hand is known here.
func TestNoRouteIsMissingInTheDocument(t *testing.T) {
	beside := []string{`"GET "+socketPath`, `"GET "+streamPath`} // which are added to the document by hand
	for _, pattern := range besideTheDocument {
		beside = append(beside, strconv.Quote(pattern))
	}
	call := regexp.MustCompile(`\.Handle(?:Func)?\(([^,]+),`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range call.FindAllSubmatch(source, -1) {
			found = append(found, string(m[1]))
		}
	}
	sort.Strings(found)
	sort.Strings(beside)
	if !slices.Equal(found, beside) {
		t.Errorf("registered beside the document: %v, known: %v", found, beside)
	}
	if _, there := newWorld(t, Config{}).document().Paths[socketPath]["get"]; !there {
		t.Error("the document does not tell of the WebSocket")
	}
}

// The library leaves out what is embedded under a name that is not exported.
func TestWhatIsAnsweredStandsInTheDocument(t *testing.T) {
	w := newWorld(t, Config{})
	schemas := w.document().Components.Schemas
	id := w.furnish(w.a)
	for name, c := range map[string]struct{ path, list string }{
		"QueueEntry": {"/v1/queue", "entries"}, "QueueCount": {"/v1/queue/domains", "domains"}, "Suppression": {"/v1/suppressions", "suppressions"}, "ListEntry": {"/v1/lists/receive/block", "entries"}, "Rejection": {"/v1/rejections", "rejections"},
		"Recipient": {"/v1/inboxes/" + w.a.inbox + "/messages/" + id + "/delivery", "recipients"}, "MessageObject": {"/v1/inboxes/" + w.a.inbox + "/messages", "messages"},
		"Domain": {"/v1/domains", "domains"}, "Inbox": {"/v1/inboxes", "inboxes"},
	} {
		var page map[string]json.RawMessage
		w.must(200, "GET", c.path, w.a.key, "", &page)
		var list []map[string]any
		if err := json.Unmarshal(page[c.list], &list); err != nil || len(list) == 0 {
			t.Fatalf("%s lists %s", c.path, page)
		}
		for property := range list[0] {
			if _, there := schemas[name].Properties[property]; !there {
				t.Errorf("%s has no %s", name, property)
			}
		}
	}
}

var timeLike = regexp.MustCompile(`"(?:[a-zA-Z]+At)":"([^"]*)"`)

func TestTimesHaveOneForm(t *testing.T) {
	w := newWorld(t, Config{})
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
	expires := `"expiresAt":"2031-01-02T03:04:05+02:00"`
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"k",`+expires+`}`, nil)
	times := 0
	for _, path := range []string{"/v1/me", "/v1/workspaces/" + w.a.id, "/v1/domains", "/v1/inboxes", "/v1/inboxes/" + w.a.inbox + "/keys", "/v1/inboxes/" + w.a.inbox + "/messages",
		"/v1/inboxes/" + w.a.inbox + "/messages/" + w.a.message, "/v1/inboxes/" + w.a.inbox + "/threads/" + w.a.thread, "/v1/events?types=message.received"} {
		for _, m := range timeLike.FindAllStringSubmatch(w.must(200, "GET", path, w.a.key, "", nil).body, -1) {
			if times++; !form.MatchString(m[1]) {
				t.Errorf("%s has %s", path, m[0])
			}
		}
	}
	if times < 20 {
		t.Errorf("only %d times were seen", times)
	}
	if a := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, "", nil); !strings.Contains(a.body, `"expiresAt":"2031-01-02T01:04:05.000000Z"`) {
		t.Errorf("%s", a.body)
	}
	whole := stamp{time.Date(2026, 4, 1, 9, 30, 0, 0, time.FixedZone("", 3600))}
	if b, err := json.Marshal(whole); err != nil || string(b) != `"2026-04-01T08:30:00.000000Z"` {
		t.Errorf("%s %v", b, err)
	}
}
