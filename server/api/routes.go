package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// The library keeps these for the whole process. They are set once, here, and say the same for every server in it.
func init() {
	huma.ValidateStrictCasing = true
	huma.NewErrorWithContext = fromHuma
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return fromHuma(nil, status, msg, errs...)
	}
}

// routes builds all routes and the document that tells of them.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	cfg := huma.DefaultConfig("Postroom", s.cfg.Version)
	cfg.RejectUnknownQueryParameters = true // a misspelt filter would list everything
	cfg.CreateHooks = nil                   // it would add $schema to every object
	cfg.DocsPath, cfg.SchemasPath, cfg.OpenAPIPath = "", "", "/openapi"
	cfg.Formats = map[string]huma.Format{"application/json": {Marshal: marshal, Unmarshal: unmarshal}, "json": {Marshal: marshal, Unmarshal: unmarshal}}
	cfg.Info.Description = "Mail for the customers of a platform. Each customer is a workspace; a key sees one workspace or one inbox of it."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key":    {Type: "apiKey", In: "header", Name: "X-API-Key"},
		"bearer": {Type: "http", Scheme: "bearer"},
	}
	cfg.Security = []map[string][]string{{"key": {}}, {"bearer": {}}}
	a := humago.New(mux, cfg)
	a.UseMiddleware(s.checkQuery)
	s.identityRoutes(a)
	s.workspaceRoutes(a)
	s.keyRoutes(a)
	s.domainRoutes(a)
	s.publishRoutes(a)
	s.inboxRoutes(a)
	s.messageRoutes(a)
	s.searchRoutes(a)
	s.waitRoute(a)
	s.simulateRoute(a)
	s.sendRoutes(a)
	s.draftRoutes(a)
	s.deliveryRoutes(a)
	s.threadRoutes(a)
	s.listingRoutes(a)
	s.batchRoutes(a)
	s.queueRoutes(a)
	s.suppressionRoutes(a)
	s.listRoutes(a)
	s.rejectionRoutes(a)
	s.sendingRoutes(a)
	s.eventRoutes(a, mux)
	s.metricRoutes(a)
	s.webhookRoutes(a)
	s.caughtRoutes(a)
	s.unsubscribeRoutes(mux)
	s.serverRoutes(a)
	s.setupRoutes(mux)
	s.downloadRoutes(mux)
	s.healthRoutes(mux)
	mux.HandleFunc("/mcp", s.serveMCP)
	correct(a.OpenAPI())
	s.llmsRoute(mux, a.OpenAPI())
	return mux
}

func marshal(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// correct makes the document say what this package answers where it differs from the library: validation is 400, not
// 422, a body may be too large or of a wrong type, and what is made may have been there.
func correct(doc *huma.OpenAPI) {
	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Patch, path.Put, path.Delete} {
			if op == nil {
				continue
			}
			delete(op.Responses, "422")
			if wrong := op.Responses["400"]; wrong != nil && op.RequestBody != nil {
				for _, status := range []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType} {
					op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: wrong.Content}
				}
			}
			if made := op.Responses["201"]; made != nil && op.Metadata[mayExist] != nil {
				op.Responses["200"] = &huma.Response{Description: "It was there already.", Headers: made.Headers, Content: made.Content}
			}
		}
	}
}

// route describes an operation; the id is stable.
func route(method, path, id, tag, summary string, status int) huma.Operation {
	op := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, DefaultStatus: status,
		BodyReadTimeout: -1, // the body is in memory; a deadline would end the request of a handler that takes longer
		MaxBodyBytes:    MaxBodyBytes, Errors: []int{400, 401, 403, 404, 429, 500, 503}}
	if method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	return op
}

// mayExist marks an operation that makes something and answers 200 with what was there already.
const mayExist = "mayExist"

// orFind makes an operation say so.
func orFind(op huma.Operation) huma.Operation {
	op.Metadata = map[string]any{mayExist: true}
	return op
}

// result is an answer with a body.
type result[T any] struct {
	Body T
}

// register adds a route that reads, changes or deletes.
func register[I, O any](s *Server, a huma.API, op huma.Operation, do func(context.Context, *tenancy.Grant, *I) (*O, error)) {
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, grantOf(ctx), in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return out, nil
	})
}

// created is what a POST answers.
type created[O any] struct {
	Status   int
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer that was given before."`
	Body     O
}

// made is what a POST did: existed says that nothing was made, secretless is the answer without what is shown once.
type made[O any] struct {
	body       O
	existed    bool
	secretless *O
}

// Idempotent is the header that every POST takes.
type Idempotent struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once."`
}

func (i Idempotent) idempotencyKey() string { return i.IdempotencyKey }

type post interface {
	idempotencyKey() string
	workspace() mailstore.WorkspaceID // which an operator means
}

// registerPost adds a route that makes something. There is no other way to add a POST, so none forgets idempotency.
func registerPost[I post, O any](s *Server, a huma.API, op huma.Operation, do func(context.Context, *tenancy.Grant, I) (made[O], error)) {
	huma.Register(a, op, func(ctx context.Context, in *I) (*created[O], error) {
		c := callOf(ctx)
		answer, replayed, err := c.grant.Once(ctx, c.request((*in).idempotencyKey(), (*in).workspace()), func(ctx context.Context) (tenancy.Answer, error) {
			m, err := do(ctx, c.grant, *in)
			if err != nil {
				return tenancy.Answer{}, err
			}
			return m.answer()
		})
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out := &created[O]{Status: answer.Status}
		if replayed {
			out.Replayed = "true"
		}
		if err := json.Unmarshal(answer.Body, &out.Body); err != nil {
			return nil, s.fail(ctx, fmt.Errorf("decode answer: %w", err))
		}
		return out, nil
	})
}

// answer is what is kept to be given again.
func (m made[O]) answer() (a tenancy.Answer, err error) {
	a.Status = http.StatusCreated
	if m.existed {
		a.Status = http.StatusOK
	}
	if a.Body, err = json.Marshal(m.body); err == nil && m.secretless != nil {
		a.Public, err = json.Marshal(m.secretless)
	}
	return a, err
}

// OperatorQuery is the workspace that an operator means, where it is in the query.
type OperatorQuery struct {
	WorkspaceID string `query:"workspaceId" doc:"Which workspace an operator means; for other keys their own."`
}

func (q OperatorQuery) workspace() mailstore.WorkspaceID { return mailstore.WorkspaceID(q.WorkspaceID) }

// Page is how a list is asked for.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries of a page."`
	Cursor string `query:"cursor" doc:"nextCursor of the page before."`
}

// tenancyPage reads the page of a list of tenancy's.
func (p Page) tenancyPage(list string) (tenancy.Page, error) {
	at, err := parsePlace(list, p.Cursor)
	return tenancy.Page{Limit: p.Limit, After: at.ID}, err
}
