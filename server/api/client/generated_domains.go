// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"io"
	"net/url"
	"time"
)

// CreateDomainParams are what CreateDomain may be told besides; zero values are left out.
type CreateDomainParams = IdempotencyKeyParams

// CreateDomain: Claim a domain; an operator's word verifies it (POST /v1/domains).
func (c *Client) CreateDomain(ctx context.Context, params CreateDomainParams, body NewDomainBody) (*Domain, error) {
	return do[Domain](ctx, c, "POST", "/v1/domains", params, body)
}

// CreateSetupLinkParams are what CreateSetupLink may be told besides; zero values are left out.
type CreateSetupLinkParams = WorkspaceIDIdempotencyKeyParams

// CreateSetupLink: Make a link for whoever runs the domain's DNS: a page with its records and their state, for which no key is needed (POST /v1/domains/{domain}/setup-link).
func (c *Client) CreateSetupLink(ctx context.Context, domain string, params CreateSetupLinkParams, body NewSetupLinkBody) (*SetupLink, error) {
	return do[SetupLink](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/setup-link", params, body)
}

// DeleteDomainParams are what DeleteDomain may be told besides; zero values are left out.
type DeleteDomainParams = WorkspaceIDParams

// DeleteDomain: Give a domain up (DELETE /v1/domains/{domain}).
func (c *Client) DeleteDomain(ctx context.Context, domain string, params DeleteDomainParams) error {
	return none(ctx, c, "DELETE", "/v1/domains/"+url.PathEscape(domain), params, nil)
}

// GetDomainParams are what GetDomain may be told besides; zero values are left out.
type GetDomainParams = WorkspaceIDParams

// GetDomain: Get a domain, its DNS records and what is found of them (GET /v1/domains/{domain}).
func (c *Client) GetDomain(ctx context.Context, domain string, params GetDomainParams) (*Domain, error) {
	return do[Domain](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain), params, nil)
}

// GetDomainHealthParams are what GetDomainHealth may be told besides; zero values are left out.
type GetDomainHealthParams = WorkspaceIDParams

// GetDomainHealth: See how a domain does: its records, and the server that its mail comes from (GET /v1/domains/{domain}/health).
func (c *Client) GetDomainHealth(ctx context.Context, domain string, params GetDomainHealthParams) (*DomainHealth, error) {
	return do[DomainHealth](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/health", params, nil)
}

// GetDomainReportsParams are what GetDomainReports may be told besides; zero values are left out.
type GetDomainReportsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Days        int64  `query:"days"`        // How far back; 30 unless told.
}

// GetDomainReports: See what others report about a domain's mail: who sends in its name and what passes DMARC, and who could not reach it over TLS (GET /v1/domains/{domain}/reports).
func (c *Client) GetDomainReports(ctx context.Context, domain string, params GetDomainReportsParams) (*DomainReports, error) {
	return do[DomainReports](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/reports", params, nil)
}

// GetDomainSendingParams are what GetDomainSending may be told besides; zero values are left out.
type GetDomainSendingParams = WorkspaceIDParams

// GetDomainSending: How its mail leaves (GET /v1/domains/{domain}/sending).
func (c *Client) GetDomainSending(ctx context.Context, domain string, params GetDomainSendingParams) (*Sending, error) {
	return do[Sending](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/sending", params, nil)
}

// GetZoneFileParams are what GetZoneFile may be told besides; zero values are left out.
type GetZoneFileParams = WorkspaceIDParams

// GetZoneFile: Get a domain's records as a zone file to import (GET /v1/domains/{domain}/zone-file).
func (c *Client) GetZoneFile(ctx context.Context, domain string, params GetZoneFileParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/zone-file", "", params, nil)
}

// ListDomainsParams are what ListDomains may be told besides; zero values are left out.
type ListDomainsParams = WorkspaceIDLimitCursorParams

// ListDomains: List domains (GET /v1/domains).
func (c *Client) ListDomains(ctx context.Context, params ListDomainsParams) (*DomainList, error) {
	return do[DomainList](ctx, c, "GET", "/v1/domains", params, nil)
}

// PublishDomainParams are what PublishDomain may be told besides; zero values are left out.
type PublishDomainParams = WorkspaceIDIdempotencyKeyParams

// PublishDomain: Write a domain's records into its zone, where the operator may; for operators (POST /v1/domains/{domain}/publish).
func (c *Client) PublishDomain(ctx context.Context, domain string, params PublishDomainParams, body PublishBody) (*Publishing, error) {
	return do[Publishing](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/publish", params, body)
}

// PutDomainSendingParams are what PutDomainSending may be told besides; zero values are left out.
type PutDomainSendingParams = WorkspaceIDParams

// PutDomainSending: Set how its mail leaves; what is not given is not set any more (PUT /v1/domains/{domain}/sending).
func (c *Client) PutDomainSending(ctx context.Context, domain string, params PutDomainSendingParams, body SendingChange) (*Sending, error) {
	return do[Sending](ctx, c, "PUT", "/v1/domains/"+url.PathEscape(domain)+"/sending", params, body)
}

// RotateDKIMParams are what RotateDKIM may be told besides; zero values are left out.
type RotateDKIMParams = WorkspaceIDIdempotencyKeyParams

// RotateDKIM: Sign with the other pair of keys from now on; both pairs stay in DNS (POST /v1/domains/{domain}/rotate-dkim).
func (c *Client) RotateDKIM(ctx context.Context, domain string, params RotateDKIMParams) (*Domain, error) {
	return do[Domain](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/rotate-dkim", params, nil)
}

// UpdateDomainParams are what UpdateDomain may be told besides; zero values are left out.
type UpdateDomainParams = WorkspaceIDParams

// UpdateDomain: Change a domain (PATCH /v1/domains/{domain}).
func (c *Client) UpdateDomain(ctx context.Context, domain string, params UpdateDomainParams, body DomainChangeBody) (*Domain, error) {
	return do[Domain](ctx, c, "PATCH", "/v1/domains/"+url.PathEscape(domain), params, body)
}

// VerifyDomainParams are what VerifyDomain may be told besides; zero values are left out.
type VerifyDomainParams = WorkspaceIDIdempotencyKeyParams

// VerifyDomain: Ask the DNS about a domain now (POST /v1/domains/{domain}/verify). The answer is the domain as it is then. The DNS is asked by itself too: often after a domain was claimed, daily once it is verified. What was asked less than ten seconds ago is not asked again.
func (c *Client) VerifyDomain(ctx context.Context, domain string, params VerifyDomainParams) (*Domain, error) {
	return do[Domain](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/verify", params, nil)
}

// Alternative is a part of the API.
type Alternative struct {
	Name  string `json:"name"`  // Where it stands.
	Type  string `json:"type"`  // Of the record.
	Value string `json:"value"` // What it says.
}

// DnsRecord is a part of the API.
type DnsRecord struct {
	Advice      string       `json:"advice,omitzero"`       // What to do.
	Alternative *Alternative `json:"alternative,omitempty"` // A record that does the same.
	Found       []string     `json:"found"`                 // What the DNS says instead, or beside.
	Name        string       `json:"name"`                  // Where the record stands, absolute, without the dot at its end.
	Port        int64        `json:"port,omitzero"`         // Of an SRV record.
	Priority    int64        `json:"priority,omitzero"`     // Of MX and SRV records.
	Purpose     string       `json:"purpose"`               // What it is for, in a word that stays the same.
	Required    bool         `json:"required"`              // Mail does not come, or is taken for forged, without it.
	Status      string       `json:"status"`                // What the DNS said: propagating: some name servers have it; failed: the DNS did not answer, which says nothing; unchecked: it was not asked.
	Type        string       `json:"type"`                  // Of the record.
	Until       time.Time    `json:"until,omitzero"`        // When others will have forgotten what is there now: so long they may not see a change.
	Value       string       `json:"value"`                 // What it says: the text, or the host.
	Weight      int64        `json:"weight,omitzero"`       // Of an SRV record.
	Why         string       `json:"why,omitzero"`          // The same in a sentence for people.
}

// Domain is a part of the API.
type Domain struct {
	CatchAll    string          `json:"catchAll,omitzero"`    // Id of the inbox that gets what no address matches.
	CheckedAt   time.Time       `json:"checkedAt,omitzero"`   // When the DNS was asked last; absent: never.
	CreatedAt   time.Time       `json:"createdAt"`            // When it was claimed.
	DNSRecords  []DnsRecord     `json:"dnsRecords"`           // What the domain's DNS should say. Lists of domains leave out keys that were never asked for.
	Domain      string          `json:"domain"`               // Its name, A-labels, lower case.
	Existed     bool            `json:"existed,omitzero"`     // It was there already.
	ID          string          `json:"id"`                   // Begins with dom_.
	LostAt      time.Time       `json:"lostAt,omitzero"`      // Nothing of it points here any more: when it is pending again unless something does by then. Mail and addresses stay.
	NextCheckAt time.Time       `json:"nextCheckAt,omitzero"` // When it is asked next.
	Problems    []DomainProblem `json:"problems"`             // What is wrong or remarkable beside the records.
	Sandbox     bool            `json:"sandbox,omitzero"`     // It is the operator's, for trying things out: it needs no records, and cannot be given up.
	Status      string          `json:"status"`               // Only a verified domain receives and sends.
	VerifiedAt  time.Time       `json:"verifiedAt,omitzero"`  // When it was verified; absent while it is pending.
	WorkspaceID string          `json:"workspaceId"`          // The workspace that claimed it.
}

// DomainChangeBody is a part of the API.
type DomainChangeBody struct {
	CatchAll *string `json:"catchAll,omitempty"` // Id or address of an inbox; empty turns it off.
}

// DomainHealth is a part of the API.
type DomainHealth struct {
	Certificates []HostState      `json:"certificates"`       // Of the server's name and of the domain's hosts that lead here; empty where the server has no certificates.
	CheckedAt    time.Time        `json:"checkedAt,omitzero"` // When the DNS was asked last; absent: never.
	Counts       map[string]int64 `json:"counts"`             // Records by their status.
	DMARC        ReportSummary    `json:"dmarc"`              // What others have reported in the last 30 days about mail in its name.
	Domain       string           `json:"domain"`             // Its name.
	Healthy      bool             `json:"healthy"`            // It is verified, and nothing that is required is missing or wrong.
	LostAt       time.Time        `json:"lostAt,omitzero"`    // Nothing of it points here any more: when it is pending again unless something does by then.
	Problems     []DomainProblem  `json:"problems"`           // What is wrong or remarkable beside the records.
	Server       *ServerAddresses `json:"server,omitempty"`   // The server that the domain's mail comes from; absent where the DNS is not asked.
	Status       string           `json:"status"`             // Only a verified domain receives and sends.
	Wrong        []DnsRecord      `json:"wrong"`              // Records that are not as they should be, the required ones first.
}

// DomainList is a part of the API.
type DomainList struct {
	Domains    []Domain `json:"domains"`             // Newest first.
	NextCursor string   `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// DomainProblem is a part of the API.
type DomainProblem struct {
	Code string `json:"code"` // Such as spf, wildcard, name_server; taken: it is proven, and another workspace has it verified.
	Name string `json:"name"` // What it is about.
	Text string `json:"text"` // A sentence for people.
}

// DomainReports is a part of the API.
type DomainReports struct {
	Address string         `json:"address"`          // Where reports are to be sent; its DMARC and TLS-RPT records name it.
	DMARC   ReportSummary  `json:"dmarc"`            // Mail in the domain's name, as the servers saw it that got it. Anybody can write a report: it proves nothing.
	Domain  string         `json:"domain"`           // Its name.
	Omitted int64          `json:"omitted,omitzero"` // Older reports about the domain that are not summed up here, for there are too many: ask for fewer days.
	Sources []ReportSource `json:"sources"`          // Who sent in the domain's name, those of most messages first; at most 500.
	TLS     TlsSummary     `json:"tls"`              // How others' connections to the domain's servers went.
	Unread  int64          `json:"unread"`           // Reports of the workspace that came and were not read yet: ask again.
}

// HostState is a part of the API.
type HostState struct {
	Host     string    `json:"host"`              // Its name.
	NotAfter time.Time `json:"notAfter,omitzero"` // Until when it is good.
	Problem  string    `json:"problem,omitzero"`  // Why there is none, or no newer one.
	Source   string    `json:"source"`            // Where the certificate is from: acme, file, self-made, or none.
}

// NewDomainBody is a part of the API.
type NewDomainBody struct {
	Domain      string  `json:"domain"`                // example.com; U-labels or A-labels.
	WorkspaceID *string `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// NewSetupLinkBody is a part of the API.
type NewSetupLinkBody struct {
	Hours *int64 `json:"hours,omitempty"` // How long the link is good; 168 unless told.
}

// ReportDomain is a part of the API.
type ReportDomain struct {
	Domain   string `json:"domain"`   // Its name.
	Messages int64  `json:"messages"` // That were checked for it.
	Passed   int64  `json:"passed"`   // Of them.
}

// ReportSource is a part of the API.
type ReportSource struct {
	DKIM        []ReportDomain `json:"dkim"`           // Who signed, of the domain or not.
	Failed      int64          `json:"failed"`         // The rest.
	First       time.Time      `json:"first,omitzero"` // The first day.
	IP          string         `json:"ip,omitzero"`    // Of who sent; absent where a report names none.
	Last        time.Time      `json:"last,omitzero"`  // The last day.
	Messages    int64          `json:"messages"`       // From there.
	Passed      int64          `json:"passed"`         // Of them, DMARC.
	PassedDKIM  int64          `json:"passedDkim"`     // By a signature of the domain or its organization.
	PassedSPF   int64          `json:"passedSpf"`      // By SPF for the domain or its organization.
	Quarantined int64          `json:"quarantined"`    // Put aside by who got them.
	Rejected    int64          `json:"rejected"`       // Refused by who got them.
	SPF         []ReportDomain `json:"spf"`            // For whom SPF was asked.
}

// ReportSummary is a part of the API.
type ReportSummary struct {
	Failed   int64     `json:"failed"`         // The rest.
	First    time.Time `json:"first,omitzero"` // The first day that is reported.
	Last     time.Time `json:"last,omitzero"`  // The last day that is reported.
	Messages int64     `json:"messages"`       // In all of them.
	Passed   int64     `json:"passed"`         // Of them, DMARC.
	Reports  int64     `json:"reports"`        // Without those that came twice.
}

// ServerAddress is a part of the API.
type ServerAddress struct {
	Advice string   `json:"advice,omitzero"` // What the operator should do.
	IP     string   `json:"ip"`              // Of the server.
	Listed []string `json:"listed"`          // DNS lists that have it, if the operator has named any.
	Names  []string `json:"names"`           // That it has (PTR).
	Status string   `json:"status"`          // ok: it has the server's name, which leads back to it.
}

// ServerAddresses is a part of the API.
type ServerAddresses struct {
	Addresses []ServerAddress `json:"addresses"`       // That mail leaves from.
	Advice    string          `json:"advice,omitzero"` // What the operator should do.
	Hostname  string          `json:"hostname"`        // Its name in EHLO.
	Status    string          `json:"status"`          // Whether the name has the server's addresses: ok, missing, different or failed.
}

// SetupLink is a part of the API.
type SetupLink struct {
	ExpiresAt time.Time `json:"expiresAt"` // When the link ends.
	URL       string    `json:"url"`       // A page that shows the domain's records and their state. Who has the link sees them, and nothing else.
}

// TlsSummary is a part of the API.
type TlsSummary struct {
	Failed    int64 `json:"failed"`    // Sessions without.
	Reports   int64 `json:"reports"`   // Without those that came twice.
	Successes int64 `json:"successes"` // Sessions with TLS as the policy asks.
}
