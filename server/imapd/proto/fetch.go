package proto

import (
	"strconv"
)

// readFetch: a set, a macro or an item or a list of items, and modifiers (RFC 9051, 6.4.5; RFC 7162, 3.1.4 and 3.2.6).
func readFetch(s *scanner, uid bool) any {
	a := &FetchArgs{Set: s.set()}
	s.sp()
	switch macro := s.macro(); {
	case macro != nil:
		a.Items = macro
	case s.peek() == '(':
		a.Items = s.fetchItems()
	default:
		var l itemList
		s.fetchItem(&l)
		a.Items = l.items
	}
	if !s.more() {
		return a
	}
	s.list(func() { s.fetchModifier(a) })
	if a.Vanished && (!uid || !a.HasChangedSince) {
		s.fail("VANISHED is for UID FETCH with CHANGEDSINCE")
	}
	return a
}

// macro takes ALL, FAST or FULL, spelled out; nil if none is next.
func (s *scanner) macro() []FetchItem {
	full := []FetchItem{{Kind: FetchFlags}, {Kind: FetchInternalDate}, {Kind: FetchSize}, {Kind: FetchEnvelope}, {Kind: FetchBodyBasic}}
	switch {
	case s.tryWord("FAST"):
		return full[:3]
	case s.tryWord("ALL"):
		return full[:4]
	case s.tryWord("FULL"):
		return full
	}
	return nil
}

func (s *scanner) fetchModifier(a *FetchArgs) {
	switch w := s.word(); w {
	case "CHANGEDSINCE":
		s.sp()
		a.ChangedSince, a.HasChangedSince = s.number(max63), true
	case "VANISHED":
		a.Vanished = true
	default:
		s.fail("Unknown FETCH modifier " + show(w))
	}
}

// fetchItems takes a list of items.
func (s *scanner) fetchItems() []FetchItem {
	var l itemList
	s.filled(func() {
		s.fetchItem(&l)
		if len(l.items) > MaxFetchItems || l.binaries > MaxFetchBinaries {
			s.fail("Too many items")
		}
	})
	return l.items
}

// fetchWords are the items that are a word and no more.
var fetchWords = map[string]FetchItem{
	"UID": {Kind: FetchUID}, "FLAGS": {Kind: FetchFlags}, "INTERNALDATE": {Kind: FetchInternalDate}, "RFC822.SIZE": {Kind: FetchSize},
	"ENVELOPE": {Kind: FetchEnvelope}, "BODYSTRUCTURE": {Kind: FetchStructure}, "MODSEQ": {Kind: FetchModseq},
	"RFC822": {Kind: FetchRFC822}, "RFC822.TEXT": {Kind: FetchRFC822Text}, "RFC822.HEADER": {Kind: FetchRFC822Header, Peek: true},
	"RFC822.PEEK": {Kind: FetchRFC822, Peek: true}, // Outlook
	"EMAILID":     {Kind: FetchEmailID}, "THREADID": {Kind: FetchThreadID}, "SAVEDATE": {Kind: FetchSaveDate},
}

// fetchItem takes one item.
func (s *scanner) fetchItem(l *itemList) {
	w := s.word()
	if item, ok := fetchWords[w]; ok {
		l.add(item)
		return
	}
	switch w {
	case "BODY", "BODY.PEEK":
		if s.peek() == '[' {
			l.add(FetchItem{Kind: FetchBody, Peek: w == "BODY.PEEK", Section: s.section(), Partial: s.partial()})
			return
		}
		if w == "BODY" {
			l.add(FetchItem{Kind: FetchBodyBasic})
			return
		}
	case "BINARY", "BINARY.PEEK":
		if s.peek() == '[' {
			l.add(FetchItem{Kind: FetchBinary, Peek: w == "BINARY.PEEK", Section: s.binarySection(), Partial: s.partial()})
			return
		}
	case "BINARY.SIZE":
		if s.peek() == '[' {
			l.add(FetchItem{Kind: FetchBinarySize, Peek: true, Section: s.binarySection()})
			return
		}
	case "PREVIEW":
		l.add(FetchItem{Kind: s.preview()})
		return
	default:
		s.fail("Unknown FETCH item " + show(w))
		return
	}
	s.fail(w + " needs a section in brackets")
}

// preview takes what may follow PREVIEW: (LAZY) (RFC 8970, 3.1). Another list is left for who wants it.
func (s *scanner) preview() FetchKind {
	before := s.pos
	if s.spaces() && s.take('(') {
		s.spaces()
		if s.tryWord("LAZY") {
			s.spaces()
			if !s.take(')') {
				s.fail("The modifiers of PREVIEW are not closed")
			}
			return FetchPreviewLazy
		}
	}
	s.pos = before
	return FetchPreview
}

// section takes [part.part.TEXT] and the like (RFC 9051, section).
func (s *scanner) section() (sec Section) {
	s.take('[')
	dot := s.parts(&sec)
	switch {
	case dot || len(sec.Part) == 0 && s.peek() != ']':
		switch w := s.word(); {
		case w == "TEXT":
			sec.What = SectionText
		case w == "MIME" && len(sec.Part) > 0:
			sec.What = SectionMIME
		case w == "HEADER":
			sec.What = SectionHeader
		case w == "HEADER.FIELDS":
			sec.What = SectionHeaderFields
		case w == "HEADER.FIELDS.NOT":
			sec.What = SectionHeaderFieldsNot
		default:
			s.fail("Unknown section " + show(w))
		}
	}
	if sec.What == SectionHeaderFields || sec.What == SectionHeaderFieldsNot {
		s.spaces()
		s.filled(func() {
			field := s.astring()
			if field == "" {
				s.fail("A header field's name is empty")
			}
			sec.Fields = append(sec.Fields, field)
		})
		s.spaces()
	}
	if !s.take(']') {
		s.failHere("The bracket of a section is not closed or holds something wrong at")
	}
	return sec
}

// binarySection takes [part.part] or [] (RFC 3516, section-binary).
func (s *scanner) binarySection() (sec Section) {
	s.take('[')
	if s.parts(&sec) || !s.take(']') {
		s.fail("A section of BINARY holds numbers of parts and no more")
	}
	return sec
}

// parts takes numbers with dots between, and tells if a dot stands behind the last of them.
func (s *scanner) parts(sec *Section) (dot bool) {
	for isDigit(s.peek()) {
		sec.Part = append(sec.Part, uint32(s.positive(max32)))
		if dot = s.take('.'); !dot {
			return false
		}
	}
	return dot
}

// partial takes <offset.length>, if it is next. Without a length it goes up to the end, as in
// Dovecot. Offset and length together are at most 2^63-1.
func (s *scanner) partial() *Partial {
	if !s.take('<') {
		return nil
	}
	p := &Partial{Offset: int64(s.number(max63)), Length: max63}
	if s.take('.') {
		p.Length = int64(s.positive(max63))
	}
	if !s.take('>') {
		s.fail("A part of a section is written <offset.length>")
	}
	p.Length = min(p.Length, max63-p.Offset) // so that the sum of both is a number
	return p
}

// itemList collects items, each once: what is asked for with and without .PEEK sets \Seen.
type itemList struct {
	items    []FetchItem
	kinds    [FetchPreviewLazy + 1]int // of items without a section: 1 + where the kind is
	sections map[string]int            // of the others: where each is, by its key
	binaries int                       // BINARY and BINARY.SIZE
}

func (l *itemList) add(item FetchItem) {
	at, seen := 0, false
	switch item.Kind {
	case FetchBody, FetchBinary, FetchBinarySize:
		key := item.key()
		if at, seen = l.sections[key]; !seen {
			if l.sections == nil {
				l.sections = make(map[string]int)
			}
			l.sections[key] = len(l.items)
			if item.Kind != FetchBody {
				l.binaries++
			}
		}
	default:
		if at = l.kinds[item.Kind] - 1; at < 0 {
			l.kinds[item.Kind] = len(l.items) + 1
		}
		seen = at >= 0
	}
	if seen {
		l.items[at].Peek = l.items[at].Peek && item.Peek
		return
	}
	l.items = append(l.items, item)
}

// key is the same for items that have the same answer.
func (item FetchItem) key() string {
	b := []byte{byte(item.Kind), byte(item.Section.What)}
	for _, n := range item.Section.Part {
		b = strconv.AppendUint(append(b, '.'), uint64(n), 10)
	}
	for _, f := range item.Section.Fields {
		b = append(strconv.AppendInt(append(b, ' '), int64(len(f)), 10), ':')
		b = append(b, f...)
	}
	if p := item.Partial; p != nil {
		b = strconv.AppendInt(append(b, '<'), p.Offset, 10)
		b = strconv.AppendInt(append(b, '.'), p.Length, 10)
	}
	return string(b)
}
