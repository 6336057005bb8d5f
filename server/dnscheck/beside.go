package dnscheck

import (
	"slices"
	"strings"
)

// SameKind reports whether a text is meant for what a TXT record is for, so that receivers would take one or the other. Of texts that prove
// who has a domain there may be several.
func SameKind(r Record, text string) bool {
	switch r.Purpose {
	case PurposeSPF:
		return isSPF(text)
	case PurposeDKIM:
		return isKey(text)
	case PurposeDMARC:
		return isDMARC(text)
	case PurposeMTASTS:
		return begins(text, "STSv1")
	case PurposeTLSRPT:
		return begins(text, "TLSRPTv1")
	}
	return text == r.Value
}

// IsOurs reports whether nobody but this software writes texts of the kind at a record's name: keys at selectors of ours, and what the
// operator's zone holds for all.
func IsOurs(r Record) bool {
	return r.ours || r.Purpose == PurposeDKIM && strings.HasPrefix(r.Name, selectorPrefix)
}

// selectorPrefix begins the selectors of all keys that are made here.
const selectorPrefix = "pr-"

// DoesToo reports whether another text of the kind does what a record is for, as far as the text alone tells.
func DoesToo(r Record, text string) bool {
	switch r.Purpose {
	case PurposeSPF:
		own := spfTerms(r.Value)[0]
		return slices.ContainsFunc(spfTerms(text), func(t spfPart) bool {
			return t.name == own.name && t.qualifier == '+' && host(t.argument) == own.argument
		})
	case PurposeDMARC:
		return compareDMARC([]string{text}, "").status == OK
	case PurposeTLSRPT:
		return compareTLSRPT([]string{text}, "").status == OK
	}
	return false
}

// MergeAdvice says what to do about a text of the kind that does not do what a record is for.
func MergeAdvice(r Record) string {
	switch r.Purpose {
	case PurposeSPF:
		own := strings.Fields(r.Value)[1]
		return "There is an SPF record of others already, and there can be only one: put " + own + " into it, right behind v=spf1."
	case PurposeMTASTS:
		return "An MTA-STS policy of others is announced already: take it away if it is not needed any more, then this one can be written."
	}
	return "There is a record of others for this already, which does not do: correct it by hand, with the text given here."
}
