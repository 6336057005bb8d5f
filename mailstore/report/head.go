package report

import (
	"bytes"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// head is what the header of a message shows without being decoded.
type head struct {
	end int // where the header ends

	contentType, reportType string // in lower case
	isReport                bool   // multipart/report or message/delivery-status
	from                    string
	subject                 string // as on the wire
	failedRecipients        string // X-Failed-Recipients, of Exim, Gmail and mail.ru
	autoSubmitted           string // its keyword, in lower case (RFC 3834, 5)
	precedence              string
	nullSender              bool // Return-Path: <>
	autoResponse            bool // a field that only autoresponders write
	suppressesResponses     bool // X-Auto-Response-Suppress, of Exchange
	listed                  bool // came through a mailing list (RFC 2919, RFC 2369)
}

// readHead looks for the signs, in the first maxHead octets.
func readHead(raw []byte) head {
	h := head{}
	var kind []byte
	h.end = eachField(raw[:min(len(raw), maxHead)], func(name, value []byte) {
		switch string(name) {
		case "content-type":
			if kind == nil {
				kind = value
			}
		case "from":
			if h.from == "" {
				h.from = flat(value)
			}
		case "subject":
			if h.subject == "" {
				h.subject = flat(value)
			}
		case "x-failed-recipients":
			if len(h.failedRecipients) < maxField {
				h.failedRecipients += flat(value) + ","
			}
		case "auto-submitted":
			h.autoSubmitted = keyword(value)
		case "precedence":
			h.precedence = keyword(value)
		case "return-path":
			value = bytes.TrimSpace(value)
			h.nullSender = h.nullSender || string(value) == "<>"
		case "x-autoreply", "x-autoreply-from", "x-autorespond", "x-autoresponder", "x-mail-autoreply":
			h.autoResponse = !bytes.EqualFold(bytes.TrimSpace(value), []byte("no"))
		case "x-auto-response-suppress":
			h.suppressesResponses = true
		case "list-id", "list-post":
			h.listed = true
		}
	})
	if kind != nil {
		h.setType(strings.ToLower(flat(kind)))
	}
	return h
}

func (h *head) setType(value string) {
	h.contentType = strings.TrimSpace(value)
	if i := strings.IndexAny(h.contentType, "; \t"); i >= 0 {
		h.contentType = h.contentType[:i]
	}
	h.isReport = h.contentType == "multipart/report" || h.contentType == "message/delivery-status"
	if i := strings.Index(value, "report-type"); h.isReport && i >= 0 {
		rest := strings.TrimLeft(value[i+len("report-type"):], " \t=\"")
		if end := strings.IndexAny(rest, "\"; \t"); end >= 0 {
			rest = rest[:end]
		}
		h.reportType = rest
	}
}

// suspect is false for most mail there is: nothing says that a program wrote it because of another message.
func (h *head) suspect() bool {
	if h.listed {
		return false // no report comes through a list, but talk about reports does
	}
	if h.isReport {
		return h.reportType == "" || h.reportType == "delivery-status" || h.reportType == "feedback-report"
	}
	return h.from == "" || h.failedRecipients != "" || h.nullSender || h.autoResponse || h.suppressesResponses ||
		h.autoSubmitted != "" && h.autoSubmitted != "no" || h.precedence != "" ||
		mayBeDaemon(h.from) || strings.HasPrefix(strings.ToLower(h.subject), complaintSubject)
}

// mayBeDaemon is true for every From field that isDaemon could take once it is decoded.
func mayBeDaemon(from string) bool {
	from = strings.ToLower(from)
	if strings.Contains(from, "=?") || strings.Contains(from, "<>") {
		return true
	}
	for _, word := range daemonWords {
		if strings.Contains(from, word) {
			return true
		}
	}
	return false
}

// daemonWords has a part of each name and local part by which isDaemon and isRobot know a program.
var daemonWords = []string{"daemon", "postmaster", "post_master", "delivery", "noreply", "no-reply"}

var (
	daemons     = map[string]bool{"mailer-daemon": true, "mailerdaemon": true, "mail-daemon": true, "mailer_daemon": true, "postmaster": true, "post_master": true, "mail.delivery.system": true}
	daemonNames = []string{"mail delivery sub", "mail delivery sys", "mail deliver sys", "mailer-daemon", "mailer daemon", "mail delivery service"}
)

// isDaemon tells whether a mail server wrote the message, by its From field: its address is that of one or none at all
// (<>), or its name.
func isDaemon(e *message.Envelope, from string) bool {
	if strings.Contains(from, "<>") {
		return true
	}
	for _, a := range e.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		if daemons[local] {
			return true
		}
		name := strings.ToLower(strings.TrimSpace(a.Name))
		for _, prefix := range daemonNames {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// isRobot tells whether a program wrote the message that may be a mail server.
func isRobot(e *message.Envelope) bool {
	for _, a := range e.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		if local == "no-reply" || local == "noreply" || local == "donotreply" {
			return true
		}
	}
	return len(e.From) == 0
}

// mayBounce tells whether the body is worth reading. A program that is not known for a mail server must return a
// message, or be known to tell of mail otherwise.
func (h *head) mayBounce(raw []byte, e *message.Envelope) bool {
	switch {
	case h.isReport, h.failedRecipients != "", h.nullSender, isDaemon(e, h.from), isNotifier(e), isComplaint(e):
		return true
	case isRobot(e):
		body := raw[h.end:min(len(raw), h.end+maxText)]
		return bytes.Contains(body, []byte("message/rfc822")) || bytes.Contains(body, []byte("rfc822-headers")) || bytes.Contains(body, []byte("message/delivery-status"))
	}
	return false
}

// eachField calls visit with the name, in lower case, and the raw value of each field of a header whose name has at
// most 32 octets, and gives the offset behind the header. A line that is neither a field nor folded is skipped.
func eachField(raw []byte, visit func(name, value []byte)) (end int) {
	var lower [32]byte
	name, start, stop := -1, 0, 0 // the length of the name, or -1; the value
	for pos := 0; ; {
		line := raw[pos:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		blank := len(bytes.TrimRight(line, "\r\n")) == 0
		folded := !blank && (line[0] == ' ' || line[0] == '\t')
		if !folded && name >= 0 {
			visit(lower[:name], raw[start:stop])
			name = -1
		}
		if blank {
			return min(len(raw), pos+len(line))
		}
		if colon := bytes.IndexByte(line[:min(len(line), len(lower)+1)], ':'); !folded && colon > 0 {
			for i, c := range line[:colon] {
				if c >= 'A' && c <= 'Z' {
					c += 'a' - 'A'
				}
				lower[i] = c
			}
			name, start = len(bytes.TrimRight(lower[:colon], " \t")), pos+colon+1
		}
		pos += len(line)
		stop = pos
	}
}

// flat gives a raw value on one line, at most maxField octets of it.
func flat(value []byte) string {
	return strings.Join(strings.Fields(string(value[:min(len(value), maxField)])), " ")
}

// keyword gives the first word of a value, in lower case.
func keyword(value []byte) string {
	s := strings.ToLower(flat(value))
	if i := strings.IndexAny(s, "; ("); i >= 0 {
		s = s[:i]
	}
	return s
}
