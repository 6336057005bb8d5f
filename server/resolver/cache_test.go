package resolver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func TestAnAnswerIsKeptForItsTTL(t *testing.T) {
	r, zones, clock := setUp(t, "a.test. 60 TXT old\nlong.test. 2000000 TXT x\nzero.test. 0 TXT x\nhuge.test. 4294967295 TXT x")
	ask := func(name, want string, ttl time.Duration, queries int) {
		t.Helper()
		found, err := r.TXT(t.Context(), name)
		if err != nil || found.Records[0] != want || found.TTL != ttl || zones.Queries(name) != queries {
			t.Errorf("%s: %q for %v, %v, after %d queries; want %q for %v after %d", name, found.Records, found.TTL, err, zones.Queries(name), want, ttl, queries)
		}
	}
	ask("a.test", "old", time.Minute, 1)
	zones.Set("a.test", "120 TXT new")
	clock.pass(59 * time.Second)
	ask("A.test.", "old", time.Second, 1)
	clock.pass(time.Second)
	ask("a.test", "new", 2*time.Minute, 2)
	ask("long.test", "x", MaxTTL, 1)
	clock.pass(MaxTTL)
	ask("long.test", "x", MaxTTL, 2)
	ask("zero.test", "x", 0, 1)
	ask("zero.test", "x", 0, 2)
	ask("huge.test", "x", 0, 1)
	ask("huge.test", "x", 0, 2)
}

func TestNegativeAnswersAreKeptAsTheSOASays(t *testing.T) {
	r, zones, clock := setUp(t, `
		minimum.test. 600 SOA ns.test. me.test. 1 3600 600 86400 30
		own.test. 20 SOA ns.test. me.test. 1 3600 600 86400 9000
		long.test. 86400 SOA ns.test. me.test. 1 3600 600 86400 86400
		minimum.test. A 192.0.2.1
	`)
	for _, c := range []struct {
		name string
		err  error
		keep time.Duration
	}{
		{"minimum.test", ErrNoRecords, 30 * time.Second},
		{"x.minimum.test", ErrNoSuchName, 30 * time.Second},
		{"x.own.test", ErrNoSuchName, 20 * time.Second},
		{"x.long.test", ErrNoSuchName, MaxNegativeTTL},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []struct {
				pass    time.Duration
				queries int
			}{{0, 1}, {c.keep - time.Second, 1}, {time.Second, 2}} {
				clock.pass(step.pass)
				_, err := r.TXT(t.Context(), c.name)
				check(t, err, c.err, false)
				if n := zones.Queries(c.name); n != step.queries {
					t.Errorf("after %v: %d queries, want %d", step.pass, n, step.queries)
				}
			}
		})
	}
	zones.Set("x.own.test", "TXT there")
	clock.pass(20 * time.Second)
	if found, err := r.TXT(t.Context(), "x.own.test"); err != nil || found.Records[0] != "there" {
		t.Errorf("what came to be: %+v, %v", found, err)
	}
}

func TestTemporaryFailuresAreKeptForSeconds(t *testing.T) {
	r, zones, clock := setUp(t, "a.test. TXT x")
	zones.Fail("a.test", zonetest.ServFail)
	for range 3 {
		_, err := r.TXT(t.Context(), "a.test")
		check(t, err, nil, true)
	}
	if n := zones.Queries("a.test"); n != 1 {
		t.Errorf("%d queries", n)
	}
	zones.Restore("a.test")
	clock.pass(FailureTTL)
	if _, err := r.TXT(t.Context(), "a.test"); err != nil {
		t.Error(err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	zones := zonetest.Start(t, "used.test. 3600 TXT x")
	r := New(Config{Servers: []string{zones.Addr()}, CacheSize: 20_000})
	for i := range 100 {
		_, err := r.TXT(t.Context(), fmt.Sprintf("n%d.test", i))
		check(t, err, ErrNoSuchName, false)
		if _, err := r.TXT(t.Context(), "used.test"); err != nil {
			t.Fatal(err)
		}
		if r.cache.used > 20_000 || len(r.cache.entries) != r.cache.order.Len() {
			t.Fatalf("%d octets in %d of %d entries", r.cache.used, len(r.cache.entries), r.cache.order.Len())
		}
	}
	if n := zones.Queries("used.test"); n != 1 {
		t.Errorf("what was used all the time was asked for %d times", n)
	}
	if n := r.cache.order.Len(); n < 10 || n > 50 {
		t.Errorf("%d entries", n)
	}
	for q := range r.cache.entries {
		r.cache.put(q, entry{expires: time.Unix(0, 0)})
		if _, known := r.cache.get(q, time.Now()); known {
			t.Error("an expired entry is still there")
		}
	}
	if r.cache.used != 0 || len(r.cache.entries) != 0 {
		t.Errorf("an empty cache holds %d octets", r.cache.used)
	}
}

func TestAHugeAnswerIsGivenButNotKept(t *testing.T) {
	var zone strings.Builder
	for i := range 200 {
		fmt.Fprintf(&zone, "huge.test. 3600 TXT \"%03d%s\"\n", i, long(240))
	}
	r, zones, _ := setUp(t, zone.String())
	for range 2 {
		if found, err := r.TXT(t.Context(), "huge.test"); err != nil || len(found.Records) != 200 {
			t.Fatalf("%d records, %v", len(found.Records), err)
		}
	}
	if n := zones.Queries("huge.test"); n != 4 { // twice over UDP, twice over TCP
		t.Errorf("%d queries", n)
	}
	if r.cache.used != 0 {
		t.Errorf("%d octets are kept", r.cache.used)
	}
}

// waiting blocks until n callers wait for a look-up.
func waiting(t *testing.T, r *Resolver, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		r.flights.mu.Lock()
		sum := 0
		for _, f := range r.flights.running {
			sum += f.waiting
		}
		r.flights.mu.Unlock()
		if sum == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait, not %d", sum, n)
		}
	}
}

func TestEqualLookUpsShareOneQuery(t *testing.T) {
	r, zones, _ := setUp(t, "a.test. TXT x")
	release := make(chan struct{})
	zones.Hold("a.test", release)
	const callers = 50
	var all sync.WaitGroup
	impatience, leave := context.WithCancel(t.Context())
	all.Go(func() { // the first of all: it starts the look-up that the others share
		_, err := r.TXT(impatience, "a.test")
		check(t, err, context.Canceled, true)
	})
	waiting(t, r, 1)
	for range callers {
		all.Go(func() {
			found, err := r.TXT(t.Context(), "A.test")
			if err != nil || found.Records[0] != "x" {
				t.Errorf("%+v, %v", found, err)
				return
			}
			found.Records[0] = "mine" // an answer is its caller's
		})
	}
	waiting(t, r, callers+1)
	leave()
	waiting(t, r, callers)
	close(release)
	all.Wait()
	if n := zones.Queries("a.test"); n != 1 {
		t.Errorf("%d queries", n)
	}
	waiting(t, r, 0)
}

func TestALookUpThatNobodyWaitsForIsBrokenOff(t *testing.T) {
	r, zones, _ := setUp(t, "a.test. TXT x")
	release := make(chan struct{})
	zones.Hold("a.test", release)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			_, err := r.TXT(ctx, "a.test")
			check(t, err, context.Canceled, true)
		})
	}
	waiting(t, r, 2)
	cancel()
	all.Wait()
	for len(r.slots) > 0 { // its place comes free long before its time is up
		if t.Context().Err() != nil {
			t.Fatal("it still runs")
		}
	}
	close(release)
	if found, err := r.TXT(t.Context(), "a.test"); err != nil || found.Records[0] != "x" {
		t.Errorf("the next one: %+v, %v", found, err)
	}
	if _, err := r.TXT(ctx, "b.test"); !errors.Is(err, context.Canceled) || zones.Queries("b.test") != 0 {
		t.Errorf("asked for nobody: %v", err)
	}
}

func TestOnlySoManyQuestionsAreOnTheirWay(t *testing.T) {
	zones := zonetest.Start(t, "")
	r := New(Config{Servers: []string{zones.Addr()}, MaxQueries: 2})
	release := make(chan struct{})
	names := []string{"a.test", "b.test", "c.test", "d.test"}
	asked := func() (n int) {
		for _, name := range names {
			n += zones.Queries(name)
		}
		return n
	}
	var all sync.WaitGroup
	for _, name := range names {
		zones.Hold(name, release)
		all.Go(func() {
			_, err := r.TXT(t.Context(), name)
			check(t, err, ErrNoSuchName, false)
		})
	}
	waiting(t, r, 4)
	for asked() < 2 {
		if t.Context().Err() != nil {
			t.Fatal("nothing was asked")
		}
	}
	if n := asked(); n != 2 || len(r.slots) != 2 {
		t.Errorf("%d questions are on their way", n)
	}
	close(release)
	all.Wait()
	if n := asked(); n != 4 {
		t.Errorf("%d questions", n)
	}
}

func TestTheSystemsServersAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	r := New(Config{Clock: c.Now})
	r.servers.path = path
	addrs := func() (list []string) {
		for _, s := range r.servers.list(c.Now(), r.log) {
			list = append(list, s.addr)
		}
		return list
	}
	write := func(text string, modified time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		if got := addrs(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expect("127.0.0.1:53") // no file
	write("search example\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\n", c.Now())
	expect("127.0.0.1:53")
	c.pass(rereadServers)
	expect("192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%eth0]:53")
	write("nameserver 192.0.2.9\n", c.Now())
	c.pass(rereadServers)
	expect("192.0.2.9:53")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.pass(rereadServers)
	expect("192.0.2.9:53") // better than none
}
