package smtpc_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/courier/smtpc"
)

// BenchmarkSend is messages over one connection to a sink in the process. Turn by turn with it the same octets are written
// by hand, with the same waits and without looking at any: x-bare is how many times as long a message takes as that. An
// op is both.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{2 << 10, 100 << 10, 10 << 20} {
		body := "Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", size/72)
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			byHand := bare(b, body)
			c, err := smtpc.Connect(b.Context(), discard(b), smtpc.Config{Hostname: "client.example", TLS: smtpc.Off})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			r := strings.NewReader(body)
			m := smtpc.Message{Sender: "ann@a.example", Recipients: []string{"bob@b.example"}, Size: int64(len(body)), Body: r}
			b.ReportAllocs()
			var ours, bare time.Duration
			for b.Loop() {
				begin := time.Now()
				byHand()
				between := time.Now()
				r.Reset(body)
				if out, err := c.Send(b.Context(), m); err != nil || !out.Recipients[0].Accepted() {
					b.Fatal(out, err)
				}
				bare += between.Sub(begin)
				ours += time.Since(between)
			}
			b.ReportMetric(float64(b.N)/ours.Seconds(), "msgs/s")
			b.ReportMetric(float64(b.N*len(body))/ours.Seconds()/1e6, "MB/s")
			b.ReportMetric(ours.Seconds()/bare.Seconds(), "x-bare")
		})
	}
}

// bare gives a function that sends a message.
func bare(b *testing.B, body string) (send func()) {
	conn := discard(b)
	in := bufio.NewReader(conn)
	wait := func(lines int) {
		for range lines {
			if _, err := in.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
	}
	wait(1)
	io.WriteString(conn, "EHLO client.example\r\n")
	wait(3)
	envelope := fmt.Appendf(nil, "MAIL FROM:<ann@a.example> SIZE=%d\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n", len(body))
	whole := []byte(body + ".\r\n")
	return func() {
		conn.Write(envelope)
		wait(3)
		conn.Write(whole)
		wait(1)
	}
}

// discard is a connection to a server that takes everything.
func discard(b *testing.B) net.Conn {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	peer, err := ln.Accept()
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer peer.Close()
		swallow(peer)
	}()
	b.Cleanup(func() { conn.Close(); <-done })
	return conn
}

func swallow(conn net.Conn) {
	in, out := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
	say := func(s string) { out.WriteString(s) }
	say("220 mx.test\r\n")
	body := false
	for {
		if in.Buffered() == 0 {
			out.Flush()
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case body:
			if len(line) == 3 && line[0] == '.' {
				body = false
				say("250 2.0.0 taken\r\n")
			}
		case bytes.HasPrefix(line, []byte("EHLO")):
			say("250-mx.test\r\n250-SIZE\r\n250 PIPELINING\r\n")
		case bytes.HasPrefix(line, []byte("DATA")):
			say("354 go\r\n")
			body = true
		default:
			say("250 2.1.0 ok\r\n")
		}
	}
}
