package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/postroom/postroom/server/certs"
	"github.com/postroom/postroom/server/certs/acmetest"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

// loopbackConfig listens on free ports of this machine.
func loopbackConfig(t *testing.T) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Hostname, cfg.DataDir, cfg.DrainTimeout = "mail.example.com", t.TempDir(), 5*time.Second
	const any = "127.0.0.1:0"
	cfg.SMTP.Listen, cfg.Submission.Listen, cfg.Submission.ListenTLS, cfg.IMAP.Listen, cfg.IMAP.ListenTLS, cfg.HTTP.Listen = any, any, any, any, any, any
	cfg.SMTP.Authenticate = false
	return cfg
}

// running is a server that runs until the test ends.
func running(t *testing.T, cfg Config) *postroom {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p, err := open(ctx, cfg, quietLog(), development{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestAServerGetsItsCertificateAndShowsItOnEveryWire(t *testing.T) {
	for _, way := range []string{"http-01", "tls-alpn-01"} {
		t.Run(way, func(t *testing.T) {
			a := acmetest.New(t)
			cfg := loopbackConfig(t)
			cfg.TLS.ACMEEmail, cfg.TLS.ACMEDirectory, cfg.TLS.ACMERootFile = "postmaster@example.com", a.Directory, filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(cfg.TLS.ACMERootFile, a.RootPEM, 0o600); err != nil {
				t.Fatal(err)
			}
			cfg.HTTP.TLS = true
			validated := &cfg.HTTP.Listen
			ln := a.HTTPS
			if way == "http-01" {
				validated, ln = &cfg.HTTP.ListenPlain, a.HTTP
			}
			*validated = ln.Addr().String()
			ln.Close() // the server takes its place
			a.SetDown(true)
			p := running(t, cfg)
			if state := p.certs.State(cfg.Hostname); state.Source != certs.SelfMadeHere {
				t.Fatalf("state %+v", state)
			}
			if shown := implicitTLS(t, p.imaps.Addr()); shown.PeerCertificates[0].VerifyHostname(cfg.Hostname) != nil {
				t.Error("before there is a certificate, IMAP shows none for the host name")
			}
			a.SetDown(false)
			waitFor(t, func() bool { return p.certs.State(cfg.Hostname).Source == certs.FromAuthority })
			for wire, state := range map[string]tls.ConnectionState{
				"smtp": startTLS(t, p.smtp.Addr(), "220 ", "EHLO client.example\r\n", "250 ", "STARTTLS\r\n"), "submission": startTLS(t, p.submission.Addr(), "220 ", "EHLO client.example\r\n", "250 ", "STARTTLS\r\n"),
				"imap": startTLS(t, p.imap.Addr(), "* OK", "", "", "a STARTTLS\r\n"), "imaps": implicitTLS(t, p.imaps.Addr()), "submissions": implicitTLS(t, p.submissions.Addr()), "http": implicitTLS(t, p.http.Addr()),
			} {
				if !acmetest.Signed(state.PeerCertificates[0], cfg.Hostname) {
					t.Errorf("%s shows %v of %v", wire, state.PeerCertificates[0].DNSNames, state.PeerCertificates[0].Issuer)
				}
			}
		})
	}
}

// waitFor asks until it is so.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(2 * time.Minute); !so(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it did not come to that")
		}
	}
}

var shownTo = &tls.Config{ServerName: "mail.example.com", InsecureSkipVerify: true} // the test looks at the certificate itself

func implicitTLS(t *testing.T, at net.Addr) tls.ConnectionState {
	t.Helper()
	conn, err := tls.Dial("tcp", at.String(), shownTo)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState()
}

// startTLS waits for a greeting, says hello and waits for the last line of the answer, and begins TLS.
func startTLS(t *testing.T, at net.Addr, greeting, hello, answered, begin string) tls.ConnectionState {
	t.Helper()
	conn, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(conn)
	until := func(prefix string) {
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("waiting for %q: %v", prefix, err)
			}
			if strings.HasPrefix(line, prefix) {
				return
			}
		}
	}
	until(greeting)
	if hello != "" {
		io.WriteString(conn, hello)
		until(answered)
	}
	io.WriteString(conn, begin)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	secure := tls.Client(conn, shownTo)
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	return secure.ConnectionState()
}

func TestPlainHTTPLeadsToHTTPS(t *testing.T) {
	for _, c := range []struct {
		method, host, uri string
		code              int
		location          string
	}{
		{"GET", "mail.example.com", "/a?b=c", 301, "https://mail.example.com/a?b=c"},
		{"HEAD", "mail.example.com:80", "/", 301, "https://mail.example.com/"},
		{"POST", "mail.example.com", "/v1/keys", 403, ""},
		{"GET", "evil.example/..@", "/", 400, ""},
		{"GET", "", "/", 400, ""},
		{"GET", "mail.example.com", "//evil.example/", 301, "https://mail.example.com//evil.example/"},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(c.uri, "?")
		r.Host = c.host
		w := httptest.NewRecorder()
		toHTTPS(w, r)
		if w.Code != c.code || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s%s: %d to %q", c.method, c.host, c.uri, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestAKeysNetworksAreComparedWithTheClientBehindTheProxy(t *testing.T) {
	cfg := loopbackConfig(t)
	cfg.Proxy = ProxyConfig{Trusted: []string{"127.0.0.1"}, Wires: []string{"smtp", "imap"}, Forwarded: true}
	p := running(t, cfg)
	d, err := ensureDemo(context.Background(), p.dir, filepath.Join(cfg.DataDir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	key := limitedKey(t, p, d, "198.51.100.0/24")
	for forwarded, want := range map[string]int{"198.51.100.7": 200, "203.0.113.9, 198.51.100.7": 200, "198.51.100.7, 203.0.113.9": 403, "": 403} {
		if got := statusWith(t, p, key, forwarded); got != want {
			t.Errorf("X-Forwarded-For %q: %d, want %d", forwarded, got, want)
		}
	}

	header, err := proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("198.51.100.7:4321")), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.25:25"))).Format()
	if err != nil {
		t.Fatal(err)
	}
	for wire, at := range map[string]net.Addr{"smtp": p.smtp.Addr(), "imap": p.imap.Addr()} {
		conn, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		conn.Write(header)
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "mail.example.com") && !strings.HasPrefix(line, "* OK") {
			t.Errorf("%s greets with %q, error %v", wire, line, err)
		}
	}
}

// limitedKey is a key of the demo workspace that holds in one network only.
func limitedKey(t *testing.T, p *postroom, d demo, network string) string {
	t.Helper()
	r, err := http.NewRequest("POST", "http://"+p.http.Addr().String()+"/v1/workspaces/"+d.WorkspaceID+"/keys", strings.NewReader(fmt.Sprintf(`{"name":"limited","networks":[%q]}`, network)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", d.WorkspaceKey)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	_, rest, found := strings.Cut(string(body), `"key":"`)
	if !found {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
	key, _, _ := strings.Cut(rest, `"`)
	return key
}

func statusWith(t *testing.T, p *postroom, key, forwarded string) int {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+p.http.Addr().String()+"/v1/inboxes", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// A customer's names get certificates once they lead here, and no others do; over them documents and the MTA-STS policy are served.
func TestACustomersNamesAreServedWithTheirCertificates(t *testing.T) {
	zones := zonetest.Start(t, `
		autoconfig.shop.test. 60 A 127.0.0.1
		mta-sts.shop.test. 60 A 127.0.0.1
		autodiscover.shop.test. 60 A 192.0.2.99
		autoconfig.other.test. 60 A 127.0.0.1
		mail.shop.test. 60 A 127.0.0.1
		www.shop.test. 60 A 127.0.0.1
	`)
	a := acmetest.New(t)
	cfg := loopbackConfig(t)
	cfg.TLS.ACMEEmail, cfg.TLS.ACMEDirectory, cfg.TLS.ACMERootFile = "postmaster@example.com", a.Directory, filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(cfg.TLS.ACMERootFile, a.RootPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.HTTP.TLS, cfg.HTTP.ListenPlain = true, a.HTTP.Addr().String()
	cfg.DNS.Servers, cfg.Domains.Addresses, cfg.Domains.MTASTS, cfg.Domains.Sandbox = []string{zones.Addr()}, []string{"127.0.0.1"}, "testing", "box.test"
	a.HTTP.Close() // the server takes its place
	p := running(t, cfg)
	op := p.dir.Operator()
	ws, err := op.CreateWorkspace(t.Context(), tenancy.NewWorkspace{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := op.CreateDomain(t.Context(), ws.ID, tenancy.NewDomain{Domain: "shop.test"}); err != nil {
		t.Fatal(err)
	}
	own := "autoconfig." + ws.SandboxDomain // of which there are as many as workspaces, all below one domain that the authority counts for
	zones.Set(own+".", "60 A 127.0.0.1")
	get := func(host, path string) (int, string, *x509.Certificate) {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{ServerName: host, InsecureSkipVerify: true}, DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, p.http.Addr().String())
			}}
		answer, err := (&http.Client{Transport: transport}).Get("https://" + host + path)
		if err != nil {
			return 0, err.Error(), nil
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body), answer.TLS.PeerCertificates[0]
	}
	for host, path := range map[string]string{"autoconfig.shop.test": "/mail/config-v1.1.xml?emailaddress=info@shop.test", "mta-sts.shop.test": "/.well-known/mta-sts.txt"} {
		var body string
		waitFor(t, func() bool {
			status, text, shown := get(host, path)
			body = text
			return status == 200 && acmetest.Signed(shown, host)
		})
		if !strings.Contains(body, cfg.Hostname) {
			t.Errorf("%s: %s", host, body)
		}
	}
	waitFor(t, func() bool { // the wires, under a name of the customer's
		status, _, shown := get("mail.shop.test", "/healthz")
		return status == 200 && acmetest.Signed(shown, "mail.shop.test")
	})
	conn, err := tls.Dial("tcp", p.imaps.Addr().String(), &tls.Config{ServerName: "mail.shop.test", InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !acmetest.Signed(conn.ConnectionState().PeerCertificates[0], "mail.shop.test") {
		t.Error("IMAP shows another certificate than HTTPS under a customer's name")
	}
	for _, host := range []string{"autodiscover.shop.test", "autoconfig.other.test", "www.shop.test", own} {
		if _, _, shown := get(host, "/"); shown != nil && acmetest.Signed(shown, host) {
			t.Errorf("%s got a certificate", host)
		}
	}
}
