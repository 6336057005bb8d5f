package courier

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

func TestARelayIsTriedWithoutAMessage(t *testing.T) {
	auth := func(user, password string) bool { return user == "me" && password == "right" }
	for name, c := range map[string]struct {
		server   mxtest.Options
		tls      string
		password string
		fails    string // "": it does not
	}{
		"STARTTLS and a login": {mxtest.Options{TLS: mxtest.Offered, Auth: auth}, "required", "right", ""},
		"implicit TLS":         {mxtest.Options{TLS: mxtest.Implicit, Auth: auth}, "implicit", "right", ""},
		"a wrong password":     {mxtest.Options{TLS: mxtest.Offered, Auth: auth}, "required", "mistaken", "wrong credentials"},
		"no TLS":               {mxtest.Options{Auth: auth}, "required", "right", "no verified TLS"},
		"another's certificate": {mxtest.Options{TLS: mxtest.Offered, Certificate: mxtest.WrongName, Auth: auth}, "required", "right",
			"no verified TLS"},
		"a server that is full": {mxtest.Options{Greeting: "421 later"}, "required", "right", "later"},
	} {
		t.Run(name, func(t *testing.T) {
			s := mxtest.Start(t, c.server)
			zones := zonetest.Start(t, "mx.test. A 127.0.0.1")
			cfg := Config{Hostname: "mail.shop.com", Resolver: resolver.New(resolver.Config{Servers: []string{zones.Addr()}}), Roots: s.Roots(), AllowPrivate: true}
			err := TryRelay(t.Context(), cfg, tenancy.Smarthost{Host: "mx.test", Port: int(s.Addr().Port()), Username: "me", Password: c.password, TLS: c.tls})
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v, want %q", err, c.fails)
			}
			if err != nil && strings.Contains(err.Error(), c.password) {
				t.Errorf("the password is told: %v", err)
			}
			if n := len(s.Transactions()); n != 0 {
				t.Errorf("%d messages were sent", n)
			}
		})
	}
}

func TestARelayBehindOurOwnWallsIsRefused(t *testing.T) {
	cfg := Config{Hostname: "mail.shop.com"}
	if err := TryRelay(t.Context(), cfg, tenancy.Smarthost{Host: netip.MustParseAddr("127.0.0.1").String(), Port: 25, TLS: "none"}); err == nil {
		t.Error("it was connected to")
	}
}
