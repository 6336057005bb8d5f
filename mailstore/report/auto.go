package report

import (
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// autoReply tells whether a program answered for its owner (RFC 3834): it says so by a field, or by its subject and
// another sign together, as people write such subjects too.
func autoReply(h *head, e *message.Envelope) (Report, bool) {
	says := h.autoSubmitted == "auto-replied" || h.autoResponse || h.precedence == "auto_reply" || h.precedence == "auto-reply"
	sign := h.suppressesResponses || h.nullSender || h.autoSubmitted == "auto-generated" || h.precedence == "bulk" || h.precedence == "junk"
	if h.isReport || !says && !(sign && isAutoSubject(e.Subject)) {
		return Report{}, false
	}
	r := Report{Kind: AutoReply}
	if len(e.InReplyTo) > 0 {
		r.MessageID = cleanID(e.InReplyTo[0])
	} else if n := len(e.References); n > 0 {
		r.MessageID = cleanID(e.References[n-1])
	}
	if len(e.From) > 0 {
		if address := cleanAddress(e.From[0].Address); address != "" {
			r.Failures = []Failure{{Recipient: address, Final: address, Reason: Vacation}}
		}
	}
	return r, true
}

// answers tells whether a subject is that of a reply, which no server gives a bounce that it marks as automatic.
func answers(subject string) bool {
	return len(subject) > 3 && strings.EqualFold(subject[:3], "re:") || isAutoSubject(subject)
}

func isAutoSubject(subject string) bool {
	subject = strings.ToLower(strings.TrimSpace(subject))
	for _, phrase := range autoSubjects {
		if strings.HasPrefix(subject, phrase) {
			return true
		}
	}
	return false
}
