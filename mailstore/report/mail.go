package report

import (
	"bytes"
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// mail is a message that may be a report, taken apart.
type mail struct {
	raw        []byte
	head       head
	envelope   *message.Envelope
	fromDaemon bool

	lines    []string // of the text that a person would read
	marker   int      // the index of the line that announces the message which was sent, or begins it
	statuses []string // each message/delivery-status
	feedback string   // message/feedback-report

	returned *message.Part     // message/rfc822, or nil
	sent     *message.Envelope // of the message that was sent; empty if it is not shown
	enclosed string            // the message that was sent, where it is returned as text
}

func newMail(raw []byte, h head, e *message.Envelope) *mail {
	m := &mail{raw: raw, head: h, envelope: e, fromDaemon: isDaemon(e, h.from), sent: &message.Envelope{}}
	root := message.Parse(raw).Structure
	m.collect(root)
	text := message.Read(bytes.NewReader(raw), root, maxText).Text
	for _, status := range m.statuses { // some write their text with the type of the fields
		if len(parseStatus(status)) == 0 {
			text += "\n\n" + status
		}
	}
	m.lines = splitLines(text)
	m.marker = returnedFrom(m.lines)
	if m.returned == nil && m.enclosed == "" {
		m.enclosed = strings.Join(m.lines[headerAfter(m.lines, m.marker):], "\n")
	}
	switch {
	case m.returned != nil && m.returned.Envelope != nil:
		m.sent = m.returned.Envelope
	case m.enclosed != "":
		m.sent = &message.Parse([]byte(m.enclosed)).Envelope
	}
	return m
}

// collect finds the parts that a report is made of, outside the message that it returns.
func (m *mail) collect(p *message.Part) {
	switch p.Type + "/" + p.Subtype {
	case "message/rfc822", "message/global":
		if m.returned == nil {
			m.returned = p
		}
		return
	case "message/delivery-status", "message/global-delivery-status":
		if len(m.statuses) < MaxFailures {
			m.statuses = append(m.statuses, m.textOf(p))
		}
	case "message/feedback-report":
		if m.feedback == "" {
			m.feedback = m.textOf(p)
		}
	case "text/rfc822-headers", "text/rfc822-header", "message/global-headers", "message/rfc822-headers":
		if m.enclosed == "" {
			m.enclosed = strings.TrimLeft(m.textOf(p), "\n")
		}
	}
	for _, child := range p.Parts {
		m.collect(child)
	}
}

// textOf decodes a part as if it were plain text. Japanese servers put ISO-2022-JP where only ASCII should be.
func (m *mail) textOf(p *message.Part) string {
	plain := &message.Part{Type: "text", Subtype: "plain", Encoding: p.Encoding, Header: p.Header, Body: p.Body, End: min(p.End, p.Body+4*maxText)}
	if bytes.Contains(m.raw[plain.Body:plain.End], []byte("\x1b$")) {
		plain.Params = map[string]string{"charset": "iso-2022-jp"}
	}
	return message.Read(bytes.NewReader(m.raw), plain, maxText).Text
}

// returnedHeader gives the first value of a field of the returned message.
func (m *mail) returnedHeader(field string) (found string) {
	block := []byte(m.enclosed)
	if m.returned != nil {
		block = m.raw[m.returned.Body:min(m.returned.End, m.returned.Body+maxHead)]
	}
	eachField(block, func(name, value []byte) {
		if found == "" && string(name) == field {
			found = flat(value)
		}
	})
	return found
}

// messageID finds the id of the message that was sent: in the message itself, in a field for it, in the text, or in
// the report's own In-Reply-To (RFC 3834, 3.1.5).
func (m *mail) messageID() string {
	if id := cleanID(m.sent.MessageID); id != "" {
		return id
	}
	for _, status := range m.statuses {
		if id := cleanID(fieldIn(status, "x-original-message-id")); id != "" {
			return id
		}
	}
	if id := cleanID(fieldIn(strings.Join(m.lines, "\n"), "message-id")); id != "" {
		return id
	}
	if len(m.envelope.InReplyTo) > 0 {
		return cleanID(m.envelope.InReplyTo[0])
	}
	return ""
}

// fieldIn gives the value of a field that stands anywhere in a text, on the line or the next one. Quoted lines are
// not looked at.
func fieldIn(text, name string) string {
	lines := strings.SplitSeq(text, "\n")
	next := false
	for line := range lines {
		line = strings.TrimSpace(line)
		if next {
			return line
		}
		if len(line) > len(name) && line[len(name)] == ':' && strings.EqualFold(line[:len(name)], name) {
			if value := strings.TrimSpace(line[len(name)+1:]); value != "" {
				return value
			}
			next = true
		}
	}
	return ""
}

// cleanID gives the message id in s with its angle brackets, or "".
func cleanID(s string) string {
	if start, end := strings.IndexByte(s, '<'), strings.IndexByte(s, '>'); start >= 0 && end > start {
		s = s[start+1 : end]
	}
	s = strings.TrimSpace(oneLine(s, maxID+1))
	if s == "" || len(s) > maxID || strings.ContainsAny(s, " <>") {
		return ""
	}
	return "<" + s + ">"
}

func splitLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if len(lines) == maxLines {
			break
		}
		if line = clip(line, maxLine); 2*len("\uFFFD")*strings.Count(line, "\uFFFD") > len(line) {
			line = "" // in a character set that is not the one it says
		}
		lines = append(lines, line)
	}
	return lines
}

// returnedFrom finds where a text begins to return the message: at a line that says so, or at a trace field.
func returnedFrom(lines []string) int {
	for i, line := range lines {
		if isQuoted(line) {
			continue
		}
		lower := strings.ToLower(strings.TrimSpace(line))
		if strings.HasPrefix(lower, "received:") || strings.HasPrefix(lower, "return-path:") {
			return i
		}
		bare := strings.Trim(lower, "-=_*> ")
		for _, phrase := range returnedPhrases {
			if strings.HasPrefix(bare, phrase) {
				return i
			}
		}
	}
	return len(lines)
}

// headerAfter steps over what stands between the line that announces the message and its first field.
func headerAfter(lines []string, i int) int {
	const most = 8
	for j := i; j < len(lines) && j < i+most; j++ {
		if name, _, ok := strings.Cut(lines[j], ":"); ok && name != "" && !strings.ContainsAny(name, " \t<>@") {
			return j
		}
	}
	return i
}
