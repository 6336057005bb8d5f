// Package report tells whether a message that came in is a report about mail that was sent from here: a delivery
// status notification (RFC 3464), a bounce in one of the many forms from before and beside that standard, a complaint
// (RFC 5965), or an automatic reply (RFC 3834). It also gives the judgement behind it, Classify, for a live SMTP reply.
//
// It is pure: bytes in, values out. It does not know what was sent, nor whether a report is true: anybody can write
// one, and who acts on it must match it to a message first. It takes what real servers write, never fails and never
// panics. It reads at most MaxRead octets of a message, and only the header of nearly all mail that is no report.
package report

import (
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// The bounds of a report. What is beyond them is not looked at, or dropped.
const (
	MaxRead       = 1 << 20 // octets of a message
	MaxFailures   = 100     // recipients in a report
	MaxDiagnostic = 1000    // octets of Failure.Diagnostic

	maxHead    = 64 << 10 // octets of the header that are searched for signs of a report
	maxText    = 64 << 10 // octets of decoded text that are searched, of each part
	maxLines   = 2000     // lines of it
	maxLine    = 2000     // octets of a line
	maxAddress = 320      // octets of an address (RFC 3696, 3)
	maxID      = 998      // octets of a message id (RFC 5322, 2.1.1)
	maxField   = 2000     // octets of another field
	maxNested  = 2        // reports wrapped in reports
)

// Kind is what a report says of the message that was sent.
type Kind string

const (
	Bounce    Kind = "bounce"    // at least one recipient will not get it
	Delay     Kind = "delay"     // it is still being tried
	Delivered Kind = "delivered" // delivered, relayed or expanded, told because somebody asked
	Complaint Kind = "complaint" // somebody does not want it
	AutoReply Kind = "autoReply" // a program answered for the recipient
)

// Reason is why a message was not taken.
type Reason string

const (
	UserUnknown  Reason = "userUnknown"  // there is no such mailbox or no such domain, or it is disabled
	MailboxFull  Reason = "mailboxFull"  // the mailbox is over its quota
	Blocked      Reason = "blocked"      // the sending host is refused: reputation, a block list, no reverse DNS
	RateLimited  Reason = "rateLimited"  // too much at once, or greylisting: later it would be taken
	Policy       Reason = "policy"       // a rule: sender authentication, relaying, who may write to whom
	Spam         Reason = "spam"         // the message is held to be spam
	Content      Reason = "content"      // size, attachment, virus, malformed header
	NetworkError Reason = "networkError" // DNS, connection or TLS failed
	Expired      Reason = "expired"      // given up after trying for long, for no reason that is told
	Feedback     Reason = "feedback"     // a complaint
	Vacation     Reason = "vacation"     // an automatic reply
	Other        Reason = "other"
)

// Failure is what a report says of one recipient; of a complaint, who complained, and of an automatic reply, who
// answers. All strings are valid UTF-8 on one line.
type Failure struct {
	Recipient string // the address as it was sent to, as far as the report tells; its domain in lower case
	Final     string // the address that it was forwarded to, or the same
	Reason    Reason
	// Hard says that trying again with this message is of no use. Of the address itself only UserUnknown speaks: a
	// message that is too large, or fails a check of its sender, is refused for good where another would be taken.
	Hard       bool
	Code       int    // SMTP reply code (RFC 5321, 4.2), or 0
	Status     string // enhanced status code (RFC 3463) such as "5.1.1", or ""
	Diagnostic string // what the remote server said, at most MaxDiagnostic octets
	RemoteMTA  string // the name of the remote server, or ""
	Action     string // "failed", "delayed", "delivered", "relayed" or "expanded" (RFC 3464, 2.3.3); "" of complaints and replies
}

// Report is what is said about one message that was sent.
type Report struct {
	Kind         Kind
	Failures     []Failure // in the order of the report, at most MaxFailures; may be empty where no recipient is named
	MessageID    string    // of the message that was sent, with its angle brackets; "" if the report does not show it
	FeedbackType string    // of a complaint, in lower case: "abuse", "fraud", "virus", "opt-out", "other" or another word
	OriginalTo   []string  // addresses in the To field of the message that was sent, at most MaxFailures
}

// Parse reads a message. It is false for an ordinary one, and for reports of other kinds: read receipts (RFC 8098),
// feedback that is no complaint (not-spam, auth-failure). One that quotes, forwards or discusses a report is ordinary.
// Nothing of the result refers to raw. The time is linear in min(len(raw), MaxRead).
func Parse(raw []byte) (Report, bool) {
	return parse(raw, 0)
}

func parse(raw []byte, nested int) (Report, bool) {
	raw = raw[:min(len(raw), MaxRead)]
	h := readHead(raw)
	if !h.suspect() {
		return Report{}, false
	}
	envelope := message.Parse(raw[:h.end]).Envelope
	reply, replied := autoReply(&h, &envelope)
	if replied && !h.isReport && h.failedRecipients == "" && (!isDaemon(&envelope, h.from) || answers(envelope.Subject)) {
		return reply, true // whatever it says of delivery
	}
	if h.mayBounce(raw, &envelope) {
		if r, ok := newMail(raw, h, &envelope).report(nested); ok {
			return r, true
		}
	}
	return reply, replied
}

// report reads a message whose header has the signs of a report.
func (m *mail) report(nested int) (Report, bool) {
	switch {
	case m.feedback != "":
		return m.complaint()
	case m.head.reportType == "feedback-report":
		return Report{}, false
	}
	if r, ok := m.notification(); ok {
		return r, true
	}
	r := m.base()
	switch {
	case len(m.statuses) > 0:
		r.Failures = m.statusFailures(m.statuses)
	case m.isBounceText():
		if r.Failures = m.statusFailures([]string{m.notice()}); len(r.Failures) == 0 {
			r.Failures = m.textFailures()
		}
	default:
		return Report{}, false
	}
	if len(r.Failures) == 0 {
		if wrapped, ok := m.wrapped(nested); ok {
			return wrapped, true
		}
		r.Failures = m.guessFailures()
	}
	if len(r.Failures) == 0 && !m.head.isReport && m.sent.MessageID == "" {
		return Report{}, false // it tells nothing of anybody or anything
	}
	r.Kind = m.kind(r.Failures)
	return r, true
}

// base fills in what a report says of the message that was sent as a whole.
func (m *mail) base() Report {
	r := Report{MessageID: m.messageID()}
	for _, a := range m.sent.To {
		if address := cleanAddress(a.Address); address != "" && len(r.OriginalTo) < MaxFailures && !slices.Contains(r.OriginalTo, address) {
			r.OriginalTo = append(r.OriginalTo, address)
		}
	}
	return r
}

// kind is the worst that was said of any recipient.
func (m *mail) kind(failures []Failure) Kind {
	kind := Delivered
	for _, f := range failures {
		switch f.Action {
		case "failed":
			return Bounce
		case "delayed":
			kind = Delay
		}
	}
	if len(failures) == 0 {
		return Bounce
	}
	return kind
}

// wrapped reads a report that a gateway enclosed in one of its own that names nobody.
func (m *mail) wrapped(nested int) (Report, bool) {
	if nested >= maxNested {
		return Report{}, false
	}
	inner := []byte(m.enclosed)
	if m.returned != nil {
		inner = m.raw[m.returned.Body:m.returned.End]
	}
	r, ok := parse(inner, nested+1)
	return r, ok && r.Kind != AutoReply && r.Kind != Complaint
}

// notice is the text of the report, without the message that it returns.
func (m *mail) notice() string { return strings.Join(m.lines[:m.marker], "\n") }
