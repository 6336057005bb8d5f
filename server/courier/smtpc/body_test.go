package smtpc

import (
	"errors"
	"strings"
	"testing"
)

// stuffed is what dots does, an octet at a time.
func stuffed(body string) (string, error) {
	var b strings.Builder
	for i := range len(body) {
		switch c := body[i]; {
		case c == 0:
			return "", errNUL
		case c == '\n' && (i == 0 || body[i-1] != '\r'):
			return "", errBareLF
		case c == '\r' && (i+1 == len(body) || body[i+1] != '\n'):
			return "", errBareCR
		case c == '.' && (i == 0 || body[i-1] == '\n'):
			b.WriteByte('.')
		}
		b.WriteByte(body[i])
	}
	if body != "" && !strings.HasSuffix(body, "\n") {
		b.WriteString("\r\n")
	}
	return b.String() + ".\r\n", nil
}

// FuzzDots: in whatever pieces a body comes, it is stuffed or refused as an octet at a time would be, its flaw being one
// that it has.
func FuzzDots(f *testing.F) {
	for _, seed := range []string{"", ".", "\r\n.\r\n", ".\r\n..\r\n", "a\rb", "a\nb", "a\r\r\n", "\n", "\r", "a\x00", "x\r\n.\n.\r\n", "\r\n\r\n.."} {
		f.Add(seed, byte(0), byte(3))
		f.Add(seed, byte(1), byte(1))
	}
	f.Fuzz(func(t *testing.T, body string, first, second byte) {
		want, flaw := stuffed(body)
		var d dots
		var err error
		for rest := body; err == nil && rest != ""; {
			n := min(int(first)+1, len(rest))
			first, second = second, first
			err = d.add([]byte(rest[:n]))
			rest = rest[n:]
		}
		if err == nil {
			err = d.finish()
		}
		switch {
		case (err == nil) != (flaw == nil):
			t.Fatalf("%q: %v; want %v", body, err, flaw)
		case err != nil && !errors.Is(err, ErrBody):
			t.Fatal(err)
		case err == nil && (string(d.out) != want || d.size != int64(len(body))):
			t.Fatalf("%q: %q; want %q", body, d.out, want)
		}
	})
}
