package server

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// untilTold runs until it is told to stop and then writes its name.
func untilTold(name string, ended chan<- string) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		ended <- name
		return ctx.Err()
	}
}

func TestACleanStopEndsTheLastServicesLast(t *testing.T) {
	ended := make(chan string, 3)
	ctx, cancel := context.WithCancel(t.Context())
	wire := func(ctx context.Context) error {
		cancel()
		return untilTold("wire", ended)(ctx)
	}
	err := Run(ctx, quiet(),
		Service{Name: "relay", Run: untilTold("relay", ended), Last: true},
		Service{Name: "wire", Run: wire})
	if err != nil {
		t.Fatalf("clean stop: %v", err)
	}
	if first, second := <-ended, <-ended; first != "wire" || second != "relay" {
		t.Fatalf("ended in the order %s, %s", first, second)
	}
}

func TestAFailureDrainsTheOthersAndIsReturned(t *testing.T) {
	ended := make(chan string, 2)
	broken := errors.New("address in use")
	err := Run(t.Context(), quiet(),
		Service{Name: "relay", Run: untilTold("relay", ended), Last: true},
		Service{Name: "imap", Run: untilTold("imap", ended)},
		Service{Name: "smtp", Run: func(context.Context) error { return broken }})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "smtp: ") {
		t.Fatalf("error is %v", err)
	}
	if first, second := <-ended, <-ended; first != "imap" || second != "relay" {
		t.Fatalf("ended in the order %s, %s", first, second)
	}
}

func TestAFailureOfALastServiceDrainsTheWires(t *testing.T) {
	ended := make(chan string, 1)
	broken := errors.New("disk gone")
	err := Run(t.Context(), quiet(),
		Service{Name: "relay", Run: func(context.Context) error { return broken }, Last: true},
		Service{Name: "smtp", Run: untilTold("smtp", ended)})
	if !errors.Is(err, broken) {
		t.Fatalf("error is %v", err)
	}
	if got := <-ended; got != "smtp" {
		t.Fatalf("ended: %s", got)
	}
}

func TestAServiceThatEndsByItselfIsAFailure(t *testing.T) {
	err := Run(t.Context(), quiet(), Service{Name: "smtp", Run: func(context.Context) error { return nil }})
	if err == nil || !strings.Contains(err.Error(), "smtp: ended by itself") {
		t.Fatalf("error is %v", err)
	}
}

func TestAnErrorWhileDrainingIsReturned(t *testing.T) {
	broken := errors.New("close journal")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Run(ctx, quiet(), Service{Name: "smtp", Run: func(context.Context) error { return broken }})
	if !errors.Is(err, broken) {
		t.Fatalf("error is %v", err)
	}
}

func TestKeepersAloneStopWithTheContext(t *testing.T) {
	ended := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, quiet(), Service{Name: "relay", Run: untilTold("relay", ended), Last: true}); err != nil {
		t.Fatal(err)
	}
}
