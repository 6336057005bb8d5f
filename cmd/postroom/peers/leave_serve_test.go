package peers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

// house is a data directory with one workspace whose mail leaves to a sink, and the configuration of `postroom serve` over it.
// The server runs as a process of its own; while it does not, the test may open the stores itself.
type house struct {
	t      testing.TB
	dir    string
	config string
	zones  *zonetest.Server
	sink   *sink

	ws       mailstore.WorkspaceID
	address  string
	password string
}

const houseDomain = "house.test"

// newHouse makes the house. far0.test, far1.test and so on, one for each address of the sink, are the domains out there.
func newHouse(t testing.TB, s *sink, retry string, outgoing ...string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), sink: s, zones: zonetest.Start(t, "mail.house.test. 60 A 127.0.0.1\n")}
	for i := range s.listeners {
		h.zones.Set(farDomain(i), fmt.Sprintf("600 MX 10 mx.%s.", farDomain(i)))
		h.zones.Set("mx."+farDomain(i), fmt.Sprintf("600 A 127.0.0.%d", i+1))
	}
	cert, key := h.certificate()
	h.config = filepath.Join(t.TempDir(), "postroom.toml")
	text := fmt.Sprintf(`hostname = "mail.house.test"
data_dir = %q
drain_timeout = "10s"
[tls]
cert_file = %q
key_file = %q
[smtp]
listen = "127.0.0.1:0"
[submission]
listen = "127.0.0.1:0"
listen_tls = "127.0.0.1:0"
[imap]
listen = ""
listen_tls = ""
[http]
listen = "127.0.0.1:0"
[dns]
servers = [%q]
[outgoing]
port = %d
allow_private = true
retry = [%q]
%s
`, h.dir, cert, key, h.zones.Addr(), s.port, retry, strings.Join(outgoing, "\n"))
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h.open(func(ctx context.Context, _ *mailstore.Store, dir *tenancy.Directory) error {
		op := dir.Operator()
		ws, err := op.CreateWorkspace(ctx, tenancy.NewWorkspace{Name: "house"})
		if err != nil {
			return err
		}
		h.ws = ws.ID
		if _, _, err = op.CreateDomain(ctx, ws.ID, tenancy.NewDomain{Domain: houseDomain}); err != nil {
			return err
		}
		in, password, _, err := op.CreateInbox(ctx, ws.ID, tenancy.NewInbox{Username: "ann", Domain: houseDomain})
		if err != nil {
			return err
		}
		h.address, h.password = in.Address, password
		_, err = op.DKIM(ctx, ws.ID, houseDomain) // makes the keys
		return err
	})
	return h
}

func farDomain(i int) string { return fmt.Sprintf("far%d.test", i) }

// open opens the stores in this process. The server must not run.
func (h *house) open(do func(context.Context, *mailstore.Store, *tenancy.Directory) error) {
	h.t.Helper()
	ctx := context.Background()
	store, err := mailstore.Open(h.dir, mailstore.Options{MinFree: -1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.t.Fatal(err)
	}
	dir, err := tenancy.Open(ctx, filepath.Join(h.dir, "postroom.db"), store, tenancy.Options{Hostname: "mail.house.test"})
	if err == nil {
		err = do(ctx, store, dir)
		dir.Close()
	}
	if closed := store.Close(); err == nil {
		err = closed
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// text is a message of a certain size.
func (h *house) text(id, to string, octets int) string {
	head := fmt.Sprintf("From: Ann <%s>\r\nTo: %s\r\nSubject: %s\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\nMessage-ID: <%s>\r\n\r\n", h.address, to, id, id)
	line := "All work and no play makes Jack a dull boy.\r\n"
	return head + strings.Repeat(line, max(1, (octets-len(head))/len(line)))
}

// fill queues messages of 4 KB, spread over the domains of the sink, while the server does not run.
func (h *house) fill(n int, sender, prefix string) {
	h.t.Helper()
	h.open(func(ctx context.Context, _ *mailstore.Store, dir *tenancy.Directory) error {
		in, err := dir.Operator().Mail(ctx, h.ws, h.address, tenancy.MessagesSend)
		if err != nil {
			return err
		}
		var all sync.WaitGroup
		errs := make(chan error, n)
		next := make(chan int)
		for range 8 {
			all.Go(func() {
				for i := range next {
					to := fmt.Sprintf("x%d@%s", i, farDomain(i%len(h.sink.listeners)))
					sp := mailstore.NewSpool(in)
					io.WriteString(sp, h.text(fmt.Sprintf("%s-%d@house.test", prefix, i), to, 4<<10)) // a failure shows in Submit
					_, err := in.Submit(ctx, mailstore.Submission{Sender: sender, To: []string{to}, Spool: sp, Bulk: true})
					sp.Close()
					errs <- err
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		all.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// certificate makes a certificate for localhost, signed by itself.
func (h *house) certificate() (cert, key string) {
	h.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		h.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		h.t.Fatal(err)
	}
	dir := h.t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	return cert, key
}

var (
	submissionsField = regexp.MustCompile(` submissions=(\S+)`)
	httpField        = regexp.MustCompile(` http=(\S+)`)
)

func (h *house) logFile() string { return filepath.Join(filepath.Dir(h.config), "log") }

// serve runs `postroom serve` until the test ends. Its log goes to a file beside the configuration.
func (h *house) serve() *server {
	h.t.Helper()
	s := &server{t: h.t, cmd: exec.Command(binary(h.t), "serve", "--config", h.config), stderr: &bytes.Buffer{}, done: make(chan struct{})}
	log, err := os.OpenFile(h.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(s.kill)
	in := bufio.NewReader(pipe)
	ready := false
	for !ready {
		line, err := in.ReadString('\n')
		s.stderr.WriteString(line)
		if err != nil {
			break
		}
		if ready = strings.Contains(line, "msg=ready"); ready {
			if m := submissionsField.FindStringSubmatch(line); m != nil {
				s.Submissions = m[1]
			}
			if m := httpField.FindStringSubmatch(line); m != nil {
				s.HTTP = "http://" + m[1]
			}
		}
	}
	go func() {
		io.Copy(log, in)
		log.Close()
		s.cmd.Wait()
		close(s.done)
	}()
	if !ready {
		<-s.done
		h.t.Fatalf("the server did not become ready\n%s", s.stderr)
	}
	return s
}
