package schedule

import (
	"testing"
	"time"
)

// scenarios are providers as large senders meet them.
var scenarios = []struct {
	name string
	p    provider
	goal []int // the numbers of big workspaces beside which the small one's demand is within its share, so that the goal holds
}{
	{"slow", provider{accept: 2 * time.Second, connections: 10, big: Bulk}, []int{1, 20}},
	{"slow, both prompt", provider{accept: 2 * time.Second, connections: 10}, []int{1}}, // the share of one in 21 is 0.48 connections, the demand 0.4
	{"slow, both bulk", provider{accept: 2 * time.Second, connections: 10, big: Bulk, small: Bulk}, []int{1}},
	{"slow, one connection", provider{accept: 2 * time.Second, connections: 1, big: Bulk}, []int{1, 20}},
	{"slow, 2% unwilling", provider{accept: 2 * time.Second, connections: 10, deferred: 0.02, big: Bulk}, []int{1, 20}},
	{"slow, 10% unwilling", provider{accept: 2 * time.Second, connections: 10, deferred: 0.1, big: Bulk}, []int{1, 20}},
	{"2% hang for 60 s", provider{accept: 2 * time.Second, connections: 10, hangs: 0.02, timeout: time.Minute, big: Bulk}, []int{1, 20}},
	{"20% hang for 30 s", provider{accept: 2 * time.Second, connections: 10, hangs: 0.2, timeout: 30 * time.Second, big: Bulk}, []int{1, 20}},
	{"20% hang for 60 s", provider{accept: 2 * time.Second, connections: 10, hangs: 0.2, timeout: time.Minute, big: Bulk}, []int{1}}, // a demand of 3.4 connections
	{"all hang, 10 min an hour", provider{accept: 2 * time.Second, connections: 10, timeout: time.Minute, outage: 10 * time.Minute, outageEvery: time.Hour, big: Bulk}, []int{1, 20}},
}

const simulated = 2 * time.Hour

// The wait of a message is the time from its submission until it is accepted, later tries included.
func TestABigWorkspaceAtMostDoublesTheWaitOfASmallOne(t *testing.T) {
	for _, sc := range scenarios {
		alone := simulate(sc.p, fair{New(Config{})}, 0, simulated)
		for _, bigs := range sc.goal {
			with := simulate(sc.p, fair{New(Config{})}, bigs, simulated)
			if len(with.accepted) != len(alone.accepted) || len(alone.accepted) < 1000 || with.delivered < 1000 {
				t.Fatalf("%s: %d and %d messages of the small one, %d of the big", sc.name, len(with.accepted), len(alone.accepted), with.delivered)
			}
			if w, a := percentile(with.accepted, .99), percentile(alone.accepted, .99); w > 2*a {
				t.Errorf("%s: beside %d big workspaces the 99th percentile is %v, alone %v", sc.name, bigs, w, a)
			}
		}
	}
}

func TestAPlainQueueWouldDelayTheSmallWorkspaceByTheWholeOfTheBig(t *testing.T) {
	p := scenarios[0].p
	alone, with := simulate(p, &fifo{most: p.connections}, 0, simulated), simulate(p, &fifo{most: p.connections}, 1, simulated)
	if w, a := percentile(with.accepted, .99), percentile(alone.accepted, .99); w < 1000*a {
		t.Fatalf("the simulation does not show what it is for: %v and %v", w, a)
	}
}
