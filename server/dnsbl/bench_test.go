package dnsbl

import "testing"

// What a message costs that three lists do not have, and one that one of them has, with the DNS warm.
func BenchmarkAsk(b *testing.B) {
	for name, address := range map[string]string{"not listed": "192.0.2.9", "listed": "192.0.2.7"} {
		b.Run(name, func(b *testing.B) {
			lists := setUp(b, []List{bl, {Zone: "other.test"}, {Zone: "third.test"}})
			b.ReportAllocs()
			for b.Loop() {
				lists.Ask(b.Context(), ip(address))
			}
		})
	}
}
