package courier

import (
	"context"
	"fmt"
	"time"

	"github.com/postroom/postroom/server/courier/smtpc"
	"github.com/postroom/postroom/tenancy"
)

// tryTime is how long each step with a relay that is only tried may take.
const tryTime = 15 * time.Second

// TryRelay opens a session with a relay as a courier of the configuration would, with TLS and a login, and sends nothing. The error says what went
// wrong; nil: it would take our mail as far as can be known without sending any.
func TryRelay(ctx context.Context, cfg Config, relay tenancy.Smarthost) error {
	if cfg.Timeouts == (smtpc.Timeouts{}) {
		cfg.Timeouts = smtpc.Timeouts{Connect: tryTime, TLS: tryTime, Greeting: tryTime, Hello: tryTime, Auth: tryTime}
	}
	conn, err := (&Courier{cfg: cfg}).connectRelay(ctx, &load{way: way{hostname: cfg.Hostname, relay: &relay}})
	if err == nil {
		conn.Quit(ctx) // whatever it answers, it has let us in
		return nil
	}
	return fmt.Errorf("%s: %w", relay.Host, err)
}
