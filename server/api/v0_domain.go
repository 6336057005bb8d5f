package api

import (
	"context"
	"slices"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/tenancy"
)

// v0DomainItem is a claim on a domain, as lists give it. Notices of what bounces always go to the inbox that sent.
type v0DomainItem struct {
	PodID             string `json:"pod_id"`
	DomainID          string `json:"domain_id"`
	Domain            string `json:"domain"`
	FeedbackEnabled   bool   `json:"feedback_enabled"`
	SubdomainsEnabled bool   `json:"subdomains_enabled"`
	TrackingEnabled   bool   `json:"tracking_enabled"`
	UpdatedAt         stamp  `json:"updated_at"`
	CreatedAt         stamp  `json:"created_at"`
}

type v0Domain struct {
	v0DomainItem
	Status  string     `json:"status"`
	Reason  string     `json:"reason,omitempty"`
	Records []v0Record `json:"records"`
}

type v0Record struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	Value    string `json:"value"`
	Status   string `json:"status"`
	Priority *int   `json:"priority,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

type v0Domains struct {
	v0Counted
	Domains []v0DomainItem `json:"domains"`
}

type (
	V0DomainSettings struct {
		FeedbackEnabled   *bool `json:"feedback_enabled,omitempty"`
		SubdomainsEnabled *bool `json:"subdomains_enabled,omitempty"`
		TrackingEnabled   *bool `json:"tracking_enabled,omitempty"`
	}
	newV0Domain struct {
		V0DomainSettings
		Domain                   string `json:"domain"`
		AllowConflictingProvider bool   `json:"allow_conflicting_provider,omitempty"`
	}
)

// check refuses what this server cannot do.
func (s V0DomainSettings) check() error {
	on := func(b *bool) bool { return b != nil && *b }
	switch {
	case on(s.SubdomainsEnabled):
		return notBuilt("Receiving for all subdomains of a domain")
	case on(s.TrackingEnabled):
		return errTracking
	}
	return nil
}

var errTracking = notBuilt("Tracking who opens mail")

func v0DomainItemOf(d domain) v0DomainItem {
	changed := d.CreatedAt
	for _, t := range []*stamp{d.VerifiedAt, d.CheckedAt} {
		if t != nil && t.After(changed.Time) {
			changed = *t
		}
	}
	return v0DomainItem{PodID: d.WorkspaceID, DomainID: d.Domain, Domain: d.Domain, FeedbackEnabled: true, UpdatedAt: changed, CreatedAt: d.CreatedAt}
}

func v0DomainOf(d domain) v0Domain {
	o := v0Domain{v0DomainItem: v0DomainItemOf(d), Status: v0StatusOf(d), Records: []v0Record{}}
	for _, r := range d.DNSRecords {
		if r.Type == "SRV" { // for mail clients; /v0 knows of none
			continue
		}
		o.Records = append(o.Records, v0Record{r.Type, r.Name, r.Value, v0RecordStatus(r), r.Priority, r.Advice})
	}
	if len(d.Problems) > 0 {
		o.Reason = d.Problems[0].Text
	}
	return o
}

// v0StatusOf tells of a claim what the required records say.
func v0StatusOf(d domain) string {
	has := func(status dnscheck.Status) bool {
		return slices.ContainsFunc(d.DNSRecords, func(r dnsRecord) bool { return r.Required && r.Status == string(status) })
	}
	switch {
	case d.Status == "verified":
		return "VERIFIED"
	case d.CheckedAt == nil:
		return "NOT_STARTED"
	case has(dnscheck.Different):
		return "INVALID"
	case has(dnscheck.Propagating):
		return "VERIFYING"
	}
	return "PENDING"
}

func v0RecordStatus(r dnsRecord) string {
	switch r.Status {
	case string(dnscheck.OK):
		return "VALID"
	case string(dnscheck.Different):
		return "INVALID"
	}
	return "MISSING"
}

func (t *v0Table) domains() {
	const list, one = "/domains", "/domains/{domain}"
	const anywhere = inAll | inPod
	t.add(anywhere, "GET", list, v0Paged, func(v *v0Request) (v0Answer, error) {
		p, err := v.page("domains")
		if err != nil {
			return v0Answer{}, err
		}
		all, last, err := v.srv.listed(v.ctx, v.grant, v.workspace(), p.tenancy())
		return answered(v0Domains{p.counted(len(all), next(p.list, last)), each(all, v0DomainItemOf)}, err)
	})
	body(t, anywhere, "POST", list, func(v *v0Request, in newV0Domain) (v0Answer, error) {
		if err := in.check(); err != nil {
			return v0Answer{}, err
		}
		return v0Once(v, func(ctx context.Context) (made[v0Domain], error) {
			d, err := v.srv.claim(ctx, v.grant, v.workspace(), in.Domain)
			return made[v0Domain]{body: v0DomainOf(d), existed: d.Existed}, err
		})
	})
	shown := func(v *v0Request) (v0Answer, error) {
		d, err := v.srv.found(v.ctx, v.grant, v.workspace(), v.path["domain"])
		return answered(v0DomainOf(d), err)
	}
	t.add(anywhere, "GET", one, "", shown)
	body(t, anywhere, "PATCH", one, func(v *v0Request, in V0DomainSettings) (v0Answer, error) {
		if err := in.check(); err != nil {
			return v0Answer{}, err
		}
		if _, err := v.grant.UpdateDomain(v.ctx, v.workspace(), v.path["domain"], tenancy.DomainChange{}); err != nil {
			return v0Answer{}, err
		}
		return shown(v) // nothing that can be set is anything else here
	})
	t.add(anywhere, "DELETE", one, "", func(v *v0Request) (v0Answer, error) {
		return nothing(v.grant.DeleteDomain(v.ctx, v.workspace(), v.path["domain"]))
	})
	t.add(anywhere, "POST", one+"/verify", "", func(v *v0Request) (v0Answer, error) {
		_, err := v.srv.verifyNow(v.ctx, v.grant, v.workspace(), v.path["domain"])
		return nothing(err)
	})
	t.add(anywhere, "GET", one+"/zone-file", "", func(v *v0Request) (v0Answer, error) {
		text, err := v.srv.zone(v.ctx, v.grant, v.workspace(), v.path["domain"])
		return v0Answer{text: text, textType: zoneFileType}, err
	})
}
