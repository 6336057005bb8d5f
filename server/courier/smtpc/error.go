package smtpc

import "errors"

// Step is a step of a session.
type Step string

const (
	StepConnect  Step = "connect"
	StepGreeting Step = "greeting"
	StepHello    Step = "ehlo"
	StepStartTLS Step = "starttls" // the command
	StepTLS      Step = "tls"      // the handshake
	StepAuth     Step = "auth"
	StepReset    Step = "reset"
	StepMail     Step = "mail"
	StepRcpt     Step = "rcpt"
	StepData     Step = "data"  // the command
	StepBody     Step = "body"  // the message, without its final dot
	StepFinal    Step = "final" // the final dot was sent
	StepQuit     Step = "quit"
)

// Error says at which step a session failed. After an error of Send, Reset or Quit the connection is closed.
type Error struct {
	Step  Step
	Reply *Reply // the reply that refused, nil if there was none
	Err   error  // what failed, nil if Reply says all; a context's cause, net.Error, *tls.CertificateVerificationError, …

	// Local is true if neither server nor network is to blame: the Config, or the body that could not be read.
	Local bool
	// Stale is true if the connection had been used before and ended before it took anything of this message: a server
	// may close an idle one. A new connection may be tried at once.
	Stale bool
}

func (e *Error) Error() string {
	s := "smtp " + string(e.Step)
	if e.Reply != nil {
		s += ": " + e.Reply.String()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// MaybeAccepted is true if the whole message was sent and its answer never came: the server may have it, or not. A second
// try can double it. Of an Error of any other step the message was not accepted.
func (e *Error) MaybeAccepted() bool { return e.Step == StepFinal }

// What is wrong where the network is not. They are found with errors.Is.
var (
	ErrReply       = errors.New("the server's answer is no SMTP reply")
	ErrUnexpected  = errors.New("the server's answer does not fit the command")
	ErrUnasked     = errors.New("the server answered before it was asked")
	ErrInjected    = errors.New("something was sent in the clear behind the answer to STARTTLS") // RFC 3207; CVE-2011-0411
	ErrNoTLS       = errors.New("TLS is required, and the server does not offer it")
	ErrNoAuth      = errors.New("the server offers no AUTH that we know")
	ErrUnsafeAuth  = errors.New("credentials are sent only to a server whose certificate was verified")
	ErrBody        = errors.New("the body may not be sent") // bare CR or LF, NUL, or another size than announced
	ErrMessageTime = errors.New("the message took longer than Timeouts.Message")
	ErrClosed      = errors.New("the connection is closed")
)
