package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

// benchWorkers is how many connections are opened, or used to send, at the same time.
const benchWorkers = 16

// benchCommands measure a server from outside, as its clients see it.
type benchCommands struct {
	IMAP   benchIMAP   `cmd:"" name:"imap" help:"Measure an IMAP server, ours or another, by address."`
	Events benchEvents `cmd:"" help:"Measure how a server of ours tells many WebSockets of what comes in: memory, and the time from the 250 of a message to its frames."`
}

// benchIMAP measures any IMAP server with the same client and the same messages. It works in two mailboxes of its own, and
// leaves the filled one as it was for the next run.
type benchIMAP struct {
	benchTarget
	Mailbox  string        `help:"The mailbox to measure; one beside it, with ' spare' behind its name, comes and goes." default:"Bench" placeholder:"NAME"`
	Messages int           `help:"How many messages it holds; from 1,000 on all operations are measured as they are named." default:"10000" placeholder:"N"`
	Fill     bool          `help:"Make the mailbox and fill it first. It is deleted before, if it is there."`
	Rounds   int           `help:"How often each operation runs; the medians are shown. None with 0." default:"5" placeholder:"N"`
	Only     []string      `help:"Run only operations whose names begin so." placeholder:"NAME,..."`
	Idle     int           `help:"Hold so many idle connections and look at the server's memory, with --pid." placeholder:"N"`
	Logins   string        `help:"Spread the idle connections over the logins in this file, a name and a password in each line; they select INBOX." type:"existingfile" placeholder:"FILE"`
	PID      int           `name:"pid" help:"The server's process on this machine; its children count." placeholder:"PID"`
	Timeout  time.Duration `help:"Give up after this time." default:"30m" placeholder:"TIME"`
	Seed     uint64        `help:"Other numbers make other messages." default:"1" placeholder:"N"`
	JSON     bool          `name:"json" help:"Print JSON."`
}

// What one run may ask for. Beyond, a client would measure itself.
const (
	benchMaxMessages = 1_000_000
	benchMaxRounds   = 1000
	benchMaxIdle     = 15_000
)

// Validate refuses what no run can do.
func (c *benchIMAP) Validate() error {
	for _, n := range []struct {
		flag              string
		value, least, max int
	}{{"--messages", c.Messages, 100, benchMaxMessages}, {"--rounds", c.Rounds, 0, benchMaxRounds}, {"--idle", c.Idle, 0, benchMaxIdle}} {
		if n.value < n.least || n.value > n.max {
			return fmt.Errorf("%s must be between %d and %d", n.flag, n.least, n.max)
		}
	}
	return nil
}

// benchReport is what a run found.
type benchReport struct {
	Address    string           `json:"address"`
	Messages   int              `json:"messages"`
	Rounds     int              `json:"rounds"`
	Fill       *benchFilled     `json:"fill,omitempty"`
	Operations []benchOperation `json:"operations"`
	Idle       *benchIdleReport `json:"idle,omitempty"`
}

// benchFilled is how the mailbox was filled.
type benchFilled struct {
	Seconds float64 `json:"seconds"`
	Octets  int64   `json:"octets"`
	How     string  `json:"how"` // MULTIAPPEND, pipelined or one by one
}

// benchOperation is one operation over all rounds. Items are what the server answered: messages fetched or found. Two servers
// with the same messages have the same items, but for threads and mailboxes that only one of them has.
type benchOperation struct {
	Name     string  `json:"name"`
	MedianMS float64 `json:"medianMs"`
	MinMS    float64 `json:"minMs"`
	MaxMS    float64 `json:"maxMs"`
	Octets   int64   `json:"octets"` // read, in one round
	Items    int     `json:"items"`  // in all rounds together
	Absent   string  `json:"absent,omitempty"`
}

// Run measures and prints.
func (c *benchIMAP) Run(ctx context.Context, t terminal) error {
	return benchPrinted(ctx, t, c.Timeout, c.JSON, func(ctx context.Context) (benchReport, error) { return c.measure(ctx, t) })
}

// benchPrinted measures within a time, and prints what was found.
func benchPrinted[R interface{ print(io.Writer) error }](ctx context.Context, t terminal, limit time.Duration, asJSON bool, measure func(context.Context) (R, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	report, err := measure(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("the run was ended after %s or by a signal: see --timeout", limit)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(t.out).Encode(report)
	}
	return report.print(t.out)
}

// benchAtOnce does something n times, benchWorkers at the same time, until one fails.
func benchAtOnce(n int, do func(i int) error) error {
	var workers errgroup.Group
	var failed atomic.Bool
	for worker := range benchWorkers {
		workers.Go(func() error {
			for i := worker; i < n && !failed.Load(); i += benchWorkers {
				if err := do(i); err != nil {
					failed.Store(true)
					return err
				}
			}
			return nil
		})
	}
	return workers.Wait()
}

func (c *benchIMAP) measure(ctx context.Context, t terminal) (benchReport, error) {
	report := benchReport{Address: c.Addr, Messages: c.Messages, Rounds: c.Rounds, Operations: []benchOperation{}}
	mail := newBenchMail(c.Seed)
	if c.Fill {
		filled, err := c.fill(ctx, mail)
		if err != nil {
			return report, fmt.Errorf("fill: %w", err)
		}
		report.Fill = &filled
	}
	var samples benchSamples
	for round := range c.Rounds {
		fmt.Fprintf(t.err, "round %d of %d\n", round+1, c.Rounds)
		if err := c.round(ctx, mail, round, &samples); err != nil {
			return report, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	report.Operations = samples.operations()
	if c.Idle > 0 {
		idle, err := c.idle(ctx)
		if err != nil {
			return report, fmt.Errorf("idle: %w", err)
		}
		report.Idle = &idle
	}
	return report, nil
}

// benchSamples are the measured times by operation, in the order of their first.
type benchSamples struct {
	names []string
	by    map[string]*benchOperationSamples
}

type benchOperationSamples struct {
	took   []time.Duration
	octets int64
	items  int
	absent string
}

func (s *benchSamples) of(name string) *benchOperationSamples {
	if s.by == nil {
		s.by = map[string]*benchOperationSamples{}
	}
	if s.by[name] == nil {
		s.names = append(s.names, name)
		s.by[name] = &benchOperationSamples{}
	}
	return s.by[name]
}

func (s *benchSamples) operations() []benchOperation {
	list := []benchOperation{}
	for _, name := range s.names {
		o := s.by[name]
		if len(o.took) == 0 {
			list = append(list, benchOperation{Name: name, Absent: o.absent})
			continue
		}
		slices.Sort(o.took)
		list = append(list, benchOperation{
			Name: name, MedianMS: milliseconds(o.took[len(o.took)/2]), MinMS: milliseconds(o.took[0]), MaxMS: milliseconds(o.took[len(o.took)-1]),
			Octets: o.octets, Items: o.items,
		})
	}
	return list
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r benchReport) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if r.Fill != nil {
		fmt.Fprintf(w, "%d messages, %.1f MB, stored in %.1f s (%s)\n", r.Messages, float64(r.Fill.Octets)/1e6, r.Fill.Seconds, r.Fill.How)
	}
	if len(r.Operations) > 0 {
		fmt.Fprintln(tw, strings.Join([]string{"OPERATION", "MEDIAN ms", "MIN", "MAX", "OCTETS", "ITEMS", ""}, "\t"))
	}
	for _, o := range r.Operations {
		if o.Absent != "" {
			fmt.Fprintf(tw, "%s\t%s\t\t\t\t\t\n", o.Name, o.Absent)
			continue
		}
		fmt.Fprintf(tw, "%s\t%.2f\t%.2f\t%.2f\t%d\t%d\t\n", o.Name, o.MedianMS, o.MinMS, o.MaxMS, o.Octets, o.Items)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if r.Idle != nil {
		return r.Idle.print(w)
	}
	return nil
}
