package imapd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

var (
	propertySeed = flag.Uint64("imapd.seed", 0, "seed of the property test; 0 takes another each time")
	propertyTime = flag.Duration("imapd.time", 0, "how long the property test runs; 0 is 5 s, a minute in CI")
)

// Two to ten clients and two users of the API do what they like with one inbox at the same time. Each client believes only
// what it is told (player.go); in the end all of them believe what is so.
func TestWhateverClientsDoAtOnceTheirViewsAreTheMailbox(t *testing.T) {
	seed, length := *propertySeed, *propertyTime
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if length == 0 {
		length = 5 * time.Second
		if os.Getenv("CI") != "" && !testing.Short() {
			length = time.Minute
		}
	}
	for end := time.Now().Add(length); time.Now().Before(end) && !t.Failed(); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.play(min(5*time.Second, length))
			if !t.Failed() {
				w.compare()
			}
			if t.Failed() {
				t.Logf("again: go test ./server/imapd -run %s -imapd.seed %d", strings.Split(t.Name(), "/")[0], seed)
			}
		})
	}
}

// The mailboxes that are played with: most clients are in the first.
const (
	playground = "INBOX"
	elsewhere  = "Work/Later"
)

// world is a server with those who play.
type world struct {
	*bed
	in      mailstore.Inbox
	rnd     *rand.Rand
	players []*player
	subject atomic.Int64 // of the last message that was made
	over    atomic.Bool
	known   registry
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{bed: newBed(t, func(c *Config) { c.MaxMessageBytes = 1 << 20 }), rnd: rand.New(rand.NewPCG(seed, 1))}
	w.known = registry{t: t, over: &w.over, messages: map[place]string{}, flags: map[place]map[uint64]string{}, recent: map[place]string{}, subjects: map[string]string{}, appended: map[place]string{}}
	w.in = w.inbox("ann@example.com")
	_, err := w.in.CreateMailbox(t.Context(), elsewhere, "")
	w.must(err)
	for range 15 {
		w.deliver("ann@example.com", mail(w.newSubject(), "x"))
	}
	for i := range 2 + w.rnd.IntN(9) {
		p := &player{
			world: w, name: fmt.Sprint("client ", i), rnd: rand.New(rand.NewPCG(seed, uint64(i)+10)), mailbox: playground,
			condstore: w.rnd.IntN(2) == 0, rev2: w.rnd.IntN(4) == 0, cache: map[uint32]slot{},
		}
		p.qresync = p.condstore && w.rnd.IntN(3) > 0
		p.readOnly, p.compress = w.rnd.IntN(8) == 0, w.rnd.IntN(8) == 0
		p.notify = []string{"", "", "", "", "", "selected", "selected-delayed"}[w.rnd.IntN(7)]
		if i > 0 && w.rnd.IntN(4) == 0 {
			p.mailbox = elsewhere
		}
		w.players = append(w.players, p)
	}
	return w
}

func (w *world) newSubject() string { return fmt.Sprint("m", w.subject.Add(1)) }

// play has all of them play for some time, and then come to rest.
func (w *world) play(length time.Duration) {
	ctx, cancel := context.WithTimeout(w.t.Context(), length)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { w.must(w.store.Run(ctx)) })
	for i, p := range w.players {
		all.Go(func() {
			p.connect()
			for ctx.Err() == nil && !w.over.Load() {
				p.act()
			}
		})
		if i < 2 {
			api := &caller{world: w, rnd: rand.New(rand.NewPCG(w.rnd.Uint64(), 2))}
			all.Go(func() {
				for ctx.Err() == nil && !w.over.Load() {
					api.act()
				}
			})
		}
	}
	all.Wait()
}

// caller uses the store as the API does.
type caller struct {
	*world
	rnd *rand.Rand
}

func (c *caller) act() {
	ctx := c.t.Context()
	mailbox := []string{playground, elsewhere, mailstore.TrashMailbox}[c.rnd.IntN(3)]
	list, _, err := c.in.Messages(ctx, mailstore.MessageFilter{Mailbox: mailbox}, nil, 50)
	c.fine(err)
	if len(list) == 0 || c.rnd.IntN(6) == 0 && len(list) < 40 {
		c.deliver("ann@example.com", mail(c.newSubject(), "y"))
		return
	}
	id := list[c.rnd.IntN(len(list))].ID
	labels := [][2]string{{"read", ""}, {"unread", ""}, {"starred", ""}, {"", "starred"}, {"later", ""}, {"", "work"}, {"$forwarded", "later"}}
	switch l := labels[c.rnd.IntN(len(labels))]; c.rnd.IntN(8) {
	case 0:
		c.fine(c.in.DeleteMessage(ctx, id, c.rnd.IntN(2) == 0))
	case 1:
		_, err = c.in.ChangeMessage(ctx, id, mailstore.MessageChange{RemoveLabels: []string{"trash"}})
		c.fine(err)
	default:
		var change mailstore.MessageChange
		if l[0] != "" {
			change.AddLabels = []string{l[0]}
		}
		if l[1] != "" {
			change.RemoveLabels = []string{l[1]}
		}
		_, err = c.in.ChangeMessage(ctx, id, change)
		c.fine(err)
	}
}

// fine takes what must not fail, but for what is gone meanwhile.
func (c *caller) fine(err error) {
	if err != nil && !errors.Is(err, mailstore.ErrNotFound) {
		c.over.Store(true)
		c.t.Errorf("the API: %v", err)
	}
}

// place is a message's place in a mailbox.
type place struct {
	mailbox string
	uid     uint32
}

// registry is what all clients together have been told, which must not contradict itself.
type registry struct {
	t        *testing.T
	over     *atomic.Bool
	mu       sync.Mutex
	messages map[place]string            // EMAILID
	flags    map[place]map[uint64]string // by MODSEQ
	recent   map[place]string            // the session that it is recent in
	subjects map[string]string           // by EMAILID
	copied   [][2]place
	appended map[place]string // subjects
}

func put[K comparable](r *registry, m map[K]string, k K, value, what string) {
	if old, known := m[k]; known && old != value {
		r.over.Store(true)
		r.t.Errorf("%s of %v is %q, and was told as %q", what, k, value, old)
	}
	m[k] = value
}

// tell notes what a client was told of a message.
func (r *registry) tell(at place, f fetchData, session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.emailID != "" {
		put(r, r.messages, at, f.emailID, "the message")
		if f.subject != "" {
			put(r, r.subjects, f.emailID, f.subject, "the subject")
		}
	}
	if f.hasFlags && f.modseq > 0 {
		if r.flags[at] == nil {
			r.flags[at] = map[uint64]string{}
		}
		put(r, r.flags[at], f.modseq, f.flags, fmt.Sprint("what MODSEQ stands for in ", at))
	}
	if f.recent {
		put(r, r.recent, at, session, "the session in which it is recent")
	}
}

// tellCopied notes that a message was copied or moved.
func (r *registry) tellCopied(from, to place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.copied = append(r.copied, [2]place{from, to})
}

// tellAppended notes where a message was put.
func (r *registry) tellAppended(at place, subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put(r, r.appended, at, subject, "what was appended")
}

// held is a message of a mailbox as the store has it.
type held struct {
	uid     uint32
	message mailstore.MessageID
	flags   string
}

func (h held) String() string { return fmt.Sprintf("%d %s (%s)", h.uid, h.message, h.flags) }

// compare looks whether all believe what is so: the clients, the index, the files, and an index made from the files.
func (w *world) compare() {
	boxes := map[string][]held{}
	for _, name := range []string{playground, elsewhere, mailstore.TrashMailbox} {
		boxes[name] = w.holds(w.in, name)
	}
	for _, p := range w.players {
		p.rest()
		if got, want := strings.Join(p.believes(), "\n"), lines1(boxes[p.mailbox]); got != want {
			w.t.Errorf("%s (condstore %v, qresync %v) believes of %s:\n%s\nbut it holds\n%s\n%s", p.name, p.condstore, p.qresync, p.mailbox, got, want, p.transcript())
		}
	}
	for _, c := range w.known.copied {
		if a, b := w.known.messages[c[0]], w.known.messages[c[1]]; a != "" && b != "" && a != b {
			w.t.Errorf("%v was copied to %v, but these are the messages %s and %s", c[0], c[1], a, b)
		}
	}
	for at, subject := range w.known.appended {
		if told := w.known.subjects[w.known.messages[at]]; told != "" && told != subject {
			w.t.Errorf("%s was appended as %v, which has the subject %s", subject, at, told)
		}
	}
	for name, list := range boxes {
		for _, h := range list {
			if told, known := w.known.messages[place{name, h.uid}]; known && told != string(h.message) {
				w.t.Errorf("UID %d of %s is %s, and was told as %s", h.uid, name, h.message, told)
			}
		}
	}
	for _, p := range w.players {
		if p.qresync {
			p.resyncFromLongAgo(boxes[p.mailbox])
		}
	}
	w.close()
	for name, list := range boxes {
		w.compareFiles(name, list)
	}
	if left, _ := filepath.Glob(filepath.Join(w.data, "workspaces", "*", "quarantine", "*")); len(left) > 0 {
		w.t.Errorf("in quarantine: %v", left)
	}
	w.compareAgain(boxes, "opened again", 0)
	_, err := mailstore.Rebuild(w.t.Context(), w.data, w.in.WorkspaceID(), mailstore.Options{MinFree: -1})
	w.must(err)
	w.compareAgain(boxes, "rebuilt", mailstore.RebuildGap)
}

func lines1(list []held) string {
	var text []string
	for _, h := range list {
		text = append(text, h.String())
	}
	return strings.Join(text, "\n")
}

func (w *world) holds(in mailstore.Inbox, name string) (list []held) {
	w.t.Helper()
	m, err := in.Mailbox(w.t.Context(), name)
	w.must(err)
	var uids []uint32
	_, err = in.Changes(w.t.Context(), m.ID, 0, func(e mailstore.Entry) {
		uids = append(uids, e.UID)
		var flags []string
		for _, f := range flagNames {
			if e.Flags&f.flag != 0 {
				flags = append(flags, f.name)
			}
		}
		list = append(list, held{uid: e.UID, flags: normalFlags(append(flags, e.Keywords...))})
	})
	w.must(err)
	for len(uids) > 0 {
		rows, done, err := in.Rows(w.t.Context(), m.ID, uids, mailstore.WantPlace)
		w.must(err)
		for _, r := range rows {
			i := slices.IndexFunc(list, func(h held) bool { return h.uid == r.UID })
			list[i].message = r.MessageID
		}
		uids = uids[done:]
	}
	return list
}

// close ends the server and closes the stores cleanly.
func (w *world) close() {
	w.t.Helper()
	w.stop()
	err := <-w.ended
	w.ended <- err // the bed looks at it too
	w.must(errors.Join(err, w.store.Close()))
}

// compareFiles wants a file for each message of a mailbox, whose name tells its flags, and no other.
func (w *world) compareFiles(name string, list []held) {
	w.t.Helper()
	dir := filepath.Join(w.data, "workspaces", string(w.in.WorkspaceID()), "maildir", string(w.in.ID()))
	if name != mailstore.InboxMailbox {
		dir = filepath.Join(dir, "."+strings.ReplaceAll(name, "/", "."))
	}
	var files, want []string
	for _, sub := range []string{"new", "cur", "tmp"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
		for _, e := range entries {
			base, flags, _ := strings.Cut(e.Name(), ":2,")
			id, _, _ := strings.Cut(base, ".")
			files = append(files, sub+" "+id+" "+flags)
		}
	}
	for _, h := range list {
		letters := ""
		for _, l := range [][2]string{{`\draft`, "D"}, {`\flagged`, "F"}, {`\answered`, "R"}, {`\seen`, "S"}, {`\deleted`, "T"}} {
			if slices.Contains(strings.Fields(h.flags), l[0]) {
				letters += l[1]
			}
		}
		sub := "cur"
		if letters == "" {
			sub = "new"
		}
		want = append(want, sub+" "+string(h.message)+" "+letters)
	}
	slices.Sort(files)
	slices.Sort(want)
	if !slices.Equal(files, want) {
		w.t.Errorf("the files of %s are\n%s\nbut should be\n%s", name, strings.Join(files, "\n"), strings.Join(want, "\n"))
	}
}

// compareAgain opens the store anew and looks whether the mailboxes are as they were, with numbers to come that are
// higher by a gap.
func (w *world) compareAgain(boxes map[string][]held, when string, gap uint32) {
	w.t.Helper()
	s, err := mailstore.Open(w.data, mailstore.Options{MinFree: -1})
	w.must(err)
	in := s.Workspace(w.in.WorkspaceID()).Inbox(w.in.ID())
	for name, want := range boxes {
		if got := w.holds(in, name); !slices.Equal(got, want) {
			w.t.Errorf("%s, %s holds\n%s\ninstead of\n%s", when, name, lines1(got), lines1(want))
		}
		m, err := in.Mailbox(w.t.Context(), name)
		w.must(err)
		w.known.mu.Lock()
		for at, told := range w.known.flags {
			for modseq := range told {
				if at.mailbox == name && (at.uid+gap >= m.UIDNext || modseq+uint64(gap) > m.HighestModseq) {
					w.t.Errorf("%s, %s goes on with UID %d and has MODSEQ %d, but UID %d and MODSEQ %d were told before", when, name, m.UIDNext, m.HighestModseq, at.uid, modseq)
				}
			}
		}
		w.known.mu.Unlock()
	}
	w.must(s.Close())
}
