package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/smtp"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// BenchmarkAnswerToFrame measures from the 250 of a message to its frame on a WebSocket. A frame that is there before
// the client has read its 250 counts as zero. The goal is a p99 under 10 ms.
func BenchmarkAnswerToFrame(b *testing.B) {
	s := start(b, b.TempDir())
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.HTTP, "http")+"/v1/ws?workspaceId="+s.WorkspaceID,
		&websocket.DialOptions{HTTPHeader: map[string][]string{"X-Api-Key": {s.WorkspaceKey}}})
	if err != nil {
		b.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	type seen struct {
		subject string
		at      time.Time
	}
	frames := make(chan seen, b.N)
	go func() {
		for {
			_, raw, err := ws.Read(ctx)
			if err != nil {
				close(frames)
				return
			}
			at := time.Now()
			var f struct {
				Type string
				Data struct{ Subject string }
			}
			if json.Unmarshal(raw, &f) != nil || f.Type != "message.received" { // news of the demo's making
				continue
			}
			frames <- seen{f.Data.Subject, at}
		}
	}()
	c, err := smtp.Dial(s.SMTP)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var waits []time.Duration
	b.ResetTimer()
	for i := range b.N {
		subject := strconv.Itoa(i)
		if err := transaction(c, s.Inbox.Address, "Subject: "+subject+"\r\n\r\n"+strings.Repeat("x\r\n", 500)); err != nil {
			b.Fatal(err)
		}
		answered := time.Now()
		f, ok := <-frames
		if !ok || f.subject != subject {
			b.Fatalf("frame of %q, want %q", f.subject, subject)
		}
		waits = append(waits, max(0, f.at.Sub(answered)))
	}
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkTenThousandWorkspaces starts a server that has 10,000 workspaces and uses 20 of them. The goals are: ready
// under 2 s, resident memory under 250 MB. It takes a minute to prepare, so it asks for POSTROOM_LONG.
func BenchmarkTenThousandWorkspaces(b *testing.B) {
	if os.Getenv("POSTROOM_LONG") == "" {
		b.Skip("takes a minute: set POSTROOM_LONG=1")
	}
	dir := b.TempDir()
	s := start(b, dir)
	var ids []string
	for i := range 10000 {
		var ws struct{ ID string }
		if code := s.call("POST", "/v1/workspaces", s.OperatorKey, map[string]string{"name": fmt.Sprint("Customer ", i)}, &ws); code != 201 {
			b.Fatalf("workspace: %d", code)
		}
		ids = append(ids, ws.ID)
	}
	var active []string
	for i, id := range ids[:20] {
		domain := fmt.Sprintf("d%d.example", i)
		s.call("POST", "/v1/domains", s.OperatorKey, map[string]string{"domain": domain, "workspaceId": id}, nil)
		s.call("POST", "/v1/inboxes", s.OperatorKey, map[string]string{"username": "x", "domain": domain, "displayName": "x", "workspaceId": id}, nil)
		active = append(active, "x@"+domain)
	}
	if err := s.stop(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		begun := time.Now()
		s := start(b, dir)
		ready := time.Since(begun)
		c, err := smtp.Dial(s.SMTP)
		if err != nil {
			b.Fatal(err)
		}
		for range 20 {
			for _, to := range active {
				if err := transaction(c, to, "Subject: x\r\n\r\n"+strings.Repeat("x\r\n", 5000)); err != nil {
					b.Fatal(err)
				}
			}
		}
		c.Close()
		b.ReportMetric(ready.Seconds(), "ready-s")
		b.ReportMetric(float64(resident(b, s.cmd.Process.Pid))/1e6, "rss-MB")
		if err := s.stop(); err != nil {
			b.Fatal(err)
		}
	}
}

// resident is a process's resident memory in octets.
func resident(b *testing.B, pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skipf("no /proc: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb << 10
}
