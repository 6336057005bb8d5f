package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	api "github.com/postroom/postroom/server/api/client"
)

// callTimeout is how long the API may take until it begins to answer.
const callTimeout = time.Minute

// remote is what every command takes that talks to a running server.
type remote struct {
	Data string `help:"Data directory of the running server." default:"${data}" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Print the API's answer as it is."`
}

// client asks the API through the socket in the data directory, where the caller is the operator.
func (r remote) client() *api.Client {
	var dialer net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socketPath(r.Data))
	}
	// The socket has no name, so the host is made up.
	return &api.Client{URL: "http://postroom", HTTP: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true, ResponseHeaderTimeout: callTimeout}}}
}

// failed is an error of the API's client as a person is told of it.
func (r remote) failed(err error) error {
	if refused := (*api.Problem)(nil); errors.As(err, &refused) {
		return refusal{refused}
	}
	return r.unreached(err)
}

// unreached turns a failure to talk into a sentence that says what to do.
func (r remote) unreached(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server runs on the data directory %s: start one with 'postroom serve --config FILE' or 'postroom dev --data DIR', or name its directory with --data", r.Data)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the server on %s does not let you in: only root and the user that runs it may use its socket", r.Data)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server on %s did not answer in time", r.Data)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("the path %s is too long for a socket: name the data directory by a shorter one", socketPath(r.Data))
	default:
		return fmt.Errorf("talk to the server on %s: %w", r.Data, err)
	}
}

// refusal is the API's refusal for a person.
type refusal struct{ *api.Problem }

// Error is the sentence, a line for each field, and the id to find it in the log.
func (r refusal) Error() string {
	text := printableText(r.Problem.Error())
	if r.RequestID != "" {
		text += "\n  request " + printable(r.RequestID)
	}
	return text
}

// Unwrap is the API's own form.
func (r refusal) Unwrap() error { return r.Problem }

// given is nil for what was not given on the command line, which the API is then not told.
func given[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}
