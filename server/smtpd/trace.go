package smtpd

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// trace is what is put in front of a message: where answers about it go, what is known of its sender (Authentication-Results,
// or nothing), and how it came (RFC 5321, 4.4; RFC 8601, 4).
func (s *session) trace(id string, results []byte, at time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", quoted(s.tx.sender))
	b.Write(results)
	fmt.Fprintf(&b, "Received: from %s (%s)\r\n", shownName(s.tx.helo), literal(s.front.link.ip))
	fmt.Fprintf(&b, "\tby %s with %s%s\r\n", s.run.cfg.Hostname, s.tx.protocol, cipher(s.front.link.tls))
	fmt.Fprintf(&b, "\tid %s", id)
	if only := s.tx.onlyRecipient(); only != "" {
		fmt.Fprintf(&b, "\r\n\tfor <%s>", only)
	}
	fmt.Fprintf(&b, ";\r\n\t%s\r\n", at.UTC().Format(traceDate))
	return []byte(b.String())
}

// trace is what is put in front of a submitted message. Where its sender sits, and behind which names, is nobody's
// business but his, and there is no return path before the last delivery.
func (s *submission) trace(id string, at time.Time) []byte {
	return fmt.Appendf(nil, "Received: from [authenticated]\r\n\tby %s with %s%s\r\n\tid %s;\r\n\t%s\r\n",
		s.run.cfg.Hostname, s.tx.protocol, cipher(s.front.link.tls), id, at.UTC().Format(traceDate))
}

const traceDate = "Mon, 02 Jan 2006 15:04:05 -0700"

// protocol is the "with" word of Received (RFC 3848; RFC 6531, 4.3).
func (f *front) protocol(utf8 bool) string {
	word := "SMTP"
	secure, authenticated := f.link.tls != nil, f.login != nil
	switch {
	case utf8:
		word = "UTF8SMTP"
	case secure || authenticated || f.extended: // there is no word for HELO with those
		word = "ESMTP"
	}
	if secure {
		word += "S"
	}
	if authenticated {
		word += "A"
	}
	return word
}

// onlyRecipient is the address of a message with one recipient; several must not learn of each other (RFC 5321, 7.2).
func (tx *transaction) onlyRecipient() string {
	if tx.named != 1 || !tx.utf8 && !isASCII(tx.to[0].Address) {
		return ""
	}
	return quoted(tx.to[0].Address)
}

// literal is an address as mail writes it (RFC 5321, 4.1.3).
func literal(ip netip.Addr) string {
	switch {
	case !ip.IsValid():
		return "[unknown]"
	case ip.Is6():
		return "[IPv6:" + ip.String() + "]"
	default:
		return "[" + ip.String() + "]"
	}
}

// cipher is a comment that tells how the message was protected on its way here.
func cipher(state *tls.ConnectionState) string {
	if state == nil {
		return ""
	}
	return fmt.Sprintf("\r\n\t(%s %s)", strings.ReplaceAll(tls.VersionName(state.Version), " ", ""), tls.CipherSuiteName(state.CipherSuite))
}

// shownName is a HELO name without what would break the field: it is the client's claim, nothing more.
func shownName(helo string) string {
	return strings.Map(func(r rune) rune {
		if isAlphanumeric(r) || strings.ContainsRune(".-_:[]", r) {
			return r
		}
		return '?'
	}, helo)
}
