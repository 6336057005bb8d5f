package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a program that runs on a pseudo-terminal of our own, as programs for people want it.
type terminal struct {
	t      testing.TB
	cmd    *exec.Cmd
	master *os.File
	done   chan error

	mu    sync.Mutex
	drawn []byte // all that it ever drew
}

// terminal starts a program on 120 by 40 characters; it ends with the test at the latest.
func (c *client) terminal(name string, args ...string) *terminal {
	c.t.Helper()
	master, slave, err := openTerminal()
	if err != nil {
		c.t.Fatal(err)
	}
	defer slave.Close()
	ctx, cancel := context.WithTimeout(c.t.Context(), clientPatience)
	tm := &terminal{t: c.t, master: master, done: make(chan error, 1), cmd: c.command(ctx, "", name, args...)}
	tm.cmd.Stdin, tm.cmd.Stdout, tm.cmd.Stderr = slave, slave, slave
	tm.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := tm.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			tm.mu.Lock()
			tm.drawn = append(tm.drawn, buf[:n]...)
			tm.mu.Unlock()
			if err != nil { // EIO once the program has gone
				return
			}
		}
	}()
	go func() {
		err := tm.cmd.Wait()
		<-ended
		if ctx.Err() != nil {
			err = fmt.Errorf("cut off after %v: %w", clientPatience, err)
		}
		cancel()
		tm.done <- err
	}()
	c.t.Cleanup(func() {
		cancel()
		<-ended
		master.Close()
	})
	return tm
}

func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			master.Close()
		}
	}()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120}); err != nil {
		return nil, nil, err
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.FormatUint(uint64(number), 10), os.O_RDWR|unix.O_NOCTTY, 0)
	return master, slave, err
}

// keys types.
func (tm *terminal) keys(text string) {
	tm.t.Helper()
	if _, err := tm.master.WriteString(text); err != nil {
		tm.t.Fatal(err)
	}
}

// wait gives all that the program drew once it has ended by itself.
func (tm *terminal) wait() string {
	tm.t.Helper()
	if err := <-tm.done; err != nil {
		tm.t.Fatalf("%q: %v\n%s", tm.cmd.Args, err, tail(tm.text(), 4000))
	}
	return tm.text()
}

var escapes = regexp.MustCompile("\x1b(\\[[0-9;?>=]*[A-Za-z]|\\][^\x07]*\x07|[()].|.)")

// text is what was drawn, without the ways to draw it.
func (tm *terminal) text() string {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return strings.ReplaceAll(string(escapes.ReplaceAll(tm.drawn, []byte(" "))), "\r", "\n")
}

// shows waits until a text was drawn.
func (tm *terminal) shows(text string) {
	tm.t.Helper()
	end := time.Now().Add(clientPatience)
	until(tm.t, fmt.Sprintf("the terminal shows %q", text), func() bool {
		if time.Now().After(end) || len(tm.done) > 0 {
			tm.t.Fatalf("%q never showed %q:\n%s", tm.cmd.Args, text, tail(tm.text(), 4000))
		}
		return strings.Contains(tm.text(), text)
	})
}
