package smtpd

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// barePostmaster stands for <Postmaster> in what the engine reads, which wants a domain. Nobody can own it (RFC 2606, 2).
const barePostmaster = "postmaster@postmaster.invalid"

// maxGreeting is the longest HELO name in octets (RFC 5321, 4.5.3.1.2).
const maxGreeting = 255

// nextCommand stages the client's next command for the engine, or answers it here.
func (f *front) nextCommand() {
	line := f.held
	if f.held = nil; line == nil {
		if line = f.readCommand(); line == nil {
			return
		}
	}
	verb, arg := cutVerb(string(line[:len(line)-2]))
	if f.chunks && endsTransaction(verb) {
		f.held = bytes.Clone(line)
		f.abandon()
		return
	}
	f.verb, f.replies = verb, 0
	if f.needsLogin(verb) {
		f.demandLogin(verb)
		return
	}
	f.perform(verb, arg, line)
}

// readCommand reads a line that may be a command, with its CRLF, or ends the session and gives nil.
func (f *front) readCommand() []byte {
	line, err := f.link.readLine(f.patience())
	if err != nil {
		f.hangUp(err)
		return nil
	}
	f.link.confirm()
	if e := f.overdrawn(); e != nil {
		f.fatal(e)
		return nil
	}
	if !isCommandLine(line) {
		f.fatal(errCommandOctets)
		return nil
	}
	return line
}

// isCommandLine tells a line that ends in CRLF and holds no other CR, LF or NUL.
func isCommandLine(line []byte) bool {
	command, ok := bytes.CutSuffix(line, []byte("\r\n"))
	return ok && !bytes.ContainsAny(command, "\r\x00")
}

// patience is until when a whole command line is waited for.
func (f *front) patience() time.Time {
	cfg := &f.link.run.cfg
	until := time.Now().Add(cfg.IdleTimeout)
	if login := f.link.since.Add(cfg.LoginTimeout); cfg.Submission && f.login == nil && login.Before(until) {
		return login
	}
	return until
}

func endsTransaction(verb string) bool {
	return verb == "RSET" || verb == "HELO" || verb == "EHLO" || verb == "STARTTLS" || verb == "QUIT"
}

// cutVerb takes a command apart as the engine does, so that both always see the same command.
func cutVerb(s string) (verb, arg string) {
	if len(s) >= 8 && strings.EqualFold(s[:8], "STARTTLS") {
		return "STARTTLS", s[8:]
	}
	if len(s) < 4 || len(s) > 4 && s[4] != ' ' {
		return "?", s
	}
	return strings.ToUpper(s[:4]), strings.TrimSpace(s[4:])
}

func (f *front) perform(verb, arg string, line []byte) {
	f.spend(verb)
	switch verb {
	case "STARTTLS":
		f.startTLS(arg)
	case "AUTH":
		if !f.link.run.cfg.Submission {
			f.refuse(errNoAuth) // mail from other servers comes without a login
			return
		}
		f.auth(arg)
	case "QUIT":
		f.link.end = endByClient
		f.staged = line
	case "HELO", "EHLO":
		if !isGreeting(arg) {
			f.refuse(errGreeting)
			return
		}
		f.extended = verb == "EHLO"
		f.staged = line
	case "MAIL":
		f.mail(arg, line)
	case "RCPT":
		f.rcpt(arg, line)
	case "BDAT":
		f.bdat(arg, line)
	default:
		f.staged = line
	}
}

// refuse answers a command that the engine does not see.
func (f *front) refuse(e *smtp.SMTPError) {
	f.count(e.Code)
	f.link.refuse(e)
}

// isGreeting takes any name that can be shown: half of the world's greetings are not domains.
func isGreeting(arg string) bool {
	return arg != "" && len(arg) <= maxGreeting && !strings.ContainsFunc(arg, func(r rune) bool { return r < ' ' || r > '~' })
}

// mail checks the path, of which the engine takes too much for good. What does not begin like one is the engine's.
func (f *front) mail(arg string, line []byte) {
	if path, ok := cutPrefixFold(arg, "FROM:"); ok {
		if _, bare, ok := cutPath(path); !ok || bare {
			f.refuse(errSenderSyntax)
			return
		}
	}
	f.staged = line
}

func (f *front) rcpt(arg string, line []byte) {
	if path, ok := cutPrefixFold(arg, "TO:"); ok {
		rest, bare, ok := cutPath(path)
		if !ok {
			f.refuse(errRecipientSyntax)
			return
		}
		if bare {
			line = []byte("RCPT TO:<" + barePostmaster + ">" + rest + "\r\n")
		}
	}
	f.staged = line
}

// bdat prepares for a chunk, which follows the command whatever the engine answers (RFC 3030, 2). Where its end is not
// known or too far away, the connection ends.
func (f *front) bdat(arg string, line []byte) {
	size, last, ok := parseChunk(arg)
	if !ok {
		f.fatal(errChunkSyntax)
		return
	}
	if !f.chunks {
		f.beginText(true)
		f.chunks = true
	}
	if size > f.link.run.cfg.MaxMessageBytes {
		f.fatal(errTooLarge)
		return
	}
	f.staged, f.chunk, f.last, f.mode = line, size, last, inChunk
	if size == 0 {
		f.endChunk()
	}
}

// parseChunk reads "size" or "size LAST".
func parseChunk(arg string) (size int64, last, ok bool) {
	number, word, more := strings.Cut(arg, " ")
	if more && !strings.EqualFold(strings.TrimSpace(word), "LAST") {
		return 0, false, false
	}
	n, err := strconv.ParseUint(number, 10, 32)
	return int64(n), more, err == nil
}

// startTLS answers STARTTLS and, after the handshake, gives the link to a new front and a new engine session: nothing
// that was said before counts (RFC 3207, 4.2).
func (f *front) startTLS(arg string) {
	l := f.link
	switch {
	case l.run.cfg.TLS == nil:
		f.refuse(errNoTLS)
		return
	case l.tls != nil:
		f.refuse(errTLSAlready)
		return
	case arg != "":
		f.refuse(errTLSArgument)
		return
	}
	l.say("220 2.0.0 ready to start TLS")
	if err := l.startTLS(); err != nil {
		l.log.Info("TLS handshake failed", "err", err)
		f.ended, l.end = true, endByClient
		return
	}
	f.ended, f.passedOn = true, true
	next := newFront(l) // nobody has logged in there
	l.logAs()
	next.silent = true
	l.run.serve(next)
}

// beginTLS does the handshake of a connection on which TLS comes first. Nothing is sent in the open if it fails.
func (f *front) beginTLS() {
	if err := f.link.handshake(); err != nil {
		f.link.log.Info("TLS handshake failed", "err", err)
		f.link.out = nil
		f.ended, f.link.end = true, endByClient
	}
}

// overdrawn is the reply for a client that does nothing but fail or idle, nil for others.
func (f *front) overdrawn() *smtp.SMTPError {
	l, cfg := f.link, &f.link.run.cfg
	switch {
	case l.wire.stopped():
		return errStopping421
	case l.rejected > cfg.MaxRejectedRecipients:
		return errTooManyRejected
	case l.errors > cfg.MaxErrors:
		return errTooManyErrors
	case l.idle > cfg.MaxIdleCommands:
		return errTooIdle
	}
	return nil
}

// spend counts commands that move nothing.
func (f *front) spend(verb string) {
	switch verb {
	case "MAIL", "RCPT", "DATA", "BDAT", "QUIT":
	default:
		f.link.idle++
	}
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
