package peers

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is a running Postfix that takes all mail at several addresses, each with settings of its own, and hands it on as
// its transport map says, or else to a sink.
type receiver struct {
	t         testing.TB
	dir, conf string
	port      int
}

// door is one address at which a Postfix listens.
type door struct {
	address  string // without the port
	hostname string
	settings []string // "name = value" of main.cf
}

// needPostfix skips a test where Postfix cannot run.
func needPostfix(t testing.TB) {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/postfix"); err != nil {
		absent(t, "postfix")
	}
	if os.Getuid() != 0 {
		absent(t, "root, which Postfix's master wants,")
	}
	if _, err := user.Lookup("postfix"); err != nil {
		absent(t, "the user postfix")
	}
}

// startPostfix runs a Postfix until the test ends. main are lines more for main.cf; sink is host:port.
func startPostfix(t testing.TB, port int, sink string, doors []door, main ...string) *receiver {
	t.Helper()
	needPostfix(t)
	dir := openDir(t)
	p := &receiver{t: t, dir: dir, conf: filepath.Join(dir, "conf"), port: port}
	for _, d := range []string{"conf", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "", "chown", "postfix", filepath.Join(dir, "data"))
	host, sinkPort, _ := net.SplitHostPort(sink)
	p.write("main.cf", strings.NewReplacer("{dir}", dir, "{sink}", "["+host+"]:"+sinkPort).Replace(receiverMain)+strings.Join(main, "\n")+"\n")
	var master strings.Builder
	for _, d := range doors {
		fmt.Fprintf(&master, "%s:%d inet n - n - - smtpd\n -o { myhostname = %s }\n", d.address, port, d.hostname)
		for _, s := range d.settings {
			fmt.Fprintf(&master, " -o { %s }\n", s)
		}
	}
	p.write("master.cf", master.String()+receiverMaster)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Postfix's log:\n%s", tail(p.log(), 8000))
		}
	})
	if out, err := exec.Command("/usr/sbin/postfix", "-c", p.conf, "start").CombinedOutput(); err != nil {
		t.Fatalf("postfix: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("/usr/sbin/postfix", "-c", p.conf, "stop").CombinedOutput(); err != nil {
			t.Errorf("stop postfix: %v\n%s", err, out)
		}
	})
	return p
}

func (p *receiver) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.conf, name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// log is what it has logged.
func (p *receiver) log() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "log")) // not there yet: nothing was logged
	return string(text)
}

// idle reports whether its queue is empty.
func (p *receiver) idle() bool {
	p.t.Helper()
	return strings.Contains(run(p.t, "", "/usr/sbin/postqueue", "-c", p.conf, "-p"), "Mail queue is empty")
}

const receiverMain = `compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
myhostname = mx.receiver.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
default_transport = smtp:{sink}
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_tls_loglevel = 1
smtpd_peername_lookup = no
smtpd_client_event_limit_exceptions =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit
notify_classes =
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
`

const receiverMaster = `cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
anvil     unix  - - n - 1 anvil
proxymap  unix  - - n - - proxymap
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
smtp      unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
scache    unix  - - n - 1 scache
showq     unix  n - n - - showq
postlog   unix-dgram n - n - 1 postlogd
`

// policy answers Postfix's check_policy_service: the test decides on each recipient while it runs.
type policy struct {
	Addr   string
	decide func(recipient string) (action string)

	ln    net.Listener
	mu    sync.Mutex
	conns map[net.Conn]bool
	all   sync.WaitGroup
}

// startPolicy runs until the test ends. decide is called from several goroutines; "" lets a recipient pass.
func startPolicy(t testing.TB, decide func(recipient string) string) *policy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &policy{Addr: ln.Addr().String(), decide: decide, ln: ln, conns: map[net.Conn]bool{}}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		ln.Close()
		p.mu.Lock()
		for c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.all.Wait()
	})
	return p
}

func (p *policy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns[c] = true
		p.mu.Unlock()
		p.all.Go(func() {
			defer c.Close()
			p.serve(c)
		})
	}
}

// serve answers requests: lines of name=value, ended by an empty one.
func (p *policy) serve(c net.Conn) {
	lines := bufio.NewScanner(c)
	recipient := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if name == "recipient" {
			recipient = value
		}
		if lines.Text() != "" {
			continue
		}
		action := p.decide(recipient)
		if action == "" {
			action = "DUNNO"
		}
		c.SetWriteDeadline(time.Now().Add(patience))
		if _, err := fmt.Fprintf(c, "action=%s\n\n", action); err != nil {
			return
		}
	}
}

// setting is the line of main.cf that has a door ask the policy.
func (p *policy) setting() string {
	return "smtpd_recipient_restrictions = check_policy_service inet:" + p.Addr + ", permit"
}
