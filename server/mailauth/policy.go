package mailauth

import (
	"context"
	"strconv"
	"strings"

	"github.com/postroom/postroom/server/resolver"
)

// published is what a domain says about its mail (RFC 7489, 6.3), or that it says nothing.
type published struct {
	result Result // "" if there is a policy
	reason string

	domain     string // which has the record
	policy     Disposition
	subdomains Disposition // sp=, "" if it is not there
	percent    int
	strictDKIM bool
	strictSPF  bool
}

// policy finds the policy for an author's domain (RFC 7489, 6.6.3): its own, or that of its organizational domain.
func (v *Verifier) policy(ctx context.Context, domain string) published {
	p, found := v.record(ctx, domain)
	if above := organization(domain); !found && above != domain {
		p, _ = v.record(ctx, above)
	}
	return p
}

// record reads the record of one domain; false if it has none.
func (v *Verifier) record(ctx context.Context, domain string) (published, bool) {
	texts, err := v.resolver.TXT(ctx, "_dmarc."+domain)
	if resolver.IsTemporary(err) {
		return published{result: TempError, reason: "the policy could not be looked up"}, true
	}
	var records []string
	for _, text := range texts.Records {
		if isDMARC(text) {
			records = append(records, text)
		}
	}
	switch len(records) {
	case 0:
		return published{result: None, reason: "there is no policy"}, false
	case 1:
		p, ok := parsePolicy(records[0])
		if !ok {
			p = published{result: PermError, reason: "the policy is malformed"}
		}
		p.domain = domain
		return p, true
	}
	return published{result: PermError, reason: "there is more than one policy", domain: domain}, true
}

// isDMARC reports whether a text begins as a DMARC record; all others are passed over.
func isDMARC(text string) bool {
	first, _, _ := strings.Cut(text, ";")
	name, value, _ := strings.Cut(first, "=")
	return strings.TrimRight(name, " \t") == "v" && strings.Trim(value, " \t") == "DMARC1"
}

// parsePolicy reads a record. What is wrong in other tags than p and sp is passed over, and their defaults hold (RFC 7489,
// 6.3); a record whose policy cannot be read counts only if it asks for reports, and as one that asks for nothing else (6.6.3).
func parsePolicy(text string) (published, bool) {
	t, _ := parseTags(text)
	p := published{
		percent:    100,
		strictDKIM: strings.EqualFold(t.value("adkim", "r"), "s"),
		strictSPF:  strings.EqualFold(t.value("aspf", "r"), "s"),
	}
	if n, err := strconv.ParseUint(t.value("pct", "100"), 10, 8); err == nil && n <= 100 {
		p.percent = int(n)
	}
	var valid, validBelow bool
	p.policy, valid = disposition(t.value("p", "?"))
	p.subdomains, validBelow = disposition(t.value("sp", ""))
	if valid && validBelow && p.policy != "" {
		return p, true
	}
	p.policy, p.subdomains = NoAction, ""
	return p, strings.Contains(strings.ToLower(t.value("rua", "")), "mailto:")
}

// disposition reads a policy; "" is none at all.
func disposition(s string) (Disposition, bool) {
	switch d := Disposition(strings.ToLower(s)); d {
	case "", NoAction, Quarantine, Reject:
		return d, true
	}
	return "", false
}

// asks is what the record asks for, for an author's domain.
func (p published) asks(author string) Disposition {
	if p.domain != author && p.subdomains != "" {
		return p.subdomains
	}
	return p.policy
}
