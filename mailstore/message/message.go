// Package message reads the Internet Message Format (RFC 5322, RFC 2045 to 2049): envelope, structure with byte
// offsets, text, attachments, and the new text of a reply.
//
// It is pure: bytes in, values out. It reads what people really send, so nothing is an error here: a broken message
// gives what can be made of it. It never panics, and its time and memory are bounded by the limits below.
package message

import "time"

// The bounds of one message. What is beyond them is dropped without a sign, except that offsets stay right.
const (
	MaxDepth       = 50        // parts within parts; a deeper container is a leaf of application/octet-stream
	MaxParts       = 1000      // parts in a message; the parts after them are not in the tree
	MaxHeaderBytes = 256 << 10 // octets of one part's header in which fields are looked for
	MaxAddresses   = 1000      // addresses kept of one kind of header field
	MaxReferences  = 200       // message ids kept of one field: the first and the last ones
	MaxParams      = 100       // parameters kept of one Content-Type or Content-Disposition
	PreviewLength  = 200       // characters (not octets) of Parsed.Preview

	maxSubject  = 4 << 10 // octets of UTF-8, like all below
	maxName     = 1 << 10 // a display name or an address
	maxID       = 998     // a longer message id is none
	maxParam    = 4 << 10 // a parameter's value, a description, a location
	maxToken    = 127     // a type, a subtype, an encoding, the name of a parameter
	maxFilename = 255     // of an Attachment; what file systems take
)

// Address is one mailbox of an address header (RFC 5322, 3.4).
type Address struct {
	Name    string `json:"name,omitempty"` // decoded display name, UTF-8
	Address string `json:"address"`        // local@domain as written, without angle brackets; may be anything in a broken message
}

// Envelope is what the header says about the message, decoded to UTF-8. Control characters are removed.
type Envelope struct {
	MessageID  string    `json:"messageId,omitempty"` // with its angle brackets; empty if there is none
	InReplyTo  []string  `json:"inReplyTo,omitempty"`
	References []string  `json:"references,omitempty"`
	Subject    string    `json:"subject,omitempty"`
	Date       time.Time `json:"date,omitzero"` // zero if absent or unreadable
	From       []Address `json:"from,omitempty"`
	Sender     []Address `json:"sender,omitempty"`
	ReplyTo    []Address `json:"replyTo,omitempty"`
	To         []Address `json:"to,omitempty"`
	Cc         []Address `json:"cc,omitempty"`
	Bcc        []Address `json:"bcc,omitempty"`
}

// Part is one node of the MIME tree. Offsets are octets from the start of the message, so that a part can be read
// from the file without parsing it again: the header is [Header, Body), the body [Body, End).
type Part struct {
	Type              string            `json:"type"`    // lower case: "text"
	Subtype           string            `json:"subtype"` // lower case: "plain"
	Params            map[string]string `json:"params,omitempty"`
	ID                string            `json:"id,omitempty"` // Content-ID with its angle brackets
	Description       string            `json:"description,omitempty"`
	Encoding          string            `json:"encoding"` // lower case, "7bit" if absent
	Disposition       string            `json:"disposition,omitempty"`
	DispositionParams map[string]string `json:"dispositionParams,omitempty"`
	MD5               string            `json:"md5,omitempty"`
	Language          []string          `json:"language,omitempty"`
	Location          string            `json:"location,omitempty"`
	Header            int64             `json:"header"`
	Body              int64             `json:"body"`
	End               int64             `json:"end"`
	Lines             int64             `json:"lines"`              // lines in the body
	Parts             []*Part           `json:"parts,omitempty"`    // children of multipart/*; the single child of message/rfc822
	Envelope          *Envelope         `json:"envelope,omitempty"` // of the child of message/rfc822
}

// Attachment is a part that a person would call one.
type Attachment struct {
	ID          string `json:"id"` // the IMAP section: "2", "2.1"
	Filename    string `json:"filename"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`                // octets after decoding
	ContentID   string `json:"contentId,omitempty"` // without angle brackets
	Disposition string `json:"disposition"`         // "attachment" or "inline"
}

// Parsed is all that is worth keeping of a message at delivery.
type Parsed struct {
	Envelope    Envelope
	Structure   *Part
	Attachments []Attachment
	Preview     string // the first words of the text, one line, at most PreviewLength characters
	Automatic   bool   // written by a machine in answer: Auto-Submitted other than "no" (RFC 3834), Precedence auto_reply, a report (RFC 6522), or from MAILER-DAEMON
	Bulk        bool   // the header says that it goes to many: Precedence bulk, list or junk, List-Id, List-Unsubscribe
}
