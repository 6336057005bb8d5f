package compose

import (
	"bytes"
	"strings"

	"github.com/postroom/postroom/mailstore/fault"
)

// Senders gives who a message says has written it: all addresses of its From field, and the one of its Sender field or "",
// each with its domain in lower-case A-labels. Whoever submits it must be allowed to use every one of them.
//
// header is the beginning of the message, up to and with the empty line that ends the header; what is behind that is not
// looked at. It is read more strictly than mailstore/message reads: where two readers could see different fields or
// different addresses (RFC 5322, 4), the answer is an error and not a guess. Every address that any reader may take out
// of From is in from, also those in groups and, where a name is written without quotes, those within it. Errors are of
// fault.Invalid, each with a sentence of its own for the sender.
func Senders(header []byte) (from []string, sender string, err error) {
	o, err := readOriginators(header)
	if err != nil {
		return nil, "", err
	}
	if o.from == nil {
		return nil, "", errNoFrom
	}
	if from, err = authors(string(o.from)); err != nil {
		return nil, "", fault.From(err).At("from")
	}
	if o.sender == nil {
		return from, "", nil
	}
	senders, err := authors(string(o.sender))
	if err == nil && len(senders) > 1 {
		err = errSenders
	}
	if err != nil {
		return nil, "", fault.From(err).At("sender")
	}
	return from, senders[0], nil
}

func invalid(code, message string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, code, message, args...)
}

var (
	errNoFrom        = invalid("from_missing", "The message has no From field; it must have one.").At("from")
	errTwoFroms      = invalid("from_repeated", "The message has more than one From field; it must have exactly one.").At("from")
	errTwoSenders    = invalid("sender_repeated", "The message has more than one Sender field; it can have one.").At("sender")
	errSenders       = invalid("sender_unclear", "The Sender field names more than one address; it can name one.")
	errNoAuthor      = invalid("from_empty", "The field names no address.")
	errManyAuthors   = invalid("from_too_long", "The field names more than %d addresses.", MaxFrom)
	errUnclear       = invalid("from_unclear", "The field can be read in more than one way: write it as Name <address>, with quotes around a name that has more than letters.")
	errHidden        = invalid("from_hidden", "The name holds, in encoded words, an address that is not the sender's, or a control character.")
	errNotAddress    = invalid("from_invalid", "The field holds something that is no address.")
	errNoEnd         = invalid("header_unended", "No empty line ends the header of the message.")
	errHeaderLine    = invalid("header_malformed", "The header of the message has a line that is no field: each is a name, a colon and a value, and an empty line ends them.")
	errHeaderControl = invalid("header_malformed", "The header of the message holds a control character or a line end that is not CRLF.")
)

// originators are the unfolded values of the two fields; nil of one that is not there.
type originators struct {
	from, sender []byte
}

// readOriginators reads a header in which nobody can see other fields.
func readOriginators(header []byte) (o originators, err error) {
	var open *[]byte // the value that a folded line continues
	for pos, first := 0, true; ; first = false {
		line, ended := headerLine(header[pos:min(len(header), MaxHeader)])
		switch {
		case !ended && len(header) > MaxHeader:
			return o, ErrHeaderTooLarge
		case bytes.ContainsAny(line, "\x00\r\n\v\f\x1c\x1d\x1e"):
			return o, errHeaderControl
		case !ended:
			return o, errNoEnd
		case len(line) == 0:
			return o, nil
		}
		pos += len(line) + 2
		if line[0] == ' ' || line[0] == '\t' {
			if first || len(bytes.Trim(line, " \t")) == 0 {
				return o, errHeaderLine // some take a line of spaces for the end of the header
			}
			if open != nil {
				*open = append(*open, line...)
			}
			continue
		}
		name, value, found := bytes.Cut(line, []byte{':'})
		written := strings.ToLower(string(nameOf(line)))
		if !found || written == "" {
			return o, errHeaderLine // mailstore/message and others take it to belong to the field before it
		}
		if open = o.of(written); open == nil {
			continue
		}
		switch {
		case len(name) != len(written):
			return o, errHeaderLine // a space before the colon: some do not take it for this field
		case *open != nil && written == "from":
			return o, errTwoFroms
		case *open != nil:
			return o, errTwoSenders
		}
		*open = append([]byte{}, value...)
	}
}

// of gives the place of a field's value, or nil.
func (o *originators) of(name string) *[]byte {
	switch name {
	case "from":
		return &o.from
	case "sender":
		return &o.sender
	}
	return nil
}

// headerLine gives the first line of b without its CRLF; false if no CRLF ends it.
func headerLine(b []byte) (line []byte, ended bool) {
	if i := bytes.Index(b, []byte("\r\n")); i >= 0 {
		return b[:i], true
	}
	return b, false
}
