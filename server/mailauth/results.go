package mailauth

import (
	"strings"
)

const (
	lineLength = 76  // octets of a line of the field, where it can be folded
	maxValue   = 255 // octets of a value in it
)

// Header gives the Authentication-Results field (RFC 8601) that tells the verdict, folded, with CRLF at its end. hostname is
// this server's authserv-id; fields that others have put under this name are for Strip to remove. Whatever the sender has
// written is in it as a value only.
func (v Verdict) Header(hostname string) []byte {
	w := fieldWriter{}
	w.text.WriteString("Authentication-Results:")
	w.column = w.text.Len()
	w.word(value(hostname))
	w.spf(v.SPF)
	if len(v.DKIM) == 0 {
		w.method("dkim", None)
	}
	for _, d := range v.DKIM {
		w.method("dkim", d.Result)
		w.reason(d.Reason)
		w.property("header.d", d.Domain)
		w.property("header.s", d.Selector)
		w.property("header.a", d.Algorithm)
		w.property("header.b", d.start)
	}
	w.method("dmarc", v.DMARC.Result)
	if v.DMARC.PolicyDomain != "" && v.DMARC.Policy != "" {
		comment := "(p=" + string(v.DMARC.Policy)
		if v.DMARC.SubdomainPolicy != "" {
			comment += " sp=" + string(v.DMARC.SubdomainPolicy)
		}
		w.word(comment + " dis=" + string(v.DMARC.Disposition) + ")")
	}
	w.reason(v.DMARC.Reason)
	w.property("header.from", v.DMARC.Domain)
	w.method("iprev", v.IPRev.Result)
	if v.IPRev.IP.IsValid() {
		w.property("policy.iprev", v.IPRev.IP.String())
	}
	if v.IPRev.Name != "" {
		w.word(comment(v.IPRev.Name))
	}
	w.text.WriteString("\r\n")
	return []byte(w.text.String())
}

func (w *fieldWriter) spf(s SPF) {
	if !s.Null {
		w.method("spf", s.Result)
		w.reason(s.Reason)
		w.property("smtp.mailfrom", s.Domain)
	}
	if s.Null || s.HELO.Result != None {
		w.method("spf", s.HELO.Result)
		w.reason(s.HELO.Reason)
		w.property("smtp.helo", s.HELO.Domain)
	}
}

// fieldWriter writes a field, folded.
type fieldWriter struct {
	text   strings.Builder
	column int
}

// method begins the result of a check, on a line of its own.
func (w *fieldWriter) method(name string, r Result) {
	if r == "" {
		r = None
	}
	w.text.WriteString(";")
	w.column = lineLength
	w.word(name + "=" + string(r))
}

func (w *fieldWriter) reason(text string) {
	if text != "" {
		w.word("reason=" + value(text))
	}
}

func (w *fieldWriter) property(name, text string) {
	if text != "" {
		w.word(name + "=" + value(text))
	}
}

// word writes what cannot be folded.
func (w *fieldWriter) word(text string) {
	if w.column+1+len(text) > lineLength {
		w.text.WriteString("\r\n\t")
		w.column = 8 + len(text)
	} else {
		w.text.WriteString(" ")
		w.column += 1 + len(text)
	}
	w.text.WriteString(text)
}

// value writes a token, or a quoted string where there must be one (RFC 2045, 5.1). What cannot be seen becomes a question
// mark.
func value(s string) string {
	s = visible(s)
	if isToken(s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func comment(s string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(visible(s)) + ")"
}

func visible(s string) string {
	b := []byte(clip(s, maxValue))
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	return c > ' ' && c <= '~' && strings.IndexByte(`()<>@,;:\"/[]?=`, c) < 0
}
