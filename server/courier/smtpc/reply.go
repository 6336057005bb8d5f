package smtpc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Bounds of a reply. RFC 5321, 4.5.3.1.5 says 512 octets a line; some servers write whole stories.
const (
	maxReplyLine  = 2048 // octets with the line end
	maxReplyLines = 128
	maxReplyText  = 1024 // octets of Reply.Text; the rest is dropped
)

// Reply is what a server answers (RFC 5321, 4.2).
type Reply struct {
	Code   int    // 200 to 599; 0 for no reply
	Status string // the enhanced status code, "5.1.1" (RFC 3463); "" if there is none of the code's class
	Text   string // its lines without code and status, joined by spaces: printable UTF-8, at most 1024 octets
}

func (r Reply) Positive() bool  { return r.Code/100 == 2 }
func (r Reply) Temporary() bool { return r.Code/100 == 4 }
func (r Reply) Permanent() bool { return r.Code/100 == 5 }

// String is the reply as one line.
func (r Reply) String() string {
	s := strconv.Itoa(r.Code)
	if r.Status != "" {
		s += " " + r.Status
	}
	if r.Text != "" {
		s += " " + r.Text
	}
	return s
}

// ends is true of the reply after which the server closes the connection, at whatever point it comes (RFC 5321, 3.8).
func (r Reply) ends() bool { return r.Code == 421 }

// readReply reads one reply. each, if not nil, gets the text of each line, good until it returns. The buffer of in must
// hold maxReplyLine octets. An LF alone ends a line too: it is the server's reply, and nothing can be smuggled in it.
func readReply(in *bufio.Reader, each func(text []byte)) (Reply, error) {
	var r Reply
	var text []byte
	for n := 0; ; n++ {
		if n == maxReplyLines {
			return Reply{}, fmt.Errorf("%w: more than %d lines", ErrReply, maxReplyLines)
		}
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return Reply{}, fmt.Errorf("%w: a line of more than %d octets", ErrReply, maxReplyLine)
		case err == io.EOF:
			return Reply{}, fmt.Errorf("the server closed the connection: %w", io.ErrUnexpectedEOF)
		case err != nil:
			return Reply{}, err
		}
		line = bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'})
		code, last, rest, ok := cutCode(line)
		if !ok || n > 0 && code != r.Code {
			return Reply{}, fmt.Errorf("%w: %q", ErrReply, appendPrintable(nil, line[:min(len(line), 80)]))
		}
		r.Code = code
		if each != nil {
			each(rest)
		}
		status, rest := cutStatus(rest, byte('0'+code/100))
		if r.Status == "" {
			r.Status = status
		}
		if len(text) > 0 && len(rest) > 0 && len(text) < maxReplyText {
			text = append(text, ' ')
		}
		text = appendPrintable(text, rest)
		if last {
			r.Text = string(bytes.TrimSpace(text))
			return r, nil
		}
	}
}

// cutCode takes the code and what stands behind it: a hyphen if more lines follow, a space or nothing in the last one.
// Servers use more second digits than the RFC names.
func cutCode(line []byte) (code int, last bool, rest []byte, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, false, nil, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	switch {
	case len(line) == 3:
		return code, true, nil, true
	case line[3] == ' ' || line[3] == '-':
		return code, line[3] == ' ', line[4:], true
	}
	return 0, false, nil, false
}

// cutStatus takes an enhanced status code in front of a text. One of another class than the reply's contradicts it and
// is left in the text (RFC 2034, 4).
func cutStatus(text []byte, class byte) (status string, rest []byte) {
	rest = bytes.TrimLeft(text, " ")
	if len(rest) < 5 || rest[0] != class || class == '3' || rest[1] != '.' {
		return "", rest
	}
	i := digits(rest, 2)
	if i == 2 || i >= len(rest) || rest[i] != '.' {
		return "", rest
	}
	end := digits(rest, i+1)
	if end == i+1 || end < len(rest) && rest[end] != ' ' {
		return "", rest
	}
	return string(rest[:end]), bytes.TrimLeft(rest[end:], " ")
}

// digits is the end of the up to three digits that begin at i.
func digits(b []byte, i int) int {
	for end := i + 3; i < len(b) && i < end && isDigit(b[i]); {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// appendPrintable adds what can be shown of text, up to maxReplyText octets in all.
func appendPrintable(b, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r):
			r = utf8.RuneError
		}
		if len(b)+utf8.RuneLen(r) > maxReplyText {
			break
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}
