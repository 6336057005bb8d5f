package imapd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/tenancy"
)

// marker stands in all that the victim has: no answer to another may hold it.
const marker = "xmarkerx"

// wall has what one may try on another's things with each command, in the words of a client: a line is a script of commands,
// parted by " | ", of which the last is of that command. In braces are the names of things: the victim's, or ones of the
// same form that never were. Commands that need a mailbox are sent in INBOX.
var wall = map[string][]string{
	"CAPABILITY": {"CAPABILITY"},
	"NOOP":       {"NOOP", "SELECT INBOX | NOOP"},
	"LOGOUT":     {"LOGOUT"},
	"ID":         {`ID ("name" "{address}")`},
	"STARTTLS":   {"STARTTLS"},
	"LOGIN":      {"LOGIN {address} {password}"}, // logged in already; before that see below
	"AUTHENTICATE": {
		"AUTHENTICATE PLAIN {plain}", "AUTHENTICATE {keyword}",
	},
	"ENABLE":    {"ENABLE {keyword}"},
	"COMPRESS":  {"COMPRESS {keyword}"},
	"NAMESPACE": {"NAMESPACE"},
	"SELECT": {
		"SELECT {mailbox}", "SELECT {mailbox}/below", "SELECT {mailboxid}", "SELECT {inbox}", "SELECT {address}", "SELECT {address}/INBOX", `SELECT "user/{address}/{mailbox}"`,
		"SELECT ../{inbox}/{mailbox}", "SELECT {workspace}/{inbox}", "SELECT {domain}", "ENABLE QRESYNC | SELECT {mailbox} (QRESYNC ({uidvalidity} 1))",
		"ENABLE QRESYNC | SELECT INBOX (QRESYNC ({uidvalidity} 1 1:{uid} ({number} {uid})))", "ENABLE UTF8=ACCEPT | SELECT {mailbox}",
	},
	"EXAMINE":     {"EXAMINE {mailbox}", "EXAMINE {mailboxid}", "EXAMINE {inbox}", "EXAMINE {address}"},
	"CREATE":      {"CREATE {mailbox}", "CREATE {mailbox}/below", "CREATE {inbox}", `CREATE mine (USE (\Important))`},
	"DELETE":      {"DELETE {mailbox}", "DELETE {mailboxid}", "DELETE {address}", "CREATE {mailbox} | DELETE {mailbox}"},
	"RENAME":      {"RENAME {mailbox} mine", "RENAME INBOX {mailbox}", "RENAME {mailbox}/below mine", "CREATE mine | RENAME mine {mailbox}"},
	"SUBSCRIBE":   {"SUBSCRIBE {mailbox}", "SUBSCRIBE {mailboxid}", "CREATE {mailbox} | SUBSCRIBE {mailbox}"},
	"UNSUBSCRIBE": {"UNSUBSCRIBE {mailbox}", "UNSUBSCRIBE {mailboxid}"},
	"LIST": {
		`LIST "" {mailbox}`, `LIST "" *`, `LIST {mailbox}/ *`, `LIST "{address}" *`, `LIST "" {inbox}`, `LIST (SUBSCRIBED RECURSIVEMATCH) "" *`, `LIST (SUBSCRIBED) "" {mailbox}`,
		`LIST (SPECIAL-USE) "" *`, `LIST "" ({mailbox} %) RETURN (CHILDREN SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UIDNEXT UNSEEN SIZE))`, `LIST "" "*" RETURN (STATUS (MAILBOXID))`,
	},
	"LSUB":         {`LSUB "" *`, `LSUB "" {mailbox}`, `LSUB {mailbox}/ %`},
	"XLIST":        {`XLIST "" *`, `XLIST "" {mailbox}`},
	"STATUS":       {"STATUS {mailbox} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT SIZE HIGHESTMODSEQ MAILBOXID)", "STATUS {mailboxid} (MESSAGES)", "STATUS {address} (MESSAGES)"},
	"GETQUOTA":     {"GETQUOTA {inbox}", "GETQUOTA {address}", "GETQUOTA {workspace}", "GETQUOTA {mailbox}", `GETQUOTA ""`},
	"GETQUOTAROOT": {"GETQUOTAROOT {mailbox}", "GETQUOTAROOT {address}", "GETQUOTAROOT INBOX"},
	"SETQUOTA":     {"SETQUOTA {inbox} (STORAGE 1)", "SETQUOTA {address} (STORAGE 1)"},
	"IDLE":         {}, // see TestNothingOfAnotherIsToldUnasked
	"NOTIFY": {
		"NOTIFY SET STATUS (mailboxes {mailbox} (MessageNew MessageExpunge FlagChange))", "NOTIFY SET STATUS (subtree {mailbox} (MessageNew MessageExpunge))",
		"NOTIFY SET STATUS (personal (MessageNew MessageExpunge MailboxName SubscriptionChange))", "NOTIFY SET (mailboxes {mailboxid} (MailboxName))",
	},
	"CHECK":    {"CHECK"},
	"CLOSE":    {`UID STORE {uid} +FLAGS (\Deleted) | CLOSE`},
	"UNSELECT": {"UNSELECT"},
	"EXPUNGE":  {`UID STORE {uid} +FLAGS (\Deleted) | EXPUNGE`, "UID EXPUNGE {uid}", `STORE 1 +FLAGS (\Deleted) | UID EXPUNGE 1:{uid}`},
	"FETCH": {
		"FETCH {number} (FLAGS EMAILID ENVELOPE BODY[])", "UID FETCH {uid} (FLAGS EMAILID BODY[])", "UID FETCH 1:{uid} (FLAGS EMAILID THREADID PREVIEW ENVELOPE BODY.PEEK[])",
		"ENABLE QRESYNC | UID FETCH 1:{uid} (FLAGS) (CHANGEDSINCE 1 VANISHED)", "UID FETCH {uid} (BINARY[1] BODYSTRUCTURE)", "FETCH 1 BODY.PEEK[HEADER.FIELDS ({keyword})]",
	},
	"STORE":  {`STORE {number} +FLAGS (\Deleted)`, `UID STORE {uid} +FLAGS (\Deleted)`, "UID STORE {uid} FLAGS ({keyword})", "STORE 1 +FLAGS ({keyword})", `UID STORE {uid} (UNCHANGEDSINCE 1) +FLAGS (\Seen)`},
	"SEARCH": searches("SEARCH "),
	"SORT":   searches("SORT (SUBJECT) UTF-8 "),
	"THREAD": searches("THREAD REFERENCES UTF-8 "),
	"COPY":   {"COPY 1 {mailbox}", "COPY {number} Archive", "UID COPY {uid} Archive", "COPY 1 {mailboxid}", "COPY 1 {address}/INBOX", "COPY 1 {inbox}"},
	"MOVE":   {"MOVE 1 {mailbox}", "MOVE {number} Archive", "UID MOVE {uid} Archive", "MOVE 1 {mailboxid}", "MOVE 1 {address}/INBOX", "MOVE 1 {inbox}"},

	// not in the table of commands: their messages are read as they come
	"APPEND":  {"APPEND {mailbox} ({keyword}) {message}", "APPEND {mailboxid} {message}", "APPEND {inbox} {message}", "APPEND {address} {message}"},
	"REPLACE": {"REPLACE {number} INBOX {message}", "UID REPLACE {uid} INBOX {message}", "REPLACE 1 {mailbox} {message}", "REPLACE 1 {address} {message}"},
}

func searches(command string) (list []string) {
	for _, key := range []string{
		"EMAILID {email}", "THREADID {thread}", "KEYWORD {keyword}", "TEXT {subject}", "SUBJECT {subject}", "BODY {subject}", "FROM {subject}", "HEADER Message-ID {subject}", "UID {uid}",
		"UID 1:{uid}", "NOT EMAILID {email}", "OR TEXT {subject} KEYWORD {keyword}",
	} {
		list = append(list, command+key, "UID "+command+key)
	}
	return append(list, command+"{number}")
}

// victim is one whose things others try to reach.
type victim struct {
	address string
	in      mailstore.Inbox
	things  map[string]string // by the word in braces
}

// victim gives somebody mail, a mailbox, keywords and a password that others know.
func (b *bed) victim(address string) victim {
	b.t.Helper()
	in, ctx := b.inbox(address), b.t.Context()
	m, err := in.CreateMailbox(ctx, marker+"-box", "")
	b.must(err)
	_, err = in.CreateMailbox(ctx, marker+"-box/below", `\Important`)
	b.must(err)
	b.must(in.Subscribe(ctx, m.Name, true))
	var id mailstore.MessageID
	for i := range 7 {
		raw := mail(fmt.Sprint(marker, "-subject-", i), "text of "+marker)
		id = b.deliver(address, strings.Replace(raw, "Message-ID: <"+marker+"-subject-6@", "Message-ID: <root@", 1))
	}
	inbox, err := in.Mailbox(ctx, mailstore.InboxMailbox)
	b.must(err)
	_, err = in.Transfer(ctx, inbox.ID, []uint32{1, 2}, m.Name, false)
	b.must(err)
	_, err = in.StoreFlags(ctx, inbox.ID, []uint32{3, 7}, mailstore.FlagChange{Op: mailstore.AddFlags, Flags: mailstore.Flagged, Keywords: []string{marker + "-Word"}}, nil)
	b.must(err)
	got, err := in.Message(ctx, id)
	b.must(err)
	user, domain, _ := strings.Cut(address, "@")
	return victim{address, in, map[string]string{
		"address": address, "password": b.passwords[address], "plain": base64.StdEncoding.EncodeToString([]byte("\x00" + address + "\x00" + b.passwords[address])), "domain": domain,
		"mailbox": m.Name, "mailboxid": m.ObjectID, "uidvalidity": fmt.Sprint(m.UIDValidity), "uid": "7", "number": "7", "keyword": marker + "-Word", "subject": marker + "-subject-6",
		"email": string(id), "thread": string(got.ThreadID), "inbox": string(in.ID()), "workspace": string(in.WorkspaceID()), "user": user,
	}}
}

// nobody has things of the same forms that never were.
func nobody() map[string]string {
	now := time.Now()
	return map[string]string{
		"address": "nobody@nowhere.example", "password": "wrong-wrong-wrong-wrong", "plain": base64.StdEncoding.EncodeToString([]byte("\x00nobody@nowhere.example\x00wrong")),
		"domain": "nowhere.example", "mailbox": "xnothingx-box", "mailboxid": ident.New("mbx", now), "uidvalidity": "7", "uid": "9", "number": "9", "keyword": "xnothingx-Word",
		"subject": "xnothingx-subject-6", "email": ident.New("msg", now), "thread": ident.New("thr", now), "inbox": ident.New("inb", now), "workspace": ident.New("ws", now), "user": "nobody",
	}
}

// all is what the victim has, as its owner sees it.
func (v victim) all(b *bed) string {
	b.t.Helper()
	ctx := b.t.Context()
	var out strings.Builder
	boxes, err := v.in.Mailboxes(ctx)
	b.must(err)
	for _, m := range boxes {
		fmt.Fprintf(&out, "%+v\n", m)
		_, err := v.in.Changes(ctx, m.ID, 0, func(e mailstore.Entry) { fmt.Fprintf(&out, "  %+v\n", e) })
		b.must(err)
	}
	subscriptions, err := v.in.Subscriptions(ctx)
	b.must(err)
	spellings, err := v.in.Spellings(ctx)
	b.must(err)
	messages, _, err := v.in.Messages(ctx, mailstore.MessageFilter{IncludeTrash: true, IncludeSpam: true}, nil, 0)
	b.must(err)
	encoded, err := json.Marshal(messages)
	b.must(err)
	fmt.Fprintln(&out, subscriptions, spellings, string(encoded))
	return out.String()
}

// attacker is a new inbox beside others, with a message that answers one of the victim's.
func (b *bed) attacker(domain string, n int) string {
	b.t.Helper()
	user := fmt.Sprint("mallory", n)
	_, password, _, err := b.dir.Operator().CreateInbox(b.t.Context(), b.homes[domain], tenancy.NewInbox{Username: user, Domain: domain})
	b.must(err)
	address := user + "@" + domain
	b.passwords[address] = password
	b.deliver(address, strings.Replace(mail("mine", "x"), "\r\n\r\n", "\r\nReferences: <root@elsewhere.example>\r\n\r\n", 1))
	return address
}

var changing = regexp.MustCompile(`(mbx|msg|thr|inb|ws)_[0-9a-z]{26}|(UIDVALIDITY|APPENDUID|COPYUID) \d+|\d?\d-[A-Z][a-z][a-z]-\d{4} \d\d:\d\d:\d\d \+0000`)

// try has an attacker run a script of the wall, and gives the answers with the names of things and what changes from one
// time to the next taken out.
func (b *bed) try(address, script string, things map[string]string) (answers string) {
	b.t.Helper()
	c := b.login(address)
	defer c.conn.Close()
	part := strings.Split(script, " | ")
	if name := commandName(part[len(part)-1]); name == "REPLACE" || commands[name].where == inMailbox {
		part = slices.Insert(part, len(part)-1, "SELECT INBOX")
	}
	var said []string
	for _, line := range part {
		line = strings.ReplaceAll(line, "{message}", "{16+}\r\nSubject: x\r\n\r\nx")
		untagged, tagged := c.do(braced.ReplaceAllStringFunc(line, func(word string) string {
			value, known := things[strings.Trim(word, "{}")]
			if !known {
				return word
			}
			return value
		}))
		slices.Sort(untagged) // some come in any order
		said = append(append(said, untagged...), tagged)
	}
	answers = strings.Join(said, "\n")
	for word, value := range things {
		if strings.Contains(script, "{"+word+"}") && !slices.Contains([]string{"uid", "number", "uidvalidity"}, word) {
			answers = replaceFold(answers, value, "{"+word+"}")
		}
	}
	return changing.ReplaceAllString(answers, "$1$2…")
}

var braced = regexp.MustCompile(`\{[a-z]+\}`)

func replaceFold(text, old, by string) string {
	return regexp.MustCompile("(?i)"+regexp.QuoteMeta(old)).ReplaceAllLiteralString(text, by)
}

func commandName(line string) string {
	word := strings.Fields(line)
	if word[0] == "UID" {
		return word[1]
	}
	return word[0]
}

func TestEveryCommandHidesWhatIsAnothers(t *testing.T) {
	b := newBed(t, func(c *Config) { c.MaxConnectionsPerSource, c.TLS = 100_000, testTLS() })
	victims := []victim{b.victim("bob@example.com"), b.victim("cat@example.net")} // of the attacker's own workspace, and of another
	before := []string{victims[0].all(b), victims[1].all(b)}
	for name := range commands {
		if _, known := wall[name]; !known {
			t.Errorf("the wall test has nothing for %s", name)
		}
	}
	n := 0
	for name, scripts := range wall {
		if commands[name].do == nil && name != "APPEND" && name != "REPLACE" {
			t.Errorf("the wall test is about %s, which is no command", name)
		}
		for _, script := range scripts {
			for i, v := range victims {
				n++
				got := b.try(b.attacker("example.com", 2*n), script, v.things)
				want := b.try(b.attacker("example.com", 2*n+1), script, nobody())
				if got != want {
					t.Errorf("%s, of %s's things:\n%s\nof nobody's:\n%s", script, v.address, got, want)
				}
				if strings.Contains(strings.ToLower(got), marker) {
					t.Errorf("%s tells of %s:\n%s", script, v.address, got)
				}
				if after := v.all(b); after != before[i] {
					t.Fatalf("%s changed what %s has:\n%s\nwas\n%s", script, v.address, after, before[i])
				}
			}
		}
	}
}

func TestNothingOfAnotherIsToldUnasked(t *testing.T) {
	b := newBed(t, nil)
	v := b.victim("bob@example.com")
	ctx := t.Context()
	all := "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange"
	for n, script := range []string{
		"SELECT INBOX", "ENABLE QRESYNC | SELECT INBOX", "NOTIFY SET (personal (" + all + "))", "SELECT INBOX | NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (personal (" + all + "))",
		"NOTIFY SET (mailboxes ({mailbox} {mailbox}/below) (" + all + ")) (inboxes (" + all + "))", "NOTIFY SET (subtree {mailbox} (" + all + ")) (subscribed (" + all + "))",
	} {
		address := b.attacker("example.com", n)
		c := b.login(address)
		for _, line := range strings.Split(script, " | ") {
			c.ok(strings.ReplaceAll(line, "{mailbox}", v.things["mailbox"]))
		}
		if !strings.Contains(script, "NOTIFY") {
			c.send("i IDLE\r\n")
			c.line()
		}
		id := b.deliver(v.address, mail(marker, marker))
		_, err := v.in.ChangeMessage(ctx, id, mailstore.MessageChange{AddLabels: []string{"starred", marker}})
		b.must(err)
		m, err := v.in.CreateMailbox(ctx, fmt.Sprint(marker, n), "")
		b.must(err)
		b.must(errors.Join(v.in.Subscribe(ctx, m.Name, true), v.in.DeleteMessage(ctx, id, true), v.in.RenameMailbox(ctx, m.Name, m.Name+"x"), v.in.DeleteMailbox(ctx, m.Name+"x")))
		b.deliver(address, mail("own", "x"))
		if got := c.line(); !strings.HasPrefix(got, "* 2 EXISTS") && !strings.HasPrefix(got, "* STATUS INBOX (MESSAGES 2 ") {
			t.Errorf("%s: was told %q before the news of its own", script, got)
		}
		c.conn.Close()
	}
}

// logins are the ways in, with what is tried before the tag and a name for it.
var logins = map[string]func(c *client, user, secret string) (answers string){
	"LOGIN": func(c *client, user, secret string) string {
		untagged, tagged := c.do("LOGIN " + user + " " + secret)
		return strings.Join(append(untagged, tagged), "\n")
	},
	"PLAIN": func(c *client, user, secret string) string {
		untagged, tagged := c.do("AUTHENTICATE PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+secret)))
		return strings.Join(append(untagged, tagged), "\n")
	},
	"LOGIN mechanism": func(c *client, user, secret string) string {
		c.send("m AUTHENTICATE LOGIN " + base64.StdEncoding.EncodeToString([]byte(user)) + "\r\n")
		said := c.line()
		c.send(base64.StdEncoding.EncodeToString([]byte(secret)) + "\r\n")
		untagged, tagged := c.answers("m")
		return strings.Join(append([]string{said}, append(untagged, tagged)...), "\n")
	},
	"OAUTHBEARER": func(c *client, user, secret string) string {
		c.send("m AUTHENTICATE OAUTHBEARER " + base64.StdEncoding.EncodeToString([]byte("n,a="+user+",\x01auth=Bearer "+secret+"\x01\x01")) + "\r\n")
		said := c.line()
		if strings.HasPrefix(said, "+") {
			c.send("AQ==\r\n")
			said += "\n" + c.line()
		}
		return said
	},
}

func TestALoginThatIsRefusedIsRefusedInTheSameWords(t *testing.T) {
	for name, login := range logins {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, nil) // of each way its own, for failures are counted
			op, ctx := b.dir.Operator(), t.Context()
			make := func(o tenancy.KeyOwner, k tenancy.NewKey) (tenancy.Key, string) {
				k.Name = "test"
				key, secret, err := op.CreateKey(ctx, o, k)
				b.must(err)
				return key, secret
			}
			ann := tenancy.KeyOwner{Workspace: b.homes["example.com"], Inbox: "ann@example.com"}
			_, annKey := make(ann, tenancy.NewKey{})
			revoked, revokedSecret := make(ann, tenancy.NewKey{})
			b.must(op.DeleteKey(ctx, ann, revoked.ID))
			_, elsewhere := make(ann, tenancy.NewKey{Networks: []string{"203.0.113.0/24"}})
			_, otherWorkspace := make(tenancy.KeyOwner{Workspace: b.homes["example.net"]}, tenancy.NewKey{})
			soon := time.Now().Add(300 * time.Millisecond)
			_, expiring := make(ann, tenancy.NewKey{ExpiresAt: &soon})
			for g, err := b.dir.Authenticate(ctx, expiring, netip.MustParseAddr("127.0.0.1")); err == nil; err = g.Check(ctx) {
			}

			var want string
			for _, x := range []struct{ what, user, secret string }{
				{"a user that there is not", "nobody@example.com", "wrong"}, {"a domain that there is not", "ann@nowhere.example", b.passwords["ann@example.com"]},
				{"a wrong password", "ann@example.com", "wrong"}, {"another's password", "ann@example.com", b.passwords["bob@example.com"]},
				{"a password of another workspace", "bob@example.com", b.passwords["cat@example.net"]}, {"no address", "ann", b.passwords["ann@example.com"]},
				{"the id of an inbox", string(b.inbox("bob@example.com").ID()), b.passwords["bob@example.com"]}, {"a key of another inbox", "bob@example.com", annKey},
				{"a key of another workspace", "bob@example.com", otherWorkspace}, {"a key for a user that there is not", "nobody@example.com", annKey}, {"a revoked key", "ann@example.com", revokedSecret},
				{"an expired key", "ann@example.com", expiring}, {"a key bound to other networks", "ann@example.com", elsewhere}, {"a key cut short", "ann@example.com", annKey[:len(annKey)-1]},
				{"the words of a key", "ann@example.com", "pr_ws_0000"},
			} {
				c := b.dial()
				c.line()
				got := regexp.MustCompile(`(?m)^(a\d+|m) `).ReplaceAllString(login(c, x.user, x.secret), "")
				c.conn.Close()
				if want == "" {
					want = got
				}
				if got != want || !strings.Contains(got, "NO [AUTHENTICATIONFAILED]") {
					t.Errorf("%s is answered %q, but %q", x.what, got, want)
				}
			}
			c := b.dial()
			c.line()
			if got := login(c, "ann@example.com", annKey); !strings.Contains(got, "OK") {
				t.Errorf("the right key is answered %q", got)
			}
		})
	}
}

func TestARevokedKeyEndsItsSessionsSoon(t *testing.T) {
	b := newBed(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	relay := make(chan error)
	go func() { relay <- b.dir.Relay(ctx) }()
	t.Cleanup(func() { stop(); b.must(<-relay) })
	op, owner := b.dir.Operator(), tenancy.KeyOwner{Workspace: b.homes["example.com"], Inbox: "ann@example.com"}
	key, secret, err := op.CreateKey(t.Context(), owner, tenancy.NewKey{Name: "test"})
	b.must(err)
	enter := func() *client {
		c := b.dial()
		c.line()
		c.ok("LOGIN ann@example.com " + secret)
		c.ok("SELECT INBOX")
		return c
	}
	idle, notify, quiet, other := enter(), enter(), enter(), b.login("ann@example.com")
	idle.send("i IDLE\r\n")
	idle.line()
	notify.ok("NOTIFY SET (personal (MessageNew MessageExpunge))")
	b.must(op.DeleteKey(t.Context(), owner, key.ID))
	began := time.Now()
	for _, c := range []*client{idle, notify} {
		if got := c.line(); !strings.HasPrefix(got, "* BYE") {
			t.Errorf("was told %q", got)
		}
		if got := c.line(); got != "" {
			t.Errorf("was told %q after the end", got)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	tag := 0
	for { // a quiet one hears it with one of its next commands
		tag++
		quiet.send(fmt.Sprintf("q%d NOOP\r\n", tag))
		if got := quiet.line(); strings.HasPrefix(got, "* BYE") {
			break
		} else if !strings.HasPrefix(got, fmt.Sprintf("q%d OK", tag)) || time.Since(began) > 10*time.Second {
			t.Fatalf("was told %q after %v", got, time.Since(began))
		}
	}
	other.ok("NOOP")
	if _, err := b.dir.Authenticate(t.Context(), secret, netip.MustParseAddr("127.0.0.1")); fault.KindOf(err) == 0 {
		t.Error("the key still works")
	}
}
