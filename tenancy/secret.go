package tenancy

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// A key is "pr_", its kind, "_", 40 characters of random and 7 of checksum; a password is 32 characters of random. Each
// character is 5 bits.
const (
	keyBytes      = 25 // 200 random bits, of which the shown prefix gives 30 away
	passwordBytes = 20 // 160 random bits
	shownRandom   = 6  // characters of a key's random part that lists show
	checksumChars = 7
)

var secretText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

var keyMarks = map[Kind]string{Operator: "pr_op_", WorkspaceKey: "pr_ws_", InboxKey: "pr_in_"}

func randomText(octets int) string {
	b := make([]byte, octets)
	rand.Read(b) // never fails
	return secretText.EncodeToString(b)
}

// newSecret makes a key's secret; prefix is the part of it that lists show.
func newSecret(kind Kind) (secret, prefix string) {
	body := keyMarks[kind] + randomText(keyBytes)
	return body + checksum(body), body[:len(keyMarks[kind])+shownRandom]
}

// checksum lets a mistyped or cut key be refused without looking it up. It keeps nothing secret.
func checksum(body string) string {
	return secretText.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// isSecret reports whether s is a key as newSecret makes them.
func isSecret(s string) bool {
	for _, mark := range keyMarks {
		if strings.HasPrefix(s, mark) && len(s) == len(mark)+keyBytes*8/5+checksumChars {
			body := s[:len(s)-checksumChars]
			return s[len(body):] == checksum(body)
		}
	}
	return false
}

// hashSecret is what is kept of a key or a password. Both are made here from 160 random bits or more, never chosen by
// people, so nobody can try them all: a plain SHA-256 is enough where a chosen password would need a slow hash.
func hashSecret(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// sealingKey derives from an API key what its answers with secrets are encrypted with (RFC 5869). It cannot be found
// from what the directory keeps of the key.
func sealingKey(secret string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret), nil, "postroom idempotent answers", 32)
}
