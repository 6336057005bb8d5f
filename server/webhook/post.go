package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/tenancy"
)

// answer is what came of one request.
type answer struct {
	attempt mailstore.DispatchAttempt
	rest    time.Time // until when the endpoint asks to be left alone
	cut     bool      // we ended it ourselves, which says nothing of the endpoint
}

func (a answer) ok() bool {
	return a.attempt.Code >= 200 && a.attempt.Code < 300 && a.attempt.Error == ""
}

// post sends one event. It ends within Timeout, whatever the endpoint does, and keeps the beginning of what it answers.
func (s *Service) post(ctx context.Context, e tenancy.Endpoint, id string, body []byte) (a answer) {
	a.attempt.StartedAt = s.cfg.Clock()
	defer func() { a.attempt.Took = s.cfg.Clock().Sub(a.attempt.StartedAt) }()
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	request, err := s.request(ctx, e, id, a.attempt.StartedAt, body)
	if err != nil {
		a.attempt.Error = "the request could not be made"
		s.log.Error("make a webhook's request", "workspace", e.WorkspaceID, "webhook", e.ID, "err", err)
		return a
	}
	res, err := s.cfg.Client.Do(request)
	if err == nil {
		defer res.Body.Close()
		a.attempt.Code, a.rest = res.StatusCode, restOf(res, s.cfg.Clock())
		a.attempt.Response, err = excerpt(res.Body)
	}
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errDrained):
		a.cut = true
	case err != nil:
		a.attempt.Error = failure(err)
	case !a.ok():
		a.attempt.Error = fmt.Sprintf("it answered %d", a.attempt.Code)
	}
	return a
}

func (s *Service) request(ctx context.Context, e tenancy.Endpoint, id string, at time.Time, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "Postroom/"+s.cfg.Version)
	for name, value := range e.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	return request, sign(request.Header, e.Secrets, id, at, body)
}

// excerpt reads what an endpoint answers, no more than MaxAnswer, and gives its beginning as text. What is behind that is not
// waited for.
func excerpt(r io.Reader) (string, error) {
	head := make([]byte, MaxExcerpt)
	n, err := io.ReadFull(r, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	} else if err == nil {
		_, err = io.CopyN(io.Discard, r, MaxAnswer-MaxExcerpt) // so that the connection can be used again
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(head[:n]), "\uFFFD"), "\x00", "\uFFFD"), err
}

// failure says in words for the endpoint's owner why there was no answer. Addresses that names have within our network are not
// the owner's to know, so errors are not shown as they are.
func failure(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.Is(err, outbound.ErrRefused):
		return "its URL leads to an address that the server does not connect to"
	case errors.As(err, &name) && name.IsNotFound:
		return "its name has no address"
	case errors.As(err, &name):
		return "its name could not be looked up"
	case errors.As(err, &certificate), errors.As(err, &unknown):
		return "its certificate is not good for its name, or from nobody whom the server trusts"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("it did not answer within %s", Timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	default:
		return "the connection failed, or what came was no HTTP"
	}
}
