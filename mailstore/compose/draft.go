package compose

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

// Draft is a message to be written. Addresses are local@domain; domains may be written in Unicode and become A-labels.
// A draft may be without recipients: one that is only saved has none yet.
type Draft struct {
	From        message.Address
	Sender      *message.Address // who sends it, if that is not From
	ReplyTo     []message.Address
	To          []message.Address
	Cc          []message.Address
	Bcc         []message.Address // written, for the copy that the sender keeps; Outbound takes it out again
	Subject     string
	Text        string // UTF-8; "\n" and CRLF are line ends
	HTML        string // UTF-8; with HTML alone the text is made from it
	Attachments []Attachment
	Headers     []Header
	InReplyTo   string   // a message id with its angle brackets, or ""
	References  []string // message ids with their angle brackets, the root of the conversation first
	Passages    []string // of the message that is handed on; see PassageField
	Date        time.Time
	MessageID   string // with its angle brackets; WriteTo makes one where it is empty
}

// Attachment is a file, a picture that the HTML shows, or a message as a whole.
//
// One with a ContentID that the HTML refers to ("cid:…") is written beside the HTML and shown there. A message
// (ContentType message/rfc822) is written as it is, with lines ended by CRLF; if it cannot be, because of a line of more
// than 998 octets or a NUL, it becomes a file of application/octet-stream.
type Attachment struct {
	Filename    string
	ContentType string // with its parameters; "" goes by the end of Filename
	Content     []byte
	Open        func() io.Reader // in the place of Content, for what is large: all octets from the start, each time anew
	ContentID   string           // without angle brackets
	Inline      bool             // to be shown with the text rather than to be saved
}

// Header is a field of the caller's own. A value that is not ASCII is written in encoded words.
type Header struct {
	Name, Value string
}

// NewMessageID makes a message id with its angle brackets, of 128 random bits at the domain.
func NewMessageID(domain string) string {
	return "<" + strings.ToLower(rand.Text()) + "@" + domain + ">"
}

// WriteTo writes the message, lines ended by CRLF, none longer than 998 octets. Nothing is written if Check fails or an
// attachment that has to be looked at first cannot be read; other errors are those of w and of the attachments, and leave
// a part written. If MessageID is empty it is set, so that the caller knows it. Memory is bounded by a few times Text and
// HTML, and does not depend on attachments that are opened.
func (d *Draft) WriteTo(w io.Writer) (int64, error) {
	return d.write(w, newBoundary)
}

// Recipients gives the addresses of To, Cc and Bcc, each once, with the domain in lower-case A-labels: the envelope
// (RFC 5321). What is no address is left out; Check tells of it.
func (d *Draft) Recipients() []string {
	var list []string
	seen := map[string]bool{}
	for _, a := range slices.Concat(d.To, d.Cc, d.Bcc) {
		if address, reason := canonical(a.Address); reason == "" && !seen[address] {
			seen[address] = true
			list = append(list, address)
		}
	}
	return list
}

func (d *Draft) write(w io.Writer, boundary func() string) (int64, error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	body, err := d.body(boundary)
	if err != nil {
		return 0, err
	}
	if d.MessageID == "" {
		from, _ := canonical(d.From.Address)
		d.MessageID = NewMessageID(from[strings.LastIndexByte(from, '@')+1:])
	}
	out := newCounter(w)
	out.write(d.header())
	body.writeTo(out)
	if len(body.parts) > 0 {
		out.write([]byte("\r\n"))
	}
	return out.finish()
}

// header is all fields but those of the body. They come in the order that RFC 5322, 3.6 recommends.
func (d *Draft) header() []byte {
	h := appendField(nil, "Date", d.Date.Format(dateLayout))
	h = appendField(h, "From", addressWords([]message.Address{d.From}, len("From:"))...)
	if d.Sender != nil && !sameAddress(d.Sender.Address, d.From.Address) {
		h = appendField(h, "Sender", addressWords([]message.Address{*d.Sender}, len("Sender:"))...)
	}
	for _, f := range []struct {
		name string
		list []message.Address
	}{{"Reply-To", d.ReplyTo}, {"To", d.To}, {"Cc", d.Cc}, {"Bcc", d.Bcc}} {
		switch {
		case len(f.list) > 0:
			h = appendField(h, f.name, addressWords(f.list, len(f.name)+1)...)
		case f.name == "To" && len(d.Cc) == 0 && len(d.Bcc) > 0:
			h = appendField(h, "To", "undisclosed-recipients:;") // without any recipient field many filters take it for spam
		}
	}
	if subject := strings.TrimSpace(d.Subject); subject != "" {
		h = appendField(h, "Subject", textWords(subject, len("Subject:"))...)
	}
	h = appendField(h, "Message-ID", d.MessageID)
	if d.InReplyTo != "" {
		h = appendField(h, "In-Reply-To", d.InReplyTo)
	}
	if len(d.References) > 0 {
		h = appendField(h, "References", d.References...)
	}
	for _, passage := range d.Passages {
		h = appendField(h, PassageField, passage)
	}
	for _, x := range d.Headers {
		h = appendField(h, x.Name, customWords(x)...)
	}
	return appendField(h, "MIME-Version", "1.0")
}

// dateLayout is a date of RFC 5322, 3.3.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"

// counter counts what is written, and stops at the first error.
type counter struct {
	w   io.Writer
	buf []byte
	n   int64
	err error
}

const counterBuffer = 32 << 10

func newCounter(w io.Writer) *counter {
	return &counter{w: w, buf: make([]byte, 0, counterBuffer)}
}

func (c *counter) write(p []byte) {
	for len(p) > 0 && c.err == nil {
		n := copy(c.buf[len(c.buf):cap(c.buf)], p)
		c.buf, p = c.buf[:len(c.buf)+n], p[n:]
		if len(c.buf) == cap(c.buf) {
			c.flush()
		}
	}
}

// Write makes a counter an io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	if c.write(p); c.err != nil {
		return 0, c.err
	}
	return len(p), nil
}

func (c *counter) flush() {
	if c.err != nil || len(c.buf) == 0 {
		return
	}
	n, err := c.w.Write(c.buf)
	if err == nil && n < len(c.buf) {
		err = io.ErrShortWrite
	}
	c.n += int64(n)
	c.buf = c.buf[:0]
	if err != nil {
		c.fail(fmt.Errorf("write message: %w", err))
	}
}

func (c *counter) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *counter) finish() (int64, error) {
	c.flush()
	return c.n, c.err
}
