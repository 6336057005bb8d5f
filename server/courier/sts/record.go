package sts

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrInvalidRecord is an announcement that cannot be read: such a domain counts as one without (RFC 8461, 3.1).
var ErrInvalidRecord = errors.New("not an announcement of MTA-STS")

// errNoRecord is a domain that announces no policy.
var errNoRecord = errors.New("no policy is announced")

const recordVersion = "v=STSv1"

// ParseRecords reads what a domain has in its TXT records at _mta-sts: the id of its policy. Records of other kinds are
// passed over; two announcements are none. An error wraps ErrInvalidRecord, or says that there is no announcement.
func ParseRecords(texts []string) (id string, err error) {
	announcement := ""
	for _, text := range texts {
		if !isRecord(text) {
			continue
		}
		if announcement != "" {
			return "", fmt.Errorf("%w: there are several", ErrInvalidRecord)
		}
		announcement = text
	}
	if announcement == "" {
		return "", errNoRecord
	}
	return ParseRecord(announcement)
}

// isRecord reports whether a text is meant as an announcement: the version and a semicolon.
func isRecord(text string) bool {
	rest, ok := strings.CutPrefix(text, recordVersion)
	return ok && strings.HasPrefix(strings.TrimLeft(rest, " \t"), ";")
}

// ParseRecord reads one announcement and gives the id of the policy (RFC 8461, 3.1, sts-text-record). Keys that it does not
// know are passed over; of two ids the first counts. An error wraps ErrInvalidRecord.
func ParseRecord(text string) (id string, err error) {
	if !isRecord(text) {
		return "", fmt.Errorf("%w: it does not begin with %s;", ErrInvalidRecord, recordVersion)
	}
	_, text, _ = strings.Cut(text, ";")
	for more := true; more; {
		var part string
		part, text, more = strings.Cut(text, ";")
		part = strings.TrimLeft(part, " \t")
		if more {
			part = strings.TrimRight(part, " \t")
		} else if part == "" { // behind the last semicolon
			break
		}
		key, value, _ := strings.Cut(part, "=")
		switch {
		case !isKey(key) || !isValue(value):
			return "", fmt.Errorf("%w: a field is not a key, an equals sign and a value", ErrInvalidRecord)
		case key == "id" && !isID(value):
			return "", fmt.Errorf("%w: the id is not 1 to %d letters and digits", ErrInvalidRecord, maxID)
		case key == "id" && id == "":
			id = value
		}
	}
	if id == "" {
		return "", fmt.Errorf("%w: it has no id", ErrInvalidRecord)
	}
	return id, nil
}

// Lengths of an id and of a key, in octets (RFC 8461, 3.1 and 3.2).
const (
	maxID  = 32
	maxKey = 32
)

func isID(s string) bool {
	return s != "" && len(s) <= maxID && !strings.ContainsFunc(s, func(c rune) bool { return !isAlnum(c) })
}

func isKey(s string) bool {
	return s != "" && len(s) <= maxKey && isAlnum(rune(s[0])) &&
		!strings.ContainsFunc(s, func(c rune) bool { return !isAlnum(c) && c != '_' && c != '-' && c != '.' })
}

func isValue(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '=' || c == ';' })
}

func isAlnum(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// Lengths of a name, in octets (RFC 1035, 2.3.4).
const (
	maxDomain = 253
	maxLabel  = 63
)

// canonicalDomain checks a domain (RFC 5321, 4.1.2, Domain) and gives it in lower case without a dot at its end.
func canonicalDomain(s string) (domain string, ok bool) {
	s = strings.TrimSuffix(s, ".")
	if len(s) > maxDomain {
		return "", false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(c rune) bool { return !isAlnum(c) && c != '-' }) {
			return "", false
		}
	}
	_, err := netip.ParseAddr(s)
	return strings.ToLower(s), err != nil
}
