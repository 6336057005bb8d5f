package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// proof is the OpenAPI document as a judge of answers.
type proof struct {
	mux   *http.ServeMux
	paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]json.RawMessage
		}
	}

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

const documentURL = "mem://postroom/openapi.json"

// newProof reads the document that a server gives of itself.
func newProof(t *testing.T, s *Server) *proof {
	t.Helper()
	r := httptest.NewRecorder()
	s.Handler().ServeHTTP(r, httptest.NewRequest("GET", "/openapi.json", nil))
	p := &proof{mux: s.mux, compiler: jsonschema.NewCompiler()}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	p.compiler.DefaultDraft(jsonschema.Draft2020) // the dialect of OpenAPI 3.1
	p.compiler.AssertFormat()
	if err := p.compiler.AddResource(documentURL, document); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(r.Body.Bytes(), p); err != nil {
		t.Fatal(err)
	}
	return p
}

// UnmarshalJSON reads the paths.
func (p *proof) UnmarshalJSON(text []byte) error {
	var document struct{ Paths json.RawMessage }
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	return json.Unmarshal(document.Paths, &p.paths)
}

// proven serves what h serves and fails the test for each answer that the document does not tell of.
func proven(t *testing.T, s *Server, h http.Handler) http.Handler {
	t.Helper()
	p := newProof(t, s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" || isV0(r.URL.Path) {
			h.ServeHTTP(w, r) // what is a WebSocket from here on is taken over whole; /v0 has no document
			return
		}
		seen := &witness{ResponseWriter: w}
		h.ServeHTTP(seen, r)
		if err := p.judge(r, seen); err != nil {
			t.Errorf("the document does not tell of this answer: %s %.200s: %d: %v\n%.1000s", r.Method, r.URL, seen.status, err, seen.body.String())
		}
	})
}

// witness keeps what is answered, where it is JSON.
type witness struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *witness) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if isJSON(w.mediaType()) {
		w.body.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w *witness) Flush()                      { http.NewResponseController(w.ResponseWriter).Flush() }

func (w *witness) mediaType() string {
	media, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	return media
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// judge says what of an answer does not stand in the document. What has no route is answered with a problem.
func (p *proof) judge(r *http.Request, w *witness) error {
	_, pattern := p.mux.Handler(r)
	_, path, _ := strings.Cut(pattern, " ")
	methods, there := p.paths[path]
	if !there {
		if pattern == "" && r.Method != http.MethodOptions {
			return p.validate("#/components/schemas/Problem", w.body.Bytes())
		}
		return nil // registered beside the document: see besideTheDocument
	}
	method := strings.ToLower(r.Method)
	if r.Method == http.MethodHead {
		method = "get"
	}
	if !cleanPath(r.URL.EscapedPath()) { // which is refused before it is routed
		return p.validate("#/components/schemas/Problem", w.body.Bytes())
	}
	status := strconv.Itoa(max(w.status, http.StatusOK))
	response, there := methods[method].Responses[status]
	switch {
	case !there:
		return fmt.Errorf("the status %s is not told of", status)
	case len(response.Content) == 0 || r.Method == http.MethodHead:
		if w.body.Len() > 0 && r.Method != http.MethodHead {
			return fmt.Errorf("there is to be no body")
		}
		return nil
	}
	media := w.mediaType()
	if _, there := response.Content[media]; !there {
		if _, any := response.Content["*/*"]; any {
			return nil
		}
		return fmt.Errorf("the content type %q is not told of", media)
	}
	if !isJSON(media) {
		return nil
	}
	return p.validate(pointer("paths", path, method, "responses", status, "content", media, "schema"), w.body.Bytes())
}

// pointer is a place in the document as a fragment (RFC 6901, 6).
func pointer(tokens ...string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for i, token := range tokens {
		tokens[i] = url.PathEscape(escape.Replace(token))
	}
	return "#/" + strings.Join(tokens, "/")
}

func (p *proof) validate(fragment string, body []byte) error {
	p.mu.Lock()
	schema, err := p.compiler.Compile(documentURL + fragment)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is no JSON: %w", err)
	}
	return schema.Validate(value)
}

func TestTheProofFindsWhatTheDocumentDoesNotTell(t *testing.T) {
	w := newWorld(t, Config{})
	p := newProof(t, w.api)
	whole := `{"type":"about:blank","title":"Not Found","status":404,"detail":"x","code":"not_found"}`
	for name, c := range map[string]struct {
		status      int
		media, body string
		good        bool
	}{
		"an answer as it should be":    {404, "application/problem+json", whole, true},
		"a status that is not told of": {418, "application/problem+json", whole, false},
		"another content type":         {404, "application/json", whole, false},
		"a name too many":              {404, "application/problem+json", strings.Replace(whole, `"type"`, `"more":1,"type"`, 1), false},
		"a name too few":               {404, "application/problem+json", strings.Replace(whole, `"code":"not_found"`, `"requestId":"x"`, 1), false},
		"a value of another type":      {404, "application/problem+json", strings.Replace(whole, "404", `"404"`, 1), false},
		"no JSON":                      {404, "application/problem+json", whole[1:], false},
	} {
		seen := &witness{ResponseWriter: httptest.NewRecorder(), status: c.status}
		seen.Header().Set("Content-Type", c.media)
		seen.Write([]byte(c.body))
		if err := p.judge(httptest.NewRequest("GET", "/v1/me", nil), seen); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
