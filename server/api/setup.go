package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/net/idna"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/domains"
	"github.com/postroom/postroom/tenancy"
)

// How long a set-up link is good, in hours.
const (
	DefaultSetupHours = 7 * 24
	MaxSetupHours     = 90 * 24
)

// setupAge is how old what a set-up page shows may be before the DNS is asked anew for it.
const setupAge = 30 * time.Second

var errNoPublicURL = newProblem(http.StatusConflict, "no_public_url", "This server does not know its own address; the operator sets http.public_url.")

type newSetupLink struct {
	DomainPath
	Idempotent
	Body struct {
		Hours int `json:"hours,omitempty" minimum:"1" maximum:"2160" doc:"How long the link is good; 168 unless told."`
	}
}

type setupLink struct {
	URL       string `json:"url" doc:"A page that shows the domain's records and their state. Who has the link sees them, and nothing else."`
	ExpiresAt stamp  `json:"expiresAt" doc:"When the link ends."`
}

func (s *Server) setupLink(ctx context.Context, g *tenancy.Grant, in newSetupLink) (int, setupLink, error) {
	if s.cfg.PublicURL == "" {
		return 0, setupLink{}, errNoPublicURL
	}
	hours := in.Body.Hours
	if hours == 0 {
		hours = DefaultSetupHours
	}
	until := s.dir.Now().Add(time.Duration(hours) * time.Hour).Truncate(time.Second)
	token, err := g.SetupToken(ctx, in.workspace(), in.Domain, until)
	return http.StatusCreated, setupLink{s.publicURL() + "/setup/" + token, stamp{until}}, err
}

// publicURL is where this interface is reached from outside, without a slash at its end; "" for none.
func (s *Server) publicURL() string { return strings.TrimSuffix(s.cfg.PublicURL, "/") }

// setupRoutes are the pages of set-up links. Looking at one has the DNS be asked if that was not done lately.
func (s *Server) setupRoutes(mux *http.ServeMux) {
	open := func(w http.ResponseWriter, r *http.Request) (tenancy.Domain, time.Time, bool) {
		d, until, err := s.dir.Setup(r.Context(), r.PathValue("token"))
		if err != nil {
			s.setupPage(w, r, err, setupData{})
		}
		return d, until, err == nil
	}
	mux.HandleFunc("GET /setup/{token}", func(w http.ResponseWriter, r *http.Request) {
		d, until, ok := open(w, r)
		if !ok {
			return
		}
		if s.dir.Now().Sub(d.CheckedAt) > setupAge {
			if checked, err := s.cfg.Domains.Check(r.Context(), d); err == nil { // else it shows what was known
				d = checked
			}
		}
		records, err := s.cfg.Domains.Records(r.Context(), d)
		s.setupPage(w, r, err, setupOf(domainOf(d, records), until, r.PathValue("token")))
	})
	mux.HandleFunc("GET /setup/{token}/zone", func(w http.ResponseWriter, r *http.Request) {
		d, _, ok := open(w, r)
		if !ok {
			return
		}
		records, err := s.cfg.Domains.Records(r.Context(), d)
		if err != nil {
			s.setupPage(w, r, err, setupData{})
			return
		}
		w.Header().Set("Content-Type", zoneFileType)
		w.Header().Set("Content-Disposition", `attachment; filename="`+d.Name+`.zone"`)
		w.Header().Set("Cache-Control", "no-store")
		w.Write([]byte(dnscheck.ZoneFile(records)))
	})
}

type setupData struct {
	Failed                string
	Name                  string // of the domain, as people write it
	Domain                domain
	Required, Recommended []dnsRecord
	Left                  int // required records that are not there yet
	Until                 string
	Zone                  string
	Host                  string // that mail comes to
}

func setupOf(d domain, until time.Time, token string) setupData {
	data := setupData{Name: d.Domain, Domain: d, Until: until.Format("2 January 2006, 15:04 MST"), Zone: token + "/zone"}
	if name, err := idna.Lookup.ToUnicode(d.Domain); err == nil {
		data.Name = name
	}
	for _, r := range d.DNSRecords {
		if r.Purpose == dnscheck.PurposeMX {
			data.Host = r.Value
		}
		if !r.Required {
			data.Recommended = append(data.Recommended, r)
			continue
		}
		if data.Required = append(data.Required, r); r.Status != string(dnscheck.OK) {
			data.Left++
		}
	}
	return data
}

// setupPage answers a person.
func (s *Server) setupPage(w http.ResponseWriter, r *http.Request, err error, data setupData) {
	status := http.StatusOK
	switch {
	case errors.Is(err, tenancy.ErrNotFound):
		status, data = http.StatusNotFound, setupData{Failed: "This link is not valid any more. Ask whoever sent it for a new one."}
	case err != nil:
		p := s.fail(r.Context(), err)
		status, data = p.Status, setupData{Failed: p.Detail}
	}
	showPage(w, status, setupTemplate, setupPolicy, data)
}

// showPage writes a page that runs no scripts, is in no frame, and tells nobody its address.
func showPage(w http.ResponseWriter, status int, page *template.Template, policy string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address of the page is the secret
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	page.Execute(w, data) // who went away is not told
}

// policyOf allows a page one style and its own forms.
func policyOf(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

const setupStyle = `:root{color-scheme:light dark;--line:#8884;--ok:#1a7f37;--bad:#b35900}
@media (prefers-color-scheme:dark){:root{--ok:#4ac26b;--bad:#e09b4a}}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
article{border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0}
article p{margin:.25rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{opacity:.7}dd{margin:0}
code{font:.9rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere;user-select:all}
.state{font-weight:600;color:var(--bad)}.ok{color:var(--ok)}
.small{opacity:.75;font-size:.9rem}`

var (
	setupTemplate = template.Must(template.New("").Funcs(template.FuncMap{"words": stateWords}).Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{{if not .Failed}}<meta http-equiv="refresh" content="30">{{end}}
<title>{{if .Failed}}Link not valid{{else}}DNS records of {{.Name}}{{end}}</title>
<style>` + setupStyle + `</style>
</head>
<body>
{{if .Failed}}<p>{{.Failed}}</p>
{{else}}<h1>DNS records of {{.Name}}</h1>
<p role="status">{{if eq .Domain.Status "verified"}}<strong class="state ok">The domain is verified.</strong>{{else}}<strong class="state">The domain is not verified yet.</strong>{{end}}
{{if .Left}}{{.Left}} of {{len .Required}} required records are not there yet.{{else}}All required records are there.{{end}}
This page looks again every half minute.</p>
<p>Add these records where the domain's DNS is run, or import them as a <a href="{{.Zone}}">zone file</a>.
Do so only if mail of {{.Domain.Domain}} is to be received and sent by {{.Host}}: whoever gave you this link then has it.</p>
{{range .Domain.Problems}}<p class="state">{{.Text}}</p>
{{end}}<h2>Required</h2>
{{range .Required}}{{template "record" .}}{{end}}
<h2>Recommended</h2>
{{range .Recommended}}{{template "record" .}}{{end}}
<p class="small">This link is good until {{.Until}}. Who has it sees these records, and nothing else.</p>
{{end}}</body>
</html>
{{define "record"}}<article>
<p><span class="state{{if eq .Status "ok"}} ok{{end}}">{{words .Status}}</span> {{.Why}}</p>
<dl><dt>Type</dt><dd><code>{{.Type}}</code></dd><dt>Name</dt><dd><code>{{.Name}}</code></dd><dt>Value</dt><dd><code>{{.Value}}</code></dd>
{{with .Priority}}<dt>Priority</dt><dd><code>{{.}}</code></dd>{{end}}{{with .Weight}}<dt>Weight</dt><dd><code>{{.}}</code></dd>{{end}}{{with .Port}}<dt>Port</dt><dd><code>{{.}}</code></dd>{{end}}
{{with .Alternative}}<dt>Or instead</dt><dd><code>{{.Type}}</code> <code>{{.Value}}</code></dd>{{end}}
{{range .Found}}<dt>Found</dt><dd><code>{{.}}</code></dd>{{end}}</dl>
{{with .Advice}}<p>{{.}}</p>{{end}}</article>
{{end}}`))
	setupPolicy = policyOf(setupStyle)
)

// stateWords is a record's state for people.
func stateWords(status string) string {
	switch dnscheck.Status(status) {
	case dnscheck.OK:
		return "✓ There."
	case dnscheck.Missing:
		return "Missing."
	case dnscheck.Different:
		return "Not as it should be."
	case dnscheck.Propagating:
		return "On its way: some name servers have it."
	case dnscheck.Failed:
		return "The DNS did not answer."
	}
	return "Not looked up yet."
}

// zoneFileType is the media type of a zone file (RFC 4027).
const zoneFileType = "text/dns; charset=utf-8"

type zoneFileAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func zoneFileRoute(path string) huma.Operation {
	op := route(http.MethodGet, path, "getZoneFile", "domains", "Get a domain's records as a zone file to import", 200)
	op.Responses = map[string]*huma.Response{"200": {Description: "The records in the form of RFC 1035, 5.", Content: map[string]*huma.MediaType{"text/dns": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	return op
}

func (s *Server) zoneFile(ctx context.Context, g *tenancy.Grant, in *DomainPath) (*zoneFileAnswer, error) {
	text, err := s.zone(ctx, g, in.workspace(), in.Domain)
	return &zoneFileAnswer{zoneFileType, []byte(text)}, err
}

// zone is the text of a domain's zone file.
func (s *Server) zone(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, name string) (string, error) {
	d, err := g.Domain(ctx, ws, name)
	if err != nil {
		return "", err
	}
	records, err := s.cfg.Domains.Records(ctx, d)
	return dnscheck.ZoneFile(records), err
}

// domainHealth is how a domain does.
type domainHealth struct {
	Domain   string           `json:"domain" doc:"Its name."`
	Healthy  bool             `json:"healthy" doc:"It is verified, and nothing that is required is missing or wrong."`
	Status   string           `json:"status" enum:"pending,verified" doc:"Only a verified domain receives and sends."`
	Counts   map[string]int   `json:"counts" doc:"Records by their status."`
	Wrong    []dnsRecord      `json:"wrong" doc:"Records that are not as they should be, the required ones first."`
	Problems []domainProblem  `json:"problems" doc:"What is wrong or remarkable beside the records."`
	Server   *serverAddresses `json:"server,omitempty" doc:"The server that the domain's mail comes from; absent where the DNS is not asked."`
	Hosts    []hostState      `json:"certificates" doc:"Of the server's name and of the domain's hosts that lead here; empty where the server has no certificates."`
	DMARC    reportSummary    `json:"dmarc" doc:"What others have reported in the last 30 days about mail in its name."`
	LostAt   *stamp           `json:"lostAt,omitempty" doc:"Nothing of it points here any more: when it is pending again unless something does by then."`
	Checked  *stamp           `json:"checkedAt,omitempty" doc:"When the DNS was asked last; absent: never."`
}

// hostState is a host's certificate.
type hostState struct {
	Host     string `json:"host" doc:"Its name."`
	Source   string `json:"source" doc:"Where the certificate is from: acme, file, self-made, or none."`
	NotAfter *stamp `json:"notAfter,omitempty" doc:"Until when it is good."`
	Problem  string `json:"problem,omitempty" doc:"Why there is none, or no newer one."`
}

// certificates are those that mail for a domain and its clients see.
func (s *Server) certificates(d domain) []hostState {
	list := []hostState{}
	if s.cfg.Certificate == nil {
		return list
	}
	add := func(host string) {
		if slices.ContainsFunc(list, func(h hostState) bool { return h.Host == host }) {
			return
		}
		source, until, problem := s.cfg.Certificate(host)
		list = append(list, hostState{host, cmp.Or(source, "none"), timeOf(until), problem})
	}
	for _, r := range d.DNSRecords {
		switch {
		case r.Purpose == dnscheck.PurposeMX:
			add(r.Value)
		case r.Status != string(dnscheck.OK):
		case r.Purpose == dnscheck.PurposeMTASTSPolicy || r.Purpose == dnscheck.PurposeAutoconfig || r.Purpose == dnscheck.PurposeAutodiscover:
			add(r.Name)
		}
	}
	return list
}

// serverAddresses is what the DNS says of the server itself.
type serverAddresses struct {
	Hostname  string          `json:"hostname" doc:"Its name in EHLO."`
	Status    string          `json:"status" doc:"Whether the name has the server's addresses: ok, missing, different or failed."`
	Advice    string          `json:"advice,omitempty" doc:"What the operator should do."`
	Addresses []serverAddress `json:"addresses" doc:"That mail leaves from."`
	Leaves    string          `json:"leaves" enum:"ok,unknown,warning,error" doc:"Whether mail can leave the server, by port 25 or through a relay; unknown where the operator has named nobody to try."`
}

type serverAddress struct {
	IP     string   `json:"ip" doc:"Of the server."`
	Status string   `json:"status" doc:"ok: it has the server's name, which leads back to it."`
	Names  []string `json:"names" doc:"That it has (PTR)."`
	Listed []string `json:"listed" doc:"DNS lists that have it, if the operator has named any."`
	Advice string   `json:"advice,omitempty" doc:"What the operator should do."`
}

func (s *Server) domainHealth(ctx context.Context, g *tenancy.Grant, in *DomainPath) (*result[domainHealth], error) {
	d, err := g.Domain(ctx, in.workspace(), in.Domain)
	if err != nil {
		return nil, err
	}
	shown, err := s.shown(ctx, d)
	if err != nil {
		return nil, err
	}
	h := domainHealth{Domain: shown.Domain, Status: shown.Status, Healthy: d.Status == tenancy.Verified, Counts: map[string]int{}, Wrong: []dnsRecord{}, Problems: shown.Problems, Hosts: s.certificates(shown), LostAt: shown.LostAt, Checked: shown.CheckedAt}
	for _, required := range []bool{true, false} {
		for _, r := range shown.DNSRecords {
			if r.Required != required {
				continue
			}
			h.Counts[r.Status]++
			if r.Status != string(dnscheck.OK) {
				h.Wrong = append(h.Wrong, r)
				// An operator's word stands in for the text that proves the domain.
				h.Healthy = h.Healthy && (!r.Required || r.Purpose == dnscheck.PurposeOwnership && d.Proof == tenancy.ByOperator)
			}
		}
	}
	_, reports, err := g.DomainReports(ctx, d.WorkspaceID, string(d.ID), s.dir.Now().AddDate(0, 0, -DefaultReportDays))
	if err != nil {
		return nil, err
	}
	h.DMARC = summaryOf(reports.DMARC)
	host, err := s.cfg.Domains.Host(ctx)
	if err == nil {
		h.Server, err = s.serverOf(ctx, host)
	}
	if errors.Is(err, domains.ErrNotAsked) {
		err = nil
	}
	return &result[domainHealth]{h}, err
}

func (s *Server) serverOf(ctx context.Context, r dnscheck.HostReport) (*serverAddresses, error) {
	lists, err := s.cfg.Domains.Listed(ctx)
	listed := map[netip.Addr][]string{}
	for _, a := range lists.Addresses {
		for _, l := range a.Listed {
			listed[a.IP] = append(listed[a.IP], l.List)
		}
	}
	o := &serverAddresses{Hostname: r.Hostname, Status: string(r.Status), Advice: r.Advice, Addresses: []serverAddress{}}
	for _, a := range r.Addresses {
		o.Addresses = append(o.Addresses, serverAddress{a.IP.String(), string(a.Status), append([]string{}, a.Names...), append([]string{}, listed[a.IP]...), a.Advice})
	}
	if err != nil {
		return nil, err
	}
	leaves, err := s.cfg.Health.Leaves(ctx)
	o.Leaves = string(leaves)
	return o, err
}
