package api

import "encoding/json"

// lifted is the content of one attachment, taken out of a body.
type lifted struct {
	octets []byte
	bad    bool // it was no base64
}

// addedAttachments is the name of the attachments that a draft gets when it is changed.
const addedAttachments = "addAttachments"

// v0AddedAttachments is their name in /v0.
const v0AddedAttachments = "add_attachments"

// liftMark begins what stands in the place of a content that was taken out; its number follows. Every content is taken
// out, so nobody can write one.
const liftMark = "#"

// lift takes the content of attachments out of a JSON body: what is a string at attachments[…].content, or below the names of
// those that a draft gets, is decoded where it lies, and rest holds its number in its place. So a body of many megabytes costs what
// it has octets, and the checks of every body see the rest. What is no JSON stays as it is, for those checks to refuse. body is not to be used any more.
func lift(body []byte) (rest []byte, contents []lifted) {
	l := lifter{in: body}
	l.run()
	return append(l.out, body[l.kept:]...), l.contents
}

type lifter struct {
	in       []byte
	pos      int
	kept     int // up to where in is in out
	out      []byte
	contents []lifted

	open  []byte    // the objects and lists around pos
	names [4]string // of the value at pos and of those around it, by depth
	due   bool      // a name is due
}

func (l *lifter) run() {
	for l.pos < len(l.in) && len(l.open) <= MaxDepth {
		switch c := l.in[l.pos]; c {
		case '"':
			end := stringEnd(l.in, l.pos)
			if end < 0 {
				return
			}
			l.text(end)
			l.pos = end
			continue
		case '{', '[':
			l.open, l.due = append(l.open, c), c == '{'
		case '}', ']':
			l.open, l.due = l.open[:max(0, len(l.open)-1)], false
		case ',':
			l.due = len(l.open) > 0 && l.open[len(l.open)-1] == '{'
		}
		l.pos++
	}
}

// text looks at the string from pos to end, with its quotes.
func (l *lifter) text(end int) {
	depth := len(l.open)
	switch {
	case l.due:
		if l.due = false; depth < len(l.names) {
			l.names[depth] = ""
			if end-l.pos < 100 { // no longer one matters
				json.Unmarshal(l.in[l.pos:end], &l.names[depth]) // what cannot be read has no name
			}
		}
	case string(l.open) == "{[{" && (l.names[1] == "attachments" || l.names[1] == addedAttachments || l.names[1] == v0AddedAttachments) && l.names[3] == "content":
		l.out = append(append(l.out, l.in[l.kept:l.pos+1]...), liftMark...)
		l.out = append(appendInt(l.out, len(l.contents)), '"')
		l.kept = end
		octets, ok := decodeBase64(l.in[l.pos+1 : end-1])
		l.contents = append(l.contents, lifted{octets, !ok})
	}
}

func appendInt(to []byte, n int) []byte {
	digits, _ := json.Marshal(n) // a number always encodes
	return append(to, digits...)
}

// stringEnd is the offset behind the string that begins at start, or -1.
func stringEnd(b []byte, start int) int {
	for i := start + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// decodeBase64 decodes what is between the quotes of a JSON string, in place: base64 of either alphabet (RFC 4648, 4 and
// 5), with line ends or without, padded or not.
func decodeBase64(b []byte) (octets []byte, ok bool) {
	var acc uint32
	digits, pads, n := 0, 0, 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\\' {
			if c, i, ok = unescape(b, i); !ok {
				return nil, false
			}
		}
		switch value := sextet[c]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
		case c == '=':
			pads++
		case value < 0 || pads > 0:
			return nil, false
		default:
			acc = acc<<6 | uint32(value)
			if digits++; digits%4 == 0 {
				b[n], b[n+1], b[n+2] = byte(acc>>16), byte(acc>>8), byte(acc)
				n += 3
			}
		}
	}
	switch digits % 4 {
	case 1:
		return nil, false
	case 2:
		b[n] = byte(acc >> 4)
		n++
	case 3:
		b[n], b[n+1] = byte(acc>>10), byte(acc>>2)
		n += 2
	}
	if pads > 2 || pads > 0 && (digits+pads)%4 != 0 {
		return nil, false
	}
	return b[:n:n], true
}

// unescape reads the escape at i and gives the offset of its last octet. Many writers of JSON escape the / and some the +
// of base64.
func unescape(b []byte, i int) (c byte, last int, ok bool) {
	if i+1 >= len(b) {
		return 0, i, false
	}
	switch b[i+1] {
	case '/':
		return '/', i + 1, true
	case 'n', 'r', 't':
		return '\n', i + 1, true
	case 'u':
		if r := escaped(b[i:]); r > 0 && r < 0x80 {
			return byte(r), i + 5, true
		}
	}
	return 0, i, false
}

// sextet is the value of each digit of base64, -1 for what is none.
var sextet = func() (table [256]int8) {
	for i := range table {
		table[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		table[c] = int8(i)
	}
	table['-'], table['_'] = 62, 63
	return table
}()
