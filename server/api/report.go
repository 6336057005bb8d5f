package api

import (
	"context"

	"github.com/postroom/postroom/mailstore/aggregate"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of what is told of reports. The numbers stand in the tags of reportsQuery too.
const (
	DefaultReportDays = 30
	MaxReportDays     = 365
	MaxReportSources  = 500 // addresses, those of most messages
)

type reportsQuery struct {
	DomainPath
	Days int `query:"days" minimum:"1" maximum:"365" doc:"How far back; 30 unless told."`
}

// domainReports is what others report about a domain's mail.
type domainReports struct {
	Domain  string         `json:"domain" doc:"Its name."`
	Address string         `json:"address" doc:"Where reports are to be sent; its DMARC and TLS-RPT records name it."`
	DMARC   reportSummary  `json:"dmarc" doc:"Mail in the domain's name, as the servers saw it that got it. Anybody can write a report: it proves nothing."`
	Sources []reportSource `json:"sources" doc:"Who sent in the domain's name, those of most messages first; at most 500."`
	TLS     tlsSummary     `json:"tls" doc:"How others' connections to the domain's servers went."`
	Unread  int            `json:"unread" doc:"Reports of the workspace that came and were not read yet: ask again."`
	Omitted int            `json:"omitted,omitempty" doc:"Older reports about the domain that are not summed up here, for there are too many: ask for fewer days."`
}

type reportSummary struct {
	Reports  int    `json:"reports" doc:"Without those that came twice."`
	Messages int64  `json:"messages" doc:"In all of them."`
	Passed   int64  `json:"passed" doc:"Of them, DMARC."`
	Failed   int64  `json:"failed" doc:"The rest."`
	First    *stamp `json:"first,omitempty" doc:"The first day that is reported."`
	Last     *stamp `json:"last,omitempty" doc:"The last day that is reported."`
}

type reportSource struct {
	IP          string         `json:"ip,omitempty" doc:"Of who sent; absent where a report names none."`
	Messages    int64          `json:"messages" doc:"From there."`
	Passed      int64          `json:"passed" doc:"Of them, DMARC."`
	Failed      int64          `json:"failed" doc:"The rest."`
	PassedDKIM  int64          `json:"passedDkim" doc:"By a signature of the domain or its organization."`
	PassedSPF   int64          `json:"passedSpf" doc:"By SPF for the domain or its organization."`
	Quarantined int64          `json:"quarantined" doc:"Put aside by who got them."`
	Rejected    int64          `json:"rejected" doc:"Refused by who got them."`
	DKIM        []reportDomain `json:"dkim" doc:"Who signed, of the domain or not."`
	SPF         []reportDomain `json:"spf" doc:"For whom SPF was asked."`
	First       *stamp         `json:"first,omitempty" doc:"The first day."`
	Last        *stamp         `json:"last,omitempty" doc:"The last day."`
}

type reportDomain struct {
	Domain   string `json:"domain" doc:"Its name."`
	Messages int64  `json:"messages" doc:"That were checked for it."`
	Passed   int64  `json:"passed" doc:"Of them."`
}

type tlsSummary struct {
	Reports   int   `json:"reports" doc:"Without those that came twice."`
	Successes int64 `json:"successes" doc:"Sessions with TLS as the policy asks."`
	Failed    int64 `json:"failed" doc:"Sessions without."`
}

func summaryOf(s aggregate.Summary) reportSummary {
	return reportSummary{s.Reports, s.Messages, s.Passed, s.Failed, timeOf(s.First), timeOf(s.Last)}
}

func sourceOf(x aggregate.Source) reportSource {
	o := reportSource{Messages: x.Messages, Passed: x.Passed, Failed: x.Failed, PassedDKIM: x.PassedDKIM, PassedSPF: x.PassedSPF, Quarantined: x.Quarantined, Rejected: x.Rejected,
		DKIM: each(x.DKIM, reportDomainOf), SPF: each(x.SPF, reportDomainOf), First: timeOf(x.First), Last: timeOf(x.Last)}
	if x.IP.IsValid() {
		o.IP = x.IP.String()
	}
	return o
}

func reportDomainOf(d aggregate.Domain) reportDomain {
	return reportDomain{d.Name, d.Messages, d.Passed}
}

func (s *Server) domainReports(ctx context.Context, g *tenancy.Grant, in *reportsQuery) (*result[domainReports], error) {
	days := in.Days
	if days == 0 {
		days = DefaultReportDays
	}
	d, found, err := g.DomainReports(ctx, in.workspace(), in.Domain, s.dir.Now().AddDate(0, 0, -days))
	if err != nil {
		return nil, err
	}
	all := found.DMARC
	return &result[domainReports]{domainReports{Domain: d.Name, Address: d.Reports(), DMARC: summaryOf(all), Sources: each(all.Sources[:min(len(all.Sources), MaxReportSources)], sourceOf),
		TLS: tlsSummary(found.TLS), Unread: found.Unread, Omitted: found.Omitted}}, nil
}
