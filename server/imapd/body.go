package imapd

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/imapd/proto"
)

// fetched is a message of which FETCH gives text. Its file is opened once, if at all.
type fetched struct {
	*fetching
	row  *mailstore.Row
	file mailstore.RawMessage
}

// fromReadyHeader reports whether a section is made of header fields that the index has ready.
func fromReadyHeader(c proto.Section) bool {
	return c.What == proto.SectionHeaderFields && len(c.Part) == 0 && !slices.ContainsFunc(c.Fields, func(f string) bool { return !message.IsCommon(f) })
}

// needsFile reports whether an item cannot be answered from the index.
func (m *fetched) needsFile() bool {
	return slices.ContainsFunc(m.items, func(i proto.FetchItem) bool {
		switch i.Kind {
		case proto.FetchBody:
			return !m.row.HasWireHeader || !fromReadyHeader(i.Section)
		case proto.FetchRFC822, proto.FetchRFC822Header, proto.FetchRFC822Text, proto.FetchBinary, proto.FetchBinarySize:
			return true
		}
		return false
	})
}

func (m *fetched) openFile() (err error) {
	inbox := m.selected.box.inbox
	if m.want&mailstore.WantWireHeader != 0 { // what is ready was thought to be enough
		const more = mailstore.WantPlace | mailstore.WantStructure
		rows, _, err := inbox.Rows(m.ctx, m.selected.box.key.id, []uint32{m.row.UID}, m.want|more)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return mailstore.ErrNotFound
		}
		m.row = &rows[0]
	}
	m.file, err = inbox.OpenRow(m.ctx, m.row)
	return err
}

func (m *fetched) close() {
	if m.file != nil {
		m.file.Close()
	}
}

// isGone reports whether a message's file is not there any more.
func isGone(err error) bool {
	return errors.Is(err, mailstore.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// body appends an item that is text of the message.
func (m *fetched) body(b []byte, item proto.FetchItem) ([]byte, error) {
	switch item.Kind {
	case proto.FetchRFC822:
		return m.span(append(b, "RFC822"...), span{0, m.row.Size}, nil)
	case proto.FetchRFC822Header:
		return m.span(append(b, "RFC822.HEADER"...), m.headerOf(m.row.Structure), nil)
	case proto.FetchRFC822Text:
		return m.span(append(b, "RFC822.TEXT"...), span{m.row.Structure.Body, m.row.Size}, nil)
	case proto.FetchBinary, proto.FetchBinarySize:
		return m.binary(b, item)
	}
	b = appendSection(append(b, "BODY"...), item)
	c := item.Section
	if c.What == proto.SectionHeaderFields || c.What == proto.SectionHeaderFieldsNot {
		return m.fields(b, item)
	}
	where, ok := m.find(c)
	if !ok {
		return append(b, " NIL"...), nil
	}
	return m.span(b, where, item.Partial)
}

// span is a run of octets of the message's file.
type span struct{ from, to int64 }

// headerOf is the header of a part with the blank line that ends it.
func (m *fetched) headerOf(p *message.Part) span { return span{p.Header, p.Body} }

// find gives the octets of a section; ok is false if there is no such part.
func (m *fetched) find(c proto.Section) (where span, ok bool) {
	root := m.row.Structure
	if len(c.Part) == 0 {
		switch c.What {
		case proto.SectionAll:
			return span{0, m.row.Size}, true
		case proto.SectionHeader:
			return m.headerOf(root), true
		case proto.SectionText:
			return span{root.Body, m.row.Size}, true
		}
		return span{}, false
	}
	part := message.Find(root, partNumber(c.Part))
	if part == nil {
		return span{}, false
	}
	switch c.What {
	case proto.SectionAll:
		return span{part.Body, part.End}, true
	case proto.SectionMIME:
		return m.headerOf(part), true
	}
	if part.Type != "message" || len(part.Parts) != 1 { // HEADER and TEXT are of messages
		return span{}, false
	}
	child := part.Parts[0]
	if c.What == proto.SectionHeader {
		return m.headerOf(child), true
	}
	return span{child.Body, part.End}, true
}

func partNumber(part []uint32) string {
	var b []byte
	for i, n := range part {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return string(b)
}

// appendSection appends "[section]" and "<offset>" as the client wrote them.
func appendSection(b []byte, item proto.FetchItem) []byte {
	c := item.Section
	b = append(append(b, '['), partNumber(c.Part)...)
	if c.What != proto.SectionAll && len(c.Part) > 0 {
		b = append(b, '.')
	}
	switch c.What {
	case proto.SectionHeader:
		b = append(b, "HEADER"...)
	case proto.SectionText:
		b = append(b, "TEXT"...)
	case proto.SectionMIME:
		b = append(b, "MIME"...)
	case proto.SectionHeaderFields, proto.SectionHeaderFieldsNot:
		b = append(b, "HEADER.FIELDS"...)
		if c.What == proto.SectionHeaderFieldsNot {
			b = append(b, ".NOT"...)
		}
		b = append(b, " ("...)
		for i, f := range c.Fields {
			if i > 0 {
				b = append(b, ' ')
			}
			b = proto.AppendAString(b, strings.ToUpper(f))
		}
		b = append(b, ')')
	}
	b = append(b, ']')
	if item.Partial != nil {
		b = append(strconv.AppendInt(append(b, '<'), item.Partial.Offset, 10), '>')
	}
	return b
}

// cut applies a partial to n octets.
func cut(n int64, p *proto.Partial) (from, to int64) {
	if p == nil {
		return 0, n
	}
	from = min(p.Offset, n)
	return from, from + min(p.Length, n-from)
}

// span appends octets of the file as a literal. They are sent from the file in pieces.
func (m *fetched) span(b []byte, where span, partial *proto.Partial) ([]byte, error) {
	from, to := cut(where.to-where.from, partial)
	b = append(strconv.AppendInt(append(b, " {"...), to-from, 10), "}\r\n"...)
	m.link.appended(b)
	err := m.link.copy(io.NewSectionReader(m.file, where.from+from, to-from), to-from)
	return m.link.buffer(), err
}

// text appends octets in memory as a literal.
func text(b, octets []byte, partial *proto.Partial) []byte {
	from, to := cut(int64(len(octets)), partial)
	b = append(strconv.AppendInt(append(b, " {"...), to-from, 10), "}\r\n"...)
	return append(b, octets[from:to]...)
}

// maxHeader is how much of a header HEADER.FIELDS looks through, in octets; more is cut.
const maxHeader = 1 << 20

// fields appends some fields of a header, with the blank line that ends it.
func (m *fetched) fields(b []byte, item proto.FetchItem) ([]byte, error) {
	c := item.Section
	not := c.What == proto.SectionHeaderFieldsNot
	header := []byte(m.row.WireHeader)
	if !m.row.HasWireHeader || !fromReadyHeader(c) {
		whole := proto.Section{Part: c.Part, What: proto.SectionHeader}
		where, ok := m.find(whole)
		if !ok {
			return append(b, " NIL"...), nil
		}
		header = make([]byte, min(where.to-where.from, maxHeader))
		if _, err := m.file.ReadAt(header, where.from); err != nil && !errors.Is(err, io.EOF) {
			return b, err
		}
	}
	chosen := append(message.FilterHeader(header, c.Fields, not), "\r\n"...)
	return text(b, chosen, item.Partial), nil
}

// knownEncodings are the transfer encodings that BINARY undoes.
var knownEncodings = []string{"7bit", "8bit", "binary", "quoted-printable", "base64", "x-uuencode", "uuencode", "x-uue"}

// binary appends a part with its transfer encoding undone (RFC 3516). It is decoded twice: to learn its size, then to be
// sent, so that memory stays bounded.
func (m *fetched) binary(b []byte, item proto.FetchItem) ([]byte, error) {
	word := "BINARY"
	if item.Kind == proto.FetchBinarySize {
		word = "BINARY.SIZE"
	}
	b = appendSection(append(b, word...), item)
	open := func() io.Reader { return io.NewSectionReader(m.file, 0, m.row.Size) }
	if len(item.Section.Part) > 0 {
		part := message.Find(m.row.Structure, partNumber(item.Section.Part))
		if part == nil {
			if item.Kind == proto.FetchBinarySize {
				return append(b, " 0"...), nil
			}
			return append(b, " NIL"...), nil
		}
		if !slices.Contains(knownEncodings, part.Encoding) {
			m.failed = "[UNKNOWN-CTE] The transfer encoding of a part is not known"
			return append(b, " NIL"...), nil
		}
		open = func() io.Reader { return message.Decode(m.file, part) }
	}
	var c counter
	if _, err := io.Copy(&c, open()); err != nil {
		return b, err
	}
	if item.Kind == proto.FetchBinarySize {
		return strconv.AppendInt(append(b, ' '), c.n, 10), nil
	}
	from, to := cut(c.n, item.Partial)
	b = append(b, ' ')
	if c.nul {
		b = append(b, '~')
	}
	m.link.appended(append(strconv.AppendInt(append(b, '{'), to-from, 10), "}\r\n"...))
	r := open()
	if _, err := io.CopyN(io.Discard, r, from); err != nil {
		return nil, err
	}
	err := m.link.copy(r, to-from)
	return m.link.buffer(), err
}

// counter counts octets and looks for NUL.
type counter struct {
	n   int64
	nul bool
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	c.nul = c.nul || bytes.IndexByte(p, 0) >= 0
	return len(p), nil
}
