package imapd

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// act does something at random.
func (p *player) act() {
	if p.rnd.IntN(2) == 0 {
		p.learn("UID FLAGS EMAILID")
	}
	few, many := len(p.view) < 8, len(p.view) > 40
	n := p.rnd.IntN(25)
	if p.readOnly {
		few, many, n = false, false, []int{0, 9, 11, 14, 16, 18, 19, 21, 22, 24}[p.rnd.IntN(10)]
	}
	switch {
	case many && n < 8, n == 8:
		p.expunge()
	case few && n < 8, n == 9, n == 10:
		p.append()
	case n == 11:
		p.do(&request{text: []string{"NOOP", "CHECK"}[p.rnd.IntN(2)], mayExpunge: true})
	case n < 3:
		p.fetch()
	case n < 7:
		p.do(p.storeRequest())
	case n == 7, n == 12:
		p.copy("COPY")
	case n == 13:
		p.copy("MOVE")
	case n < 16:
		p.search()
	case n < 18:
		p.idle()
	case n == 18:
		p.reselect()
	case n == 19:
		p.reconnect()
	case n == 20:
		p.pipeline()
	case n == 21:
		p.status()
	case n == 24:
		p.searchResult()
	default:
		p.changedSince()
	}
	for end := time.Now().Add(patience); slices.ContainsFunc(p.missed, p.has); {
		if p.do(&request{text: "NOOP", mayExpunge: true}); time.Now().After(end) {
			p.fail("nothing was told of UIDs %v, and they do not go\n%s\n…", p.missed, p.missedIn)
		}
	}
	p.missed = nil
	for p.notify != "" && p.rnd.IntN(4) == 0 && p.speaks(5*time.Millisecond) {
		p.current = &request{text: "NOTIFY", mayExpunge: p.notify == "selected", told: map[int]bool{}, toldUIDs: map[uint32]bool{}}
		p.hear(p.line())
	}
	if p.notify == "" && p.rnd.IntN(10) == 0 && p.speaks(2*time.Millisecond) {
		p.fail("the server says something, though no command is in progress: %s", p.line())
	}
}

// pick chooses messages: their places in the view, and a set of their numbers or UIDs.
func (p *player) pick(byUID bool) (places []int, set string) {
	n := len(p.view)
	if n == 0 {
		return nil, ""
	}
	first, last := p.rnd.IntN(n), p.rnd.IntN(n)
	first, last = min(first, last), max(first, last)
	var words []string
	for i := first; i <= last; i++ {
		if p.rnd.IntN(2) == 0 && i != first || byUID && p.view[i].uid == 0 {
			continue
		}
		places = append(places, i)
		number := uint32(i + 1)
		if byUID {
			number = p.view[i].uid
		}
		words = append(words, fmt.Sprint(number))
	}
	if byUID && p.rnd.IntN(4) == 0 {
		words = append(words, "4000000000") // was never there
	}
	if !byUID && p.notify == "" && p.rnd.IntN(6) == 0 {
		return allPlaces(n), "1:*"
	}
	return places, strings.Join(words, ",")
}

func allPlaces(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// command picks messages for a command: "UID FETCH 3,4" or "FETCH 1,2"; none if ok is false.
func (p *player) command(name string) (text string, byUID bool, places []int, ok bool) {
	byUID = p.rnd.IntN(2) == 0 || p.onlyUIDs()
	places, set := p.pick(byUID)
	if len(places) == 0 {
		return "", false, nil, false
	}
	if byUID {
		name = "UID " + name
	}
	return name + " " + set, byUID, places, true
}

func (p *player) uidsOf(places []int) (uids []uint32) {
	for _, i := range places {
		uids = append(uids, p.view[i].uid)
	}
	return uids
}

func (p *player) has(uid uint32) bool {
	return slices.ContainsFunc(p.view, func(s slot) bool { return s.uid == uid })
}

// answersAll has a request fail the game if of some message nothing was told, though it is still there. One that has just
// gone may be told to be gone a little later.
func (p *player) answersAll(o *request, byUID bool, places []int) {
	uids := p.uidsOf(places)
	o.mayFail, o.mayExpunge = !byUID, byUID
	o.end = func(status, text string) {
		if status == "NO" {
			if !strings.Contains(text, "[EXPUNGEISSUED]") {
				p.fail("%s was answered %s", o.text, text)
			}
			return
		}
		for k, i := range places {
			switch {
			case !byUID && !o.told[i+1]:
				p.fail("%s told nothing of message %d", o.text, i+1)
			case byUID && !o.toldUIDs[uids[k]] && p.has(uids[k]):
				p.missed = append(p.missed, uids[k])
				p.missedIn = o.text + "\n" + p.transcript()
			}
		}
	}
}

func (p *player) fetch() {
	text, byUID, places, ok := p.command("FETCH")
	if !ok {
		return
	}
	items := []string{"FLAGS", "(UID FLAGS)", "(UID EMAILID BODY.PEEK[HEADER.FIELDS (SUBJECT)])", "ALL", "BODY[TEXT]", "(RFC822.SIZE BODYSTRUCTURE FLAGS)", "(UID BODY[])"}
	o := &request{text: text + " " + items[p.rnd.IntN(len(items))]}
	p.answersAll(o, byUID, places)
	p.do(o)
}

// onlyUIDs says that message numbers may change at any moment.
func (p *player) onlyUIDs() bool { return p.notify == "selected" }

// learn asks for what is not known yet.
func (p *player) learn(items string) {
	var set []string
	for i, s := range p.view {
		if s.uid == 0 || !s.known || s.message == "" {
			set = append(set, fmt.Sprint(i+1))
		}
	}
	switch {
	case len(set) > 0 && p.onlyUIDs():
		p.do(&request{text: fmt.Sprintf("UID FETCH 1:* (%s)", items), mayExpunge: true})
	case len(set) > 0:
		p.do(&request{text: fmt.Sprintf("FETCH %s (%s)", strings.Join(set, ","), items), mayFail: true})
	}
}

func (p *player) flagWords() (words []string) {
	for _, f := range []string{`\Seen`, `\Flagged`, `\Answered`, `\Draft`, `\Deleted`, "$Forwarded", "work", "Later"} {
		if p.rnd.IntN(6) == 0 {
			words = append(words, f)
		}
	}
	return words
}

var modified = regexp.MustCompile(`\[MODIFIED ([0-9:,]+)\]`)

// storeRequest changes flags. What .SILENT leaves unsaid the client takes for granted.
func (p *player) storeRequest() *request {
	text, byUID, places, ok := p.command("STORE")
	if !ok {
		return &request{text: "NOOP", mayExpunge: true}
	}
	sign, words := []string{"", "+", "-"}[p.rnd.IntN(3)], p.flagWords()
	if sign == "" && p.rnd.IntN(2) == 0 {
		sign = "+"
	}
	silent := p.rnd.IntN(2) == 0
	conditional := p.condstore && p.rnd.IntN(3) == 0
	if conditional {
		since := p.highest
		for _, i := range places {
			since = max(since, p.view[i].modseq)
		}
		text += fmt.Sprintf(" (UNCHANGEDSINCE %d)", since)
	}
	text += " " + sign + "FLAGS"
	if silent {
		text += ".SILENT"
	}
	o := &request{text: text + " (" + strings.Join(words, " ") + ")"}
	uids := p.uidsOf(places)
	switch {
	case !silent && !conditional:
		p.answersAll(o, byUID, places)
	default:
		o.mayFail, o.mayExpunge = !byUID, byUID
	}
	if !silent {
		return o
	}
	chosen := func(i int) bool {
		return byUID && slices.Contains(uids, p.view[i].uid) || !byUID && slices.Contains(places, i)
	}
	if p.condstore { // the MODSEQ of what has changed is told
		o.fetched = func(n int, f fetchData) {
			if s := &p.view[n-1]; !f.hasFlags && chosen(n-1) {
				s.flags = applied(s.flags, sign, words)
				o.guessed[n] = true
			}
		}
	} else {
		o.begin = func() {
			for i := range p.view {
				if s := &p.view[i]; chosen(i) {
					s.flags = applied(s.flags, sign, words)
				}
			}
		}
	}
	if conditional {
		o.end = func(status, answer string) {
			m := modified.FindStringSubmatch(answer)
			if m == nil {
				return
			}
			for _, n := range parseUIDs(m[1]) { // left alone
				for i := range p.view {
					s := &p.view[i]
					if (byUID && s.uid == n || !byUID && i+1 == int(n)) && !o.toldUIDs[s.uid] {
						s.known = false
					}
				}
			}
		}
	}
	return o
}

func applied(flags, sign string, words []string) string {
	list := strings.Fields(flags)
	switch sign {
	case "":
		list = words
	case "+":
		list = append(list, words...)
	case "-":
		gone := strings.Fields(normalFlags(words))
		list = slices.DeleteFunc(list, func(f string) bool { return slices.Contains(gone, f) })
	}
	return normalFlags(list)
}

var copyUID = regexp.MustCompile(`\[COPYUID (\d+) ([0-9:,]+) ([0-9:,]+)\]`)

// copy copies or moves messages to one of the mailboxes, perhaps the one that they are in.
func (p *player) copy(name string) {
	text, byUID, places, ok := p.command(name)
	if !ok {
		return
	}
	uids := p.uidsOf(places)
	to := []string{playground, elsewhere, elsewhere}[p.rnd.IntN(3)]
	if p.mailbox == elsewhere {
		to = playground
	}
	var from []uint32
	done := func(line string) {
		m := copyUID.FindStringSubmatch(line)
		if m == nil {
			return
		}
		var there []uint32
		from, there = parseUIDs(m[2]), parseUIDs(m[3])
		if len(from) != len(there) || !slices.IsSorted(there) {
			p.fail("%s: %s", text, line)
		}
		for i := range from {
			if !slices.Contains(uids, from[i]) && !slices.Contains(uids, 0) {
				p.fail("%s took UID %d: %s", text, from[i], line)
			}
			p.known.tellCopied(place{p.mailbox, from[i]}, place{to, there[i]})
		}
	}
	p.do(&request{text: text + " " + to, mayExpunge: true, mayFail: !byUID, untagged: done, end: func(_, answer string) { done(answer) }})
	if name == "MOVE" && slices.ContainsFunc(from, p.has) {
		p.fail("%s: what was moved is still there: %v", text, from)
	}
}

func (p *player) expunge() {
	if places, set := p.pick(true); len(places) > 0 {
		uids := p.uidsOf(places)
		p.do(&request{text: "UID STORE " + set + ` +FLAGS (\Deleted)`, mayExpunge: true})
		if p.rnd.IntN(2) == 0 {
			o := &request{text: "UID EXPUNGE " + set, mayExpunge: true}
			p.do(o)
			for _, s := range p.view {
				if slices.Contains(uids, s.uid) && strings.Contains(s.flags, `\deleted`) && !o.toldUIDs[s.uid] {
					p.fail("UID %d was flagged as deleted and is still there", s.uid)
				}
			}
			return
		}
	}
	p.do(&request{text: "EXPUNGE", mayExpunge: true})
}

var appendUID = regexp.MustCompile(`\[APPENDUID (\d+) ([0-9:,]+)\]`)

func (p *player) append() {
	to := []string{p.mailbox, p.mailbox, playground, elsewhere}[p.rnd.IntN(4)]
	var text strings.Builder
	text.WriteString("APPEND " + to)
	var subjects []string
	for range 1 + p.rnd.IntN(2)*p.rnd.IntN(3) {
		subjects = append(subjects, p.newSubject())
		raw := mail(subjects[len(subjects)-1], strings.Repeat("z", p.rnd.IntN(300)))
		fmt.Fprintf(&text, " (%s) {%d+}\r\n%s", strings.Join(p.flagWords(), " "), len(raw), raw)
	}
	p.do(&request{text: text.String(), mayExpunge: true, end: func(_, answer string) {
		m := appendUID.FindStringSubmatch(answer)
		if m == nil || len(parseUIDs(m[2])) != len(subjects) {
			p.fail("APPEND of %d messages was answered %s", len(subjects), answer)
		}
		for i, uid := range parseUIDs(m[2]) {
			p.known.tellAppended(place{to, uid}, subjects[i])
		}
	}})
}

// search looks for messages; what is found must be what the client's numbers mean.
func (p *player) search() {
	byUID := p.rnd.IntN(2) == 0 || p.onlyUIDs()
	places, set := p.pick(true)
	if set == "" {
		set = "1:*"
	}
	uids := p.uidsOf(places)
	keys := []string{"ALL", "KEYWORD work", "UNDELETED SEEN", "OR FLAGGED NOT KEYWORD later", "UID " + set, "SUBJECT m1", "BODY z"}
	if p.condstore {
		keys = append(keys, fmt.Sprintf("MODSEQ %d", p.highest+1))
	}
	key := keys[p.rnd.IntN(len(keys))]
	text := []string{"SEARCH ", "SEARCH RETURN (ALL) ", "SORT (SUBJECT REVERSE ARRIVAL) UTF-8 ", "THREAD REFERENCES UTF-8 "}[p.rnd.IntN(4)]
	if byUID {
		text = "UID " + text
	}
	p.do(&request{text: text + key, mayExpunge: byUID, untagged: func(line string) {
		for _, n := range foundNumbers(line) {
			i := int(n) - 1
			if byUID {
				i = slices.IndexFunc(p.view, func(s slot) bool { return s.uid == n })
			}
			hidden := slices.ContainsFunc(p.view, func(s slot) bool { return s.uid == 0 })
			switch {
			case byUID && i < 0 && !hidden, !byUID && (i < 0 || i >= len(p.view)):
				p.fail("%s%s found %d, which is not in the view: %s", text, key, n, line)
			case strings.HasPrefix(key, "UID ") && len(uids) > 0 && i >= 0 && p.view[i].uid > 0 && !slices.Contains(uids, p.view[i].uid):
				p.fail("%s%s found %d, which is UID %d: %s", text, key, n, p.view[i].uid, line)
			}
		}
	}})
}

// searchResult keeps what a search has found (RFC 5182) and asks for it.
func (p *player) searchResult() {
	places, set := p.pick(true)
	uids := p.uidsOf(places)
	if len(uids) == 0 {
		return
	}
	p.do(&request{text: "UID SEARCH RETURN (SAVE) UID " + set, mayExpunge: true})
	if p.rnd.IntN(2) == 0 {
		p.do(&request{text: "NOOP", mayExpunge: true})
	}
	o := &request{text: "UID FETCH $ (FLAGS)", mayExpunge: true, mayFail: true}
	if p.do(o); p.rnd.IntN(2) == 0 && !p.onlyUIDs() {
		o = &request{text: "FETCH $ (UID)", mayFail: true}
		p.do(o)
	}
	for _, uid := range uids {
		if p.has(uid) && !o.toldUIDs[uid] {
			p.missed = append(p.missed, uid)
			p.missedIn = o.text + "\n" + p.transcript()
		}
	}
}

var (
	foundList = regexp.MustCompile(`^\* (?:SEARCH|SORT|THREAD)([ 0-9()]*?)(?: \(MODSEQ \d+\))?$`)
	foundAll  = regexp.MustCompile(`^\* ESEARCH .* ALL ([0-9:,]+)`)
)

func foundNumbers(line string) (list []uint32) {
	if m := foundAll.FindStringSubmatch(line); m != nil {
		return parseUIDs(m[1])
	}
	if m := foundList.FindStringSubmatch(line); m != nil {
		for word := range strings.FieldsFuncSeq(m[1], func(r rune) bool { return r < '0' || r > '9' }) {
			n, _ := strconv.ParseUint(word, 10, 32)
			list = append(list, uint32(n))
		}
	}
	return list
}

func (p *player) idle() {
	length := time.Duration(p.rnd.IntN(40)) * time.Millisecond
	p.do(&request{text: "IDLE", mayExpunge: true, talk: func() {
		for line := p.line(); line != "+ idling"; line = p.line() {
			p.hear(line)
		}
		for end := time.Now().Add(length); p.speaks(time.Until(end)); {
			p.hear(p.line())
		}
		p.send("DONE\r\n")
	}})
}

// pipeline sends several commands at once, of the kinds that mean the same whatever the others do.
func (p *player) pipeline() {
	requests := []*request{{text: "NOOP", mayExpunge: true}, {text: "UID FETCH 1:* FLAGS", mayExpunge: true}, {text: "UID SEARCH ALL", mayExpunge: true}, {text: "EXPUNGE", mayExpunge: true}}
	for range 2 {
		if o := p.storeRequest(); strings.HasPrefix(o.text, "UID ") {
			requests = append(requests, o)
		}
	}
	p.rnd.Shuffle(len(requests), func(i, k int) { requests[i], requests[k] = requests[k], requests[i] })
	p.do(requests...)
}

func (p *player) status() {
	items := "MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE"
	if p.condstore {
		items += " HIGHESTMODSEQ"
	}
	p.do(&request{text: "STATUS " + []string{playground, elsewhere, mailstore.TrashMailbox}[p.rnd.IntN(3)] + " (" + items + ")", mayExpunge: true})
}

// changedSince asks for what has changed, and with QRESYNC for what is gone.
func (p *player) changedSince() {
	if !p.condstore || p.highest == 0 {
		return
	}
	text, since := "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)", p.highest-p.rnd.Uint64N(min(p.highest, 50))
	if p.qresync {
		text = "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)"
	}
	var gone []uint32
	o := &request{text: fmt.Sprintf(text, since), mayExpunge: true, earlier: true, vanished: func(uids []uint32) { gone = append(gone, uids...) }}
	p.do(o)
	for _, uid := range gone {
		if o.toldUIDs[uid] || p.has(uid) {
			p.fail("UID %d vanished and is there", uid)
		}
	}
}
