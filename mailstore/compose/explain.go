package compose

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// explanation is the part of a notice for people: what happened, to whom, what the other server said in its own words,
// and what to do.
func (n *Notice) explanation() *part {
	var t noticeText
	t.paragraph(n.opening())
	t.line("")
	if subject := cut(clean(n.Subject), 200); subject != "" {
		t.line("    Subject:  " + subject)
	}
	if !n.Arrived.IsZero() {
		t.line("    Sent:     " + n.Arrived.Format(spokenDate))
	}
	if n.MessageID != "" {
		t.line("    Id:       " + readable(n.MessageID, MaxID))
	}
	shown := n.Recipients[:min(len(n.Recipients), MaxNoticed)]
	for _, r := range shown {
		t.line("")
		n.explain(&t, r)
	}
	if more := len(n.Recipients) - len(shown); more > 0 {
		t.line("")
		t.paragraph(fmt.Sprintf("%d more recipients are not listed.", more))
	}
	t.line("")
	t.paragraph("This report says nothing about recipients that it does not name. It was written by the mail server" + spaceBefore(hostname(n.Host)) + "; answers to it are not read. The parts below are for mail programs and administrators.")
	return textPart("plain", t.b.String(), true)
}

func spaceBefore(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

const spokenDate = "Monday, 2 January 2006, 15:04 -0700"

func (n *Notice) opening() string {
	whom := fmt.Sprintf("%d of its recipients", len(n.Recipients))
	if len(n.Recipients) == 1 {
		whom = readable(n.Recipients[0].Address, MaxAddress)
	}
	if n.Delayed {
		return "Your message has not reached " + whom + " yet. There is nothing that you need to do: we keep trying, and will tell you if it fails."
	}
	return "Your message could not be delivered to " + whom + ", and we have stopped trying."
}

// explain tells of one recipient.
func (n *Notice) explain(t *noticeText, r Undelivered) {
	if len(n.Recipients) > 1 {
		t.line(readable(r.Address, MaxAddress))
		t.line("")
	}
	what, todo := r.advice()
	t.paragraph(what)
	if said := readable(r.Reply, MaxRemoteText); said != "" {
		t.line("")
		switch host := hostname(r.Host); {
		case r.Code == 0:
			t.line("What went wrong:")
		case host == "":
			t.line("The other server said:")
		default:
			t.line("The server " + host + " said:")
		}
		if r.Code != 0 {
			said = fmt.Sprint(r.Code) + " " + r.statusBefore(said) + said
		}
		t.line("")
		t.indented(said)
	}
	if tried := r.tried(n.Delayed); tried != "" {
		t.line("")
		t.paragraph(tried)
	}
	if !n.Delayed {
		t.line("")
		t.paragraph("What you can do: " + todo)
	}
}

// statusBefore gives the enhanced code if what was said does not begin with it.
func (r Undelivered) statusBefore(said string) string {
	if statusClass(r.Status) == 0 || strings.HasPrefix(said, r.Status) {
		return ""
	}
	return r.Status + " "
}

func (r Undelivered) tried(delayed bool) string {
	var s string
	times := fmt.Sprintf("We tried %d times", r.Attempts)
	if r.Attempts == 1 {
		times = "We tried once"
	}
	switch at := r.LastAttempt; {
	case at.IsZero() && r.Attempts == 0:
	case at.IsZero():
		s = times + "."
	case r.Attempts == 0:
		s = "The last try was on " + at.Format(spokenDate) + "."
	case r.Attempts == 1:
		s = times + ", on " + at.Format(spokenDate) + "."
	default:
		s = times + ", the last time on " + at.Format(spokenDate) + "."
	}
	if delayed && !r.Until.IsZero() {
		s += " We go on until " + r.Until.Format(spokenDate) + "."
	}
	return strings.TrimSpace(s)
}

// advice gives what happened in plain words, and what to do, by the reason or else by the status code.
func (r Undelivered) advice() (what, todo string) {
	reason := r.Reason
	if reason == "" || reason == "other" {
		reason = reasonOf(r.Status)
	}
	domain := readable(r.Address[strings.LastIndexByte(r.Address, '@')+1:], MaxAddress)
	switch reason {
	case "userUnknown":
		return "There is no such mailbox at " + domain + ", or it takes no mail any more.",
			"look at the address for a typing error, above all behind the @. If it is right, ask the recipient in another way for the address of today."
	case "mailboxFull":
		return "The recipient's mailbox is full.",
			"tell the recipient in another way that the mailbox is full, and send the message again when there is room."
	case "blocked":
		return "The server of " + domain + " refuses mail from our server, whatever is in it.",
			"tell whoever runs this mail server what the other server said: it names the reason, such as a block list. Until that is solved, write to the recipient in another way."
	case "rateLimited":
		return "The server of " + domain + " takes no more mail from us for the time being.",
			"send the message again later, and to fewer recipients at a time."
	case "policy":
		return "A rule of " + domain + " does not let the message in.",
			"read what the other server said. It may be about who may write to this address, or about how your own domain is set up (SPF, DKIM, DMARC), which its administrator can mend."
	case "spam":
		return "The server of " + domain + " took the message for unwanted mail.",
			"write it in other words, with fewer links and without attachments, or ask the recipient to allow your address."
	case "content":
		return "The server of " + domain + " does not take what is in the message, such as its size or a kind of attachment.",
			"send it without the attachment or with a smaller one; share large files by a link."
	case "networkError":
		return "We could not reach a mail server of " + domain + ".",
			"look at what stands behind the @ for a typing error. If it is right, the trouble is on the other side or on the way: try again later."
	case "expired":
		return "In all the time that we tried, " + domain + " did not take the message.",
			"send it again later, or write to the recipient in another way."
	}
	return "The server of " + domain + " did not take the message.",
		"read what the other server said. If that does not help, show this report to whoever runs your mail server."
}

// reasonOf reads the subject and the detail of an enhanced status code (RFC 3463, 3).
func reasonOf(status string) string {
	if statusClass(status) == 0 {
		return ""
	}
	switch detail := status[2:]; detail {
	case "1.1", "1.2", "1.3", "1.6", "1.10", "2.1":
		return "userUnknown"
	case "2.2":
		return "mailboxFull"
	case "4.1", "4.2", "4.3", "4.4", "1.4":
		return "networkError"
	case "4.5", "3.2":
		return "rateLimited"
	case "4.7":
		return "expired"
	case "2.3", "3.4", "6.0", "6.1", "6.2", "6.3":
		return "content"
	case "7.1", "7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26", "7.27":
		return "policy"
	}
	return ""
}

// noticeText is text in lines of at most 72 columns where words allow it.
type noticeText struct{ b strings.Builder }

const noticeWidth = 72

func (t *noticeText) line(s string) {
	t.b.WriteString(strings.TrimRight(s, " ") + "\n")
}

func (t *noticeText) paragraph(s string) { t.wrap(s, "") }
func (t *noticeText) indented(s string)  { t.wrap(s, "    ") }

func (t *noticeText) wrap(s, indent string) {
	column := 0
	for _, word := range strings.Fields(s) {
		width := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			t.b.WriteString(indent)
			column = len(indent)
		case column+1+width > noticeWidth:
			t.b.WriteString("\n" + indent)
			column = len(indent)
		default:
			t.b.WriteByte(' ')
			column++
		}
		t.b.WriteString(word)
		column += width
	}
	t.b.WriteByte('\n')
}

// readable makes what another host said one line of at most limit octets that shows what it holds: what is not to be seen,
// or turns the direction of writing, is left out.
func readable(s string, limit int) string {
	cutOff := len(s) > limit
	if cutOff {
		s = s[:limit]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, _ := utf8.DecodeLastRuneInString(s); r == utf8.RuneError {
			s = s[:max(0, len(s)-1)]
		}
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\uFFFD' || unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if cutOff {
		s += " [...]"
	}
	return s
}

// ascii replaces what a field of ASCII cannot hold.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// hostname gives the name or address of a host that s begins with, or "".
func hostname(s string) string {
	const longest = 255
	s = strings.TrimSpace(s)
	if i := strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_:[]", r))
	}); i >= 0 {
		s = s[:i]
	}
	return s[:min(len(s), longest)]
}
