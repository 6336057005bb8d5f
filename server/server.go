// Package server is the life cycle of what runs: it starts services, and when they are to end it lets them drain in
// order and waits for each. It owns no state, knows no wire and no store; the wires are the packages below it, which
// never import each other.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Service is one thing that runs.
type Service struct {
	Name string

	// Run serves until ctx ends, then drains within a deadline of its own and returns. It has waited for every
	// goroutine that it started. Returning before ctx ends is a failure, also with a nil error.
	Run func(ctx context.Context) error

	// Last marks a service that the others need until their end: it is told to stop when all that are not Last have
	// returned.
	Last bool
}

// Run runs the services until ctx ends or one of them fails; then all drain, and Run returns when the last one has. The
// error joins what went wrong, each with the service's name; it is nil after a clean stop.
func Run(ctx context.Context, log *slog.Logger, services ...Service) error {
	wires, stopWires := context.WithCancel(ctx)
	defer stopWires()
	keepers, stopKeepers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeepers()

	ends := make(chan end)
	running := 0 // services that are not Last
	for _, s := range services {
		under := wires
		if s.Last {
			under = keepers
		} else {
			running++
		}
		go func() {
			err := s.Run(under)
			ends <- end{service: s, err: err, stopped: under.Err() != nil}
		}()
	}
	if running == 0 {
		context.AfterFunc(wires, stopKeepers)
	}

	var errs []error
	for range services {
		e := <-ends
		if err := e.failure(); err != nil {
			log.Error("service failed", "service", e.service.Name, "err", err)
			errs = append(errs, err)
		}
		stopWires()
		if !e.service.Last {
			running--
		}
		if running == 0 {
			stopKeepers()
		}
	}
	return errors.Join(errs...)
}

// end is how a service ended.
type end struct {
	service Service
	err     error // what Run returned
	stopped bool  // it had been told to stop
}

// failure is nil for a service that was told to stop and did.
func (e end) failure() error {
	switch {
	case e.stopped && (e.err == nil || errors.Is(e.err, context.Canceled)):
		return nil
	case e.err == nil:
		return fmt.Errorf("%s: ended by itself", e.service.Name)
	default:
		return fmt.Errorf("%s: %w", e.service.Name, e.err)
	}
}
