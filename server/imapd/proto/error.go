package proto

import "strings"

// Error is why a command cannot be carried out as written.
type Error struct {
	Tag  string // what to answer to; "" if it could not be read: then the answer is untagged
	Name string // of the command, upper case, with "UID " in front if it was written so; "" if it could not be read or is not known
	Kind ErrorKind
	Text string // for a person: printable ASCII, at most MaxErrorText octets
}

// ErrorKind is the kind of an Error.
type ErrorKind uint8

const (
	Bad     ErrorKind = iota // wrong syntax
	Unknown                  // no command has this name
)

// MaxErrorText is the longest Text in octets.
const MaxErrorText = 200

// MaxTag is the longest tag in octets.
const MaxTag = 255

func (e *Error) Error() string { return e.Text }

// fail notes the first error and goes to the end, where everything else fails as well.
func (s *scanner) fail(text string) {
	if s.err == nil {
		text = text[:min(len(text), MaxErrorText-1)]
		if strings.HasSuffix(text, "}") { // clients take {10} at the end of a line for a literal
			text += "."
		}
		s.err = &Error{Text: text}
	}
	s.pos = len(s.text)
}

// failHere is fail, and shows what comes next, unless it could be a secret.
func (s *scanner) failHere(text string) {
	if rest := s.text[s.pos:]; rest == "" {
		text += " the end"
	} else if s.secret {
		text += " what follows"
	} else {
		text += " " + show(rest)
	}
	s.fail(text)
}

// errorOf is the error that was noted, with what is known of the command.
func (s *scanner) errorOf(cmd *Command) *Error {
	e := s.err
	e.Tag, e.Name = cmd.Tag, cmd.Name
	if cmd.UID && e.Name != "" {
		e.Name = "UID " + e.Name
	}
	if s.unknown {
		e.Kind = Unknown
	}
	return e
}

// maxShown is how much of a client's word an error repeats, in octets.
const maxShown = 40

// show is a client's word, fit for the text of an error.
func show(word string) string {
	long := len(word) > maxShown
	b := []byte(word[:min(len(word), maxShown)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	if long {
		b = append(b, "..."...)
	}
	return string(b)
}
