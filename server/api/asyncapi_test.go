package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore/journal"
)

// typeLike is a text that could name a type of event.
var typeLike = regexp.MustCompile(`^(message|report|thread|draft|conversation|suppression|list|mailbox|inbox|domain|key|webhook|limit|usage|sequence)(\.[a-z]+)+$`)

// notTypes are texts that look like types and are none.
var notTypes = []string{"list.example.org", "key.pem"}

// appendedTypes are the types of events in the source of what appends lines.
func appendedTypes(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range []string{"../../mailstore", "../../tenancy"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "journal/types.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil && typeLike.MatchString(text) && !slices.Contains(notTypes, text) {
						found[text] = path
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestTheTableOfEventTypesIsWhatTheProgramAppends(t *testing.T) {
	found := appendedTypes(t)
	if len(found) < 20 {
		t.Fatalf("only %v", found)
	}
	for name, path := range found {
		if !journal.Known(name) {
			t.Errorf("%s appends %s, which the table in journal/types.go does not have", path, name)
		}
	}
	for _, typ := range journal.Types {
		_, there := found[typ.Name]
		if there && typ.Coming {
			t.Errorf("%s is appended now: it is not coming any more", typ.Name)
		}
		if !there && !typ.Coming {
			t.Errorf("nothing appends %s: take it out of the table, or say that it is coming", typ.Name)
		}
		if typ.About == "" {
			t.Errorf("%s is not explained", typ.Name)
		}
	}
}

// asyncDocument is as much of AsyncAPI 3.0 as is looked at.
type asyncDocument struct {
	AsyncAPI string
	Info     struct{ Title, Version string }
	Servers  map[string]struct{ Host, Protocol string }
	Channels map[string]struct {
		Address  string
		Messages map[string]struct {
			Ref string `json:"$ref"`
		}
	}
	Operations map[string]struct {
		Action  string
		Channel struct {
			Ref string `json:"$ref"`
		}
		Messages []struct {
			Ref string `json:"$ref"`
		}
	}
	Components struct {
		Messages map[string]struct{ Name, Summary string }
		Schemas  map[string]json.RawMessage
	}
}

func TestTheAsyncAPIDocumentHoldsTogether(t *testing.T) {
	w := newWorld(t, Config{})
	var doc asyncDocument
	a := w.must(200, "GET", "/asyncapi.json", "", "", &doc)
	if doc.AsyncAPI != "3.0.0" || doc.Info.Title == "" || doc.Info.Version == "" || doc.Servers["websocket"].Protocol != "wss" || doc.Servers["http"].Host != "mail.example" {
		t.Errorf("%+v %+v", doc.Info, doc.Servers)
	}
	if doc.Channels["socket"].Address != socketPath || doc.Channels["stream"].Address != streamPath {
		t.Errorf("channels %+v", doc.Channels)
	}
	for _, typ := range journal.Types {
		if m := doc.Components.Messages[typ.Name]; m.Name != typ.Name || m.Summary != typ.About {
			t.Errorf("%s is %+v", typ.Name, m)
		}
		for name, c := range doc.Channels {
			if c.Messages[typ.Name].Ref == "" {
				t.Errorf("channel %s has no %s", name, typ.Name)
			}
		}
	}
	for name, op := range doc.Operations {
		if op.Action != "send" && op.Action != "receive" || len(op.Messages) == 0 {
			t.Errorf("operation %s: %+v", name, op)
		}
		for _, m := range op.Messages { // a message of an operation is one of its channel
			if !strings.HasPrefix(m.Ref, op.Channel.Ref+"/messages/") {
				t.Errorf("operation %s: %s is none of %s", name, m.Ref, op.Channel.Ref)
			}
		}
	}
	var whole any
	if err := json.Unmarshal([]byte(a.body), &whole); err != nil {
		t.Fatal(err)
	}
	refs := regexp.MustCompile(`"\$ref":"([^"]+)"`).FindAllStringSubmatch(a.body, -1)
	for _, ref := range refs {
		if !leads(whole, ref[1]) {
			t.Errorf("%s leads nowhere", ref[1])
		}
	}
	var d struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	w.must(200, "GET", "/openapi.json", "", "", &d)
	openAPI := d.Components.Schemas
	for _, name := range []string{"Event", "MessageObject", "Suppression", "Person"} {
		if one, other := doc.Components.Schemas[name], openAPI[name]; len(one) == 0 || !sameJSON(one, other) {
			t.Errorf("%s differs from /openapi.json:\n%s\n%s", name, one, other)
		}
	}
}

// leads follows a reference within a document (RFC 6901).
func leads(doc any, ref string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		o, ok := doc.(map[string]any)
		if !ok || o[part] == nil {
			return false
		}
		doc = o[part]
	}
	return strings.HasPrefix(ref, "#/")
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// Every event that happens here is looked at with the schemas that the document gives for its type.
func TestEventsHoldWhatTheDocumentSays(t *testing.T) {
	w := newWorld(t, Config{})
	w.furnish(w.a)
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/messages/"+w.a.message+"?permanent=true", w.a.key, "", nil)
	var k struct{ ID string }
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/keys", w.a.key, `{"name":"k"}`, &k)
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.inbox+"/keys/"+k.ID, w.a.key, "", nil)
	w.must(200, "PATCH", "/v1/inboxes/"+w.a.inbox, w.a.key, `{"displayName":"x"}`, nil)
	w.must(204, "DELETE", "/v1/suppressions/"+w.a.address, w.a.key, "", nil)
	w.must(204, "DELETE", "/v1/lists/receive/block/"+w.a.address, w.a.key, "", nil)
	w.must(204, "DELETE", "/v1/inboxes/"+w.a.sibling, w.a.key, "", nil)
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	seen := map[string]bool{}
	cursor := ""
	for !seen["inbox.deleted"] {
		var list struct {
			Events []struct {
				Type string
				Data any
			}
			NextCursor string
		}
		w.must(200, "GET", "/v1/events?wait=5&cursor="+cursor, w.a.key, "", &list)
		for _, e := range list.Events {
			seen[e.Type] = true
			fits(t, registry, e.Type, e.Data)
		}
		cursor = list.NextCursor
	}
	if len(seen) < 12 {
		t.Errorf("only %v were seen", seen)
	}
}

// fits looks whether data is one of those of a type.
func fits(t *testing.T, registry huma.Registry, eventType string, data any) {
	t.Helper()
	shapes, _ := dataOf(eventType)
	var wrong []error
	for _, d := range shapes {
		schema := registry.Schema(reflect.TypeOf(d), true, reflect.TypeOf(d).Name())
		var result huma.ValidateResult
		huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, data, &result)
		if len(result.Errors) == 0 {
			return
		}
		wrong = append(wrong, result.Errors...)
	}
	t.Errorf("the data of %s are not what is documented: %v\n%v", eventType, wrong, data)
}

func TestTheDocumentationOfEventsIsTheTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), eventTypesPage()) {
		t.Errorf("docs/events.md is behind; its table is:\n%s", eventTypesPage())
	}
}
