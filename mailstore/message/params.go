package message

import (
	"slices"
	"strconv"
	"strings"
)

// parseParams reads a value with parameters (RFC 2045, 5.1; RFC 2183), with the continuations and character sets of
// RFC 2231. The first of two parameters of one name counts, and the extended form counts more than the plain one.
// It tolerates missing semicolons after the value, missing quotes, values with spaces, and encoded words in values.
// Names are lower case. Values are decoded and clean; rawBoundary is the boundary as it is on the wire.
func parseParams(s string) (value string, params map[string]string, rawBoundary string) {
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexAny(s, "; \t(")
	if end < 0 {
		end = len(s)
	}
	value, s = strings.ToLower(s[:end]), s[end:]
	var pieces []piece
	for len(pieces) < MaxParams {
		var p piece
		var ok bool
		if p, s, ok = nextParam(s); !ok {
			break
		}
		if p.name == "boundary" && rawBoundary == "" {
			rawBoundary = strings.TrimRight(p.value, " \t")
		}
		pieces = append(pieces, p)
	}
	params = joinPieces(pieces)
	if rawBoundary == "" {
		rawBoundary = params["boundary"]
	}
	return value, params, rawBoundary
}

// piece is one parameter as written; "name*1*" is name with number 1, extended.
type piece struct {
	written  string // the name as written
	name     string
	number   int // -1: not a continuation
	extended bool
	value    string
}

// nextParam takes one parameter off s.
func nextParam(s string) (p piece, rest string, ok bool) {
	for {
		s = strings.TrimLeft(s, "; \t")
		if s == "" {
			return p, "", false
		}
		end := strings.IndexAny(s, "=;")
		if end >= 0 && s[end] == '=' {
			p = newPiece(s[:end])
			s = strings.TrimLeft(s[end+1:], " \t")
			break
		}
		if end < 0 {
			return p, "", false
		}
		s = s[end:]
	}
	if strings.HasPrefix(s, `"`) {
		if value, rest, closed := quoted(s); closed {
			p.value = value
			return p, rest, true
		}
		s = s[1:]
	}
	p.value, rest, _ = strings.Cut(s, ";")
	if p.name != "name" && p.name != "filename" {
		p.value, _, _ = strings.Cut(p.value, " (") // a comment; in the name of a file it is part of the name
	}
	p.value = strings.TrimSpace(p.value)
	return p, rest, true
}

func newPiece(name string) piece {
	name = clean(name, maxToken)
	if i := strings.LastIndexAny(name, " \t)"); i >= 0 {
		name = name[i+1:] // after a comment, or a word without "="
	}
	p := piece{written: name, number: -1}
	name = strings.ToLower(name)
	if name, p.extended = strings.CutSuffix(name, "*"); p.extended || strings.Contains(name, "*") {
		if base, number, ok := strings.Cut(name, "*"); ok {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 {
				name, p.number = base, n
			}
		}
	}
	p.name = name
	return p
}

// quoted reads the quoted string that s begins with (RFC 5322, 3.2.4). Only quotes and backslashes are taken as
// escaped: a path of Windows keeps its backslashes.
func quoted(s string) (value, rest string, closed bool) {
	escaped := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
				escaped = true
				i++
			}
		case '"':
			value = s[1:i]
			if escaped {
				value = unescape.Replace(value)
			}
			return value, s[i+1:], true
		}
	}
	return "", "", false
}

var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`)

func joinPieces(pieces []piece) map[string]string {
	if len(pieces) == 0 {
		return nil
	}
	params := make(map[string]string, len(pieces))
	parts := make(map[string][]piece)
	for _, p := range pieces {
		if p.name == "" {
			continue
		}
		if p.extended || p.number >= 0 {
			parts[p.name] = append(parts[p.name], p)
		} else if _, exists := params[p.name]; !exists {
			params[p.name] = clean(decodeWords(p.value), maxParam)
		}
	}
	for name, list := range parts {
		if value := clean(joinPiece(list), maxParam); value != "" {
			params[name] = value
		}
	}
	return params
}

// joinPiece puts the pieces of one parameter in their order and decodes them (RFC 2231, 3 and 4).
func joinPiece(list []piece) string {
	slices.SortStableFunc(list, func(a, b piece) int { return a.number - b.number })
	var joined []byte
	var set string
	anyExtended := false
	for i, p := range list {
		if i > 0 && p.number == list[i-1].number {
			continue
		}
		value := p.value
		if p.extended {
			if !anyExtended {
				if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
					set, value = strings.ToLower(parts[0]), parts[2]
				}
			}
			anyExtended = true
			joined = appendUnescaped(joined, value)
		} else {
			joined = append(joined, value...)
		}
	}
	if !anyExtended {
		return decodeWords(string(joined))
	}
	return toUTF8(joined, set)
}

func appendUnescaped(to []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if high, low := unhex(s[i+1]), unhex(s[i+2]); high >= 0 && low >= 0 {
				to = append(to, byte(high<<4|low))
				i += 2
				continue
			}
		}
		to = append(to, s[i])
	}
	return to
}
