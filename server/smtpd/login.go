package smtpd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/postroom/postroom/tenancy"
)

// login is who has logged in on a submission server: one inbox, and by which right it sends.
type login struct{ grant *tenancy.Grant }

// loginTimeout bounds how long the directory may take.
const loginTimeout = 30 * time.Second

// admit logs in: user is an address of an inbox, password its password or a key that covers it. Whoever is let in may send
// from that inbox. A credential that is right and may not send fails with errMayNotSend, which only its holder can see.
func (r *run) admit(user, password string, from netip.Addr) (*login, error) {
	ctx, cancel := context.WithTimeout(r.ctx, loginTimeout)
	defer cancel()
	g, err := r.dir.Login(ctx, user, password, from)
	if err != nil {
		return nil, err
	}
	if !g.Allows(tenancy.MessagesSend) {
		return nil, errMayNotSend
	}
	l := &login{g}
	_, err = l.sender(ctx) // the inbox may have gone meanwhile
	return l, err
}

// sender is the inbox as it is now, with the addresses that it may use. It fails with tenancy.ErrUnauthenticated when the
// password or key has ended since the login.
func (l *login) sender(ctx context.Context) (tenancy.Sender, error) {
	if err := l.grant.Check(ctx); err != nil {
		return tenancy.Sender{}, fmt.Errorf("check login: %w", err)
	}
	s, err := l.grant.MaySend(ctx, "", string(l.grant.InboxID()))
	if errors.Is(err, tenancy.ErrNotFound) {
		err = tenancy.ErrUnauthenticated
	}
	return s, err
}
