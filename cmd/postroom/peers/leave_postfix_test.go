package peers

import (
	"bytes"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// heldPostfix is an instance of Debian's Postfix in a directory of its own, which sends to the sink's domains. Until release its queue
// manager is missing: what comes in stays in its queue.
type heldPostfix struct {
	t      testing.TB
	dir    string
	conf   string
	port   int
	window int // transactions at a time
}

const postfixProgram = "/usr/sbin/postfix"

// startHeldPostfix starts it. It is stopped at the end of the test.
func startHeldPostfix(t testing.TB, s *sink, perDestination, processes int) *heldPostfix {
	t.Helper()
	if _, err := os.Stat(postfixProgram); err != nil {
		absent(t, "postfix")
	}
	if os.Getuid() != 0 {
		absent(t, "root, which Postfix's master wants,")
	}
	if _, err := user.Lookup("postfix"); err != nil {
		absent(t, "the user postfix")
	}
	dir, err := os.MkdirTemp("", "postfix") // a short path that the user postfix may walk: master's sockets lie below it
	if err != nil {
		t.Fatal(err)
	}
	p := &heldPostfix{t: t, dir: dir, conf: filepath.Join(dir, "conf"), port: unusedPort(t)}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"conf", "queue", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "", "chown", "postfix", filepath.Join(dir, "data"))
	routes := &bytes.Buffer{}
	for i := range s.listeners {
		fmt.Fprintf(routes, "%s smtp:[127.0.0.%d]:%d\n", farDomain(i), i+1, s.port)
	}
	p.write("routes", routes.String())
	p.write("main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
myhostname = mail.house.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
smtp_tls_security_level = none
smtp_dns_support_level = disabled
transport_maps = texthash:%[1]s/conf/routes
default_destination_concurrency_limit = %[2]d
smtpd_client_connection_rate_limit = 0
in_flow_delay = 0
`, dir, perDestination))
	p.master(processes, false)
	if out, err := exec.Command(postfixProgram, "-c", p.conf, "start").CombinedOutput(); err != nil {
		t.Fatalf("postfix: %v\n%s%s", err, out, p.log())
	}
	t.Cleanup(p.stop)
	p.window = processes
	return p
}

// unusedPort is a port that was free a moment ago.
func unusedPort(t testing.TB) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func (p *heldPostfix) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.conf, name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// master writes what Postfix's master runs, with or without the queue manager.
func (p *heldPostfix) master(processes int, released bool) {
	manager := ""
	if released {
		manager = "qmgr unix n - n 300 1 qmgr\n"
	}
	p.write("master.cf", manager+fmt.Sprintf(`127.0.0.1:%d inet n - n - 20 smtpd
cleanup   unix  n - n - 0 cleanup
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
smtp      unix  - - n - %d smtp
error     unix  - - n - - error
retry     unix  - - n - - error
scache    unix  - - n - 1 scache
anvil     unix  - - n - 1 anvil
proxymap  unix  - - n - - proxymap
postlog   unix-dgram n - n - 1 postlogd
`, p.port, processes))
}

func (p *heldPostfix) log() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return string(text[max(0, len(text)-8<<10):])
}

// fill queues the same messages as house.fill.
func (p *heldPostfix) fill(h *house, n int, prefix string) {
	p.t.Helper()
	var all sync.WaitGroup
	next := make(chan int)
	for range 8 {
		all.Go(func() {
			c, err := dialSMTP(fmt.Sprintf("127.0.0.1:%d", p.port))
			for i := range next {
				to := fmt.Sprintf("x%d@%s", i, farDomain(i%len(h.sink.listeners)))
				if err == nil {
					err = submit(c, h.address, to, h.text(fmt.Sprintf("%s-%d@house.test", prefix, i), to, 4<<10))
				}
			}
			if err != nil {
				p.t.Errorf("fill Postfix: %v\n%s", err, p.log())
				return
			}
			c.Quit()
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// stop ends it; what is stopped already stays so.
func (p *heldPostfix) stop() { exec.Command(postfixProgram, "-c", p.conf, "stop").Run() }

// release lets the queue manager begin.
func (p *heldPostfix) release() {
	p.t.Helper()
	p.master(p.window, true)
	if out, err := exec.Command(postfixProgram, "-c", p.conf, "reload").CombinedOutput(); err != nil {
		p.t.Fatalf("postfix reload: %v\n%s%s", err, out, p.log())
	}
}

// dialSMTP opens a session that ends by itself in a minute.
func dialSMTP(address string) (*smtp.Client, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	return smtp.NewClient(conn, "localhost")
}

// submit sends one message over an open session; the error says that it was not answered 250.
func submit(c *smtp.Client, from, to, text string) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Close() // the 250
}

// BenchmarkOutboundBesidePostfix measures how fast mail leaves that waits in the queue: ours and Postfix's by turns, to the same
// sink, with the same messages and as many connections at a time. It counts from the first MAIL at the sink to the last message.
// Ours are signed with RSA-2048 and Ed25519, as all mail that leaves; Postfix signs nothing. The goal is a ratio of at least 1.
func BenchmarkOutboundBesidePostfix(b *testing.B) {
	const (
		messages       = 2000
		perDestination = 20
		together       = 50
	)
	for _, domains := range []int{1, 10} {
		b.Run(fmt.Sprintf("destinations=%d", domains), func(b *testing.B) {
			rates := map[string][]float64{}
			for range b.N {
				s := startSink(b, domains)
				h := newHouse(b, s, "1m", fmt.Sprintf("max_connections_per_destination = %d", perDestination), fmt.Sprintf("max_connections_per_workspace = %d", together))
				p := startHeldPostfix(b, s, perDestination, together)
				p.fill(h, messages, "bench")
				h.fill(messages, h.address, "bench-own")
				all := s.expect(messages)
				server := h.serve()
				rates["own"] = append(rates["own"], waitRate(b, s, all, messages, server.stderr.String))
				if err := server.stop(); err != nil {
					b.Error(err)
				}
				all = s.expect(messages)
				p.release()
				rates["postfix"] = append(rates["postfix"], waitRate(b, s, all, messages, p.log))
				p.stop()
			}
			b.ReportMetric(mean(rates["own"]), "messages/s")
			b.ReportMetric(mean(rates["postfix"]), "postfix-messages/s")
			b.ReportMetric(mean(rates["own"])/mean(rates["postfix"]), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// waitRate waits until the sink has what it expects, and gives messages a second.
func waitRate(b *testing.B, s *sink, all <-chan struct{}, messages int, log func() string) float64 {
	b.Helper()
	select {
	case <-all:
	case <-time.After(time.Minute):
		s.mu.Lock()
		taken := s.taken
		s.mu.Unlock()
		b.Fatalf("%d of %d messages came\n%s", taken, messages, log())
	}
	first, last, most, total := s.measured()
	rate := float64(messages) / last.Sub(first).Seconds()
	b.Logf("%.0f messages/s over %d connections, at most %d at a time", rate, total, most)
	return rate
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}
