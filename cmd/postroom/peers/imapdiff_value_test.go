package peers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// imapValue is one piece of a response: an atom, a string (quoted or literal, which are the same), or a list.
type imapValue struct {
	kind  valueKind
	text  string      // of an atom or a string
	items []imapValue // of a list
	glued bool        // nothing stands between it and the value before it, as between the parts of a multipart
}

type valueKind byte

const (
	atomValue   valueKind = 'a'
	stringValue valueKind = 's'
	listValue   valueKind = 'l'
	modseqValue valueKind = 'm' // a mod-sequence
)

func atomOf(text string) imapValue        { return imapValue{kind: atomValue, text: text} }
func listOf(items ...imapValue) imapValue { return imapValue{kind: listValue, items: items} }
func (v imapValue) isAtom(text string) bool {
	return v.kind == atomValue && strings.EqualFold(v.text, text)
}

// parseValues reads a response without its tag and its last CRLF. Literals are within the text, as they came.
func parseValues(text string) ([]imapValue, error) {
	p := &valueParser{text: text}
	list, err := p.list(0)
	if err == nil && p.at < len(p.text) {
		err = fmt.Errorf("a parenthesis too many")
	}
	if err != nil {
		return nil, fmt.Errorf("%w at octet %d of %q", err, p.at, text)
	}
	return list, nil
}

type valueParser struct {
	text string
	at   int
}

const maxValueDepth = 200

// list reads values up to a closing parenthesis or the end.
func (p *valueParser) list(depth int) ([]imapValue, error) {
	if depth > maxValueDepth {
		return nil, fmt.Errorf("lists are nested more than %d deep", maxValueDepth)
	}
	list := []imapValue{}
	glued := true
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ':
			p.at++
			if glued && len(list) == 0 || p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == ')') {
				return nil, fmt.Errorf("a space too many")
			}
			glued = false
			continue
		case ')':
			return list, nil
		}
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		v.glued = glued && len(list) > 0
		list, glued = append(list, v), true
	}
	return list, nil
}

func (p *valueParser) value(depth int) (imapValue, error) {
	switch p.text[p.at] {
	case '(':
		p.at++
		items, err := p.list(depth + 1)
		if err != nil {
			return imapValue{}, err
		}
		if p.at >= len(p.text) {
			return imapValue{}, fmt.Errorf("a list does not end")
		}
		p.at++
		return imapValue{kind: listValue, items: items}, nil
	case '"':
		text, err := p.quoted()
		return imapValue{kind: stringValue, text: text}, err
	case '{', '~':
		if text, ok := p.literal(); ok {
			return imapValue{kind: stringValue, text: text}, nil
		}
	}
	return p.atom()
}

func (p *valueParser) quoted() (string, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '"':
			p.at = i + 1
			return b.String(), nil
		case '\\':
			i++
			if i < len(p.text) {
				b.WriteByte(p.text[i])
			}
		case '\r', '\n':
			return "", fmt.Errorf("a line ends within a quoted string")
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("a quoted string does not end")
}

// literal reads "{3}" CRLF and three octets, also as literal8, "~{3}".
func (p *valueParser) literal() (string, bool) {
	head, rest, ok := strings.Cut(strings.TrimPrefix(p.text[p.at:], "~"), "}\r\n")
	if !ok || !strings.HasPrefix(head, "{") {
		return "", false
	}
	n, err := strconv.Atoi(head[1:])
	if err != nil || n < 0 || n > len(rest) {
		return "", false
	}
	p.at = len(p.text) - len(rest) + n
	return rest[:n], true
}

// atom reads up to a space or a parenthesis; what stands in brackets belongs to it, spaces and all.
func (p *valueParser) atom() (imapValue, error) {
	begin, depth := p.at, 0
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '"' && depth > 0:
			if _, err := p.quoted(); err != nil {
				return imapValue{}, err
			}
			p.at--
		case depth <= 0 && (c == ' ' || c == '(' || c == ')'):
			return p.made(begin)
		case c == '\r' || c == '\n':
			return imapValue{}, fmt.Errorf("a line ends within an atom")
		}
	}
	return p.made(begin)
}

func (p *valueParser) made(begin int) (imapValue, error) {
	if p.at == begin {
		return imapValue{}, fmt.Errorf("nothing where a value must be")
	}
	return atomOf(p.text[begin:p.at]), nil
}

// show writes values the one way in which all their forms are written; modseq says how mod-sequences look.
func show(values []imapValue, modseq func(v imapValue) string) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 && !v.glued {
			b.WriteByte(' ')
		}
		switch v.kind {
		case stringValue:
			b.WriteString(strconv.Quote(v.text))
		case listValue:
			b.WriteString("(" + show(v.items, modseq) + ")")
		case modseqValue:
			b.WriteString(modseq(v))
		default:
			b.WriteString(v.text)
		}
	}
	return b.String()
}

// plainly shows values whose mod-sequences are shown as they came.
func plainly(values []imapValue) string {
	return show(values, func(v imapValue) string { return v.text })
}

// sortValues orders values by how they look, for lists whose order says nothing.
func sortValues(values []imapValue) {
	slices.SortStableFunc(values, func(a, b imapValue) int {
		return strings.Compare(plainly([]imapValue{a}), plainly([]imapValue{b}))
	})
	for i := range values {
		values[i].glued = false
	}
}

// parseSet reads a set of numbers, "1:3,7", in any order. False: it is none, or it is larger than a test makes.
func parseSet(text string) ([]uint64, bool) {
	const most = 100_000
	var numbers []uint64
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, ":")
		if !ranged {
			last = first
		}
		a, err1 := strconv.ParseUint(first, 10, 64)
		b, err2 := strconv.ParseUint(last, 10, 64)
		if err1 != nil || err2 != nil || max(a, b)-min(a, b) > most {
			return nil, false
		}
		for n := min(a, b); n <= max(a, b); n++ {
			numbers = append(numbers, n)
		}
	}
	return numbers, true
}

// formatSet writes numbers in their order, runs as ranges.
func formatSet(numbers []uint64) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, strconv.FormatUint(numbers[i], 10))
		} else {
			parts = append(parts, fmt.Sprintf("%d:%d", numbers[i], numbers[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}
