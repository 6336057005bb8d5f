package smtpc

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// maxAuthLine is how long AUTH with an initial response may be, with its line end; a longer one is sent as a line of its
// own (RFC 4954, 4).
const maxAuthLine = 512

// auth authenticates with PLAIN (RFC 4616) or LOGIN. Nothing that fails here repeats a secret.
func (c *Client) auth(k *Credentials) error {
	if !k.Insecure && !c.verified {
		return &Error{Step: StepAuth, Err: ErrUnsafeAuth, Local: true}
	}
	var lines []string // the answers to AUTH and to each 334
	switch {
	case slices.Contains(c.extensions.Auth, "PLAIN"):
		response := encode("\x00" + k.Username + "\x00" + k.Password)
		lines = []string{"AUTH PLAIN " + response}
		if len(lines[0])+2 > maxAuthLine {
			lines = []string{"AUTH PLAIN", response}
		}
	case slices.Contains(c.extensions.Auth, "LOGIN"): // its server speaks first
		lines = []string{"AUTH LOGIN", encode(k.Username), encode(k.Password)}
	default:
		return &Error{Step: StepAuth, Err: ErrNoAuth}
	}
	var r Reply
	for i, line := range lines {
		class := 3
		if i == len(lines)-1 {
			class = 2
		}
		var err error
		r, err = c.ask(StepAuth, c.timeouts.Auth, line)
		r.Text = hide(r.Text, k.Password, lines[len(lines)-1])
		if err := c.wants(StepAuth, class, r, err); err != nil {
			return withoutQuote(err)
		}
	}
	return nil
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// hidden stands for a reply's text that repeats what it should not.
const hidden = "(text withheld: it repeats a secret)"

// echo is how many octets of a secret in a row are too many to show.
const echo = 8

// hide gives the text back if no secret shows in it. A server may repeat a command that it did not like, cut or in other
// letters.
func hide(text string, secrets ...string) string {
	lower := strings.ToLower(text)
	for _, s := range secrets {
		s = strings.ToLower(strings.TrimPrefix(s, "AUTH PLAIN "))
		for i := 0; i < len(s) && (i == 0 || i+echo <= len(s)); i++ {
			if strings.Contains(lower, s[i:min(i+echo, len(s))]) {
				return hidden
			}
		}
	}
	return text
}

// withoutQuote drops what an error quotes of an answer that is no reply.
func withoutQuote(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && errors.Is(e.Err, ErrReply) {
		e.Err = ErrReply
	}
	return err
}
