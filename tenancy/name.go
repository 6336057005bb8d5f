package tenancy

import (
	"encoding/json"
	"maps"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Sizes in octets.
const (
	maxLocal  = 64  // RFC 5321, 4.5.3.1.1
	maxDomain = 253 // RFC 1035 2.3.4, without the root
	maxLabel  = 63
)

// MaxClaim is how long a domain may be that is claimed by others than an operator, in octets: the names of the records that prove it have to
// fit into the DNS.
const MaxClaim = 230

// address is a mail address taken apart.
type address struct {
	local  string // folded
	domain string // A-labels, lower case
}

// parseDomain gives the domain's A-labels in lower case (UTS 46, Lookup), or the reason why it is none.
func parseDomain(s string) (name, reason string) {
	switch {
	case s == "":
		return "", "A domain is needed, such as example.com."
	case len(s) > 4*maxDomain:
		return "", "A domain has at most 253 characters."
	case !utf8.ValidString(s):
		return "", "The domain is not valid UTF-8."
	case strings.Contains(s, "*"):
		return "", "Wildcards are not domains; name the domain itself."
	case strings.HasSuffix(s, "."):
		return "", "Write the domain without the dot at its end."
	case isIPLiteral(s):
		return "", "An IP address is not a domain."
	}
	name, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", "This is not a domain name: labels are letters, digits and hyphens, with dots between them."
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel {
			return "", "Each label of a domain has 1 to 63 characters."
		}
	}
	switch {
	case len(name) > maxDomain:
		return "", "A domain has at most 253 characters."
	case len(labels) < 2:
		return "", "A domain needs at least two labels, such as example.com."
	case strings.Trim(labels[len(labels)-1], "0123456789") == "":
		return "", "The last label of a domain is not a number."
	}
	return name, ""
}

func isIPLiteral(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil || strings.HasPrefix(s, "[")
}

// parseUsername gives the folded local part of an address that is to be made, or the reason why it cannot be one. It is a
// dot-string (RFC 5321, 4.1.2), which may hold UTF-8 (RFC 6531, 3.3), without the + that begins a suffix.
func parseUsername(s string) (local, reason string) {
	if s == "" {
		return "", "A username is needed: what stands before the @."
	}
	if len(s) > 4*maxLocal || !utf8.ValidString(s) {
		return "", "A username is at most 64 octets of UTF-8."
	}
	local = fold(s)
	switch {
	case len(local) > maxLocal:
		return "", "A username is at most 64 octets of UTF-8."
	case strings.Contains(local, "+"):
		return "", "A username has no +: what follows it in an address is a suffix that every inbox receives."
	case !isDotString(local):
		return "", "A username is letters, digits and !#$%&'*-/=?^_`{|}~, with single dots between them."
	}
	return local, ""
}

// anyUsername is how many characters of 5 random bits a made-up user name has.
const anyUsername = 10

// AnyUsername makes a user name up for an inbox that nobody named.
func AnyUsername() string { return randomText(anyUsername)[:anyUsername] }

// fold makes local parts comparable: normal form C (RFC 6532, 3.1), lower case.
func fold(local string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(local)))
}

func isDotString(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return true
}

// isAtext reports whether r may stand in an atom. Of what is not ASCII, that is what can be seen: no spaces, controls,
// format characters or private ones.
func isAtext(r rune) bool {
	if r >= utf8.RuneSelf {
		return r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r)
	}
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// parseAddress takes apart an address that somebody names. ok is false for what can be nobody's.
func parseAddress(s string) (a address, ok bool) {
	local, domain, ok := splitAddress(s)
	if !ok {
		return address{}, false
	}
	name, reason := parseDomain(domain)
	return address{fold(local), name}, reason == ""
}

// splitAddress parts local@domain at the last @ and takes the quotes from a quoted local part (RFC 5321, 4.1.2).
func splitAddress(s string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 4*(maxLocal+maxDomain) || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", "", false
	}
	local, domain = s[:at], s[at+1:]
	if strings.HasPrefix(local, `"`) {
		if local, ok = unquote(local); !ok {
			return "", "", false
		}
	}
	return local, domain, local != ""
}

func unquote(s string) (string, bool) {
	if len(s) < 2 || !strings.HasSuffix(s, `"`) {
		return "", false
	}
	var b strings.Builder
	for inner := s[1 : len(s)-1]; inner != ""; {
		if inner[0] == '"' || inner == `\` {
			return "", false
		}
		if inner[0] == '\\' {
			inner = inner[1:]
		}
		_, n := utf8.DecodeRuneInString(inner)
		b.WriteString(inner[:n])
		inner = inner[n:]
	}
	return b.String(), true
}

// String is the address as it is written, with quotes where the local part needs them.
func (a address) String() string {
	if isDotString(a.local) {
		return a.local + "@" + a.domain
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.local) + `"@` + a.domain
}

// checkName checks the name of a workspace or a key.
func (p *problems) checkName(path, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		p.add(path, "A name is needed, of 1 to %d characters.", MaxName)
	case !isLine(name) || utf8.RuneCountInString(name) > MaxName:
		p.add(path, "A name is 1 to %d characters of UTF-8 without control characters.", MaxName)
	}
}

func (p *problems) checkDisplayName(path, name string) {
	if !isLine(name) || utf8.RuneCountInString(name) > MaxDisplayName {
		p.add(path, "A display name is at most %d characters of UTF-8 without control characters.", MaxDisplayName)
	}
}

// isLine reports whether s is text that fits on one line of a header.
func isLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// checkMetadata gives the metadata's JSON, "{}" for nil.
func (p *problems) checkMetadata(path string, m map[string]any) string {
	if len(m) == 0 {
		return "{}"
	}
	text, err := json.Marshal(m)
	switch {
	case err != nil:
		p.add(path, "Metadata must be a JSON object.")
	case len(text) > MaxMetadata:
		p.add(path, "Metadata is at most %d octets of JSON; this is %d.", MaxMetadata, len(text))
	}
	return string(text)
}

// merged is metadata after a change: by name, a value replaces what is there, nil removes it.
func merged(now, change map[string]any) map[string]any {
	out := maps.Clone(now)
	if out == nil {
		out = map[string]any{}
	}
	for name, value := range change {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

func parseMetadata(text string) (map[string]any, error) {
	m := map[string]any{}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber() // large integers come back as they went in
	err := d.Decode(&m)
	return m, err
}
