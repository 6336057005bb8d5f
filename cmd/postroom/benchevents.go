package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/smtp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	api "github.com/postroom/postroom/server/api/client"
)

// benchEvents measures how a server of ours tells many of what comes in. It makes workspaces of its own, and deletes them.
type benchEvents struct {
	HTTP       string        `name:"http" required:"" help:"The server's API, as http://host:port." placeholder:"URL"`
	SMTP       string        `name:"smtp" required:"" help:"Where it takes mail, as host:port." placeholder:"HOST:PORT"`
	Key        string        `required:"" help:"An operator's key." env:"POSTROOM_BENCH_KEY" placeholder:"KEY"`
	Sockets    int           `help:"How many WebSockets to hold." default:"300" placeholder:"N"`
	Workspaces int           `help:"Over how many workspaces they are spread." default:"20" placeholder:"N"`
	Inboxes    int           `help:"How many inboxes each of these has; a socket follows one of them." default:"5" placeholder:"N"`
	Rate       int           `help:"How many messages come in, in a second." default:"200" placeholder:"N"`
	For        time.Duration `help:"For how long." default:"5s" placeholder:"TIME"`
	PID        int           `name:"pid" help:"The server's process on this machine: its memory is looked at." placeholder:"PID"`
	Timeout    time.Duration `help:"Give up after this time." default:"10m" placeholder:"TIME"`
	JSON       bool          `name:"json" help:"Print JSON."`
}

const (
	benchMaxSockets  = 19_000 // one process may have about so many files open
	benchFrameLimit  = 4 << 20
	benchLastFrames  = 30 * time.Second // for frames that are on their way when the last message was sent
	benchSubjectMark = `"subject":"bench `
)

// Validate refuses what no run can do.
func (c *benchEvents) Validate() error {
	switch {
	case c.Sockets < 1 || c.Sockets > benchMaxSockets:
		return fmt.Errorf("--sockets must be between 1 and %d", benchMaxSockets)
	case c.Workspaces < 1 || c.Workspaces > c.Sockets:
		return fmt.Errorf("--workspaces must be between 1 and --sockets")
	case c.Inboxes < 1 || c.Inboxes > 100 || c.Inboxes*c.Workspaces > c.Sockets:
		return fmt.Errorf("--inboxes must be between 1 and 100, and no more in all than --sockets")
	case c.Rate < 1 || c.Rate > 10_000:
		return fmt.Errorf("--rate must be between 1 and 10000")
	case c.For < time.Second || c.For > time.Hour:
		return fmt.Errorf("--for must be between 1s and 1h")
	}
	return nil
}

// benchEventsReport is what a run found. Times are milliseconds from the 250 of a message to its frame on a socket; a frame that is
// there before the 250 was read counts as no time. Memory is known only with --pid.
type benchEventsReport struct {
	Sockets    int     `json:"sockets"`
	Workspaces int     `json:"workspaces"`
	Inboxes    int     `json:"inboxes"` // of each
	OpenedIn   float64 `json:"openedInSeconds"`
	BeforeKB   int64   `json:"beforeKb,omitempty"`
	IdleKB     int64   `json:"idleKb,omitempty"` // with all sockets open
	BusyKB     int64   `json:"busyKb,omitempty"` // at the end of the load
	KBEach     float64 `json:"kbEach,omitempty"` // of what is more then, for each socket
	Messages   int     `json:"messages"`
	Rate       float64 `json:"messagesPerSecond"`
	Frames     int     `json:"frames"`
	P50        float64 `json:"p50Ms"`
	P99        float64 `json:"p99Ms"`
	Max        float64 `json:"maxMs"`
}

func (r benchEventsReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%d sockets over %d workspaces with %d inboxes each, opened in %.1f s\n", r.Sockets, r.Workspaces, r.Inboxes, r.OpenedIn)
	if r.BusyKB > 0 {
		fmt.Fprintf(w, "the server holds %d KB without them, %d KB with them, %d KB under load: %.1f KB each\n", r.BeforeKB, r.IdleKB, r.BusyKB, r.KBEach)
	}
	_, err := fmt.Fprintf(w, "%d messages, %.0f a second; %d frames: p50 %.2f ms, p99 %.2f ms, at most %.2f ms after the 250\n", r.Messages, r.Rate, r.Frames, r.P50, r.P99, r.Max)
	return err
}

// Run measures and prints.
func (c *benchEvents) Run(ctx context.Context, t terminal) error {
	r := benchEventsRun{benchEvents: c, answered: make([]atomic.Int64, c.Rate*int(c.For/time.Second))}
	return benchPrinted(ctx, t, c.Timeout, c.JSON, r.measure)
}

// benchEventsRun is one run.
type benchEventsRun struct {
	*benchEvents
	tenants  []benchTenant
	sockets  []*benchSocket
	answered []atomic.Int64 // when each message got its 250, in nanoseconds since 1970
	frames   atomic.Int64
}

// benchTenant is a workspace of the run.
type benchTenant struct {
	id, key   string
	addresses []string
}

// inbox says which workspace and which of its inboxes the n-th socket follows, and the n-th message is for.
func (r *benchEventsRun) inbox(n int) (t benchTenant, address string) {
	t = r.tenants[n%r.Workspaces]
	return t, t.addresses[n/r.Workspaces%r.Inboxes]
}

// benchSocket is one client and what it was told: which message, and when.
type benchSocket struct {
	conn *benchWebSocket
	told []benchTold
}

type benchTold struct {
	message int
	at      int64
}

func (r *benchEventsRun) measure(ctx context.Context) (report benchEventsReport, err error) {
	report.Sockets, report.Workspaces, report.Inboxes, report.Messages = r.Sockets, r.Workspaces, r.Inboxes, len(r.answered)
	defer func() { err = errors.Join(err, r.remove()) }()
	if err := r.prepare(ctx); err != nil {
		return report, fmt.Errorf("prepare: %w", err)
	}
	if report.BeforeKB, err = r.resident(); err != nil {
		return report, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	begun := time.Now()
	if err := r.open(ctx); err != nil {
		return report, fmt.Errorf("open sockets: %w", err)
	}
	report.OpenedIn = time.Since(begun).Seconds()
	for _, s := range r.sockets {
		reading.Go(func() { r.read(s) })
	}
	if report.IdleKB, err = r.resident(); err != nil {
		return report, err
	}
	begun = time.Now()
	if err := r.send(ctx); err != nil {
		return report, fmt.Errorf("send: %w", err)
	}
	report.Rate = float64(report.Messages) / time.Since(begun).Seconds()
	r.awaitFrames(ctx)
	if report.BusyKB, err = r.resident(); err != nil {
		return report, err
	}
	report.KBEach = float64(report.BusyKB-report.BeforeKB) / float64(r.Sockets)
	cancel()
	reading.Wait()
	return report, r.sum(&report)
}

func (r *benchEventsRun) resident() (int64, error) {
	if r.PID == 0 {
		return 0, nil
	}
	return residentKB(r.PID)
}

// prepare makes the workspaces, each with a domain, inboxes and a key, and brings a message to each, so that the server has
// them open: what they cost is not what sockets cost.
func (r *benchEventsRun) prepare(ctx context.Context) error {
	r.tenants = make([]benchTenant, r.Workspaces)
	mark := strconv.FormatInt(time.Now().UnixNano(), 36)
	err := benchAtOnce(len(r.tenants), func(i int) error {
		t := &r.tenants[i]
		ws, err := r.api().CreateWorkspace(ctx, api.CreateWorkspaceParams{}, api.NewWorkspaceBody{Name: "bench"})
		if err != nil {
			return err
		}
		t.id = ws.ID
		domain := fmt.Sprintf("bench-%s-%d.test", mark, i)
		if _, err := r.api().CreateDomain(ctx, api.CreateDomainParams{}, api.NewDomainBody{Domain: domain, WorkspaceID: &t.id}); err != nil {
			return err
		}
		for n := range r.Inboxes {
			in, err := r.api().CreateInbox(ctx, api.CreateInboxParams{}, api.NewInboxBody{Username: fmt.Sprintf("in%d", n), Domain: domain, WorkspaceID: &t.id})
			if err != nil {
				return err
			}
			t.addresses = append(t.addresses, in.Address)
		}
		k, err := r.api().CreateWorkspaceKey(ctx, t.id, api.CreateWorkspaceKeyParams{}, api.KeyInput{Name: "bench"})
		if err == nil {
			t.key = k.Key
		}
		return err
	})
	if err != nil {
		return err
	}
	c, err := smtp.Dial(r.SMTP)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, t := range r.tenants {
		if err := benchDeliver(c, t.addresses[0], "From: bench@sender.test\r\nSubject: first\r\n\r\nx\r\n"); err != nil {
			return err
		}
	}
	return c.Quit()
}

// remove deletes the workspaces, also at the end of a run that failed.
func (r *benchEventsRun) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), benchCommandTimeout)
	defer cancel()
	return benchAtOnce(len(r.tenants), func(i int) error {
		if r.tenants[i].id == "" {
			return nil
		}
		return r.api().DeleteWorkspace(ctx, r.tenants[i].id)
	})
}

func (r *benchEventsRun) api() *api.Client { return &api.Client{URL: r.HTTP, Key: r.Key} }

// open dials all sockets, spread over the workspaces.
func (r *benchEventsRun) open(ctx context.Context) error {
	r.sockets = make([]*benchSocket, r.Sockets)
	target := strings.TrimSuffix(r.HTTP, "/") + "/v1/ws?types=message.received&inboxIds="
	return benchAtOnce(r.Sockets, func(i int) error {
		t, address := r.inbox(i)
		conn, err := dialWebSocket(ctx, target+url.QueryEscape(address), t.key)
		if err != nil {
			return err
		}
		r.sockets[i] = &benchSocket{conn: conn}
		return nil
	})
}

// read notes what a socket is told, with as little work as it can: the server is to be measured.
func (r *benchEventsRun) read(s *benchSocket) {
	defer s.conn.conn.Close()
	for {
		raw, err := s.conn.next()
		at := time.Now().UnixNano()
		if err != nil {
			return
		}
		_, rest, ok := bytes.Cut(raw, []byte(benchSubjectMark))
		digits, _, _ := bytes.Cut(rest, []byte(`"`))
		n, err := strconv.Atoi(string(digits))
		if !ok || err != nil || n < 0 || n >= len(r.answered) {
			continue
		}
		s.told = append(s.told, benchTold{n, at})
		r.frames.Add(1)
	}
}

// send brings the messages in, evenly in time and over the workspaces.
func (r *benchEventsRun) send(ctx context.Context) error {
	begun := time.Now()
	return benchAtOnce(benchWorkers, func(sender int) error { return r.sendSome(ctx, sender, begun) })
}

func (r *benchEventsRun) sendSome(ctx context.Context, sender int, begun time.Time) error {
	c, err := smtp.Dial(r.SMTP)
	if err != nil {
		return err
	}
	defer c.Close()
	for n := sender; n < len(r.answered); n += benchWorkers {
		due := begun.Add(time.Duration(n) * time.Second / time.Duration(r.Rate))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return ctx.Err()
		}
		text := fmt.Sprintf("From: bench@sender.test\r\nSubject: bench %d\r\nMessage-ID: <%d.%d@sender.test>\r\n\r\n%s", n, begun.UnixNano(), n, strings.Repeat("What is measured is not in here.\r\n", 30))
		_, to := r.inbox(n)
		if err := benchDeliver(c, to, text); err != nil {
			return err
		}
		r.answered[n].Store(time.Now().UnixNano())
	}
	return c.Quit()
}

func benchDeliver(c *smtp.Client, to, text string) error {
	if err := c.Mail("bench@sender.test"); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Close()
}

// expected is how many frames there are to be: each message is told to every socket that follows its inbox.
func (r *benchEventsRun) expected() (n int64) {
	all := r.Workspaces * r.Inboxes
	for message := range r.answered {
		n += int64((r.Sockets - message%all + all - 1) / all)
	}
	return n
}

func (r *benchEventsRun) awaitFrames(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, benchLastFrames)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for r.frames.Load() < r.expected() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sum makes the numbers. A frame that is missing makes the run void.
func (r *benchEventsRun) sum(report *benchEventsReport) error {
	var waits []time.Duration
	for _, s := range r.sockets {
		for _, told := range s.told {
			waits = append(waits, max(0, time.Duration(told.at-r.answered[told.message].Load())))
		}
	}
	report.Frames = len(waits)
	if want := r.expected(); int64(len(waits)) != want {
		return fmt.Errorf("%d frames came, not %d", len(waits), want)
	}
	slices.Sort(waits)
	report.P50, report.P99, report.Max = milliseconds(waits[len(waits)/2]), milliseconds(waits[len(waits)*99/100]), milliseconds(waits[len(waits)-1])
	return nil
}
