package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const healthTimeout = 10 * time.Second

// healthcheckCommand asks a server whether it is ready, for a supervisor or a container's health check.
type healthcheckCommand struct {
	Data string `help:"Data directory of the running server." default:"${data}" placeholder:"DIR"`
}

// Run succeeds if the server is ready to take mail and answer requests.
func (c *healthcheckCommand) Run(ctx context.Context, t terminal) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	_, err := remote{Data: c.Data}.client().call(ctx, "GET", "/readyz", nil, nil)
	if refused := (*problem)(nil); errors.As(err, &refused) {
		return fmt.Errorf("the server is not ready: %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, "ready")
	return nil
}
