package sts

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrInvalidPolicy is what a host served instead of a policy.
var ErrInvalidPolicy = errors.New("not a policy of MTA-STS")

// MaxMaxAge is how long a policy may last (RFC 8461, 3.2).
const MaxMaxAge = 31_557_600 * time.Second

// Mode says what becomes of mail that cannot go as the policy wants.
type Mode uint8

const (
	None    Mode = iota // there is no policy, or one that says so
	Testing             // it goes all the same, and the domain may be told
	Enforce             // it must not go
)

// String is the mode's word in a policy.
func (m Mode) String() string { return [...]string{"none", "testing", "enforce"}[m] }

// Policy is a policy of MTA-STS. The zero Policy is that of a domain without one.
type Policy struct {
	ID        string // by which the domain announced it; "" if there is none
	Mode      Mode
	MX        []string // lower case; a first label "*" stands for any one label
	MaxAge    time.Duration
	FetchedAt time.Time

	// Failure says why no newer policy could be had: the DNS, the host, its certificate (a *tls.CertificateVerificationError in
	// the chain), ErrInvalidRecord or ErrInvalidPolicy. For reports (RFC 8460); the policy holds all the same.
	Failure error
}

// Matches reports whether the policy allows mail to go to a host, by the name from the MX record (RFC 8461, 4.1). That
// the host's certificate names it is to be checked besides.
func (p Policy) Matches(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	_, parent, _ := strings.Cut(host, ".")
	for _, pattern := range p.MX {
		if wild, ok := strings.CutPrefix(pattern, "*."); ok {
			if parent == wild && host[0] != '.' {
				return true
			}
		} else if host == pattern {
			return true
		}
	}
	return false
}

func (p Policy) expired(now time.Time) bool { return !now.Before(p.FetchedAt.Add(p.MaxAge)) }

// due reports whether it is time to fetch the policy anew, long before it expires. One from the future was fetched while the
// clock was wrong.
func (p Policy) due(now time.Time) bool {
	return now.Before(p.FetchedAt) || !now.Before(p.FetchedAt.Add(min(RefreshAge, p.MaxAge/2)))
}

// ParsePolicy reads a policy as a host serves it (RFC 8461, 3.2): Mode, MX and MaxAge are set. Keys it does not know are
// passed over; of a key that may occur once, the first counts. Lines end with LF or CRLF. Empty lines, which the grammar
// does not have, are suffered at the end. An error wraps ErrInvalidPolicy.
func ParsePolicy(body []byte) (Policy, error) {
	var p policyParser
	if err := p.parse(body); err != nil {
		return Policy{}, fmt.Errorf("%w: %w", ErrInvalidPolicy, err)
	}
	return p.policy, nil
}

type policyParser struct {
	policy                   Policy
	version, mode, hasMaxAge bool // were seen
}

func (p *policyParser) parse(body []byte) error {
	if len(body) > MaxPolicySize {
		return errors.New("it is too large")
	}
	if !utf8.Valid(body) {
		return errors.New("it is not UTF-8")
	}
	n := 0
	for line := range strings.Lines(trimLineEnds(string(body))) {
		n++
		key, value, err := field(line)
		if err == nil {
			err = p.take(key, value)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch {
	case !p.version:
		return errors.New("it has no version")
	case !p.mode:
		return errors.New("it has no mode")
	case !p.hasMaxAge:
		return errors.New("it has no max_age")
	case len(p.policy.MX) == 0 && p.policy.Mode != None:
		return errors.New("it has no mx")
	}
	return nil
}

func trimLineEnds(text string) string {
	for {
		trimmed, found := strings.CutSuffix(text, "\n")
		if !found {
			return text
		}
		text = strings.TrimSuffix(trimmed, "\r")
	}
}

// field reads a line: a key, a colon and a value, spaces around the value apart.
func field(line string) (key, value string, err error) {
	if cut, found := strings.CutSuffix(line, "\n"); found {
		line = strings.TrimSuffix(cut, "\r")
	}
	key, value, found := strings.Cut(line, ":")
	if !found || !isKey(key) {
		return "", "", errors.New("it has no key and colon")
	}
	value = strings.Trim(value, " \t")
	if value == "" {
		return "", "", errors.New("it has no value")
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", "", errors.New("it has a control character")
	}
	return key, value, nil
}

// take notes a field.
func (p *policyParser) take(key, value string) error {
	switch {
	case key == "version" && !p.version:
		p.version = true
		if value != "STSv1" {
			return errors.New("the version is another")
		}
	case key == "mode" && !p.mode:
		p.mode = true
		switch value {
		case "none":
			p.policy.Mode = None
		case "testing":
			p.policy.Mode = Testing
		case "enforce":
			p.policy.Mode = Enforce
		default:
			return errors.New("the mode is none that we know")
		}
	case key == "max_age" && !p.hasMaxAge:
		p.hasMaxAge = true
		seconds, err := strconv.ParseUint(value, 10, 64)
		if err != nil || len(value) > 10 || seconds > uint64(MaxMaxAge/time.Second) {
			return fmt.Errorf("max_age is not a number up to %d", MaxMaxAge/time.Second)
		}
		p.policy.MaxAge = time.Duration(seconds) * time.Second
	case key == "mx":
		domain, ok := canonicalDomain(strings.TrimPrefix(value, "*."))
		if !ok || strings.HasSuffix(value, ".") {
			return errors.New("mx is neither a host's name nor one with *. in front")
		}
		if strings.HasPrefix(value, "*.") {
			domain = "*." + domain
		}
		p.policy.MX = append(p.policy.MX, domain)
	}
	return nil
}
