package imapd

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestThousandsOfHalfOpenConnectionsCostLittle(t *testing.T) {
	const open, beyond = 2000, 300
	b := newBed(t, func(c *Config) { c.MaxConnections, c.MaxConnectionsPerSource = open+1, open })
	before := inUse()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	greeting := make([]byte, 1000)
	for i := range open + beyond {
		conn, err := net.Dial("tcp", b.addr)
		b.must(err)
		conns = append(conns, conn)
		conn.SetDeadline(time.Now().Add(patience))
		n, err := conn.Read(greeting)
		b.must(err)
		if text := string(greeting[:n]); strings.HasPrefix(text, "* OK ") != (i < open) || i >= open && !strings.HasPrefix(text, "* BYE [UNAVAILABLE] ") {
			t.Fatalf("connection %d is told %q", i, text)
		}
	}
	if each := (inUse() - before) / open; each > 32<<10 { // with the client's end
		t.Errorf("a connection costs %d KB", each>>10)
	} else {
		t.Logf("a connection costs %d KB", each>>10)
	}
	for _, c := range conns {
		c.Close()
	}
	b.gone()
	b.serves(0)
}

func TestHandshakesThatDoNotEndAreEnded(t *testing.T) {
	b := newBed(t, func(c *Config) { c.TLS, c.HandshakeTimeout = testTLS(), 100*time.Millisecond })
	for _, ahead := range []string{"", "\x16\x03\x01\x02\x00\x01\x00", "GET / HTTP/1.1\r\n\r\n"} {
		c := b.dial()
		c.line()
		c.ok("STARTTLS")
		c.send(ahead)
		if _, err := io.Copy(io.Discard, c.conn); err != nil {
			t.Errorf("after %q: %v", ahead, err)
		}
	}
	b.gone()
	b.serves(0)
}

// dribble sends octets one by one until the server closes.
func (c *client) dribble(octet string) (lines []string) {
	c.t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for line := c.line(); line != ""; line = c.line() {
			lines = append(lines, line)
		}
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return lines
		case <-tick.C:
			io.WriteString(c.conn, octet) // an error shows on the other side
		}
	}
}

func TestSlowClientsHaveSoMuchTimeAndNoMore(t *testing.T) {
	const bound = 200 * time.Millisecond
	b := newBed(t, func(c *Config) { c.LoginTimeout, c.IdleTimeout, c.CommandTimeout = bound, bound, bound })
	for name, begin := range map[string]string{
		"a line": "a", "a literal": "a LOGIN {8000+}\r\n", "behind a literal": "a LOGIN {1+}\r\nx", "SASL": "a AUTHENTICATE PLAIN\r\n", "empty lines": "\r\n",
	} {
		c := b.dial()
		c.line()
		c.send(begin)
		octet := "x"
		if name == "empty lines" {
			octet = "\r\n"
		}
		start := time.Now()
		if lines := c.dribble(octet); len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "* BYE ") {
			t.Errorf("%s: the server said %q", name, lines)
		}
		if took := time.Since(start); took > 10*bound {
			t.Errorf("%s: took %v", name, took)
		}
	}
	for name, begin := range map[string]string{"a line": "a", "a literal": "a SEARCH SUBJECT {1000000+}\r\n", "IDLE": "a IDLE\r\n"} {
		c := b.login("ann@example.com")
		c.send(begin)
		if lines := c.dribble("x"); len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "* BYE ") {
			t.Errorf("%s after login: the server said %q", name, lines)
		}
	}
	b.serves(3)
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	b := newBed(t, func(c *Config) { c.WriteTimeout = 200 * time.Millisecond })
	c := b.login("ann@example.com")
	for range 4 {
		c.append("INBOX", "", mail("large", strings.Repeat("0123456789\r\n", 100_000)))
	}
	c.ok("SELECT INBOX")
	before := inUse()
	go c.pour("a FETCH 1:* (BODY.PEEK[] BODY.PEEK[TEXT] ENVELOPE)\r\n", 1000)
	b.gone()
	if n := inUse() - before; n > 4<<20 {
		t.Errorf("%d KB are held", n>>10)
	}
	b.serves(1)
}

func TestAStopSendsThoseAwayWhoWaitAndStoresNoHalf(t *testing.T) {
	b := newBed(t, func(c *Config) { c.DrainTimeout = 200 * time.Millisecond })
	waits := map[string]string{ // what is said before the server stops
		"a command": "", "IDLE": "a IDLE\r\n", "events": "a NOTIFY SET (PERSONAL (MailboxName))\r\n", "the rest of a line": "a NOO",
	}
	halves := map[string]string{
		"a literal": "a SEARCH SUBJECT {10}\r\n12345", "a message": "a APPEND INBOX {100+}\r\nSubject: half\r\n", "the second message": "a APPEND INBOX {4+}\r\na: b {100+}\r\nc",
	}
	clients := map[string]*client{}
	for _, list := range []map[string]string{waits, halves} {
		for name, said := range list {
			c := b.login("ann@example.com")
			c.ok("SELECT INBOX")
			c.ok("NOOP")
			c.send(said)
			if name == "IDLE" || name == "a literal" {
				c.line()
			} else if name == "events" {
				c.answers("a")
			}
			clients[name] = c
		}
	}
	clients["a login"] = b.dial()
	clients["a login"].line()
	waits["a login"] = ""
	b.stop()
	for name, c := range clients {
		_, waiting := waits[name]
		line := c.line()
		if waiting && !strings.HasPrefix(line, "* BYE [UNAVAILABLE] ") || !waiting && line != "" && !strings.HasPrefix(line, "* BYE ") {
			t.Errorf("who waits for %s is told %q", name, line)
		}
		if line := c.line(); line != "" {
			t.Errorf("who waits for %s is told %q afterwards", name, line)
		}
	}
	b.gone()
	if c := b.count("ann@example.com", "INBOX"); c.Messages != 0 {
		t.Errorf("INBOX holds %d messages", c.Messages)
	}
}

func TestMessagesThatAreGoneHoldNoSnapshots(t *testing.T) {
	const messages, gone = 500, 100
	b := newBed(t, nil)
	c := b.login("ann@example.com")
	c.fill(messages)
	watcher := b.login("ann@example.com")
	watcher.ok("SELECT INBOX")
	watcher.ok("FETCH 1 FLAGS")
	before := inUse()
	for range gone {
		c.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
		c.ok("EXPUNGE")
		watcher.ok("FETCH 1 FLAGS")
	}
	if n := inUse() - before; n > 512<<10 { // one is 16 KB
		t.Errorf("%d KB are held for %d messages that are gone", n>>10, gone)
	}
	if got := watcher.ok("NOOP"); len(got) != gone {
		t.Errorf("NOOP told %d lines", len(got))
	}
}
