package mailauth

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
)

var errRecord = errors.New("the record is malformed")

// isSPF reports whether a text is an SPF record (RFC 7208, 4.5).
func isSPF(record string) bool {
	version, _, _ := strings.Cut(record, " ")
	return strings.EqualFold(version, "v=spf1")
}

// The grammar of a record (RFC 7208, 12).
var (
	spfExpand   = `%\{[slodiphcrtvSLODIPHCRTV](?:[1-9][0-9]*)?[rR]?[-.+,/_=]*\}|%%|%_|%-`
	spfText     = regexp.MustCompile(`^(?:` + spfExpand + `|[!-$&-~])*$`)
	spfTail     = regexp.MustCompile(`(?:` + spfExpand + `)$`)
	spfTopLabel = regexp.MustCompile(`\.(?:[0-9A-Za-z]*[A-Za-z][0-9A-Za-z]*|[0-9A-Za-z]+-[-0-9A-Za-z]*[0-9A-Za-z])\.?$`)
	spfModifier = regexp.MustCompile(`^([A-Za-z][-A-Za-z0-9_.]*)=(.*)$`)
	spfDual     = regexp.MustCompile(`^(.*?)(/(?:0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?$`)
)

// validSPF reports whether all of a record is well-formed.
func validSPF(record string) bool {
	seen := map[string]bool{}
	for _, term := range strings.Split(record, " ")[1:] {
		if term == "" {
			continue
		}
		if m := spfModifier.FindStringSubmatch(term); m != nil {
			name := strings.ToLower(m[1])
			known := name == "redirect" || name == "exp"
			if known && (seen[name] || !isDomainSpec(m[2])) || !spfText.MatchString(m[2]) {
				return false
			}
			seen[name] = true
		} else if !validMechanism(strings.TrimLeft(term[:1], "+-~?") + term[1:]) {
			return false
		}
	}
	return true
}

func validMechanism(term string) bool {
	end := strings.IndexAny(term, ":/")
	if end < 0 {
		end = len(term)
	}
	rest := term[end:]
	switch strings.ToLower(term[:end]) {
	case "all":
		return rest == ""
	case "include", "exists":
		return rest != "" && rest[0] == ':' && isDomainSpec(rest[1:])
	case "ptr":
		return rest == "" || rest[0] == ':' && isDomainSpec(rest[1:])
	case "a", "mx":
		return validHosts(rest)
	case "ip4":
		return rest != "" && rest[0] == ':' && isNetwork(rest[1:], true)
	case "ip6":
		return rest != "" && rest[0] == ':' && isNetwork(rest[1:], false)
	}
	return false
}

// validHosts reads what follows a and mx: a domain, and the lengths of prefixes.
func validHosts(rest string) bool {
	m := spfDual.FindStringSubmatch(rest)
	if m == nil {
		return false
	}
	four, six := m[2], m[3]
	if len(four) == 3 && four > "/32" || len(six) == 3 && six > "128" {
		return false
	}
	return m[1] == "" || m[1][0] == ':' && isDomainSpec(m[1][1:])
}

func isDomainSpec(s string) bool {
	return spfText.MatchString(s) && (spfTail.MatchString(s) || spfTopLabel.MatchString(s))
}

func isNetwork(s string, four bool) bool {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		return err == nil && a.Is4() == four && a.Zone() == ""
	}
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Addr().Is4() == four
}
