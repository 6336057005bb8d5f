package imapd

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// box is a mailbox as all sessions share it that have it selected. It follows the index: refresh reads what has changed
// since the MODSEQ that it has. What it gives out is never changed, so nobody holds a lock while reading it.
type box struct {
	key   boxKey
	inbox mailstore.Inbox

	users int // under boxes.mu
	used  time.Time

	mu        sync.Mutex
	snap      *snapshot // nil before the first refresh
	version   uint64    // of the store, at the last refresh
	sets      map[string]uint16
	recentUID uint32 // UIDs from here on were shown to no session as recent

	described described
}

type boxKey struct {
	inboxKey
	id mailstore.MailboxID
}

// snapshot is a mailbox at one moment: one element of each slice for each message, in the order of UIDs.
type snapshot struct {
	mailbox mailstore.Mailbox

	uids    []uint32
	flags   []mailstore.Flags
	keys    []uint16 // into sets
	modseqs []uint64
	sizes   []int64
	dates   []int64 // INTERNALDATE, seconds since 1970

	sets     [][]string // sets of keywords as messages have them, lower case, sorted; the first is none
	keywords []string   // all that occur or have occurred, spelled as the user's clients do, in the order in which they came up
	spelling map[string]string
}

// Bounds of keywords in one mailbox.
const (
	maxKeywordSets = 1 << 14 // different sets that its messages may have; messages beyond it show none of theirs
	maxKeywords    = 1000    // that FLAGS lists; those that come up later can be used all the same
)

func (p *snapshot) len() int { return len(p.uids) }

// find gives the place of a UID.
func (p *snapshot) find(uid uint32) (int, bool) { return slices.BinarySearch(p.uids, uid) }

// refresh brings the box up to date with the store and gives it as it is. ErrNotFound if the mailbox was deleted.
func (b *box) refresh(ctx context.Context) (*snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	version := b.inbox.Version()
	if b.snap != nil && version == b.version {
		return b.snap, nil
	}
	old := b.snap
	since := uint64(0)
	if old == nil {
		old = &snapshot{sets: [][]string{nil}, spelling: map[string]string{}}
		b.sets = map[string]uint16{"": 0}
	} else {
		since = old.mailbox.HighestModseq
	}
	var entries []mailstore.Entry
	c, err := b.inbox.Changes(ctx, b.key.id, since, func(e mailstore.Entry) { entries = append(entries, e) })
	if err != nil {
		return nil, err
	}
	if c.Whole { // gone UIDs are not known so far back: begin anew
		entries = entries[:0]
		if c, err = b.inbox.Changes(ctx, b.key.id, 0, func(e mailstore.Entry) { entries = append(entries, e) }); err != nil {
			return nil, err
		}
		old = &snapshot{sets: old.sets, keywords: old.keywords, spelling: old.spelling}
	}
	b.recentUID = max(b.recentUID, c.RecentUID)
	b.version = version
	if b.snap != nil && c.Mailbox == b.snap.mailbox && len(entries) == 0 {
		return b.snap, nil
	}
	next := old.with(c.Mailbox, c.Expunged)
	if err := b.learn(ctx, next, entries); err != nil {
		return nil, err
	}
	next.take(entries, b.sets)
	b.snap = next
	return next, nil
}

// with is a copy without the expunged messages, ready to be changed. UIDs are shared until one goes.
func (p *snapshot) with(m mailstore.Mailbox, expunged []uint32) *snapshot {
	q := &snapshot{mailbox: m, sets: p.sets, keywords: p.keywords, spelling: p.spelling}
	if len(expunged) == 0 {
		q.uids = p.uids
		q.flags, q.keys, q.modseqs = slices.Clone(p.flags), slices.Clone(p.keys), slices.Clone(p.modseqs)
		q.sizes, q.dates = p.sizes, p.dates
		return q
	}
	n := len(p.uids)
	q.uids, q.flags, q.keys = make([]uint32, 0, n), make([]mailstore.Flags, 0, n), make([]uint16, 0, n)
	q.modseqs, q.sizes, q.dates = make([]uint64, 0, n), make([]int64, 0, n), make([]int64, 0, n)
	for i, uid := range p.uids {
		if len(expunged) > 0 && expunged[0] < uid {
			expunged = expunged[lowerBound(expunged, uid):]
		}
		if len(expunged) > 0 && expunged[0] == uid {
			continue
		}
		q.uids, q.flags, q.keys = append(q.uids, uid), append(q.flags, p.flags[i]), append(q.keys, p.keys[i])
		q.modseqs, q.sizes, q.dates = append(q.modseqs, p.modseqs[i]), append(q.sizes, p.sizes[i]), append(q.dates, p.dates[i])
	}
	return q
}

func lowerBound(list []uint32, x uint32) int {
	i, _ := slices.BinarySearch(list, x)
	return i
}

// learn notes keywords that come up for the first time.
func (b *box) learn(ctx context.Context, p *snapshot, entries []mailstore.Entry) error {
	known := map[string]bool{}
	for _, k := range p.keywords {
		known[strings.ToLower(k)] = true
	}
	var fresh []string
	for _, e := range entries {
		if len(e.Keywords) == 0 {
			continue
		}
		joined := strings.Join(e.Keywords, " ")
		if _, there := b.sets[joined]; there || len(p.sets) >= maxKeywordSets {
			continue
		}
		b.sets[joined] = uint16(len(p.sets))
		p.sets = append(p.sets[:len(p.sets):len(p.sets)], e.Keywords)
		for _, k := range e.Keywords {
			if !known[k] {
				known[k] = true
				fresh = append(fresh, k)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	var err error
	if p.spelling, err = b.inbox.Spellings(ctx); err != nil {
		return err
	}
	listed := slices.Clone(p.keywords)
	for _, k := range fresh[:min(len(fresh), max(maxKeywords-len(listed), 0))] {
		listed = append(listed, p.spelled(k))
	}
	p.keywords = listed
	return nil
}

// spelled is a keyword as the user's clients write it.
func (p *snapshot) spelled(keyword string) string {
	return cmp.Or(p.spelling[keyword], keyword)
}

// take puts changed and new messages in. The copy is not shared yet.
func (p *snapshot) take(entries []mailstore.Entry, sets map[string]uint16) {
	for _, e := range entries {
		key := uint16(0)
		if len(e.Keywords) > 0 {
			key = sets[strings.Join(e.Keywords, " ")]
		}
		if i, there := p.find(e.UID); there {
			p.flags[i], p.keys[i], p.modseqs[i] = e.Flags, key, e.Modseq
			continue
		}
		// a new message has a higher UID than all before it
		p.uids, p.flags, p.keys = append(p.uids, e.UID), append(p.flags, e.Flags), append(p.keys, key)
		p.modseqs, p.sizes, p.dates = append(p.modseqs, e.Modseq), append(p.sizes, e.Size), append(p.dates, e.ReceivedAt)
	}
}

// claimRecent gives the UIDs from which on messages are recent for the session that asks: it is the first to see them.
func (b *box) claimRecent(p *snapshot) (from uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from = b.recentUID
	b.recentUID = max(b.recentUID, p.mailbox.UIDNext)
	return from
}

// recent is how many messages no session has seen.
func (b *box) recent(p *snapshot) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(p.uids) - lowerBound(p.uids, b.recentUID)
}

// boxes are the mailboxes that sessions have selected, and some that they had until lately.
type boxes struct {
	mu   sync.Mutex
	open map[boxKey]*box
	idle int // messages in those that nobody uses

	budget describedBudget
}

// get gives the box of a mailbox; put takes it back.
func (x *boxes) get(k boxKey, inbox mailstore.Inbox) *box {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.open[k]
	if b == nil {
		b = &box{key: k, inbox: inbox}
		x.open[k] = b
	} else if b.users == 0 {
		x.idle -= b.size()
	}
	b.users++
	return b
}

// peek is get, if there is one.
func (x *boxes) peek(k boxKey, inbox mailstore.Inbox) *box {
	x.mu.Lock()
	_, there := x.open[k]
	x.mu.Unlock()
	if !there {
		return nil
	}
	return x.get(k, inbox)
}

// size is what an idle box counts for.
func (b *box) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	const itself = 64 // what it holds without messages is worth about as many
	if b.snap == nil {
		return itself
	}
	return b.snap.len() + itself
}

// put takes a box back. The ones that were used longest ago are forgotten when the idle ones hold too many messages.
func (x *boxes) put(b *box) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b.used = time.Now()
	if b.users--; b.users > 0 {
		return
	}
	x.idle += b.size()
	for x.idle > maxIdleStates {
		var oldest *box
		for _, o := range x.open {
			if o.users == 0 && (oldest == nil || o.used.Before(oldest.used)) {
				oldest = o
			}
		}
		if oldest == nil {
			return
		}
		x.idle -= oldest.size()
		delete(x.open, oldest.key)
		oldest.described.forget(&x.budget)
	}
}
