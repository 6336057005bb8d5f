package smtpd

import (
	"bytes"
	"strconv"
	"strings"
)

// maxReply is the longest reply line in octets, without CRLF (RFC 5321, 4.5.3.1.5).
const maxReply = 510

// Write takes the engine's replies. They are sent when the client's input runs out.
func (f *front) Write(p []byte) (n int, err error) {
	defer f.guard(&n, &err)
	if f.ended {
		return len(p), nil
	}
	f.reply = append(f.reply, p...)
	for {
		line, rest, ok := bytes.Cut(f.reply, []byte("\r\n"))
		if !ok {
			break
		}
		f.answer(string(line))
		f.reply = append(f.reply[:0], rest...)
	}
	if len(f.link.out) > maxUnsent {
		if err := f.link.flush(); err != nil {
			f.hangUp(err)
		}
	}
	return len(p), nil
}

// answer puts one line of the engine's into our words and does what follows from it.
func (f *front) answer(line string) {
	code, more := parseReply(line)
	f.replies++
	if f.silent {
		f.silent = more
		return
	}
	f.follow(code)
	switch {
	case code == 250 && (f.verb == "EHLO" || f.verb == "HELO"):
		f.greet(line, more)
		return
	case code == 250 && f.verb == "MAIL":
		line = "250 2.1.0 sender ok" // the engine's words repeat what the client wrote
	case code == 250 && f.verb == "RCPT":
		line = "250 2.1.5 recipient ok"
	case code == 502 && isTransaction(f.verb):
		line = "503" + line[3:] // a known command at the wrong time (RFC 5321, 4.2.4)
	case (code == 500 || code == 504) && strings.HasPrefix(line[4:], "5.5.4") && (f.verb == "MAIL" || f.verb == "RCPT"):
		line = "555" + line[3:] // a parameter that is not known (RFC 5321, 4.1.1.11)
	}
	if !more {
		f.count(code)
	}
	f.link.say(printable(line))
	if code == 421 && !more {
		f.ended, f.staged = true, nil
		f.link.end = line[4:]
	}
}

// follow moves the front on by what the engine answered.
func (f *front) follow(code int) {
	switch {
	case code == 354 && f.verb == "DATA":
		f.beginText(false)
		f.mode = inData
	case f.verb == "BDAT" && (f.last || code >= 400), code == 250 && f.verb == "RSET":
		f.chunks = false
	case code == 250 && (f.verb == "EHLO" || f.verb == "HELO"):
		f.greeted, f.chunks = true, false
	}
}

// greet answers EHLO and HELO: our name, then what the engine offers, and what we do in its place.
func (f *front) greet(line string, more bool) {
	cfg := &f.link.run.cfg
	switch {
	case f.replies == 1:
		f.link.say(line[:4] + cfg.Hostname)
		if more && cfg.TLS != nil && f.link.tls == nil {
			f.link.say("250-STARTTLS")
		}
		if more && f.offersLogin() {
			f.link.say("250-AUTH " + mechanisms)
		}
	case line[4:] == "SIZE":
		f.link.say(line + " " + strconv.FormatInt(cfg.MaxMessageBytes, 10))
	default:
		f.link.say(line)
	}
}

// count remembers refusals.
func (f *front) count(code int) {
	switch {
	case code < 500 && (code != errTooFast.Code || f.verb != "MAIL"): // who is too fast may say so only so often
	case f.verb == "RCPT":
		f.link.rejected++
	default:
		f.link.errors++
	}
}

func isTransaction(verb string) bool {
	return verb == "MAIL" || verb == "RCPT" || verb == "DATA" || verb == "BDAT"
}

// parseReply takes the code from a line; more is true when other lines of the reply follow. The engine writes no line
// without a code.
func parseReply(line string) (code int, more bool) {
	if len(line) < 4 {
		return 0, false
	}
	code, err := strconv.Atoi(line[:3])
	if err != nil {
		return 0, false
	}
	return code, line[3] == '-'
}

// printable is a reply line without what a terminal or a peer would stumble over.
func printable(line string) string {
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line)
	return line[:min(len(line), maxReply)]
}
