package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	benchMany   = 1000 // messages that are stored, flagged, fetched whole and expunged
	benchMoved  = 500
	benchSpare  = " spare" // behind the mailbox's name
	benchNews   = 5        // messages that an idle client is told of
	benchFields = "DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES"
)

// benchRound is one run of all operations, on connections of its own.
type benchRound struct {
	*benchIMAP
	mail    *benchMail
	number  int
	samples *benchSamples

	conn    *benchConn // has the mailbox selected
	other   *benchConn // has none, or idles
	many    int        // benchMany, or all messages if they are fewer
	moved   int
	mailbox string // quoted
	spare   string // quoted
}

// round measures each operation once. What one changes, it or the next changes back: after a round the mailbox holds the same
// messages in the same order with the same flags.
func (c *benchIMAP) round(ctx context.Context, mail *benchMail, number int, samples *benchSamples) error {
	r := &benchRound{benchIMAP: c, mail: mail, number: number, samples: samples, many: min(benchMany, c.Messages), moved: min(benchMoved, c.Messages),
		mailbox: imapQuoted(c.Mailbox), spare: imapQuoted(c.Mailbox + benchSpare)}
	var err error
	if r.conn, err = c.dial(ctx); err != nil {
		return err
	}
	defer r.conn.close()
	if r.other, err = c.dial(ctx); err != nil {
		return err
	}
	defer r.other.close()
	for _, step := range []func() error{r.prepare, r.open, r.fetches, r.searches, r.names, r.idles, r.stores, r.copies, r.moves, r.appends} {
		if err := step(); err != nil {
			return err
		}
	}
	_, err = r.conn.command("DELETE %s", r.spare)
	return err
}

// prepare looks whether the mailbox is as --fill leaves it.
func (r *benchRound) prepare() error {
	a, err := r.other.command("STATUS %s (MESSAGES)", r.mailbox)
	if err != nil {
		return fmt.Errorf("%w: fill the mailbox with --fill", err)
	}
	if want := "(MESSAGES " + strconv.Itoa(r.Messages) + ")"; !strings.HasSuffix(a.last["STATUS"], want) {
		return fmt.Errorf("the mailbox holds %q, not %q: fill it with --fill", printable(a.last["STATUS"]), want)
	}
	r.other.command("DELETE %s", r.spare) // a run that was cut off may have left it
	_, err = r.other.command("CREATE %s", r.spare)
	return err
}

// wanted reports whether an operation was asked for.
func (r *benchRound) wanted(name string) bool {
	return len(r.Only) == 0 || slices.ContainsFunc(r.Only, func(p string) bool { return strings.HasPrefix(strings.ToUpper(name), strings.ToUpper(p)) })
}

// time measures one command. It must answer so many items; -1 allows any number.
func (r *benchRound) time(name string, want int, items func(benchAnswer) int, format string, args ...any) error {
	if !r.wanted(name) {
		return nil
	}
	a, err := r.conn.command(format, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	n := items(a)
	if want >= 0 && n != want {
		return fmt.Errorf("%s: the server answered %d items, not %d", name, n, want)
	}
	r.sample(name, a.took, a.octets, n)
	return nil
}

func (r *benchRound) sample(name string, took time.Duration, octets int64, items int) {
	o := r.samples.of(name)
	o.took, o.octets, o.items = append(o.took, took), octets, o.items+items
}

// untimed runs commands that undo or prepare.
func (r *benchRound) untimed(commands ...string) error {
	for _, command := range commands {
		if _, err := r.conn.command("%s", command); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	return nil
}

func lines(kind string) func(benchAnswer) int {
	return func(a benchAnswer) int { return a.lines[kind] }
}

func hits(a benchAnswer) int { return a.hits }

func tagged(benchAnswer) int { return 1 }

// open selects the mailbox, which the connection has never seen.
func (r *benchRound) open() error {
	a, err := r.conn.command("SELECT %s", r.mailbox)
	if err != nil {
		return err
	}
	if r.wanted("SELECT") {
		r.sample("SELECT", a.took, a.octets, 1)
	}
	return nil
}

func (r *benchRound) fetches() error {
	for _, f := range []struct {
		name    string
		want    int
		command string
	}{
		{"FETCH FLAGS", r.Messages, "FETCH 1:* (FLAGS)"},
		{"FETCH ENVELOPE", r.Messages, "FETCH 1:* (ENVELOPE)"},
		{"FETCH BODYSTRUCTURE", r.Messages, "FETCH 1:* (BODYSTRUCTURE)"},
		{"FETCH HEADER.FIELDS", r.Messages, "FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (" + benchFields + ")])"},
		{fmt.Sprint("FETCH ", r.many, " BODY"), r.many, fmt.Sprintf("FETCH 1:%d (BODY.PEEK[])", r.many)},
	} {
		if err := r.time(f.name, f.want, lines("FETCH"), "%s", f.command); err != nil {
			return err
		}
	}
	return nil
}

func (r *benchRound) searches() error {
	for _, f := range []struct{ name, capability, command string }{
		{"SEARCH SUBJECT", "", "SEARCH SUBJECT " + imapQuoted(r.mail.subjectTerm(r.number))},
		{"SEARCH BODY", "", "SEARCH BODY " + imapQuoted(r.mail.bodyTerm(r.number))},
		{"SEARCH TEXT", "", "SEARCH TEXT " + imapQuoted(r.mail.bodyTerm(r.number+50))},
		{"SEARCH FROM", "", "SEARCH FROM " + imapQuoted(r.mail.fromTerm(r.number))},
		{"SEARCH UNSEEN", "", "SEARCH UNSEEN"},
		{"SORT DATE", "SORT", "SORT (REVERSE DATE) UTF-8 ALL"},
		{"SORT SUBJECT", "SORT", "SORT (SUBJECT) UTF-8 ALL"},
		{"THREAD REFERENCES", "THREAD=REFERENCES", "THREAD REFERENCES UTF-8 ALL"},
	} {
		if f.capability != "" && !r.offered(f.name, f.capability) {
			continue
		}
		if err := r.time(f.name, -1, hits, "%s", f.command); err != nil {
			return err
		}
	}
	return nil
}

// offered notes an operation that the server has no extension for.
func (r *benchRound) offered(name, capability string) bool {
	if !r.conn.caps[capability] && r.wanted(name) {
		r.samples.of(name).absent = "not offered"
	}
	return r.conn.caps[capability]
}

// names asks about mailboxes, from the connection that has none selected.
func (r *benchRound) names() error {
	r.conn, r.other = r.other, r.conn
	defer func() { r.conn, r.other = r.other, r.conn }()
	if err := r.time("LIST", -1, lines("LIST"), `LIST "" "*"`); err != nil {
		return err
	}
	return r.time("STATUS", 1, lines("STATUS"), "STATUS %s (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)", r.mailbox)
}

// stores sets a flag on many messages and takes it from those that had none.
func (r *benchRound) stores() error {
	name := fmt.Sprint("STORE ", r.many)
	if !r.wanted(name) {
		return nil
	}
	var had []string
	for i := range r.many {
		if strings.Contains(r.mail.flags(i), `\Flagged`) {
			had = append(had, strconv.Itoa(i+1))
		}
	}
	if err := r.untimed(fmt.Sprintf(`STORE 1:%d -FLAGS.SILENT (\Flagged)`, r.many)); err != nil {
		return err
	}
	if err := r.time(name, r.many, lines("FETCH"), `STORE 1:%d +FLAGS (\Flagged)`, r.many); err != nil {
		return err
	}
	return r.untimed(fmt.Sprintf(`STORE 1:%d -FLAGS.SILENT (\Flagged)`, r.many), `STORE `+strings.Join(had, ",")+` +FLAGS.SILENT (\Flagged)`)
}

func (r *benchRound) copies() error {
	return r.time(fmt.Sprint("COPY ", r.moved), 1, tagged, "COPY 1:%d %s", r.moved, r.spare)
}

// moves moves the last messages out, into a mailbox that is empty, and back to where they were.
func (r *benchRound) moves() error {
	name := fmt.Sprint("MOVE ", r.moved)
	if !r.wanted(name) || !r.offered(name, "MOVE") {
		return nil
	}
	if err := r.untimed("UNSELECT", "DELETE "+r.spare, "CREATE "+r.spare, "SELECT "+r.mailbox); err != nil {
		return err
	}
	if err := r.time(name, r.moved, lines("EXPUNGE"), "MOVE %d:* %s", r.Messages-r.moved+1, r.spare); err != nil {
		return err
	}
	return r.untimed("SELECT "+r.spare, "MOVE 1:* "+r.mailbox, "SELECT "+r.mailbox)
}

// appends stores many messages one by one in an empty mailbox, copies them into the filled one, and expunges them there.
func (r *benchRound) appends() error {
	name, expunge := fmt.Sprint("APPEND ", r.many), fmt.Sprint("EXPUNGE ", r.many)
	if !r.wanted(name) && !r.wanted(expunge) {
		return nil
	}
	if err := r.untimed("UNSELECT", "DELETE "+r.spare, "CREATE "+r.spare, "SELECT "+r.spare); err != nil {
		return err
	}
	first := r.Messages + r.number*r.many
	batch := benchBatch(r.mail, first, first+r.many)
	begun := time.Now()
	if err := r.conn.appendEach(r.Mailbox+benchSpare, batch); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if r.wanted(name) {
		r.sample(name, time.Since(begun), 0, r.many)
	}
	if !r.wanted(expunge) {
		return nil
	}
	if err := r.untimed("NOOP", "COPY 1:* "+r.mailbox, "SELECT "+r.mailbox, fmt.Sprintf(`STORE %d:* +FLAGS.SILENT (\Deleted)`, r.Messages+1)); err != nil {
		return err
	}
	return r.time(expunge, r.many, lines("EXPUNGE"), "EXPUNGE")
}
