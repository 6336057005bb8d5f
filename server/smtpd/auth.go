package smtpd

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// mechanisms are the ways to log in: PLAIN (RFC 4616), and LOGIN, which many clients still want.
const mechanisms = "PLAIN LOGIN"

// offersLogin reports whether a password may travel: under TLS, or within this machine where that is allowed.
func (f *front) offersLogin() bool {
	cfg := &f.link.run.cfg
	return cfg.Submission && (f.link.tls != nil || cfg.AllowPlainOnLoopback && f.link.ip.IsLoopback())
}

// needsLogin tells the commands that only those who have logged in may use (RFC 4954, 6). What is no command at all is the
// engine's, which hangs up after a few.
func (f *front) needsLogin(verb string) bool {
	if !f.link.run.cfg.Submission || f.login != nil {
		return false
	}
	return isTransaction(verb) || verb == "VRFY" || verb == "EXPN" || verb == "HELP"
}

// demandLogin refuses a command. A chunk follows BDAT unasked, and nobody's is read.
func (f *front) demandLogin(verb string) {
	e := errLoginFirst
	if !f.offersLogin() && f.link.run.cfg.TLS != nil {
		e = errTLSFirst
	}
	if f.spend(verb); verb == "BDAT" {
		f.fatal(e)
		return
	}
	f.refuse(e)
}

// auth answers AUTH (RFC 4954, 4). The engine does not see it.
func (f *front) auth(arg string) {
	words := strings.Fields(arg)
	switch {
	case !f.greeted:
		f.refuse(errGreetFirst)
		return
	case f.login != nil:
		f.refuse(errLoginTwice)
		return
	case !f.offersLogin():
		f.refuse(errAuthInTheOpen)
		return
	case len(words) == 0 || len(words) > 2:
		f.refuse(errAuthSyntax)
		return
	}
	x := exchange{front: f, initial: words[1:]}
	var user, password string
	var e *smtp.SMTPError
	switch strings.ToUpper(words[0]) {
	case "PLAIN":
		user, password, e = x.plain()
	case "LOGIN":
		user, password, e = x.login()
	default:
		e = errMechanism
	}
	switch {
	case f.ended:
	case e == errWrongLogin:
		f.turnAway(e)
	case e != nil:
		f.refuse(e)
	default:
		f.enter(user, password)
	}
}

// enter logs in, or turns the client away.
func (f *front) enter(user, password string) {
	l := f.link
	login, err := l.run.admit(user, password, l.ip)
	switch {
	case err == nil:
		f.login = login
		l.logAs("workspace", login.grant.WorkspaceID(), "inbox", login.grant.InboxID())
		l.log.Info("logged in")
		l.say("235 2.7.0 logged in")
	case errors.Is(err, tenancy.ErrUnauthenticated):
		f.turnAway(errWrongLogin)
	case errors.Is(err, errMayNotSend):
		l.log.Info("login may not send")
		f.refuse(errMayNotSend)
	case fault.KindOf(err) == fault.Exhausted:
		f.turnAway(errThrottled)
	default:
		l.log.Warn("login failed", "err", err)
		f.refuse(errLoginLater)
	}
}

// turnAway answers a login that failed. The client may try again on the same connection, a few times. Who it claimed to be
// is not logged: some write their password there.
func (f *front) turnAway(e *smtp.SMTPError) {
	f.link.log.Info("login failed", "code", e.Code)
	f.refuse(e)
	if f.link.failed++; f.link.failed >= f.link.run.cfg.MaxFailedLogins {
		f.fatal(errTooManyLogins)
	}
}

// exchange is one AUTH command, in which the client answers challenges. After an error of reading the front has ended.
type exchange struct {
	front   *front
	initial []string // the initial response, none or one
}

// plain reads "authzid NUL authcid NUL password". Nobody can act as another here, so the one must be the other or empty.
func (x *exchange) plain() (user, password string, e *smtp.SMTPError) {
	answer, e := x.next("")
	if e != nil {
		return "", "", e
	}
	part := bytes.Split(answer, []byte{0})
	if len(part) != 3 {
		return "", "", errAuthAnswer
	}
	if len(part[0]) > 0 && !bytes.EqualFold(part[0], part[1]) {
		return "", "", errWrongLogin
	}
	return string(part[1]), string(part[2]), nil
}

func (x *exchange) login() (user, password string, e *smtp.SMTPError) {
	name, e := x.next("Username:")
	if e != nil {
		return "", "", e
	}
	user = string(name)
	secret, e := x.next("Password:")
	return user, string(secret), e
}

// next gives the client's next answer: its initial response, or what it sends when it is asked.
func (x *exchange) next(challenge string) ([]byte, *smtp.SMTPError) {
	if given := x.initial; len(given) > 0 {
		x.initial = nil
		if given[0] == "=" { // an empty one (RFC 4954, 4)
			return nil, nil
		}
		return decodeAnswer(given[0])
	}
	f := x.front
	f.link.say("334 " + base64.StdEncoding.EncodeToString([]byte(challenge)))
	line, err := f.link.readLine(f.patience())
	switch {
	case errors.Is(err, errCommandLine):
		f.fatal(errAuthLine)
		return nil, errAuthLine
	case err != nil:
		f.hangUp(err)
		return nil, errAborted
	case !isCommandLine(line):
		f.fatal(errCommandOctets)
		return nil, errCommandOctets
	}
	text := string(line[:len(line)-2])
	if text == "*" {
		return nil, errAuthCancelled
	}
	return decodeAnswer(text)
}

func decodeAnswer(text string) ([]byte, *smtp.SMTPError) {
	answer, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errAuthAnswer
	}
	return answer, nil
}
