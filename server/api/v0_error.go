package api

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"
)

// v0Error is the body of every error of /v0.
type v0Error struct {
	Name    string         `json:"name"`          // the class that a client has for it
	Code    string         `json:"code"`          // stable, lower_snake
	Message string         `json:"message"`       // one sentence
	Fix     string         `json:"fix,omitempty"` // what to do
	Errors  []ProblemField `json:"errors,omitempty"`
	Request string         `json:"request_id,omitempty"`
}

// v0Words are what /v0 says where a code of ours means more than its status.
var v0Words = map[string]struct {
	status          int // another than that of /v1; 0 = the same
	name, code, fix string
}{
	unauthenticated:           {code: "unknown_api_key", fix: "Send a key of this server: Authorization: Bearer pr_…"},
	"permission_denied":       {code: "missing_permission", fix: "Use a key that has the permission."},
	"exceeds_own_permissions": {code: "permission_escalation"},
	"recipient_suppressed":    {name: "MessageRejectedError", code: "message_rejected"},
	"recipient_blocked":       {name: "MessageRejectedError", code: "message_rejected"},
	"address_taken":           {status: http.StatusForbidden, name: "IsTakenError", code: "resource_taken", fix: "Take another username, or give a client_id to get the inbox that was made under it before."},
	"domain_taken":            {code: "already_exists"},
	"idempotency_key_reused":  {fix: "Take a new Idempotency-Key for another request."},
	"workspace_required":      {fix: "An operator's key has no pod of its own: use the pod's routes, as client.pods.inboxes, or a key of the pod."},
	"not_implemented":         {name: "NotImplementedError", code: "not_implemented"},
	"method_not_allowed":      {name: "MethodNotAllowedError", code: "method_not_allowed"},
}

// v0ErrorOf is a problem as /v0 tells it. It gives the problem its status there.
func v0ErrorOf(p *Problem) v0Error {
	word := v0Words[p.Code]
	if word.status != 0 {
		p.Status = word.status
	}
	e := v0Error{Name: word.name, Code: word.code, Message: p.Detail, Fix: word.fix, Request: p.RequestID}
	name, code := v0Kind(p.Status)
	if e.Name == "" {
		e.Name = name
	}
	if e.Code == "" {
		e.Code = code
	}
	for _, f := range p.Errors {
		e.Errors = append(e.Errors, ProblemField{snakePath(f.Path), f.Message})
	}
	return e
}

// v0Kind is the name and the code of a status.
func v0Kind(status int) (name, code string) {
	for _, k := range kinds {
		if k.status == status {
			return k.name, k.v0Code
		}
	}
	switch status {
	case http.StatusUnauthorized:
		return "UnauthorizedError", "unauthorized"
	case http.StatusRequestEntityTooLarge:
		return "PayloadTooLargeError", "payload_too_large"
	}
	return strings.ReplaceAll(http.StatusText(status), " ", "") + "Error", strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

// snakePath is a place in a request as a client of /v0 wrote it: body.replyTo[0] is reply_to[0] there.
func snakePath(path string) string {
	if written, ok := strings.CutPrefix(path, asWritten); ok {
		return cmp.Or(strings.TrimPrefix(written, "."), "body")
	}
	switch path {
	case "query.cursor":
		return "page_token"
	case "workspaceId", "body.workspaceId", "query.workspaceId":
		return "pod_id"
	}
	for _, where := range []string{"body.", "query.", "header."} {
		path = strings.TrimPrefix(path, where)
	}
	if strings.HasPrefix(path, "headers.") {
		return path // the names are the client's own
	}
	var b strings.Builder
	for _, r := range path {
		if unicode.IsUpper(r) && !strings.Contains(path, "-") {
			b.WriteByte('_')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
