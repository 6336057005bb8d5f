package mailstore

import (
	"os"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/query"
	"github.com/postroom/postroom/mailstore/words"
)

// Limits of highlights.
const (
	MaxHighlights    = 10      // of a hit
	MaxHighlightText = 8 << 20 // octets of text that are read for those of a page
	MaxExcerpt       = 200     // characters of an excerpt

	excerptLead   = 40  // characters before the first match of an excerpt
	maxMarks      = 20  // matches that are marked in one highlight
	excerptChoice = 200 // matches of a text among which the best excerpt is looked for
)

// Highlight shows where a hit has what was looked for.
type Highlight struct {
	Field  string // subject, from, to, cc, bcc, deliveredTo, attachment or text
	Text   string // of the field, whole; of the text an excerpt in one line
	Ranges []Range
}

// Range is the octets [Start, End) of a Highlight's Text. Ranges ascend and do not touch one another.
type Range struct{ Start, End int }

// highlights shows where a message has what is looked for. It is for show: what cannot be read has none.
func (f *finder) highlights(m *Message) []Highlight {
	list := []Highlight{}
	add := func(name string, text string, fields ...query.Field) {
		if len(list) < MaxHighlights {
			if ranges := mark(text, f.phrasesIn(fields)); len(ranges) > 0 {
				list = append(list, Highlight{name, text, ranges})
			}
		}
	}
	e := &m.Envelope
	add("subject", e.Subject, query.Subject)
	for _, x := range []struct {
		name   string
		people []message.Address
		fields []query.Field
	}{{"from", e.From, []query.Field{query.From}}, {"to", e.To, []query.Field{query.To}}, {"cc", e.Cc, []query.Field{query.Cc, query.To}}, {"bcc", e.Bcc, []query.Field{query.Bcc, query.To}}} {
		for _, a := range x.people {
			add(x.name, addressLine(a), x.fields...)
		}
	}
	add("deliveredTo", m.DeliveredTo, query.To)
	for _, name := range filenames(m.Attachments) {
		add("attachment", name, query.Filename)
	}
	if phrases := f.phrasesIn(nil); len(phrases) > 0 && len(list) < MaxHighlights {
		if h, ok := excerpt(f.readText(m.ID), phrases); ok {
			list = append(list, h)
		}
	}
	return list
}

// phrasesIn are those that are looked for in one of some fields, or in all.
func (f *finder) phrasesIn(fields []query.Field) (list []words.Phrase) {
	for _, n := range f.phrases {
		if n.Field == query.Any || contains(fields, n.Field) {
			list = append(list, n.Phrase)
		}
	}
	return list
}

// readText reads a message's text, unless enough was read for the page.
func (f *finder) readText(id MessageID) (text string) {
	if f.text >= MaxHighlightText || f.ctx.Err() != nil {
		return ""
	}
	f.w.look(id, func(file *os.File, _ int64, root *message.Part) error {
		text = message.Read(file, root, MaxWordText).Text
		return nil
	})
	f.text += len(text)
	return text
}

// mark gives where phrases stand in a text.
func mark(text string, phrases []words.Phrase) []Range {
	return join(words.Find(text, phrases, maxMarks))
}

// join makes ranges of matches that ascend.
func join(matches []words.Match) (ranges []Range) {
	for _, m := range matches {
		if n := len(ranges); n > 0 && m.Start <= ranges[n-1].End {
			ranges[n-1].End = max(ranges[n-1].End, m.End)
			continue
		}
		ranges = append(ranges, Range{m.Start, m.End})
	}
	return ranges
}

// excerpt cuts the part out of a text in which most of the phrases stand, and makes it one line.
func excerpt(text string, phrases []words.Phrase) (Highlight, bool) {
	matches := words.Find(text, phrases, excerptChoice)
	if len(matches) == 0 {
		return Highlight{}, false
	}
	best := matches[densest(matches)]
	start := lead(text, best.Start)
	end := start + characters(text[start:], MaxExcerpt)
	if best.End > end && best.End-start < utf8.UTFMax*MaxExcerpt {
		end = best.End
	}
	line := strings.Join(strings.Fields(text[start:end]), " ")
	if end < len(text) {
		line += "…"
	}
	if start > 0 {
		line = "…" + line
	}
	ranges := mark(line, phrases)
	return Highlight{"text", line, ranges}, len(ranges) > 0
}

// densest is the match from which on the most different phrases stand within an excerpt.
func densest(matches []words.Match) (best int) {
	most := 0
	for i, first := range matches {
		seen := map[int]bool{}
		for _, m := range matches[i:] {
			if m.End > first.Start+MaxExcerpt-excerptLead {
				break
			}
			seen[m.Phrase] = true
		}
		if len(seen) > most {
			most, best = len(seen), i
		}
	}
	return best
}

// lead goes back from a match to where its excerpt begins: to the beginning of the text if that is near, else some characters,
// to the beginning of a word if there is one.
func lead(text string, at int) int {
	if at < MaxExcerpt/2 {
		return 0
	}
	start := at
	for n := 0; n < excerptLead && start > 0; n++ {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	if start == 0 {
		return 0
	}
	if i := strings.IndexAny(text[start:at], " \n\t"); i >= 0 {
		start += i + 1
	}
	return start
}

// characters is how many octets the first n characters of a text take.
func characters(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}
