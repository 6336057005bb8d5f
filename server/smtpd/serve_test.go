package smtpd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// pipes is a listener whose connections are in memory, so that time can be made to pass.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return frontAddr{} }

func (p *pipes) dial(t *testing.T) *client {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return newClient(t, ours)
}

// inBubble runs a test over a server whose time is made up. When it ends all goroutines must have ended.
func inBubble(t *testing.T, change func(*Config), test func(t *testing.T, b *bed, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, change)
		p := newPipes()
		b.serve(p)
		test(t, b, p)
		b.must(b.shutdown())
	})
}

func TestSlowButSteadyMessageOutlivesTheTimeout(t *testing.T) {
	t.Run("plain", func(t *testing.T) { slowButSteady(t, nil) })
	t.Run("TLS", func(t *testing.T) { slowButSteady(t, func(c *Config) { c.TLS = testTLS() }) })
}

func slowButSteady(t *testing.T, change func(*Config)) {
	inBubble(t, change, func(t *testing.T, b *bed, p *pipes) {
		c := p.dial(t).hello()
		if b.cfg.TLS != nil {
			c.secure()
		}
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.do("DATA", "354 ")
		begin := time.Now()
		for range 20 {
			time.Sleep(DefaultDataTimeout - time.Second)
			c.send("steady\r\n")
		}
		if took := time.Since(begin); took < 10*DefaultDataTimeout {
			t.Errorf("the message took %v only", took)
		}
		c.do(".", "250 ")
		c.do("QUIT", "221 ")
		if n := len(b.mail("ann@example.com")); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestMessageThatStallsIsCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, p *pipes) {
		c := p.dial(t).hello()
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.do("DATA", "354 ")
		c.send("Subject: half\r\n\r\n")
		begin := time.Now()
		c.want("421 4.4.2")
		c.closed()
		if took := time.Since(begin); took != DefaultDataTimeout {
			t.Errorf("cut off after %v", took)
		}
		if n := len(b.mail("ann@example.com")); n != 0 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestMessageThatTricklesForEverIsCutOff(t *testing.T) {
	for _, how := range []string{"DATA", "BDAT 100000 LAST"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, b *bed, p *pipes) {
				c := p.dial(t).hello()
				c.envelope("a@elsewhere.example", "ann@example.com")
				c.send(how + "\r\n")
				if how == "DATA" {
					c.want("354 ")
				}
				begin := time.Now()
				ended := c.trickle()
				c.want("421 4.4.2")
				if took := time.Since(begin); took != DefaultTransactionTimeout {
					t.Errorf("cut off after %v", took)
				}
				<-ended
				if n := len(b.mail("ann@example.com")); n != 0 {
					t.Errorf("%d messages", n)
				}
			})
		})
	}
}

func TestCommandThatTricklesIsCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, p *pipes) {
		c := p.dial(t).hello()
		begin := time.Now()
		ended := c.trickle()
		c.want("421 4.4.2")
		if took := time.Since(begin); took != DefaultIdleTimeout {
			t.Errorf("cut off after %v", took)
		}
		<-ended
	})
}

// trickle sends an octet each minute until the connection is closed.
func (c *client) trickle() (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		for {
			time.Sleep(time.Minute)
			if _, err := c.conn.Write([]byte("x")); err != nil {
				return
			}
		}
	}()
	return ended
}

func TestSilentClientsAreBounded(t *testing.T) {
	const most, tried = 100, 400
	inBubble(t, func(c *Config) { c.MaxConnections, c.MaxConnectionsPerSource = most, most }, func(t *testing.T, b *bed, p *pipes) {
		var in []net.Conn
		refused := 0
		for range tried {
			ours, theirs := net.Pipe()
			go func() { p.conns <- theirs }()
			c := newClient(t, ours)
			if strings.HasPrefix(c.line(), "421 4.7.0") {
				refused++
				c.closed()
			} else {
				in = append(in, ours)
			}
		}
		if len(in) != most || refused != tried-most {
			t.Errorf("%d are in, %d were refused", len(in), refused)
		}
		begin := time.Now()
		for _, c := range in {
			newClient(t, c).want("421 4.4.2")
			c.Close()
		}
		if took := time.Since(begin); took != DefaultIdleTimeout {
			t.Errorf("the silent ones were held for %v", took)
		}
		synctest.Wait()
		p.dial(t).hello().do("QUIT", "221 ") // there is room again
	})
}

func TestHandshakeHasADeadline(t *testing.T) {
	inBubble(t, func(c *Config) { c.TLS = testTLS() }, func(t *testing.T, b *bed, p *pipes) {
		c := p.dial(t).hello()
		c.do("STARTTLS", "220 ")
		begin := time.Now()
		c.closed()
		if took := time.Since(begin); took != DefaultHandshakeTimeout {
			t.Errorf("waited for %v", took)
		}
	})
}

func TestClientThatDoesNotReadIsCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, p *pipes) {
		c := p.dial(t)
		begin := time.Now()
		b.awaitLog("session ended")
		if took := time.Since(begin); took != DefaultWriteTimeout {
			t.Errorf("waited for %v", took)
		}
		c.conn.Close()
	})
}

// awaitLog lets made-up time pass until the log has the text.
func (b *bed) awaitLog(text string) {
	b.t.Helper()
	for range 3600 {
		synctest.Wait()
		if strings.Contains(b.logs.String(), text) {
			return
		}
		time.Sleep(time.Second)
	}
	b.t.Fatalf("the log never had %q:\n%s", text, b.logs)
}

func TestSourceMayHoldSoManyConnections(t *testing.T) {
	b := newBed(t, func(c *Config) { c.MaxConnectionsPerSource = 2 }).listen()
	first := b.dial().hello()
	b.dial().hello()
	third := b.dial()
	third.want("421 4.7.0 too many connections")
	third.closed()
	first.do("QUIT", "221 ")
	first.closed()
	b.until(func() bool { return b.held() == 1 })
	b.dial().hello()
}

// until gives way to others until the condition holds.
func (b *bed) until(ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			b.t.Fatal("waited in vain")
		}
	}
}

func TestDrainLetsAMessageFinishAndSendsOthersAway(t *testing.T) {
	b := newBed(t, nil).listen()
	idle := b.dial().hello()
	between := b.dial().hello()
	between.envelope("a@elsewhere.example", "ann@example.com")
	chunk := b.dial().hello()
	chunk.envelope("a@elsewhere.example", "ann@example.com")
	chunk.send("BDAT 2\r\nab")
	chunk.want("250 ")
	busy := b.dial().hello()
	busy.envelope("a@elsewhere.example", "bob@example.com")
	busy.do("DATA", "354 ")
	busy.send("Subject: on its way\r\n")

	b.stop()
	for _, c := range []*client{idle, between, chunk} {
		c.want("421 4.3.2")
		c.closed()
	}
	if conn, err := net.Dial("tcp", b.addr); err == nil {
		conn.Close()
		t.Error("a new connection was accepted")
	}
	busy.send("\r\ntext\r\n.\r\n")
	busy.want("250 2.6.0")
	busy.want("421 4.3.2")
	busy.closed()
	b.must(b.shutdown())
	if n := len(b.mail("bob@example.com")); n != 1 {
		t.Errorf("%d messages", n)
	}
	if n := len(b.mail("ann@example.com")); n != 0 {
		t.Errorf("%d messages that did not end", n)
	}
}

func TestDrainEndsWithItsTimeout(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, p *pipes) {
		c := p.dial(t).hello()
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.do("DATA", "354 ")
		c.send("Subject: never ends\r\n")
		begin := time.Now()
		b.must(b.shutdown())
		if took := time.Since(begin); took != DefaultDrainTimeout {
			t.Errorf("drained for %v", took)
		}
		c.closed()
	})
}

func TestServeEndsWithItsListener(t *testing.T) {
	b := newBed(t, nil)
	p := newPipes()
	b.serve(p)
	p.Close()
	if err := <-b.ended; err == nil || !strings.Contains(err.Error(), "accept connection") {
		t.Errorf("Serve gave %v", err)
	}
}

func TestPanicEndsOneSessionOnly(t *testing.T) {
	b := newBed(t, nil)
	working := b.dir
	b.dir = nil // every look-up panics
	b.listen()
	other := b.dial().hello()
	c := b.dial().hello()
	c.do("MAIL FROM:<a@elsewhere.example>", "250 ")
	c.do("RCPT TO:<ann@example.com>", "421 4.0.0 Internal server error")
	c.closed()
	other.do("NOOP", "250 ")
	b.until(func() bool { return strings.Contains(b.logs.String(), "panic serving") })
	b.dir = working
}

func TestBrokenStorageIsTemporaryAndTellsNothing(t *testing.T) {
	b := newBed(t, nil).listen()
	home := filepath.Join(b.data, "workspaces", string(b.homes["example.com"]))
	b.must(os.RemoveAll(home))
	b.must(os.WriteFile(home, []byte("not a directory"), 0o600))
	c := b.dial().hello()
	c.envelope("a@elsewhere.example", "cat@example.net", "ann@example.com")
	c.do("DATA", "354 ")
	if got, want := c.do(".", "451 "), "451 4.3.0 not available now; try again later"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.do("NOOP", "250 ")
}

func TestFullStorageIsTemporaryAndTellsNothing(t *testing.T) {
	b := newEmptyBed(t, nil, mailstore.Options{MinFree: 1 << 62})
	b.workspace("example.com", "ann")
	b.listen()
	for _, size := range []int{10, 200_000} { // in memory, and spooled to a file
		c := b.dial().hello()
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.do("DATA", "354 ")
		c.send("Subject: no room\r\n\r\n" + strings.Repeat("0123456789\r\n", size/12))
		c.do(".", "452 4.3.1 the server's storage is full; try again later")
		c.do("NOOP", "250 ")
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.send(fmt.Sprintf("BDAT %d LAST\r\n%s", size, strings.Repeat("12345678\r\n", size/10)))
		c.want("452 4.3.1 the server's storage is full; try again later")
		c.do("QUIT", "221 ")
	}
}

func TestWireKnowsWhatHasArrived(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := &wire{Conn: conn}
	if !w.quiet() {
		t.Error("something has arrived that was not sent")
	}
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	(&bed{t: t}).until(func() bool { return !w.quiet() })
	if _, err := w.Read(make([]byte, 10)); err != nil || w.reads != 1 {
		t.Errorf("%d reads, %v", w.reads, err)
	}
	if !w.quiet() {
		t.Error("what was read is still waiting")
	}
}
