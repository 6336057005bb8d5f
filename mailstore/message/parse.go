package message

import (
	"bytes"
	"strings"
)

// Parse reads a message. It takes whatever it is given: every string of the result is valid UTF-8 without control
// characters, every offset lies in raw and Header <= Body <= End, and Structure is never nil. Nothing of the result
// refers to raw. The work is linear in len(raw).
func Parse(raw []byte) *Parsed {
	root, h := structure(raw)
	p := &Parsed{Structure: root, Envelope: h.envelope()}
	p.Attachments = attachments(raw, root)
	p.Preview = preview(raw, root)
	p.Automatic = isAutomatic(h, root, &p.Envelope)
	p.Bulk = isBulk(h)
	return p
}

// isBulk tells whether the header says that many get the message (RFC 2369, RFC 2919).
func isBulk(h *header) bool {
	switch h.token(fieldPrecedence) {
	case "bulk", "list", "junk":
		return true
	}
	return len(h[fieldListID]) > 0 || len(h[fieldListUnsubscribe]) > 0
}

// isAutomatic tells whether a machine wrote the message in answer to another (RFC 3834, 5; RFC 6522).
func isAutomatic(h *header, root *Part, e *Envelope) bool {
	if auto := h.token(fieldAutoSubmitted); auto != "" && auto != "no" {
		return true
	}
	if precedence := h.token(fieldPrecedence); precedence == "auto_reply" || precedence == "auto-reply" {
		return true
	}
	if root.Type == "multipart" && root.Subtype == "report" || root.Type == "message" && root.Subtype == "delivery-status" {
		return true
	}
	if len(e.From) == 0 {
		return false
	}
	local, _, _ := strings.Cut(e.From[0].Address, "@")
	return strings.EqualFold(local, "mailer-daemon") // a report from before there was a format for it
}

// preview gives the first words of the text on one line.
func preview(raw []byte, root *Part) string {
	const enough = 8 * PreviewLength
	text := firstText(bytes.NewReader(raw), root, enough)
	var b strings.Builder
	characters := 0
	for word := range strings.FieldsSeq(text) {
		if b.Len() > 0 {
			word = " " + word
		}
		for _, r := range word {
			if characters == PreviewLength {
				return strings.TrimSpace(b.String())
			}
			b.WriteRune(r)
			characters++
		}
	}
	return b.String()
}
