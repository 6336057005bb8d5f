package dnscheck

import (
	"fmt"
	"slices"
	"strings"
)

// maxTags is how many tags of a record are read.
const maxTags = 100

// tags is a list of names and values as DKIM, DMARC, MTA-STS and TLS reports have it (RFC 6376, 3.2). Names are as they
// stand there; of equal names the first counts; white space around both is gone.
type tags map[string]string

// parseTags reads a list. What is no tag is passed over, but for ok: it is false if anything is.
func parseTags(text string) (list tags, ok bool) {
	list, ok = tags{}, true
	for part := range strings.SplitSeq(text, ";") {
		name, value, found := strings.Cut(part, "=")
		name = strings.Trim(name, space)
		switch _, known := list[name]; {
		case !found && name == "":
		case !found || known || name == "" || len(list) == maxTags:
			ok = false
		default:
			list[name] = strings.Trim(value, space)
		}
	}
	return list, ok
}

const space = " \t\r\n"

// value gives a tag without any white space, or what holds where there is none.
func (t tags) value(name, otherwise string) string {
	if v, ok := t[name]; ok {
		return strings.Join(strings.Fields(v), "")
	}
	return otherwise
}

// plain takes away what a text has because somebody copied the quotes of a zone file into a form: `"a" "b"` is ab.
func plain(text string) (string, bool) {
	trimmed := strings.Trim(text, space)
	if len(trimmed) < 2 || trimmed[0] != '"' || trimmed[len(trimmed)-1] != '"' {
		return text, false
	}
	var b strings.Builder
	inside := false
	for i := range len(trimmed) {
		if c := trimmed[i]; c == '"' {
			inside = !inside
		} else if inside {
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

const quoteAdvice = "Take the quotes away: they have become a part of the text."

// compareOwnership wants the token among the texts.
func compareOwnership(texts []string, want string) verdict {
	if len(texts) == 0 {
		return verdict{status: Missing}
	}
	one := different(bounded(texts), "Add the text given here: what is there is something else.")
	for _, text := range texts {
		if strings.TrimSpace(text) == want {
			return verdict{status: OK, found: bounded([]string{text})}
		}
		if unquoted, quoted := plain(text); quoted && strings.TrimSpace(unquoted) == want {
			one.advice = quoteAdvice
		} else if strings.HasPrefix(text, ownPrefix) {
			one.advice = "Replace the text by the one given here: it is of another claim."
		}
	}
	return one
}

// pick gives the texts that are meant as a record of one kind. Of others there may be any number beside it.
func pick(texts []string, is func(text string) bool) (own []string, quoted bool) {
	for _, text := range texts {
		if is(text) {
			own = append(own, text)
		} else if unquoted, was := plain(text); was && is(unquoted) {
			quoted = true
		}
	}
	return own, quoted
}

// only gives the one record of a kind, or the verdict on none or several.
func only(texts []string, kind string, is func(text string) bool) (string, verdict) {
	own, quoted := pick(texts, is)
	switch {
	case len(own) == 1:
		return own[0], verdict{}
	case len(own) > 1:
		return "", different(bounded(own), fmt.Sprintf("Leave only one %s record: with %d of them receivers use none.", kind, len(own)))
	case quoted:
		return "", different(bounded(texts), quoteAdvice)
	case len(texts) > 0:
		return "", verdict{status: Missing, found: bounded(texts)}
	}
	return "", verdict{status: Missing}
}

// isKey reports whether a text is meant as a DKIM key (RFC 6376, 3.6.1).
func isKey(text string) bool {
	t, _ := parseTags(text)
	_, has := t["p"]
	return has && t.value("v", "DKIM1") == "DKIM1"
}

// judgeDKIM compares a key, and knows the name in the operator's zone.
func (k *check) judgeDKIM(v statement, r Record) verdict {
	want, target := r, ""
	if r.Type == "CNAME" {
		want, target = *r.Alternative, r.Value
	} else if r.Alternative != nil {
		target = r.Alternative.Value
	}
	one := compareDKIM(v.texts(), want.Value)
	switch {
	case one.status != OK && target != "" && slices.Contains(v.chain, target):
		one.status, one.ours, one.advice = Different, true, "The CNAME record is right; the key is not at "+target+" yet: the operator of this server puts it there once the domain is verified."
	case one.status == Missing && len(v.chain) > 0:
		one.status, one.advice = Different, "The CNAME record leads to a name that has no key: let it lead to "+target+"."
		if target == "" {
			one.advice = "The CNAME record leads to a name that has no key: replace it by a TXT record with the text given here."
		}
	}
	return withAlias(v, one)
}

// compareDKIM compares the keys at a name with the one that should be there.
func compareDKIM(texts []string, want string) verdict {
	text, other := only(texts, "DKIM", isKey)
	if text == "" {
		return other
	}
	is, should := tagsOf(text), tagsOf(want)
	kind := func(t tags) string { return strings.ToLower(t.value("k", "rsa")) }
	one := different(bounded([]string{text}), "")
	switch p := is.value("p", ""); {
	case p == "":
		one.advice = "The key is revoked (p= is empty): replace the text by the one given here."
	case p != should.value("p", "") && strings.HasPrefix(should.value("p", ""), p):
		one.advice = "The key is cut short: paste the whole text given here, in parts of 255 characters if the form takes no more."
	case p != should.value("p", ""):
		one.advice = "This is another key: replace the text by the one given here."
	case kind(is) != kind(should):
		one.advice = "The key is marked for another algorithm: replace the text by the one given here."
	case !hasWord(is.value("h", "sha256"), "sha256"):
		one.advice = "The key is marked for another hash: take h= away."
	case !hasWord(is.value("s", "*"), "*") && !hasWord(is.value("s", "*"), "email"):
		one.advice = "The key is marked as not for mail: take s= away."
	default:
		one.status = OK
		if hasWord(is.value("t", ""), "y") {
			one.advice = "The key is marked as a test (t=y): take t= away once mail is signed well."
		}
	}
	return one
}

func tagsOf(text string) tags {
	t, _ := parseTags(text)
	return t
}

// hasWord reports whether a list with colons holds a word, in any case.
func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ":") {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// isDMARC reports whether a text begins as a DMARC record (RFC 7489, 6.6.3).
func isDMARC(text string) bool { return begins(text, "DMARC1") }

// begins reports whether the first tag of a text is a version.
func begins(text, version string) bool {
	first, _, _ := strings.Cut(text, ";")
	name, value, _ := strings.Cut(first, "=")
	return strings.TrimRight(name, " \t") == "v" && strings.Trim(value, " \t") == version
}

// compareDMARC takes any policy that receivers can use; it is the domain's own decision.
func compareDMARC(texts []string, reports string) verdict {
	text, other := only(texts, "DMARC", isDMARC)
	if text == "" {
		return other
	}
	t := tagsOf(text)
	one := different(bounded([]string{text}), "")
	isPolicy := func(s string) bool {
		return slices.Contains([]string{"none", "quarantine", "reject"}, strings.ToLower(s))
	}
	switch p, known := t["p"]; {
	case !known:
		one.advice = "The policy is missing: add p=none, p=quarantine or p=reject."
	case !isPolicy(p):
		one.advice = "The policy p= is none that receivers know: write none, quarantine or reject."
	case !isPolicy(t.value("sp", "none")):
		one.advice = "The policy sp= is none that receivers know: write none, quarantine or reject, or take it away."
	default:
		one.status, one.advice = OK, reportAdvice(t, reports)
	}
	return one
}

// reportAdvice says that reports go elsewhere, which is no mistake.
func reportAdvice(t tags, reports string) string {
	if reports == "" || asksFor(t.value("rua", ""), reports) {
		return ""
	}
	return "To see reports here, add mailto:" + reports + " to rua=, behind a comma if there is something."
}

// asksFor reports whether a list of URIs has a mail address; an exclamation mark limits the size of reports (RFC 7489, 6.2).
func asksFor(rua, address string) bool {
	for uri := range strings.SplitSeq(rua, ",") {
		uri, _, _ = strings.Cut(uri, "!")
		if strings.EqualFold(uri, "mailto:"+address) {
			return true
		}
	}
	return false
}

// compareSTS wants an announcement of our policy (RFC 8461, 3.1).
func compareSTS(texts []string, id string) verdict {
	text, other := only(texts, "MTA-STS", func(s string) bool { return begins(s, "STSv1") })
	if text == "" {
		return other
	}
	one := different(bounded([]string{text}), "")
	switch got := tagsOf(text)["id"]; {
	case got == id:
		one.status = OK
	case got == "" || len(got) > 32 || strings.ContainsFunc(got, func(c rune) bool { return c > '~' || !isAlnum(byte(c)) }):
		one.advice = "The id is none that senders know: write id=" + id + "."
	default:
		one.advice = "The id is that of another policy, and senders would not fetch this one: write id=" + id + "."
	}
	return one
}

// compareTLSRPT takes any record that asks for reports (RFC 8460, 3).
func compareTLSRPT(texts []string, reports string) verdict {
	text, other := only(texts, "TLS reporting", func(s string) bool { return begins(s, "TLSRPTv1") })
	if text == "" {
		return other
	}
	t := tagsOf(text)
	one := different(bounded([]string{text}), "The record asks for no reports: add rua=mailto:"+reports+".")
	for uri := range strings.SplitSeq(t.value("rua", ""), ",") {
		lower := strings.ToLower(uri)
		if strings.HasPrefix(lower, "mailto:") && strings.Contains(lower, "@") || strings.HasPrefix(lower, "https://") {
			one.status, one.advice = OK, reportAdvice(t, reports)
		}
	}
	return one
}
