package smtpd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The conversations in testdata are text files. A line is one of:
//
//	# ...             a comment
//	set: NAME VALUE   a field of Config; TLS on offers STARTTLS, Implicit on begins with TLS, Loopback on lets log in without
//	C: text           the client sends the text and CRLF; lines that follow one another go out together
//	R: "text"         the client sends what the Go string holds, as it is
//	B: N "text"       the client sends the Go string N times
//	S: text           the server sends a line that begins so
//	S* text           the server sends a reply of one or more lines, and the last one begins so
//	N: N text         the server sends N lines that begin so
//	TLS:              the handshake
//	END:              the server closes the connection, having sent nothing more
//	MAIL: ADDRESS N   the address has N messages
//	HAS: ADDRESS "text"  the newest message of the address ends in the text
//
// What is in testdata/submission talks to a submission server, and has steps of its own: see actions.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	submissions, alsoErr := filepath.Glob("testdata/submission/*.txt")
	if err != nil || alsoErr != nil || len(files) == 0 || len(submissions) == 0 {
		t.Fatalf("no conversations: %v, %v", err, alsoErr)
	}
	for _, file := range append(files, submissions...) {
		t.Run(strings.TrimPrefix(strings.TrimSuffix(file, ".txt"), "testdata/"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			converse(t, file, strings.Split(strings.TrimRight(string(text), "\n"), "\n"))
		})
	}
}

// talk is a conversation that is being held.
type talk struct {
	*bed
	c       *client
	pending strings.Builder
}

func converse(t *testing.T, file string, script []string) {
	submission := strings.Contains(file, "submission/")
	setup := []func(*Config){func(c *Config) { c.Submission = submission }}
	implicit := false
	var steps int
	for steps = 0; steps < len(script); steps++ {
		name, rest, _ := strings.Cut(script[steps], ": ")
		if name == "set" && rest == "Implicit on" {
			implicit = true
		} else if name == "set" {
			setup = append(setup, setting(t, rest))
		} else if name != "" && name[0] != '#' {
			break
		}
	}
	b := newBed(t, func(c *Config) {
		for _, set := range setup {
			set(c)
		}
	})
	b.implicit = implicit
	b.listen()
	k := &talk{bed: b, c: b.dial()}
	defer func() {
		if t.Failed() {
			t.Logf("log of the server:\n%s", b.logs)
		}
	}()
	for i := steps; i < len(script); i++ {
		k.step(fmt.Sprintf("%s:%d", file, i+1), script[i])
	}
	k.flush()
}

func setting(t *testing.T, text string) func(*Config) {
	name, value, _ := strings.Cut(text, " ")
	switch name {
	case "TLS":
		return func(c *Config) { c.TLS = testTLS() }
	case "Loopback":
		return func(c *Config) { c.AllowPlainOnLoopback = true }
	}
	if d, err := time.ParseDuration(value); err == nil && name == "IdleTimeout" {
		return func(c *Config) { c.IdleTimeout = d }
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("set: %s: %v", text, err)
	}
	switch name {
	case "MaxMessageBytes":
		return func(c *Config) { c.MaxMessageBytes = int64(n) }
	case "MaxHeaderBytes":
		return func(c *Config) { c.MaxHeaderBytes = int64(n) }
	case "MaxTextLine":
		return func(c *Config) { c.MaxTextLine = n }
	case "MaxRecipients":
		return func(c *Config) { c.MaxRecipients = n }
	case "MaxRejectedRecipients":
		return func(c *Config) { c.MaxRejectedRecipients = n }
	case "MaxErrors":
		return func(c *Config) { c.MaxErrors = n }
	case "MaxFailedLogins":
		return func(c *Config) { c.MaxFailedLogins = n }
	case "MaxCommandLine":
		return func(c *Config) { c.MaxCommandLine = n }
	case "MaxIdleCommands":
		return func(c *Config) { c.MaxIdleCommands = n }
	}
	t.Fatalf("set: %s is not a setting", name)
	return nil
}

func (k *talk) flush() {
	k.t.Helper()
	if k.pending.Len() > 0 {
		k.c.send(k.pending.String())
		k.pending.Reset()
	}
}

func (k *talk) step(at, line string) {
	k.t.Helper()
	word, text, _ := strings.Cut(line, " ")
	switch word {
	case "C:", "C: ":
		k.pending.WriteString(k.filled(text) + "\r\n")
		return
	case "R:":
		k.pending.WriteString(k.unquote(at, text))
		return
	case "B:":
		number, unit, _ := strings.Cut(text, " ")
		k.pending.WriteString(strings.Repeat(k.unquote(at, unit), k.number(at, number)))
		return
	}
	k.flush()
	switch word {
	case "", "#":
	case "S:":
		k.match(at, k.c.line(), text)
	case "S*":
		k.match(at, k.c.reply(), text)
	case "N:":
		number, want, _ := strings.Cut(text, " ")
		for range k.number(at, number) {
			k.match(at, k.c.line(), want)
		}
	case "TLS:":
		k.c.startTLS()
	case "END:":
		k.c.closed()
	case "MAIL:":
		address, number, _ := strings.Cut(text, " ")
		if got, want := len(k.mail(address)), k.number(at, number); got != want {
			k.t.Errorf("%s: %s has %d messages, want %d", at, address, got, want)
		}
	case "HAS:":
		address, want, _ := strings.Cut(text, " ")
		k.has(at, address, k.unquote(at, want))
	default:
		act, known := actions[word]
		if !known {
			k.t.Fatalf("%s: what is %q?", at, line)
		}
		act(k, at, text)
	}
}

func (k *talk) match(at, got, want string) {
	k.t.Helper()
	if !strings.HasPrefix(got, want) {
		k.t.Fatalf("%s: the server said %q, want %q", at, got, want)
	}
}

func (k *talk) has(at, address, want string) {
	k.t.Helper()
	mail := k.mail(address)
	if len(mail) == 0 || !strings.HasSuffix(mail[len(mail)-1], want) {
		k.t.Errorf("%s: %s does not have %q at its end: %q", at, address, want, mail)
	}
}

func (k *talk) unquote(at, s string) string {
	k.t.Helper()
	text, err := strconv.Unquote(s)
	if err != nil {
		k.t.Fatalf("%s: %v", at, err)
	}
	return text
}

func (k *talk) number(at, s string) int {
	k.t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		k.t.Fatalf("%s: %v", at, err)
	}
	return n
}
