package order

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// BaseSubject is what is left of a decoded subject without the marks of replies, forwards and lists (RFC 5256, 2.1), and
// whether one of them said that this is a reply or forward. Letters keep their case.
func BaseSubject(s string) (base string, isReply bool) {
	s = singleSpaces(s) // (1)
	for {
		var found bool
		s, found = cutTrailers(s) // (2)
		isReply = isReply || found
		s, found = cutLeaders(s) // (3) to (5)
		isReply = isReply || found
		inner, ok := cutForward(s) // (6)
		if !ok {
			return s, isReply
		}
		s, isReply = inner, true
	}
}

// foldedSubject is the base subject in the form in which subjects are compared. Folding comes first, as in Dovecot: a
// no-break space is a space then, and RE in wide letters a reply.
func foldedSubject(s string) (base string, isReply bool) { return BaseSubject(fold(s)) }

// fold is s in the form in which i;unicode-casemap compares octets (RFC 5051): in title case, and decomposed.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return norm.NFKD.String(strings.Map(unicode.ToTitle, s))
		}
	}
	return strings.ToUpper(s)
}

// singleSpaces is s with one space in place of any run of spaces, tabs and line ends.
func singleSpaces(s string) string {
	if !strings.ContainsAny(s, "\t\r\n") && !strings.Contains(s, "  ") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
			if len(b) == 0 || b[len(b)-1] != ' ' {
				b = append(b, ' ')
			}
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// cutTrailers takes off what matches subj-trailer: "(fwd)" and spaces. forward tells if it was not spaces alone.
func cutTrailers(s string) (rest string, forward bool) {
	const trailer = "(fwd)"
	for {
		s = strings.TrimRight(s, " ")
		if len(s) < len(trailer) || !strings.EqualFold(s[len(s)-len(trailer):], trailer) {
			return s, forward
		}
		s, forward = s[:len(s)-len(trailer)], true
	}
}

// cutLeaders takes off what matches subj-leader, "[blob] re:" and the like, and blobs that have something behind them.
// reply tells if there was a "re" or "fwd".
func cutLeaders(s string) (rest string, reply bool) {
	for {
		s = strings.TrimLeft(s, " ")
		behind, last := s, s // behind all the blobs; before the last of them
		for {
			next, ok := cutBlob(behind)
			if !ok {
				break
			}
			behind, last = next, behind
		}
		if next, ok := cutRefwd(behind); ok {
			s, reply = next, true
			continue
		}
		// No blob of these is followed by a "re", so one after the other goes, but not if nothing would be left.
		if behind == "" {
			return last, reply
		}
		return behind, reply
	}
}

// cutBlob takes subj-blob, a text in brackets without brackets and the spaces that follow it, off the front.
func cutBlob(s string) (rest string, ok bool) {
	if s == "" || s[0] != '[' {
		return s, false
	}
	end := strings.IndexAny(s[1:], "[]")
	if end < 0 || s[1+end] != ']' {
		return s, false
	}
	return strings.TrimLeft(s[1+end+1:], " "), true
}

// cutRefwd takes subj-refwd, such as "Re:", "fwd :" and "RE [x]:", off the front.
func cutRefwd(s string) (rest string, ok bool) {
	switch {
	case hasPrefixFold(s, "re"):
		rest = s[len("re"):]
	case hasPrefixFold(s, "fwd"):
		rest = s[len("fwd"):]
	case hasPrefixFold(s, "fw"):
		rest = s[len("fw"):]
	default:
		return s, false
	}
	rest, _ = cutBlob(strings.TrimLeft(rest, " "))
	if !strings.HasPrefix(rest, ":") {
		return s, false
	}
	return rest[1:], true
}

// cutForward takes "[fwd:" and "]" off the ends, if both are there.
func cutForward(s string) (inner string, ok bool) {
	const head, tail = "[fwd:", "]"
	if !hasPrefixFold(s, head) || !strings.HasSuffix(s, tail) {
		return s, false
	}
	return s[len(head) : len(s)-len(tail)], true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
