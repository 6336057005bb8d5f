package sts

import (
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

func BenchmarkKeptPolicy(b *testing.B) {
	zones := zonetest.Start(b, zone)
	zones.Set("_mta-sts."+domain, `3600 TXT "v=STSv1; id=one"`)
	c, err := New(Config{Resolver: resolver.New(resolver.Config{Servers: []string{zones.Addr()}}), Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.files.write(domain, Policy{ID: "one", FetchedAt: time.Now()}, []byte(good)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if p, err := c.Policy(b.Context(), domain); err != nil || p.ID != "one" {
			b.Fatal(p, err)
		}
	}
}

func BenchmarkNoPolicy(b *testing.B) {
	zones := zonetest.Start(b, "")
	c, err := New(Config{Resolver: resolver.New(resolver.Config{Servers: []string{zones.Addr()}}), Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if p, err := c.Policy(b.Context(), domain); err != nil || p.ID != "" {
			b.Fatal(p, err)
		}
	}
}
