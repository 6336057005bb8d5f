package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// domain is a mail domain that a workspace has claimed.
type domain struct {
	ID          string      `json:"id" doc:"Begins with dom_."`
	Domain      string      `json:"domain" doc:"Its name, A-labels, lower case."`
	WorkspaceID string      `json:"workspaceId" doc:"The workspace that claimed it."`
	Status      string      `json:"status" enum:"pending,verified" doc:"Only a verified domain receives."`
	CatchAll    string      `json:"catchAll,omitempty" doc:"Id of the inbox that gets what no address matches."`
	DNSRecords  []dnsRecord `json:"dnsRecords" doc:"What the domain's DNS should say."`
	CreatedAt   stamp       `json:"createdAt" doc:"When it was claimed."`
	VerifiedAt  *stamp      `json:"verifiedAt,omitempty" doc:"When it was verified; absent while it is pending."`
	Existed     bool        `json:"existed,omitempty" doc:"It was there already."`
}

// dnsRecord is one record that the domain's owner should publish.
type dnsRecord struct {
	Type     string   `json:"type" doc:"MX, TXT or CNAME."`
	Name     string   `json:"name" doc:"Where the record stands."`
	Value    string   `json:"value" doc:"What it says."`
	Priority *int     `json:"priority,omitempty" doc:"Of an MX record."`
	Purpose  string   `json:"purpose" doc:"What it is for."`
	Required bool     `json:"required" doc:"Mail does not come, or is taken for forged, without it."`
	Status   string   `json:"status" doc:"unchecked: DNS was not asked."`
	Found    []string `json:"found" doc:"What DNS says."`
}

func (s *Server) domainOf(d tenancy.Domain) domain {
	ten := 10
	return domain{ID: string(d.ID), Domain: d.Name, WorkspaceID: string(d.WorkspaceID), Status: string(d.Status), CatchAll: string(d.CatchAll),
		DNSRecords: []dnsRecord{{Type: "MX", Name: d.Name, Value: s.cfg.Hostname, Priority: &ten, Purpose: "mail for the domain comes here", Required: true, Status: "unchecked", Found: []string{}}},
		CreatedAt:  stamp{d.CreatedAt}, VerifiedAt: stampOf(d.VerifiedAt)}
}

// withKeys is a domain with the records of the keys that its mail is signed with. It has keys once it is verified.
func (s *Server) withKeys(ctx context.Context, g *tenancy.Grant, d tenancy.Domain) (domain, error) {
	if d.Status != tenancy.Verified {
		return s.domainOf(d), nil
	}
	keys, err := g.DKIM(ctx, d.WorkspaceID, string(d.ID))
	return s.domainOf(d).signed(keys), err
}

// signed adds the records of keys.
func (d domain) signed(keys []tenancy.DKIMKey) domain {
	for _, k := range keys {
		purpose := "mail is signed with this key"
		if !k.Active {
			purpose = "mail will be signed with this key after the next rotation"
		}
		d.DNSRecords = append(d.DNSRecords, dnsRecord{Type: "TXT", Name: k.Name(), Value: k.Record(), Purpose: purpose, Required: k.Active, Status: "unchecked", Found: []string{}})
	}
	return d
}

type domainList struct {
	Domains    []domain `json:"domains" doc:"Newest first."`
	NextCursor string   `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

// OperatorBody is the workspace that an operator means, where it is in the body.
type OperatorBody struct {
	WorkspaceID string `json:"workspaceId,omitempty" doc:"Which workspace an operator means; for other keys their own."`
}

type (
	newDomain struct {
		Idempotent
		Body struct {
			OperatorBody
			Domain string `json:"domain" doc:"example.com; U-labels or A-labels."`
		}
	}
	domains struct {
		OperatorQuery
		Page
	}
	DomainPath struct {
		OperatorQuery
		Domain string `path:"domain" doc:"Name or id of the domain."`
	}
	domainChange struct {
		DomainPath
		Body struct {
			CatchAll *string `json:"catchAll,omitempty" doc:"Id or address of an inbox; empty turns it off."`
		}
	}
	domainRotate struct {
		DomainPath
		Idempotent
	}
)

func (n newDomain) workspace() mailstore.WorkspaceID {
	return mailstore.WorkspaceID(n.Body.WorkspaceID)
}

func (s *Server) domainRoutes(a huma.API) {
	const list, one = "/v1/domains", "/v1/domains/{domain}"
	registerPost(s, a, route(http.MethodPost, list, "createDomain", "domains", "Claim a domain; an operator's word verifies it", 201),
		func(ctx context.Context, g *tenancy.Grant, in newDomain) (made[domain], error) {
			d, existed, err := g.CreateDomain(ctx, in.workspace(), tenancy.NewDomain{Domain: in.Body.Domain})
			body := s.domainOf(d)
			body.Existed = existed
			return made[domain]{body: body, existed: existed}, inBody(err)
		})
	register(s, a, route(http.MethodGet, list, "listDomains", "domains", "List domains", 200),
		func(ctx context.Context, g *tenancy.Grant, in *domains) (*result[domainList], error) {
			name := listOf(g, "domains", in.workspace())
			p, err := in.tenancyPage(name)
			if err != nil {
				return nil, err
			}
			all, last, err := g.Domains(ctx, in.workspace(), p)
			return &result[domainList]{domainList{each(all, s.domainOf), next(name, last)}}, err
		})
	register(s, a, route(http.MethodGet, one, "getDomain", "domains", "Get a domain", 200),
		func(ctx context.Context, g *tenancy.Grant, in *DomainPath) (*result[domain], error) {
			d, err := g.Domain(ctx, in.workspace(), in.Domain)
			if err != nil {
				return nil, err
			}
			o, err := s.withKeys(ctx, g, d)
			return &result[domain]{o}, err
		})
	register(s, a, route(http.MethodPatch, one, "updateDomain", "domains", "Change a domain", 200),
		func(ctx context.Context, g *tenancy.Grant, in *domainChange) (*result[domain], error) {
			d, err := g.UpdateDomain(ctx, in.workspace(), in.Domain, tenancy.DomainChange{CatchAll: in.Body.CatchAll})
			return &result[domain]{s.domainOf(d)}, err
		})
	registerAction(s, a, route(http.MethodPost, one+"/rotate-dkim", "rotateDKIM", "domains", "Sign with the other pair of keys from now on; both pairs stay in DNS", 200),
		func(ctx context.Context, g *tenancy.Grant, in domainRotate) (int, domain, error) {
			d, err := g.Domain(ctx, in.workspace(), in.Domain)
			if err != nil {
				return 0, domain{}, err
			}
			keys, err := g.RotateDKIM(ctx, d.WorkspaceID, string(d.ID))
			return http.StatusOK, s.domainOf(d).signed(keys), err
		})
	register(s, a, route(http.MethodDelete, one, "deleteDomain", "domains", "Give a domain up", 204),
		func(ctx context.Context, g *tenancy.Grant, in *DomainPath) (*struct{}, error) {
			return nil, g.DeleteDomain(ctx, in.workspace(), in.Domain)
		})
}
