package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/dnsupdate"
	"github.com/postroom/postroom/tenancy"
)

// publishing is what was written into the DNS, or would be.
type publishing struct {
	Steps []publishStep `json:"steps" doc:"One for each record."`
}

type publishStep struct {
	Action string   `json:"action" enum:"keep,add,replace,refuse" doc:"keep: it, or something that does the same, is there. replace: an older one of this software is there. refuse: what others wrote stands in its way, or it could not be written."`
	Type   string   `json:"type" doc:"Of the record."`
	Name   string   `json:"name" doc:"Where it stands."`
	Value  string   `json:"value" doc:"What it says."`
	Found  []string `json:"found" doc:"What is there already."`
	Advice string   `json:"advice,omitempty" doc:"Of what was refused: what to do."`
}

func stepOf(s dnsupdate.Step) publishStep {
	return publishStep{string(s.Action), s.Record.Type, s.Record.Name, s.Record.Value, append([]string{}, s.Found...), s.Advice}
}

// publishBody says whether anything is to be written.
type publishBody struct {
	DryRun bool `json:"dryRun,omitempty" doc:"Only say what would be written."`
}

type (
	publishDomain struct {
		DomainPath
		Idempotent
		Body publishBody
	}
	publishOperator struct {
		Idempotent
		Body publishBody
	}
)

func (publishOperator) workspace() mailstore.WorkspaceID { return "" }

// publishRoutes write DNS, where the operator has named a name server that takes it.
func (s *Server) publishRoutes(a huma.API) {
	registerAction(s, a, route(http.MethodPost, "/v1/domains/{domain}/publish", "publishDomain", "domains", "Write a domain's records into its zone, where the operator may; for operators", 200),
		func(ctx context.Context, g *tenancy.Grant, in publishDomain) (int, publishing, error) {
			if err := operatorWrites(g); err != nil {
				return 0, publishing{}, err
			}
			d, err := g.Domain(ctx, in.workspace(), in.Domain)
			if err != nil {
				return 0, publishing{}, err
			}
			steps, err := s.cfg.Domains.PublishDomain(ctx, d, in.Body.DryRun)
			return http.StatusOK, publishing{each(steps, stepOf)}, err
		})
	registerAction(s, a, route(http.MethodPost, "/v1/operator/publish", "publishOperator", "server", "Write the records of the server's own name and of the operator's zone; for operators", 200),
		func(ctx context.Context, g *tenancy.Grant, in publishOperator) (int, publishing, error) {
			if err := operatorWrites(g); err != nil {
				return 0, publishing{}, err
			}
			steps, err := s.cfg.Domains.PublishOperator(ctx, in.Body.DryRun)
			return http.StatusOK, publishing{each(steps, stepOf)}, err
		})
	zone := zoneFileRoute("/v1/operator/zone-file")
	zone.OperationID, zone.Tags, zone.Summary = "getOperatorZoneFile", []string{"server"}, "Get the records of the server's own name and of the operator's zone, with the keys of all verified domains; for operators"
	register(s, a, zone, func(ctx context.Context, g *tenancy.Grant, _ *struct{}) (*zoneFileAnswer, error) {
		if g.Kind() != tenancy.Operator || !g.Allows(tenancy.WorkspacesRead) {
			return nil, errOperatorOnly
		}
		records, err := s.cfg.Domains.Operator(ctx)
		return &zoneFileAnswer{zoneFileType, []byte(dnscheck.ZoneFile(records))}, err
	})
}

// operatorWrites refuses all but operators who may change domains.
func operatorWrites(g *tenancy.Grant) error {
	if g.Kind() != tenancy.Operator || !g.Allows(tenancy.DomainsUpdate) {
		return errOperatorOnly
	}
	return nil
}
