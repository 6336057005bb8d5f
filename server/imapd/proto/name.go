package proto

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Separator is the hierarchy separator of mailbox names.
const Separator = '/'

// inbox is the one name whose case does not count (RFC 9051, 5.1).
const inbox = "INBOX"

// ErrName is what DecodeMailbox says of a name that is not well-formed.
var ErrName = errors.New("mailbox name is neither modified UTF-7 nor UTF-8")

// DecodeMailbox is the name, in UTF-8, of a mailbox that a client wrote. Without utf8 it is modified UTF-7 (RFC 3501, 5.1.3), read
// strictly, so that one name is not written in two ways; or, for clients that do not know better, UTF-8 with an octet
// above 127. asUTF8: the client enabled UTF8=ACCEPT or IMAP4rev2; then it is UTF-8, and "&" is a letter like others.
//
// INBOX, alone or as the parent of what follows, is in upper case afterwards. Patterns of LIST can be decoded as well:
// wildcards stay as they are. The error is ErrName. Which names may exist is not decided here: control characters pass.
func DecodeMailbox(written string, asUTF8 bool) (string, error) {
	name, ok := written, true
	switch {
	case asUTF8 || !isASCII(written):
		ok = utf8.ValidString(written)
	case strings.ContainsFunc(written, func(r rune) bool { return r == '&' || r < ' ' || r > '~' }):
		name, ok = decodeUTF7(written)
	}
	if !ok {
		return "", ErrName
	}
	return upperInbox(name), nil
}

// upperInbox is the name with INBOX in upper case.
func upperInbox(name string) string {
	if len(name) < len(inbox) || !strings.EqualFold(name[:len(inbox)], inbox) {
		return name
	}
	if rest := name[len(inbox):]; rest == "" || rest[0] == Separator {
		return inbox + rest
	}
	return name
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// EncodeMailbox is a UTF-8 name in modified UTF-7 (RFC 3501, 5.1.3). Octets that are no UTF-8 become U+FFFD.
func EncodeMailbox(name string) string { return string(appendUTF7(nil, name)) }

// AppendMailbox appends a mailbox's UTF-8 name as an astring: in modified UTF-7, or with
// asUTF8 as it is.
func AppendMailbox(dst []byte, name string, asUTF8 bool) []byte {
	switch {
	case !asUTF8:
		return AppendAString(dst, EncodeMailbox(name))
	case isASCII(name):
		return AppendAString(dst, name)
	}
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) > maxQuoted || strings.ContainsAny(name, "\x00\r\n") {
		return appendLiteral(dst, name)
	}
	return appendQuoted(dst, name)
}

// base64UTF7 is the alphabet of modified UTF-7: a comma in place of the slash, and no padding. Bits that are left over are 0.
var base64UTF7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding).Strict()

// printable tells what stands for itself in modified UTF-7.
func printable(r rune) bool { return r >= ' ' && r <= '~' }

func appendUTF7(dst []byte, name string) []byte {
	var shifted []byte // UTF-16, big endian
	flush := func() {
		if len(shifted) > 0 {
			dst = append(base64UTF7.AppendEncode(append(dst, '&'), shifted), '-')
			shifted = shifted[:0]
		}
	}
	for _, r := range name {
		if printable(r) {
			flush()
			if dst = append(dst, byte(r)); r == '&' {
				dst = append(dst, '-')
			}
			continue
		}
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			shifted = append(shifted, byte(high>>8), byte(high), byte(low>>8), byte(low))
		} else {
			shifted = append(shifted, byte(r>>8), byte(r))
		}
	}
	flush()
	return dst
}

// decodeUTF7 is the inverse of appendUTF7; ok is false for anything that appendUTF7 would not write.
func decodeUTF7(written string) (name string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(written); {
		c := written[i]
		if !printable(rune(c)) {
			return "", false
		}
		i++
		if c != '&' {
			b.WriteByte(c)
			continue
		}
		length := strings.IndexByte(written[i:], '-')
		switch {
		case length < 0:
			return "", false
		case length == 0:
			b.WriteByte('&')
		case !decodeShifted(&b, written[i:i+length]):
			return "", false
		}
		i += length + 1
		if length > 0 && i+1 < len(written) && written[i] == '&' && written[i+1] != '-' {
			return "", false // two shifts that should be one
		}
	}
	return b.String(), true
}

// decodeShifted appends what stands in base64.
func decodeShifted(b *strings.Builder, encoded string) bool {
	octets, err := base64UTF7.DecodeString(encoded) // which passes over line ends
	if err != nil || strings.ContainsAny(encoded, "\r\n") || len(octets) == 0 || len(octets)%2 != 0 {
		return false
	}
	unit := func(i int) rune { return rune(octets[i])<<8 | rune(octets[i+1]) }
	for i := 0; i < len(octets); i += 2 {
		r := unit(i)
		if utf16.IsSurrogate(r) {
			if i += 2; i >= len(octets) {
				return false
			}
			if r = utf16.DecodeRune(r, unit(i)); r == utf8.RuneError {
				return false
			}
		}
		if printable(r) {
			return false
		}
		b.WriteRune(r)
	}
	return true
}
