package smtpd

import (
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
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

// BenchmarkSubmit is one client that sends small messages, each in the outbox before its answer.
func BenchmarkSubmit(b *testing.B) {
	bed := newBed(b, submissions).listen()
	c := bed.logIn(bed.dial(), "ann@example.com")
	for b.Loop() {
		c.send("MAIL FROM:<ann@example.com>\r\nRCPT TO:<x@elsewhere.example>\r\nDATA\r\n")
		c.want("250 ")
		c.want("250 ")
		c.want("354 ")
		c.send(ownText + ".\r\n")
		c.want("250 2.0.0")
	}
}

// BenchmarkSubmitAtOnce is many clients of one workspace.
func BenchmarkSubmitAtOnce(b *testing.B) {
	bed := newBed(b, submissions).listen()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		c := bed.logIn(bed.dial(), "ann@example.com")
		for pb.Next() {
			c.pass("250 2.0.0")
		}
	})
	list, _, err := bed.store.Workspace(bed.homes["example.com"]).Outbox().Entries(b.Context(), mailstore.QueueFilter{}, 0, 1)
	if err != nil || len(list) == 0 {
		b.Fatal("nothing is in the outbox", err)
	}
}
