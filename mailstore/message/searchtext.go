package message

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

const (
	// MaxSearchText is the most octets of folded text that a SearchText holds, give or take one chunk.
	MaxSearchText = 4 << 20

	// TextBreak ends each header field, each part and each list of them in a SearchText. Fold never gives it, so nothing
	// that is looked for can reach across it.
	TextBreak = "\uFDD0"

	textChunk = 32 << 10 // octets of a body decoded at a time
)

// TextField is a part of a message that can be searched.
type TextField uint8

const (
	FromText TextField = iota
	ToText
	CcText
	BccText
	SubjectText
	HeaderText // all header fields, "Name: value", of the message, its parts, and the messages within it
	BodyText   // the text/* and message/* parts, decoded; HTML in its source form
	AnyText    // HeaderText or BodyText
)

// SearchText is what a search looks at, folded by Fold. In the header fields white space is one space and the ends are
// trimmed; in the body lines end in "\n". A field that is there, even blank, ends in TextBreak; "" is none.
type SearchText struct {
	From, To, Cc, Bcc, Subject, Header, Body string

	Partial bool // there is more in the message: Contains looks at all of it
}

// NewSearchText reads the text of a message of size octets whose tree is root. What it sees is what IMAP's SEARCH
// of Dovecot sees: encoded words, transfer encodings and character sets are undone; attachments are searched if they
// are text. Like there, BODY does not look at the headers within the message, and TEXT does. A message that cannot be
// read to its end is Partial. Memory is bounded by a small multiple of MaxSearchText.
func NewSearchText(raw io.ReaderAt, size int64, root *Part) SearchText {
	var columns [BodyText + 1]strings.Builder
	total := 0
	err := eachText(io.NewSectionReader(raw, 0, size), root, func(field TextField, text string) bool {
		total += len(text)
		columns[field].WriteString(text)
		return total < MaxSearchText
	})
	return SearchText{
		From: columns[FromText].String(), To: columns[ToText].String(), Cc: columns[CcText].String(), Bcc: columns[BccText].String(),
		Subject: columns[SubjectText].String(), Header: columns[HeaderText].String(), Body: columns[BodyText].String(),
		Partial: err != nil,
	}
}

// Needles folds what is looked for, as the header fields and as the body have it.
func Needles(s string) (header, body string) {
	folded := Fold(s)
	return squeeze(folded), strings.ReplaceAll(folded, "\r\n", "\n")
}

// Contains tells whether a field of the message contains s, whatever its size. It sees what NewSearchText sees, in
// chunks, so memory is bounded by a few hundred KiB and len(s). Errors are those of reading.
func Contains(raw io.ReaderAt, size int64, root *Part, field TextField, s string) (bool, error) {
	header, body := Needles(s)
	needles := [BodyText + 1]string{}
	wanted := [BodyText + 1]bool{}
	for column := range TextField(len(needles)) {
		wanted[column] = column == field || field == AnyText && column >= HeaderText
		needles[column] = header
	}
	needles[BodyText] = body
	var tails [BodyText + 1]string
	found := false
	err := eachText(io.NewSectionReader(raw, 0, size), root, func(column TextField, text string) bool {
		if wanted[column] {
			seen := tails[column] + text
			found = found || strings.Contains(seen, needles[column])
			tails[column] = seen[max(0, len(seen)-max(0, len(needles[column])-1)):]
		}
		return !found
	})
	if found || errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// HeaderContains tells whether a header block has a field of this name whose value, decoded, unfolded and folded,
// contains what Fold made; "" is contained in every value, a blank one too. Within MaxHeaderBytes; linear.
func HeaderContains(header []byte, field, folded string) bool {
	folded = squeeze(folded)
	for name, lines := range headerFields(header[:min(len(header), MaxHeaderBytes)]) {
		if named(name, []string{field}) && strings.Contains(headerValue(name, lines), folded) {
			return true
		}
	}
	return false
}

// errEnough is that of a search that was told to stop.
var errEnough = errors.New("enough")

// eachText gives the folded text of a message in pieces, in its order: first the headers, then the bodies. It ends with
// errEnough when give says no.
func eachText(raw io.ReaderAt, root *Part, give func(field TextField, text string) bool) error {
	var parts func(p *Part, do func(*Part) error) error
	parts = func(p *Part, do func(*Part) error) error {
		if err := do(p); err != nil {
			return err
		}
		for _, child := range p.Parts {
			if err := parts(child, do); err != nil {
				return err
			}
		}
		return nil
	}
	err := parts(root, func(p *Part) error { return eachHeader(raw, p, p == root, give) })
	if err != nil {
		return err
	}
	return parts(root, func(p *Part) error {
		if len(p.Parts) > 0 || p.Type != "text" && p.Type != "message" {
			return nil
		}
		return eachChunk(raw, p, func(text string) bool { return give(BodyText, text) })
	})
}

// eachHeader gives the header fields of a part, those of the message itself (root) under their own names as well.
func eachHeader(raw io.ReaderAt, p *Part, root bool, give func(field TextField, text string) bool) error {
	block := make([]byte, max(0, min(p.Body-p.Header, MaxHeaderBytes)))
	if n, err := raw.ReadAt(block, p.Header); n < len(block) {
		return err
	}
	for name, lines := range headerFields(block) {
		value := headerValue(name, lines)
		if root {
			if column, ok := textColumn(name); ok && !give(column, value+TextBreak) {
				return errEnough
			}
		}
		if name != nil {
			value = collapse(Fold(toUTF8(name, ""))) + ": " + value
		}
		if !give(HeaderText, value+TextBreak) {
			return errEnough
		}
	}
	return nil
}

// headerValue is the value of a field, given with its name and its lines, decoded and folded, in one line; of lines
// without a name it is all.
func headerValue(name, lines []byte) string {
	if name != nil {
		lines = lines[bytes.IndexByte(lines, ':')+1:]
	}
	return collapse(Fold(decodeWords(unfold(lines))))
}

func textColumn(name []byte) (TextField, bool) {
	switch fieldKind(name) {
	case fieldFrom:
		return FromText, true
	case fieldTo:
		return ToText, true
	case fieldCc:
		return CcText, true
	case fieldBcc:
		return BccText, true
	case fieldSubject:
		return SubjectText, true
	}
	return 0, false
}

// squeeze makes each run of white space one space.
func squeeze(s string) string {
	space := func(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
	for i := 0; i < len(s); i++ {
		if space(s[i]) && (s[i] != ' ' || i+1 < len(s) && space(s[i+1])) {
			b := []byte(s[:i])
			for ; i < len(s); i++ {
				if !space(s[i]) {
					b = append(b, s[i])
				} else if len(b) == 0 || b[len(b)-1] != ' ' {
					b = append(b, ' ')
				}
			}
			return string(b)
		}
	}
	return s
}

// eachChunk gives the body of a part, decoded to UTF-8 and folded, in chunks, and at its end TextBreak.
func eachChunk(raw io.ReaderAt, p *Part, give func(text string) bool) error {
	in := bodyText(raw, p)
	chunk := make([]byte, textChunk+utf8.UTFMax)
	held := 0
	for {
		n, err := io.ReadFull(in, chunk[held:textChunk])
		text, last := chunk[:held+n], err != nil
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		rest := []byte(nil)
		if !last { // half a character, or half a line end, waits for what comes after it
			cut := len(text)
			for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
				if utf8.RuneStart(text[len(text)-i]) {
					if !utf8.FullRune(text[len(text)-i:]) {
						cut = len(text) - i
					}
					break
				}
			}
			if cut == len(text) && text[cut-1] == '\r' {
				cut--
			}
			text, rest = text[:cut], text[cut:]
		}
		if len(text) > 0 && !give(Fold(strings.ReplaceAll(string(text), "\r\n", "\n"))) {
			return errEnough
		}
		held = copy(chunk, rest)
		if last {
			break
		}
	}
	if !give(TextBreak) {
		return errEnough
	}
	return nil
}

// bodyText gives the body of a text part with its transfer encoding and its character set undone, by the rules of
// toUTF8. What is not UTF-8 after that is the reader's to replace. It looks at the part twice where the character set
// must be guessed from all of it.
func bodyText(raw io.ReaderAt, p *Part) io.Reader {
	in := Decode(raw, p)
	head := make([]byte, textChunk)
	n, err := io.ReadFull(in, head)
	head = head[:n]
	valid := func() bool {
		if err != nil {
			return utf8.Valid(head)
		}
		return validUTF8(Decode(raw, p))
	}
	name := strings.ToLower(p.Params["charset"])
	set := lookupCharset(name)
	if set == nil && p.Subtype == "html" {
		_, declared, _ := charset.DetermineEncoding(head[:min(len(head), 1024)], "")
		if declared != "windows-1252" || !valid() { // windows-1252 is also what it says when it does not know
			name, set = declared, lookupCharset(declared)
		}
	}
	if set == nil && name != "utf-8" && !valid() {
		set = charmap.Windows1252
	}
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		in = bytes.NewReader(head)
	case err != nil:
		in = io.MultiReader(bytes.NewReader(head), failing{err})
	default:
		in = io.MultiReader(bytes.NewReader(head), in)
	}
	if set == nil {
		return in
	}
	return transform.NewReader(in, set.NewDecoder())
}

// failing is a reader that failed.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// validUTF8 tells whether all that r gives is UTF-8.
func validUTF8(r io.Reader) bool {
	chunk := make([]byte, textChunk)
	held := 0
	for {
		n, err := io.ReadFull(r, chunk[held:])
		text := chunk[:held+n]
		if err != nil {
			return utf8.Valid(text)
		}
		cut := len(text)
		for cut > len(text)-utf8.UTFMax && !utf8.RuneStart(text[cut-1]) {
			cut--
		}
		if cut--; utf8.FullRune(text[cut:]) {
			cut = len(text)
		}
		if !utf8.Valid(text[:cut]) {
			return false
		}
		held = copy(chunk, text[cut:])
	}
}
