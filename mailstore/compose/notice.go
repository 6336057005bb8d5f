package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

// Notice tells the sender of a message what became of it: a delivery status notification (RFC 3464) in a multipart/report
// (RFC 6522). Everything that other hosts said is taken for hostile: it is cut, made printable and folded.
//
// The same Notice gives the same bytes, so that one that is written again after a crash is known by its Message-ID.
type Notice struct {
	Host       string          // the name of this server
	To         message.Address // the sender of the message; what has none, such as a notice, gets no notice (RFC 5321, 6.1)
	ID         string          // names this notice, such as the message's id and a number; no other notice has it
	At         time.Time       // when it is written
	Delayed    bool            // the message still waits; else it has failed for good
	Recipients []Undelivered   // at least one; beyond 1000 the rest is only counted

	Arrived    time.Time // of the message
	MessageID  string    // of the message, and its References
	References []string
	Subject    string
	Header     []byte // of the message; shown without its Bcc, and without what is beyond 32 KiB
}

// Undelivered is one recipient that a notice speaks of.
type Undelivered struct {
	Address     string    // as it was sent to
	Original    string    // as the sender named it (ORCPT, RFC 3461), if that is another
	Reason      string    // as mailstore/report classifies it: "userUnknown", "mailboxFull", …; "" goes by Status
	Status      string    // enhanced status code (RFC 3463), or ""
	Host        string    // the server that answered, or ""
	Code        int       // its reply code, or 0 if none was had
	Reply       string    // what it said; without a Code, what went wrong
	Attempts    int       // how often it was tried; 0: not told
	LastAttempt time.Time // zero: not told
	Until       time.Time // how long a delayed message is tried
}

// Bytes writes the notice, lines ended by CRLF, none longer than 998 octets. It is about 40 KiB at most and some hundred
// octets for each recipient and what was said to it.
func (n *Notice) Bytes() []byte {
	host := hostname(n.Host)
	if host == "" {
		host = "localhost"
	}
	digest := n.digest()
	report := []*part{n.explanation(), n.status(host), n.original()}
	tries := 0
	root, err := multipart("report", paramWords("report-type", "delivery-status"), func() string {
		tries++
		return "=_" + derived(digest, "boundary", tries)
	}, report...)
	if err != nil {
		panic("compose: a notice is in memory and can be read: " + err.Error())
	}
	h := appendField(nil, "Date", n.At.Format(dateLayout))
	h = appendField(h, "From", "Mail", "Delivery", "System", "<mailer-daemon@"+host+">")
	if _, reason := canonical(n.To.Address); reason == "" {
		to := message.Address{Name: cut(clean(n.To.Name), MaxName), Address: n.To.Address}
		h = appendField(h, "To", addressWords([]message.Address{to}, len("To:"))...)
	}
	h = appendField(h, "Subject", textWords(n.subject(), len("Subject:"))...)
	h = appendField(h, "Message-ID", "<"+derived(digest, "id", 0)+"@"+host+">")
	inReplyTo, references := thread(message.Envelope{MessageID: n.MessageID, References: n.References})
	if inReplyTo != "" {
		h = appendField(h, "In-Reply-To", inReplyTo)
	}
	if len(references) > 0 {
		h = appendField(h, "References", references...)
	}
	h = appendField(h, "Auto-Submitted", "auto-replied") // RFC 3834, 5: nobody answers it by machine
	h = appendField(h, "MIME-Version", "1.0")

	var b bytes.Buffer
	out := newCounter(&b)
	out.write(h)
	root.writeTo(out)
	out.write([]byte("\r\n"))
	out.flush()
	return b.Bytes()
}

// digest is of all that the notice is made of.
func (n *Notice) digest() [sha256.Size]byte {
	sum := sha256.New()
	put := func(s string) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		sum.Write(size[:])
		sum.Write([]byte(s))
	}
	at := func(t time.Time) { put(t.Format(time.RFC3339Nano)) }
	for _, s := range []string{n.Host, n.To.Name, n.To.Address, n.ID, n.MessageID, n.Subject, string(n.Header), fmt.Sprint(n.Delayed, len(n.References), len(n.Recipients))} {
		put(s)
	}
	for _, s := range n.References {
		put(s)
	}
	at(n.At)
	at(n.Arrived)
	for _, r := range n.Recipients {
		for _, s := range []string{r.Address, r.Original, r.Reason, r.Status, r.Host, r.Reply, fmt.Sprint(r.Code, r.Attempts)} {
			put(s)
		}
		at(r.LastAttempt)
		at(r.Until)
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

// derived makes 26 characters of a digest, others for each use.
func derived(digest [sha256.Size]byte, use string, number int) string {
	sum := sha256.Sum256(fmt.Appendf(digest[:], "%s %d", use, number))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26])
}

// subject says what happened, and to which message.
func (n *Notice) subject() string {
	what := "Not delivered"
	if n.Delayed {
		what = "Delayed"
	}
	if len(n.Recipients) == 1 {
		what += " to " + readable(n.Recipients[0].Address, MaxAddress)
	} else {
		what += fmt.Sprintf(" to %d recipients", len(n.Recipients))
	}
	if subject := cut(clean(n.Subject), 200); subject != "" {
		what += ": " + subject
	}
	return what
}

// status is the part for machines (RFC 3464, 2): a group of fields for the message, and one for each recipient.
func (n *Notice) status(host string) *part {
	var b []byte
	b = appendField(b, "Reporting-MTA", "dns;", host)
	if !n.Arrived.IsZero() {
		b = appendField(b, "Arrival-Date", n.Arrived.Format(dateLayout))
	}
	for _, r := range n.Recipients[:min(len(n.Recipients), MaxNoticed)] {
		b = append(b, "\r\n"...)
		if r.Original != "" && r.Original != r.Address {
			b = appendField(b, "Original-Recipient", typedAddress(r.Original)...)
		}
		b = appendField(b, "Final-Recipient", typedAddress(r.Address)...)
		b = appendField(b, "Action", n.action())
		b = appendField(b, "Status", r.status(n.Delayed))
		if name := hostname(r.Host); name != "" {
			b = appendField(b, "Remote-MTA", "dns;", name)
		}
		if words := r.diagnostic(); words != nil {
			b = appendField(b, "Diagnostic-Code", words...)
		}
		if !r.LastAttempt.IsZero() {
			b = appendField(b, "Last-Attempt-Date", r.LastAttempt.Format(dateLayout))
		}
		if n.Delayed && !r.Until.IsZero() {
			b = appendField(b, "Will-Retry-Until", r.Until.Format(dateLayout))
		}
	}
	return plainPart("message/delivery-status", b)
}

func (n *Notice) action() string {
	if n.Delayed {
		return "delayed"
	}
	return "failed"
}

// plainPart is a part that is written as it is: ASCII in lines that are not too long.
func plainPart(kind string, body []byte, params ...string) *part {
	p := bodyPart(body)
	p.header = appendParams(nil, "Content-Type", kind, params)
	p.header = appendField(p.header, "Content-Transfer-Encoding", "7bit")
	return p
}

// typedAddress writes an address with its type (RFC 3464, 2.3.1), in ASCII (RFC 6533, 3).
func typedAddress(address string) []string {
	address = readable(address, MaxAddress)
	switch {
	case address == "":
		return []string{"rfc822;", "unknown"}
	case isPrintableASCII(address):
		return []string{"rfc822;", strings.ReplaceAll(address, " ", "_")}
	}
	var b strings.Builder
	for _, r := range address {
		if r > ' ' && r <= '~' && r != '\\' && r != '+' && r != '=' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\x{%X}`, r)
		}
	}
	return []string{"utf-8;", b.String()}
}

// status is a code of the class that the action asks for (RFC 3463), where the one that was had is none.
func (r Undelivered) status(delayed bool) string {
	if class := statusClass(r.Status); class == '4' || class == '5' && !delayed {
		return r.Status
	}
	if delayed {
		return "4.0.0"
	}
	return "5.0.0"
}

// statusClass gives the first digit of an enhanced status code, or 0 if s is none.
func statusClass(s string) byte {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(parts[0]) != 1 {
		return 0
	}
	for _, part := range parts {
		if len(part) < 1 || len(part) > 3 || strings.Trim(part, "0123456789") != "" {
			return 0
		}
	}
	return parts[0][0]
}

// diagnostic is what was said, as words of a field: of a server in its protocol, else in a type of our own.
func (r Undelivered) diagnostic() []string {
	var said []string
	for _, word := range strings.Fields(ascii(readable(r.Reply, MaxRemoteText))) {
		for ; len(word) > maxLine/2; word = word[maxLine/2:] { // so long a word has no meaning, and no line can hold it
			said = append(said, word[:maxLine/2])
		}
		said = append(said, word)
	}
	if r.Code >= 100 && r.Code < 1000 {
		words := []string{"smtp;", fmt.Sprint(r.Code)}
		if status := r.Status; statusClass(status) != 0 && (len(said) == 0 || said[0] != status) {
			words = append(words, status)
		}
		return append(words, said...)
	}
	if len(said) == 0 {
		return nil
	}
	return append([]string{"x-postroom;"}, said...)
}

// original is the header of the message that the notice is about (RFC 6522, 4).
func (n *Notice) original() *part {
	header := n.Header[:min(len(n.Header), 2*MaxNoticeHeader)]
	if end := headerEnd(header); end >= 0 {
		header = header[:end]
	}
	var kept []byte
	for f := range fields(header) {
		if len(kept)+len(f.lines) > MaxNoticeHeader {
			break
		}
		if f.name != nil && !f.is("bcc") && !f.is("resent-bcc") {
			kept = append(kept, bytes.TrimRight(f.lines, "\r\n")...)
			kept = append(kept, '\n')
		}
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(string(kept), "\uFFFD"), "\x00", "\uFFFD")
	return textPart("rfc822-headers", text, true)
}
