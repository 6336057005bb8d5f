package proto

import "strings"

// readSearch: [RETURN (…)] [CHARSET x] keys (RFC 9051, 6.4.4).
func readSearch(s *scanner, _ bool) any {
	a := &SearchArgs{Return: s.searchReturn()}
	if s.tryWord("CHARSET") {
		s.sp()
		a.Charset = strings.ToUpper(s.astring())
		s.sp()
	}
	a.Key = s.searchKeys()
	return a
}

// readSort: [RETURN (…)] (criteria) charset keys (RFC 5256, 3; RFC 5267, 3).
func readSort(s *scanner, _ bool) any {
	a := &SortArgs{Return: s.searchReturn()}
	a.Keys = s.sortKeys()
	s.sp()
	a.Charset = strings.ToUpper(s.astring())
	s.sp()
	a.Search = s.searchKeys()
	return a
}

// readThread: algorithm charset keys (RFC 5256, 3).
func readThread(s *scanner, _ bool) any {
	a := &ThreadArgs{Algorithm: strings.ToUpper(s.atom())}
	s.sp()
	a.Charset = strings.ToUpper(s.astring())
	s.sp()
	a.Search = s.searchKeys()
	return a
}

// sortBy are the criteria of SORT (RFC 5256, 3; RFC 5957).
var sortBy = map[string]SortBy{
	"ARRIVAL": SortArrival, "CC": SortCc, "DATE": SortDate, "FROM": SortFrom, "SIZE": SortSize, "SUBJECT": SortSubject, "TO": SortTo,
	"DISPLAYFROM": SortDisplayFrom, "DISPLAYTO": SortDisplayTo,
}

// sortKeys takes the criteria. One that was given before decides nothing any more, and is left out.
func (s *scanner) sortKeys() []SortKey {
	var keys []SortKey
	var seen [SortDisplayTo + 1]bool
	s.filled(func() {
		var k SortKey
		w := s.word()
		if w == "REVERSE" {
			k.Reverse = true
			s.sp()
			w = s.word()
		}
		by, ok := sortBy[w]
		if !ok {
			s.fail("Unknown sort criterion " + show(w))
			return
		}
		k.By = by
		if !seen[by] {
			keys = append(keys, k)
		}
		seen[by] = true
	})
	return keys
}

// searchReturn takes RETURN and its options, and the space behind; nil if it is not next.
func (s *scanner) searchReturn() *SearchReturn {
	if !s.tryWord("RETURN") {
		return nil
	}
	s.sp()
	r := new(SearchReturn)
	n := s.list(func() {
		switch w := s.word(); w {
		case "MIN":
			r.Min = true
		case "MAX":
			r.Max = true
		case "ALL":
			r.All = true
		case "COUNT":
			r.Count = true
		case "SAVE":
			r.Save = true
		case "PARTIAL":
			if r.Partial != nil {
				s.fail("PARTIAL is given twice")
			}
			s.sp()
			r.Partial = s.partialRange()
		default:
			s.fail("Unknown result option " + show(w))
		}
	})
	if n == 0 {
		r.All = true
	}
	if r.All && r.Partial != nil {
		s.fail("ALL and PARTIAL exclude one another") // RFC 9394, 3.1
	}
	s.sp()
	return r
}

// partialRange takes 1:500 or -1:-100 (RFC 9394, 4).
func (s *scanner) partialRange() *PartialRange {
	p := &PartialRange{FromEnd: s.take('-')}
	p.First = uint32(s.positive(max32))
	if !s.take(':') || p.FromEnd && !s.take('-') {
		s.fail("PARTIAL is written like 1:500 or -1:-100")
	}
	p.Last = uint32(s.positive(max32))
	if p.First > p.Last {
		p.First, p.Last = p.Last, p.First
	}
	return p
}

// searchKeys takes keys up to the end: an And.
func (s *scanner) searchKeys() *SearchKey {
	and := &SearchKey{Op: SearchAnd}
	for {
		and.Keys = append(and.Keys, s.searchKey(2))
		if !s.more() {
			break
		}
	}
	if s.err == nil && height(and) > MaxSearchDepth {
		s.fail(tooDeep)
	}
	return and
}

const tooDeep = "Search keys are nested too deeply: simplify the search"

// height is how many levels a tree has.
func height(k *SearchKey) int {
	h := 0
	for _, sub := range k.Keys {
		h = max(h, height(sub))
	}
	return h + 1
}

// searchKey takes one key, which comes to stand at a depth.
func (s *scanner) searchKey(depth int) *SearchKey {
	if depth > MaxSearchDepth {
		s.fail(tooDeep)
		return nil
	}
	if s.keys++; s.keys > MaxSearchKeys || s.texts > MaxSearchTexts {
		s.fail("Too many search keys")
		return nil
	}
	switch {
	case s.peek() == '(':
		and := &SearchKey{Op: SearchAnd}
		s.filled(func() { and.Keys = append(and.Keys, s.searchKey(depth+1)) })
		return and
	case s.atSet():
		return &SearchKey{Op: SearchSeq, Set: s.set()}
	}
	w := s.word()
	if k, ok := searchWords[w]; ok {
		if k.negated {
			return negated(&SearchKey{Op: k.op})
		}
		return &SearchKey{Op: k.op}
	}
	if read, ok := searchArgs[w]; ok {
		s.sp()
		k := new(SearchKey)
		read(s, k)
		if k.Op >= SearchFrom && k.Op <= SearchText && k.Op != SearchHeader {
			s.texts++
		}
		return k
	}
	switch w {
	case "NEW": // RFC 3501, 6.4.4
		return &SearchKey{Op: SearchAnd, Keys: []*SearchKey{{Op: SearchRecent}, negated(&SearchKey{Op: SearchSeen})}}
	case "UNKEYWORD":
		s.sp()
		k := new(SearchKey)
		readKeyword(s, k)
		return negated(k)
	case "NOT":
		s.sp()
		return negated(s.searchKey(depth + 1))
	case "OR":
		return s.or(depth)
	}
	s.fail("Unknown search key " + show(w))
	return nil
}

// negated puts a Not above a key.
func negated(k *SearchKey) *SearchKey { return &SearchKey{Op: SearchNot, Keys: []*SearchKey{k}} }

// or takes what follows OR. Clients write a choice of many as OR a OR b OR c d; such a chain becomes a tree as low as can
// be, so its length does not count as depth.
func (s *scanner) or(depth int) *SearchKey {
	var choices []*SearchKey
	for chain := true; chain && s.err == nil; {
		s.sp()
		choices = append(choices, s.searchKey(depth+1))
		s.sp()
		chain = s.tryWord("OR")
	}
	return anyOf(append(choices, s.searchKey(depth+1)))
}

// anyOf is a tree of Or above at least one key.
func anyOf(keys []*SearchKey) *SearchKey {
	if len(keys) == 1 {
		return keys[0]
	}
	half := len(keys) / 2
	return &SearchKey{Op: SearchOr, Keys: []*SearchKey{anyOf(keys[:half]), anyOf(keys[half:])}}
}

// searchWords are the keys that are a word and no more.
var searchWords = map[string]struct {
	op      SearchOp
	negated bool
}{
	"ALL":      {op: SearchAll},
	"ANSWERED": {op: SearchAnswered}, "UNANSWERED": {SearchAnswered, true},
	"DELETED": {op: SearchDeleted}, "UNDELETED": {SearchDeleted, true},
	"DRAFT": {op: SearchDraft}, "UNDRAFT": {SearchDraft, true},
	"FLAGGED": {op: SearchFlagged}, "UNFLAGGED": {SearchFlagged, true},
	"SEEN": {op: SearchSeen}, "UNSEEN": {SearchSeen, true},
	"RECENT": {op: SearchRecent}, "OLD": {SearchRecent, true},
	"SAVEDATESUPPORTED": {op: SearchSaveDateSupported},
}

// searchArgs are the keys with arguments.
var searchArgs = map[string]func(*scanner, *SearchKey){
	"UID": func(s *scanner, k *SearchKey) { k.Op, k.Set = SearchUID, s.set() },

	"KEYWORD": readKeyword,

	"BEFORE": dated(SearchBefore), "ON": dated(SearchOn), "SINCE": dated(SearchSince),
	"SENTBEFORE": dated(SearchSentBefore), "SENTON": dated(SearchSentOn), "SENTSINCE": dated(SearchSentSince),
	"SAVEDBEFORE": dated(SearchSavedBefore), "SAVEDON": dated(SearchSavedOn), "SAVEDSINCE": dated(SearchSavedSince), // RFC 8514

	"LARGER": sized(SearchLarger), "SMALLER": sized(SearchSmaller),
	"OLDER": aged(SearchOlder), "YOUNGER": aged(SearchYounger), // RFC 5032

	"FROM": texted(SearchFrom), "TO": texted(SearchTo), "CC": texted(SearchCc), "BCC": texted(SearchBcc),
	"SUBJECT": texted(SearchSubject), "BODY": texted(SearchBody), "TEXT": texted(SearchText),
	"HEADER": func(s *scanner, k *SearchKey) {
		if k.Field = s.astring(); k.Field == "" {
			s.fail("A header field's name is empty")
		}
		s.sp()
		k.Op, k.Text = SearchHeader, s.lenient()
	},

	"MODSEQ":  readModseqKey,
	"EMAILID": texted(SearchEmailID), "THREADID": texted(SearchThreadID), // RFC 8474
}

func readKeyword(s *scanner, k *SearchKey) { k.Op, k.Text = SearchKeyword, s.astring() }

func texted(op SearchOp) func(*scanner, *SearchKey) {
	return func(s *scanner, k *SearchKey) { k.Op, k.Text = op, s.lenient() }
}

func sized(op SearchOp) func(*scanner, *SearchKey) {
	return func(s *scanner, k *SearchKey) { k.Op, k.N = op, s.number(max63) }
}

func aged(op SearchOp) func(*scanner, *SearchKey) {
	return func(s *scanner, k *SearchKey) { k.Op, k.N = op, s.positive(max32) }
}

func dated(op SearchOp) func(*scanner, *SearchKey) {
	return func(s *scanner, k *SearchKey) {
		written := ""
		if s.peek() == '"' {
			written = s.quoted()
		} else {
			written = s.atom()
		}
		date, ok := parseDate(written)
		if !ok {
			s.fail("A date is written like 1-Feb-2026, not " + show(written))
		}
		k.Op, k.Date = op, date
	}
}

// readModseqKey: ["entry" all|priv|shared] n (RFC 7162, 3.1.5). Flags have one mod-sequence each message here, so the entry decides
// nothing.
func readModseqKey(s *scanner, k *SearchKey) {
	if s.peek() == '"' {
		if entry := s.quoted(); !strings.HasPrefix(strings.ToLower(entry), "/flags/") {
			s.fail("The entry of MODSEQ begins with /flags/")
		}
		s.sp()
		switch w := s.word(); w {
		case "ALL", "PRIV", "SHARED":
		default:
			s.fail("The type of MODSEQ's entry is all, priv or shared, not " + show(w))
		}
		s.sp()
	}
	k.Op, k.N = SearchModseq, s.number(max63)
}
