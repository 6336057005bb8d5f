// Package client speaks to Postroom's HTTP API with the API's own types.
//
// Its methods and types are written from the API's OpenAPI document (generated_*.go), one method for each operation, so
// neither can know something that the other does not. It imports nothing of the server's and is what the command line
// uses.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	// MaxAnswer is the most octets of a JSON answer; a list's page and a message's text are far below.
	MaxAnswer = 64 << 20
	// maxProblem is the most octets of a refusal that are read.
	maxProblem = 1 << 20
)

// Client speaks to one server. Its fields are not to be changed while it is used; it may be used from several
// goroutines at once. How long a call may take says its context.
type Client struct {
	URL  string       // such as https://mail.example.com, without a path
	Key  string       // an API key; empty over the socket of a data directory
	HTTP *http.Client // nil is http.DefaultClient

	// Answered is called with each JSON answer as it came, before the method returns it; nil is not.
	Answered func(json.RawMessage)
}

// Problem is a refusal (RFC 9457). Each method gives one as its error where the server refused.
type Problem struct {
	Status    int            `json:"status"`
	Title     string         `json:"title"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code"` // stable, lower_snake
	RequestID string         `json:"requestId"`
	Errors    []ProblemField `json:"errors"`

	// RetryAfter is how long to wait before the call is tried again; 0 where the server does not say.
	RetryAfter time.Duration `json:"-"`
}

// ProblemField is one part of a request that was refused.
type ProblemField struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Error is the sentence, and a line for each field.
func (p *Problem) Error() string {
	var b strings.Builder
	for _, text := range []string{p.Detail, p.Title, http.StatusText(p.Status)} {
		if text != "" {
			b.WriteString(text)
			break
		}
	}
	for _, field := range p.Errors {
		b.WriteString("\n  " + field.Path + ": " + field.Message)
	}
	return b.String()
}

// Nullable is a member of a change: left out where Set is false, null where Value is nil.
type Nullable[T any] struct {
	Set   bool
	Value *T
}

// Null is a member that is null.
func Null[T any]() Nullable[T] { return Nullable[T]{Set: true} }

// To is a member with a value.
func To[T any](v T) Nullable[T] { return Nullable[T]{Set: true, Value: &v} }

// IsZero says that the member is left out.
func (n Nullable[T]) IsZero() bool { return !n.Set }

// MarshalJSON writes the value or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.Value) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Nullable[T]) UnmarshalJSON(b []byte) error {
	n.Set = true
	return json.Unmarshal(b, &n.Value)
}

// do makes a call whose answer is one JSON value.
func do[T any](ctx context.Context, c *Client, method, path string, params, body any) (*T, error) {
	answer, err := open(ctx, c, method, path, "application/json", params, body)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	raw, err := io.ReadAll(io.LimitReader(answer, MaxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(raw) > MaxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d octets: ask for fewer with a limit", MaxAnswer)
	}
	if c.Answered != nil {
		c.Answered(raw)
	}
	out := new(T)
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	return out, nil
}

// none makes a call that answers nothing but that it is done.
func none(ctx context.Context, c *Client, method, path string, params, body any) error {
	answer, err := open(ctx, c, method, path, "", params, body)
	if err != nil {
		return err
	}
	return answer.Close()
}

// open makes a call and hands out the answer's body, which the caller closes.
func open(ctx context.Context, c *Client, method, path, accept string, params, body any) (io.ReadCloser, error) {
	request, err := c.request(ctx, method, path, params, body)
	if err != nil {
		return nil, err
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	answer, err := h.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		return nil, Refusal(answer)
	}
	return answer.Body, nil
}

func (c *Client) request(ctx context.Context, method, path string, params, body any) (*http.Request, error) {
	query, header := url.Values{}, http.Header{}
	spread(params, query, header)
	if err := whole(path, header); err != nil {
		return nil, err
	}
	target := strings.TrimSuffix(c.URL, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	content, contentType, err := encode(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	request.Header = header
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.Key != "" {
		request.Header.Set("X-API-Key", c.Key)
	}
	return request, nil
}

// whole refuses what would not arrive as it is meant: ids such as "..", which a proxy on the way may take for a step to another
// route, where a thread's deletion is the inbox's, and lines in a header.
func whole(path string, header http.Header) error {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if strings.Trim(segment, ".") == "" {
			return &Problem{Status: http.StatusNotFound, Code: "not_found", Title: "Not Found", Detail: "There is no such thing here: an id is empty, or dots alone."}
		}
	}
	for name, values := range header {
		if !httpguts.ValidHeaderFieldValue(values[0]) {
			return &Problem{Status: http.StatusBadRequest, Code: "validation_failed", Title: "Bad Request", Detail: name + " is one line of text."}
		}
	}
	return nil
}

// encode gives a body's octets and type. A reader is sent as it is, as CSV, which is all that is not JSON.
func encode(body any) (io.Reader, string, error) {
	switch b := body.(type) {
	case nil:
		return nil, "", nil
	case io.Reader:
		return b, "text/csv", nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, "", fmt.Errorf("encode request: %w", err)
	}
	return bytes.NewReader(raw), "application/json", nil
}

// spread puts the fields of params where their tags say. A field with the zero value is left out.
func spread(params any, query url.Values, header http.Header) {
	if params == nil {
		return
	}
	v := reflect.ValueOf(params)
	for i := range v.NumField() {
		field, tag := v.Field(i), v.Type().Field(i).Tag
		if field.IsZero() {
			continue
		}
		if name := tag.Get("header"); name != "" {
			header.Set(name, field.String())
			continue
		}
		for _, text := range texts(field) {
			query.Add(tag.Get("query"), text)
		}
	}
}

// texts is how a value stands in a query.
func texts(field reflect.Value) []string {
	switch v := field.Interface().(type) {
	case []string:
		return v
	case time.Time:
		return []string{v.Format(time.RFC3339Nano)}
	default:
		return []string{fmt.Sprint(v)}
	}
}

// Refusal reads the Problem of an answer that is one, such as that of a WebSocket that was not opened. It does not close it.
func Refusal(answer *http.Response) error {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	p := &Problem{}
	if json.Unmarshal(raw, p) != nil || p.Title == "" && p.Detail == "" {
		p = &Problem{Title: fmt.Sprintf("The server answered %s.", answer.Status)}
	}
	p.Status = answer.StatusCode
	if wait, err := time.ParseDuration(answer.Header.Get("Retry-After") + "s"); err == nil && wait > 0 {
		p.RetryAfter = wait
	}
	return p
}

// GetThreadPrompt is GetThread with the view that is text for a language model.
func (c *Client) GetThreadPrompt(ctx context.Context, inbox, thread string, params GetThreadParams) (*ThreadPrompt, error) {
	params.View = "prompt"
	return do[ThreadPrompt](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, nil)
}

// Ready asks whether the server takes mail and requests. A Problem if it does not.
func (c *Client) Ready(ctx context.Context) error { return none(ctx, c, "GET", "/readyz", nil, nil) }
