package health

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
)

// localNames are ends of names that mean something on one network only.
var localNames = []string{"localhost", "localdomain", "local", "internal", "lan", "home", "test", "invalid", "example"}

// IsLocalName reports whether a host name can mean nothing to others (RFC 6761, RFC 6762, and what routers make up).
func IsLocalName(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == name || slices.Contains(localNames, last) || strings.HasSuffix(name, "home.arpa")
}

// ehlo looks at the name itself: receivers refuse one that nobody can look up (RFC 5321, 4.1.4).
func (c *Check) ehlo(context.Context) []Finding {
	if IsLocalName(c.cfg.Hostname) {
		return one("ehlo", Error, c.cfg.Hostname+" means nothing to other servers", "Set hostname to a name that the DNS has, such as mail.example.com, and start the server anew.")
	}
	return one("ehlo", OK, c.cfg.Hostname, "")
}

func (c *Check) resolver(ctx context.Context) []Finding {
	validates, err := c.cfg.Names(ctx)
	switch {
	case err != nil:
		return one("resolver", Error, "names cannot be looked up: "+err.Error(), "Look at the name servers in /etc/resolv.conf, or name others in dns.servers: without them no mail leaves and no sender is known.")
	case !validates:
		return one("resolver", Warning, "answers, not validated with DNSSEC", "Run a resolver on this machine that validates, such as unbound, and name it in dns.servers: the answers of one elsewhere can be changed on the way.")
	}
	return one("resolver", OK, "answers, validated with DNSSEC", "")
}

// host tells of the server's name and addresses.
func (c *Check) host(ctx context.Context) []Finding {
	r, err := c.cfg.Host(ctx)
	if err != nil {
		return one("hostname", Unknown, "the DNS was not asked: "+err.Error(), "")
	}
	f := Finding{"hostname", graveness(r.Status), r.Hostname + " leads to " + listed(r.Found), r.Advice}
	list := []Finding{c.owned(r, f)}
	for _, a := range r.Addresses {
		list = append(list, Finding{"ptr/" + a.IP.String(), graveness(a.Status), a.IP.String() + " is called " + listed(a.Names), a.Advice})
	}
	return list
}

// owned compares the name's addresses with those that the machine has, where nobody has said which are the server's.
func (c *Check) owned(r dnscheck.HostReport, f Finding) Finding {
	if f.Status != OK || c.cfg.Own == nil {
		return f
	}
	own, err := c.cfg.Own()
	if err != nil {
		return f
	}
	public := false
	for _, ip := range own {
		if slices.Contains(r.Found, ip.String()) {
			return f
		}
		public = public || resolver.IsPublic(ip)
	}
	if public {
		return Finding{f.Name, Error, f.Found + ", which this machine does not have", "Correct the A and AAAA records of " + r.Hostname + ", or name the addresses that mail leaves from in domains.addresses."}
	}
	return Finding{f.Name, Warning, f.Found + "; this machine has only private addresses", "If it is behind a router that translates addresses, name those that others see in domains.addresses."}
}

// graveness is what a status in the DNS means for the server.
func graveness(s dnscheck.Status) Status {
	switch s {
	case dnscheck.OK:
		return OK
	case dnscheck.Failed:
		return Unknown
	case dnscheck.Propagating:
		return Warning
	}
	return Error
}

// listed is a few words of a list.
func listed(words []string) string {
	const most = 4
	switch {
	case len(words) == 0:
		return "nothing"
	case len(words) > most:
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	}
	return strings.Join(words, ", ")
}

// zone tells of what the operator's zone holds for all domains.
func (c *Check) zone(ctx context.Context) []Finding {
	r, lacking, err := c.cfg.Zone(ctx)
	if err != nil {
		return one("zone", Unknown, "it was not asked: "+err.Error(), "")
	}
	var list []Finding
	for _, f := range r.Findings {
		if f.Status != dnscheck.OK {
			list = append(list, Finding{"zone/" + f.Record.Name, graveness(f.Status), "the record is " + string(f.Status), f.Advice + publishAdvice(f.Status)})
		}
	}
	if lacking > 0 {
		list = append(list, Finding{"zone/keys", Error, fmt.Sprintf("%d verified domains lead to keys that are not there", lacking), "Receivers find no key for their mail." + publishAdvice(dnscheck.Missing)})
	}
	if len(list) == 0 {
		return one("zone", OK, "holds what domains lead to", "")
	}
	return list
}

// publishAdvice says how the records get into the zone.
func publishAdvice(s dnscheck.Status) string {
	if s == dnscheck.Failed || s == dnscheck.Propagating {
		return ""
	}
	return " 'postroom domain publish --operator' writes it where tls.dns_provider is set; 'postroom domain zone --operator' prints it for import."
}
