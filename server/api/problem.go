package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore/fault"
)

// Problem is every error's body (RFC 9457).
type Problem struct {
	Type      string         `json:"type" doc:"Always about:blank; code tells the kind."`
	Title     string         `json:"title" doc:"The status in words."`
	Status    int            `json:"status" doc:"The HTTP status."`
	Detail    string         `json:"detail" doc:"One sentence that says what to do."`
	Code      string         `json:"code" doc:"Stable name of the kind of error, lower_snake."`
	RequestID string         `json:"requestId,omitempty" doc:"Names the request in the server's log."`
	Errors    []ProblemField `json:"errors,omitempty" doc:"Each mistake in the input."`

	retryAfter time.Duration
}

// ProblemField is one mistake in the input.
type ProblemField struct {
	Path    string `json:"path" doc:"Where: body.username, query.limit, header.Idempotency-Key."`
	Message string `json:"message" doc:"What is wrong there."`
}

// Error is the sentence.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders adds what some statuses need.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="postroom"`)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	return h
}

// kinds is the one place where kinds of faults become statuses of both surfaces, and the names and codes of /v0.
var kinds = map[fault.Kind]struct {
	status       int
	name, v0Code string
}{
	fault.Internal:    {http.StatusInternalServerError, "InternalServerError", "internal_error"},
	fault.NotFound:    {http.StatusNotFound, "NotFoundError", "not_found"},
	fault.Conflict:    {http.StatusConflict, "ConflictError", "conflict"},
	fault.Invalid:     {http.StatusBadRequest, "ValidationError", "validation_error"},
	fault.Forbidden:   {http.StatusForbidden, "ForbiddenError", "forbidden"},
	fault.Exhausted:   {http.StatusTooManyRequests, "RateLimitError", "rate_limit_exceeded"},
	fault.Unavailable: {http.StatusServiceUnavailable, "ServiceUnavailableError", "service_unavailable"},
}

const (
	unauthenticated  = "unauthenticated"
	validationFailed = "validation_failed"
	invalidRequest   = "The request is not valid; errors says where."
)

// problem turns any error into what a stranger is told.
func problem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	f := fault.From(err)
	if f == nil {
		return newProblem(http.StatusInternalServerError, "internal", "Something went wrong on the server; try again, and tell the operator the requestId if it stays.")
	}
	status := kinds[f.Kind].status
	if f.Code == unauthenticated {
		status = http.StatusUnauthorized
	}
	p = newProblem(status, f.Code, f.Message)
	for _, x := range f.Fields {
		p.Errors = append(p.Errors, ProblemField(x))
	}
	p.retryAfter = f.RetryAfter
	if p.retryAfter == 0 && (f.Kind == fault.Exhausted || f.Kind == fault.Unavailable) {
		p.retryAfter = 5 * time.Second
	}
	return p
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func tooLargeBody(limit int64) *Problem {
	return newProblem(http.StatusRequestEntityTooLarge, "body_too_large", "The body may have "+strconv.FormatInt(limit, 10)+" octets.")
}

// fromHuma makes a problem of what the library found wrong with a request.
func fromHuma(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	var p *Problem
	switch {
	case status == http.StatusRequestEntityTooLarge:
		p = tooLargeBody(MaxBodyBytes)
	case status == http.StatusUnsupportedMediaType:
		p = newProblem(status, "unsupported_media_type", "The body must be application/json.")
	case status == http.StatusNotAcceptable:
		p = newProblem(status, "not_acceptable", "The answer is application/json.")
	case status == http.StatusUnprocessableEntity || status == http.StatusBadRequest:
		p = newProblem(http.StatusBadRequest, validationFailed, invalidRequest)
		for _, err := range errs {
			p.Errors = append(p.Errors, fieldOf(err))
		}
		if len(p.Errors) == 0 {
			p.Errors = []ProblemField{{Path: "body", Message: msg}}
		}
	case status >= 500:
		p = problem(errors.New(msg))
	default:
		p = newProblem(status, strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_"), msg)
	}
	if ctx != nil {
		p.RequestID = requestID(ctx.Context())
	}
	return p
}

func fieldOf(err error) ProblemField {
	var detail *huma.ErrorDetail
	if errors.As(err, &detail) {
		path := detail.Location
		if path == "" {
			path = "body"
		}
		return ProblemField{Path: path, Message: detail.Message}
	}
	return ProblemField{Path: "body", Message: err.Error()}
}

// problemResponse describes a problem in the document, for an operation that is put there by hand.
func problemResponse(a huma.API, status int) *huma.Response {
	schema := a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	return &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
}

// fail logs what is ours, and gives the problem with the request's id.
func (s *Server) fail(ctx context.Context, err error) *Problem {
	p := *problem(err)
	p.RequestID = requestID(ctx)
	if p.Status >= 500 && ctx.Err() == nil {
		s.log.Error("request failed", "request", p.RequestID, "err", err)
	}
	return &p
}

// refuse writes a problem where the library does not.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.fail(r.Context(), err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	var body any = p
	w.Header().Set("Content-Type", p.ContentType(""))
	if isV0(r.URL.Path) {
		body = v0ErrorOf(p)
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(body) // who went away is not told
}
