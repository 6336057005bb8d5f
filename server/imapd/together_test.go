package imapd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
)

// What a client does over IMAP and what is done through the API is one and the same mail.

func (b *bed) journal() mailstore.Journal { return b.store.Workspace(b.homes["example.com"]).Journal() }

// mark is the end of the journal.
func (b *bed) mark() journal.Cursor {
	b.t.Helper()
	c, err := b.journal().End(b.t.Context())
	b.must(err)
	return c
}

// news is what has happened since: the types of lines, and what they say of messages.
func (b *bed) news(since journal.Cursor) (types []string, messages []mailstore.Message) {
	b.t.Helper()
	p, err := b.journal().Read(b.t.Context(), since, nil, nil, 0)
	b.must(err)
	for _, l := range p.Lines {
		var m mailstore.Message
		if len(l.Data) > 0 {
			b.must(json.Unmarshal(l.Data, &m))
		}
		m.ID = mailstore.MessageID(l.MessageID)
		types, messages = append(types, l.Type), append(messages, m)
	}
	return types, messages
}

func (b *bed) message(address string, id mailstore.MessageID) mailstore.Message {
	b.t.Helper()
	m, err := b.inbox(address).Message(b.t.Context(), id)
	b.must(err)
	return m
}

func (b *bed) label(address string, id mailstore.MessageID, add, remove string) {
	b.t.Helper()
	_, err := b.inbox(address).ChangeMessage(b.t.Context(), id, mailstore.MessageChange{AddLabels: strings.Fields(add), RemoveLabels: strings.Fields(remove)})
	b.must(err)
}

// hears wants lines among what a command tells.
func hears(t *testing.T, got []string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%q is not among %q", w, got)
		}
	}
}

const ann = "ann@example.com"

func TestAnAppendedMessageIsInTheJournal(t *testing.T) {
	b := newBed(t, nil)
	c, since := b.login(ann), b.mark()
	if got := c.append("Archive", `\Flagged Weighty`, mail("put there", "hello")); !strings.HasPrefix(got, "OK") {
		t.Fatal(got)
	}
	types, messages := b.news(since)
	if !slices.Equal(types, []string{"message.appended"}) {
		t.Fatalf("the journal has %q", types)
	}
	m := messages[0]
	if m.Envelope.Subject != "put there" || !slices.Equal(m.Labels, []string{"received", "unread", "starred", "weighty"}) || !slices.Equal(m.Mailboxes, []string{"Archive"}) || m.Preview != "hello" {
		t.Errorf("%+v", m)
	}
	hears(t, c.ok("EXAMINE Archive"), "* 1 EXISTS")
	hears(t, c.ok("FETCH 1 (EMAILID THREADID)"), fmt.Sprintf("* 1 FETCH (EMAILID (%s) THREADID (%s))", m.ID, m.ThreadID))
}

func TestAFewMessagesThatAreAppendedAtOnceAreEachInTheJournal(t *testing.T) {
	b := newBed(t, nil)
	c, since := b.login(ann), b.mark()
	one, two := mail("one", "x"), mail("two", "x")
	c.send(fmt.Sprintf("m APPEND Sent (\\Seen) {%d+}\r\n%s (\\Seen) {%d+}\r\n%s\r\n", len(one), one, len(two), two))
	if _, tagged := c.answers("m"); !strings.HasPrefix(tagged, "OK [APPENDUID ") || !strings.Contains(tagged, " 1:2]") {
		t.Fatal(tagged)
	}
	types, messages := b.news(since)
	if !slices.Equal(types, []string{"message.appended", "message.appended"}) || messages[0].Envelope.Subject != "one" || messages[1].Envelope.Subject != "two" {
		t.Fatalf("the journal has %q: %+v", types, messages)
	}
	if !slices.Equal(messages[0].Labels, []string{"sent"}) {
		t.Errorf("labels are %q", messages[0].Labels)
	}
}

func TestDraftsOfAClientAreDraftsInTheAPI(t *testing.T) {
	b := newBed(t, nil)
	c, since := b.login(ann), b.mark()
	c.append("Drafts", `\Seen`, mail("without the flag", "x"))
	c.append("Archive", `\Draft`, mail("with the flag", "x"))
	_, messages := b.news(since)
	for _, m := range messages {
		if !slices.Contains(m.Labels, "draft") {
			t.Errorf("%s has the labels %q", m.Envelope.Subject, m.Labels)
		}
	}
	c.ok("SELECT Archive")
	c.ok(`STORE 1 -FLAGS (\Draft)`)
	if m := b.message(ann, messages[1].ID); slices.Contains(m.Labels, "draft") {
		t.Errorf("it has the labels %q", m.Labels)
	}
	c.ok("SELECT Drafts")
	c.ok("MOVE 1 Sent")
	if m := b.message(ann, messages[0].ID); slices.Contains(m.Labels, "draft") || !slices.Equal(m.Mailboxes, []string{"Sent"}) {
		t.Errorf("it has the labels %q in %q", m.Labels, m.Mailboxes)
	}
}

func TestTrashAndJunkMeanTheSameEverywhere(t *testing.T) {
	for mailbox, label := range map[string]string{"Trash": "trash", "Junk": "spam"} {
		b := newBed(t, nil)
		id := b.deliver(ann, mail("news", "x"))
		c, watcher := b.login(ann), b.login(ann)
		c.ok("SELECT INBOX")
		watcher.ok("SELECT " + mailbox)
		c.ok("MOVE 1 " + mailbox)
		if m := b.message(ann, id); !slices.Equal(m.Labels, []string{"received", "unread", label}) || !slices.Equal(m.Mailboxes, []string{mailbox}) {
			t.Errorf("moved to %s, it has the labels %q in %q", mailbox, m.Labels, m.Mailboxes)
		}
		hears(t, watcher.ok("NOOP"), "* 1 EXISTS")
		b.label(ann, id, "", label)
		hears(t, watcher.ok("NOOP"), "* 1 EXPUNGE")
		hears(t, c.ok("NOOP"), "* 1 EXISTS")
		hears(t, c.ok("FETCH 1 (UID EMAILID)"), fmt.Sprintf("* 1 FETCH (UID 2 EMAILID (%s))", id))
		b.label(ann, id, label, "")
		hears(t, c.ok("NOOP"), "* 1 EXPUNGE")
		hears(t, watcher.ok("NOOP"), "* 1 EXISTS")
		hears(t, watcher.ok("FETCH 1 (UID EMAILID)"), fmt.Sprintf("* 1 FETCH (UID 2 EMAILID (%s))", id))
	}
}

func TestWhatTheAPIDeletesGoesToTrashAndThenForGood(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver(ann, mail("news", "x"))
	c, in := b.login(ann), b.inbox(ann)
	c.ok("SELECT Trash")
	b.must(in.DeleteMessage(t.Context(), id, false))
	hears(t, c.ok("NOOP"), "* 1 EXISTS")
	b.must(in.DeleteMessage(t.Context(), id, false))
	hears(t, c.ok("NOOP"), "* 1 EXPUNGE")
}

func TestKeywordsAreLabelsBothWaysAndKeepTheirSpelling(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver(ann, mail("news", "x"))
	c, other := b.login(ann), b.login(ann)
	c.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	hears(t, c.ok(`STORE 1 +FLAGS ($MDNSent ToDo)`), `* 1 FETCH (FLAGS ($MDNSent ToDo \Recent))`)
	if m := b.message(ann, id); !slices.Equal(m.Labels, []string{"received", "unread", "$mdnsent", "todo"}) {
		t.Errorf("labels are %q", m.Labels)
	}
	b.label(ann, id, "fresh TODO", "$mdnsent")
	hears(t, c.ok("NOOP"), `* 1 FETCH (FLAGS (fresh ToDo \Recent))`, `* FLAGS (\Answered \Flagged \Deleted \Seen \Draft $MDNSent ToDo fresh)`)
	hears(t, other.ok(`STORE 1 +FLAGS (todo FRESH)`), "* 1 FETCH (FLAGS (fresh ToDo))")
	hears(t, other.ok("SEARCH KEYWORD tOdO"), "* SEARCH 1")
	if m := b.message(ann, id); !slices.Equal(m.Labels, []string{"received", "unread", "fresh", "todo"}) {
		t.Errorf("labels are %q", m.Labels)
	}
	for _, label := range []string{"unread", "spam", "Trash", "sent", "draft"} { // these say something else in the API
		c.want("STORE 1 +FLAGS ("+label+")", "NO")
	}
}

func TestACopyIsOneMessageAndOneFile(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver(ann, mail("news", "x"))
	c := b.login(ann)
	c.ok("SELECT INBOX")
	c.ok("CREATE Work/Later")
	c.ok(`STORE 1 +FLAGS (\Seen one)`)
	since := b.mark()
	c.ok("COPY 1 Work/Later")
	c.ok("COPY 1 Archive")
	types, messages := b.news(since)
	if !slices.Equal(types, []string{"message.updated", "message.updated"}) || messages[1].ID != id || !slices.Equal(slices.Sorted(slices.Values(messages[1].Mailboxes)), []string{"Archive", "INBOX", "Work/Later"}) {
		t.Errorf("the journal has %q: %+v", types, messages)
	}
	m := b.message(ann, id)
	if slices.Sort(m.Mailboxes); !slices.Equal(m.Mailboxes, []string{"Archive", "INBOX", "Work/Later"}) {
		t.Errorf("it lies in %q", m.Mailboxes)
	}
	if list, _, err := b.inbox(ann).Messages(t.Context(), mailstore.MessageFilter{}, nil, 0); err != nil || len(list) != 1 {
		t.Errorf("%d messages, %v", len(list), err)
	}
	files := b.filesOf(id)
	if len(files) != 3 {
		t.Fatalf("files are %q", files)
	}
	first, err := os.Stat(files[0])
	b.must(err)
	for _, name := range files[1:] {
		info, err := os.Stat(name)
		if b.must(err); !os.SameFile(first, info) {
			t.Errorf("%s has bytes of its own", name)
		}
	}
	c.ok("SELECT Work/Later")
	c.ok(`STORE 1 +FLAGS (two)`)
	if m := b.message(ann, id); !slices.Equal(m.Labels, []string{"received", "one", "two"}) {
		t.Errorf("labels are %q", m.Labels)
	}
	c.ok("SELECT INBOX")
	hears(t, c.ok("FETCH 1 FLAGS"), `* 1 FETCH (FLAGS (\Seen one))`)
}

// filesOf are the files of a message.
func (b *bed) filesOf(id mailstore.MessageID) (files []string) {
	b.t.Helper()
	err := filepath.WalkDir(filepath.Join(b.data, "workspaces"), func(path string, d os.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), string(id)) {
			files = append(files, path)
		}
		return err
	})
	b.must(err)
	return files
}

func TestOnlyTheLastExpungeDeletesAMessage(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver(ann, mail("news", "x"))
	c := b.login(ann)
	c.ok("SELECT INBOX")
	c.ok("COPY 1 Archive")
	c.ok(`STORE 1 +FLAGS (\Deleted)`)
	since := b.mark()
	c.ok("EXPUNGE")
	types, messages := b.news(since)
	if !slices.Equal(types, []string{"message.updated"}) || messages[0].ID != id || !slices.Equal(messages[0].Mailboxes, []string{"Archive"}) {
		t.Errorf("the journal has %q: %+v", types, messages)
	}
	c.ok("SELECT Archive")
	c.ok(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	since = b.mark()
	c.ok("CLOSE")
	if types, messages = b.news(since); !slices.Equal(types, []string{"message.deleted"}) || messages[0].ID != id {
		t.Errorf("the journal has %q: %+v", types, messages)
	}
	if _, err := b.inbox(ann).Message(t.Context(), id); !errors.Is(err, mailstore.ErrNotFound) {
		t.Error(err)
	}
	if files := b.filesOf(id); len(files) > 0 {
		t.Errorf("files are left: %q", files)
	}
}

func TestTheJournalTellsOfAMessageAsItWas(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver(ann, mail("news", "x"))
	c, since := b.login(ann), b.mark()
	c.ok("SELECT INBOX")
	for _, step := range []string{`STORE 1 +FLAGS (\Flagged)`, "STORE 1 +FLAGS (Later)", `STORE 1 FLAGS.SILENT (\Seen)`, "COPY 1 Archive", "MOVE 1 Trash"} {
		c.ok(step)
	}
	b.label(ann, id, "unread fresh", "trash")
	want := []struct{ labels, mailboxes []string }{
		{[]string{"received", "unread", "starred"}, []string{"INBOX"}},
		{[]string{"received", "unread", "starred", "later"}, []string{"INBOX"}},
		{[]string{"received"}, []string{"INBOX"}},
		{[]string{"received"}, []string{"Archive", "INBOX"}},
		{[]string{"received", "trash"}, []string{"Archive", "Trash"}},
		{[]string{"received", "unread", "fresh"}, []string{"Archive", "INBOX"}},
	}
	_, messages := b.news(since)
	if len(messages) != len(want) {
		t.Fatalf("the journal has %d lines, want %d", len(messages), len(want))
	}
	last := messages[0].CreatedAt
	for i, m := range messages {
		slices.Sort(m.Mailboxes)
		if !slices.Equal(m.Labels, want[i].labels) || !slices.Equal(m.Mailboxes, want[i].mailboxes) || m.ID != id || m.Envelope.Subject != "news" {
			t.Errorf("line %d has %q in %q, want %q in %q", i, m.Labels, m.Mailboxes, want[i].labels, want[i].mailboxes)
		}
		if !m.UpdatedAt.After(last) {
			t.Errorf("line %d is of %v, the one before of %v", i, m.UpdatedAt, last)
		}
		last = m.UpdatedAt
	}
	if now := b.message(ann, id); !now.UpdatedAt.Equal(last) {
		t.Errorf("the message is of %v, the last line of %v", now.UpdatedAt, last)
	}
}

func TestMailboxesThatAClientMakesAreInTheJournal(t *testing.T) {
	b := newBed(t, nil)
	c := b.login(ann)
	c.ok(`LIST "" *`)
	since := b.mark()
	for _, step := range []string{"CREATE a", "CREATE a/b", "RENAME a c", "DELETE c/b"} {
		c.ok(step)
	}
	if types, _ := b.news(since); !slices.Equal(types, []string{"mailbox.created", "mailbox.created", "mailbox.renamed", "mailbox.renamed", "mailbox.deleted"}) {
		t.Errorf("the journal has %q", types)
	}
}

func TestAKeyDoesOverIMAPWhatItMayDo(t *testing.T) {
	type try struct {
		command string
		who     string // the keys that may: r(ead), d(raft), m(anage), u(pdate)
	}
	b, n := newBed(t, nil), 0
	keys := map[string][]string{"r": {"read"}, "d": {"read", "draft"}, "m": {"read", "manage"}, "u": {"messages:read", "messages:update"}}
	for _, x := range []try{
		{"SELECT INBOX | FETCH 1 BODY[]", "rdmu"}, {"SELECT INBOX | SEARCH TEXT x", "rdmu"}, {`STATUS Drafts (MESSAGES)`, "rdmu"}, {`LIST "" *`, "rdmu"}, {"SELECT INBOX | UID FETCH 1 BODY.PEEK[]", "rdmu"},
		{`SELECT INBOX | STORE 1 +FLAGS (\Seen)`, "mu"}, {`SELECT Drafts | STORE 1 +FLAGS (\Seen)`, "dmu"}, {"SELECT INBOX | UID STORE 1 FLAGS.SILENT (x)", "mu"},
		{`SELECT INBOX | EXPUNGE`, "m"}, {`SELECT INBOX | UID EXPUNGE 1`, "m"}, {"SELECT Drafts | EXPUNGE", "dm"},
		{"SELECT INBOX | COPY 1 Archive", "m"}, {"SELECT INBOX | COPY 1 Drafts", "dm"}, {"SELECT INBOX | MOVE 1 Archive", "mu"}, {"SELECT Drafts | MOVE 1 Trash", "mu"}, {"SELECT INBOX | MOVE 1 Drafts", "mu"},
		{"APPEND INBOX {1+}\r\nx", "m"}, {"APPEND Drafts {1+}\r\nx", "dm"}, {"SELECT Drafts | REPLACE 1 Drafts {1+}\r\nx", "dm"}, {"SELECT Drafts | REPLACE 1 Sent {1+}\r\nx", "m"}, {"SELECT INBOX | REPLACE 1 Drafts {1+}\r\nx", "m"},
		{"CREATE a", "mu"}, {"RENAME Work a", "mu"}, {"DELETE Work", "m"}, {"SUBSCRIBE Work", "mu"}, {"UNSUBSCRIBE INBOX", "mu"},
	} {
		for key, permissions := range keys {
			n++
			address := b.attacker("example.com", n) // an inbox with a message
			owner := b.login(address)
			owner.append("Drafts", `\Deleted`, mail("draft", "x"))
			owner.ok("CREATE Work")
			owner.conn.Close()
			since, c := b.mark(), b.dial()
			c.line()
			c.ok("LOGIN " + address + " " + b.key(address, permissions...))
			var tagged string
			for _, line := range strings.Split(x.command, " | ") {
				_, tagged = c.do(line)
			}
			if may := strings.Contains(x.who, key); strings.HasPrefix(tagged, "OK") != may {
				t.Errorf("with %q, %.40q is answered %s", permissions, x.command, tagged)
			} else if types, _ := b.news(since); !may && len(types) > 0 {
				t.Errorf("with %q, %.40q is answered %s, but there is %q", permissions, x.command, tagged, types)
			}
			c.conn.Close()
		}
	}
}

func TestWhatAReaderReadsStaysUnread(t *testing.T) {
	b := newBed(t, nil)
	id := b.deliver(ann, mail("news", "x"))
	c := b.dial()
	c.line()
	c.ok("LOGIN " + ann + " " + b.key(ann, "read"))
	c.ok("SELECT INBOX")
	c.ok("FETCH 1 BODY[]")
	c.ok("CLOSE")
	if m := b.message(ann, id); !slices.Contains(m.Labels, "unread") {
		t.Errorf("labels are %q", m.Labels)
	}
}

func TestACopyOfWhatIsGoneInPartCopiesNothing(t *testing.T) {
	b := newBed(t, nil)
	b.deliver(ann, mail("one", "x"))
	b.deliver(ann, mail("two", "x"))
	c, other := b.login(ann), b.login(ann)
	c.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	other.ok(`STORE 1 +FLAGS (\Deleted)`)
	other.ok("EXPUNGE")
	c.want("COPY 1:2 Archive", "NO [EXPUNGEISSUED]")
	hears(t, c.ok("STATUS Archive (MESSAGES)"), "* STATUS Archive (MESSAGES 0)")
}

func TestASilentStoreDoesNotHideWhatOthersHaveDone(t *testing.T) {
	b := newBed(t, nil)
	b.deliver(ann, mail("one", "x"))
	c, other := b.login(ann), b.login(ann)
	c.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	other.ok(`STORE 1 +FLAGS (\Flagged)`)
	hears(t, c.ok(`STORE 1 +FLAGS.SILENT (\Seen)`), `* 1 FETCH (FLAGS (\Flagged \Seen \Recent))`)
	if got := c.ok(`STORE 1 +FLAGS.SILENT (\Answered)`); len(got) > 0 {
		t.Errorf("what it did alone is told: %q", got)
	}
	c.ok("ENABLE CONDSTORE")
	other.ok(`STORE 1 +FLAGS (work)`)
	got := c.ok(`STORE 1 -FLAGS.SILENT (\Seen)`)
	if !slices.ContainsFunc(got, func(line string) bool {
		return strings.HasPrefix(line, "* 1 FETCH (") && strings.Contains(line, `FLAGS (\Answered \Flagged work \Recent)`)
	}) {
		t.Errorf("was told %q", got)
	}
}
