package compose

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"mime"
	"net/url"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// part is one node of the MIME tree that is written.
type part struct {
	header   []byte                    // its fields, without the empty line
	write    func(out io.Writer) error // the body of a leaf, without a line end after it unless it has one
	plain    func() io.Reader          // the body as it is written, again; nil of base64, which can hold no boundary
	boundary string
	parts    []*part
}

// newBoundary makes a boundary of 128 random bits. With "=_" in it, it cannot occur in quoted-printable, and with "_" not
// in base64 (RFC 2045, 6.7).
func newBoundary() string {
	return "=_" + strings.ToLower(rand.Text())
}

func (p *part) writeTo(out *counter) {
	out.write(p.header)
	out.write([]byte("\r\n"))
	if len(p.parts) == 0 {
		if err := p.write(out); err != nil {
			out.fail(err)
		}
		return
	}
	for i, child := range p.parts {
		if i > 0 {
			out.write([]byte("\r\n"))
		}
		out.write([]byte("--" + p.boundary + "\r\n"))
		child.writeTo(out)
	}
	out.write([]byte("\r\n--" + p.boundary + "--"))
}

// multipart joins parts. The boundary is one that occurs in none of them.
func multipart(subtype string, params []string, boundary func() string, parts ...*part) (*part, error) {
	p := &part{parts: parts}
	for occurs := true; occurs; {
		p.boundary = boundary()
		var err error
		if occurs, err = p.contains(p.boundary); err != nil {
			return nil, err
		}
	}
	params = append(params, paramWords("boundary", p.boundary)...)
	p.header = appendParams(nil, "Content-Type", "multipart/"+subtype, params)
	return p, nil
}

// contains looks for a boundary in all that is written as it is.
func (p *part) contains(boundary string) (bool, error) {
	for _, child := range p.parts {
		if found, err := child.contains(boundary); found || err != nil {
			return found, err
		}
	}
	if p.plain == nil {
		return false, nil
	}
	return occurs(p.plain(), []byte(boundary))
}

// occurs looks for needle in what r gives, with memory for one buffer.
func occurs(r io.Reader, needle []byte) (bool, error) {
	buf := make([]byte, 32<<10)
	held := 0
	for {
		n, err := r.Read(buf[held:])
		if bytes.Contains(buf[:held+n], needle) {
			return true, nil
		}
		switch err {
		case nil:
		case io.EOF:
			return false, nil
		default:
			return false, err
		}
		keep := min(held+n, len(needle)-1)
		copy(buf, buf[held+n-keep:held+n])
		held = keep
	}
}

// appendParams appends a field with parameters.
func appendParams(to []byte, name, value string, params []string) []byte {
	words := append([]string{value}, params...)
	for i := range words[:len(words)-1] {
		words[i] += ";"
	}
	return appendField(to, name, words...)
}

// body makes the tree of a draft that has been checked:
//
//	mixed( alternative( text, related( HTML, pictures ) ), attachments )
//
// with every container left out that would hold one part.
func (d *Draft) body(boundary func() string) (*part, error) {
	shown, attached, err := d.attachments()
	if err != nil {
		return nil, err
	}
	content, err := d.content(shown, len(attached) > 0, boundary)
	if err != nil || len(attached) == 0 {
		return content, err
	}
	return multipart("mixed", nil, boundary, append([]*part{content}, attached...)...)
}

// content is the text in its forms. A part of a multipart needs no line end at its end: the delimiter has one.
func (d *Draft) content(shown []*part, within bool, boundary func() string) (*part, error) {
	if d.HTML == "" {
		return textPart("plain", d.Text, within), nil
	}
	text := d.Text
	if text == "" {
		text = message.TextOf(d.HTML)
	}
	rich := textPart("html", d.HTML, true)
	if len(shown) > 0 {
		var err error
		if rich, err = multipart("related", paramWords("type", "text/html"), boundary, append([]*part{rich}, shown...)...); err != nil {
			return nil, err
		}
	}
	return multipart("alternative", nil, boundary, textPart("plain", text, true), rich)
}

func textPart(subtype, text string, within bool) *part {
	encoding, body := encodeText(text)
	if !within && !bytes.HasSuffix(body, []byte("\n")) {
		body = append(body, "\r\n"...)
	}
	p := bodyPart(body)
	p.header = appendParams(nil, "Content-Type", "text/"+subtype, []string{"charset=utf-8"})
	p.header = appendField(p.header, "Content-Transfer-Encoding", encoding)
	return p
}

// bodyPart is a leaf whose encoded body is in memory.
func bodyPart(body []byte) *part {
	return &part{
		write: func(out io.Writer) error { _, err := out.Write(body); return err },
		plain: func() io.Reader { return bytes.NewReader(body) },
	}
}

// attachments parts what the HTML shows from the rest.
func (d *Draft) attachments() (shown, attached []*part, err error) {
	ids := references(d.HTML)
	for i, a := range d.Attachments {
		isShown := a.ContentID != "" && ids[a.ContentID]
		p, err := a.part(isShown)
		if err != nil {
			return nil, nil, fmt.Errorf("read attachment %d: %w", i, err)
		}
		if isShown {
			shown = append(shown, p)
		} else {
			attached = append(attached, p)
		}
	}
	return shown, attached, nil
}

// references gives the Content-IDs that an HTML document refers to (RFC 2392).
func references(document string) map[string]bool {
	ids := map[string]bool{}
	for {
		i := strings.IndexByte(document, ':')
		if i < 0 {
			return ids
		}
		before := document[:i]
		document = document[i+1:]
		if len(before) < 3 || !strings.EqualFold(before[len(before)-3:], "cid") {
			continue
		}
		end := strings.IndexAny(document, "\"'<>() \t\r\n")
		if end < 0 {
			end = len(document)
		}
		id := html.UnescapeString(document[:min(end, 3*MaxContentID)])
		if decoded, err := url.PathUnescape(id); err == nil {
			ids[decoded] = true
		}
		ids[id] = true
	}
}

// part makes the part of an attachment that has been checked.
func (a Attachment) part(shown bool) (*part, error) {
	kind, params := a.mediaType()
	p := &part{}
	encoding := "base64"
	if strings.HasPrefix(kind, "message/") {
		n, err := natureOf(a.lines())
		switch {
		case err != nil:
			return nil, err
		case n.binary:
			kind, params = "application/octet-stream", nil
		case n.eightBit:
			encoding = "8bit"
		default:
			encoding = "7bit"
		}
		if kind == "message/rfc822" && n.inHeader {
			kind = "message/global" // RFC 6532, 3.7
		}
	}
	name := strings.TrimSpace(a.Filename)
	if kind == "application/octet-stream" && name != "" && a.isMessage() && extensionOf(name) == "" {
		name += ".eml"
	}
	if name != "" {
		params = append(params, paramWords("name", plainName(name))...)
	}
	p.header = appendParams(nil, "Content-Type", kind, params)
	p.header = appendField(p.header, "Content-Transfer-Encoding", encoding)
	disposition := "attachment"
	if shown || a.Inline {
		disposition = "inline"
	}
	var file []string
	if name != "" {
		file = paramWords("filename", name)
	}
	p.header = appendParams(p.header, "Content-Disposition", disposition, file)
	if a.ContentID != "" {
		p.header = appendField(p.header, "Content-ID", "<"+a.ContentID+">")
	}
	if encoding == "base64" {
		p.write = func(out io.Writer) error { return readError(writeBase64(out, a.open())) }
		return p, nil
	}
	p.write = func(out io.Writer) error { _, err := io.Copy(out, a.lines()); return readError(err) }
	p.plain = a.lines
	return p, nil
}

func readError(err error) error {
	if err != nil {
		return fmt.Errorf("write attachment: %w", err)
	}
	return nil
}

func (a Attachment) open() io.Reader {
	if a.Open != nil {
		return a.Open()
	}
	return bytes.NewReader(a.Content)
}

func (a Attachment) lines() io.Reader { return &crlfReader{in: a.open()} }

func (a Attachment) isMessage() bool {
	kind, _ := a.mediaType()
	return strings.HasPrefix(kind, "message/")
}

// mediaType gives the type of an attachment that has been checked, and its parameters but for the name.
func (a Attachment) mediaType() (kind string, params []string) {
	written := a.ContentType
	if written == "" {
		written = typeOf(a.Filename)
	}
	kind, values, _ := mime.ParseMediaType(written)
	if kind == "message/global" {
		kind = "message/rfc822" // until its header is known
	}
	for _, name := range sortedKeys(values) {
		if name != "name" && name != "boundary" {
			params = append(params, paramWords(name, values[name])...)
		}
	}
	return kind, params
}
