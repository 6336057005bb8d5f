package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
)

// world is the interface over real stores, with two workspaces that each have a domain and an inbox.
type world struct {
	t        *testing.T
	data     string // the data directory
	store    *mailstore.Store
	dir      *tenancy.Directory
	api      *Server
	http     *httptest.Server
	operator string
	a, b     tenant
	cfg      Config
	sandbox  string             // of the directory
	dns      *resolver.Resolver // nil: the DNS is not asked
	stop     func()
}

type tenant struct {
	id, key           string
	domain            string
	inbox, sibling    string
	address           string
	inboxKey          string
	message, thread   string
	draft             string
	rejection         string // of a message to address in Junk
	keyID, inboxKeyID string
	webhook, delivery string
}

func newWorld(t *testing.T, cfg Config) *world {
	t.Helper()
	if cfg.PublicURL == "" {
		cfg.PublicURL = "https://mail.example"
	}
	return newWorldWith(t, cfg, nil)
}

// newWorldWith is newWorld with a DNS.
func newWorldWith(t *testing.T, cfg Config, dns *resolver.Resolver) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir(), cfg: cfg, dns: dns}
	w.start(cfg)
	t.Cleanup(func() { w.stop() })
	var err error
	if w.operator, _, err = w.dir.EnsureOperatorKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.a, w.b = w.tenant("a.example"), w.tenant("b.example")
	return w
}

// start opens the stores and serves them until stop.
func (w *world) start(cfg Config) {
	w.t.Helper()
	var err error
	if w.store, err = mailstore.Open(w.data, mailstore.Options{MinFree: -1}); err != nil {
		w.t.Fatal(err)
	}
	if w.dir, err = tenancy.Open(w.t.Context(), filepath.Join(w.data, "postroom.db"), w.store, tenancy.Options{Sandbox: w.sandbox}); err != nil {
		w.t.Fatal(err)
	}
	if w.dns != nil {
		checker := dnscheck.New(dnscheck.Config{Resolver: w.dns})
		cfg.Domains = domains.New(domains.Config{Checker: checker, Server: dnscheck.Server{Hostname: "mail.example", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}, w.dir, slog.New(slog.DiscardHandler))
	}
	w.api = New(cfg, w.dir, slog.New(slog.DiscardHandler))
	w.http = httptest.NewServer(proven(w.t, w.api, w.api.Handler()))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.dir.Relay(ctx) })
	w.stop = func() {
		w.api.Drain(context.Background())
		w.http.Close()
		cancel()
		running.Wait()
		w.dir.Close()
		w.store.Close()
	}
}

// restart closes the stores and opens them again, under the same interface's address.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start(w.cfg)
}

// tenant makes a workspace with all that hangs on it.
func (w *world) tenant(domain string) (n tenant) {
	w.t.Helper()
	var ws, k, in, sib, ik struct{ ID, Key string }
	w.must(201, "POST", "/v1/workspaces", w.operator, `{"name":"Customer"}`, &ws)
	w.must(201, "POST", "/v1/workspaces/"+ws.ID+"/api-keys", w.operator, `{"name":"production key"}`, &k)
	w.must(201, "POST", "/v1/domains", w.operator, `{"domain":"`+domain+`","workspaceId":"`+ws.ID+`"}`, nil)
	w.must(201, "POST", "/v1/inboxes", k.Key, `{"username":"one","domain":"`+domain+`","displayName":"Alex — One"}`, &in)
	w.must(201, "POST", "/v1/inboxes", k.Key, `{"username":"two","domain":"`+domain+`"}`, &sib)
	w.must(201, "POST", "/v1/inboxes/"+in.ID+"/api-keys", k.Key, `{"name":"agent"}`, &ik)
	n = tenant{id: ws.ID, key: k.Key, domain: domain, inbox: in.ID, sibling: sib.ID, address: "one@" + domain, inboxKey: ik.Key, keyID: k.ID, inboxKeyID: ik.ID}
	n.message = w.deliver(n.address, "From: Ann <ann@x.example>\r\nSubject: Hello\r\nMessage-ID: <1@x.example>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nYes.\r\n\r\nOn Monday, Bob wrote:\r\n> Lunch?\r\n"+
		"--b\r\nContent-Type: text/html; name=\"a.html\"\r\nContent-Disposition: attachment; filename=\"a\\\"b.html\"\r\n\r\n<script>alert(1)</script>\r\n--b--\r\n")
	var m struct{ ThreadID string }
	w.must(200, "GET", "/v1/inboxes/"+n.inbox+"/messages/"+n.message, n.key, "", &m)
	n.thread = m.ThreadID
	_, n.rejection = w.quarantine(n, n.address)
	var d struct{ ID string }
	w.must(201, "POST", "/v1/inboxes/"+n.inbox+"/drafts", k.Key, `{"to":"bob@x.example","subject":"Begun","text":"x"}`, &d)
	n.draft = d.ID
	n.webhook, n.delivery = w.webhook(n)
	return n
}

// quarantine delivers a message that is put aside.
func (w *world) quarantine(n tenant, to string) (message, rejection string) {
	w.t.Helper()
	r, err := w.dir.Recipient(w.t.Context(), to)
	if err != nil {
		w.t.Fatal(err)
	}
	sp := mailstore.NewSpool(r.Inbox)
	defer sp.Close()
	io.WriteString(sp, "From: Rob <rob@bad.example>\r\nSubject: Aside\r\n\r\nx\r\n")
	receipt, err := mailstore.Deliver(w.t.Context(), mailstore.Arrival{Sender: "rob@bad.example", Spool: sp, To: []mailstore.Recipient{{Inbox: r.Inbox, Address: r.Address, Mailbox: mailstore.JunkMailbox,
		Labels: []string{mailstore.LabelBlocked}, Junk: &mailstore.Junk{Reason: mailstore.ReasonBlocked}, Rejection: &mailstore.Rejection{Reason: mailstore.ReasonBlocked, Source: "192.0.2.1"}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	receipt.Confirm()
	var list rejectionList
	w.must(200, "GET", "/v1/rejections?limit=1&inboxId="+to, n.key, "", &list)
	return string(receipt.IDs()[0]), list.Rejections[0].ID
}

func (w *world) deliver(to, raw string) string {
	w.t.Helper()
	r, err := w.dir.Recipient(w.t.Context(), to)
	if err != nil {
		w.t.Fatal(err)
	}
	sp := mailstore.NewSpool(r.Inbox)
	defer sp.Close()
	io.WriteString(sp, raw)
	receipt, err := mailstore.Deliver(w.t.Context(), mailstore.Arrival{Sender: "ann@x.example", Spool: sp, To: []mailstore.Recipient{{Inbox: r.Inbox, Address: r.Address}}})
	if err != nil {
		w.t.Fatal(err)
	}
	receipt.Confirm()
	return string(receipt.IDs()[0])
}

// answer is one answer, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(method, path, key, body string, header ...string) answer {
	w.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+path, r)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("X-API-Key", key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.http.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

func (w *world) must(status int, method, path, key, body string, out any) answer {
	w.t.Helper()
	a := w.do(method, path, key, body)
	if a.status != status {
		w.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, a.status, status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return a
}

// problem reads an error.
func (a answer) problem(t *testing.T) (p Problem) {
	t.Helper()
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type %q of %d %s", ct, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Errorf("%v in %q", err, a.body)
	}
	if p.Status != a.status || p.Code == "" || p.Detail == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("incomplete problem: %s", a.body)
	}
	return p
}

func TestMessagesAreGivenAsTheContractSays(t *testing.T) {
	w := newWorld(t, Config{})
	var m messageObject
	a := w.must(200, "GET", "/v1/inboxes/"+w.a.address+"/messages/"+w.a.message, w.a.key, "", &m)
	if !strings.HasPrefix(m.Text, "Yes.") || m.ExtractedText != "Yes." || m.From.Name != "Ann" || m.MessageID != "<1@x.example>" || len(m.Attachments) != 1 ||
		strings.Join(m.Labels, " ") != "received unread" || m.DeliveredTo != "one@a.example" || m.ReceivedAt == nil {
		t.Errorf("message is %s", a.body)
	}
	for _, name := range []string{`"to":[]`, `"cc":[]`, `"references":[]`} {
		if !strings.Contains(a.body, name) {
			t.Errorf("no %s in %s", name, a.body)
		}
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.header)
	}
	part := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"/attachments/"+m.Attachments[0].ID, w.a.key, "", nil)
	if part.header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(part.header.Get("Content-Security-Policy"), "sandbox") ||
		!strings.HasPrefix(part.header.Get("Content-Disposition"), "attachment") || strings.TrimSpace(part.body) != "<script>alert(1)</script>" {
		t.Errorf("attachment is %v %q", part.header, part.body)
	}
	raw := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"/raw", w.a.key, "", nil)
	if !strings.HasPrefix(raw.body, "From: Ann") || raw.header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("raw is %v %q", raw.header, raw.body)
	}
	w.must(200, "PATCH", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message, w.a.key, `{"unread":false,"addLabels":["Urgent"]}`, &m)
	if strings.Join(m.Labels, " ") != "received urgent" {
		t.Errorf("labels %v", m.Labels)
	}
	var list messageList
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages?unread=false&labels=urgent&from=ann", w.a.key, "", &list)
	if len(list.Messages) != 1 || list.Messages[0].HTML != "" || list.Messages[0].Text != list.Messages[0].Preview {
		t.Errorf("list is %+v", list)
	}
	var th wholeThread
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/threads/"+w.a.thread, w.a.inboxKey, "", &th)
	if len(th.Messages) != 1 || th.Subject != "Hello" || th.ID != w.a.thread {
		t.Errorf("thread is %+v", th)
	}
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message, w.a.key, "", nil)
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message, w.a.key, "", nil)
	w.must(404, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message, w.a.key, "", nil)
}

func TestBadInputIsRefusedInClearWords(t *testing.T) {
	w := newWorld(t, Config{})
	list := "/v1/inboxes/" + w.a.inbox + "/messages"
	var page messageList
	w.deliver(w.a.address, "Subject: second\r\n\r\nx\r\n")
	w.must(200, "GET", list+"?limit=1", w.a.key, "", &page)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code, path2        string // the problem's, and a field it names
	}{
		"an unknown name":                {"POST", "/v1/inboxes", `{"username":"x","domain":"a.example","nickname":"y"}`, 400, "validation_failed", "body.nickname"},
		"a name in another case":         {"POST", "/v1/inboxes", `{"Username":"x","domain":"a.example"}`, 400, "validation_failed", ""},
		"a name twice":                   {"POST", "/v1/inboxes", `{"username":"x","username":"y","domain":"a.example"}`, 400, "validation_failed", ""},
		"a NUL":                          {"POST", "/v1/inboxes", `{"username":"x\u0000","domain":"a.example"}`, 400, "validation_failed", ""},
		"invalid UTF-8":                  {"POST", "/v1/inboxes", "{\"username\":\"\xff\",\"domain\":\"a.example\"}", 400, "validation_failed", ""},
		"two values":                     {"POST", "/v1/inboxes", `{"username":"x","domain":"a.example"} {}`, 400, "validation_failed", ""},
		"half a value":                   {"POST", "/v1/inboxes", `{"username":`, 400, "validation_failed", ""},
		"too deep":                       {"POST", "/v1/inboxes", `{"metadata":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 400, "validation_failed", ""},
		"a wrong type":                   {"POST", "/v1/inboxes", `{"username":7,"domain":"a.example"}`, 400, "validation_failed", "body.username"},
		"a missing name":                 {"POST", "/v1/inboxes", `{"domain":"a.example"}`, 400, "validation_failed", "body"},
		"no body":                        {"POST", "/v1/inboxes", ``, 400, "validation_failed", ""},
		"too large":                      {"POST", "/v1/inboxes", `{"username":"` + strings.Repeat("x", MaxBodyBytes) + `"}`, 413, "body_too_large", ""},
		"a bad user name":                {"POST", "/v1/inboxes", `{"username":"a b","domain":"a.example"}`, 400, "", "body.username"},
		"somebody else's domain":         {"POST", "/v1/inboxes", `{"username":"x","domain":"b.example"}`, 404, "not_found", ""},
		"limit 0":                        {"GET", list + "?limit=0", "", 400, "validation_failed", "query.limit"},
		"limit 201":                      {"GET", list + "?limit=201", "", 400, "validation_failed", "query.limit"},
		"a misspelt filter":              {"GET", list + "?unred=true", "", 400, "validation_failed", "query.unred"},
		"a time that is none":            {"GET", list + "?after=yesterday", "", 400, "validation_failed", "query.after"},
		"a cursor that is none":          {"GET", list + "?cursor=abc", "", 400, "invalid_cursor", "query.cursor"},
		"a cursor of another list":       {"GET", "/v1/inboxes/" + w.a.sibling + "/messages?cursor=" + page.NextCursor, "", 400, "invalid_cursor", "query.cursor"},
		"a cursor of another kind":       {"GET", "/v1/events?cursor=" + page.NextCursor, "", 400, "invalid_cursor", ""},
		"an id of another kind":          {"GET", list + "/" + w.a.thread, "", 404, "not_found", ""},
		"an id as an inbox of its kind":  {"GET", "/v1/inboxes/" + w.a.message, "", 404, "not_found", ""},
		"an unknown label":               {"PATCH", list + "/" + w.a.message, `{"addLabels":["two words"]}`, 400, "invalid_label", ""},
		"a label that is fixed":          {"PATCH", list + "/" + w.a.message, `{"addLabels":["sent"]}`, 400, "fixed_label", ""},
		"an unknown route":               {"GET", "/v1/nothing", "", 404, "not_found", ""},
		"a wrong method":                 {"PUT", "/v1/inboxes", "{}", 405, "method_not_allowed", ""},
		"an idempotency key of NULs":     {"POST", "/v1/inboxes", `{"username":"x","domain":"a.example"}`, 400, "", ""},
		"a socket without the handshake": {"GET", "/v1/ws", "", 426, "upgrade_required", ""},
	} {
		var header []string
		if strings.Contains(name, "idempotency") {
			header = []string{"Idempotency-Key", "naïve"}
		}
		a := w.do(c.method, c.path, w.a.key, c.body, header...)
		p := a.problem(t)
		if a.status != c.status || c.code != "" && p.Code != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		named := c.path2 == ""
		for _, f := range p.Errors {
			named = named || f.Path == c.path2
		}
		if !named {
			t.Errorf("%s does not name %s: %s", name, c.path2, a.body)
		}
	}
	var all struct{ Inboxes []inbox }
	w.must(200, "GET", "/v1/inboxes", w.a.key, "", &all)
	if len(all.Inboxes) != 2 {
		t.Errorf("something was made: %+v", all.Inboxes)
	}
}

func TestAPostIsDoneOnceUnderItsIdempotencyKey(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/workspaces/" + w.a.id + "/api-keys"
	first := w.do("POST", path, w.a.key, `{"name":"k"}`, "Idempotency-Key", "abc")
	again := w.do("POST", path, w.a.key, `{"name":"k"}`, "Idempotency-Key", "abc")
	if first.status != 201 || again.status != 201 || first.body != again.body || first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %d %s, again %d %v %s", first.status, first.body, again.status, again.header, again.body)
	}
	var other struct{ Key string }
	w.must(201, "POST", path, w.operator, `{"name":"second"}`, &other)
	asOther := w.do("POST", path, other.Key, `{"name":"k"}`, "Idempotency-Key", "abc")
	if strings.Contains(asOther.body, `"key":"pr_`) || asOther.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("another key is told the secret: %s", asOther.body)
	}
	if a := w.do("POST", path, w.a.key, `{"name":"other"}`, "Idempotency-Key", "abc"); a.status != 409 || a.problem(t).Code != "idempotency_key_reused" {
		t.Errorf("another body: %d %s", a.status, a.body)
	}
	if a := w.do("POST", "/v1/inboxes", w.a.key, `{"username":"one","domain":"a.example"}`); a.status != 200 || !strings.Contains(a.body, `"existed":true`) || strings.Contains(a.body, "password") {
		t.Errorf("an inbox that exists: %d %s", a.status, a.body)
	}
}

func TestKeysComeInOneOfTwoHeaders(t *testing.T) {
	w := newWorld(t, Config{})
	if a := w.do("GET", "/v1/me", "", "", "Authorization", "bearer "+w.a.key); a.status != 200 || !strings.Contains(a.body, `"workspaceId":"`+w.a.id) {
		t.Errorf("bearer: %d %s", a.status, a.body)
	}
	for name, header := range map[string][]string{
		"none": {}, "two that differ": {"X-API-Key", w.a.key, "Authorization", "Bearer " + w.b.key}, "a wrong one": {"X-API-Key", w.a.key + "x"},
		"in the query, not of a socket": {"X-Nothing", "x"},
	} {
		a := w.do("GET", "/v1/me?api_key="+w.a.key, "", "", header...)
		if a.status != 401 || a.header.Get("WWW-Authenticate") == "" || a.problem(t).Code != "unauthenticated" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestARotatedKeyTakesThePlaceOfTheOldOne(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/workspaces/" + w.a.id + "/api-keys/" + w.a.keyID + "/rotate"
	var k struct{ ID, Key string }
	w.must(201, "POST", path, w.a.key, `{"overlapSeconds":60}`, &k)
	w.must(200, "GET", "/v1/me", w.a.key, "", nil)
	w.must(200, "GET", "/v1/me", k.Key, "", nil)
	var last struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys/"+k.ID+"/rotate", w.operator, "", &last)
	w.must(401, "GET", "/v1/me", k.Key, "", nil)
	w.must(200, "GET", "/v1/me", last.Key, "", nil)
}

func TestAReadingKeyChangesNothing(t *testing.T) {
	w := newWorld(t, Config{})
	var k struct{ Key string }
	w.must(201, "POST", "/v1/workspaces/"+w.a.id+"/keys", w.a.key, `{"name":"reader","permissions":["read"]}`, &k)
	for _, c := range [][3]string{
		{"POST", "/v1/inboxes", `{"username":"x","domain":"a.example"}`}, {"DELETE", "/v1/inboxes/" + w.a.inbox, ""},
		{"PATCH", "/v1/inboxes/" + w.a.inbox + "/messages/" + w.a.message, `{"unread":false}`},
		{"POST", "/v1/workspaces/" + w.a.id + "/keys", `{"name":"more"}`}, {"POST", "/v1/inboxes/" + w.a.inbox + "/credentials", ""},
	} {
		if a := w.do(c[0], c[1], k.Key, c[2]); a.status != 403 || a.problem(t).Code != "permission_denied" {
			t.Errorf("%s %s: %d %s", c[0], c[1], a.status, a.body)
		}
	}
	w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages", k.Key, "", nil)
}

func TestTheSocketHandlerIsTheOperators(t *testing.T) {
	w := newWorld(t, Config{})
	r := httptest.NewRecorder()
	w.api.SocketHandler().ServeHTTP(r, httptest.NewRequest("GET", "/v1/workspaces", nil))
	if r.Code != 200 || !strings.Contains(r.Body.String(), w.b.id) {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if a := w.must(200, "GET", "/readyz", "", "", nil); a.body == "" {
		t.Error("not ready")
	}
	w.api.Drain(t.Context())
	if a := w.do("GET", "/readyz", "", ""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("draining: %d", a.status)
	}
}
