package smtpd

import "github.com/emersion/go-smtp"

// text follows the octets of one message on the wire, whatever pieces they come in: it finds the end of DATA, and what
// no message may hold. A line ends in CRLF and in nothing else (RFC 5321, 2.3.8 and 4.1.1.4): servers that disagree
// about that are how mail is smuggled.
type text struct {
	maxLine int
	chunked bool // BDAT: dots mean nothing, the end is told
	at      place
	line    int // octets of the line so far

	flaw *smtp.SMTPError // the first thing that was wrong, nil if nothing was
}

// place is what the octets just before say about the next one.
type place uint8

const (
	lineStart place = iota
	inLine
	afterCR
	afterDot   // at the start of a line
	afterDotCR // at the start of a line
)

// scan reads b up to the end of DATA or to its own end: n is how many octets it read.
func (t *text) scan(b []byte) (n int, end bool) {
	for i, c := range b {
		t.line++
		if t.line > t.maxLine {
			t.blame(errTextLine)
		}
		if c == 0 {
			t.blame(errNUL)
		}
		at := t.at
		switch {
		case c == '\n' && at == afterDotCR:
			return i + 1, true
		case c == '\n' && at == afterCR:
			t.at, t.line = lineStart, 0
		case c == '\n':
			t.blame(errBareLF)
			t.at = inLine
		case at == afterCR || at == afterDotCR:
			t.blame(errBareCR)
			t.at = inLine
			if c == '\r' {
				t.at = afterCR
			}
		case c == '\r' && at == afterDot:
			t.at = afterDotCR
		case c == '\r':
			t.at = afterCR
		case c == '.' && at == lineStart && !t.chunked:
			t.at = afterDot
		default:
			t.at = inLine
		}
	}
	return len(b), false
}

// finish is for text whose end is told: a CR there is a bare one.
func (t *text) finish() {
	if t.at == afterCR {
		t.blame(errBareCR)
	}
}

func (t *text) blame(e *smtp.SMTPError) {
	if t.flaw == nil {
		t.flaw = e
	}
}
