package peers

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// dovecot is a running Dovecot from Debian with a configuration of its own. Every user name is an account with its own
// empty maildir, and all have one password.
type dovecot struct {
	IMAP, IMAPS string // host:port, plain with STARTTLS and TLS from the start
	CA          string // path of its certificate, PEM
	Version     string
	PID         int

	log  lockedBuffer
	cmd  *exec.Cmd
	done chan struct{}
}

const dovecotPassword = "secret"

// runDovecot runs Dovecot on free ports of loopback until the test ends. It works for root, where Debian's users of
// the package lend their rights, and for any other user, who then is all of them.
func runDovecot(t testing.TB) *dovecot {
	t.Helper()
	program := "/usr/sbin/dovecot"
	if _, err := os.Stat(program); err != nil {
		absent(t, "dovecot")
	}
	const tries = 5 // another program may take a port between its choice and its use
	for range tries {
		d, err := tryDovecot(t, program)
		if err == nil {
			return d
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			t.Fatal(err)
		}
	}
	t.Fatalf("dovecot found no free port in %d tries", tries)
	return nil
}

func tryDovecot(t testing.TB, program string) (*dovecot, error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "dovecot") // short, since sockets lie below it, and open to the users that Dovecot becomes
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := dovecotConfig{dir: dir, imap: dovecotPort(t), imaps: dovecotPort(t)}
	if err := conf.write(); err != nil {
		return nil, err
	}
	d := &dovecot{
		IMAP: net.JoinHostPort("127.0.0.1", strconv.Itoa(conf.imap)), IMAPS: net.JoinHostPort("127.0.0.1", strconv.Itoa(conf.imaps)),
		CA: filepath.Join(dir, "cert.pem"), done: make(chan struct{}),
	}
	d.cmd = exec.Command(program, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	d.cmd.Env = append(os.Environ(), "TZ=UTC") // INTERNALDATE is in the server's zone
	d.cmd.WaitDelay = 5 * time.Second
	return d, d.start(t)
}

// start returns when the listeners are bound.
func (d *dovecot) start(t testing.TB) error {
	log, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.PID = d.cmd.Process.Pid
	ready := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			d.log.add(lines.Text())
			if _, rest, ok := strings.Cut(lines.Text(), "Dovecot v"); ok && strings.Contains(rest, "starting up") {
				d.Version, _, _ = strings.Cut(rest, " ")
				close(ready)
			}
		}
		d.cmd.Wait()
		close(d.done)
	}()
	t.Cleanup(func() {
		d.stop()
		if t.Failed() {
			t.Logf("Dovecot's log:\n%s", d.log.tail(4000))
		}
	})
	select {
	case <-ready:
		return d.awaitLogins()
	case <-d.done:
		return errors.New("dovecot did not start:\n" + d.log.tail(4000))
	case <-time.After(patience):
		return errors.New("dovecot is not ready:\n" + d.log.tail(4000))
	}
}

// awaitLogins returns when logins are taken: a client that is early is told to wait, in a line before the greeting.
func (d *dovecot) awaitLogins() error {
	c, err := net.Dial("tcp", d.IMAP)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "* OK [CAPABILITY ") {
			return nil
		}
	}
	return fmt.Errorf("dovecot greets nobody: %v\n%s", lines.Err(), d.log.tail(4000))
}

// stop asks the master to end, which ends its children.
func (d *dovecot) stop() {
	d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.done:
	case <-time.After(patience):
		d.cmd.Process.Kill()
		<-d.done
	}
}

func dovecotPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// dovecotConfig is what a configuration is made from.
type dovecotConfig struct {
	dir         string
	imap, imaps int // ports
}

func (c dovecotConfig) write() error {
	if err := os.Chmod(c.dir, 0o755); err != nil {
		return err
	}
	owner, services, err := c.users()
	if err != nil {
		return err
	}
	mail := filepath.Join(c.dir, "mail")
	if err := os.Mkdir(mail, 0o700); err != nil {
		return err
	}
	uid, gid, err := ids(owner)
	if err != nil {
		return err
	}
	if err := os.Chown(mail, uid, gid); err != nil {
		return err
	}
	certificate, key, err := dovecotCertificate()
	if err != nil {
		return err
	}
	text := strings.NewReplacer("{dir}", c.dir, "{uid}", strconv.Itoa(uid), "{gid}", strconv.Itoa(gid), "{password}", dovecotPassword,
		"{imap}", strconv.Itoa(c.imap), "{imaps}", strconv.Itoa(c.imaps), "{services}", services).Replace(dovecotText)
	return errors.Join(
		os.WriteFile(filepath.Join(c.dir, "cert.pem"), certificate, 0o644),
		os.WriteFile(filepath.Join(c.dir, "key.pem"), key, 0o600),
		os.WriteFile(filepath.Join(c.dir, "dovecot.conf"), []byte(text), 0o644),
	)
}

// users says whose the mail is, which Dovecot wants to be no root, and how its services run.
func (c dovecotConfig) users() (owner *user.User, services string, err error) {
	me, err := user.Current()
	if err != nil {
		return nil, "", err
	}
	if me.Uid == "0" {
		owner, err = user.Lookup("mail")
		return owner, "", err
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		return nil, "", err
	}
	services = fmt.Sprintf("default_login_user = %s\ndefault_internal_user = %s\ndefault_internal_group = %s\n", me.Username, me.Username, group.Name)
	for _, jailed := range []string{"anvil", "imap-login", "stats"} { // only root can change its root
		services += "service " + jailed + " {\n  chroot =\n}\n"
	}
	return me, services, nil
}

func ids(u *user.User) (uid, gid int, err error) {
	uid, err = strconv.Atoi(u.Uid)
	if err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// The layout is Maildir++ with names escaped, so that a dot in a name is no separator, and the mailboxes are those that
// an inbox of ours has. Nothing in it slows down a crowd of sessions of one user from one address, nor who logs in wrongly.
const dovecotText = `protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/state
log_path = /dev/stderr
ssl = yes
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{dir}/mail/%u
first_valid_uid = 1
mail_plugins = quota zlib listescape
default_process_limit = 6000
default_client_limit = 20000
{services}
passdb {
  driver = static
  args = password={password}
}
userdb {
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox INBOX {
    auto = subscribe
  }
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
  mailbox Archive {
    auto = subscribe
    special_use = \Archive
  }
}
service imap-login {
  service_count = 0
  client_limit = 10000
  process_min_avail = 2
  inet_listener imap {
    port = {imap}
  }
  inet_listener imaps {
    port = {imaps}
    ssl = yes
  }
}
service anvil {
  client_limit = 25000
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 25000
}
protocol imap {
  mail_max_userip_connections = 10000
  mail_plugins = quota zlib listescape imap_quota imap_zlib
}
plugin {
  quota = count:User quota
  quota_rule = *:storage=10G
  quota_vsizes = yes
}
`

// dovecotCertificate makes a certificate for localhost that is its own authority.
func dovecotCertificate() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

// lockedBuffer keeps lines that one goroutine writes and another reads.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) add(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.WriteString(line + "\n")
}

// tail is the end of the text, of at most n octets.
func (b *lockedBuffer) tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.text.String()
	return text[max(0, len(text)-n):]
}
