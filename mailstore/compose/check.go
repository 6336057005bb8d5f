package compose

import (
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
)

// Check tells what of a draft cannot be written: a fault.Invalid with one field for each mistake, at most 100, whose paths
// are those of the API ("to[2]", "headers[0].name"); nil if all can. It reads no attachment.
func (d *Draft) Check() error {
	var p problems
	p.addresses("from", []message.Address{d.From}, 1)
	if d.Sender != nil {
		p.addresses("sender", []message.Address{*d.Sender}, 1)
	}
	if n := len(d.To) + len(d.Cc) + len(d.Bcc); n > MaxRecipients {
		p.add("to", "A message can have at most %d recipients (limit recipientsPerMessage); this one has %d.", MaxRecipients, n)
	} else {
		p.addresses("to", d.To, 0)
		p.addresses("cc", d.Cc, 0)
		p.addresses("bcc", d.Bcc, 0)
	}
	if len(d.ReplyTo) > MaxReplyTo {
		p.add("replyTo", "At most %d addresses can stand in replyTo.", MaxReplyTo)
	} else {
		p.addresses("replyTo", d.ReplyTo, 0)
	}
	p.line("subject", d.Subject, MaxSubject)
	p.text("text", d.Text)
	p.text("html", d.HTML)
	p.attachments(d.Attachments)
	p.headers(d.Headers)
	p.ids(d)
	if y := d.Date.Year(); y < 1900 || y > 9998 {
		p.add("date", "The message needs a date.")
	}
	return p.err()
}

// problems gathers all that is wrong with a draft, so that it is told at once.
type problems []fault.Field

func (p *problems) add(path, format string, args ...any) {
	if len(*p) < maxProblems {
		*p = append(*p, fault.Field{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "validation_failed", "The message cannot be written as it is: %s", p[0].Message)
	e.Fields = p
	return e
}

// addresses checks a list; one names a field that holds a single address.
func (p *problems) addresses(path string, list []message.Address, one int) {
	for i, a := range list {
		at := path
		if one == 0 {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if _, reason := canonical(a.Address); reason != "" {
			p.add(at, "%s", reason)
		}
		p.line(at, a.Name, MaxName)
	}
}

// line checks what has to be one line of UTF-8.
func (p *problems) line(path, s string, characters int) {
	switch {
	case !utf8.ValidString(s):
		p.add(path, "This is not valid UTF-8.")
	case strings.ContainsFunc(s, breaks):
		p.add(path, "Line ends and other control characters cannot stand here.")
	case utf8.RuneCountInString(s) > characters:
		p.add(path, "This can have at most %d characters.", characters)
	}
}

// breaks tells whether r may begin a new line for some reader, or is another control character.
func breaks(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

func (p *problems) text(path, s string) {
	switch {
	case len(s) > MaxText:
		p.add(path, "This can have at most %d octets.", MaxText)
	case !utf8.ValidString(s):
		p.add(path, "This is not valid UTF-8.")
	case strings.IndexByte(s, 0) >= 0:
		p.add(path, "This holds a NUL, which mail programs cannot show.")
	}
}

func (p *problems) ids(d *Draft) {
	const what = "A message id is written as <id@host>, in ASCII without spaces, of at most %d octets."
	if d.MessageID != "" && (!isID(d.MessageID) || !strings.Contains(d.MessageID, "@")) {
		p.add("messageId", what, MaxID)
	}
	if d.InReplyTo != "" && !isID(d.InReplyTo) {
		p.add("inReplyTo", what, MaxID)
	}
	if len(d.References) > MaxReferences {
		p.add("references", "At most %d message ids can stand in references.", MaxReferences)
	}
	for i, id := range d.References[:min(len(d.References), MaxReferences)] {
		if !isID(id) {
			p.add(fmt.Sprintf("references[%d]", i), what, MaxID)
		}
	}
}

func (p *problems) attachments(list []Attachment) {
	if len(list) > MaxAttachments {
		p.add("attachments", "A message can have at most %d attachments; this one has %d.", MaxAttachments, len(list))
		return
	}
	seen := map[string]bool{}
	for i, a := range list {
		at := fmt.Sprintf("attachments[%d].", i)
		p.filename(at+"filename", a.Filename)
		p.mediaType(at+"contentType", a.ContentType)
		if a.ContentID == "" {
			continue
		}
		switch {
		case !isContentID(a.ContentID):
			p.add(at+"contentId", "A contentId is ASCII without spaces, quotes and brackets, of at most %d octets.", MaxContentID)
		case seen[a.ContentID]:
			p.add(at+"contentId", "Another attachment has this contentId; give each its own.")
		}
		seen[a.ContentID] = true
	}
}

func (p *problems) filename(path, name string) {
	switch trimmed := strings.TrimSpace(name); {
	case name == "":
	case !utf8.ValidString(name):
		p.add(path, "The file name is not valid UTF-8.")
	case strings.ContainsFunc(name, breaks):
		p.add(path, "Line ends and other control characters cannot stand in a file name.")
	case strings.ContainsAny(name, `/\`):
		p.add(path, `A file name holds no / and no \; give its last part.`)
	case strings.Trim(trimmed, ".") == "":
		p.add(path, "This is no file name.")
	case len(name) > MaxFilename:
		p.add(path, "A file name can have at most %d octets.", MaxFilename)
	}
}

func (p *problems) mediaType(path, written string) {
	if written == "" {
		return
	}
	kind, params, err := mime.ParseMediaType(written)
	major, minor, _ := strings.Cut(kind, "/")
	if err != nil || !isToken(major) || !isToken(minor) || len(kind) > 127 || len(written) > 1000 || !isPrintableASCII(written) {
		p.add(path, "A content type is written like application/pdf or text/csv; charset=utf-8.")
		return
	}
	if major == "multipart" {
		p.add(path, "An attachment is no multipart; attach its parts, or a whole message as message/rfc822.")
	}
	for name, value := range params {
		if len(name) > 40 || !isToken(name) || strings.ContainsAny(name, "*'%") || !utf8.ValidString(value) || strings.ContainsFunc(value, breaks) {
			p.add(path, "A parameter of the content type cannot be written.")
		}
	}
}

// isContentID allows what can stand both in the field and, escaped, in a cid: address. The at sign of RFC 2045, 7 is not
// asked for: few write it.
func isContentID(s string) bool {
	return len(s) <= MaxContentID && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>()[]\"'`, r) })
}

func (p *problems) headers(list []Header) {
	octets := 0
	for _, h := range list {
		octets += len(h.Name) + len(h.Value)
	}
	if len(list) > MaxHeaders || octets > MaxHeaderOctets {
		p.add("headers", "A message can have at most %d header fields of one's own, of %d octets together.", MaxHeaders, MaxHeaderOctets)
		return
	}
	for i, h := range list {
		at := fmt.Sprintf("headers[%d].", i)
		p.headerName(at+"name", h.Name)
		p.headerValue(at+"value", h)
	}
}

func (p *problems) headerName(path, name string) {
	lower := strings.ToLower(name)
	switch {
	case name == "":
		p.add(path, "A header field needs a name.")
	case !isFieldName(name):
		p.add(path, "The name of a header field is printable ASCII without spaces and colons.")
	case len(name) > MaxHeaderName:
		p.add(path, "The name of a header field can have at most %d octets.", MaxHeaderName)
	case settable[lower] != "":
		p.add(path, "%s is not set as a header; use the field %s.", name, settable[lower])
	case isOurs(lower):
		p.add(path, "%s is written by the server; leave it out.", name)
	}
}

func (p *problems) headerValue(path string, h Header) {
	value := strings.TrimSpace(h.Value)
	switch {
	case !utf8.ValidString(h.Value):
		p.add(path, "The value is not valid UTF-8.")
	case strings.ContainsFunc(h.Value, breaks):
		p.add(path, "Line ends and other control characters cannot stand in a header field.")
	case value == "":
		p.add(path, "A header field needs a value.")
	case isPrintableASCII(value) && anyLonger(spaced(value), maxLine-1-len(h.Name)):
		p.add(path, "The value cannot be folded: it has more than %d octets without a space.", maxLine-1-len(h.Name))
	case !isPrintableASCII(value) && strings.HasPrefix(strings.ToLower(h.Name), "list-"):
		p.add(path, "The fields of mailing lists are ASCII (RFC 2369); escape what is not.")
	}
}

// isFieldName tells whether s is the name of a header field (RFC 5322, 3.6.8).
func isFieldName(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' || s[i] == ':' {
			return false
		}
	}
	return s != ""
}

// settable are the fields that have a place of their own in a draft.
var settable = map[string]string{
	"from": "from", "sender": "from", "to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "replyTo", "subject": "subject",
	"in-reply-to": "inReplyTo, or reply to the message", "references": "references, or reply to the message",
}

// isOurs tells whether a field, in lower case, is written by this server or by the hosts on the way: a sender who could
// write it could forge what they say.
func isOurs(lower string) bool {
	switch lower {
	case "date", "message-id", "mime-version", "received", "return-path", "delivered-to", "x-original-to", "envelope-to",
		"dkim-signature", "domainkey-signature", "authentication-results", "received-spf", "apparently-to", "errors-to", "return-receipt-to", "feedback-id":
		return true
	}
	for _, prefix := range []string{"content-", "resent-", "arc-", "downgraded-", "postroom-"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return false
}

func sortedKeys(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}
