package mailauth

import (
	"errors"
	"strings"
)

// maxTags is how many tags a list may have; those of the RFCs know fifteen.
const maxTags = 100

// tags is a tag list (RFC 6376, 3.2): of a signature, of a key, of a DMARC record.
type tags []tag

type tag struct {
	name       string
	value      string // without white space around it
	start, end int    // of all that is between the equals sign and the semicolon, in the text
}

var errTags = errors.New("the list of tags is malformed")

// parseTags reads a list. If something in it is no tag, or a tag twice, the error says so, and the others are there: it is for
// the caller to know whether that matters.
func parseTags(s string) (list tags, err error) {
	for pos := 0; pos < len(s); {
		end := len(s)
		if i := strings.IndexByte(s[pos:], ';'); i >= 0 {
			end = pos + i
		}
		name, value, found := strings.Cut(s[pos:end], "=")
		start := pos + len(name) + 1
		name = strings.Trim(name, " \t\r\n")
		pos = end + 1
		_, known := list.get(name)
		switch {
		case len(list) == maxTags:
			return list, errTags
		case !found && name == "" && end == len(s): // behind the last semicolon
		case !found || known || !isTagName(name):
			err = errTags
		default:
			list = append(list, tag{name, strings.Trim(value, " \t\r\n"), start, end})
		}
	}
	return list, err
}

func isTagName(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '_' || i == 0 && s[i] <= '9' {
			return false
		}
	}
	return s != ""
}

func (t tags) get(name string) (tag, bool) {
	for i := range t {
		if t[i].name == name {
			return t[i], true
		}
	}
	return tag{}, false
}

// value gives a tag's value without white space, or what holds if there is none.
func (t tags) value(name, otherwise string) string {
	if found, ok := t.get(name); ok {
		return stripSpace(found.value)
	}
	return otherwise
}

// has reports whether a colon-separated value holds a word, in any case.
func has(value, word string) bool {
	for w := range strings.SplitSeq(value, ":") {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
