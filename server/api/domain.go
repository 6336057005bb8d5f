package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/tenancy"
)

// domain is a mail domain that a workspace has claimed.
type domain struct {
	ID          string          `json:"id" doc:"Begins with dom_."`
	Domain      string          `json:"domain" doc:"Its name, A-labels, lower case."`
	WorkspaceID string          `json:"workspaceId" doc:"The workspace that claimed it."`
	Status      string          `json:"status" enum:"pending,verified" doc:"Only a verified domain receives and sends."`
	CatchAll    string          `json:"catchAll,omitempty" doc:"Id of the inbox that gets what no address matches."`
	DNSRecords  []dnsRecord     `json:"dnsRecords" doc:"What the domain's DNS should say. Lists of domains leave out keys that were never asked for."`
	Problems    []domainProblem `json:"problems" doc:"What is wrong or remarkable beside the records."`
	CreatedAt   stamp           `json:"createdAt" doc:"When it was claimed."`
	VerifiedAt  *stamp          `json:"verifiedAt,omitempty" doc:"When it was verified; absent while it is pending."`
	CheckedAt   *stamp          `json:"checkedAt,omitempty" doc:"When the DNS was asked last; absent: never."`
	NextCheckAt *stamp          `json:"nextCheckAt,omitempty" doc:"When it is asked next."`
	LostAt      *stamp          `json:"lostAt,omitempty" doc:"Nothing of it points here any more: when it is pending again unless something does by then. Mail and addresses stay."`
	Sandbox     bool            `json:"sandbox,omitempty" doc:"It is the operator's, for trying things out: it needs no records, and cannot be given up."`
	Existed     bool            `json:"existed,omitempty" doc:"It was there already."`
}

// dnsRecord is one record that the domain's owner should publish.
type dnsRecord struct {
	Type        string       `json:"type" enum:"TXT,MX,CNAME,SRV" doc:"Of the record."`
	Name        string       `json:"name" doc:"Where the record stands, absolute, without the dot at its end."`
	Value       string       `json:"value" doc:"What it says: the text, or the host."`
	Priority    *int         `json:"priority,omitempty" doc:"Of MX and SRV records."`
	Weight      *int         `json:"weight,omitempty" doc:"Of an SRV record."`
	Port        *int         `json:"port,omitempty" doc:"Of an SRV record."`
	Purpose     string       `json:"purpose" doc:"What it is for, in a word that stays the same."`
	Why         string       `json:"why,omitempty" doc:"The same in a sentence for people."`
	Required    bool         `json:"required" doc:"Mail does not come, or is taken for forged, without it."`
	Status      string       `json:"status" enum:"unchecked,ok,missing,different,propagating,failed" doc:"What the DNS said: propagating: some name servers have it; failed: the DNS did not answer, which says nothing; unchecked: it was not asked."`
	Found       []string     `json:"found" doc:"What the DNS says instead, or beside."`
	Advice      string       `json:"advice,omitempty" doc:"What to do."`
	Until       *stamp       `json:"until,omitempty" doc:"When others will have forgotten what is there now: so long they may not see a change."`
	Alternative *alternative `json:"alternative,omitempty" doc:"A record that does the same."`
}

type alternative struct {
	Type  string `json:"type" doc:"Of the record."`
	Name  string `json:"name" doc:"Where it stands."`
	Value string `json:"value" doc:"What it says."`
}

type domainProblem struct {
	Code string `json:"code" doc:"Such as spf, wildcard, name_server; taken: it is proven, and another workspace has it verified."`
	Name string `json:"name" doc:"What it is about."`
	Text string `json:"text" doc:"A sentence for people."`
}

// domainOf is a claim with its records and what is known of them.
func domainOf(d tenancy.Domain, records []dnscheck.Record) domain {
	o := domain{ID: string(d.ID), Domain: d.Name, WorkspaceID: string(d.WorkspaceID), Status: string(d.Status), CatchAll: string(d.CatchAll), DNSRecords: []dnsRecord{}, Problems: []domainProblem{},
		CreatedAt: stamp{d.CreatedAt}, VerifiedAt: stampOf(d.VerifiedAt), CheckedAt: timeOf(d.CheckedAt), NextCheckAt: timeOf(d.CheckDue), LostAt: timeOf(d.LostAt()), Sandbox: d.Sandbox}
	report, _ := domains.Report(d)
	for _, r := range records {
		f, known := domains.Find(report, r)
		o.DNSRecords = append(o.DNSRecords, recordOf(r, f, known))
	}
	if d.Taken {
		o.Problems = append(o.Problems, domainProblem{"taken", d.Name, "The domain is proven to be yours, and another workspace has it verified: it becomes yours a week after the text that proves it for that one is gone from the DNS."})
	}
	for _, p := range report.Problems {
		o.Problems = append(o.Problems, domainProblem(p))
	}
	return o
}

func recordOf(r dnscheck.Record, f dnscheck.Finding, known bool) dnsRecord {
	o := dnsRecord{Type: r.Type, Name: r.Name, Value: r.Value, Purpose: r.Purpose, Why: r.Why, Required: r.Required, Status: "unchecked", Found: []string{}}
	number := func(n uint16) *int { x := int(n); return &x }
	switch r.Type {
	case "MX":
		o.Priority = number(r.Priority)
	case "SRV":
		o.Priority, o.Weight, o.Port = number(r.Priority), number(r.Weight), number(r.Port)
	}
	if r.Alternative != nil {
		o.Alternative = &alternative{r.Alternative.Type, r.Alternative.Name, r.Alternative.Value}
	}
	if known {
		o.Status, o.Found, o.Advice, o.Until = string(f.Status), append(o.Found, f.Found...), f.Advice, timeOf(f.Until)
	}
	return o
}

// shown is a claim with all of its records.
func (s *Server) shown(ctx context.Context, d tenancy.Domain) (domain, error) {
	records, err := s.cfg.Domains.Records(ctx, d)
	return domainOf(d, records), err
}

// claim claims a domain, inside the change of Once: a directory in the middle of a change makes no keys.
func (s *Server) claim(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, name string) (domain, error) {
	d, existed, err := g.CreateDomain(ctx, ws, tenancy.NewDomain{Domain: name})
	if err != nil {
		return domain{}, err
	}
	records, err := s.cfg.Domains.KnownRecords(ctx, d)
	o := domainOf(d, records)
	o.Existed = existed
	return o, err
}

// found is a claim that is there, with all of its records.
func (s *Server) found(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, name string) (domain, error) {
	d, err := g.Domain(ctx, ws, name)
	if err != nil {
		return domain{}, err
	}
	return s.shown(ctx, d)
}

// verifyNow has the DNS be asked about a claim, and gives it as it is then.
func (s *Server) verifyNow(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, name string) (domain, error) {
	d, err := g.CheckDomain(ctx, ws, name)
	if err != nil {
		return domain{}, err
	}
	if d, err = s.cfg.Domains.Check(ctx, d); err != nil {
		return domain{}, err
	}
	return s.shown(ctx, d)
}

// listed gives one page of claims, without keys that were never asked for.
func (s *Server) listed(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, p tenancy.Page) (list []domain, last string, err error) {
	all, last, err := g.Domains(ctx, ws, p)
	list = []domain{}
	for _, d := range all {
		records, err := s.cfg.Domains.KnownRecords(ctx, d)
		if err != nil {
			return nil, "", err
		}
		list = append(list, domainOf(d, records))
	}
	return list, last, err
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
	domainsQuery struct {
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
	domainAction struct {
		DomainPath
		Idempotent
	}
)

func (n newDomain) workspace() mailstore.WorkspaceID {
	return mailstore.WorkspaceID(n.Body.WorkspaceID)
}

func (s *Server) domainRoutes(a huma.API) {
	const list, one = "/v1/domains", "/v1/domains/{domain}"
	registerPost(s, a, orFind(route(http.MethodPost, list, "createDomain", "domains", "Claim a domain; an operator's word verifies it", 201)),
		func(ctx context.Context, g *tenancy.Grant, in newDomain) (made[domain], error) {
			body, err := s.claim(ctx, g, in.workspace(), in.Body.Domain)
			return made[domain]{body: body, existed: body.Existed}, inBody(err)
		})
	register(s, a, route(http.MethodGet, list, "listDomains", "domains", "List domains", 200),
		func(ctx context.Context, g *tenancy.Grant, in *domainsQuery) (*result[domainList], error) {
			name := listOf(g, "domains", in.workspace())
			p, err := in.tenancyPage(name)
			if err != nil {
				return nil, err
			}
			list, last, err := s.listed(ctx, g, in.workspace(), p)
			return &result[domainList]{domainList{list, next(name, last)}}, err
		})
	register(s, a, route(http.MethodGet, one, "getDomain", "domains", "Get a domain, its DNS records and what is found of them", 200),
		func(ctx context.Context, g *tenancy.Grant, in *DomainPath) (*result[domain], error) {
			o, err := s.found(ctx, g, in.workspace(), in.Domain)
			return &result[domain]{o}, err
		})
	register(s, a, route(http.MethodPatch, one, "updateDomain", "domains", "Change a domain", 200),
		func(ctx context.Context, g *tenancy.Grant, in *domainChange) (*result[domain], error) {
			d, err := g.UpdateDomain(ctx, in.workspace(), in.Domain, tenancy.DomainChange{CatchAll: in.Body.CatchAll})
			if err != nil {
				return nil, err
			}
			o, err := s.shown(ctx, d)
			return &result[domain]{o}, err
		})
	verify := route(http.MethodPost, one+"/verify", "verifyDomain", "domains", "Ask the DNS about a domain now", 200)
	verify.Description = "The answer is the domain as it is then. The DNS is asked by itself too: often after a domain was claimed, daily once it is verified. What was asked less than ten seconds ago is not asked again."
	registerAction(s, a, verify, func(ctx context.Context, g *tenancy.Grant, in domainAction) (int, domain, error) {
		o, err := s.verifyNow(ctx, g, in.workspace(), in.Domain)
		return http.StatusOK, o, err
	})
	registerAction(s, a, route(http.MethodPost, one+"/rotate-dkim", "rotateDKIM", "domains", "Sign with the other pair of keys from now on; both pairs stay in DNS", 200),
		func(ctx context.Context, g *tenancy.Grant, in domainAction) (int, domain, error) {
			d, err := g.Domain(ctx, in.workspace(), in.Domain)
			if err != nil {
				return 0, domain{}, err
			}
			if _, err := g.RotateDKIM(ctx, d.WorkspaceID, string(d.ID)); err != nil {
				return 0, domain{}, err
			}
			if d, err = g.Domain(ctx, d.WorkspaceID, string(d.ID)); err != nil {
				return 0, domain{}, err
			}
			o, err := s.shown(ctx, d)
			return http.StatusOK, o, err
		})
	register(s, a, zoneFileRoute(one+"/zone-file"), s.zoneFile)
	register(s, a, route(http.MethodGet, one+"/health", "getDomainHealth", "domains", "See how a domain does: its records, and the server that its mail comes from", 200), s.domainHealth)
	register(s, a, route(http.MethodGet, one+"/reports", "getDomainReports", "domains", "See what others report about a domain's mail: who sends in its name and what passes DMARC, and who could not reach it over TLS", 200), s.domainReports)
	registerAction(s, a, route(http.MethodPost, one+"/setup-link", "createSetupLink", "domains", "Make a link for whoever runs the domain's DNS: a page with its records and their state, for which no key is needed", 201), s.setupLink)
	register(s, a, route(http.MethodDelete, one, "deleteDomain", "domains", "Give a domain up", 204),
		func(ctx context.Context, g *tenancy.Grant, in *DomainPath) (*struct{}, error) {
			return nil, g.DeleteDomain(ctx, in.workspace(), in.Domain)
		})
}
