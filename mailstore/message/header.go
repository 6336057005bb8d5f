package message

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The header fields this package knows.
const (
	fieldFrom = iota
	fieldSender
	fieldReplyTo
	fieldTo
	fieldCc
	fieldBcc
	fieldSubject
	fieldDate
	fieldMessageID
	fieldInReplyTo
	fieldReferences
	fieldContentType
	fieldEncoding
	fieldDisposition
	fieldContentID
	fieldDescription
	fieldMD5
	fieldLanguage
	fieldLocation
	fieldAutoSubmitted
	fieldPrecedence
	fieldListID
	fieldListUnsubscribe
	fieldCount
)

// header holds the raw values of the known fields of one part, in the order they came. A field that may occur once
// (RFC 5322, 3.6) is read from its first value that is not blank; recipients are read from all of them.
type header [fieldCount][][]byte

// parseHeader reads a header block, up to its blank line or its end, and tells how many fields it has, known or not.
// A line that is neither a field nor folded continues the field before it, which is how a header that was wrapped
// without indentation is meant; before the first field it is skipped. Line ends are LF or CRLF.
func parseHeader(block []byte) (h header, fields int) {
	known, start, end := -1, 0, 0
	keep := func() {
		if known < 0 {
			return
		}
		if value := bytes.TrimSpace(block[start:end]); len(value) > 0 && len(h[known]) < MaxAddresses {
			h[known] = append(h[known], value)
		}
	}
	for pos := 0; pos < len(block); {
		line := block[pos:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		field := line
		if fields == 0 {
			field = bytes.TrimLeft(line, " \t") // there is nothing that the first line could continue
		}
		if name, ok := fieldName(field); ok {
			keep()
			fields++
			known, start = fieldKind(name), pos+bytes.IndexByte(line, ':')+1
		}
		pos += len(line)
		end = pos
	}
	keep()
	return h, fields
}

// fieldName gives what is before the colon of a line that begins a field. Names with characters that no real field
// uses are refused, so that a wrapped parameter or an mbox separator with a time in it is not taken for a field.
func fieldName(line []byte) ([]byte, bool) {
	for i, c := range line {
		switch {
		case c == ':':
			return bytes.TrimRight(line[:i], " \t"), i > 0
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.+!#$%&*|~", c) >= 0:
		case (c == ' ' || c == '\t') && i > 0:
			rest := bytes.TrimLeft(line[i:], " \t") // obsolete syntax: "Subject : text" (RFC 5322, 4.5)
			return line[:i], len(rest) > 0 && rest[0] == ':'
		default:
			return nil, false
		}
	}
	return nil, false
}

func fieldKind(name []byte) int {
	var lower [32]byte
	if len(name) > len(lower) {
		return -1
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(name)]) {
	case "from":
		return fieldFrom
	case "sender":
		return fieldSender
	case "reply-to":
		return fieldReplyTo
	case "to":
		return fieldTo
	case "cc":
		return fieldCc
	case "bcc":
		return fieldBcc
	case "subject":
		return fieldSubject
	case "date":
		return fieldDate
	case "message-id":
		return fieldMessageID
	case "in-reply-to":
		return fieldInReplyTo
	case "references":
		return fieldReferences
	case "content-type":
		return fieldContentType
	case "content-transfer-encoding":
		return fieldEncoding
	case "content-disposition":
		return fieldDisposition
	case "content-id":
		return fieldContentID
	case "content-description":
		return fieldDescription
	case "content-md5":
		return fieldMD5
	case "content-language":
		return fieldLanguage
	case "content-location":
		return fieldLocation
	case "auto-submitted":
		return fieldAutoSubmitted
	case "precedence":
		return fieldPrecedence
	case "list-id":
		return fieldListID
	case "list-unsubscribe":
		return fieldListUnsubscribe
	}
	return -1
}

// raw gives the first value of a field in UTF-8, unfolded (RFC 5322, 2.2.3), with encoded words as they are.
func (h *header) raw(kind int) string {
	if len(h[kind]) == 0 {
		return ""
	}
	return unfold(h[kind][0])
}

// text gives the first value of an unstructured field, decoded.
func (h *header) text(kind, limit int) string {
	return clean(decodeWords(h.raw(kind)), limit)
}

// token gives the first word of a field in lower case, without comment or parameter.
func (h *header) token(kind int) string {
	s := h.raw(kind)
	if i := strings.IndexAny(s, ";("); i >= 0 {
		s = s[:i]
	}
	return strings.ToLower(clean(s, maxToken))
}

// envelope reads the fields of RFC 5322, 3.6.
func (h *header) envelope() Envelope {
	e := Envelope{
		Subject:    h.text(fieldSubject, maxSubject),
		Date:       parseDate(h.raw(fieldDate)),
		InReplyTo:  h.ids(fieldInReplyTo),
		References: h.ids(fieldReferences),
		From:       h.addresses(fieldFrom),
		Sender:     h.addresses(fieldSender),
		ReplyTo:    h.addresses(fieldReplyTo),
		To:         h.addresses(fieldTo),
		Cc:         h.addresses(fieldCc),
		Bcc:        h.addresses(fieldBcc),
	}
	if ids := h.ids(fieldMessageID); len(ids) > 0 {
		e.MessageID = ids[0]
	} else if id := strings.Trim(clean(h.raw(fieldMessageID), maxID+1), "<>"); id != "" && len(id) <= maxID && !strings.Contains(id, " ") {
		e.MessageID = "<" + id + ">"
	}
	return e
}

// ids reads the message ids of a field (RFC 5322, 3.6.4): what stands in angle brackets, or, where nothing does, the
// words with an at sign, as some write ids bare. Of more than MaxReferences the first and the last halves are kept:
// the root of the conversation and the nearest ancestors.
func (h *header) ids(kind int) []string {
	if len(h[kind]) == 0 {
		return nil
	}
	text := unfold(bytes.Join(h[kind], []byte{' '}))
	ids := bracketed(text)
	if len(ids) == 0 {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || strings.ContainsRune(",;<>()\"", r) }) {
			if strings.Contains(word, "@") {
				ids = append(ids, word)
			}
		}
	}
	if len(ids) > MaxReferences {
		ids = append(ids[:MaxReferences/2:MaxReferences/2], ids[len(ids)-MaxReferences/2:]...)
	}
	kept := make([]string, 0, len(ids))
	for _, id := range ids {
		if id = strings.ReplaceAll(clean(id, maxID+1), " ", ""); id != "" && len(id) <= maxID {
			kept = append(kept, "<"+id+">")
		}
	}
	return kept
}

// bracketed gives what stands between each "<" and the next ">".
func bracketed(s string) (found []string) {
	for {
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return found
		}
		if start := strings.LastIndexByte(s[:end], '<'); start >= 0 && strings.TrimSpace(s[start+1:end]) != "" {
			found = append(found, s[start+1:end])
		}
		s = s[end+1:]
	}
}

func (h *header) addresses(kind int) []Address {
	values := h[kind]
	if len(values) > 1 && kind != fieldTo && kind != fieldCc && kind != fieldBcc {
		values = values[:1]
	}
	var list []Address
	for _, value := range values {
		if len(list) >= MaxAddresses {
			break
		}
		list = parseAddresses(list, unfold(value))
	}
	return list
}

// unfold takes the line ends out of a value and makes it valid UTF-8. Raw octets that are not UTF-8 (RFC 6532) are
// read as ISO-2022-JP if they have its escapes, else as windows-1252, which is what those who send them mean.
func unfold(value []byte) string {
	if bytes.IndexByte(value, '\n') >= 0 {
		plain := make([]byte, 0, len(value))
		for i, c := range value {
			switch {
			case c == '\r':
			case c != '\n':
				plain = append(plain, c)
			case i+1 < len(value) && value[i+1] != ' ' && value[i+1] != '\t':
				plain = append(plain, ' ') // wrapped without indentation
			}
		}
		value = plain
	}
	if bytes.Contains(value, []byte("\x1b$")) {
		return toUTF8(value, "iso-2022-jp")
	}
	return toUTF8(value, "")
}

// clean makes s one line of valid UTF-8 of at most limit octets: control characters are dropped, line ends and tabs
// become spaces, and the ends are trimmed. It cuts between characters.
func clean(s string, limit int) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			s = strings.Map(printable, strings.ToValidUTF8(s, "\uFFFD"))
			break
		}
	}
	return strings.TrimSpace(clip(strings.TrimSpace(s), limit))
}

func printable(r rune) rune {
	switch {
	case r == '\t', r == '\n', r == '\r', r == '\u2028', r == '\u2029':
		return ' '
	case unicode.IsControl(r):
		return -1
	}
	return r
}

// clip cuts s to at most limit octets, between characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.Clone(s[:limit])
}
