package mcp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/postroom/postroom/server/api/client"
)

// callers finds who calls by what Authenticate has found.
type callers struct{ api http.Handler }

var errNoCaller = errors.New("the request has no key")

func (c callers) find(extra *mcp.RequestExtra) (*Caller, error) {
	if extra == nil || extra.TokenInfo == nil {
		return nil, errNoCaller
	}
	known := extra.TokenInfo.Extra
	secret, _ := known[secretExtra].(string)
	remote, _ := known[remoteExtra].(string)
	workspace, _ := known[workspaceExtra].(string)
	api := &client.Client{URL: "http://postroom", Key: secret, HTTP: &http.Client{Transport: local{c.api, remote}}}
	return &Caller{API: api, Workspace: workspace, ID: extra.TokenInfo.UserID}, nil
}

// local carries requests to a handler of this process, as if they came from an address.
type local struct {
	handler http.Handler
	remote  string
}

// RoundTrip returns when the answer's header is there; its body comes as the handler writes it.
func (l local) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	in := r.Clone(ctx)
	in.RemoteAddr, in.RequestURI = l.remote, r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	body, w := io.Pipe()
	answer := &localAnswer{header: http.Header{}, body: w, begun: make(chan struct{})}
	go func() {
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				w.CloseWithError(io.ErrUnexpectedEOF)
			}
			answer.begin(http.StatusOK)
			w.Close()
		}()
		l.handler.ServeHTTP(answer, in)
	}()
	select {
	case <-answer.begun:
	case <-ctx.Done():
		body.CloseWithError(ctx.Err())
		<-answer.begun // the handler ends with its context
		return nil, ctx.Err()
	}
	return &http.Response{StatusCode: answer.status, Status: http.StatusText(answer.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: answer.sent, Body: body, ContentLength: -1, Request: r}, nil
}

// localAnswer is what a handler writes to. Closing the other end of the pipe makes its writes fail.
type localAnswer struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	once         sync.Once
	begun        chan struct{}
}

func (a *localAnswer) Header() http.Header { return a.header }

func (a *localAnswer) WriteHeader(status int) { a.begin(status) }

func (a *localAnswer) begin(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

func (a *localAnswer) Write(b []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.body.Write(b)
}

// Flush does nothing: what is written is read at once.
func (a *localAnswer) Flush() {}
