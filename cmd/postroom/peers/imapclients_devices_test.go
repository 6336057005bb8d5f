package peers

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Two devices keep copies of one inbox by mbsync at the same time, a third client changes it by IMAP, and all of them
// delete, flag and add at random. In the end all copies are the same.
func TestTwoMbsyncDevicesAndAThirdClientEndEqual(t *testing.T) {
	need(t, "mbsync")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		const seed, rounds, start = 7, 5, 150
		random := rand.New(rand.NewPCG(seed, seed))
		w := dialIMAP(t, at)
		defer w.close()
		w.append("INBOX", testMails("in", start)...)
		devices := []*mbsync{newMbsync(t, at), newMbsync(t, at)}
		together := func() {
			var wait sync.WaitGroup
			for _, m := range devices {
				wait.Go(func() {
					if out, err := m.try("", m.program, "-c", m.config, "both:INBOX"); err != nil {
						t.Errorf("mbsync: %v\n%s", err, tail(out, 2000))
					}
				})
			}
			wait.Wait()
		}
		for _, m := range devices {
			m.sync()
		}
		w.must("SELECT", "INBOX")
		for round := range rounds {
			for i, m := range devices {
				changeAtRandom(t, random, m, fmt.Sprintf("device%d.%d", i, round))
			}
			w.append("INBOX", testMails(fmt.Sprintf("third.%d", round), random.IntN(4)+1)...)
			if uids := w.uids("UNDELETED"); len(uids) > 10 {
				w.must("UID STORE", fmt.Sprintf(`%d +FLAGS.SILENT (\Flagged)`, uids[random.IntN(len(uids))]))
				w.must("UID STORE", fmt.Sprintf(`%d,%d +FLAGS.SILENT (\Deleted)`, uids[random.IntN(len(uids))], uids[random.IntN(len(uids))]))
				w.must("EXPUNGE", "")
			}
			together()
		}
		for range 2 { // what one device told last has to reach the other
			for _, m := range devices {
				m.sync()
			}
		}
		state := serverState(t, at, "X-TUID")["INBOX"]
		for _, m := range devices {
			compareMaildir(t, "INBOX", readMaildir(t, m.folder("INBOX")), state, "X-TUID")
			if got := m.sync(); got != (moved{}) {
				t.Errorf("the last run moved %+v", got)
			}
		}
		t.Logf("%d messages are left", len(state))
	})
}

// changeAtRandom flags, deletes and adds some messages of a device.
func changeAtRandom(t *testing.T, random *rand.Rand, m *mbsync, prefix string) {
	t.Helper()
	near := readMaildir(t, m.folder("INBOX"))
	for _, id := range slices.Sorted(maps.Keys(near)) {
		message := near[id]
		switch n := random.IntN(40); {
		case n < 3:
			letter := string("DFRS"[random.IntN(4)])
			without := strings.ReplaceAll(message.Flags, letter, "")
			if without == message.Flags {
				without += letter
			}
			flags := strings.Split(without, "")
			slices.Sort(flags)
			message.flag(t, strings.Join(flags, ""))
		case n == 3:
			message.flag(t, message.Flags+"T")
		}
	}
	for i, mail := range testMails(prefix, random.IntN(4)) {
		addToMaildir(t, m.folder("INBOX"), fmt.Sprintf("1700000000.%s_%d.here", prefix, i), mail.Text)
	}
}
