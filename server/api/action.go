package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/tenancy"
)

// registerAction adds a POST whose effect lies in a workspace's own store and does no harm if it happens twice: holding,
// cancelling, suppressing. The directory, which every workspace shares, is not kept waiting for it: its answer is looked
// for before and kept behind. A crash between effect and answer leaves a request whose repetition finds things done.
func registerAction[I post, O any](s *Server, a huma.API, op huma.Operation, do func(context.Context, *tenancy.Grant, I) (status int, body O, err error)) {
	huma.Register(a, op, func(ctx context.Context, in *I) (*created[O], error) {
		c := callOf(ctx)
		answer, replayed, err := onceBeside(ctx, c.grant, c.request((*in).idempotencyKey(), (*in).workspace()), func() (tenancy.Answer, error) {
			status, body, err := do(ctx, c.grant, *in)
			if err != nil {
				return tenancy.Answer{}, err
			}
			text, err := json.Marshal(body)
			return tenancy.Answer{Status: status, Body: text}, err
		})
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out := &created[O]{Status: answer.Status}
		if replayed {
			out.Replayed = "true"
		}
		if err := json.Unmarshal(answer.Body, &out.Body); err != nil {
			return nil, s.fail(ctx, fmt.Errorf("decode answer: %w", err))
		}
		return out, nil
	})
}

var errNotDone = errors.New("this request did not come before")

// onceBeside gives the answer of a request that came before, or does it and keeps its answer.
func onceBeside(ctx context.Context, g *tenancy.Grant, r tenancy.Request, do func() (tenancy.Answer, error)) (tenancy.Answer, bool, error) {
	if r.Key == "" {
		answer, err := do()
		return answer, false, err
	}
	answer, replayed, err := g.Once(ctx, r, func(context.Context) (tenancy.Answer, error) { return tenancy.Answer{}, errNotDone })
	if !errors.Is(err, errNotDone) {
		return answer, replayed, err
	}
	if answer, err = do(); err != nil {
		return tenancy.Answer{}, false, err
	}
	kept := context.WithoutCancel(ctx) // it is done, so its answer is kept for a client that went away
	return g.Once(kept, r, func(context.Context) (tenancy.Answer, error) { return answer, nil })
}
