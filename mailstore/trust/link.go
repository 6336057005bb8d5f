package trust

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/postroom/postroom/mailstore/sight"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	maxTarget = 2000 // octets of a link's target that are given
	maxHost   = 255  // octets; a longer one is none
)

// Link is a link of a message with what it shows and where it leads.
type Link struct {
	Where        Where
	Text         string // what is shown, on one line; of a link in plain text the target
	Target       string // as written, without white space around it; cut
	Scheme       string // lower case: "https", "mailto", "javascript"; "" of one that is relative to nothing
	Host         string // lower case with A-labels, or an IP address; of mailto the address's domain
	Unicode      string // Host with U-labels, if that is another
	Claims       string // the host that the text names, with A-labels
	Differs      bool   // the text names a host, and the link leads to another registrable domain
	MixedScripts bool   // a label of the host has letters of scripts that are not written together
	Credentials  bool   // the target has something before "@" that may look like its host
	Form         bool   // it sends a form
	Hidden       bool   // nothing of it is shown
	Times        int    // how often it is there
}

// linkList gathers links, each once, at most MaxLinks.
type linkList struct {
	list    []Link
	places  map[linkKey]int
	targets map[string]bool // what HTML links to, and the addresses that it shows as links
	more    bool
}

// linkKey is what makes two links one.
type linkKey struct {
	where              Where
	text, target, base string
}

// html adds a link of a document.
func (l *linkList) html(found sight.Link) {
	link := Link{Where: InHTML, Text: found.Text, Form: found.Form, Hidden: found.Hidden}
	key := linkKey{InHTML, found.Text, found.Target, found.Base}
	if !l.isNew(key, link.Hidden) {
		return
	}
	link.lead(found.Target, found.Base)
	link.Claims = claimedHost(found.Text)
	leads := found.Base != "" || link.Target != "" && link.Target[0] != '#' // out of the message
	link.Differs = leads && link.Claims != "" && registrable(link.Claims) != registrable(link.Host)
	l.add(key, link)
	l.see(link.Target)
	for field := range strings.FieldsSeq(found.Text) {
		l.see(plainTarget(field))
	}
}

// text adds the links that mail clients make of plain text, but for those that are links of the HTML.
func (l *linkList) text(s string, where Where) {
	for field := range strings.FieldsSeq(s) {
		target := plainTarget(field)
		if target == "" || l.targets[target] {
			continue
		}
		link := Link{Where: where, Text: cut(target, maxTarget)}
		key := linkKey{where: where, text: link.Text}
		if !l.isNew(key, false) {
			continue
		}
		if strings.Contains(target, "://") {
			link.lead(target, "")
		} else {
			link.lead("http://"+target, "")
			link.Target = link.Text
		}
		l.add(key, link)
	}
}

// isNew tells whether a link is to be added: it is not there yet, where it is counted, and there is room.
func (l *linkList) isNew(key linkKey, hidden bool) bool {
	if i, known := l.places[key]; known {
		l.list[i].Times++
		l.list[i].Hidden = l.list[i].Hidden && hidden
		return false
	}
	l.more = l.more || len(l.list) == MaxLinks
	return len(l.list) < MaxLinks
}

func (l *linkList) add(key linkKey, link Link) {
	link.Times = 1
	if l.places == nil {
		l.places = map[linkKey]int{}
	}
	l.places[key] = len(l.list)
	l.list = append(l.list, link)
}

func (l *linkList) see(target string) {
	if l.targets == nil {
		l.targets = map[string]bool{}
	}
	l.targets[target] = true
}

// plainTarget gives the address that a word of plain text is or holds, as mail clients find it, or "".
func plainTarget(word string) string {
	at := strings.Index(word, "://")
	if at > 0 {
		start := at
		for start > 0 && isSchemeLetter(word[start-1]) {
			start--
		}
		word = word[start:]
		if start == at {
			return ""
		}
	} else if at = strings.Index(strings.ToLower(word), "www."); at >= 0 {
		word = word[at:]
	} else {
		return ""
	}
	if end := strings.IndexAny(word, "<>\"`|^"); end >= 0 {
		word = word[:end]
	}
	word = strings.TrimRight(word, ".,;:!?'*_~")
	for extra := strings.Count(word, ")") - strings.Count(word, "("); extra > 0 && strings.HasSuffix(word, ")"); extra-- {
		word = strings.TrimRight(word[:len(word)-1], ".,;:!?'")
	}
	return strings.TrimSuffix(word, "]")
}

func isSchemeLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// lead says where a target leads, as browsers read it (URL standard, 4.4).
func (l *Link) lead(target, base string) {
	target = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, strings.TrimFunc(strings.ToValidUTF8(target, "\uFFFD"), func(r rune) bool { return r <= ' ' }))
	l.Target = cut(target, maxTarget)
	scheme, rest := splitScheme(target)
	switch {
	case scheme != "":
		l.Scheme = scheme
	case base != "":
		var b Link
		b.lead(base, "")
		if l.Scheme = b.Scheme; !isSpecial(b.Scheme) {
			return
		}
		if !strings.HasPrefix(strings.ReplaceAll(rest, `\`, "/"), "//") {
			l.Host, l.Unicode, l.MixedScripts = b.Host, b.Unicode, b.MixedScripts
			return
		}
	default:
		if !strings.HasPrefix(strings.ReplaceAll(rest[:min(len(rest), 2)], `\`, "/"), "//") {
			return
		}
	}
	switch {
	case l.Scheme == "mailto":
		address, _, _ := strings.Cut(rest, "?")
		if a, err := url.PathUnescape(address); err == nil {
			address = a
		}
		address, _, _ = strings.Cut(address, ",")
		l.host(address[strings.LastIndexByte(address, '@')+1:])
	case isSpecial(l.Scheme) || l.Scheme == "":
		l.authority(strings.TrimLeft(rest, `/\`))
	case strings.HasPrefix(rest, "//"):
		l.authority(rest[2:])
	}
}

// authority takes what stands behind the slashes.
func (l *Link) authority(rest string) {
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		rest = rest[:end]
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		l.Credentials, rest = true, rest[at+1:]
	}
	if !strings.HasPrefix(rest, "[") {
		rest, _, _ = strings.Cut(rest, ":")
	} else if end := strings.IndexByte(rest, ']'); end > 0 {
		rest = rest[1:end]
	}
	l.host(rest)
}

func (l *Link) host(written string) {
	if h, err := url.PathUnescape(written); err == nil {
		written = h
	}
	var u string
	l.Host, u = hostForms(written)
	if u != l.Host {
		l.Unicode = u
	}
	l.MixedScripts = mixesScripts(u)
}

// hostForms gives a host with A-labels and with U-labels, lower case, without a dot at its end; numbers become the IP
// address that browsers take them for. A host that cannot be one stays as it is.
func hostForms(written string) (ascii, u string) {
	written = strings.TrimSuffix(strings.Map(inHost, strings.TrimSpace(strings.ToValidUTF8(written, "\uFFFD"))), ".")
	if len(written) > maxHost {
		return "", ""
	}
	ascii, err := hosts.ToASCII(written)
	if err != nil {
		return strings.ToLower(written), strings.ToLower(written)
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if ip, ok := address(ascii); ok {
		return ip, ip
	}
	if u, err = hosts.ToUnicode(ascii); err != nil {
		u = ascii
	}
	return ascii, u
}

// inHost replaces what no host has, and what would spoil the line of who shows it.
func inHost(r rune) rune {
	if unicode.IsControl(r) || unicode.IsSpace(r) {
		return '\uFFFD'
	}
	return r
}

// hosts maps as browsers do (UTS 46, non-transitional).
var hosts = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.VerifyDNSLength(false))

// address reads an IP address, of version 4 in all the ways that browsers take (URL standard, 3.5).
func address(s string) (string, bool) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.String(), true
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return "", false
	}
	var ip uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil || strings.Contains(part, "_") {
			return "", false
		}
		if last := i == len(parts)-1; !last && n > 255 || last && n >= 1<<(8*(5-len(parts))) {
			return "", false
		} else if last {
			ip |= n
		} else {
			ip |= n << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}).String(), true
}

// splitScheme gives a target's scheme, lower case, and what is behind its colon.
func splitScheme(target string) (scheme, rest string) {
	for i := 0; i < len(target) && i < 40; i++ {
		switch c := target[i]; {
		case isSchemeLetter(c), i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		case c == ':' && i > 0:
			return strings.ToLower(target[:i]), target[i+1:]
		default:
			return "", target
		}
	}
	return "", target
}

// isSpecial tells of the schemes whose slashes browsers do not insist on.
func isSpecial(scheme string) bool {
	switch scheme {
	case "http", "https", "ftp", "ws", "wss":
		return true
	}
	return false
}

// Misleads tells whether the text of a link names a host, and its target leads to another registrable domain. Links that
// are counted do so too.
func Misleads(text, target string) bool {
	var link Link
	link.lead(target, "")
	claimed := claimedHost(text)
	return claimed != "" && registrable(claimed) != registrable(link.Host)
}

// registrable is the part of a host that somebody has registered, or the host itself.
func registrable(host string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return d
	}
	return host
}

// fileEndings are top-level domains that more often end the name of a file.
var fileEndings = map[string]bool{"md": true, "sh": true, "rs": true, "py": true, "zip": true, "mov": true, "pl": true, "so": true, "cc": true, "ps": true}

// claimedHost gives the first host that a text names, with A-labels: of an address, or something like "paypal.com". "" is
// none.
func claimedHost(text string) string {
	const most = 100 // words that are looked at
	n := 0
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("<>()[]{}\"'“”‘’«»|,;*", r)
	}) {
		if n++; n > most {
			break
		}
		if host := hostIn(word); host != "" {
			return host
		}
	}
	return ""
}

func hostIn(word string) string {
	_, after, whole := strings.Cut(word, "://")
	if !whole {
		after = word
	}
	named := whole || strings.Contains(after, "@") || strings.HasPrefix(strings.ToLower(after), "www.") // for sure
	plain := named || strings.Contains(after, "/")
	if end := strings.IndexAny(after, `/\?#`); end >= 0 {
		after = after[:end]
	}
	after = after[strings.LastIndexByte(after, '@')+1:]
	after, _, _ = strings.Cut(after, ":")
	after = strings.Trim(after, ".!…-_")
	if len(after) > maxHost {
		return ""
	}
	host, _ := hostForms(after)
	last := strings.LastIndexByte(host, '.')
	if last <= 0 || strings.ContainsFunc(host, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r > 'z' || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) {
		return ""
	}
	if _, err := netip.ParseAddr(host); err == nil {
		if whole { // or "10/100" would be one
			return host
		}
		return ""
	}
	suffix, known := publicsuffix.PublicSuffix(host)
	if !named && !known && !strings.Contains(suffix, ".") || suffix == host || !plain && fileEndings[host[last+1:]] {
		return ""
	}
	return host
}

// mixesScripts tells whether a label of a host has letters of scripts that are not written together
// (UTS 39, 5.1 and 5.2, "highly restrictive").
func mixesScripts(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		found := map[string]bool{}
		for _, r := range label {
			if name := scriptOf(r); name != "" {
				found[name] = true
			}
		}
		if len(found) > 1 && !within(found, "Latin", "Han", "Hiragana", "Katakana") && !within(found, "Latin", "Han", "Bopomofo") && !within(found, "Latin", "Han", "Hangul") {
			return true
		}
	}
	return false
}

// scriptOf is the script of a letter, "" of what all scripts share.
func scriptOf(r rune) string {
	switch {
	case r < 0x80:
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	case unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "Unknown"
}

func within(found map[string]bool, allowed ...string) bool {
	n := 0
	for _, name := range allowed {
		if found[name] {
			n++
		}
	}
	return n == len(found)
}

// cut cuts s to at most limit octets, between characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}
