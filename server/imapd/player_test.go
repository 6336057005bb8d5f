package imapd

import (
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// player is a client that plays at random (play_test.go) and knows of its mailbox only what it is told. It holds the server
// to RFC 9051, 7.5.1, and RFC 7162.
type player struct {
	*world
	name                     string
	rnd                      *rand.Rand
	mailbox                  string
	condstore, qresync, rev2 bool
	readOnly, compress       bool
	notify                   string // the filter of NOTIFY; "": not used

	conn    net.Conn
	in      *bufio.Reader
	tags    int
	visits  int      // SELECTs, each a session of its own as far as \Recent goes
	heard   []string // the last lines both ways
	current *request // the command in progress; nil: none

	selected    bool // a mailbox is
	view        []slot
	missed      []uint32 // UIDs of which nothing was told
	missedIn    string   // the command and what was heard then
	uidvalidity string
	highest     uint64          // HIGHESTMODSEQ when the mailbox was selected: what happened up to there has been told
	cache       map[uint32]slot // what was known when the mailbox was left, for QRESYNC
	cached      uint64          // MODSEQ of the cache; 0: there is none
	longAgo     map[uint32]slot // a cache of before
	longAgoAt   uint64
}

// slot is a message number: what the client knows of the message.
type slot struct {
	uid     uint32 // 0: not told yet
	known   bool   // flags are
	flags   string
	modseq  uint64
	message string // EMAILID
}

// request is a command.
type request struct {
	text       string
	mayExpunge bool                             // messages may be told to be gone
	earlier    bool                             // VANISHED (EARLIER) may be told
	begin      func()                           // when it is the command in progress
	fetched    func(n int, f fetchData)         // for each FETCH, once the view has it
	untagged   func(line string)                // for what is not about the view
	vanished   func(uids []uint32)              // for VANISHED (EARLIER)
	end        func(status string, text string) // for the tagged answer
	told       map[int]bool                     // message numbers of which something was told, as they were then
	toldUIDs   map[uint32]bool                  // and UIDs
	guessed    map[int]bool                     // message numbers whose flags the client has worked out
	mayFail    bool                             // NO is an answer
	talk       func()                           // says the rest of the command
}

// fail ends the game.
func (p *player) fail(format string, args ...any) {
	p.over.Store(true)
	p.t.Errorf("%s (condstore %v, qresync %v, rev2 %v, notify %q, read-only %v): %s\n%s", p.name, p.condstore, p.qresync, p.rev2, p.notify, p.readOnly, fmt.Sprintf(format, args...), p.transcript())
	p.t.FailNow()
}

func (p *player) transcript() string { return strings.Join(p.heard, "\n") }

const transcriptLines = 80

func (p *player) note(who, text string) {
	for line := range strings.Lines(text) {
		p.heard = append(p.heard, who+strings.TrimRight(line, "\r\n"))
	}
	if n := len(p.heard); n > transcriptLines {
		p.heard = slices.Clone(p.heard[n-transcriptLines:])
	}
}

// connect logs in and selects the mailbox.
func (p *player) connect() {
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		p.fail("%v", err)
	}
	p.conn, p.in = conn, bufio.NewReader(conn)
	p.view, p.current, p.selected = nil, nil, false
	p.line() // the greeting
	p.do(&request{text: "LOGIN ann@example.com " + p.passwords["ann@example.com"]})
	if p.qresync {
		p.do(&request{text: "ENABLE QRESYNC"})
	} else if p.condstore {
		p.do(&request{text: "ENABLE CONDSTORE"})
	}
	if p.rev2 {
		p.do(&request{text: "ENABLE IMAP4rev2"})
	}
	if p.compress {
		p.do(&request{text: "COMPRESS DEFLATE"})
		out, err := flate.NewWriter(p.conn, flate.DefaultCompression)
		p.must(err)
		p.conn, p.in = compressing{p.conn, out}, bufio.NewReader(flate.NewReader(p.in))
	}
	if p.notify != "" {
		p.do(&request{text: "NOTIFY SET (" + p.notify + " (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MailboxName))"})
	}
	p.selectBox()
}

// line reads one line with its literals.
func (p *player) line() string {
	p.conn.SetDeadline(time.Now().Add(patience))
	var whole string
	for {
		part, err := p.in.ReadString('\n')
		if whole += part; err != nil {
			p.fail("after %q: %v", whole, err)
		}
		m := literalAtEnd.FindStringSubmatch(part)
		if m == nil {
			break
		}
		n, _ := strconv.Atoi(m[1])
		octets := make([]byte, n)
		if _, err := io.ReadFull(p.in, octets); err != nil {
			p.fail("in a literal of %q: %v", whole, err)
		}
		whole += string(octets)
	}
	p.note("S: ", whole)
	return strings.TrimSuffix(whole, "\r\n")
}

// speaks reports whether the server says something within d. DEFLATE does not bear to be interrupted.
func (p *player) speaks(d time.Duration) bool {
	if p.compress {
		return p.in.Buffered() > 0
	}
	p.conn.SetReadDeadline(time.Now().Add(d))
	_, err := p.in.Peek(1)
	return err == nil
}

func (p *player) send(text string) {
	p.note("C: ", text)
	p.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(p.conn, text); err != nil {
		p.fail("send: %v", err)
	}
}

// do sends commands at once and reads the answers.
func (p *player) do(requests ...*request) {
	var text strings.Builder
	for i, o := range requests {
		fmt.Fprintf(&text, "%s.%d %s\r\n", p.name[7:], p.tags+i+1, o.text)
	}
	p.send(text.String())
	for _, o := range requests {
		p.tags++
		tag := fmt.Sprintf("%s.%d", p.name[7:], p.tags)
		p.current = o
		o.told, o.toldUIDs, o.guessed = map[int]bool{}, map[uint32]bool{}, map[int]bool{}
		if o.begin != nil {
			o.begin()
		}
		if o.talk != nil {
			o.talk()
		}
		for {
			line := p.line()
			if rest, ok := strings.CutPrefix(line, tag+" "); ok {
				p.answered(o, rest)
				break
			}
			p.hear(line)
		}
		p.current = nil
	}
}

func (p *player) answered(o *request, line string) {
	status, text, _ := strings.Cut(line, " ")
	if status == "BAD" || status == "NO" && !o.mayFail {
		p.fail("%s was answered %s", o.text, line)
	}
	if o.end != nil {
		o.end(status, text)
	}
}

var (
	numbered = regexp.MustCompile(`^\* (\d+) (EXISTS|EXPUNGE|RECENT|FETCH)(?: \((?s:(.*))\))?$`)
	vanish   = regexp.MustCompile(`^\* VANISHED( \(EARLIER\))? ([0-9:,]+)$`)
	code     = regexp.MustCompile(`\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]`)
)

// hear takes an untagged answer.
func (p *player) hear(line string) {
	o := p.current
	if m := vanish.FindStringSubmatch(line); m != nil {
		p.vanished(parseUIDs(m[2]), m[1] != "")
		return
	}
	m := numbered.FindStringSubmatch(line)
	if m == nil {
		switch {
		case strings.HasPrefix(line, "* BYE"), strings.HasPrefix(line, "* NO"), strings.HasPrefix(line, "* BAD"):
			p.fail("%s: %s", o.text, line)
		case o.untagged != nil:
			o.untagged(line)
		}
		return
	}
	n, _ := strconv.Atoi(m[1])
	switch m[2] {
	case "EXISTS":
		if n < len(p.view) {
			p.fail("%d messages exist, but there were %d", n, len(p.view))
		}
		p.view = append(p.view, make([]slot, n-len(p.view))...)
	case "RECENT":
		if n > len(p.view) || p.rev2 {
			p.fail("%d of %d messages are recent", n, len(p.view))
		}
	case "EXPUNGE":
		if p.qresync || !o.mayExpunge && !p.onlyUIDs() || n < 1 || n > len(p.view) {
			p.fail("%s, with %d messages, was answered %s", o.text, len(p.view), line)
		}
		p.view = slices.Delete(p.view, n-1, n)
	case "FETCH":
		p.fetched(n, parseFetch(m[3]))
	}
}

// vanished takes messages out of the view.
func (p *player) vanished(uids []uint32, earlier bool) {
	o := p.current
	switch {
	case !p.qresync || earlier && !o.earlier || !earlier && !o.mayExpunge && !p.onlyUIDs():
		p.fail("%s was answered VANISHED", o.text)
	case earlier:
		o.vanished(uids)
		return
	}
	for _, uid := range uids {
		i := slices.IndexFunc(p.view, func(s slot) bool { return s.uid == uid })
		if i < 0 { // one whose UID was not told yet
			below := 0
			for k, s := range p.view {
				if s.uid > 0 && s.uid < uid {
					below = k + 1
				}
			}
			if i = below; i >= len(p.view) || p.view[i].uid != 0 {
				p.fail("UID %d vanished, but is not in the view", uid)
			}
		}
		p.view = slices.Delete(p.view, i, i+1)
	}
}

// fetched takes what is told of message n.
func (p *player) fetched(n int, f fetchData) {
	o := p.current
	if n < 1 || n > len(p.view) {
		p.fail("%s was answered with message %d of %d", o.text, n, len(p.view))
	}
	s := &p.view[n-1]
	if f.uid > 0 {
		if s.uid > 0 && s.uid != f.uid {
			p.fail("message %d had UID %d and has %d", n, s.uid, f.uid)
		}
		s.uid = f.uid
		for i, other := range p.view {
			if other.uid > 0 && (i < n-1 && other.uid >= f.uid || i > n-1 && other.uid <= f.uid) {
				p.fail("message %d has UID %d, but message %d has %d", n, f.uid, i+1, other.uid)
			}
		}
	}
	switch {
	case f.hasFlags && p.qresync && f.uid == 0:
		p.fail("flags without a UID, though QRESYNC is on: message %d", n)
	case f.hasFlags && p.condstore && f.modseq == 0:
		p.fail("flags without MODSEQ, though CONDSTORE is on: message %d", n)
	case f.recent && p.rev2:
		p.fail(`\Recent in IMAP4rev2`)
	case f.modseq > 0 && f.modseq < s.modseq:
		p.fail("MODSEQ of message %d was %d and is %d", n, s.modseq, f.modseq)
	case s.known && f.hasFlags && f.modseq > 0 && f.modseq == s.modseq && f.flags != s.flags && !o.guessed[n]:
		p.fail("message %d has the flags (%s) under MODSEQ %d, but the client was led to believe (%s)", n, f.flags, f.modseq, s.flags)
	case s.known && s.modseq > 0 && f.modseq > s.modseq && f.modseq <= p.highest:
		p.fail("message %d has changed under MODSEQ %d, which was not told when the mailbox was selected at %d", n, f.modseq, p.highest)
	}
	if f.hasFlags {
		s.flags, s.known = f.flags, true
	}
	s.modseq = max(s.modseq, f.modseq)
	if f.emailID != "" {
		s.message = f.emailID
	}
	if s.uid > 0 {
		f.recent = f.recent && !p.readOnly // who only looks takes nothing away
		p.known.tell(place{p.mailbox, s.uid}, f, fmt.Sprint(p.name, " visit ", p.visits))
	}
	o.told[n], o.toldUIDs[s.uid] = true, true
	if o.fetched != nil {
		o.fetched(n, f)
	}
}

// fetchData is what a FETCH tells of a message.
type fetchData struct {
	uid              uint32
	flags            string // see normalFlags
	hasFlags, recent bool
	modseq           uint64
	emailID, subject string
}

var subjectLine = regexp.MustCompile(`Subject: (\S+)`)

// parseFetch reads the list of a FETCH.
func parseFetch(list string) (f fetchData) {
	for list != "" {
		var name, value string
		name, list = cutItem(list)
		value, list = cutItem(strings.TrimPrefix(list, " "))
		list = strings.TrimPrefix(list, " ")
		inner := strings.TrimSuffix(strings.TrimPrefix(value, "("), ")")
		switch {
		case name == "UID":
			n, _ := strconv.ParseUint(value, 10, 32)
			f.uid = uint32(n)
		case name == "FLAGS":
			words := strings.Fields(inner)
			f.flags, f.hasFlags, f.recent = normalFlags(words), true, slices.Contains(words, `\Recent`)
		case name == "MODSEQ":
			f.modseq, _ = strconv.ParseUint(inner, 10, 64)
		case name == "EMAILID":
			f.emailID = inner
		case strings.HasPrefix(name, "BODY["):
			if m := subjectLine.FindStringSubmatch(value); m != nil {
				f.subject = m[1]
			}
		}
	}
	return f
}

// cutItem parts a word, a string or a list from what follows.
func cutItem(text string) (item, rest string) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '{':
			if digits, _, ok := strings.Cut(text[i+1:], "}\r\n"); ok {
				n, _ := strconv.Atoi(digits)
				i += len(digits) + len("}\r\n") + n
			}
		case c == ' ' && depth == 0:
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// normalFlags are flags and keywords in one form: lower case, sorted, without \Recent.
func normalFlags(words []string) string {
	var list []string
	for _, w := range words {
		if w = strings.ToLower(w); w != `\recent` {
			list = append(list, w)
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// parseUIDs reads a set without "*".
func parseUIDs(set string) (uids []uint32) {
	for part := range strings.SplitSeq(set, ",") {
		first, last, ranged := strings.Cut(part, ":")
		a, _ := strconv.ParseUint(first, 10, 32)
		b := a
		if ranged {
			b, _ = strconv.ParseUint(last, 10, 32)
		}
		for n := min(a, b); n <= max(a, b); n++ {
			uids = append(uids, uint32(n))
		}
	}
	return uids
}

// believes is the mailbox as the client knows it.
func (p *player) believes() (list []string) {
	for _, s := range p.view {
		list = append(list, fmt.Sprintf("%d %s (%s)", s.uid, s.message, s.flags))
	}
	return list
}
