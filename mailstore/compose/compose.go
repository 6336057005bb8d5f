// Package compose writes Internet messages (RFC 5322, RFC 2045 to 2049): new ones, replies, forwards and delivery
// status notifications; and it makes messages that others wrote fit to leave.
//
// It is pure: values in, bytes out, with the clock and the content handed over by the caller. It knows no mailbox, no
// queue and no wire, and does not decide who may send what: Senders tells who is said to have written a message, and
// tenancy whether that may be. What it writes, mailstore/message reads back as it was given.
package compose

// The bounds of a message that is written here. Check names the field that is beyond one.
const (
	MaxRecipients   = 1000      // addresses in To, Cc and Bcc together
	MaxReplyTo      = 25        // addresses in Reply-To
	MaxName         = 256       // characters of a display name
	MaxAddress      = 254       // octets of an address (RFC 5321, 4.5.3.1.3, without the brackets)
	MaxSubject      = 1000      // characters of a subject
	MaxText         = 10 << 20  // octets of Text, and of HTML
	MaxAttachments  = 100       // attachments, shown inline or not
	MaxFilename     = 255       // octets of a file name; what file systems take
	MaxContentID    = 200       // octets of a Content-ID without its brackets
	MaxHeaders      = 50        // header fields of the caller's own
	MaxHeaderName   = 76        // octets of the name of one
	MaxHeaderOctets = 16 << 10  // names and values of all of them together
	MaxID           = 900       // octets of a message id; a longer one leaves no room on its line
	MaxReferences   = 30        // message ids in References: the first one and the nearest
	MaxHeader       = 1 << 20   // octets of a header that Outbound holds and Senders and Complete look at
	MaxFrom         = 50        // addresses of a From field that Senders tells
	MaxRemoteText   = 1000      // octets of what another server said, in a Notice
	MaxNoticeHeader = 32 << 10  // octets of the original's header in a Notice
	MaxNoticed      = 1000      // recipients in a Notice
	maxProblems     = 100       // mistakes that Check tells
	maxQuoted       = 256 << 10 // octets of a text, and of an HTML document, that a reply or a forward quotes

	foldAt  = 76  // columns of a header line, by preference (RFC 2047, 2; RFC 5322, 2.1.1 has 78)
	maxLine = 998 // octets of any line (RFC 5322, 2.1.1)
	maxWord = 75  // octets of an encoded word (RFC 2047, 2)
)
