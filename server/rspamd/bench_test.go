package rspamd

import (
	"strings"
	"testing"
)

// What a message of 16 KB costs, with an rspamd in this process that does nothing.
func BenchmarkCheck(b *testing.B) {
	c := client(b, serve(b, say(good)).URL)
	message := strings.Repeat("All work and no play\r\n", 16<<10/22)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ask(b, session, message); err != nil {
			b.Fatal(err)
		}
	}
}
