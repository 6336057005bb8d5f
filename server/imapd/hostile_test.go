package imapd

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// allocated is how many octets the process has allocated since it began; inUse is how many it has in use.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// costs has something happen and wants it to allocate at most so many octets, which is also the most that it can hold.
func (b *bed) costs(what string, most uint64, do func()) {
	b.t.Helper()
	before := allocated()
	start := time.Now()
	do()
	n, took := allocated()-before, time.Since(start)
	b.t.Logf("%s: %d KB in %v", what, n>>10, took.Round(time.Millisecond))
	if n > most {
		b.t.Errorf("%s: %d KB were allocated, want at most %d", what, n>>10, most>>10)
	}
}

// serves wants the server to be well: the next client is served, and there is at most one line in the log for each session
// and none that somebody should look at.
func (b *bed) serves(sessions int) {
	b.t.Helper()
	b.login("bob@example.com").ok("NOOP")
	log := b.logs.String()
	if n := strings.Count(log, "\n"); n > sessions || strings.Contains(log, "level=WARN") || strings.Contains(log, "level=ERROR") {
		b.t.Errorf("%d lines in the log of %d sessions:\n%s", n, sessions, log)
	}
}

// gone waits until all sessions have ended.
func (b *bed) gone() {
	b.t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); b.server.gate.Inside() > 0; <-look.C {
		if time.Now().After(end) {
			b.t.Fatal("sessions do not end")
		}
	}
}

// bye wants the server to say goodbye and to close.
func (c *client) bye() {
	c.t.Helper()
	if line := c.line(); !strings.HasPrefix(line, "* BYE ") {
		c.t.Fatalf("the server said %q, want BYE", line)
	}
	if line := c.line(); line != "" {
		c.t.Fatalf("the server said %q behind BYE", line)
	}
}

// pour sends octets until all are sent or the server has had enough of them.
func (c *client) pour(unit string, times int) {
	block := []byte(strings.Repeat(unit, max(1, (64<<10)/len(unit))))
	for left := len(unit) * times; left > 0; left -= len(block) {
		if _, err := c.conn.Write(block[:min(left, len(block))]); err != nil {
			return
		}
	}
}

// fill puts so many messages into INBOX and selects it.
func (c *client) fill(n int) {
	c.t.Helper()
	command := "APPEND INBOX"
	for i := range n {
		text := mail(fmt.Sprint("number ", i), "Text.")
		command += fmt.Sprintf(" {%d+}\r\n%s", len(text), text)
	}
	c.ok(command)
	c.ok("SELECT INBOX")
}

func TestALiteralOfFourGigabytesIsNotAwaited(t *testing.T) {
	b := newBed(t, nil)
	b.costs("announcements", 1<<20, func() {
		for _, c := range []*client{b.dial(), b.login("ann@example.com")} {
			for _, announced := range []string{"SEARCH SUBJECT {4294967296}", "LOGIN {4294967295}", "X {18446744073709551616}"} {
				c.want(announced, "")
			}
		}
		c := b.login("ann@example.com")
		c.want("APPEND INBOX {4294967296}", "NO [TOOBIG]")
		c.want("APPEND INBOX ~{4294967296}", "NO [TOOBIG]")
		c.want("APPEND INBOX {4294967296+}", "NO [TOOBIG]")
		c.bye()
		c = b.login("ann@example.com")
		c.want("SEARCH SUBJECT {4294967296+}", "BAD [LIMIT]")
		c.bye()
		c = b.dial()
		c.line()
		c.want("LOGIN {4294967296+}", "BAD [LIMIT]")
		c.bye()
	})
	b.serves(8)
}

func TestAnnouncedLiteralsHoldNoMemory(t *testing.T) {
	b := newBed(t, nil)
	const sessions = 50
	var list []*client
	for range sessions {
		list = append(list, b.login("ann@example.com"))
	}
	before := inUse()
	for _, c := range list {
		c.send("a SEARCH SUBJECT {4000000}\r\n")
		if line := c.line(); !strings.HasPrefix(line, "+ ") {
			t.Fatal(line)
		}
	}
	if each := (inUse() - before) / sessions; each > 64<<10 {
		t.Errorf("an announced literal holds %d KB before it comes", each>>10)
	}
	runtime.KeepAlive(list)
	b.serves(sessions)
}

func TestAnEndlessLineEndsTheSession(t *testing.T) {
	b := newBed(t, nil)
	for name, most := range map[string]uint64{"before login": 1 << 20, "after login": 24 << 20} {
		c := b.dial()
		c.line()
		if name == "after login" {
			c.ok("LOGIN ann@example.com " + b.passwords["ann@example.com"])
		}
		b.costs(name, most, func() {
			c.send("a SEARCH ")
			c.pour("x", 2*maxDiscard)
			if line := c.line(); !strings.HasPrefix(line, "a BAD [LIMIT] ") {
				t.Errorf("%s: %q", name, line)
			}
			c.bye()
		})
	}
	b.serves(2)
}

func TestAMillionUnreadableCommandsAreNotAnswered(t *testing.T) {
	b := newBed(t, nil)
	c := b.dial()
	c.line()
	b.costs("commands", 1<<20, func() {
		go c.pour("tag nonsense\r\n", 1_000_000)
		for range maxBadCommands {
			if line := c.line(); !strings.HasPrefix(line, "tag BAD ") {
				t.Fatal(line)
			}
		}
		if line := c.line(); !strings.HasPrefix(line, "* BYE ") {
			t.Fatal(line)
		}
	})
	b.serves(1)
}

func TestManyPipelinedCommandsAreAllAnswered(t *testing.T) {
	const commands = 50_000
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	before := inUse()
	go c.pour("tag NOOP\r\n", commands)
	for range commands {
		if line := c.line(); line != "tag OK NOOP completed." {
			t.Fatal(line)
		}
	}
	if n := inUse() - before; n > 1<<20 {
		t.Errorf("%d KB are held afterwards", n>>10)
	}
	b.serves(1)
}

func TestDeepSearchTreesAreRefused(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.fill(1)
	for name, key := range map[string]string{
		"parentheses": strings.Repeat("(", 1000) + "ALL" + strings.Repeat(")", 1000), "open": strings.Repeat("(", maxCommand-100),
		"not": strings.Repeat("NOT ", 1000) + "ALL", "endless not": strings.Repeat("NOT ", maxCommand/4-100) + "ALL",
		"or": strings.Repeat("OR (", 1000) + "ALL ALL" + strings.Repeat(") ALL", 1000),
	} {
		b.costs(name, 16*maxCommand, func() { c.want("SEARCH "+key, "BAD ") })
	}
	// A choice of many is no deep tree.
	c.ok("SEARCH " + strings.Repeat("OR ANSWERED ", 1000) + "ALL")
	b.serves(1)
}

func TestManySearchKeysAreBounded(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.fill(100)
	for name, key := range map[string]string{"words": "ALL ", "sets": "1 ", "texts": "TEXT a ", "choices": "OR ALL ", "lists": "(1) "} {
		keys := strings.Repeat(key, (maxCommand-100)/len(key)) + "ALL"
		b.costs(name, 16*maxCommand, func() { c.want("SEARCH "+keys, "") })
	}
	b.serves(1)
}

func TestHugeSetsAreAnswered(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.fill(100)
	all := strings.TrimSuffix(strings.Repeat("1:*,", maxCommand/4-100), ",")
	apart := new(bytes.Buffer)
	for uid := 1; apart.Len() < maxCommand-200; uid += 2 {
		fmt.Fprintf(apart, "%d,", uid)
	}
	odd := strings.TrimSuffix(apart.String(), ",")
	half := odd[:strings.LastIndexByte(odd[:len(odd)/2], ',')]
	const most = 24 * maxCommand
	b.costs("FETCH", most, func() {
		if got := c.ok("FETCH " + all + " UID"); len(got) != 100 {
			t.Errorf("FETCH gave %d messages", len(got))
		}
	})
	b.costs("UID FETCH", most, func() {
		if got := c.ok("UID FETCH " + odd + " FLAGS"); len(got) != 50 {
			t.Errorf("UID FETCH gave %d messages", len(got))
		}
	})
	b.costs("UID STORE", most, func() { c.ok("UID STORE " + odd + " +FLAGS.SILENT (\\Deleted)") })
	b.costs("SEARCH", most, func() { c.ok("SEARCH NOT (" + all + ")") })
	b.costs("UID SEARCH", most, func() { c.ok("UID SEARCH UID " + half + " NOT (" + half + ")") })
	b.costs("UID COPY", most, func() { c.ok("UID COPY " + odd + " Archive") })
	b.costs("UID EXPUNGE", most, func() {
		if got := c.ok("UID EXPUNGE " + odd); len(got) != 50 {
			t.Errorf("UID EXPUNGE took %d messages", len(got))
		}
	})
	b.costs("STORE", most, func() { c.want("STORE "+odd+" +FLAGS (\\Seen)", "BAD ") })
	b.costs("a set as a literal", most, func() { c.want(fmt.Sprintf("UID FETCH {%d+}\r\n%s FLAGS", len(odd), odd), "BAD ") })
	b.serves(1)
}

func TestAHugeSetOfKnownUIDsIsAnsweredSoon(t *testing.T) {
	const messages = 200
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.fill(messages)
	m, err := b.inbox("ann@example.com").Mailbox(t.Context(), "INBOX")
	b.must(err)
	c.ok("ENABLE QRESYNC")
	known := new(bytes.Buffer)
	for uid := 1; known.Len() < maxCommand-200; uid += 2 {
		fmt.Fprintf(known, "%d,", uid)
	}
	b.costs("SELECT", 24*maxCommand, func() {
		got := c.ok(fmt.Sprintf("SELECT INBOX (QRESYNC (%d 1 %s))", m.UIDValidity, strings.TrimSuffix(known.String(), ",")))
		if n := slices.IndexFunc(got, func(line string) bool { return strings.HasPrefix(line, "* 1 FETCH ") }); n < 0 || len(got) < messages/2 {
			t.Errorf("SELECT told %d lines", len(got))
		}
	})
	b.serves(1)
}

func TestPatternsOfListAreBounded(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	long := strings.Repeat("*%", (maxCommand-100)/2)
	many := strings.Repeat("* ", 1_000) + "*"
	b.costs("a long pattern", 16*maxCommand, func() { c.want(fmt.Sprintf("LIST \"\" {%d+}\r\n%s", len(long), long), "") })
	b.costs("a long reference to many patterns", 16*maxCommand, func() {
		c.want(fmt.Sprintf("LIST {%d+}\r\n%s (%s)", maxCommand/2, strings.Repeat("x", maxCommand/2), many), "")
	})
	b.costs("many patterns", 16*maxCommand, func() { c.want("LIST \"\" ("+strings.Repeat("x ", maxCommand/2-1000)+"x)", "") })
	b.serves(1)
}

func TestWhatClientsSayOfThemselvesIsLoggedOnceAndShort(t *testing.T) {
	b := newBed(t, nil)
	c := b.dial()
	c.line()
	const times = 1000
	before := inUse()
	go c.pour("a ID (\"name\" \""+strings.Repeat("x", 8000)+"\" \"name\" \"again\")\r\n", times)
	for range times {
		c.line()
		c.line()
	}
	if n := inUse() - before; n > 256<<10 {
		t.Errorf("%d KB are held", n>>10)
	}
	c.want("LOGIN ann@example.com wrong", "NO")
	b.serves(1)
	if n := len(b.logs.String()); n > 1000 {
		t.Errorf("the log has %d octets", n)
	}
}

func TestAnAppendAbandonedHalfWayLeavesNoFile(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.append("INBOX", "", mail("one", "x")) // the folders are there
	files := func() (list []string) {
		b.must(filepath.WalkDir(b.data, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !strings.Contains(filepath.Base(path), ".db") {
				list = append(list, path)
			}
			return err
		}))
		return list
	}
	before := files()
	for _, sent := range []string{
		"a APPEND INBOX {100+}\r\nSubject: half\r\n",
		"a APPEND INBOX {1000000+}\r\nSubject: half\r\n\r\n" + strings.Repeat("text\r\n", 50_000),
		"a APPEND INBOX {4+}\r\na: b {4+}\r\nc: d {100+}\r\nhalf",
		"a APPEND INBOX {1000000+}\r\n" + strings.Repeat("x", 1_000_000),
		"a APPEND INBOX {1000000+}\r\n" + strings.Repeat("x", 1_000_000) + " {1000000+}\r\n" + strings.Repeat("y", 999_999),
		"a APPEND INBOX {5+}\r\na: b\n {5+}\r\nc: d\n nonsense\r\n",
	} {
		c := b.login("ann@example.com")
		c.send(sent)
		b.must(c.conn.(*net.TCPConn).CloseWrite())
		for c.line() != "" {
		}
	}
	c.ok("LOGOUT")
	b.gone()
	if after := files(); !slices.Equal(after, before) {
		t.Errorf("files are %q, were %q", after, before)
	}
	if c := b.count("ann@example.com", "INBOX"); c.Messages != 1 {
		t.Errorf("INBOX holds %d messages", c.Messages)
	}
	b.serves(8)
}

func (b *bed) count(address, mailbox string) mailstore.Counts {
	b.t.Helper()
	m, err := b.inbox(address).Mailbox(b.t.Context(), mailbox)
	b.must(err)
	c, err := b.inbox(address).Counts(b.t.Context(), m.ID)
	b.must(err)
	return c
}

func TestACompressedBombIsBounded(t *testing.T) {
	b := newBed(t, nil)
	bomb := strings.Repeat(pack(strings.Repeat("x", 1<<20)), 2*maxDiscard>>20)
	t.Logf("%d KB become %d KB", len(bomb)>>10, 2*maxDiscard>>10)
	c := b.login("ann@example.com")
	c.ok("COMPRESS DEFLATE")
	b.costs("the bomb", 24<<20, func() {
		c.pour(bomb, 1)
		c.in = bufio.NewReader(&inflating{from: c.in})
		if line := c.line(); !strings.HasPrefix(line, "* BAD [LIMIT] ") {
			t.Errorf("the server said %q", line)
		}
		c.bye()
	})
	b.serves(1)
}

func TestACorruptCompressedStreamEndsTheSession(t *testing.T) {
	b := newBed(t, nil)
	for _, sent := range []string{"\xff\xff\xff\xff", "a NOOP\r\n", "\x05\xe0", strings.Repeat("\x00\x00\x00\xff\xff", 100_000) + "\xff"} {
		c := b.login("ann@example.com")
		c.ok("COMPRESS DEFLATE")
		c.pour(sent, 1)
		c.conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c.conn) // the server closes
	}
	b.gone()
	b.serves(4)
}

func TestStrangeOctetsAreAnsweredEverywhere(t *testing.T) {
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.fill(3)
	for _, command := range []string{
		"CAPABILITY", "ID (\"name\" \"x\")", "NAMESPACE", "ENABLE CONDSTORE", "CREATE \"Work\"", "DELETE Work", "RENAME Work \"Play\"", "SUBSCRIBE Work", "LIST (SUBSCRIBED) \"\" \"%\" RETURN (STATUS (MESSAGES))",
		"LSUB \"\" *", "STATUS INBOX (MESSAGES UIDNEXT)", "SELECT INBOX (CONDSTORE)", "FETCH 1:2 (FLAGS BODY.PEEK[1.MIME]<0.5> BODY.PEEK[HEADER.FIELDS (Subject \"To\")])",
		"UID FETCH 1:* FLAGS (CHANGEDSINCE 1)", "STORE 1 (UNCHANGEDSINCE 9) +FLAGS.SILENT (\\Seen work)", "SEARCH CHARSET UTF-8 OR SUBJECT \"x\" (NOT SINCE 1-Jan-2026)",
		"UID SEARCH RETURN (MIN COUNT) HEADER X-A \"b\"", "SORT (REVERSE DATE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL", "COPY 1 \"Archive\"", "GETQUOTAROOT INBOX", "NOTIFY NONE", "EXPUNGE", "NOOP", "SELECT INBOX",
	} {
		for _, octet := range []string{"\x00", "\xff", "\xc3", "\x80", "\r", "\x7f", "\x1b", "\"", "{", "{5}", "(", "\\", "\xed\xa0\x80"} {
			for at := range len(command) + 1 {
				odd := command[:at] + octet + command[at:]
				c.send("odd " + odd + "\r\nz NOOP\r\n")
				answered := false
				for line := c.line(); !strings.HasPrefix(line, "z OK "); line = c.line() {
					if line == "" {
						t.Fatalf("%q ended the session", odd)
					}
					answered = answered || strings.HasPrefix(line, "odd ") || strings.HasPrefix(line, "* BAD ")
					if strings.HasPrefix(line, "+ ") { // a literal is awaited; z NOOP was a part of it
						c.send("\r\nz NOOP\r\n")
					}
				}
				if !answered {
					t.Errorf("%q has no answer", odd)
				}
			}
		}
	}
	b.serves(1)
}

func TestAMessageWhoseFileIsCutShortIsNoHalfLiteral(t *testing.T) {
	b := newBed(t, nil)
	b.deliver("ann@example.com", mail("one", strings.Repeat("0123456789\r\n", 10_000)))
	b.must(filepath.WalkDir(b.data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "/maildir/") && d.Type().IsRegular() && strings.Contains(d.Name(), "msg") {
			return os.Truncate(path, 1000)
		}
		return err
	}))
	c := b.login("ann@example.com")
	c.ok("SELECT INBOX")
	c.send("a FETCH 1 BODY.PEEK[]\r\na NOOP\r\n")
	octets, err := io.ReadAll(c.in)
	got := string(octets)
	if err != nil || strings.Contains(got, "a NO") || strings.Contains(got, "a OK") {
		t.Errorf("the server said %d octets, %q at the end, and %v", len(got), got[max(0, len(got)-100):], err)
	}
	b.gone()
	if n := strings.Count(b.logs.String(), "level=ERROR"); n != 1 {
		t.Errorf("the log has %d errors:\n%s", n, b.logs)
	}
}
