package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	benchPerSource = 100 // idle connections from one address of the loopback network, since servers bound them by source
)

// idles measures from the acknowledgement of a message on one connection to its EXISTS on another that idles. News that is
// there before the acknowledgement was read counts as no time.
func (r *benchRound) idles() error {
	const name = "IDLE to EXISTS"
	if !r.wanted(name) || !r.offered(name, "IDLE") {
		return nil
	}
	if _, err := r.other.command("SELECT %s", r.mailbox); err != nil {
		return err
	}
	tag, err := r.other.beginIdle()
	if err != nil {
		return err
	}
	for i := range benchNews {
		if err := r.oneNews(name, r.Messages+1+i); err != nil {
			return err
		}
	}
	if err := r.other.endIdle(tag); err != nil {
		return err
	}
	if _, err := r.other.command("UNSELECT"); err != nil {
		return err
	}
	return r.untimed("NOOP", fmt.Sprintf(`STORE %d:* +FLAGS.SILENT (\Deleted)`, r.Messages+1), "EXPUNGE")
}

func (r *benchRound) oneNews(name string, exists int) error {
	type told struct {
		at  time.Time
		err error
	}
	news := make(chan told, 1)
	go func() {
		err := r.other.awaitLine("* " + strconv.Itoa(exists) + " EXISTS")
		news <- told{time.Now(), err}
	}()
	if err := r.conn.appendEach(r.Mailbox, benchBatch(r.mail, exists, exists+1)); err != nil {
		r.other.conn.Close()
		<-news
		return err
	}
	stored := time.Now()
	n := <-news
	if n.err != nil {
		return fmt.Errorf("%s: %w", name, n.err)
	}
	r.sample(name, max(0, n.at.Sub(stored)), 0, 1)
	return nil
}

// beginIdle returns when the server waits (RFC 2177).
func (c *benchConn) beginIdle() (tag string, err error) {
	if tag, err = c.send("IDLE"); err != nil {
		return "", err
	}
	return tag, c.awaitLine("+")
}

func (c *benchConn) endIdle(tag string) error {
	c.w.WriteString("DONE\r\n")
	if err := c.flush(); err != nil {
		return err
	}
	_, err := c.await(tag)
	return err
}

// awaitLine reads up to a response that begins so.
func (c *benchConn) awaitLine(prefix string) error {
	c.conn.SetDeadline(time.Now().Add(benchCommandTimeout))
	for {
		line, err := c.response()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(line.text, []byte(prefix)) {
			return nil
		}
	}
}

// benchIdleReport is what idle connections cost the server. Memory is known only with --pid.
type benchIdleReport struct {
	Connections int     `json:"connections"`
	Seconds     float64 `json:"seconds"`          // until all of them idled
	BeforeKB    int64   `json:"beforeKb"`         // the server's memory without them
	WithKB      int64   `json:"withKb"`           // and with them
	KBEach      float64 `json:"kbEach,omitempty"` // the difference, for each
}

func (r benchIdleReport) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d idle connections after %.1f s", r.Connections, r.Seconds)
	if err == nil && r.KBEach != 0 {
		_, err = fmt.Fprintf(w, "; the server holds %d KB, %d KB without them: %.1f KB each", r.WithKB, r.BeforeKB, r.KBEach)
	}
	fmt.Fprintln(w)
	return err
}

// idle opens connections that have the mailbox selected and wait, and looks at the server's memory before and after.
func (c *benchIMAP) idle(ctx context.Context) (report benchIdleReport, err error) {
	report.Connections = c.Idle
	if c.PID > 0 {
		if report.BeforeKB, err = residentKB(c.PID); err != nil {
			return report, err
		}
	}
	logins, err := c.logins()
	if err != nil {
		return report, err
	}
	begun := time.Now()
	conns := make([]*benchConn, c.Idle)
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.close()
			}
		}
	}()
	if err := c.openIdle(ctx, conns, logins); err != nil {
		return report, err
	}
	report.Seconds = time.Since(begun).Seconds()
	if c.PID > 0 {
		if report.WithKB, err = residentKB(c.PID); err != nil {
			return report, err
		}
		report.KBEach = float64(report.WithKB-report.BeforeKB) / float64(c.Idle)
	}
	return report, nil
}

// benchLogin is who an idle connection belongs to, and what it looks at.
type benchLogin struct{ user, password, mailbox string }

// logins reads --logins; without, all connections are of the one user.
func (c *benchIMAP) logins() ([]benchLogin, error) {
	if c.Logins == "" {
		return []benchLogin{{c.User, c.Password, c.Mailbox}}, nil
	}
	text, err := os.ReadFile(c.Logins)
	if err != nil {
		return nil, fmt.Errorf("read logins: %w", err)
	}
	var list []benchLogin
	for line := range strings.Lines(string(text)) {
		user, password, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, fmt.Errorf("%s: a line is no name and password", c.Logins)
		}
		list = append(list, benchLogin{user, password, "INBOX"})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s is empty", c.Logins)
	}
	return list, nil
}

func (c *benchIMAP) openIdle(ctx context.Context, conns []*benchConn, logins []benchLogin) error {
	return benchAtOnce(len(conns), func(i int) (err error) {
		if conns[i], err = c.dialIdle(ctx, i, logins[i%len(logins)]); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		return nil
	})
}

func (c *benchIMAP) dialIdle(ctx context.Context, i int, login benchLogin) (*benchConn, error) {
	target := c.benchTarget
	target.User, target.Password, target.from = login.user, login.password, idleSource(c.Addr, i)
	conn, err := target.dial(ctx)
	if err != nil {
		return nil, err
	}
	if _, err = conn.command("SELECT %s", imapQuoted(login.mailbox)); err == nil {
		_, err = conn.beginIdle()
	}
	if err != nil {
		conn.close()
		return nil, err
	}
	conn.shrink()
	return conn, nil
}

// idleSource is the address that connection i comes from: one of the loopback network for a server on it, else nil.
func idleSource(addr string, i int) net.IP {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host != "127.0.0.1" || runtime.GOOS != "linux" {
		return nil
	}
	source := i / benchPerSource
	return net.IPv4(127, 1, byte(source/250), byte(1+source%250))
}

// shrink lets go of the buffers, for a connection that only has to stay.
func (c *benchConn) shrink() { c.r, c.w, c.pending = nil, nil, nil }

// residentKB is the memory of a process and its children. Pages that several of them share are counted once, where the
// kernel tells (proc(5), smaps_rollup).
func residentKB(pid int) (int64, error) {
	total, err := processKB(pid)
	if err != nil {
		return 0, err
	}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return 0, fmt.Errorf("read children: %w", err)
			}
			if kb, err := residentKB(child); err == nil { // it may have ended
				total += kb
			}
		}
	}
	return total, nil
}

func processKB(pid int) (int64, error) {
	for _, source := range []struct{ file, field string }{{"smaps_rollup", "Pss:"}, {"status", "VmRSS:"}} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, source.file))
		if err != nil {
			continue
		}
		if _, rest, ok := strings.Cut(string(text), source.field); ok {
			kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			return strconv.ParseInt(kb, 10, 64)
		}
	}
	return 0, fmt.Errorf("the memory of process %d cannot be read", pid)
}
