package dnscheck

import (
	"strings"
)

// Names within the operator's zone: the keys of domains are below dkimBranch, and what all domains share has names of its own.
const (
	dkimBranch = "dkim"
	spfBranch  = "_spf"
	stsBranch  = "_mta-sts"
)

// DKIMTarget is the name in the operator's zone that the record of a key leads to:
// "<selector>.<domain>.dkim.<zone>". It is "" if there is no zone, or the name would be too long for the DNS, as with domains
// of some 200 octets: their keys can only be written as TXT.
func DKIMTarget(selector, domain, zone string) string {
	name := selector + "." + domain + "." + dkimBranch + "." + zone
	if zone == "" || len(name) > maxName {
		return ""
	}
	return name
}

// ParseDKIMTarget reads a name that DKIMTarget has made, in any case and with or without the dot at its end: whoever answers
// for the operator's zone finds whose key is asked for. Whether there is such a domain and selector is not known here.
func ParseDKIMTarget(name, zone string) (selector, domain string, ok bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	rest, ok := strings.CutSuffix(name, "."+dkimBranch+"."+zone)
	if zone == "" || !ok || len(name) > maxName {
		return "", "", false
	}
	selector, domain, ok = strings.Cut(rest, ".")
	return selector, domain, ok && selector != "" && isName(domain)
}

// isName reports whether labels of a name have a length that the DNS allows.
func isName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return len(s) <= maxName
}

func spfName(s Server) string { return spfBranch + "." + s.Zone }
func stsName(s Server) string { return stsBranch + "." + s.Zone }

// OperatorRecords are what the operator's zone has to hold for all domains, and for the keys of these. There are none without
// a zone, but for the record that allows DMARC reports about other domains to come to ReportAddress (RFC 7489, 7.1).
func OperatorRecords(s Server, domains ...Domain) []Record {
	var list []Record
	if at := strings.LastIndexByte(s.ReportAddress, '@'); at >= 0 {
		list = append(list, Record{
			Type: "TXT", Name: "*._report._dmarc." + s.ReportAddress[at+1:], Value: "v=DMARC1", Purpose: PurposeReports, Required: true,
			Why: "Without it nobody sends DMARC reports about other domains here (RFC 7489, 7.1).",
		})
	}
	if s.Zone == "" {
		return list
	}
	list = append(list, Record{
		Type: "TXT", Name: spfName(s), Value: operatorSPF(s), Purpose: PurposeSPF, Required: true, ours: true,
		Why: "The SPF records of all domains include it.",
	})
	if s.PolicyID != "" {
		list = append(list, Record{
			Type: "TXT", Name: stsName(s), Value: stsText(s), Purpose: PurposeMTASTS, ours: true,
			Why: "Domains may lead to it for the announcement of MTA-STS.",
		})
	}
	for _, d := range domains {
		for _, k := range d.DKIM {
			if target := DKIMTarget(k.Selector, d.Name, s.Zone); target != "" {
				list = append(list, Record{
					Type: "TXT", Name: target, Value: k.Record, Purpose: PurposeDKIM, Required: d.TargetZone && k.Active, ours: true,
					Why: "The record of " + d.Name + " may lead to this key.",
				})
			}
		}
	}
	return list
}

// operatorSPF names the server's addresses, which costs receivers no look-up; of domains that include it the rest of the
// world is not spoken of.
func operatorSPF(s Server) string {
	var b strings.Builder
	b.WriteString("v=spf1")
	for _, ip := range s.IPs {
		kind := " ip6:"
		if ip = ip.Unmap(); ip.Is4() {
			kind = " ip4:"
		}
		b.WriteString(kind + ip.String())
	}
	if len(s.IPs) == 0 {
		b.WriteString(" a:" + s.Hostname)
	}
	b.WriteString(" ?all")
	return b.String()
}
