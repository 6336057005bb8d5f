package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// What workspaces whose mail waits for its next try may cost a server that starts.
const (
	sleepersReady  = 2 * time.Second
	sleeperOctets  = 2 << 10
	memoryOfNobody = 20 << 20 // what two starts of the same server differ by
)

// Workspaces that have mail which is not due yet are not opened, neither at the start nor when another one sends.
func TestWorkspacesWhoseMailWaitsCostNothing(t *testing.T) {
	sleepers := 1000
	switch {
	case os.Getenv("POSTROOM_LONG") != "":
		sleepers = 10_000
	case testing.Short():
		sleepers = 100
	}
	binary(t)
	s := startSink(t, 1)
	s.record = true
	alone := newHouse(t, s, "1h")
	before := alone.wakeOne("alone")
	h := newHouse(t, s, "1h")
	h.addSleepers(sleepers)
	after := h.wakeOne("beside")
	if after.ready > sleepersReady {
		t.Errorf("it took %v to start beside %d sleeping workspaces", after.ready, sleepers)
	}
	if len(before.open) != 1 || len(after.open) != 1 {
		t.Errorf("workspaces that are open: %d alone, %d beside %d that sleep", len(before.open), len(after.open), sleepers)
	}
	if most := before.resident + memoryOfNobody + int64(sleepers)*sleeperOctets; after.resident > most {
		t.Errorf("%d MB beside %d sleeping workspaces, %d MB alone", after.resident>>20, sleepers, before.resident>>20)
	}
	t.Logf("%d sleep: ready after %v (%v alone), %.1f MB resident (%.1f alone)", sleepers, after.ready, before.ready, float64(after.resident)/(1<<20), float64(before.resident)/(1<<20))
}

// cost is what a running server takes.
type cost struct {
	ready    time.Duration
	resident int64    // octets
	open     []string // workspaces whose index is open
}

// wakeOne starts the server, has the house's own workspace send a message, and measures when that has arrived.
func (h *house) wakeOne(id string) (c cost) {
	h.t.Helper()
	begun := time.Now()
	server := h.serve()
	c.ready = time.Since(begun)
	l := &leaving{h: h, goal: 1}
	session, err := l.login(server.Submissions)
	if err != nil {
		h.t.Fatal(err)
	}
	defer session.Close()
	to := "x@" + farDomain(0)
	if err := submit(session, h.address, to, h.text(id, to, 1<<10)); err != nil {
		h.t.Fatal(err)
	}
	if !h.sink.until(patience, func(seen map[string]bool, _ int) bool { return seen[id] }) {
		h.t.Fatalf("the message did not leave\n%s", h.log())
	}
	pid := server.cmd.Process.Pid
	c.resident = h.memory(pid)
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		h.t.Skipf("no /proc: %v", err)
	}
	known := map[string]bool{}
	for _, f := range files {
		name, _ := os.Readlink(f) // it may be closed by now
		if dir, file := filepath.Split(name); file == "index.db" && !known[dir] {
			known[dir] = true
			c.open = append(c.open, dir)
		}
	}
	if err := server.stop(); err != nil {
		h.t.Error(err)
	}
	return c
}

// memory is a process's resident memory in octets.
func (h *house) memory(pid int) (octets int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		h.t.Skipf("no /proc: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &octets); err != nil {
		h.t.Fatal(err)
	}
	return octets << 10
}

// addSleepers makes workspaces, each with a message that was refused for now and is due again in an hour.
func (h *house) addSleepers(n int) {
	h.t.Helper()
	h.open(func(ctx context.Context, _ *mailstore.Store, dir *tenancy.Directory) error {
		relaying, stop := context.WithCancel(ctx)
		relayed := make(chan error, 1)
		go func() { relayed <- dir.Relay(relaying) }()
		defer func() { stop(); <-relayed }()
		next := make(chan int)
		errs := make([]error, 8)
		var all sync.WaitGroup
		for w := range errs {
			all.Go(func() {
				for i := range next {
					if errs[w] == nil {
						errs[w] = addSleeper(ctx, dir, fmt.Sprintf("sleeper%d.test", i))
					}
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		all.Wait()
		return errors.Join(errs...)
	})
}

func addSleeper(ctx context.Context, dir *tenancy.Directory, domain string) error {
	op := dir.Operator()
	ws, err := op.CreateWorkspace(ctx, tenancy.NewWorkspace{Name: domain})
	if err != nil {
		return err
	}
	if _, _, err := op.CreateDomain(ctx, ws.ID, tenancy.NewDomain{Domain: domain}); err != nil {
		return err
	}
	owner, _, _, err := op.CreateInbox(ctx, ws.ID, tenancy.NewInbox{Username: "ann", Domain: domain})
	if err != nil {
		return err
	}
	in, err := op.Mail(ctx, ws.ID, owner.Address, tenancy.MessagesSend)
	if err != nil {
		return err
	}
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	io.Copy(sp, strings.NewReader("From: "+owner.Address+"\r\nMessage-ID: <1@"+domain+">\r\n\r\nhello\r\n")) // a failure shows in Submit
	if _, err := in.Submit(ctx, mailstore.Submission{Sender: owner.Address, To: []string{"x@far0.test"}, Spool: sp}); err != nil {
		return err
	}
	box, err := dir.Outbox(ctx, ws.ID)
	if err != nil {
		return err
	}
	parcels, err := box.Claim(ctx, time.Now(), []mailstore.Queue{{Domain: "far0.test", Lane: mailstore.Prompt}, {Domain: "far0.test", Lane: mailstore.Bulk}}, 1)
	if err != nil {
		return err
	}
	left, err := box.Begin(ctx, parcels[0], mailstore.Backoff{time.Hour})
	if err != nil {
		return err
	}
	later := mailstore.Result{Row: left[0].Row, Number: left[0].Attempts, Status: mailstore.Deferred, Code: 451, Reply: "later", RetryAt: time.Now().Add(time.Hour)}
	if err := box.Settle(ctx, []mailstore.Result{later}); err != nil {
		return err
	}
	if _, _, err = box.NextDue(ctx); err != nil {
		return err
	}
	return heard(ctx, dir, ws.ID, "inbox.created")
}

// heard waits until a workspace's journal tells of an event: the news of tenancy come into it a little later.
func heard(ctx context.Context, dir *tenancy.Directory, ws mailstore.WorkspaceID, event string) error {
	log, _, err := dir.Operator().Journal(ctx, ws)
	var at journal.Cursor
	for err == nil {
		var page journal.Page
		if page, err = log.Read(ctx, at, []string{event}, nil, 0); err != nil || len(page.Lines) > 0 {
			break
		}
		at = page.Next
		err = log.Wait(ctx, at)
	}
	return err
}
