package resolver

import (
	"context"
	"fmt"
	"slices"

	"github.com/miekg/dns"
)

// Records are records of any type, for packages that know the DNS library.
type Records struct {
	Answer
	Records []dns.RR // not to be changed
}

// Records looks up the records of one type, in the order in which the server gives them: at least one if err is nil. Errors:
// as with TXT.
func (r *Resolver) Records(ctx context.Context, name string, qtype uint16) (Records, error) {
	e, err := r.lookup(ctx, name, qtype)
	if err != nil {
		return Records{}, err
	}
	return Records{Answer: r.answer(e), Records: slices.Clone(e.rrs)}, nil
}

// AskServer puts a question to one server, without asking for recursion, and gives its answer with whatever code it has:
// it is for name servers that are the authority. Nothing is remembered. The server is "host:port"; it is asked over UDP, and
// over TCP if the answer does not fit. Errors: ErrInvalidName, or that there was no answer in time.
func (r *Resolver) AskServer(ctx context.Context, server, name string, qtype uint16) (*dns.Msg, error) {
	canonical, err := canonicalName(name)
	if err != nil {
		return nil, err
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	return r.putTo(ctx, server, question{canonical, qtype}, false)
}
