package peers

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// benchEvents runs `postroom bench events` against a server, each a process of its own.
func benchEvents(t testing.TB, flags ...string) (r struct {
	Frames, Messages  int
	KBEach            float64
	BusyKB, IdleKB    int64
	P50               float64 `json:"p50Ms"`
	P99               float64 `json:"p99Ms"`
	MessagesPerSecond float64
}) {
	t.Helper()
	s := start(t, t.TempDir())
	cmd := exec.CommandContext(t.Context(), binary(t), append([]string{"bench", "events", "--json", "--http", s.HTTP, "--smtp", s.SMTP, "--pid", strconv.Itoa(s.cmd.Process.Pid)}, flags...)...)
	cmd.Env = append(os.Environ(), "POSTROOM_BENCH_KEY="+s.OperatorKey)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	return r
}

// The run is void, and fails, if a frame is missing.
func TestEverySocketOfManyIsToldOfWhatItFollows(t *testing.T) {
	r := benchEvents(t, "--sockets", "200", "--workspaces", "4", "--inboxes", "5", "--rate", "50", "--for", "2s")
	if r.Messages != 100 || r.Frames != 1000 {
		t.Errorf("%+v", r)
	}
}

// BenchmarkSockets holds many WebSockets: 300, or 10,000 with POSTROOM_LONG. The goals are a resident server of at most 400 MB, and 10 ms
// from the 250 of a message to its frame at the 99th percentile while 200 messages come in each second.
func BenchmarkSockets(b *testing.B) {
	flags := []string{"--sockets", "300", "--workspaces", "5", "--inboxes", "10", "--rate", "200", "--for", "2s"}
	if os.Getenv("POSTROOM_LONG") != "" {
		flags = []string{"--sockets", "10000", "--workspaces", "20", "--inboxes", "50", "--rate", "200", "--for", "30s"}
	}
	for b.Loop() {
		r := benchEvents(b, flags...)
		b.ReportMetric(r.P50, "p50-ms")
		b.ReportMetric(r.P99, "p99-ms")
		b.ReportMetric(float64(r.IdleKB), "idle-KB")
		b.ReportMetric(float64(r.BusyKB), "busy-KB")
		b.ReportMetric(r.KBEach, "KB/socket")
		b.ReportMetric(r.MessagesPerSecond, "messages/s")
	}
}
