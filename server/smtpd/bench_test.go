package smtpd

import (
	"strings"
	"testing"
)

// BenchmarkData is a large message through the whole wire; its last refusal keeps the store out of it.
func BenchmarkData(b *testing.B) {
	bed := newBed(b, func(c *Config) { c.MaxReceived, c.MaxErrors = 1, 1<<30; c.MaxMessageBytes = 1 << 40 }).listen()
	c := bed.dial().hello()
	message := strings.Repeat("Received: x\r\n", 2) + "\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 100_000) + ".\r\n"
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		c.envelope("a@elsewhere.example", "ann@example.com")
		c.do("DATA", "354 ")
		c.send(message)
		c.want("554 5.4.6")
	}
}
