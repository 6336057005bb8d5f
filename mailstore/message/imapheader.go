package message

import (
	"bytes"
	"strings"
)

// MaxCommonHeader is the most octets of common header lines that a Wire keeps ready.
const MaxCommonHeader = 16 << 10

// common are the fields that mail clients ask for when they list a mailbox: Thunderbird, Apple Mail, iOS Mail, Outlook,
// mutt, Roundcube, K-9, FairEmail, Evolution, KMail, aerc, and the synchronising ones. In lower case.
var common = func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`
		date from sender reply-to to cc bcc subject message-id in-reply-to references
		resent-date resent-from resent-to resent-message-id
		mime-version content-type content-transfer-encoding content-disposition content-language content-class
		priority x-priority importance x-msmail-priority precedence auto-submitted x-auto-response-suppress
		newsgroups followup-to mail-followup-to mail-reply-to xref lines organization
		list-id list-post list-unsubscribe list-unsubscribe-post list-help list-archive
		delivered-to x-original-to errors-to
		disposition-notification-to return-receipt-to x-confirm-reading-to
		x-mailer user-agent x-label x-keywords keywords status x-status x-mozilla-status x-mozilla-keys
		x-spam-flag x-spam-status x-spam-level autocrypt
		x-uniform-type-identifier x-universally-unique-identifier x-draft-info x-account-key x-identity-key`) {
		set[name] = true
	}
	return set
}()

// IsCommon tells whether a Wire's Header, if it has one, holds all lines of a field. The name is taken without regard
// to case.
func IsCommon(field string) bool {
	return common[field] || common[strings.ToLower(field)]
}

// commonHeader gives the lines of the common fields; nil if they are more than MaxCommonHeader octets.
func commonHeader(block []byte) []byte {
	kept := []byte{}
	var lower [64]byte
	for name, lines := range headerFields(block) {
		if len(name) > len(lower) || !common[string(lowerASCII(lower[:0], name))] {
			continue
		}
		if kept = appendLines(kept, lines); len(kept) > MaxCommonHeader {
			return nil
		}
	}
	return kept
}

// FilterHeader gives the lines of the named fields of a header, or with not those of all others, in the order they
// came, each ended by CRLF and without the blank line: HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 9051, 6.4.5). Names
// are compared without regard to case. A line that belongs to no field is among the others.
func FilterHeader(header []byte, fields []string, not bool) []byte {
	kept := []byte{}
	for name, lines := range headerFields(header) {
		if named(name, fields) != not {
			kept = appendLines(kept, lines)
		}
	}
	return kept
}

func named(name []byte, fields []string) bool {
	for _, field := range fields {
		if len(field) == len(name) && len(name) > 0 && strings.EqualFold(field, string(name)) {
			return true
		}
	}
	return false
}

// headerFields walks the fields of a header block up to its blank line: each with its name as written and its lines.
// The name is what stands before the colon (RFC 5322, 2.2); of a line without one, and of those folded behind it, it
// is nil, and the next line that has one is a field again.
func headerFields(block []byte) func(yield func(name, lines []byte) bool) {
	return func(yield func(name, lines []byte) bool) {
		var name []byte
		start, pos := 0, 0
		for pos < len(block) {
			line := block[pos:]
			if i := bytes.IndexByte(line, '\n'); i >= 0 {
				line = line[:i+1]
			}
			if line[0] == '\n' || line[0] == '\r' && (len(line) == 1 || len(line) == 2 && line[1] == '\n') {
				break
			}
			if line[0] != ' ' && line[0] != '\t' {
				if pos > start && !yield(name, block[start:pos]) {
					return
				}
				name, start = nil, pos
				if i := bytes.IndexByte(line, ':'); i > 0 {
					name = bytes.TrimRight(line[:i], " \t")
				}
			}
			pos += len(line)
		}
		if pos > start {
			yield(name, block[start:pos])
		}
	}
}

// appendLines appends lines with CRLF at the end of each.
func appendLines(to, lines []byte) []byte {
	for len(lines) > 0 {
		line, rest := lines, []byte(nil)
		if i := bytes.IndexByte(lines, '\n'); i >= 0 {
			line, rest = lines[:i], lines[i+1:]
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		to = append(append(to, line...), '\r', '\n')
		lines = rest
	}
	return to
}

// hasField tells whether a header block has a field of this name, be it blank.
func hasField(block []byte, field string) bool {
	for name := range headerFields(block) {
		if named(name, []string{field}) {
			return true
		}
	}
	return false
}

func lowerASCII(to, s []byte) []byte {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}
