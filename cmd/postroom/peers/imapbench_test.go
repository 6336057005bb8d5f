package peers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	benchMessages     = 1000
	benchLongMessages = 10000 // with POSTROOM_LONG
	benchMostRounds   = 3     // however often the benchmark is to run
	benchIdle         = 200
	benchLongIdle     = 2000
	benchPerInbox     = 50 // idle connections of one inbox
)

// BenchmarkIMAPBesideDovecot measures us and Dovecot in one run, with one client, `postroom bench imap`, and the same messages.
// It reports for each operation the ratio of our median to Dovecot's; times are in the log. It never fails for a time, but for
// an answer that the two do not agree about.
func BenchmarkIMAPBesideDovecot(b *testing.B) {
	messages := benchMessages
	if os.Getenv("POSTROOM_LONG") != "" {
		messages = benchLongMessages
	}
	if n, err := strconv.Atoi(os.Getenv("POSTROOM_MESSAGES")); err == nil { // as many as one likes
		messages = n
	}
	theirs, ours := benchedDovecot(b), benchedPostroom(b)
	for _, target := range []*benchedTarget{theirs, ours} {
		target.run(b, "--fill", "--rounds", "0", "--messages", strconv.Itoa(messages))
	}
	rounds := 0
	for b.Loop() {
		if rounds++; rounds > benchMostRounds {
			continue
		}
		for _, target := range []*benchedTarget{theirs, ours} {
			target.add(target.run(b, "--rounds", "1", "--messages", strconv.Itoa(messages)))
		}
	}
	b.ReportMetric(0, "ns/op") // the time of a round says nothing
	var table strings.Builder
	for _, name := range theirs.names {
		left, right := theirs.operations[name], ours.operations[name]
		switch {
		case left.absent != "" || right.absent != "":
			fmt.Fprintf(&table, "\n%-20s Dovecot %q, Postroom %q", name, left.absent, right.absent)
			continue
		case left.items != right.items && name != "LIST":
			b.Errorf("%s: Dovecot answers %d items, Postroom %d", name, left.items, right.items)
		}
		fmt.Fprintf(&table, "\n%-20s Dovecot %9.2f ms  Postroom %9.2f ms  %6.2f times", name, left.median(), right.median(), right.median()/left.median())
		if left.median() > 0 {
			b.ReportMetric(right.median()/left.median(), strings.ReplaceAll(name, " ", "-")+"-ratio")
		}
	}
	b.Log(table.String()) // at once, since the log of a benchmark is cut off after some lines
}

// BenchmarkIdleIMAPConnections reports what an idle connection over TLS costs in memory. The goal is 60 KB at most.
func BenchmarkIdleIMAPConnections(b *testing.B) {
	n := benchIdle
	if os.Getenv("POSTROOM_LONG") != "" {
		n = benchLongIdle
	}
	s := start(b, b.TempDir())
	ours := benchedServer(s)
	var logins strings.Builder
	for i := range n/benchPerInbox + 1 {
		var made struct{ Address, Password string }
		if code := s.call("POST", "/v1/inboxes", s.WorkspaceKey, map[string]string{"username": fmt.Sprint("idle", i), "domain": "demo.localhost"}, &made); code != 201 {
			b.Fatalf("make inbox: %d", code)
		}
		fmt.Fprintln(&logins, made.Address, made.Password)
	}
	file := filepath.Join(b.TempDir(), "logins")
	if err := os.WriteFile(file, []byte(logins.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	measured := false
	for b.Loop() {
		if measured {
			continue
		}
		measured = true
		report := ours.run(b, "--rounds", "0", "--idle", strconv.Itoa(n), "--logins", file, "--pid", strconv.Itoa(ours.pid))
		b.ReportMetric(report.Idle.KBEach, "KB/connection")
	}
	b.ReportMetric(0, "ns/op")
}

// benchedTarget is a server with what was measured of it.
type benchedTarget struct {
	addr, ca, user, password string
	pid                      int
	names                    []string
	operations               map[string]*benchedOperation
}

type benchedOperation struct {
	medians []float64 // milliseconds
	items   int
	absent  string
}

func (o *benchedOperation) median() float64 {
	slices.Sort(o.medians)
	return o.medians[len(o.medians)/2]
}

func benchedDovecot(b *testing.B) *benchedTarget {
	d := runDovecot(b)
	return &benchedTarget{addr: d.IMAPS, ca: d.CA, user: "bench", password: dovecotPassword, pid: d.PID, operations: map[string]*benchedOperation{}}
}

func benchedPostroom(b *testing.B) *benchedTarget { return benchedServer(start(b, b.TempDir())) }

func benchedServer(s *server) *benchedTarget {
	return &benchedTarget{addr: s.IMAPS, ca: s.CA, user: s.Inbox.Address, password: s.Inbox.Password, pid: s.cmd.Process.Pid, operations: map[string]*benchedOperation{}}
}

// benchReport is what `postroom bench imap --json` prints, as far as it is looked at.
type benchReport struct {
	Operations []struct {
		Name     string
		MedianMS float64
		Items    int
		Absent   string
	}
	Idle struct{ KBEach float64 }
}

func (t *benchedTarget) run(b *testing.B, args ...string) (report benchReport) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), binary(b), append([]string{"bench", "imap", "--json", "--tls", "--addr", t.addr, "--ca", t.ca, "--user", t.user}, args...)...)
	cmd.Env = append(os.Environ(), "POSTROOM_BENCH_PASSWORD="+t.password)
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("bench imap: %v\n%s", err, errors.String())
	}
	if err := json.Unmarshal(out, &report); err != nil {
		b.Fatal(fmt.Errorf("read report: %w", err))
	}
	return report
}

func (t *benchedTarget) add(report benchReport) {
	for _, o := range report.Operations {
		if t.operations[o.Name] == nil {
			t.names = append(t.names, o.Name)
			t.operations[o.Name] = &benchedOperation{absent: o.Absent}
		}
		known := t.operations[o.Name]
		known.medians, known.items = append(known.medians, o.MedianMS), known.items+o.Items
	}
}
