package maildir

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// MaxFolderName is the longest name of a folder in octets; file systems take 255.
const MaxFolderName = 240

// FolderName is the Maildir++ name of a mailbox: "" for INBOX, else a dot, then its levels with dots between. What
// Maildir++ has no way to say (a dot, a space, non-ASCII) is written in modified UTF-7 (RFC 3501, 5.1.3), as Dovecot
// does. A name that gets longer than MaxFolderName becomes a hash of itself.
func FolderName(mailbox string) string {
	if mailbox == "INBOX" {
		return ""
	}
	var b strings.Builder
	var pending []uint16
	flush := func() {
		if len(pending) > 0 {
			b.WriteString("&" + modifiedBase64.EncodeToString(bigEndian(pending)) + "-")
			pending = nil
		}
	}
	for name := range strings.SplitSeq(mailbox, "/") {
		flush()
		b.WriteByte('.')
		for _, r := range name {
			switch {
			case r == '&':
				flush()
				b.WriteString("&-")
			case r > ' ' && r < 0x7f && r != '.':
				flush()
				b.WriteRune(r)
			default:
				pending = utf16.AppendRune(pending, r)
			}
		}
	}
	flush()
	if b.Len() > MaxFolderName {
		sum := sha256.Sum256([]byte(mailbox))
		return ".long-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
	}
	return b.String()
}

// MailboxName is the mailbox that FolderName would give this folder for, for a folder that nothing else is known of.
// What is no modified UTF-7 stays as it is.
func MailboxName(folder string) string {
	if folder == "" {
		return "INBOX"
	}
	levels := strings.Split(strings.TrimPrefix(folder, "."), ".")
	for i, level := range levels {
		levels[i] = decodeLevel(level)
	}
	return strings.Join(levels, "/")
}

func decodeLevel(s string) string {
	var b strings.Builder
	for {
		plain, rest, shifted := strings.Cut(s, "&")
		b.WriteString(plain)
		if !shifted {
			return b.String()
		}
		code, after, closed := strings.Cut(rest, "-")
		raw, err := modifiedBase64.DecodeString(code)
		switch {
		case closed && code == "":
			b.WriteByte('&')
		case !closed || err != nil || len(raw)%2 != 0:
			b.WriteString("&" + rest)
			return b.String()
		default:
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
			}
			b.WriteString(strings.ReplaceAll(string(utf16.Decode(units)), "/", "_"))
		}
		s = after
	}
}

// modifiedBase64 is that of RFC 3501, 5.1.3.
var modifiedBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

func bigEndian(units []uint16) []byte {
	raw := make([]byte, 0, 2*len(units))
	for _, u := range units {
		raw = append(raw, byte(u>>8), byte(u))
	}
	return raw
}
