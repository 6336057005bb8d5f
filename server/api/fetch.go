package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/outbound"
)

// Bounds of attachments that are fetched from a URL.
const (
	MaxFetched   = 10               // of one message
	FetchTimeout = 20 * time.Second // for all of them
)

// fetcher gets what URLs of attachments lead to, for one call.
type fetcher struct {
	srv  *Server
	call *call
}

// all fetches the attachments of a list that have a URL; place is the list's name in the body. The octets are in memory until the call is
// done, and are counted as large bodies are.
func (f fetcher) all(ctx context.Context, place string, list []newAttachment, most int64) (contents map[int][]byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.srv.cfg.FetchTimeout)
	defer cancel()
	var h *http.Client
	for i, a := range list {
		if a.URL == "" {
			continue
		}
		if h == nil {
			h = f.srv.cfg.Outbound.Client(f.srv.cfg.OutboundRoots)
			defer h.CloseIdleConnections()
			contents = map[int][]byte{}
		}
		if contents[i], err = f.one(ctx, h, a.URL, most); err != nil {
			if wrong := fault.From(err); wrong != nil && wrong.Code == notFetched {
				err = wrong.At(fmt.Sprintf("%s[%d].url", place, i))
			}
			return nil, err
		}
		most -= int64(len(contents[i]))
	}
	return contents, nil
}

// one fetches one URL, of at most so many octets.
func (f fetcher) one(ctx context.Context, h *http.Client, target string, most int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, errFetch("This is no URL.")
	}
	answer, err := h.Do(request)
	if err != nil {
		return nil, f.unfetched(err)
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode != http.StatusOK:
		return nil, errFetch("It answered %d instead of 200; redirects are not followed.", answer.StatusCode)
	case answer.ContentLength > most:
		return nil, errFetch("It is larger than a message may be.")
	}
	size := answer.ContentLength
	if size < 0 {
		size = most
	}
	give, err := f.srv.room.take(f.call.grant.WorkspaceID(), size)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, size+1))
	give()
	switch {
	case err != nil:
		return nil, f.unfetched(err)
	case int64(len(content)) > size:
		return nil, errFetch("It is larger than a message may be.")
	}
	return content, f.call.take(f.srv.room, int64(len(content))) // what it has, and not what it could have had
}

// unfetched says why nothing was fetched, in words that tell nothing of the network that the server is in.
func (f fetcher) unfetched(err error) error {
	switch {
	case errors.Is(err, outbound.ErrRefused):
		return errFetch("It leads to an address that this server does not connect to: it is not of the public internet, or needs https.")
	case errors.Is(err, context.DeadlineExceeded):
		return errFetch("It did not come within %d seconds.", int(f.srv.cfg.FetchTimeout.Seconds()))
	case errors.Is(err, context.Canceled):
		return err
	}
	return errFetch("It could not be fetched: nobody answered, or not as https asks for.")
}

const notFetched = "attachment_not_fetched"

func errFetch(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, notFetched, format, args...)
}
