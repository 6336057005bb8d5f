package resolver

import (
	"testing"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

func benchmark(b *testing.B, cacheSize int, look func(r *Resolver) error) {
	zones := zonetest.Start(b, "d.test. MX 10 mx.d.test.\nmx.d.test. A 192.0.2.1\nmx.d.test. AAAA 2001:db8::1")
	r := New(Config{Servers: []string{zones.Addr()}, CacheSize: cacheSize})
	b.ReportAllocs()
	for b.Loop() {
		if err := look(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeptRoute(b *testing.B) {
	benchmark(b, 0, func(r *Resolver) error { _, err := r.Mail(b.Context(), "d.test"); return err })
}

func BenchmarkKeptAddresses(b *testing.B) {
	benchmark(b, 0, func(r *Resolver) error { _, err := r.Addresses(b.Context(), "mx.d.test"); return err })
}

func BenchmarkRouteFromLoopback(b *testing.B) {
	benchmark(b, 1, func(r *Resolver) error { _, err := r.Mail(b.Context(), "d.test"); return err })
}
