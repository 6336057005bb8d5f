package dnscheck

import (
	"cmp"
	"net/netip"
	"strings"
)

// Purposes of records. They are stable: clients may compare them.
const (
	PurposeOwnership    = "ownership"
	PurposeMX           = "mx"
	PurposeSPF          = "spf"
	PurposeDKIM         = "dkim"
	PurposeDMARC        = "dmarc"
	PurposeMTASTS       = "mta-sts"
	PurposeMTASTSPolicy = "mta-sts-policy"
	PurposeTLSRPT       = "tls-rpt"
	PurposeAutoconfig   = "autoconfig"
	PurposeAutodiscover = "autodiscover"
	PurposeReturnPath   = "return-path"
	PurposeHost         = "host"                 // of the server alone
	PurposeReports      = "report-authorization" // of the operator's zone alone

	// Of SRV records, with the service behind it.
	PurposeIMAPS           = "srv-imaps"
	PurposeSubmissions     = "srv-submissions"
	PurposeSubmission      = "srv-submission"
	PurposeSRVAutodiscover = "srv-autodiscover"
)

// MaxDomain is how long a domain may be, in octets, so that the names of all of its records fit into the DNS.
const MaxDomain = maxName - len("_autodiscover._tcp.") - len("pr-a")

const (
	maxName  = 253 // octets of a name without the dot at its end (RFC 1035, 2.3.4)
	maxLabel = 63

	mxPreference = 10
	ownLabel     = "_postroom"
	ownPrefix    = "postroom-verification="
)

// Domain is a domain as it is to be. Names are A-labels in lower case without a dot at the end.
type Domain struct {
	Name  string
	Token string // proves that who writes the zone is who claims the domain; "": proof is not asked for
	DKIM  []Key

	// TargetZone has DKIM keys in the operator's zone, to which the domain's records lead by CNAME. It needs Server.Zone.
	TargetZone bool

	Shared bool // the names below it are domains of workspaces, which have their records by wildcards of this one
}

// Key is a DKIM key.
type Key struct {
	Selector string
	Record   string // its text: "v=DKIM1; k=rsa; p=…"
	Active   bool   // it signs; the others are published so that they can take its place
}

// Server is what domains are to lead to.
type Server struct {
	Hostname   string       // of the mail server, which is also the name in EHLO
	IPs        []netip.Addr // that mail comes from and services are at
	PublicHost string       // the host in the server's own https:// address; "": Hostname

	PolicyID      string // of the MTA-STS policy: letters and digits; "": MTA-STS is not offered
	ReportAddress string // that DMARC and TLS reports go to; "": none
	Zone          string // of the operator, which holds what domains lead to by CNAME and include; "": none
	ReturnPath    string // label below the domain that bounces come to; "": they come to the domain itself
}

func (s Server) publicHost() string { return cmp.Or(s.PublicHost, s.Hostname) }

// Record is one DNS record that is to be.
type Record struct {
	Type     string `json:"type"`  // TXT, MX, CNAME, SRV; of the server itself also A and AAAA
	Name     string `json:"name"`  // absolute, without the dot at its end
	Value    string `json:"value"` // the text of TXT, not quoted; the host of the others, without the dot at its end
	Priority uint16 `json:"priority,omitempty"`
	Weight   uint16 `json:"weight,omitempty"`
	Port     uint16 `json:"port,omitempty"`
	Purpose  string `json:"purpose"`
	Why      string `json:"why"` // a sentence for people
	Required bool   `json:"required"`

	// Alternative does the same and is as good; nil: there is none.
	Alternative *Record `json:"alternative,omitempty"`

	ours bool // it is in the operator's zone, at a name that is for it alone
}

// Records are all the records of a domain, those that are required first among their kind. Order and content depend on
// nothing but the arguments.
func Records(d Domain, s Server) []Record {
	var list []Record
	if d.Token != "" {
		list = append(list, Record{
			Type: "TXT", Name: ownLabel + "." + d.Name, Value: ownPrefix + d.Token, Purpose: PurposeOwnership, Required: true,
			Why: "It proves that the domain is yours; nobody else can then receive or send its mail here.",
		})
	}
	list = append(list,
		Record{
			Type: "MX", Name: d.Name, Value: s.Hostname, Priority: mxPreference, Purpose: PurposeMX, Required: true,
			Why: "It tells other mail servers that mail for the domain goes here.",
		},
		Record{
			Type: "TXT", Name: d.Name, Value: spfText(s), Purpose: PurposeSPF, Required: true,
			Why: "It tells receivers that this server may send mail for the domain.",
		})
	for _, k := range d.DKIM {
		list = append(list, dkimRecord(d, s, k))
	}
	list = append(list, dmarcRecord(d, s))
	list = append(list, stsRecords(d, s)...)
	if s.ReportAddress != "" {
		list = append(list, Record{
			Type: "TXT", Name: "_smtp._tls." + d.Name, Value: "v=TLSRPTv1; rua=mailto:" + s.ReportAddress, Purpose: PurposeTLSRPT,
			Why: "It asks other mail servers to report when they cannot reach the domain over TLS (RFC 8460).",
		})
	}
	list = append(list, clientRecords(d, s)...)
	if s.ReturnPath != "" {
		list = append(list, Record{
			Type: "CNAME", Name: s.ReturnPath + "." + d.Name, Value: s.Hostname, Purpose: PurposeReturnPath, Required: true,
			Why: "It brings bounces of the domain's mail to this server.",
		})
	}
	if d.Shared {
		list = append(list, sharedRecords(d, s)...)
	}
	return list
}

// HostRecords are those of the server's own name.
func HostRecords(s Server) (list []Record) {
	for _, ip := range s.IPs {
		r := Record{Type: "AAAA", Name: s.Hostname, Value: ip.Unmap().String(), Purpose: PurposeHost, Required: true, Why: "It is an address of this server."}
		if ip.Unmap().Is4() {
			r.Type = "A"
		}
		list = append(list, r)
	}
	return list
}

// sharedRecords are those that a domain has beside its own so that any name below it receives and sends. A wildcard answers for deeper
// names as well, so the one at *. is also what _dmarc. a name below has (RFC 4592, 3.3.1); who looks for one kind of text skips the other.
func sharedRecords(d Domain, s Server) []Record {
	name := "*." + d.Name
	return []Record{
		{Type: "MX", Name: name, Value: s.Hostname, Priority: mxPreference, Purpose: PurposeMX, Required: true, Why: "It brings mail for the domains of workspaces below this one here."},
		{Type: "TXT", Name: name, Value: spfText(s), Purpose: PurposeSPF, Required: true, Why: "It tells receivers that this server may send mail for the domains below this one."},
		{Type: "TXT", Name: name, Value: "v=DMARC1; p=none", Purpose: PurposeDMARC, Why: "It is the DMARC policy of the domains below this one; signatures of this one count for them."},
	}
}

// spfText is the whole record of a domain that only this server sends for. With a zone of the operator's it can follow his
// addresses.
func spfText(s Server) string { return "v=spf1 " + ourTerm(s) + " ~all" }

func ourTerm(s Server) string {
	if s.Zone != "" {
		return "include:" + spfName(s)
	}
	return "a:" + s.Hostname
}

func dkimRecord(d Domain, s Server, k Key) Record {
	why := "Receivers check the signatures of the domain's mail with this key (RFC 6376)."
	if !k.Active {
		why = "This is the key that signs next: with it in the DNS, keys can be changed without your help (RFC 6376)."
	}
	text := Record{Type: "TXT", Name: dkimName(k.Selector, d.Name), Value: k.Record, Purpose: PurposeDKIM, Why: why, Required: k.Active}
	target := DKIMTarget(k.Selector, d.Name, s.Zone)
	if target == "" {
		return text
	}
	alias := text
	alias.Type, alias.Value = "CNAME", target
	alias.Why = "It leads to the key that receivers check signatures with; keys can then be changed without your help (RFC 6376)."
	if d.TargetZone {
		alias.Alternative = &text
		return alias
	}
	text.Alternative = &alias
	return text
}

func dkimName(selector, domain string) string { return selector + "._domainkey." + domain }

func dmarcRecord(d Domain, s Server) Record {
	value := "v=DMARC1; p=none"
	if s.ReportAddress != "" {
		value += "; rua=mailto:" + s.ReportAddress
	}
	return Record{
		Type: "TXT", Name: "_dmarc." + d.Name, Value: value, Purpose: PurposeDMARC,
		Why: "It tells receivers what to do with mail that only pretends to be from the domain, and asks for reports; large providers want one of whoever sends to them (RFC 7489).",
	}
}

func stsRecords(d Domain, s Server) []Record {
	if s.PolicyID == "" {
		return nil
	}
	announcement := Record{
		Type: "TXT", Name: "_mta-sts." + d.Name, Value: stsText(s), Purpose: PurposeMTASTS,
		Why: "It announces that mail for the domain is to come over TLS only (RFC 8461).",
	}
	if s.Zone != "" {
		alias := announcement
		alias.Type, alias.Value = "CNAME", stsName(s)
		announcement.Alternative = &alias
	}
	return []Record{announcement, {
		Type: "CNAME", Name: "mta-sts." + d.Name, Value: s.Hostname, Purpose: PurposeMTASTSPolicy,
		Why: "Other mail servers fetch the policy there that the record at _mta-sts announces (RFC 8461).",
	}}
}

func stsText(s Server) string { return "v=STSv1; id=" + s.PolicyID + ";" }

// clientRecords are for mail clients that set themselves up.
func clientRecords(d Domain, s Server) []Record {
	list := []Record{
		{
			Type: "CNAME", Name: "autoconfig." + d.Name, Value: s.Hostname, Purpose: PurposeAutoconfig,
			Why: "Thunderbird and others find their settings there.",
		},
		{
			Type: "CNAME", Name: "autodiscover." + d.Name, Value: s.Hostname, Purpose: PurposeAutodiscover,
			Why: "Outlook finds its settings there.",
		},
	}
	for _, one := range []struct {
		service, target, purpose, why string
		port                          uint16
	}{
		{"_imaps._tcp", s.Hostname, PurposeIMAPS, "Mail clients find there where to read mail (RFC 6186).", 993},
		{"_submissions._tcp", s.Hostname, PurposeSubmissions, "Mail clients find there where to send mail (RFC 8314).", 465},
		{"_submission._tcp", s.Hostname, PurposeSubmission, "Older mail clients find there where to send mail (RFC 6186).", 587},
		{"_autodiscover._tcp", s.publicHost(), PurposeSRVAutodiscover, "Outlook finds its settings there if it looks nowhere else.", 443},
	} {
		list = append(list, Record{Type: "SRV", Name: one.service + "." + d.Name, Value: one.target, Port: one.port, Purpose: one.purpose, Why: one.why})
	}
	return list
}

// within reports whether a name is a domain or below it.
func within(name, domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }
