package peers

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	resyncRounds  = 12 // of changes, after each of which clients come back
	resyncChanges = 8  // in one round
)

// Two sessions change a mailbox at random. Clients with what they knew come back with QRESYNC in each of its forms, one stays
// connected, and all must know in the end what a client knows that asks for everything; and Dovecot must know the same.
func TestQResyncAgreesWithDovecot(t *testing.T) {
	theirs, ours := dovecotTarget(t), comparedTarget(t)
	for seed := range *imapSeeds {
		t.Run(fmt.Sprintf("seed_%d", seed+1), func(t *testing.T) {
			ends := map[string][]string{}
			for _, target := range []diffTarget{theirs, ours} {
				states, err := resynchronise(t, target, uint64(seed+1))
				if err != nil {
					t.Fatalf("%s: %v", target.name, err)
				}
				ends[target.name] = states
			}
			for round, state := range ends[theirs.name] {
				if mine := ends[ours.name][round]; state != mine {
					t.Fatalf("after round %d %s has\n%s\nand %s\n%s", round+1, theirs.name, state, ours.name, mine)
				}
			}
		})
	}
}

// The same while the changes go on: a client that comes back in the middle of them must not miss what was under way.
func TestQResyncMissesNothingWhileOthersChange(t *testing.T) {
	target := comparedTarget(t)
	for seed := range *imapSeeds {
		t.Run(fmt.Sprintf("seed_%d", seed+1), func(t *testing.T) {
			if err := resynchroniseMeanwhile(t, target, uint64(seed+1)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestALostVanishedIsFound(t *testing.T) {
	honest := dovecotTarget(t)
	hide := func(pattern string) func(string) string {
		hidden := regexp.MustCompile(pattern)
		return func(line string) string { return map[bool]string{false: line}[hidden.MatchString(line)] }
	}
	for _, lie := range []struct {
		name  string
		alter func(response string) string
		found string
	}{
		{"VANISHED EARLIER is lost", hide(`^\* VANISHED \(EARLIER\)`), "is gone but known"},
		{"VANISHED is lost", hide(`^\* VANISHED \d`), "is gone but known"},
		{"a change is lost", hide(`FETCH .*\bUID \d*5 .*MODSEQ`), "known"},
		{"a message is lost", hide(`^\* \d+ EXISTS$`), "EXISTS is"},
		{"HIGHESTMODSEQ is ahead", func(line string) string { return strings.ReplaceAll(line, "[HIGHESTMODSEQ ", "[HIGHESTMODSEQ 9") }, "known"},
		{"VANISHED names what lives", func(line string) string {
			return strings.Replace(line, "* VANISHED (EARLIER) ", "* VANISHED (EARLIER) 50:60,", 1)
		}, "is there but not known"},
	} {
		t.Run(strings.ReplaceAll(lie.name, " ", "_"), func(t *testing.T) {
			liar := honest
			liar.alter = lie.alter
			if _, err := resynchronise(t, liar, 1); err == nil || !strings.Contains(err.Error(), lie.found) {
				t.Errorf("what was noticed is %v", err)
			}
		})
	}
}

// resynchronise makes changes and lets clients come back. It returns what the mailbox holds after each round.
func resynchronise(t *testing.T, target diffTarget, seed uint64) (states []string, err error) {
	r, err := newResync(t, target, seed)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.stay(); err != nil {
		return nil, err
	}
	for round := range resyncRounds {
		script := r.script(resyncChanges)
		for _, step := range script {
			if _, _, err := r.runner.step(step); err != nil {
				return nil, fmt.Errorf("%s: %w", step, err)
			}
		}
		truth, err := r.truth()
		if err != nil {
			return nil, err
		}
		states = append(states, truth.String())
		err = errors.Join(r.staying.news(), r.staying.matches(truth))
		for _, c := range r.returning {
			if err == nil && r.chance.IntN(2) == 0 {
				err = r.comeBack(c, truth)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("seed %d, after round %d, whose steps were\n%v\n%w", seed, round+1, script, err)
		}
	}
	return states, nil
}

// resynchroniseMeanwhile runs the sessions that change and the clients that come back all at once, and compares at the end.
func resynchroniseMeanwhile(t *testing.T, target diffTarget, seed uint64) error {
	r, err := newResync(t, target, seed)
	if err != nil {
		return err
	}
	defer r.close()
	var changing, returning sync.WaitGroup
	done := make(chan struct{})
	failed := make(chan error, 2+len(r.returning))
	for i, session := range []string{"A", "B"} {
		runner := &diffRunner{target: target, user: r.runner.user, password: r.runner.password, mail: r.runner.mail, sessions: map[string]*diffSession{}}
		maker := &streamMaker{r: rand.New(rand.NewPCG(seed, uint64(10+i)))}
		maker.say(session, "SELECT INBOX")
		for range resyncRounds * resyncChanges {
			maker.change(session, "SELECT INBOX")
		}
		changing.Go(func() {
			defer runner.close()
			for _, step := range maker.steps {
				if step.session == "" { // marks are of no use here
					continue
				}
				if _, _, err := runner.step(step); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for _, c := range r.returning {
		returning.Go(func() {
			for {
				if err := r.comeBack(c, nil); err != nil {
					failed <- err
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	changing.Wait()
	close(done)
	returning.Wait()
	close(failed)
	for err := range failed {
		return err
	}
	truth, err := r.truth()
	if err != nil {
		return err
	}
	for _, c := range r.returning {
		if err := r.comeBack(c, truth); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// resync is one mailbox with those who change it and those who watch it.
type resync struct {
	target    diffTarget
	runner    *diffRunner
	maker     *streamMaker
	chance    *rand.Rand
	returning []*resyncClient
	staying   *resyncClient
}

func newResync(t *testing.T, target diffTarget, seed uint64) (*resync, error) {
	user, password, err := target.account()
	if err != nil {
		return nil, err
	}
	r := &resync{
		target: target, maker: &streamMaker{r: rand.New(rand.NewPCG(seed, 1))}, chance: rand.New(rand.NewPCG(seed, 2)),
		runner: &diffRunner{target: target, user: user, password: password, mail: standardMail(t), sessions: map[string]*diffSession{}, variables: map[string]string{}},
	}
	for i, form := range resyncForms {
		r.returning = append(r.returning, &resyncClient{name: form.name, form: form.command, session: nil, flags: mailboxState{}, chance: rand.New(rand.NewPCG(seed, uint64(3+i)))})
	}
	for _, text := range []string{"fill INBOX many", "A: ENABLE QRESYNC", "A: SELECT INBOX", "B: SELECT INBOX"} {
		step, err := parseStep(text)
		if err == nil {
			_, _, err = r.runner.step(step)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *resync) close() {
	r.runner.close()
	if r.staying != nil && r.staying.session != nil {
		r.staying.session.conn.Close()
	}
}

// script is the next few changes.
func (r *resync) script(n int) []diffStep {
	r.maker.steps = nil
	for range n {
		r.maker.change(r.maker.one("A", "A", "B", "B"), "SELECT INBOX")
	}
	return r.maker.steps
}

// stay connects the client that stays.
func (r *resync) stay() error {
	s, err := r.target.login("S", r.runner.user, r.runner.password)
	if err != nil {
		return err
	}
	r.staying = &resyncClient{name: "the one that stays", session: s, flags: mailboxState{}, earlier: map[uint64]bool{}}
	if _, err := r.staying.ask("ENABLE QRESYNC"); err != nil {
		return err
	}
	if _, err := r.staying.ask("SELECT INBOX"); err != nil {
		return err
	}
	return r.staying.fetchNew()
}

// truth is what a client learns that knows nothing and asks for everything.
func (r *resync) truth() (mailboxState, error) {
	s, err := r.target.login("T", r.runner.user, r.runner.password)
	if err != nil {
		return nil, err
	}
	defer s.conn.Close()
	c := &resyncClient{name: "the one that asks for everything", session: s, flags: mailboxState{}, earlier: map[uint64]bool{}}
	if _, err := c.ask("EXAMINE INBOX"); err != nil {
		return nil, err
	}
	_, err = c.ask("UID FETCH 1:* (FLAGS)")
	return c.flags, err
}

// mailboxState is what clients keep of a mailbox: UID to flags, without \Recent, which is of the session.
type mailboxState map[uint64]string

func (m mailboxState) String() string {
	var b strings.Builder
	for _, uid := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%d%s ", uid, m[uid])
	}
	return b.String()
}

// differs says where the states differ, "" if nowhere.
func (m mailboxState) differs(truth mailboxState) string {
	var b strings.Builder
	for _, uid := range slices.Sorted(maps.Keys(m)) {
		if want, ok := truth[uid]; !ok {
			fmt.Fprintf(&b, "UID %d is gone but known; ", uid)
		} else if m[uid] != want {
			fmt.Fprintf(&b, "UID %d has %s but is known with %s; ", uid, want, m[uid])
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(truth)) {
		if _, ok := m[uid]; !ok {
			fmt.Fprintf(&b, "UID %d is there but not known; ", uid)
		}
	}
	return b.String()
}

// comeBack connects, resynchronises in the client's form, compares, and disconnects. Without a truth nothing is compared.
func (r *resync) comeBack(c *resyncClient, truth mailboxState) error {
	s, err := r.target.login("R", r.runner.user, r.runner.password)
	if err != nil {
		return err
	}
	defer s.conn.Close()
	c.session = s
	if err := errors.Join(c.resynchronise(), c.matches(truth)); err != nil {
		return fmt.Errorf("%w\nit said and heard\n  %s", err, strings.Join(c.heard, "\n  "))
	}
	return nil
}

func number(v imapValue) uint64 {
	n, err := strconv.ParseUint(v.text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
