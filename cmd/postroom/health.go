package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/postroom/postroom/server/api/client"
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
	r := remote{Data: c.Data}
	err := r.client().Ready(ctx)
	if refused := (*api.Problem)(nil); errors.As(err, &refused) {
		return fmt.Errorf("the server is not ready: %w", err)
	}
	if err != nil {
		return r.failed(err)
	}
	fmt.Fprintln(t.out, "ready")
	return nil
}
