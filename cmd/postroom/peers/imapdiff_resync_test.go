package peers

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// resyncForms are the ways in which a client can come back (RFC 7162, 3.2.5 and 3.2.6).
var resyncForms = []struct {
	name    string
	command func(c *resyncClient) []string
}{
	{"the one that names nothing", func(c *resyncClient) []string {
		return []string{fmt.Sprintf("SELECT INBOX (QRESYNC (%d %d))", c.validity, c.modseq)}
	}},
	{"the one that names what it knows", func(c *resyncClient) []string {
		return []string{fmt.Sprintf("SELECT INBOX (QRESYNC (%d %d %s))", c.validity, c.modseq, c.known())}
	}},
	{"the one that names more than it knows", func(c *resyncClient) []string {
		return []string{fmt.Sprintf("SELECT INBOX (QRESYNC (%d %d 1:%d))", c.validity, c.modseq, c.last()+10)}
	}},
	{"the one that tells numbers with UIDs", func(c *resyncClient) []string {
		numbers, uids := c.sample()
		return []string{fmt.Sprintf("SELECT INBOX (QRESYNC (%d %d %s (%s %s)))", c.validity, c.modseq, c.known(), numbers, uids)}
	}},
	{"the one that reads only", func(c *resyncClient) []string {
		return []string{fmt.Sprintf("EXAMINE INBOX (QRESYNC (%d %d))", c.validity, c.modseq)}
	}},
	{"the one that fetches", func(c *resyncClient) []string {
		return []string{"SELECT INBOX", fmt.Sprintf("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)", c.modseq)}
	}},
}

// resyncClient is a client that keeps what it knows of a mailbox while it is away.
type resyncClient struct {
	name    string
	form    func(c *resyncClient) []string
	session *diffSession
	chance  *rand.Rand

	flags    mailboxState
	validity uint64
	modseq   uint64          // up to which all changes are known
	exists   int             // as the server told it
	earlier  map[uint64]bool // UIDs that vanished earlier, as this connection was told
	heard    []string
}

// resynchronise brings the client up to date over a connection that has just logged in.
func (c *resyncClient) resynchronise() error {
	c.heard, c.earlier = nil, map[uint64]bool{}
	if _, err := c.ask("ENABLE QRESYNC"); err != nil {
		return err
	}
	commands := []string{"SELECT INBOX"}
	if c.validity != 0 {
		commands = c.form(c)
	}
	since := c.modseq
	highest := uint64(0)
	for i, command := range commands {
		a, err := c.ask(command)
		if err != nil {
			return err
		}
		if i == 0 {
			highest = a.highest
		}
		if a.lowest != 0 && a.lowest <= since && since > 0 {
			return fmt.Errorf("%s: %s tells a change of MODSEQ %d", c.name, command, a.lowest)
		}
	}
	if err := c.fetchNew(); err != nil {
		return err
	}
	if highest < since {
		return fmt.Errorf("%s: HIGHESTMODSEQ fell from %d to %d", c.name, since, highest)
	}
	c.modseq = highest // what changed since SELECT will be told again
	return nil
}

// fetchNew learns the flags of messages that came since the client last looked.
func (c *resyncClient) fetchNew() error {
	_, err := c.ask(fmt.Sprintf("UID FETCH %d:* (FLAGS)", c.last()+1))
	return err
}

// news is what a client does that stays connected.
func (c *resyncClient) news() error {
	c.heard = nil
	a, err := c.ask("NOOP")
	if err != nil {
		return err
	}
	c.modseq = max(c.modseq, a.highest)
	return c.fetchNew()
}

// matches compares what the client knows with the truth.
func (c *resyncClient) matches(truth mailboxState) error {
	if truth == nil {
		return nil
	}
	if wrong := c.flags.differs(truth); wrong != "" {
		return fmt.Errorf("%s: %s", c.name, wrong)
	}
	if c.exists != len(truth) {
		return fmt.Errorf("%s: EXISTS is %d, and there are %d messages", c.name, c.exists, len(truth))
	}
	return nil
}

// known is the set of the known UIDs; a client without any names one that cannot be.
func (c *resyncClient) known() string {
	if len(c.flags) == 0 {
		return "4294967295"
	}
	return formatSet(slices.Sorted(maps.Keys(c.flags)))
}

func (c *resyncClient) last() uint64 {
	if len(c.flags) == 0 {
		return 0
	}
	return slices.Max(slices.Collect(maps.Keys(c.flags)))
}

// sample is a few sequence numbers and the UIDs that the client knows them with, both ascending.
func (c *resyncClient) sample() (numbers, uids string) {
	all := slices.Sorted(maps.Keys(c.flags))
	var a, b []uint64
	for i, uid := range all {
		if c.chance.IntN(4) == 0 {
			a, b = append(a, uint64(i+1)), append(b, uid)
		}
	}
	if len(a) == 0 {
		return "1", fmt.Sprint(max(1, c.last()))
	}
	return formatSet(a), formatSet(b)
}

// resyncAnswer is what one answer said about mod-sequences.
type resyncAnswer struct {
	lowest, highest uint64 // of the messages told, and of HIGHESTMODSEQ too; 0: none
}

// ask sends a command, takes in what comes, and wants OK.
func (c *resyncClient) ask(command string) (resyncAnswer, error) {
	c.heard = append(c.heard, "C: "+command)
	raw := c.session.command(diffText(command))
	for _, line := range raw.raw {
		c.heard = append(c.heard, "S: "+line)
	}
	if !strings.HasPrefix(raw.final(), "OK") {
		return resyncAnswer{}, fmt.Errorf("%s: %s answers %q (%v)", c.name, command, raw.raw, raw.err)
	}
	var a resyncAnswer
	x := &diffExchange{command: commandWord(command)}
	x.take(c.session, raw)
	flagForm(x)
	for _, l := range x.lines {
		if err := c.learn(l, &a); err != nil {
			return a, fmt.Errorf("%s: %s: %w", c.name, command, err)
		}
	}
	return a, nil
}

// learn takes in one response.
func (c *resyncClient) learn(l diffLine, a *resyncAnswer) error {
	switch {
	case l.hasCode("UIDVALIDITY"):
		c.validity = number(l.code().items[1])
	case l.hasCode("HIGHESTMODSEQ"):
		a.highest = max(a.highest, number(l.code().items[1]))
	case l.kind() == "EXISTS":
		c.exists = int(number(l.values[1]))
	case l.kind() == "EXPUNGE":
		return fmt.Errorf("EXPUNGE is told where QRESYNC is on")
	case l.kind() == "VANISHED":
		return c.forget(l.values[2:])
	case l.kind() == "FETCH" && len(l.values) == 4:
		return c.learnFlags(l.values[3].items, a)
	}
	return nil
}

// forget takes in "VANISHED (EARLIER) set" or "VANISHED set"; only the second lowers the number of messages, so a message that the
// session still counts must not come in the first (RFC 7162, 3.2.10).
func (c *resyncClient) forget(values []imapValue) error {
	earlier := len(values) == 2
	uids, ok := parseSet(values[len(values)-1].text)
	if !ok {
		return fmt.Errorf("VANISHED has no set")
	}
	for _, uid := range uids {
		switch {
		case earlier:
			c.earlier[uid] = true
		case c.earlier[uid]:
			return fmt.Errorf("UID %d vanishes, and had vanished earlier", uid)
		default:
			c.exists--
		}
		delete(c.flags, uid)
	}
	return nil
}

func (c *resyncClient) learnFlags(items []imapValue, a *resyncAnswer) error {
	uid, flags, told := uint64(0), "", false
	for i := 0; i+1 < len(items); i += 2 {
		switch strings.ToUpper(items[i].text) {
		case "UID":
			uid = number(items[i+1])
		case "FLAGS":
			list := slices.DeleteFunc(slices.Clone(items[i+1].items), func(v imapValue) bool { return v.isAtom(`\Recent`) })
			flags, told = plainly([]imapValue{listOf(list...)}), true
		case "MODSEQ":
			if len(items[i+1].items) != 1 {
				return fmt.Errorf("MODSEQ is %s", plainly(items[i+1:i+2]))
			}
			n := number(items[i+1].items[0])
			a.highest = max(a.highest, n)
			if a.lowest == 0 || n < a.lowest {
				a.lowest = n
			}
		}
	}
	if uid == 0 {
		return fmt.Errorf("a FETCH without UID: %s", plainly(items))
	}
	if told {
		c.flags[uid] = flags
	}
	return nil
}
