package dnsbl

import (
	"context"
	"sync"
	"time"
)

// Check looks whether the lists are lists (RFC 5782, 5): each has 127.0.0.2 and none has 127.0.0.1, or, if it is one of
// domains, "test" and not "invalid". It gives a failure for each that is none, or cannot be asked.
func (l *Lists) Check(ctx context.Context) (failures []Failure) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	found := make([]*Failure, len(l.lists))
	var all sync.WaitGroup
	for i, list := range l.lists {
		all.Go(func() { found[i] = l.check(ctx, list) })
	}
	all.Wait()
	for _, f := range found {
		if f != nil {
			failures = append(failures, *f)
		}
	}
	return failures
}

func (l *Lists) check(ctx context.Context, list List) *Failure {
	never, always := never4, always4
	if list.Domains {
		never, always = "invalid", "test"
	}
	list = List{Zone: list.Zone} // the entries of a test may have a code of their own
	listed, failure := l.find(ctx, list, never)
	if failure == nil && len(listed) > 0 {
		failure = &Failure{List: list.Zone, Reason: listsAll}
	}
	if failure != nil {
		return failure
	}
	listed, failure = l.find(ctx, list, always)
	if failure == nil && len(listed) == 0 {
		failure = &Failure{List: list.Zone, Reason: listsNothing}
	}
	return failure
}

// Run looks at the lists now and then, until ctx ends, and logs which are none. Ask does not need it: no hit of a list
// counts that has what no list may have.
func (l *Lists) Run(ctx context.Context) error {
	again := time.NewTicker(checkEvery)
	defer again.Stop()
	for {
		for _, f := range l.Check(ctx) {
			if ctx.Err() == nil {
				l.warn(f)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}
