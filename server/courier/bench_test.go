package courier

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// discard is a mail server that takes everything and keeps nothing.
type discard struct {
	ln    net.Listener
	taken atomic.Int64
	want  int64
	done  chan struct{}
}

func startDiscard(t testing.TB, want int) *discard {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &discard{ln: ln, want: int64(want), done: make(chan struct{})}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go d.serve(conn)
		}
	}()
	return d
}

func (d *discard) port() int { return d.ln.Addr().(*net.TCPAddr).Port }

func (d *discard) serve(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	fmt.Fprint(out, "220 sink.test\r\n")
	for {
		if in.Buffered() == 0 {
			out.Flush()
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(string(line[:min(4, len(line))])); verb {
		case "EHLO":
			fmt.Fprint(out, "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n")
		case "DATA":
			fmt.Fprint(out, "354 go on\r\n")
			out.Flush()
			for {
				if line, err = in.ReadSlice('\n'); err != nil {
					return
				}
				if bytes.Equal(line, []byte(".\r\n")) {
					break
				}
			}
			if d.taken.Add(1) == d.want {
				close(d.done)
			}
			fmt.Fprint(out, "250 2.0.0 taken\r\n")
		case "QUIT":
			fmt.Fprint(out, "221 bye\r\n")
			out.Flush()
			return
		default:
			fmt.Fprint(out, "250 2.0.0 ok\r\n")
		}
	}
}

// BenchmarkLeaving measures from the start of the courier to the last message at the server, with all of them queued before:
// 4 KB each, to one domain or spread over ten, all signed: nothing leaves unsigned.
func BenchmarkLeaving(b *testing.B) {
	const messages = 2000
	for _, domains := range []int{1, 10} {
		b.Run(fmt.Sprintf("to %d domains", domains), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				sink := startDiscard(b, messages)
				bed := newBed(b, func(bed *bed) {
					bed.cfg.Port = sink.port()
					for i := range domains {
						bed.zones.Set(fmt.Sprintf("far%d.test.", i), fmt.Sprintf("60 MX 10 mx.far%d.test.", i))
						bed.zones.Set(fmt.Sprintf("mx.far%d.test.", i), "60 A 127.0.0.1")
					}
				})
				bed.halt()
				in := bed.inbox("ann@a.test")
				text := strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 90)
				for i := range messages {
					sp := mailstore.NewSpool(in)
					fmt.Fprintf(sp, "From: ann@a.test\r\nTo: x@far.test\r\nSubject: %d\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\nMessage-ID: <leave-%d@a.test>\r\n\r\n%s", i, i, text)
					if _, err := in.Submit(b.Context(), mailstore.Submission{Sender: "ann@a.test", To: []string{fmt.Sprintf("x%d@far%d.test", i, i%domains)}, Spool: sp, Bulk: true}); err != nil {
						b.Fatal(err)
					}
					sp.Close()
				}
				b.StartTimer()
				begun := time.Now()
				bed.start()
				<-sink.done
				b.ReportMetric(messages/time.Since(begun).Seconds(), "messages/s")
				b.StopTimer()
				bed.halt()
				b.StartTimer()
			}
		})
	}
}
