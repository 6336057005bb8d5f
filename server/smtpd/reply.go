package smtpd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/junk"
	"github.com/postroom/postroom/tenancy"
)

// Everything that this wire answers but success: the code (RFC 5321, 4.2), the enhanced code (RFC 3463) and the words.

func refusal(code, class, subject, detail int, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}
}

// Refusals that end the connection.
var (
	errStopping421     = refusal(421, 4, 3, 2, "the server is shutting down; try again later")
	errInternal421     = refusal(421, 4, 3, 0, "internal error; try again later")
	errTimeout         = refusal(421, 4, 4, 2, "nothing was heard for too long")
	errTooMany         = refusal(421, 4, 7, 0, "too many connections; try again later")
	errGuessing        = refusal(421, 4, 7, 0, "too many recipients of your address or network were refused; try again later")
	errTooManyRejected = refusal(421, 4, 7, 0, "too many recipients were refused")
	errTooManyErrors   = refusal(421, 4, 7, 0, "too many commands were refused")
	errTooIdle         = refusal(421, 4, 7, 0, "too many commands without a message")
	errCommandOctets   = refusal(500, 5, 5, 2, "a command ends in CRLF and holds no other CR, LF or NUL")
	errLongCommand     = refusal(500, 5, 5, 2, "the command line is too long")
	errTooManyLogins   = refusal(421, 4, 7, 0, "too many failed logins")
	errRevoked         = refusal(421, 4, 7, 0, "your password or key is not valid any more; log in again")
	errAuthLine        = refusal(500, 5, 5, 6, "the line is too long")
	errChunkSyntax     = refusal(501, 5, 5, 4, "BDAT takes a size and perhaps LAST")
)

// Refusals of a command.
var (
	errNoAuth          = refusal(502, 5, 5, 1, "AUTH is not offered here")
	errGreeting        = refusal(501, 5, 5, 4, "say who you are with your host name")
	errNoTLS           = refusal(502, 5, 5, 1, "STARTTLS is not offered here")
	errTLSAlready      = refusal(503, 5, 5, 1, "TLS is on already")
	errTLSArgument     = refusal(501, 5, 5, 4, "STARTTLS takes no argument")
	errSenderSyntax    = refusal(501, 5, 1, 7, "the sender is not written as <local@domain>")
	errRecipientSyntax = refusal(501, 5, 1, 3, "the recipient is not written as <local@domain>")
	errSenderTwice     = refusal(503, 5, 5, 1, "the sender was given already")
	errSenderUTF8      = refusal(553, 5, 6, 7, "this sender needs the SMTPUTF8 parameter")
	errRecipientUTF8   = refusal(553, 5, 6, 7, "this recipient needs a message with the SMTPUTF8 parameter")
	errNoSuchUser      = refusal(550, 5, 1, 1, "no such user here")
	errTooFast         = refusal(450, 4, 7, 1, "too many messages from your address or network; try again later")
	errRelay           = refusal(550, 5, 7, 1, "relaying denied: this domain is not served here")
)

// Refusals of a login, and of what needs one (RFC 4954, 4 and 6). None tells whether there is such a user.
var (
	errGreetFirst    = refusal(503, 5, 5, 1, "say EHLO first")
	errLoginFirst    = refusal(530, 5, 7, 0, "log in first")
	errTLSFirst      = refusal(530, 5, 7, 0, "begin TLS with STARTTLS, then log in")
	errAuthInTheOpen = refusal(538, 5, 7, 11, "begin TLS first: a password would travel in the open")
	errLoginTwice    = refusal(503, 5, 5, 1, "you have logged in already")
	errAuthSyntax    = refusal(501, 5, 5, 4, "AUTH takes a mechanism and perhaps an initial response")
	errMechanism     = refusal(504, 5, 5, 4, "this mechanism is not known here; use "+mechanisms)
	errAuthAnswer    = refusal(501, 5, 5, 2, "the response cannot be read")
	errAuthCancelled = refusal(501, 5, 7, 0, "the login was cancelled")
	errWrongLogin    = refusal(535, 5, 7, 8, "the user or password is wrong")
	errThrottled     = refusal(454, 4, 7, 0, "too many failed logins; try again later")
	errLoginLater    = refusal(454, 4, 7, 0, "logging in is not possible now; try again later")
	errMayNotSend    = refusal(550, 5, 7, 1, "this password or key may not send mail")
)

// Refusals of mail that is to leave.
var (
	errNullSender    = refusal(550, 5, 7, 1, "the sender must be one of your addresses; it is empty")
	errNotYours      = refusal(550, 5, 7, 1, "the sender is not one of your addresses")
	errFromNotYours  = refusal(550, 5, 7, 1, "the From or Sender field names an address that is not one of yours")
	errNoAddress     = refusal(553, 5, 1, 3, "this is no address that mail can be sent to")
	errAllListed     = refusal(550, 5, 7, 1, "your lists for sending keep out all of these addresses")
	errAllSuppressed = refusal(550, 5, 7, 1, "nothing is sent to any of these addresses any more: they are suppressed")
	errSenderFull    = refusal(452, 4, 2, 2, "your storage is full; try again later")
	errSenderLimit   = refusal(451, 4, 7, 1, "a limit of yours is reached; try again later")
)

// errSuppressed says why nothing is sent to an address.
func errSuppressed(reason string) *smtp.SMTPError {
	why := map[string]string{
		mailstore.SuppressedByBounce:      "mail to it bounced",
		mailstore.SuppressedByComplaint:   "its owner complained",
		mailstore.SuppressedByUnsubscribe: "its owner unsubscribed",
		mailstore.ReasonListed:            "your lists for sending keep it out",
	}[reason]
	if why == "" {
		why = "it is suppressed"
	}
	return refusal(550, 5, 7, 1, "nothing is sent to this address any more: "+why)
}

// Refusals of a message.
var (
	errTooLarge = refusal(552, 5, 3, 4, "the message is too large")
	errSpam     = refusal(550, 5, 7, 1, "the message was found to be spam")
	errLater    = refusal(451, 4, 7, 1, "the message is not taken now; try again later")
	errForged   = refusal(550, 5, 7, 26, "the domain of the author asks to have this message rejected: neither SPF nor DKIM proves that it is from there (DMARC)")
	errHeader   = refusal(554, 5, 6, 0, "the header section is too large")
	errLoop     = refusal(554, 5, 4, 6, "the message goes in circles: too many Received fields")
	errTextLine = refusal(554, 5, 6, 0, "the message has a line that is too long")
	errNUL      = refusal(554, 5, 6, 0, "the message holds a NUL")
	errBareCR   = refusal(554, 5, 6, 0, "the message holds a CR without LF")
	errBareLF   = refusal(554, 5, 6, 0, "the message holds an LF without CR")
	errAborted  = refusal(451, 4, 4, 2, "the message did not come to its end")
)

// What a failure of ours is answered with. No inner text is told.
var (
	errInternal    = refusal(451, 4, 3, 0, "internal error; try again later")
	errUnavailable = refusal(451, 4, 3, 0, "not available now; try again later")
	errStorageFull = refusal(452, 4, 3, 1, "the server's storage is full; try again later")
	errInboxFull   = refusal(452, 4, 2, 2, "the recipient's storage is full; try again later")
	errLimit       = refusal(451, 4, 7, 1, "a limit of the recipient is reached; try again later")
	errNotAllowed  = refusal(550, 5, 7, 1, "the recipient does not take this message")
	errBadMessage  = refusal(554, 5, 6, 0, "the message cannot be taken as it is")
)

// refuseJunk says why a message is refused that speaks against itself.
func refuseJunk(found junk.Evidence) *smtp.SMTPError {
	if found.Reason == mailstore.ReasonDNSBL {
		return refusal(550, 5, 7, 1, listedWords+printable(found.Detail))
	}
	return errSpam
}

// listedWords begin the refusal of what comes from an address or domain on a DNS list.
const listedWords = "not taken: "

// reasonOf is why something was refused, as records tell it; "" for what is no refusal of mail.
func reasonOf(e *smtp.SMTPError) string {
	if strings.HasPrefix(e.Message, listedWords) {
		return mailstore.ReasonDNSBL
	}
	switch e {
	case errNoSuchUser:
		return mailstore.ReasonUnknownUser
	case errRelay:
		return mailstore.ReasonNotServed
	case errForged:
		return mailstore.ReasonForged
	case errSpam:
		return mailstore.ReasonSpam
	case errLater:
		return mailstore.ReasonLater
	case errLoop:
		return mailstore.ReasonInCircles
	case errTooLarge, errHeader:
		return mailstore.ReasonTooLarge
	case errTextLine, errNUL, errBareCR, errBareLF, errBadMessage:
		return mailstore.ReasonMalformed
	case errTooFast:
		return mailstore.ReasonTooFast
	}
	if e.Code >= 500 {
		return mailstore.ReasonPolicy
	}
	return ""
}

// toReply is the border: whatever went wrong, it is what the engine shows as it is, and nil for nil. The engine would
// make any other error permanent and show its text.
func toReply(err error) *smtp.SMTPError {
	if err == nil {
		return nil
	}
	var e *smtp.SMTPError
	if errors.As(err, &e) {
		return e
	}
	f := fault.From(err)
	switch fault.KindOf(err) {
	case fault.NotFound:
		return errNoSuchUser
	case fault.Unavailable:
		if f.Code == "storage_full" {
			return errStorageFull
		}
		return errUnavailable
	case fault.Exhausted:
		if f.Code == "storage_full" || f.Code == "storage_limit_reached" {
			return errInboxFull
		}
		return errLimit
	case fault.Forbidden, fault.Conflict:
		return errNotAllowed
	case fault.Invalid:
		return errBadMessage
	default:
		return errInternal
	}
}

// toSubmissionReply is toReply for who has logged in: a failure is told as the sender's matter.
func toSubmissionReply(err error) *smtp.SMTPError {
	var e *smtp.SMTPError
	if err == nil || errors.As(err, &e) {
		return e
	}
	f := fault.From(err)
	switch kind := fault.KindOf(err); {
	case errors.Is(err, tenancy.ErrUnauthenticated), kind == fault.NotFound:
		return errRevoked
	case errors.Is(err, mailstore.ErrListed):
		return errAllListed
	case errors.Is(err, mailstore.ErrSuppressed):
		return errAllSuppressed
	case kind == fault.Forbidden:
		return errMayNotSend
	case kind == fault.Exhausted && f.Code == "storage_limit_reached":
		return errSenderFull
	case kind == fault.Exhausted && f.Code != "storage_full":
		return errSenderLimit
	case kind == fault.Invalid: // such a fault says what is wrong with the message
		return refusal(554, 5, 6, 0, phrase(f.Message))
	}
	return toReply(err)
}

// phrase is a sentence in the manner of replies.
func phrase(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	return strings.ToLower(sentence[:min(1, len(sentence))]) + sentence[min(1, len(sentence)):]
}

// queued is how success is told after a submission.
func queued(id mailstore.MessageID) *smtp.SMTPError {
	return refusal(250, 2, 0, 0, "queued as "+string(id))
}

// accepted is how success is told with words of our own.
func accepted(id string) *smtp.SMTPError {
	return refusal(250, 2, 6, 0, "accepted as "+id)
}

func replyLine(e *smtp.SMTPError) string {
	return fmt.Sprintf("%d %d.%d.%d %s", e.Code, e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2], e.Message)
}
