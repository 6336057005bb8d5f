package courier

import (
	"fmt"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
)

func TestKeysChangePlacesOnceTheDNSHasTheNextOnes(t *testing.T) {
	b := newBed(t, nil)
	active := func() string {
		keys, err := b.dir.Operator().DKIM(t.Context(), b.homes["a.test"], "a.test")
		b.must(err)
		return keys[0].Selector
	}
	first := active()
	r := Rotation{After: time.Nanosecond, Courier: b.c}
	r.Rotate(t.Context())
	if active() != first {
		t.Fatal("rotated to keys that the DNS does not have")
	}
	keys, err := b.dir.Operator().DKIM(t.Context(), b.homes["a.test"], "a.test")
	b.must(err)
	publish := func(k tenancy.DKIMKey, text string) {
		half := len(text) / 2
		b.zones.Set(k.Name()+".", fmt.Sprintf("1 TXT %q %q", text[:half], text[half:]))
	}
	rotate := func() { // a resolver that remembers nothing
		b.cfg.Resolver = resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}})
		Rotation{After: time.Nanosecond, Courier: New(b.cfg, b.dir, b.c.log)}.Rotate(t.Context())
	}
	for _, k := range keys {
		publish(k, "v=DKIM1; p=c29tZXRoaW5nIGVsc2U=")
	}
	rotate()
	if active() != first {
		t.Fatal("rotated to keys of which the DNS has others")
	}
	for _, k := range keys {
		publish(k, k.Record())
	}
	rotate()
	if active() == first {
		t.Fatal("not rotated")
	}
}
