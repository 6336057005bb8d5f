package imapd

import (
	"errors"
	"slices"
	"strconv"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/imapd/proto"
)

// selected is the session's view of its mailbox: the messages by number, as the client knows them. The view changes only
// where RFC 9051, 7.5.1 allows: a message that is gone keeps its number until the client may be told.
type selected struct {
	box      *box
	name     string
	readOnly bool

	uids      []uint32  // message n is uids[n-1]; shared with the snapshot as long as they are equal
	snap      *snapshot // what the client was told last
	synced    uint64    // MODSEQ up to which the client was told everything, also what is gone
	ghosts    *snapshot // only messages that are gone and still counted, as the client was told of them last; nil: none
	own       []uint64  // MODSEQs of what this session did itself and has told already
	recents   []uint32  // UIDs that are recent in this session, ascending
	announced int       // keywords that the client was told of
	saved     []uint32  // UIDs of "$" (RFC 5182)
}

// number is the message number of a UID.
func (v *selected) number(uid uint32) (int, bool) {
	i, there := slices.BinarySearch(v.uids, uid)
	return i + 1, there
}

func (v *selected) isRecent(uid uint32) bool {
	_, recent := slices.BinarySearch(v.recents, uid)
	return recent
}

// errDeleted is what ends a session whose mailbox was deleted.
var errDeleted = errors.New("the selected mailbox was deleted")

// snapshot gives the mailbox as it is now. The view stays as it is.
func (s *session) snapshot() (*snapshot, error) {
	p, err := s.selected.box.refresh(s.ctx)
	if errors.Is(err, mailstore.ErrNotFound) {
		s.sayBye("Selected mailbox was deleted, have to disconnect.")
		return nil, errDeleted
	}
	return p, err
}

// sync tells the client what has happened in its mailbox, unless it has turned that off (RFC 5465, 3.1); of messages that
// are gone only if mayExpunge.
func (s *session) sync(mayExpunge bool) error {
	if s.notify != nil && s.notify.selected == nil {
		return nil
	}
	return s.tell(mayExpunge)
}

// tell is sync for what the client has done itself.
func (s *session) tell(mayExpunge bool) error {
	v := s.selected
	if v == nil {
		return nil
	}
	p, err := s.snapshot()
	if err != nil {
		return err
	}
	if p == v.snap && len(v.uids) == len(p.uids) {
		return nil
	}
	before := v.snap
	if mayExpunge {
		s.tellExpunged(p)
	}
	s.tellKeywords(p)
	known := len(v.uids)
	s.tellNew(p)
	if s.notify == nil || s.notify.selected == nil || slices.Contains(s.notify.selected.Events, "FlagChange") {
		s.tellFlags(p, before.mailbox.HighestModseq, known)
	}
	v.remember(p)
	v.snap = p
	if len(v.uids) == len(p.uids) {
		v.synced = p.mailbox.HighestModseq
	}
	v.own = v.own[:0]
	return nil
}

// remember keeps what the client was told of messages that are gone from p and are still counted. It is called before p
// becomes what was told last.
func (v *selected) remember(p *snapshot) {
	if len(v.uids) == len(p.uids) {
		v.ghosts = nil
		return
	}
	ghosts := &snapshot{sets: p.sets, spelling: p.spelling}
	for _, uid := range v.uids {
		if _, there := p.find(uid); there {
			continue
		}
		if q, i, known := v.ghost(uid); known {
			ghosts.uids, ghosts.flags, ghosts.keys = append(ghosts.uids, uid), append(ghosts.flags, q.flags[i]), append(ghosts.keys, q.keys[i])
			ghosts.modseqs, ghosts.sizes, ghosts.dates = append(ghosts.modseqs, q.modseqs[i]), append(ghosts.sizes, q.sizes[i]), append(ghosts.dates, q.dates[i])
		}
	}
	v.ghosts = ghosts
}

// ghost gives what the client was told last of a message that is gone.
func (v *selected) ghost(uid uint32) (p *snapshot, i int, known bool) {
	if i, known = v.snap.find(uid); known || v.ghosts == nil {
		return v.snap, i, known
	}
	i, known = v.ghosts.find(uid)
	return v.ghosts, i, known
}

// tellExpunged takes out of the view what is not in the mailbox any more.
func (s *session) tellExpunged(p *snapshot) {
	v := s.selected
	if len(v.uids) <= len(p.uids) && slices.Equal(v.uids, p.uids[:len(v.uids)]) {
		return
	}
	var gone []uint32
	kept := make([]uint32, 0, len(v.uids))
	numbers := []int{}
	at := 0
	for i, uid := range v.uids {
		for at < len(p.uids) && p.uids[at] < uid {
			at++
		}
		if at < len(p.uids) && p.uids[at] == uid {
			kept = append(kept, uid)
			continue
		}
		gone = append(gone, uid)
		numbers = append(numbers, i+1-len(numbers)) // each number as it is after those before it have gone
	}
	if len(gone) == 0 {
		return
	}
	if s.qresync {
		s.vanishedTold = true
		s.link.appended(append(proto.FormatUIDs(append(s.link.buffer(), "* VANISHED "...), gone), "\r\n"...))
	} else {
		for _, n := range numbers {
			s.link.say("* " + strconv.Itoa(n) + " EXPUNGE")
		}
	}
	v.uids = kept
	v.saved = without(v.saved, gone)
	v.recents = without(v.recents, gone)
}

// without is list without gone; both ascend.
func without(list, gone []uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(list), func(uid uint32) bool {
		_, is := slices.BinarySearch(gone, uid)
		return is
	})
}

// tellNew adds new messages to the view.
func (s *session) tellNew(p *snapshot) {
	v := s.selected
	last := uint32(0)
	if len(v.uids) > 0 {
		last = v.uids[len(v.uids)-1]
	}
	at := lowerBound(p.uids, last+1)
	fresh := p.uids[at:]
	if len(fresh) == 0 {
		if len(v.uids) == len(p.uids) {
			v.uids = p.uids // the same; let go of the copy
		}
		return
	}
	if at == len(v.uids) && slices.Equal(v.uids, p.uids[:at]) {
		v.uids = p.uids
	} else {
		v.uids = append(v.uids[:len(v.uids):len(v.uids)], fresh...)
	}
	s.claimRecent(p)
	s.link.say("* " + strconv.Itoa(len(v.uids)) + " EXISTS")
	if !s.rev2 {
		s.link.say("* " + strconv.Itoa(len(v.recents)) + " RECENT")
	}
}

// claimRecent makes messages that nobody has seen recent in this session. One that only examines takes nothing away from
// the next.
func (s *session) claimRecent(p *snapshot) {
	v := s.selected
	var from uint32
	if v.readOnly {
		from = p.uids[len(p.uids)-1] + 1
		if n := v.box.recent(p); n > 0 {
			from = p.uids[len(p.uids)-n]
		}
	} else {
		from = v.box.claimRecent(p)
	}
	for _, uid := range p.uids[lowerBound(p.uids, from):] {
		if len(v.recents) == 0 || uid > v.recents[len(v.recents)-1] {
			v.recents = append(v.recents, uid)
		}
	}
}

// tellKeywords tells of keywords that have come up.
func (s *session) tellKeywords(p *snapshot) {
	v := s.selected
	if len(p.keywords) == v.announced {
		return
	}
	v.announced = len(p.keywords)
	s.sayFlags(p, v.readOnly)
}

func (s *session) sayFlags(p *snapshot, readOnly bool) {
	b := append(s.link.buffer(), `* FLAGS (\Answered \Flagged \Deleted \Seen \Draft`...)
	for _, k := range p.keywords {
		b = append(append(b, ' '), k...)
	}
	b = append(b, ")\r\n* OK [PERMANENTFLAGS ("...)
	if !readOnly {
		b = append(b, `\Answered \Flagged \Deleted \Seen \Draft `...)
		for _, k := range p.keywords {
			b = append(append(b, k...), ' ')
		}
		b = append(b, `\*`...)
	}
	s.link.appended(append(b, ")] Flags permitted.\r\n"...))
}

// tellFlags tells of messages of the view, up to the number known, whose flags have changed since a MODSEQ.
func (s *session) tellFlags(p *snapshot, since uint64, known int) {
	if p.mailbox.HighestModseq <= since {
		return
	}
	v := s.selected
	for i, modseq := range p.modseqs {
		if modseq <= since || slices.Contains(v.own, modseq) {
			continue
		}
		if n, there := v.number(p.uids[i]); there && n <= known {
			s.sayFetchFlags(p, i, n, s.qresync || s.byUID)
		}
	}
}

// sayFetchFlags writes the untagged FETCH that tells the flags of message n, which is at i of the snapshot.
func (s *session) sayFetchFlags(p *snapshot, i, n int, withUID bool) {
	b := strconv.AppendInt(append(s.link.buffer(), "* "...), int64(n), 10)
	b = append(b, " FETCH ("...)
	if withUID {
		b = strconv.AppendUint(append(b, "UID "...), uint64(p.uids[i]), 10)
		b = append(b, ' ')
	}
	if s.condstore {
		b = strconv.AppendUint(append(b, "MODSEQ ("...), p.modseqs[i], 10)
		b = append(b, ") "...)
	}
	b = s.appendFlags(b, p, i)
	s.link.appended(append(b, ")\r\n"...))
}

var flagNames = []struct {
	flag mailstore.Flags
	name string
}{
	{mailstore.Answered, `\Answered`}, {mailstore.Flagged, `\Flagged`}, {mailstore.Deleted, `\Deleted`}, {mailstore.Seen, `\Seen`}, {mailstore.Draft, `\Draft`},
}

// appendFlags appends "FLAGS (…)".
func (s *session) appendFlags(b []byte, p *snapshot, i int) []byte {
	b = append(b, "FLAGS ("...)
	start := len(b)
	word := func(name string) {
		if len(b) > start {
			b = append(b, ' ')
		}
		b = append(b, name...)
	}
	for _, f := range flagNames {
		if p.flags[i]&f.flag != 0 {
			word(f.name)
		}
	}
	for _, k := range p.sets[p.keys[i]] {
		word(p.spelled(k))
	}
	if !s.rev2 && s.selected.isRecent(p.uids[i]) {
		word(`\Recent`)
	}
	return append(b, ')')
}

// resolve gives the messages of a set as UIDs, ascending: of message numbers, or of UIDs that are in the view. ok is false
// if a message number does not exist.
func (s *session) resolve(set proto.Set, byUID bool) (uids []uint32, ok bool) {
	v := s.selected
	if set.Saved {
		return v.saved, true
	}
	n := uint32(len(v.uids))
	if !byUID {
		for _, r := range set.Resolve(n) {
			if r.First < 1 || r.Last > n {
				return nil, false
			}
			uids = append(uids, v.uids[r.First-1:r.Last]...)
		}
		return uids, n > 0 || len(set.Ranges) == 0
	}
	if n == 0 {
		return nil, true
	}
	for _, r := range set.Resolve(v.uids[n-1]) {
		from, to := lowerBound(v.uids, r.First), lowerBound(v.uids, r.Last)
		if to < len(v.uids) && v.uids[to] == r.Last {
			to++
		}
		uids = append(uids, v.uids[from:to]...)
	}
	return uids, true
}
