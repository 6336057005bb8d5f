package peers

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// policyHost serves the MTA-STS policies of domains (RFC 8461), by HTTPS at a loopback address.
type policyHost struct {
	s       *sending
	address string

	mu       sync.Mutex
	policies map[string]string // by host name
}

// startPolicyHost runs it until the test ends. Its port cannot be chosen: policies are at 443.
func startPolicyHost(t testing.TB, s *sending, domains ...string) *policyHost {
	t.Helper()
	h := &policyHost{s: s, policies: map[string]string{}}
	var names []string
	for _, d := range domains {
		names = append(names, "mta-sts."+d)
	}
	cert, key := s.ca.issue(time.Hour, names...)
	var ln net.Listener
	var err error
	for n := 200; ; n++ {
		h.address = fmt.Sprintf("127.0.0.%d", n)
		if ln, err = net.Listen("tcp", h.address+":443"); err == nil {
			break
		}
		if n == 220 {
			absent(t, "the right to listen at port 443 ("+err.Error()+")")
		}
	}
	server := &http.Server{Handler: h, ReadTimeout: patience, ErrorLog: nil}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(ln, cert, key) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	return h
}

// ServeHTTP gives the policy of the host that is asked for.
func (h *policyHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	policy := h.policies[r.Host]
	h.mu.Unlock()
	if policy == "" || r.URL.Path != "/.well-known/mta-sts.txt" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Write([]byte(policy)) // who asked may be gone
}

// announce gives a domain a policy: mode and one pattern for its mail servers. Without a mode there is the announcement alone.
func (h *policyHost) announce(domain, id, mode, mx string) {
	h.mu.Lock()
	if mode != "" {
		h.policies["mta-sts."+domain] = "version: STSv1\r\nmode: " + mode + "\r\nmx: " + mx + "\r\nmax_age: 86400\r\n"
	}
	h.mu.Unlock()
	h.s.zones.Set("mta-sts."+domain+".", "0 A "+h.address)
	h.s.zones.Set("_mta-sts."+domain+".", `0 TXT "v=STSv1; id=`+id+`;"`)
}

// A policy that is enforced is kept to: mail goes to the servers that it names, over TLS with a good certificate, or waits
// and says why. Once the domain has a policy that its server fits, the mail leaves.
func TestMTASTSPoliciesAreKept(t *testing.T) {
	s := newSending(t)
	s.retry = "1h" // a site that fails again and again would be left alone for a minute
	sink := mxtest.Start(t, mxtest.Options{})
	var doors []door
	for i, name := range []string{"match", "nomatch", "plain", "expired", "testing", "missing"} {
		address := fmt.Sprintf("127.0.0.%d", 11+i)
		ends := time.Hour
		if name == "expired" {
			ends = -time.Hour
		}
		cert, key := s.ca.issue(ends, "mx."+name+".test")
		settings := []string{"smtpd_tls_security_level = may", "smtpd_tls_chain_files = " + key + ", " + cert}
		if name == "plain" {
			settings = nil
		}
		doors = append(doors, door{address, "mx." + name + ".test", settings})
		s.receiver(name+".test", address)
	}
	startPostfix(t, s.port, sink.Addr().String(), doors)
	h := startPolicyHost(t, s, "match.test", "nomatch.test", "plain.test", "expired.test", "testing.test", "missing.test")
	h.announce("match.test", "1", "enforce", "*.match.test")
	h.announce("nomatch.test", "1", "enforce", "mail.nomatch.test")
	h.announce("plain.test", "1", "enforce", "mx.plain.test")
	h.announce("expired.test", "1", "enforce", "mx.expired.test")
	h.announce("testing.test", "1", "testing", "mail.testing.test")
	h.announce("missing.test", "1", "", "")
	s.run()

	ids := map[string]string{}
	for _, d := range doors {
		name := strings.TrimSuffix(strings.TrimPrefix(d.hostname, "mx."), ".test")
		ids[name] = s.send(nil, "bob@"+name+".test")
	}
	for name, verified := range map[string]string{"match": "mta-sts", "testing": "webpki", "missing": "webpki"} {
		if a := s.settled(ids[name], "delivered")[0].last(); a.Verified != verified || !strings.HasPrefix(a.TLS, "TLS 1.") {
			t.Errorf("%s: %+v", name, a)
		}
		onceEach(t, sink, name+".test", 1)
	}
	for name, why := range map[string]string{"nomatch": "MTA-STS policy of nomatch.test does not allow its mail server mx.nomatch.test", "plain": "no verified TLS with mx.plain.test", "expired": "no verified TLS with mx.expired.test"} {
		if r := s.settled(ids[name], "deferred")[0]; r.Reason != "policy" || !strings.HasPrefix(r.EnhancedCode, "4.7.") || !strings.Contains(r.Reply, why) {
			t.Errorf("%s: %+v", name, r)
		}
		if n := len(takenFor(sink, name+".test")); n != 0 {
			t.Errorf("%s: %d were taken", name, n)
		}
	}
	h.announce("nomatch.test", "2", "enforce", "mx.nomatch.test")
	s.tryNow(ids["nomatch"])
	if a := s.settled(ids["nomatch"], "delivered")[0].last(); a.Verified != "mta-sts" {
		t.Errorf("after the policy was mended: %+v", a)
	}
	onceEach(t, sink, "nomatch.test", 1)
}
