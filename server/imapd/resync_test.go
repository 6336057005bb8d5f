package imapd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// selectBox selects the mailbox. With QRESYNC and a cache, what is told must make the cache the mailbox.
func (p *player) selectBox() {
	resync := p.qresync && p.cached > 0
	text := "SELECT " + p.mailbox
	if p.readOnly {
		text = "EXAMINE " + p.mailbox
	}
	withKnown := false
	if resync {
		text += fmt.Sprintf(" (QRESYNC (%s %d", p.uidvalidity, p.cached)
		if withKnown = len(p.cache) > 0 && p.rnd.IntN(2) == 0; withKnown {
			text += p.knownUIDs()
		}
		text += "))"
	}
	var highest uint64
	opened := false
	open := func() { p.view, p.highest, opened, p.visits = nil, 0, true, p.visits+1 }
	p.do(&request{text: text, earlier: true,
		begin: func() {
			if !p.selected {
				open()
			}
		},
		vanished: func(uids []uint32) {
			for _, uid := range uids {
				delete(p.cache, uid)
			}
		},
		fetched: func(n int, f fetchData) {
			if !opened { // news of the mailbox that is being left
				return
			}
			if !resync {
				p.fail("SELECT was answered with a FETCH of message %d", n)
			}
			s := p.view[n-1]
			s.message = p.cache[s.uid].message
			p.cache[s.uid] = s
		},
		untagged: func(line string) {
			m := code.FindStringSubmatch(line)
			switch {
			case strings.HasPrefix(line, "* OK [CLOSED]"):
				open()
			case m == nil:
			case m[1] == "UIDVALIDITY":
				if p.uidvalidity != "" && p.uidvalidity != m[2] {
					p.fail("UIDVALIDITY was %s and is %s", p.uidvalidity, m[2])
				}
				p.uidvalidity = m[2]
			case m[1] == "HIGHESTMODSEQ":
				highest, _ = strconv.ParseUint(m[2], 10, 64)
			}
		}})
	if !opened {
		p.fail("%s: the mailbox before was not closed", text)
	}
	if p.selected = true; p.condstore {
		p.highest = highest
	}
	if resync {
		p.adopt(withKnown)
	}
	p.do(&request{text: "UID FETCH 1:* (FLAGS)", mayExpunge: true})
}

// knownUIDs are the rest of a QRESYNC: the UIDs of the cache, and for some of them their numbers.
func (p *player) knownUIDs() string {
	uids := slices.Sorted(maps.Keys(p.cache))
	set, numbers, match := []string{}, []string{}, []string{}
	for i, uid := range uids {
		set = append(set, fmt.Sprint(uid))
		if p.rnd.IntN(4) == 0 {
			numbers, match = append(numbers, fmt.Sprint(i+1)), append(match, fmt.Sprint(uid))
		}
	}
	known := " " + strings.Join(set, ",")
	if p.rnd.IntN(3) == 0 {
		known = fmt.Sprint(" 1:", uids[len(uids)-1])
	}
	if len(match) > 0 && p.rnd.IntN(2) == 0 {
		known += " (" + strings.Join(numbers, ",") + " " + strings.Join(match, ",") + ")"
	}
	return known
}

// adopt makes the cache the view. Where only some UIDs were asked for, later messages are not known yet.
func (p *player) adopt(withKnown bool) {
	uids := slices.Sorted(maps.Keys(p.cache))
	if len(uids) > len(p.view) || !withKnown && len(uids) < len(p.view) {
		p.fail("%d messages exist, but the cache has %d: %v", len(p.view), len(uids), uids)
	}
	for i, uid := range uids {
		if p.view[i].uid != 0 && p.view[i].uid != uid {
			p.fail("message %d is UID %d, but in the cache it is %d", i+1, p.view[i].uid, uid)
		}
		p.view[i] = p.cache[uid]
	}
}

// remember makes the cache from the view: all that has happened up to the MODSEQ p.cached is in it.
func (p *player) remember() {
	for whole := false; !whole; {
		p.learn("UID FLAGS EMAILID")
		p.do(&request{text: "NOOP", mayExpunge: true})
		whole = !slices.ContainsFunc(p.view, func(s slot) bool { return s.uid == 0 || !s.known || s.message == "" })
	}
	p.cache, p.cached = map[uint32]slot{}, p.highest
	for _, s := range p.view {
		p.cache[s.uid], p.cached = s, max(p.cached, s.modseq)
	}
	if p.longAgo == nil || p.rnd.IntN(5) == 0 {
		p.longAgo, p.longAgoAt = maps.Clone(p.cache), p.cached
	}
}

func (p *player) reselect() {
	if p.qresync {
		p.remember()
	}
	switch p.rnd.IntN(3) {
	case 0:
		p.do(&request{text: "CLOSE"})
		p.selected = false
	case 1:
		p.do(&request{text: "UNSELECT"})
		p.selected = false
	}
	p.selectBox()
}

func (p *player) reconnect() {
	if p.qresync {
		p.remember()
	}
	p.conn.Close()
	p.connect()
}

// rest hears the last news, once nobody does anything any more, and asks for what was never told.
func (p *player) rest() {
	p.do(&request{text: "NOOP", mayExpunge: true})
	items := "UID EMAILID"
	if slices.ContainsFunc(p.view, func(s slot) bool { return !s.known }) {
		items += " FLAGS"
	}
	p.learn(items)
	if p.notify == "" && p.speaks(time.Millisecond) {
		p.fail("there is more news: %s", p.line())
	}
}

// resyncFromLongAgo has a new session begin with what was known long ago.
func (p *player) resyncFromLongAgo(want []held) {
	if p.longAgo == nil {
		return
	}
	p.cache, p.cached = p.longAgo, p.longAgoAt
	p.conn.Close()
	p.connect()
	p.learn("UID EMAILID")
	if got, want := strings.Join(p.believes(), "\n"), lines1(want); got != want {
		p.fail("resynchronised from MODSEQ %d, it believes of %s:\n%s\nbut it holds\n%s", p.longAgoAt, p.mailbox, got, want)
	}
}
