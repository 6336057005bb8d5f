package compose

import (
	"strings"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
)

// ErrSealed is answered for a draft whose text is signed or encrypted: it would be neither when it is written again.
var ErrSealed = fault.New(fault.Conflict, "draft_sealed", "The text of this draft is signed or encrypted, and can be changed only by the program that wrote it.")

// ErrPartRead is answered for a draft of which not all is read, so that whoever it names behind that would be left out.
var ErrPartRead = fault.New(fault.Invalid, "draft_too_large", "The draft names %d addresses or more in one field, or its header has more than %d octets, so that not all of it is read; send it in parts.",
	message.MaxAddresses, message.MaxHeaderBytes)

// CheckWhole refuses a draft with ErrPartRead if its envelope may not hold all that stands in its header.
func CheckWhole(e message.Envelope, header []byte) error {
	if len(header) > message.MaxHeaderBytes || max(len(e.To), len(e.Cc), len(e.Bcc)) >= message.MaxAddresses {
		return ErrPartRead
	}
	return nil
}

// Resume makes a draft of one that lies there, whoever wrote it, so that it can be changed and written again: what a Draft has no
// place for, such as the order of its parts, is not kept; its fields are, the Message-ID too, but not the Date. Body is whole. The
// fields of the writer's own are taken in their order, as many as Check lets pass. Errors are ErrSealed, ErrPartRead, ErrHeaderTooLarge
// and those of Raw.
func Resume(o Original) (*Draft, error) {
	if o.Structure != nil && isSealed(o.Structure) {
		return nil, ErrSealed
	}
	header, err := ReadHeader(o.Raw, o.Size)
	if err != nil {
		return nil, err
	}
	e := o.Envelope
	if err := CheckWhole(e, header); err != nil {
		return nil, err
	}
	d := &Draft{ReplyTo: e.ReplyTo, To: e.To, Cc: e.Cc, Bcc: e.Bcc, Subject: e.Subject, Text: o.Body.Text, HTML: o.Body.HTML, Headers: ownHeaders(header), Passages: Passages(header)}
	if len(e.From) > 0 {
		d.From = e.From[0]
	}
	if len(e.Sender) > 0 {
		d.Sender = &e.Sender[0]
	}
	if isID(e.MessageID) {
		d.MessageID = e.MessageID
	}
	d.InReplyTo, d.References = resumedThread(e)
	d.Attachments = o.resumed()
	return d, nil
}

// isSealed tells of a message whose parts are signed or encrypted together (RFC 1847, RFC 8551).
func isSealed(p *message.Part) bool {
	switch p.Type + "/" + p.Subtype {
	case "multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	}
	return false
}

// ownHeaders gives the fields that are neither a draft's nor the server's.
func ownHeaders(header []byte) (list []Header) {
	octets := 0
	for f := range fields(header) {
		lower := strings.ToLower(string(f.name))
		if f.name == nil || settable[lower] != "" || isOurs(lower) {
			continue
		}
		_, value, _ := strings.Cut(string(f.lines), ":")
		h := Header{Name: string(f.name), Value: clean(strings.ReplaceAll(value, "\r\n", ""))}
		if octets += len(h.Name) + len(h.Value); octets > MaxHeaderOctets || len(list) == MaxHeaders {
			break
		}
		var p problems
		if p.headerName("", h.Name); len(p) == 0 {
			if p.headerValue("", h); len(p) == 0 {
				list = append(list, h)
			}
		}
	}
	return list
}

// resumedThread gives the ids that tie the draft to a conversation, those that can be written.
func resumedThread(e message.Envelope) (inReplyTo string, references []string) {
	if len(e.InReplyTo) > 0 && isID(e.InReplyTo[0]) {
		inReplyTo = e.InReplyTo[0]
	}
	for _, id := range e.References {
		if isID(id) {
			references = append(references, id)
		}
	}
	if len(references) > MaxReferences {
		references = append(references[:1:1], references[len(references)-MaxReferences+1:]...)
	}
	return inReplyTo, references
}

// resumed are the draft's attachments, shown inline where they were.
func (o Original) resumed() []Attachment {
	list, n := o.attached(nil, false), 0
	for _, a := range o.Attachments {
		if n < len(list) && message.Find(o.Structure, a.ID) != nil {
			list[n].Inline = a.Disposition == "inline"
			n++
		}
	}
	return list
}
