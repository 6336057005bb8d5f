package compose

import "time"

// Complete gives the header fields that a submitted message lacks and must have on its way, each ended by CRLF, to be put
// in front of it: Date and Message-ID (RFC 6409, 8.2 and 8.3). MIME-Version is none of them: without it a message is plain
// text, and that is what its writer said. A field that is there is never added again, be it empty. header is the message's
// own, or as much of it as holds it; the message id is made at the domain.
func Complete(header []byte, domain string, now time.Time) (front []byte) {
	var dated, named bool
	for f := range fields(header) {
		dated = dated || f.is("date")
		named = named || f.is("message-id")
	}
	if !dated {
		front = appendField(front, "Date", now.Format(dateLayout))
	}
	if !named {
		front = appendField(front, "Message-ID", NewMessageID(domain))
	}
	return front
}

// Redate gives the header of a draft as it leaves, with its empty line: with the time of now as its Date (RFC 5322, 3.6.1: when
// the message is complete), a Message-ID at the domain if it has none, and without Return-Path. All else is as it was.
func Redate(header []byte, domain string, now time.Time) []byte {
	kept := make([]byte, 0, len(header)+len(dateLayout))
	named := false
	for f := range fields(header) {
		if f.is("date") || f.is("return-path") {
			continue
		}
		named = named || f.is("message-id")
		kept = append(kept, f.lines...)
	}
	front := appendField(nil, "Date", now.Format(dateLayout))
	if !named {
		front = appendField(front, "Message-ID", NewMessageID(domain))
	}
	return append(front, kept...)
}
