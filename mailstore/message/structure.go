package message

import (
	"bytes"
	"strings"
)

// structure reads the MIME tree of a message (RFC 2045, RFC 2046) in one pass over its lines, with the open parts on
// a stack: the work is linear in the message whatever its nesting. A multipart always has at least one child, a
// message/rfc822 exactly one and an Envelope.
func structure(raw []byte) (root *Part, h *header) {
	s := scanner{raw: raw}
	s.open(&Part{}, 0, 0, false)
	for s.pos < len(raw) {
		line, next := raw[s.pos:], len(raw)
		ended := int64(0)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, next, ended = line[:i], s.pos+i+1, 1
		}
		top := s.stack[len(s.stack)-1]
		switch {
		case len(line) > 2 && line[0] == '-' && line[1] == '-' && s.delimiter(line, next):
		case top.inHeader && (len(line) == 0 || len(line) == 1 && line[0] == '\r'):
			s.endHeader(top, next, s.lines+ended)
		}
		s.lines += ended
		s.pos = next
	}
	s.close(0, len(raw))
	return s.root, &s.rootHeader
}

// scanner is the state of the pass.
type scanner struct {
	raw        []byte
	pos        int   // start of the line
	lines      int64 // line ends before pos
	stack      []*openPart
	parts      int
	root       *Part
	rootHeader header
}

// openPart is a part whose end has not been seen.
type openPart struct {
	*Part
	inHeader   bool
	headerLine int64 // line ends before the header
	bodyLine   int64 // line ends before the body
	boundary   string
	digest     bool // a part without a type is a message (RFC 2046, 5.1.5)
}

// open begins a part whose header starts at an offset, with so many line ends before it.
func (s *scanner) open(p *Part, at int, lines int64, digest bool) {
	p.Header = int64(at)
	o := &openPart{Part: p, inHeader: true, headerLine: lines, digest: digest}
	if len(s.stack) == 0 {
		s.root = p
	} else {
		parent := s.stack[len(s.stack)-1]
		parent.Parts = append(parent.Parts, p)
	}
	s.parts++
	s.stack = append(s.stack, o)
}

// delimiter handles a line that may be a delimiter of any open multipart (RFC 2046, 5.1.1): the innermost that
// matches counts, and what is open within it ends. White space after a boundary is transport padding.
func (s *scanner) delimiter(line []byte, next int) bool {
	text := bytes.TrimRight(line[2:], " \t\r")
	for i := len(s.stack) - 1; i >= 0; i-- {
		boundary := s.stack[i].boundary
		if boundary == "" || len(text) < len(boundary) || string(text[:len(boundary)]) != boundary {
			continue
		}
		switch string(text[len(boundary):]) {
		case "":
			s.close(i+1, s.pos)
			if s.parts < MaxParts {
				s.open(&Part{}, next, s.lines+1, s.stack[i].Subtype == "digest")
			}
			return true
		case "--":
			s.close(i+1, s.pos)
			s.stack[i].boundary = "" // the rest is its epilogue
			return true
		}
	}
	return false
}

// close ends the open parts from the given depth on, before a delimiter at pos or at the end of the message. The line
// end before a delimiter belongs to the delimiter.
func (s *scanner) close(depth, pos int) {
	end, lines := pos, s.lines
	if pos < len(s.raw) && pos > 0 {
		end, lines = end-1, lines-1
		if end > 0 && s.raw[end-1] == '\r' {
			end--
		}
	}
	for top := s.stack[len(s.stack)-1]; len(s.stack) > depth && top.inHeader; top = s.stack[len(s.stack)-1] {
		s.endHeader(top, max(end, int(top.Header)), lines)
	}
	for len(s.stack) > depth {
		o := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if o.Body > int64(end) { // the blank line that ends the header is all there is
			end, lines = int(o.Body), s.lines
		}
		o.End = int64(end)
		if o.End > o.Body {
			o.Lines = max(0, lines-o.bodyLine)
			if s.raw[o.End-1] != '\n' {
				o.Lines++
			}
		}
		if (o.Type == "multipart" || isMessage(o.Part)) && len(o.Parts) == 0 {
			o.Parts = []*Part{o.substitute()}
		}
	}
}

// substitute is the child of a container in which no part can be found: all of its body, as text. The encoding
// carries over, for the body of a container that was encoded against the rules (RFC 2045, 6.4) is text once decoded.
func (o *openPart) substitute() *Part {
	return &Part{Type: "text", Subtype: "plain", Encoding: o.Encoding, Header: o.Body, Body: o.Body, End: o.End, Lines: o.Lines}
}

// endHeader reads the header of a part whose body begins at pos, and opens its message if it is one.
func (s *scanner) endHeader(o *openPart, pos int, lines int64) {
	o.inHeader = false
	o.Body, o.bodyLine = int64(pos), lines
	block := s.raw[o.Header:pos]
	h, fields := parseHeader(block[:min(len(block), MaxHeaderBytes)])
	if fields == 0 && len(bytes.TrimSpace(block)) > 0 { // text where the header should be
		o.Body, o.bodyLine, o.digest = o.Header, o.headerLine, false
	}
	o.boundary = o.describe(&h, o.digest)
	if len(s.stack) == 1 {
		s.rootHeader = h
	} else if parent := s.stack[len(s.stack)-2]; isMessage(parent.Part) {
		e := h.envelope()
		parent.Envelope = &e
	}
	switch full := s.parts >= MaxParts; {
	case o.Type == "multipart" && len(s.stack) >= MaxDepth, isMessage(o.Part) && (len(s.stack) >= MaxDepth || full):
		o.Type, o.Subtype, o.boundary = "application", "octet-stream", ""
	case isMessage(o.Part) && isEncoded(o.Encoding): // against RFC 2046, 5.2.1; its source is there to be read
		o.Envelope = &Envelope{}
	case isMessage(o.Part):
		s.open(&Part{}, int(o.Body), o.bodyLine, false)
	}
}

// describe fills in what the header says of the part, and gives the boundary of a multipart.
func (p *Part) describe(h *header, digest bool) (boundary string) {
	p.Type, p.Subtype = "text", "plain" // RFC 2045, 5.2
	if digest {
		p.Type, p.Subtype = "message", "rfc822"
	}
	p.Encoding = parseEncoding(h.token(fieldEncoding))
	if value := h.raw(fieldDisposition); value != "" {
		p.Disposition, p.DispositionParams, _ = parseParams(value)
		p.Disposition = token(p.Disposition)
	}
	if value := h.raw(fieldContentType); value != "" {
		var kind string
		kind, p.Params, boundary = parseParams(value)
		p.setType(kind, boundary)
	}
	if p.Type != "multipart" {
		boundary = ""
	}
	if ids := h.ids(fieldContentID); len(ids) > 0 {
		p.ID = ids[0]
	}
	p.Description = h.text(fieldDescription, maxParam)
	p.MD5 = clean(h.raw(fieldMD5), maxToken)
	p.Location = strings.ReplaceAll(h.text(fieldLocation, maxParam), " ", "")
	if value := h.raw(fieldLanguage); value != "" {
		for tag := range strings.SplitSeq(clean(value, maxParam), ",") {
			if tag = clean(tag, maxToken); tag != "" && len(p.Language) < 20 {
				p.Language = append(p.Language, tag)
			}
		}
	}
	return boundary
}

// setType takes the media type apart. Of a broken one that is kept which is sure; the rest is text, or, if it has a
// file name, a file.
func (p *Part) setType(kind, boundary string) {
	major, minor, _ := strings.Cut(kind, "/")
	major, minor = token(major), token(minor)
	switch {
	case major != "" && minor != "":
		p.Type, p.Subtype = major, minor
	case major == "text":
		p.Type, p.Subtype = "text", "plain"
	case major == "html":
		p.Type, p.Subtype = "text", "html"
	case major == "multipart" && boundary != "":
		p.Type, p.Subtype = "multipart", "mixed"
	case major == "application" || filename(p) != "":
		p.Type, p.Subtype = "application", "octet-stream"
	}
}

// token keeps s if it is one (RFC 2045, 5.1).
func token(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return ""
		}
	}
	if len(s) > maxToken {
		return ""
	}
	return s
}

// parseEncoding brings the spellings of an encoding together. An unknown one stays, and is read as if there were none.
func parseEncoding(s string) string {
	switch s = strings.ReplaceAll(s, " ", ""); s {
	case "", "7-bit", "7bits":
		return "7bit"
	case "8-bit", "8bits":
		return "8bit"
	case "quotedprintable", "qp", "quoted_printable":
		return "quoted-printable"
	case "base-64", "b64":
		return "base64"
	}
	return strings.Trim(s, `"'`)
}

func isMessage(p *Part) bool {
	return p.Type == "message" && (p.Subtype == "rfc822" || p.Subtype == "global")
}

// Find gives the part with an IMAP section number (RFC 9051, 6.4.5): "1", "2.1". A message that is no multipart has
// the one part "1", and so has one within another. It is nil where there is none.
func Find(root *Part, id string) *Part {
	current := root
	inMessage := true // current is a message's own part, so "1" may mean itself
	for number := range strings.SplitSeq(id, ".") {
		if current == nil || number == "" || len(number) > 5 {
			return nil
		}
		n := 0
		for _, c := range number {
			if c < '0' || c > '9' {
				return nil
			}
			n = n*10 + int(c-'0')
		}
		if !inMessage && isMessage(current) && len(current.Parts) == 1 {
			current, inMessage = current.Parts[0], true
		}
		switch {
		case current.Type == "multipart":
			if n < 1 || n > len(current.Parts) {
				return nil
			}
			current = current.Parts[n-1]
		case !inMessage || n != 1:
			return nil
		}
		inMessage = false
	}
	return current
}
