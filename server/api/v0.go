package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// The files v0_*.go are the second surface, /v0: the wire shapes that programs written for AgentMail's SDK expect. It is adapter code
// over what /v1 does. A pod is a workspace, inbox_id an inbox's primary address, message_id the RFC Message-ID, domain_id the domain's name.

// v0Path is where the surface begins, and its WebSocket's path.
const v0Path = "/v0"

func isV0(path string) bool { return path == v0Path || strings.HasPrefix(path, v0Path+"/") }

// v0Scope says below what a route lies.
type v0Scope uint8

const (
	inAll   v0Scope = 1 << iota // /v0: all that the key reaches
	inPod                       // /v0/pods/{pod}
	inInbox                     // /v0/inboxes/{inbox}
)

var v0Prefixes = []struct {
	scope  v0Scope
	prefix string
}{{inAll, v0Path}, {inPod, v0Path + "/pods/{pod}"}, {inInbox, v0Path + "/inboxes/{inbox}"}}

// v0Request is a request of /v0 that was matched to its route.
type v0Request struct {
	*call
	srv   *Server
	ctx   context.Context
	path  map[string]string // what the path names, decoded
	query *v0Query
}

// workspace is the pod that the path names; "" for the caller's own.
func (v *v0Request) workspace() mailstore.WorkspaceID { return mailstore.WorkspaceID(v.path["pod"]) }

// inbox is the inbox that the path names, by its address or id; "" for none.
func (v *v0Request) inbox() string { return v.path["inbox"] }

// v0Answer is what a route answers. Without a body it is 204.
type v0Answer struct {
	status   int // 0 = 200
	replayed bool
	body     any
	text     string // in the place of body, of a type
	textType string
}

func answered(body any, err error) (v0Answer, error) { return v0Answer{body: body}, err }

func nothing(err error) (v0Answer, error) { return v0Answer{status: http.StatusNoContent}, err }

type v0Do func(*v0Request) (v0Answer, error)

// v0Route is one route in one scope.
type v0Route struct {
	method string
	path   string
	parts  []string // of path; {…} are names
	query  []string // what its query may hold
	large  large
	absent error // it is not built: nobody is asked for a key
	do     v0Do
}

// v0Table is all routes. What stands before wins.
type v0Table struct {
	srv    *Server
	routes []*v0Route
	bodies huma.Registry // what bodies may hold
}

// add adds a route in scopes. query names what its query may hold, with spaces between.
func (t *v0Table) add(scopes v0Scope, method, path, query string, do v0Do) (added []*v0Route) {
	for _, p := range v0Prefixes {
		if scopes&p.scope != 0 {
			whole := p.prefix + path
			r := &v0Route{method: method, path: whole, parts: strings.Split(whole[1:], "/"), query: strings.Fields(query), do: do}
			t.routes, added = append(t.routes, r), append(added, r)
		}
	}
	return added
}

// body adds a route that takes a body, which may be left out if nothing in it is required.
func body[T any](t *v0Table, scopes v0Scope, method, path string, do func(*v0Request, T) (v0Answer, error)) []*v0Route {
	schema := huma.SchemaFromType(t.bodies, reflect.TypeFor[T]())
	return t.add(scopes, method, path, "", func(v *v0Request) (v0Answer, error) {
		var in T
		if err := v.read(t.bodies, schema, &in); err != nil {
			return v0Answer{}, err
		}
		return do(v, in)
	})
}

func (s *Server) v0Routes() *v0Table {
	t := &v0Table{srv: s, bodies: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)}
	t.add(inAll, "GET", "", "api_key", nil) // the WebSocket
	t.identity()
	t.pods()
	t.inboxes()
	t.messages()
	t.threads()
	t.drafts()
	t.keys()
	t.domains()
	t.lists()
	t.metrics()
	t.webhooks()
	t.absent()
	return t
}

var errNoV0Route = newProblem(http.StatusNotFound, "not_found", "There is no such route below /v0.")

// serveV0 is the way of a request of /v0 from its route to its answer.
func (s *Server) serveV0(w http.ResponseWriter, r *http.Request, authenticate func(*http.Request) (*tenancy.Grant, error)) {
	route, path, err := s.v0.match(r)
	c := &call{r: r}
	defer c.done()
	if err == nil {
		err = route.absent
	}
	if err == nil {
		err = s.admit(w, r, c, authenticate, route.large)
	}
	var query *v0Query
	if err == nil {
		query, err = parseV0Query(r.URL.RawQuery, route.query)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	ctx := context.WithValue(r.Context(), callKey{}, c)
	c.r = r.WithContext(ctx)
	if r.URL.Path == v0Path {
		s.serveV0Socket(w, c.r)
		return
	}
	a, err := route.do(&v0Request{call: c, srv: s, ctx: ctx, path: path, query: query})
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	a.write(w)
}

func (a v0Answer) write(w http.ResponseWriter) {
	if a.replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	switch {
	case a.status == http.StatusNoContent:
		w.WriteHeader(a.status)
	case a.textType != "":
		w.Header().Set("Content-Type", a.textType)
		w.Write([]byte(a.text)) // who went away is not told
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(max(a.status, http.StatusOK))
		marshal(w, a.body)
	}
}

// match finds the route of a request and what its path names. Ids come percent-encoded or not, and a Message-ID may hold a slash: then what
// stands around it is matched from the left and from the right.
func (t *v0Table) match(r *http.Request) (route *v0Route, names map[string]string, err error) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	for i, part := range parts {
		if parts[i], err = url.PathUnescape(part); err != nil {
			return nil, nil, errNoV0Route
		}
	}
	var allowed []string
	for _, route := range t.routes {
		names, ok := route.matches(parts)
		if ok && route.method == r.Method {
			return route, names, nil
		}
		if ok && !slices.Contains(allowed, route.method) {
			allowed = append(allowed, route.method)
		}
	}
	if len(allowed) > 0 {
		return nil, nil, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This route takes "+strings.Join(allowed, ", ")+".")
	}
	return nil, nil, errNoV0Route
}

// v0Long is the name of what may be several parts of a path.
const v0Long = "{message}"

// matches tells whether a path is the route's, and what it names.
func (r *v0Route) matches(parts []string) (map[string]string, bool) {
	more := len(parts) - len(r.parts)
	long := slices.Index(r.parts, v0Long)
	if more < 0 || more > 0 && long < 0 {
		return nil, false
	}
	names := map[string]string{}
	for i, at := 0, 0; i < len(r.parts); i++ {
		part := parts[at]
		if at++; i == long {
			part = strings.Join(parts[at-1:at+more], "/")
			at += more
		}
		name, named := strings.CutPrefix(r.parts[i], "{")
		switch {
		case named && part == "", !named && part != r.parts[i]:
			return nil, false
		case named:
			names[strings.TrimSuffix(name, "}")] = part
		}
	}
	return names, true
}

// absent are the routes of things that are not built.
func (t *v0Table) absent() {
	for _, x := range []struct {
		scopes       v0Scope
		method, path string
		what         string
	}{
		{inAll, "POST", "/agent/sign-up", "Signing up by the API"},
		{inAll, "POST", "/agent/verify", "Signing up by the API"},
		{inAll, "GET", "/providers", "Providers"},
		{inAll, "GET", "/providers/search", "Providers"},
		{inAll, "GET", "/providers/{provider}", "Providers"},
		{inAll, "GET", "/providers/{provider}/accounts", "Providers"},
		{inAll, "POST", "/providers/{provider}/connect", "Providers"},
		{inAll, "GET", "/accounts", "Accounts at providers"},
		{inAll, "GET", "/accounts/{account}", "Accounts at providers"},
		{inInbox, "POST", "/authorize", "Signing in at providers"},
		{inInbox, "GET", "/events", "Events of single labels"},
		{inAll, "GET", "/domains/{domain}/setup-link", "Domain Connect"},
	} {
		for _, r := range t.add(x.scopes, x.method, x.path, "", nil) {
			r.absent = notBuilt(x.what)
		}
	}
}

// notBuilt is the answer about what this server does not have.
func notBuilt(what string) error {
	return newProblem(http.StatusNotImplemented, "not_implemented", what+" is not built on this server.")
}

// v0Once does what makes something, unless the request came before under the same Idempotency-Key.
func v0Once[O any](v *v0Request, do func(ctx context.Context) (made[O], error)) (v0Answer, error) {
	a, replayed, err := v.grant.Once(v.ctx, v.request(v.idempotencyKey(), v.workspace()), func(ctx context.Context) (tenancy.Answer, error) {
		m, err := do(ctx)
		if err != nil {
			return tenancy.Answer{}, err
		}
		return m.answer()
	})
	return v0Answer{status: a.Status, replayed: replayed, body: json.RawMessage(a.Body)}, err
}

// v0OnceBeside is v0Once for what lies in a workspace's own store; see registerAction.
func v0OnceBeside(v *v0Request, do func() (any, error)) (v0Answer, error) {
	a, replayed, err := onceBeside(v.ctx, v.grant, v.request(v.idempotencyKey(), v.workspace()), func() (tenancy.Answer, error) {
		body, err := do()
		if err != nil {
			return tenancy.Answer{}, err
		}
		text, err := json.Marshal(body)
		return tenancy.Answer{Status: http.StatusOK, Body: text}, err
	})
	return v0Answer{status: a.Status, replayed: replayed, body: json.RawMessage(a.Body)}, err
}

func (v *v0Request) idempotencyKey() string { return v.r.Header.Get("Idempotency-Key") }
