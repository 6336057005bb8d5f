package smtpc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postroom/postroom/server/courier/smtpc"
)

const text = "Subject: x\r\n\r\nHello.\r\n"

func message(body string, recipients ...string) smtpc.Message {
	return smtpc.Message{Sender: "ann@a.example", Recipients: recipients, Size: int64(len(body)), Body: strings.NewReader(body)}
}

// receiver is a server whose answers are the test's, over a pipe, in virtual time.
type receiver struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	ends sync.WaitGroup
}

// plays lets f be the server.
func (r *receiver) plays(f func()) { r.ends.Go(f) }

// connect opens a session with a receiver that offers PIPELINING.
func connect(t *testing.T, cfg smtpc.Config) (*smtpc.Client, *receiver) {
	t.Helper()
	ours, theirs := net.Pipe()
	r := &receiver{t: t, conn: ours, in: bufio.NewReader(ours)}
	cfg.Hostname, cfg.TLS = "client.example", smtpc.Off
	r.plays(func() {
		r.say("220 mx.test")
		r.lines(1)
		r.say("250-mx.test\r\n250 PIPELINING")
	})
	c, err := smtpc.Connect(t.Context(), theirs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); ours.Close(); r.ends.Wait() })
	return c, r
}

func (r *receiver) say(text string) { io.WriteString(r.conn, text+"\r\n") }

func (r *receiver) lines(n int) {
	for range n {
		r.in.ReadString('\n')
	}
}

// envelope takes a transaction up to the body.
func (r *receiver) envelope() {
	r.lines(3)
	r.say("250 ok\r\n250 ok\r\n354 go")
}

func stepOf(t *testing.T, err error) *smtpc.Error {
	t.Helper()
	e, ok := errors.AsType[*smtpc.Error](err)
	if !ok {
		t.Fatalf("%v is no *smtpc.Error", err)
	}
	return e
}

func TestAReceiverThatStallsIsLeftWithinTwiceBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := connect(t, smtpc.Config{})
		r.plays(func() {
			r.envelope()
			io.ReadFull(r.in, make([]byte, 100_000))
		})
		begin := time.Now()
		_, err := c.Send(t.Context(), message(strings.Repeat(text, 100_000), "bob@b.example"))
		if e := stepOf(t, err); e.Step != smtpc.StepBody || !errors.Is(err, os.ErrDeadlineExceeded) || e.MaybeAccepted() || e.Local {
			t.Errorf("%v; want a timeout in the body", err)
		}
		if took := time.Since(begin); took < smtpc.DefaultBlock || took > 2*smtpc.DefaultBlock+5*time.Second {
			t.Errorf("it took %v", took)
		}
		if c.Reusable() {
			t.Error("the client may be used again")
		}
	})
}

func TestAReceiverThatReadsSlowlyAndSteadilyGetsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := connect(t, smtpc.Config{})
		body := strings.Repeat(text, 2000)
		got := 0
		done := make(chan struct{})
		r.plays(func() {
			defer close(done)
			r.envelope()
			for p := make([]byte, 2000); got < len(body)+3; {
				<-time.After(2 * time.Minute) // each octet that moves renews the 3 minutes of a block of 32 KB
				n, err := r.conn.Read(p)
				if got += n; err != nil {
					return
				}
			}
			r.say("250 taken")
		})
		begin := time.Now()
		out, err := c.Send(t.Context(), message(body, "bob@b.example"))
		if err != nil || !out.Recipients[0].Accepted() {
			t.Errorf("%+v, %v", out, err)
		}
		if took := time.Since(begin); took < 40*time.Minute {
			t.Errorf("it took only %v", took)
		}
		<-done
	})
}

func TestAReceiverThatDripsIsLeftAfterMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := connect(t, smtpc.Config{})
		r.plays(func() {
			r.envelope()
			for p := make([]byte, 1); ; {
				<-time.After(time.Minute)
				if _, err := r.conn.Read(p); err != nil {
					return
				}
			}
		})
		begin := time.Now()
		_, err := c.Send(t.Context(), message(strings.Repeat(text, 2000), "bob@b.example"))
		if e := stepOf(t, err); e.Step != smtpc.StepBody || !errors.Is(err, smtpc.ErrMessageTime) {
			t.Errorf("%v; want ErrMessageTime in the body", err)
		}
		if took := time.Since(begin); took < smtpc.DefaultMessage || took > smtpc.DefaultMessage+5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTheFinalDotThatDidNotLeaveIsNoMaybe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for cut := range len(text) + 3 {
			c, r := connect(t, smtpc.Config{})
			r.plays(func() {
				r.envelope()
				io.ReadFull(r.conn, make([]byte, cut)) // the pipe takes no more than is read
				<-time.After(smtpc.DefaultBlock - time.Second)
				r.conn.Close()
			})
			_, err := c.Send(t.Context(), message(text, "bob@b.example"))
			if e := stepOf(t, err); e.Step != smtpc.StepBody || e.MaybeAccepted() {
				t.Errorf("after %d octets: %v", cut, err)
			}
		}
	})
}

func TestTheEndOfAContextEndsEveryStepAtOnce(t *testing.T) {
	cause := errors.New("we are closing")
	steps := []struct {
		want   smtpc.Step
		server func(r *receiver)
	}{
		{smtpc.StepMail, func(r *receiver) { r.lines(3) }},
		{smtpc.StepRcpt, func(r *receiver) { r.lines(3); r.say("250 ok") }},
		{smtpc.StepData, func(r *receiver) { r.lines(3); r.say("250 ok\r\n250 ok") }},
		{smtpc.StepBody, func(r *receiver) { r.envelope() }},
		{smtpc.StepFinal, func(r *receiver) { r.envelope(); r.lines(4) }},
	}
	for _, s := range steps {
		t.Run(string(s.want), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, r := connect(t, smtpc.Config{})
				r.plays(func() { s.server(r) })
				ctx, cancel := context.WithCancelCause(t.Context())
				begin := time.Now()
				time.AfterFunc(time.Second, func() { cancel(cause) })
				_, err := c.Send(ctx, message(text, "bob@b.example"))
				if e := stepOf(t, err); e.Step != s.want || !errors.Is(err, cause) {
					t.Errorf("%v; want the cause at %s", err, s.want)
				}
				if took := time.Since(begin); took != time.Second || c.Reusable() {
					t.Errorf("it took %v, reusable %v", took, c.Reusable())
				}
				if _, err := c.Send(t.Context(), message(text, "bob@b.example")); !errors.Is(err, smtpc.ErrClosed) {
					t.Errorf("another message: %v", err)
				}
			})
		})
	}
}

func TestTheEndOfAContextEndsConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := smtpc.Connect(ctx, theirs, smtpc.Config{Hostname: "client.example"})
		if e := stepOf(t, err); e.Step != smtpc.StepGreeting || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := theirs.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the connection is open: %v", err)
		}
	})
}

func TestQuitDoesNotWaitLong(t *testing.T) {
	for name, server := range map[string]func(r *receiver){
		"for a server that does not answer": func(r *receiver) { r.lines(1) },
		"for a server that does not read":   func(*receiver) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, r := connect(t, smtpc.Config{})
				r.plays(func() { server(r) })
				begin := time.Now()
				err := c.Quit(t.Context())
				if e := stepOf(t, err); e.Step != smtpc.StepQuit || time.Since(begin) > smtpc.DefaultQuit || c.Reusable() {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
			})
		})
	}
}

func TestManyRecipientsGoInGroupsThatFitTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := connect(t, smtpc.Config{})
		var recipients []string
		for i := range 1000 {
			recipients = append(recipients, fmt.Sprintf("recipient-%d@b.example", i))
		}
		most, groups := 0, 0
		done := make(chan struct{})
		r.plays(func() {
			defer close(done)
			for {
				synctest.Wait() // the client waits for answers
				p := make([]byte, 1<<16)
				n, err := r.conn.Read(p)
				if err != nil {
					return
				}
				most, groups = max(most, n), groups+1
				var answers strings.Builder
				for line := range strings.Lines(string(p[:n])) {
					switch {
					case line == "DATA\r\n":
						answers.WriteString("354 go\r\n")
					case line == ".\r\n", strings.HasPrefix(line, "MAIL"):
						answers.WriteString("250 ok\r\n")
					case strings.HasPrefix(line, "RCPT") && strings.Contains(line, "7@"):
						answers.WriteString("550 5.1.1 no seven\r\n")
					case strings.HasPrefix(line, "RCPT"):
						answers.WriteString("250 ok\r\n")
					}
				}
				io.WriteString(r.conn, answers.String())
			}
		})
		out, err := c.Send(t.Context(), message(text, recipients...))
		if err != nil {
			t.Fatal(err)
		}
		for i, res := range out.Recipients {
			if res.Accepted() == strings.Contains(recipients[i], "7@") {
				t.Errorf("%s: %+v", recipients[i], res)
			}
		}
		c.Close()
		<-done
		if most > 4096 || groups > 15 {
			t.Errorf("the largest group had %d octets, and there were %d", most, groups)
		}
	})
}

func TestAServerThatRefusesWithinTheBodyIsHeard(t *testing.T) {
	for name, refuse := range map[string]func(r *receiver){
		"and closes": func(r *receiver) { r.say("552 5.3.4 too large"); r.conn.Close() },
		"and stalls": func(r *receiver) { r.say("552 5.3.4 too large") },
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			held := make(chan struct{})
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				r := &receiver{t: t, conn: conn, in: bufio.NewReader(conn)}
				r.say("220 mx.test")
				r.lines(1)
				r.say("250-mx.test\r\n250 PIPELINING")
				r.envelope()
				r.lines(1000)
				refuse(r)
				<-held
			}()
			defer close(held)
			c, err := smtpc.Dial(t.Context(), smtpc.From(ln.Addr().(*net.TCPAddr).AddrPort().Addr()), ln.Addr().String(),
				smtpc.Config{Hostname: "client.example", TLS: smtpc.Off, Timeouts: smtpc.Timeouts{Block: 300 * time.Millisecond}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			out, err := c.Send(t.Context(), message(strings.Repeat(text, 2_000_000), "bob@b.example"))
			if err != nil || out.Recipients[0].Step != smtpc.StepBody || out.Recipients[0].Reply.Status != "5.3.4" || c.Reusable() {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
}
