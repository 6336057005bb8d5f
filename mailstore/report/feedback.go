package report

import (
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// complaintSubject begins the complaints of Hotmail's Junk Mail Reporting Program, which has a form of its own.
const complaintSubject = "complaint about message from"

func isComplaint(e *message.Envelope) bool {
	return strings.HasPrefix(strings.ToLower(e.Subject), complaintSubject)
}

// complaint reads a feedback report (RFC 5965, 3). Whether it is a complaint its type decides; a word that is not
// known is one, as RFC 5965, 7.3, lets types be added.
func (m *mail) complaint() (Report, bool) {
	r := m.base()
	r.Kind = Complaint
	var who []string
	for line := range strings.SplitSeq(m.feedback, "\n") {
		name, value, ok := strings.Cut(clip(line, maxField), ":")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "feedback-type":
			r.FeedbackType = strings.ToLower(oneLine(value, maxAddress))
		case "original-rcpt-to", "removal-recipient":
			if address := cleanAddress(strings.TrimPrefix(strings.TrimSpace(value), "rfc822;")); address != "" && len(who) < MaxFailures {
				who = append(who, address)
			}
		}
	}
	switch r.FeedbackType {
	case "", "not-spam", "auth-failure", "dmarc":
		return Report{}, false
	}
	if len(who) == 0 && len(r.OriginalTo) == 1 {
		who = r.OriginalTo
	}
	r.Failures = complainers(who)
	return r, true
}

func complainers(who []string) []Failure {
	var list []Failure
	for _, address := range who {
		list = append(list, Failure{Recipient: address, Final: address, Reason: Feedback})
	}
	return list
}

// notification reads what is no report by its form, but by who sends it: complaints of Hotmail's Junk Mail Reporting
// Program, which are the bare message, and the notifications of Amazon SES, which are JSON.
func (m *mail) notification() (Report, bool) {
	switch {
	case isComplaint(m.envelope) && m.returned != nil:
		who := cleanAddress(m.returnedHeader("x-hmxmroriginalrecipient"))
		if who == "" {
			return Report{}, false
		}
		r := m.base()
		r.Kind, r.FeedbackType, r.Failures = Complaint, "abuse", complainers([]string{who})
		return r, true
	case isNotifier(m.envelope):
		return m.sesNotification()
	}
	return Report{}, false
}

// isNotifier tells whether Amazon's notification service wrote the message.
func isNotifier(e *message.Envelope) bool {
	return len(e.From) > 0 && strings.EqualFold(e.From[0].Address, "no-reply@sns.amazonaws.com")
}

// sesNotification reads the JSON of an Amazon SES notification by its keys, as mail servers break its long line.
func (m *mail) sesNotification() (Report, bool) {
	text := strings.Join(m.lines, "")
	text = strings.ReplaceAll(text, "! ", "") // where sendmail broke the line
	r := Report{}
	for rest := text; r.MessageID == ""; {
		var id string
		if id, rest = jsonString(rest, "messageId"); rest == "" {
			break
		}
		if strings.HasPrefix(id, "<") {
			r.MessageID = cleanID(id)
		}
	}
	kind, _ := jsonString(text, "notificationType")
	switch kind {
	case "Bounce":
		r.Kind = Bounce
		_, list, _ := strings.Cut(text, `"bouncedRecipients":[`)
		list, _, _ = strings.Cut(list, "]")
		for item := range strings.SplitSeq(list, "}") {
			address, _ := jsonString(item, "emailAddress")
			if address = cleanAddress(address); address == "" || len(r.Failures) == MaxFailures {
				continue
			}
			status, _ := jsonString(item, "status")
			diagnostic, _ := jsonString(item, "diagnosticCode")
			_, diagnostic = typed(diagnostic)
			f := Failure{Recipient: address, Final: address, Status: cleanStatus(status), Diagnostic: oneLine(diagnostic, MaxDiagnostic), Action: "failed"}
			code, enhanced, _ := findReply(f.Diagnostic)
			if f.Code = code; enhanced != "" {
				f.Status = enhanced
			}
			f.Reason, f.Hard = Classify(f.Code, f.Status, f.Diagnostic)
			r.Failures = append(r.Failures, f)
		}
	case "Complaint":
		r.Kind = Complaint
		if r.FeedbackType, _ = jsonString(text, "complaintFeedbackType"); r.FeedbackType == "not-spam" {
			return Report{}, false
		}
		r.FeedbackType = strings.ToLower(oneLine(r.FeedbackType, maxAddress))
		_, list, _ := strings.Cut(text, `"complainedRecipients":[`)
		list, _, _ = strings.Cut(list, "]")
		var who []string
		for item := range strings.SplitSeq(list, "}") {
			if address, _ := jsonString(item, "emailAddress"); cleanAddress(address) != "" && len(who) < MaxFailures {
				who = append(who, cleanAddress(address))
			}
		}
		r.Failures = complainers(who)
	case "Delivery":
		r.Kind = Delivered
		_, list, _ := strings.Cut(text, `"recipients":[`)
		list, _, _ = strings.Cut(list, "]")
		for item := range strings.SplitSeq(list, ",") {
			if address := cleanAddress(item); address != "" && len(r.Failures) < MaxFailures {
				r.Failures = append(r.Failures, Failure{Recipient: address, Final: address, Reason: Other, Action: "delivered"})
			}
		}
	default:
		return Report{}, false
	}
	return r, len(r.Failures) > 0
}

// jsonString gives the first string value of a key, and what follows it; both are empty if there is none.
func jsonString(text, key string) (value, rest string) {
	_, rest, ok := strings.Cut(text, `"`+key+`":"`)
	if !ok {
		return "", ""
	}
	escaped := false
	for i := 0; i < len(rest); i++ {
		switch {
		case escaped:
			escaped = false
		case rest[i] == '\\':
			escaped = true
		case rest[i] == '"':
			return jsonUnescape.Replace(rest[:i]), rest[i:]
		}
	}
	return "", ""
}

var jsonUnescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\/`, `/`, `\n`, " ", `\r`, " ", `\t`, " ", `\u003c`, "<", `\u003e`, ">")
