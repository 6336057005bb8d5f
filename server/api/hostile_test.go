package api

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// canary stands in all that the second workspace has, and in no request.
const canary = "canary-b7e151628aed"

// injected is a header field that no message may get from what is asked for.
const injected = "X-Injected: yes"

// hostile are texts that meet every parameter and every string of every body.
var hostile = []string{"", " ", "\x00", "a\x00b", "x\r\n" + injected, "x\n" + injected, "x\r" + injected, "x\r\n\r\n" + injected, "\u2028" + injected, "=?utf-8?q?x=0D=0AX-Injected:_yes?=",
	"../../../../etc/passwd", "..", ".", "%2e%2e%2f", "a/b", `a\b`, "'; DROP TABLE messages; --", `" OR 1=1`, "%", "_", "*", "\u202e\u0000\ufeff", "\ufffe", "\x7f", "😀", "<script>alert(1)</script>", "null", "true", "NaN", "-0", "1e999",
	"9223372036854775808", "-9223372036854775809", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "a@b", "@", `"a b"@x.example`, "one@a.example", "a@[127.0.0.1]", "a@xn--a", "x.example", "a.example",
	"http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "jc_AAAA", "jc_AQAAAAAAAAAAAA", "lc_e30", "lc_" + strings.Repeat("A", 100), "msg_", "msg_00000000000000000000000000", "read", "unread", "spam", "trash",
	strings.Repeat("x", 3000), strings.Repeat("é", 1000), strings.Repeat("a,", 1500), strings.Repeat("(", 500), strings.Repeat("a@x.example,", 200)}

// hostileBodies are put in the place of a whole body.
var hostileBodies = []string{"", "{", "[]", "null", "7", `""`, "\xff\xfe", "{\"a\":\"\xc3\x28\"}", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000),
	`{"a":1,"a":2}`, `{"a":` + strings.Repeat("9", 5000) + `}`, `{"a":1e400}`, `{"a":"\ud800"}`, `{"a":"\u0000"}`, `{} {}`, "[" + strings.Repeat("1,", 10_000) + "1]", "{" + strings.Repeat(" ", 1<<20) + "}", `{"` + strings.Repeat("x", 200_000) + `":1}`}

// attacker asks for what no client would.
type attacker struct {
	*rand.Rand
	doc      map[string]any // the OpenAPI document
	own      map[string]string
	foreign  map[string]string
	maxDepth int
	calm     bool // most of this request is good, so that the rest of it gets far
}

func (a attacker) one(list []string) string { return list[a.IntN(len(list))] }

// resolve follows a reference into the document.
func (a attacker) resolve(schema map[string]any) map[string]any {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	at := any(a.doc)
	for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[token]
	}
	return at.(map[string]any)
}

// text is a string for a property or parameter of that name.
func (a attacker) text(name string, schema map[string]any) string {
	if list, ok := schema["enum"].([]any); ok && a.IntN(4) > 0 {
		return fmt.Sprint(list[a.IntN(len(list))])
	}
	key := strings.TrimSuffix(name, "Id")
	n := a.IntN(6)
	if a.calm && a.IntN(6) > 0 {
		if n = 3; a.own[key] != "" {
			n = 0
		}
	}
	switch {
	case n < 2 && a.own[key] != "":
		return a.own[key]
	case n == 2 && a.foreign[key] != "":
		return a.foreign[key]
	case n == 3 && schema["format"] == "date-time":
		return "2026-01-02T03:04:05Z"
	case n == 3:
		return "plain"
	}
	return a.one(hostile)
}

func (a attacker) number(name string) any {
	if name != "timeoutSeconds" && name != "wait" && a.calm {
		return 1
	}
	if name == "timeoutSeconds" || name == "wait" { // which would be waited for
		return []any{0, -1, 100_000, 0.5}[a.IntN(4)]
	}
	return []any{0, 1, -1, 200, 201, 3600, 1 << 31, int64(1)<<53 + 1, json.Number("123456789012345678901234567890"), json.Number("1e308"), 0.1, "7"}[a.IntN(12)]
}

// value is something for a schema, right or wrong.
func (a attacker) value(name string, schema map[string]any, depth int) any {
	if name == "timeoutSeconds" {
		return a.number(name)
	}
	schema = a.resolve(schema)
	if !a.calm && a.IntN(15) == 0 || depth > a.maxDepth {
		return []any{nil, true, 7, a.one(hostile), []any{}, map[string]any{}, map[string]any{"$ref": "#"}, slices.Repeat([]any{"x"}, 10_000)}[a.IntN(8)]
	}
	for _, either := range []string{"oneOf", "anyOf", "allOf"} {
		if list, ok := schema[either].([]any); ok {
			return a.value(name, list[a.IntN(len(list))].(map[string]any), depth)
		}
	}
	kind, _ := schema["type"].(string)
	if list, ok := schema["type"].([]any); ok {
		kind = list[0].(string)
	}
	switch kind {
	case "object":
		return a.object(schema, depth)
	case "array":
		items, _ := schema["items"].(map[string]any)
		list := make([]any, 1+a.IntN(3))
		for i := range list {
			list[i] = a.value(name, items, depth+1)
		}
		return list
	case "integer", "number":
		return a.number(name)
	case "boolean":
		return a.IntN(2) == 0
	}
	return a.text(name, schema)
}

func (a attacker) object(schema map[string]any, depth int) any {
	out := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !a.calm && a.IntN(3) == 0 || a.IntN(6) == 0 || slices.Contains(required, any(name)) && (a.calm || a.IntN(20) > 0) || name == "timeoutSeconds" || name == "content" {
			out[name] = a.value(name, properties[name].(map[string]any), depth+1)
		}
	}
	if _, both := out["content"]; both && a.calm { // an attachment has one of the two
		delete(out, "url")
	}
	if _, more := schema["additionalProperties"].(map[string]any); more || len(properties) == 0 || !a.calm && a.IntN(20) == 0 {
		out[a.one(hostile)] = a.value("", map[string]any{"type": "string"}, depth+1)
	}
	return out
}

// request is one of an operation.
type hostileRequest struct{ method, path, body string }

// request makes one. What would take the attacker's own things away is asked for of others.
func (a attacker) request(method, path string, op map[string]any) hostileRequest {
	removes := method == "DELETE" && (strings.HasSuffix(path, "{inbox}") || strings.HasSuffix(path, "{workspace}") || strings.HasSuffix(path, "{domain}") || strings.HasSuffix(path, "{key}"))
	query := url.Values{}
	parameters, _ := op["parameters"].([]any)
	for _, x := range parameters {
		p := x.(map[string]any)
		name, schema := p["name"].(string), a.resolve(p["schema"].(map[string]any))
		switch p["in"] {
		case "path":
			value := a.text(name, schema)
			if removes && (value == a.own[name] || strings.Contains(value, "a.example")) || value == "" || value == "." || value == ".." {
				value = a.foreign[name]
			}
			path = strings.Replace(path, "{"+name+"}", url.PathEscape(value), 1)
		case "query":
			if a.IntN(3) == 0 {
				query.Set(name, fmt.Sprint(a.value(name, schema, a.maxDepth)))
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	body := a.body(op)
	if strings.HasSuffix(path, "/wait") && !strings.Contains(body, "timeoutSeconds") {
		body = `{"timeoutSeconds":0}`
	}
	return hostileRequest{method, path, body}
}

func (a attacker) body(op map[string]any) string {
	request, ok := op["requestBody"].(map[string]any)
	if !ok {
		return ""
	}
	if !a.calm && a.IntN(4) == 0 {
		return a.one(hostileBodies)
	}
	media := request["content"].(map[string]any)["application/json"].(map[string]any)
	text, err := json.Marshal(a.value("", media["schema"].(map[string]any), 0))
	if err != nil {
		return "{}"
	}
	return string(text)
}

// plant makes the second workspace tell the canary wherever it tells anything.
func (w *world) plant() {
	w.t.Helper()
	n := w.b
	w.must(200, "PATCH", "/v1/workspaces/"+n.id, w.operator, `{"name":"`+canary+`"}`, nil)
	w.must(200, "PATCH", "/v1/inboxes/"+n.inbox, n.key, `{"displayName":"`+canary+`","metadata":{"customer":"`+canary+`"}}`, nil)
	w.must(200, "PATCH", "/v1/inboxes/"+n.inbox+"/messages/"+n.message, n.key, `{"addLabels":["`+canary+`"]}`, nil)
	w.must(201, "POST", "/v1/inboxes/"+n.inbox+"/keys", n.key, `{"name":"`+canary+`"}`, nil)
	w.must(201, "POST", "/v1/suppressions", n.key, `{"address":"`+canary+`@x.example"}`, nil)
	w.must(201, "POST", "/v1/lists/receive/block", n.key, `{"entry":"`+canary+`.example"}`, nil)
	w.must(202, "POST", "/v1/inboxes/"+n.inbox+"/messages", n.key, `{"to":"`+canary+`@y.example","subject":"`+canary+`","text":"`+canary+`"}`, nil)
	w.deliver(n.address, "From: ann@x.example\r\nSubject: "+canary+"\r\n\r\n"+canary+"\r\n")
}

// hostileThings are what a workspace has, by the names of parameters and properties.
func hostileThings(n tenant) map[string]string {
	return map[string]string{"workspace": n.id, "inbox": n.inbox, "message": n.message, "mid": n.message, "id": n.message, "thread": n.thread, "domain": n.domain, "address": n.address, "key": n.inboxKeyID,
		"rejection": n.rejection, "ids": n.message, "attachment": "2", "direction": "receive", "type": "block", "entry": n.address, "to": "ann@x.example", "from": n.address, "username": "hostile"}
}

// Whatever is asked, by whomever, the answer is one that the document tells of (see proven), comes soon, is no 500, and holds
// nothing of another workspace.
func TestNothingThatIsAskedBreaksAWallOrTheServer(t *testing.T) {
	w := newWorld(t, Config{})
	w.plant()
	w.furnish(w.a)
	const seed = 7
	rounds := 24
	if os.Getenv("POSTROOM_LONG") == "1" {
		rounds = 500
	}
	t.Logf("seed %d, %d rounds", seed, rounds)
	var doc map[string]any
	w.must(200, "GET", "/openapi.json", "", "", &doc)
	a := attacker{Rand: rand.New(rand.NewPCG(seed, 0)), doc: doc, own: hostileThings(w.a), foreign: hostileThings(w.b), maxDepth: 6}
	paths := doc["paths"].(map[string]any)
	done := map[int]int{}
	for round := range rounds {
		w.refresh(a.own)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			methods := paths[path].(map[string]any)
			for _, method := range slices.Sorted(maps.Keys(methods)) {
				if path == socketPath || path == streamPath { // what lasts has tests of its own
					continue
				}
				a.calm = a.IntN(2) == 0
				r := a.request(strings.ToUpper(method), path, methods[method].(map[string]any))
				key := []string{w.a.key, w.a.key, w.a.inboxKey}[a.IntN(3)]
				status, body := w.attack(r, key, a.one(hostile))
				done[status]++
				if status >= 500 && status != http.StatusServiceUnavailable || strings.Contains(body, canary) {
					t.Errorf("seed %d, round %d: %s %.300s %.600q: %d %.600s", seed, round, r.method, r.path, r.body, status, body)
				}
			}
		}
	}
	t.Logf("statuses %v", done)
	if done[200] < 50 || done[202] < 5 || done[400] < 50 || done[404] < 50 {
		t.Errorf("the attacks do not get far: %v", done)
	}
	w.nothingInjected()
}

// refresh gives the attacker a message, and a key, that it has not deleted yet.
func (w *world) refresh(own map[string]string) {
	w.t.Helper()
	w.must(200, "POST", "/v1/inboxes/"+w.a.inbox+"/resume", w.a.key, "", nil)
	own["message"] = w.deliver(w.a.address, "From: Ann <ann@x.example>\r\nSubject: Lunch\r\n\r\nYour code is 123456.\r\n")
	own["mid"], own["id"], own["ids"] = own["message"], own["message"], own["message"]
	var k struct{ ID string }
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"spare"}`, &k)
	own["key"] = k.ID
}

// attack sends a request that may be no good HTTP in its fields; what the client will not send counts as answered.
func (w *world) attack(r hostileRequest, key, field string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), r.method, w.http.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		return 0, ""
	}
	req.Header.Set("X-API-Key", key)
	req.Header.Set("Content-Type", "application/json")
	if !strings.ContainsFunc(field, func(c rune) bool { return c < ' ' || c == 0x7f }) && len(field)%3 == 0 {
		req.Header.Set("Idempotency-Key", field)
	}
	client := *w.http.Client()
	client.Timeout = 20 * time.Second // of a machine that does other things too
	res, err := client.Do(req)
	if err != nil {
		w.t.Errorf("%s %.300s: %v", r.method, r.path, err)
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Errorf("%s %.300s: %v", r.method, r.path, err)
	}
	return res.StatusCode, string(text)
}

// nothingInjected reads every message of the attacker's workspace as it lies on the disk.
func (w *world) nothingInjected() {
	w.t.Helper()
	seen := 0
	for cursor := ""; ; {
		var page messageList
		w.must(200, "GET", "/v1/messages?includeTrash=true&includeSpam=true&limit=200&cursor="+cursor, w.a.key, "", &page)
		for _, m := range page.Messages {
			seen++
			raw := w.must(200, "GET", "/v1/inboxes/"+m.InboxID+"/messages/"+m.ID+"/raw", w.a.key, "", nil).body
			header, _, _ := strings.Cut(raw, "\r\n\r\n")
			for line := range strings.FieldsFuncSeq(header, func(c rune) bool { return c == '\r' || c == '\n' }) {
				if strings.HasPrefix(line, "X-Injected") {
					w.t.Errorf("a field was injected into %s:\n%s", m.ID, header)
				}
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if seen < 5 {
		w.t.Errorf("only %d messages were looked at", seen)
	}
}
