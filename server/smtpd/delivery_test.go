package smtpd

import (
	"crypto/tls"
	"regexp"
	"strings"
	"testing"
)

// deliver sends a message and wants its acceptance.
func (c *client) deliver(text string, from string, to ...string) {
	c.t.Helper()
	c.envelope(from, to...)
	c.do("DATA", "354 ")
	c.send(text)
	c.do(".", "250 2.6.0 accepted as ses_")
}

const stamp = `[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000`

func wantMail(t *testing.T, got, pattern, text string) {
	t.Helper()
	trace, ok := strings.CutSuffix(got, text)
	if !ok || !regexp.MustCompile(`\A`+pattern+`\z`).MatchString(trace) {
		t.Errorf("stored %q\nwant   %s%s", got, pattern, text)
	}
}

func TestMessageIsStoredByteForByteBehindItsTrace(t *testing.T) {
	b := newBed(t, nil).listen()
	const text = "Return-Path: <old@elsewhere.example>\r\nno colon here\r\nSubject: \xff\xfe\r\n\r\n\tbody \r\n.dot\r\n\r\n"
	c := b.dial().hello()
	c.deliver(strings.ReplaceAll(text, "\r\n.", "\r\n.."), `"odd \"name"@elsewhere.example`, "Ann+Tag@example.com")
	mail := b.mail("ann@example.com")
	if len(mail) != 1 {
		t.Fatalf("%d messages", len(mail))
	}
	wantMail(t, mail[0], `Return-Path: <"odd \\"name"@elsewhere.example>\r\n`+
		`Received: from client.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.postroom\.example with ESMTP\r\n\tid ses_\w+-1\r\n\tfor <ann\+Tag@example\.com>;\r\n\t`+stamp+`\r\n`, text)
}

func TestTraceTellsHowTheMessageCame(t *testing.T) {
	b := newBed(t, func(c *Config) { c.TLS = testTLS() }).listen()
	c := b.dial().hello()
	c.do("STARTTLS", "220 ")
	c.startTLS()
	c.do("EHLO (odd;name)", "250 ")
	c.deliver("secret\r\n", "", "ann@example.com", "bob@example.com")
	suite := tls.CipherSuiteName(c.conn.(*tls.Conn).ConnectionState().CipherSuite)
	pattern := `Return-Path: <>\r\nReceived: from \?odd\?name\? \(\[127\.0\.0\.1\]\)\r\n\tby mx\.postroom\.example with ESMTPS\r\n\t\(TLS1\.3 ` + suite + `\)\r\n\tid ses_\w+-1;\r\n\t` + stamp + `\r\n`
	for _, who := range []string{"ann@example.com", "bob@example.com"} {
		wantMail(t, b.mail(who)[0], pattern, "secret\r\n")
	}
	c.do("MAIL FROM:<jürgen@elsewhere.example> SMTPUTF8", "250 ")
	c.do("RCPT TO:<jürgen@example.com>", "250 ")
	c.do("DATA", "354 ")
	c.do(".", "250 ")
	wantMail(t, b.mail("jürgen@example.com")[0], `(?s:.*) with UTF8SMTPS\r\n(?s:.*)\tfor <jürgen@example\.com>;\r\n\t`+stamp+`\r\n`, "")
}

func TestLargeMessageOverTLS(t *testing.T) {
	b := newBed(t, func(c *Config) { c.TLS = testTLS() }).listen()
	c := b.dial().hello()
	c.secure()
	text := "Subject: large\r\n\r\n" + strings.Repeat("0123456789abcdef\r\n", 100_000)
	c.deliver(text, "a@elsewhere.example", "ann@example.com", "cat@example.net")
	for _, who := range []string{"ann@example.com", "cat@example.net"} {
		mail := b.mail(who)
		if len(mail) != 1 || !strings.HasSuffix(mail[0], "\r\n"+text) {
			t.Errorf("%s has %d messages, or not these bytes", who, len(mail))
		}
	}
}

const sameText = "Subject: the same\r\nMessage-ID: <same@elsewhere.example>\r\n\r\ntext\r\n"

// again sends the same bytes once more, in a session of their own that goes on as told, and counts what is stored then.
func (b *bed) again(goOn func(*client)) int {
	b.t.Helper()
	c := b.dial().hello()
	if b.cfg.TLS != nil {
		c.secure()
	}
	c.envelope("a@elsewhere.example", "ann@example.com")
	c.do("DATA", "354 ")
	c.send(sameText)
	goOn(c)
	c.conn.Close()
	return len(b.mail("ann@example.com"))
}

func leave(c *client)  { c.t.Helper(); c.do(".", "250 2.6.0") }
func reset(c *client)  { leave(c); c.do("RSET", "250 ") }
func quit(c *client)   { leave(c); c.do("QUIT", "221 ") }
func hurry(c *client)  { c.send(".\r\nQUIT\r\n"); c.want("250 2.6.0"); c.want("221 ") }
func chains(c *client) { c.send(".\r\nMAIL FROM:<>\r\n"); c.want("250 2.6.0"); c.want("250 ") }

func TestRetryIsStoredOnce(t *testing.T) {
	for name, change := range map[string]func(*Config){"plain": nil, "TLS": func(c *Config) { c.TLS = testTLS() }} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, change).listen()
			for i, step := range []struct {
				what string
				do   func(*client)
				want int
			}{
				{"the client left with the answer unheard", leave, 1},
				{"its retry, unheard too", leave, 1},
				{"a command was pipelined behind the message", chains, 1},
				{"QUIT was pipelined behind the message", hurry, 1},
				{"the retry was heard: RSET came after it", reset, 1},
				{"a message of its own: the client had heard", leave, 2},
				{"its retry was heard: QUIT came after it", quit, 2},
				{"a message of its own again", quit, 3},
			} {
				if got := b.again(step.do); got != step.want {
					t.Fatalf("step %d: %s: %d are stored, want %d", i, step.what, got, step.want)
				}
			}
		})
	}
}

func TestHalfAMessageIsNotStored(t *testing.T) {
	b := newBed(t, nil).listen()
	for _, half := range []string{"DATA\r\nSubject: half\r\n\r\n", "DATA\r\nSubject: half\r\n\r\n.", "BDAT 40 LAST\r\nSubject: half\r\n\r\n", "BDAT 18 LAST\r\nSubject: half\r\n\r\n", "BDAT 40 LAST\r\n", "BDAT 1 LAST\r\n", "BDAT 1\r\n", "BDAT 17\r\nSubject: half\r\n\r\n", "BDAT 17\r\nSubject: half\r\n\r\nBDAT 9 LAST\r\n", "BDAT 0\r\n"} {
		c := b.dial().hello()
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.send(half)
		c.conn.Close()
	}
	b.must(b.shutdown()) // each session has come to its end
	if n := len(b.mail("ann@example.com")); n != 0 {
		t.Errorf("%d halves are stored", n)
	}
	if log := b.logs.String(); strings.Contains(log, "panic") || !strings.Contains(log, "did not come to its end") {
		t.Errorf("log:\n%s", log)
	}
}

func TestEndlessMessageIsCutOff(t *testing.T) {
	b := newBed(t, func(c *Config) { c.MaxMessageBytes = 100_000 }).listen()
	c := b.dial().hello()
	c.envelope("a@elsewhere.example", "ann@example.com")
	c.do("DATA", "354 ")
	sent := make(chan int)
	go func() {
		line := []byte(strings.Repeat("x", 998) + "\r\n")
		n := 0
		for {
			if _, err := c.conn.Write(line); err != nil {
				sent <- n
				return
			}
			n += len(line)
		}
	}()
	c.want("552 5.3.4")
	<-sent // writing failed: the connection is closed
}
