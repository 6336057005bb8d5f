package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/health"
)

const (
	probeTime   = 15 * time.Second // of the operator's probe
	maxProbeSay = 200              // octets of what it says that are shown
	mailPort    = 25
)

// incoming is what is looked at to know whether others reach this server.
func (p *postroom) incoming() *health.Incoming {
	in := &health.Incoming{Addresses: p.own, Own: ownAddresses, Last: p.arrivals.Last}
	if portOf(p.smtp) == mailPort && !slices.Contains(p.cfg.Proxy.Wires, "smtp") {
		in.Knock = p.knock
	}
	if command := p.cfg.Health.InboundProbe; len(command) > 0 {
		in.Probe = func(ctx context.Context) (string, error) { return runProbe(ctx, probeTime, command) }
	}
	return in
}

var errOtherServer = errors.New("another server answers there")

// knock connects to port 25 of an address and wants the greeting of this server.
func (p *postroom) knock(ctx context.Context, ip netip.Addr) error {
	target := net.JoinHostPort(ip.String(), strconv.Itoa(mailPort))
	return greeted(p.checker.Probe(ctx, []string{target})[0], p.cfg.Hostname)
}

// greeted reads what a probe has found: the server says its name first (RFC 5321, 4.2).
func greeted(r dnscheck.ProbeResult, hostname string) error {
	words := strings.Fields(r.Banner)
	switch {
	case !r.OK:
		return errors.New(r.Reason)
	case len(words) < 2 || !strings.EqualFold(words[1], hostname):
		return errOtherServer
	}
	return nil
}

// runProbe runs the operator's program, for so long at most, and gives the first line of what it says.
func runProbe(ctx context.Context, limit time.Duration, command []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	run.WaitDelay = time.Second // for children that hold its output
	var said firstLine
	run.Stdout, run.Stderr = &said, &said
	err := run.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("it did not end within %s", limit)
	case err != nil:
		return "", errors.New(strings.TrimSpace(strings.ToLower(err.Error()) + " " + said.text()))
	}
	return said.text(), nil
}

// firstLine keeps the beginning of what is written to it.
type firstLine struct{ kept bytes.Buffer }

// Write implements io.Writer.
func (f *firstLine) Write(p []byte) (int, error) {
	f.kept.Write(p[:min(len(p), max(maxProbeSay-f.kept.Len(), 0))])
	return len(p), nil
}

func (f *firstLine) text() string {
	line, _, _ := strings.Cut(strings.TrimSpace(f.kept.String()), "\n")
	return printable(line)
}
