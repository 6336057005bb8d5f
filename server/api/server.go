package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/server/health"
	"github.com/postroom/postroom/tenancy"
)

// serverHealth is how the server itself does.
type serverHealth struct {
	Status   string          `json:"status" enum:"ok,unknown,warning,error" doc:"The gravest of the findings."`
	Findings []serverFinding `json:"findings" doc:"What was looked at, in an order that stays."`
}

type serverFinding struct {
	Name   string `json:"name" doc:"What was looked at; with what it is about behind a slash where there are several, as certificate/imaps."`
	Status string `json:"status" enum:"ok,unknown,warning,error" doc:"error: something does not work. unknown: it was not asked, or there was no answer."`
	Found  string `json:"found" doc:"What is there, for people."`
	Advice string `json:"advice,omitempty" doc:"What to do; absent if nothing."`
}

func findingOf(f health.Finding) serverFinding {
	return serverFinding{f.Name, string(f.Status), f.Found, f.Advice}
}

// serverRoutes are about the server as a whole.
func (s *Server) serverRoutes(a huma.API) {
	op := route(http.MethodGet, "/v1/health", "getHealth", "server", "See how the server does: names, ports, certificates, disk, queue, and what to do", 200)
	op.Description = "For operators. What other servers have to be asked for is up to a minute old."
	register(s, a, op, func(ctx context.Context, g *tenancy.Grant, _ *struct{}) (*result[serverHealth], error) {
		if g.Kind() != tenancy.Operator || !g.Allows(tenancy.WorkspacesRead) {
			return nil, errOperatorOnly
		}
		found, err := s.cfg.Health.Look(ctx)
		return &result[serverHealth]{serverHealth{string(health.Worst(found)), each(found, findingOf)}}, err
	})
}
