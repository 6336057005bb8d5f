package api

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// sending is how mail leaves. What is not set is left to the next wider one: inbox, domain, workspace, configuration.
type sending struct {
	Relay    *relay `json:"relay,omitempty" doc:"The server that mail for others is handed to."`
	SourceIP string `json:"sourceIp,omitempty" doc:"The machine's address that mail is sent from; an operator sets it."`
	Hostname string `json:"hostname,omitempty" doc:"The name that goes with it (EHLO)."`
}

type relay struct {
	Host     string `json:"host" doc:"Its name or IP address."`
	Port     int    `json:"port" doc:"587 by default."`
	Username string `json:"username,omitempty" doc:"Whom to log in as; absent: no login. The password is never shown."`
	Mode     string `json:"mode" enum:"only,fallback" doc:"only: always; fallback: where the recipient's own servers cannot be reached."`
	TLS      string `json:"tls" enum:"required,implicit,none" doc:"required: STARTTLS; implicit: from the first octet; both verified."`
}

type (
	sendingChange struct {
		Relay    *relayChange `json:"relay,omitempty" doc:"The server that mail for others is handed to; absent: none is set here."`
		SourceIP string       `json:"sourceIp,omitempty" doc:"The machine's address that mail is sent from; an operator sets it."`
		Hostname string       `json:"hostname,omitempty" doc:"The name that goes with it (EHLO)."`
	}
	relayChange struct {
		Host     string `json:"host" doc:"Its name or IP address."`
		Port     int    `json:"port,omitempty" doc:"587 by default."`
		Username string `json:"username,omitempty" doc:"Whom to log in as; absent: no login."`
		Password string `json:"password,omitempty" doc:"Never shown again. Without it the one that is kept for the same host and user stays."`
		Mode     string `json:"mode,omitempty" doc:"only (the default) or fallback."`
		TLS      string `json:"tls,omitempty" doc:"required (the default), implicit or none."`
	}
)

func sendingOf(s tenancy.Sending) sending {
	out := sending{Hostname: s.Hostname}
	if s.SourceIP.IsValid() {
		out.SourceIP = s.SourceIP.String()
	}
	if r := s.Relay; r != nil {
		out.Relay = &relay{r.Host, r.Port, r.Username, r.Mode, r.TLS}
	}
	return out
}

var errSourceIP = fault.New(fault.Invalid, validationFailed, "An IP address is needed.").At("body.sourceIp")

func (c sendingChange) sending() (s tenancy.Sending, err error) {
	s.Hostname = c.Hostname
	if c.SourceIP != "" {
		if s.SourceIP, err = netip.ParseAddr(c.SourceIP); err != nil {
			return s, errSourceIP
		}
	}
	if r := c.Relay; r != nil {
		s.Relay = &tenancy.Smarthost{Host: r.Host, Port: r.Port, Username: r.Username, Mode: r.Mode, TLS: r.TLS, Password: r.Password}
	}
	return s, nil
}

// owned is a path that names whose settings are meant.
type owned interface {
	sendingOwner() tenancy.SendingOwner
	query() OperatorQuery
}

func (p WorkspacePath) sendingOwner() tenancy.SendingOwner {
	return tenancy.SendingOwner{Workspace: p.workspace()}
}
func (p DomainPath) sendingOwner() tenancy.SendingOwner {
	return tenancy.SendingOwner{Domain: p.Domain}
}
func (p InboxPath) sendingOwner() tenancy.SendingOwner { return tenancy.SendingOwner{Inbox: p.Inbox} }
func (p WorkspacePath) query() OperatorQuery           { return OperatorQuery{} }
func (p DomainPath) query() OperatorQuery              { return p.OperatorQuery }
func (p InboxPath) query() OperatorQuery               { return p.OperatorQuery }

type (
	workspaceSending struct {
		WorkspacePath
		Body sendingChange
	}
	domainSending struct {
		DomainPath
		Body sendingChange
	}
	inboxSending struct {
		InboxPath
		Body sendingChange
	}
)

func (s *Server) sendingRoutes(a huma.API) {
	sendingPair(s, a, "/v1/workspaces/{workspace}", "Workspace", "workspaces", func(in *workspaceSending) (owned, sendingChange) { return in.WorkspacePath, in.Body }, func(in *WorkspacePath) owned { return *in })
	sendingPair(s, a, "/v1/domains/{domain}", "Domain", "domains", func(in *domainSending) (owned, sendingChange) { return in.DomainPath, in.Body }, func(in *DomainPath) owned { return *in })
	sendingPair(s, a, "/v1/inboxes/{inbox}", "Inbox", "inboxes", func(in *inboxSending) (owned, sendingChange) { return in.InboxPath, in.Body }, func(in *InboxPath) owned { return *in })
}

func sendingPair[P, C any](s *Server, a huma.API, path, of, tag string, change func(*C) (owned, sendingChange), plain func(*P) owned) {
	register(s, a, route(http.MethodGet, path+"/sending", "get"+of+"Sending", tag, "How its mail leaves", 200),
		func(ctx context.Context, g *tenancy.Grant, in *P) (*result[sending], error) {
			return showSending(ctx, g, plain(in))
		})
	register(s, a, route(http.MethodPut, path+"/sending", "put"+of+"Sending", tag, "Set how its mail leaves; what is not given is not set any more", 200),
		func(ctx context.Context, g *tenancy.Grant, in *C) (*result[sending], error) {
			p, c := change(in)
			if _, err := showSending(ctx, g, p); err != nil { // who may not see what was set may not set it
				return nil, err
			}
			settings, err := c.sending()
			if err != nil {
				return nil, err
			}
			if err := g.SetSending(ctx, p.query().workspace(), p.sendingOwner(), settings); err != nil {
				return nil, err
			}
			return showSending(ctx, g, p)
		})
}

func showSending(ctx context.Context, g *tenancy.Grant, p owned) (*result[sending], error) {
	settings, err := g.Sending(ctx, p.query().workspace(), p.sendingOwner())
	return &result[sending]{sendingOf(settings)}, err
}
