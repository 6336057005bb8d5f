package mailauth

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/message"
)

// authors is who a message says has written it.
type authors struct {
	addresses []string // as any reader may take them out of the From fields
	domains   []string // of these, each once, at most MaxAuthors
	problem   string   // why it cannot be said for certain, "" if it can
	several   bool     // different readers may see different authors, or somebody tried that
	unread    bool     // the message could not be read
}

// authors reads the From field (RFC 7489, 6.6.1). It is certain only if every reader finds the same field, the one that a
// signature covers, and the same addresses in it. Where it is not, those that a lenient reader finds are given as well.
func (h header) authors() authors {
	var a authors
	at := h.named("from")
	switch {
	case errors.Is(h.err, errHeader):
		a.problem, a.several = "the header is too large", true
	case h.err != nil:
		a.problem, a.unread = "the message could not be read", true
	case len(at) == 0:
		a.problem = "there is no From field"
	case len(at) > 1:
		a.problem, a.several = "there is more than one From field", true
	case h.unclear(at[0]):
		a.problem, a.several = "the From field can be read in more than one way", true
	}
	for _, i := range at[:min(len(at), MaxAuthors)] {
		value := unfold(h.fields[i].value)
		found, _, err := compose.Senders([]byte("From:" + value + "\r\n\r\n"))
		if err != nil {
			found = lenient(value)
		}
		switch {
		case err == nil || a.problem != "":
		case len(found) == 0:
			a.problem = "the From field names no address"
		default:
			a.problem = "the From field cannot be read with certainty"
		}
		a.addresses = append(a.addresses, found...)
	}
	for _, address := range a.addresses {
		domain, ok := asciiDomain(address[strings.LastIndexByte(address, '@')+1:])
		if !ok || slices.Contains(a.domains, domain) {
			continue
		}
		if len(a.domains) == MaxAuthors {
			a.problem, a.several = "the From field names too many domains", true
			break
		}
		a.domains = append(a.domains, domain)
	}
	return a
}

// named finds the fields of a name, also those that only some readers would take for it.
func (h header) named(name string) (at []int) {
	for i, f := range h.fields {
		if f.name == name || f.name == "" && looseName(f.raw) == name {
			at = append(at, i)
		}
	}
	return at
}

// looseName is what is before the first colon, without anything that cannot be seen.
func looseName(raw []byte) string {
	before, _, found := bytes.Cut(raw, []byte{':'})
	if !found || len(before) > 200 {
		return ""
	}
	return strings.ToLower(string(bytes.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, before)))
}

// unclear reports whether readers may disagree about where a field begins and ends: a carriage return ends a line for some, a
// line that is no field belongs to the one before it for others.
func (h header) unclear(at int) bool {
	for _, f := range h.fields {
		for i, c := range f.raw {
			if c == 0 || c == '\r' && (i+1 == len(f.raw) || f.raw[i+1] != '\n') {
				return true
			}
		}
	}
	return h.fields[at].name == "" || at+1 < len(h.fields) && !h.fields[at+1].plain
}

// lenient finds the addresses of a From field as they are shown.
func lenient(value string) (found []string) {
	for _, a := range message.Parse([]byte("From:" + value + "\r\n\r\n")).Envelope.From {
		if strings.Contains(a.Address, "@") {
			found = append(found, a.Address)
		}
	}
	return found
}
