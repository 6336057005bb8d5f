package courier

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/mxtest"
)

// provider is a mail server that takes 200 ms for each message and lets in no more than ten connections.
type provider struct {
	*mxtest.Server
	mu    sync.Mutex
	taken map[string]chan time.Time // when a message was taken, by recipient
}

const (
	providerConnections = 10
	providerTakes       = 200 * time.Millisecond
)

func startProvider(b *bed, domain string) *provider {
	p := &provider{taken: map[string]chan time.Time{}}
	p.Server = b.exchanger(domain, mxtest.Options{MaxConns: providerConnections,
		Hold: func(e mxtest.Event) <-chan struct{} {
			if e.Verb != "BODY" {
				return nil
			}
			answered := make(chan struct{})
			time.AfterFunc(providerTakes, func() { close(answered) })
			return answered
		},
		Final: func(t mxtest.Transaction) string {
			p.news(t.Recipients[0]) <- time.Now()
			return ""
		}})
	return p
}

func (p *provider) news(recipient string) chan time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[recipient] == nil {
		p.taken[recipient] = make(chan time.Time, 4096)
	}
	return p.taken[recipient]
}

// BenchmarkSmallTenantBesideBig measures what a tenant that sends a message now and then waits, from the end of Submit to the provider, alone and
// while another one has many messages waiting for the same provider (2,000 with POSTROOM_LONG). What it sends is prompt, or says that it is bulk. The goal is a
// p99 of at most twice what it is alone.
func BenchmarkSmallTenantBesideBig(b *testing.B) {
	const every = 150 * time.Millisecond
	queued, messages := 400, 20 // enough to see that it runs
	if os.Getenv("POSTROOM_LONG") != "" {
		queued, messages = 2000, 100
	}
	for _, bulk := range []bool{false, true} {
		b.Run(fmt.Sprintf("bulk=%v", bulk), func(b *testing.B) {
			waits := map[bool][]time.Duration{}
			for range b.N {
				for _, big := range []bool{false, true} {
					var p *provider
					bed := newBed(b, func(bed *bed) { p = startProvider(bed, "far.test") })
					if big {
						bed.halt()
						bed.queue("ann@a.test", "far.test", queued)
						bed.start()
						for range 100 { // the provider's limit is found
							<-p.news("ann@far.test")
						}
					} else {
						bed.wait("cat@b.test", bed.send("cat@b.test", nil, "first@far.test"), mailstore.Delivered)
					}
					waits[big] = append(waits[big], bed.trickle(p, bulk, messages, every)...)
					if big && len(p.Transactions()) >= queued+messages {
						b.Error("the big tenant was done too early for a comparison")
					}
					bed.halt()
				}
			}
			for _, x := range []struct {
				name string
				at   float64
			}{{"p50", .50}, {"p99", .99}} {
				alone, beside := quantile(waits[false], x.at), quantile(waits[true], x.at)
				b.ReportMetric(alone.Seconds()*1000, x.name+"-alone-ms")
				b.ReportMetric(beside.Seconds()*1000, x.name+"-beside-ms")
				b.ReportMetric(beside.Seconds()/alone.Seconds(), x.name+"-ratio")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// queue submits bulk mail, all to one address.
func (b *bed) queue(from, domain string, n int) {
	b.t.Helper()
	for range n {
		b.send(from, func(s *mailstore.Submission) { s.Bulk = true }, "ann@"+domain)
	}
}

// trickle sends a message now and then and gives how long each waited.
func (b *bed) trickle(p *provider, bulk bool, n int, every time.Duration) []time.Duration {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	waits := make([]time.Duration, n)
	var all sync.WaitGroup
	for i := range n {
		<-ticks.C
		to := fmt.Sprintf("x%d@far.test", i)
		taken := p.news(to)
		b.send("cat@b.test", func(s *mailstore.Submission) { s.Bulk = bulk }, to)
		accepted := time.Now()
		all.Go(func() {
			select {
			case at := <-taken:
				waits[i] = at.Sub(accepted)
			case <-ctx.Done():
				b.t.Errorf("%s was not taken in a minute", strings.TrimSuffix(to, "@far.test"))
			}
		})
	}
	all.Wait()
	return waits
}

func quantile(list []time.Duration, at float64) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[min(int(at*float64(len(list))), len(list)-1)]
}
