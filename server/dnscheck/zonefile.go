package dnscheck

import (
	"fmt"
	"strings"
)

// zoneTTL is the TTL of records in a zone file, in seconds: short enough that a mistake is soon mended.
const zoneTTL = 3600

// maxString is how many octets a string of a TXT record holds (RFC 1035, 3.3.14).
const maxString = 255

// ZoneFile writes records in the form of RFC 1035, 5, as BIND and most providers read it: absolute names, and before each record
// a comment that says why. Alternatives are not written. Whatever a record holds, it stays within its line.
func ZoneFile(records []Record) string {
	var b strings.Builder
	for i, r := range records {
		if i > 0 {
			b.WriteByte('\n')
		}
		need := "recommended"
		if r.Required {
			need = "required"
		}
		fmt.Fprintf(&b, "; %s (%s): %s\n", oneLine(r.Purpose), need, oneLine(r.Why))
		fmt.Fprintf(&b, "%s %d IN %s %s\n", zoneName(r.Name), zoneTTL, oneLine(r.Type), zoneValue(r))
	}
	return b.String()
}

func zoneValue(r Record) string {
	switch r.Type {
	case "TXT":
		return zoneText(r.Value)
	case "A", "AAAA":
		return oneLine(r.Value)
	case "MX":
		return fmt.Sprintf("%d %s", r.Priority, zoneName(r.Value))
	case "SRV":
		return fmt.Sprintf("%d %d %d %s", r.Priority, r.Weight, r.Port, zoneName(r.Value))
	}
	return zoneName(r.Value)
}

// zoneText writes a text as quoted strings (RFC 1035, 5.1).
func zoneText(s string) string {
	var b strings.Builder
	for first := true; first || s != ""; first = false {
		if !first {
			b.WriteByte(' ')
		}
		part := s[:min(len(s), maxString)]
		s = s[len(part):]
		b.WriteByte('"')
		for i := range len(part) {
			switch c := part[i]; {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ' || c > '~':
				fmt.Fprintf(&b, `\%03d`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}

// zoneName writes an absolute name; what has a meaning in a zone file is escaped.
func zoneName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isAlnum(c) || strings.IndexByte("-_.*", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	if !strings.HasSuffix(s, ".") {
		b.WriteByte('.')
	}
	return b.String()
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// oneLine makes printable ASCII of a text, without ends of lines.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return ' '
		}
		return c
	}, s)
}
