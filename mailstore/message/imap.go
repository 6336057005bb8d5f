package message

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of a Wire.
const (
	MaxWireText = 512 << 10 // octets of text in ENVELOPE and BODYSTRUCTURE together; what comes after it is NIL or left out

	maxWireValue = 4 << 10 // octets of one string
	maxWireIDs   = 8 << 10 // octets of a Message-ID or an In-Reply-To
	maxEscapes   = 4       // a quoted string with more escapes is sent as a literal, like Dovecot does
	maxQuoted    = 1 << 10 // a longer string is sent as a literal
)

// Wire is what an IMAP server says of a message, ready to be sent (RFC 9051, 7.5.2). Strings that cannot be quoted are
// literals, "{n}" CRLF and n octets. It is valid UTF-8 without NUL, so with UTF8=ACCEPT it can be sent as it is.
type Wire struct {
	Envelope      string // "(…)": ENVELOPE
	Body          string // "(…)": BODY
	BodyStructure string // "(…)": BODYSTRUCTURE
	Header        []byte // the raw lines of the common header fields, in the order they came, each with its CRLF; nil: too many, read the file
}

// NewWire makes the Wire of the message raw, whose tree is root. It says what the tree says, so that the sections it
// names are the ones that Find finds; values are as written, unfolded, with encoded words as they are. Linear.
func NewWire(raw []byte, root *Part) Wire {
	w := wireWriter{raw: raw, room: MaxWireText}
	block := w.header(root)
	h, _ := parseHeader(block[:min(len(block), MaxHeaderBytes)])
	wire := Wire{Envelope: w.envelope(&h, block), Header: commonHeader(block[:min(len(block), MaxHeaderBytes)])}
	w.part(root, &h)
	wire.Body, wire.BodyStructure = w.basic.String(), w.extended.String()
	return wire
}

// wireWriter writes BODY and BODYSTRUCTURE side by side.
type wireWriter struct {
	raw             []byte
	room            int // octets of text that may still be written
	basic, extended strings.Builder
}

// header gives the header block of a part. Offsets that do not fit the bytes give an empty one.
func (w *wireWriter) header(p *Part) []byte {
	if p.Header < 0 || p.Body < p.Header || p.Body > int64(len(w.raw)) {
		return nil
	}
	return w.raw[p.Header:p.Body]
}

func (w *wireWriter) both(s string) {
	w.basic.WriteString(s)
	w.extended.WriteString(s)
}

// part writes one part with all that is in it. h is its header.
func (w *wireWriter) part(p *Part, h *header) {
	w.both("(")
	content := h.raw(fieldContentType)
	kind, params := w.params(content)
	major, minor := p.Type, p.Subtype
	if a, b, _ := strings.Cut(kind, "/"); strings.EqualFold(a, p.Type) && strings.EqualFold(b, p.Subtype) && !isMessage(p) {
		major, minor = a, b // as written
	}
	if p.Type == "multipart" {
		for _, child := range p.Parts {
			w.child(child)
		}
		w.both(" " + w.text(minor))
		w.extended.WriteString(" " + list(params))
		w.common(h)
		w.both(")")
		return
	}
	if p.Type == "text" && !hasCharset(params) {
		params = append(params, `"charset"`, `"us-ascii"`) // RFC 2045, 5.2; Dovecot says so too
	}
	w.both(w.text(major) + " " + w.text(minor) + " " + list(params))
	w.both(" " + w.value(h, fieldContentID) + " " + w.value(h, fieldDescription) + " " + w.text(p.Encoding))
	w.both(" " + strconv.FormatInt(max(0, p.End-p.Body), 10))
	switch {
	case isMessage(p) && len(p.Parts) == 1:
		block := w.header(p.Parts[0])
		inner, _ := parseHeader(block[:min(len(block), MaxHeaderBytes)])
		w.both(" " + w.envelope(&inner, block) + " ")
		w.part(p.Parts[0], &inner)
		w.both(" " + w.lines(p))
	case p.Type == "text":
		w.both(" " + w.lines(p))
	}
	w.extended.WriteString(" " + w.value(h, fieldMD5))
	w.common(h)
	w.both(")")
}

func (w *wireWriter) child(p *Part) {
	block := w.header(p)
	h, _ := parseHeader(block[:min(len(block), MaxHeaderBytes)])
	w.part(p, &h)
}

// common writes the extension data that every part has: disposition, language, location.
func (w *wireWriter) common(h *header) {
	disposition := "NIL"
	if value, params := w.params(h.raw(fieldDisposition)); value != "" {
		disposition = "(" + w.text(value) + " " + list(params) + ")"
	}
	var languages []string
	for tag := range strings.FieldsFuncSeq(h.raw(fieldLanguage), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		if strings.HasPrefix(tag, "(") || len(languages) == 20 {
			break
		}
		languages = append(languages, w.text(tag))
	}
	w.extended.WriteString(" " + disposition + " " + list(languages) + " " + w.value(h, fieldLocation))
}

// lines counts the line ends of a body: Part.Lines counts a last line without one too.
func (w *wireWriter) lines(p *Part) string {
	n := p.Lines
	if p.End > p.Body && p.End <= int64(len(w.raw)) && w.raw[p.End-1] != '\n' {
		n--
	}
	return strconv.FormatInt(max(0, n), 10)
}

func list(items []string) string {
	if len(items) == 0 {
		return "NIL"
	}
	return "(" + strings.Join(items, " ") + ")"
}

func hasCharset(params []string) bool {
	for i := 0; i < len(params); i += 2 {
		if strings.EqualFold(params[i], `"charset"`) {
			return true
		}
	}
	return false
}

// params reads a value with parameters: names and values by turns, ready to be sent. The pieces of one parameter
// (RFC 2231, 3) are joined and come last, as Dovecot has it: "name*" if any of them is extended, its value still
// encoded; pieces that do not fit together come as they are.
func (w *wireWriter) params(s string) (value string, params []string) {
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexAny(s, "; \t(")
	if end < 0 {
		end = len(s)
	}
	value, s = s[:end], s[end:]
	var parts [][]piece
	add := func(name, value string) {
		if w.room > 0 {
			params = append(params, w.text(name), w.text(value))
		}
	}
	for count := 0; count < MaxParams; count++ {
		p, rest, ok := nextParam(s)
		if !ok {
			break
		}
		s = rest
		switch i := slices.IndexFunc(parts, func(list []piece) bool { return list[0].name == p.name }); {
		case p.name == "":
		case p.number < 0 && !p.extended:
			add(p.written, p.value)
		case i < 0:
			parts = append(parts, []piece{p})
		default:
			parts[i] = append(parts[i], p)
		}
	}
	for _, list := range parts {
		if name, value, ok := joinWritten(list); ok {
			add(name, value)
			continue
		}
		for _, p := range list {
			add(p.written, p.value)
		}
	}
	return value, params
}

// joinWritten puts the pieces of one parameter together without decoding them. It fails where one is missing or twice.
func joinWritten(list []piece) (name, value string, ok bool) {
	slices.SortStableFunc(list, func(a, b piece) int { return a.number - b.number })
	extended := false
	for i, p := range list {
		if p.number != i {
			return "", "", false
		}
		extended = extended || p.extended
	}
	name, _, _ = strings.Cut(list[0].written, "*")
	var joined strings.Builder
	for i, p := range list {
		switch {
		case !extended || p.extended:
			joined.WriteString(p.value)
		default:
			if i == 0 {
				joined.WriteString("''") // no character set, no language
			}
			joined.WriteString(strings.ReplaceAll(p.value, "%", "%25"))
		}
	}
	if extended {
		name += "*"
	}
	return name, joined.String(), true
}

// envelope writes ENVELOPE of a header.
func (w *wireWriter) envelope(h *header, block []byte) string {
	from := w.addresses(h, fieldFrom)
	orFrom := func(kind int) string {
		if a := w.addresses(h, kind); a != "NIL" {
			return a
		}
		return from // RFC 9051, 7.5.2
	}
	subject := h.raw(fieldSubject)
	if len(h[fieldSubject]) == 0 {
		subject = w.blank(block, "Subject")
	} else {
		subject = w.text(collapse(subject))
	}
	items := []string{
		w.orBlank(h, fieldDate, block, "Date"), subject,
		from, orFrom(fieldSender), orFrom(fieldReplyTo), w.addresses(h, fieldTo), w.addresses(h, fieldCc), w.addresses(h, fieldBcc),
		w.orBlank(h, fieldInReplyTo, block, "In-Reply-To"), w.orBlank(h, fieldMessageID, block, "Message-ID"),
	}
	return "(" + strings.Join(items, " ") + ")"
}

// orBlank gives the first value of a field that is not blank; "" if the field is there and blank, NIL if there is none.
func (w *wireWriter) orBlank(h *header, kind int, block []byte, field string) string {
	if len(h[kind]) == 0 {
		return w.blank(block, field)
	}
	return w.value(h, kind)
}

func (w *wireWriter) blank(block []byte, field string) string {
	if hasField(block[:min(len(block), MaxHeaderBytes)], field) {
		return `""`
	}
	return "NIL"
}

// value gives the first value of a field that is not blank, or NIL.
func (w *wireWriter) value(h *header, kind int) string {
	value := h.raw(kind)
	if value == "" || w.room <= 0 {
		return "NIL"
	}
	if kind == fieldMessageID || kind == fieldInReplyTo {
		return w.literalOrQuoted(clip(value, maxWireIDs))
	}
	return w.text(value)
}

// text gives a string. When the room is used up it is empty.
func (w *wireWriter) text(s string) string {
	if w.room <= 0 {
		return `""`
	}
	return w.literalOrQuoted(clip(s, maxWireValue))
}

func (w *wireWriter) literalOrQuoted(s string) string {
	w.room -= len(s)
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	escapes := 0
	plain := len(s) <= maxQuoted
	for i := 0; i < len(s) && plain; i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			escapes++
			plain = escapes <= maxEscapes
		case c == '\r' || c == '\n' || c >= 0x80:
			plain = false
		}
	}
	switch {
	case !plain:
		return "{" + strconv.Itoa(len(s)) + "}\r\n" + s
	case escapes > 0:
		return `"` + escapeQuoted.Replace(s) + `"`
	}
	return `"` + s + `"`
}

var escapeQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// collapse makes white space one space, and trims.
func collapse(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }), " ")
}

// wireAddress is one element of an address list in ENVELOPE: a mailbox, or where a group begins or ends.
type wireAddress struct {
	Address // of the beginning of a group, the name is the group's
	route   string
	group   groupMark
}

type groupMark uint8

const (
	notGroup groupMark = iota
	groupBegins
	groupEnds
)

// addresses writes the address list of a field, all its lines taken together; NIL if there is none. It names the
// mailboxes that Envelope names.
func (w *wireWriter) addresses(h *header, kind int) string {
	values := h[kind]
	if len(values) > 1 && kind != fieldTo && kind != fieldCc && kind != fieldBcc {
		values = values[:1]
	}
	var found []wireAddress
	for _, value := range values {
		p := addressParser{wire: true, rest: unfold(value), found: found}
		p.run()
		found = p.found
	}
	if len(found) == 0 {
		return "NIL"
	}
	var b strings.Builder
	b.WriteByte('(')
	for _, a := range found {
		if w.room <= 0 && a.group == notGroup {
			continue
		}
		b.WriteString(w.address(a))
	}
	b.WriteByte(')')
	if b.Len() == len("()") {
		return "NIL"
	}
	return b.String()
}

func (w *wireWriter) address(a wireAddress) string {
	switch a.group {
	case groupBegins:
		return "(NIL NIL " + w.text(a.Name) + " NIL)"
	case groupEnds:
		return "(NIL NIL NIL NIL)"
	}
	name, route := "NIL", "NIL"
	if a.Name != "" {
		name = w.text(a.Name)
	}
	if a.route != "" {
		route = w.text(a.route)
	}
	mailbox, host := a.Address.Address, ""
	if i := strings.LastIndexByte(mailbox, '@'); i >= 0 {
		mailbox, host = mailbox[:i], mailbox[i+1:]
	}
	if len(mailbox) > 1 && mailbox[0] == '"' && mailbox[len(mailbox)-1] == '"' {
		mailbox = unescapeAny(mailbox[1 : len(mailbox)-1])
	} else if mailbox == "" {
		mailbox = "MISSING_MAILBOX"
	}
	if host == "" {
		host = "MISSING_DOMAIN"
	}
	return "(" + name + " " + route + " " + w.text(mailbox) + " " + w.text(host) + ")"
}

// unescapeAny takes the backslashes out of a quoted string (RFC 5322, 3.2.4).
func unescapeAny(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// wireName is the display name as ENVELOPE gives it: without quotes, in one line, with encoded words as they are.
func (p *addressParser) wireName(phrase string, hasAddress bool) string {
	name := collapse(phrase)
	if name == "" && hasAddress {
		name = collapse(unescapeAny(p.comment))
	}
	return clip(name, maxName)
}

func (p *addressParser) beginGroup() {
	if !p.wire || p.inGroup || p.full() {
		return
	}
	name := p.name(false)
	p.flushPending()
	p.inGroup = true
	p.found = append(p.found, wireAddress{Address: Address{Name: name}, group: groupBegins})
}

func (p *addressParser) endGroup() {
	if p.inGroup {
		p.inGroup = false
		p.found = append(p.found, wireAddress{group: groupEnds})
	}
}
