// Package fault is the few kinds of failure that cross a package border.
//
// A fault has a kind (what a wire answers), a stable code, a sentence that is fit for a stranger, and a cause that is
// fit for the log only. It knows no wire: each wire has one file that turns kinds into its own replies.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it is. The zero Kind is Internal: an error that nobody classified.
type Kind uint8

const (
	Internal    Kind = iota // our own mistake, or the machine's
	NotFound                // it is not there, or the caller may not know that it is
	Conflict                // it contradicts what is there
	Invalid                 // the input breaks a rule; Fields says where
	Forbidden               // the caller is known and may not
	Exhausted               // a named limit is reached; RetryAfter says when to come back, if that helps
	Unavailable             // not now: shutting down, no space, a store that is being reopened
)

// String is the lower-case name of the kind, for logs.
func (k Kind) String() string {
	return [...]string{"internal", "not_found", "conflict", "invalid", "forbidden", "exhausted", "unavailable"}[k]
}

// Field is one mistake in the input: Path names the place ("body.username"), Message says what to do.
type Field struct {
	Path    string
	Message string
}

// Error is a failure of a known kind. Message never holds another tenant's data, nor a path of the machine.
type Error struct {
	Kind       Kind
	Code       string // stable, lower_snake
	Message    string // one sentence for a stranger, which says what to do
	Fields     []Field
	RetryAfter time.Duration // zero: no advice
	Cause      error         // for the log only
}

// New makes a fault. The code is stable and lower_snake; the message is a sentence fit for strangers.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because returns a copy that remembers why, for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// At returns a copy that names the place of the mistake in the input.
func (e *Error) At(path string) *Error {
	c := *e
	c.Fields = append(c.Fields[:len(c.Fields):len(c.Fields)], Field{Path: path, Message: e.Message})
	return &c
}

// Error is the sentence and, behind it, the cause. Wires show Message alone.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is a fault of the same kind and code, so that errors.Is works with declared faults.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// From finds the fault in err's chain, or nil.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// KindOf is the kind of the first fault in err's chain, Internal if there is none.
func KindOf(err error) Kind {
	if e := From(err); e != nil {
		return e.Kind
	}
	return Internal
}
