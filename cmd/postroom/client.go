package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	callTimeout = time.Minute
	maxAnswer   = 64 << 20 // octets of a JSON answer; a list's page and a message's text are far below
)

// remote is what every command takes that talks to a running server.
type remote struct {
	Data string `help:"Data directory of the running server." default:"${data}" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Print the API's answer as it is."`
}

// client talks to a server through the socket in its data directory, where the caller is the operator.
type client struct {
	data string
	http *http.Client
}

func (r remote) client() client {
	var dialer net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socketPath(r.Data))
	}
	return client{data: r.Data, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// call asks for JSON. A refusal is a *problem.
func (c client) call(ctx context.Context, method, path string, query url.Values, body any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := c.open(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	raw, err := io.ReadAll(io.LimitReader(answer, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(raw) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d octets: ask for fewer with --limit", maxAnswer)
	}
	return raw, nil
}

// open asks and hands out the answer's body, which the caller closes. A refusal is a *problem.
func (c client) open(ctx context.Context, method, path string, query url.Values, body any) (io.ReadCloser, error) {
	request, err := newRequest(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreached(err)
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		return nil, readProblem(answer)
	}
	return answer.Body, nil
}

// newRequest makes a request; the socket has no name, so the host is made up.
func newRequest(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	target := "http://postroom" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// unreached turns a failure to talk into a sentence that says what to do.
func (c client) unreached(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server runs on the data directory %s: start one with 'postroom serve --config FILE' or 'postroom dev --data DIR', or name its directory with --data", c.data)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the server on %s does not let you in: only root and the user that runs it may use its socket", c.data)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server on %s did not answer in time", c.data)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("the path %s is too long for a socket: name the data directory by a shorter one", socketPath(c.data))
	default:
		return fmt.Errorf("talk to the server on %s: %w", c.data, err)
	}
}

// problem is the API's refusal (RFC 9457), as far as a person wants it.
type problem struct {
	Status    int    `json:"status"`
	Title     string `json:"title"`
	Detail    string `json:"detail"`
	RequestID string `json:"requestId"`
	Errors    []struct {
		Path    string `json:"path"`
		Message string `json:"message"`
	} `json:"errors"`
}

// Error is the sentence, a line for each field, and the id to find it in the log.
func (p *problem) Error() string {
	var b strings.Builder
	b.WriteString(printable(firstOf(p.Detail, p.Title, http.StatusText(p.Status))))
	for _, field := range p.Errors {
		b.WriteString("\n  " + printable(field.Path) + ": " + printable(field.Message))
	}
	if p.RequestID != "" {
		b.WriteString("\n  request " + printable(p.RequestID))
	}
	return b.String()
}

func readProblem(answer *http.Response) error {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	p := &problem{}
	if json.Unmarshal(raw, p) != nil || p.Title == "" && p.Detail == "" {
		p = &problem{Title: fmt.Sprintf("The server answered %s.", answer.Status)}
	}
	return p
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// query makes a query of names and values; what is empty is left out.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// join makes a path of the API; each part is escaped, so that none can lead elsewhere.
func join(parts ...string) string {
	var b strings.Builder
	b.WriteString("/v1")
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}
