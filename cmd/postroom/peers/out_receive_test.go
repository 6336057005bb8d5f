package peers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// tlsDoors are servers with TLS of all kinds, by the first label of the domain whose mail they take.
func tlsDoors(s *sending) []door {
	other := newAuthority(s.t, s.dir, "other")
	settings := func(level, cert, key string, more ...string) []string {
		return append([]string{"smtpd_tls_security_level = " + level, "smtpd_tls_chain_files = " + key + ", " + cert}, more...)
	}
	var doors []door
	add := func(name string, settings []string) {
		address := fmt.Sprintf("127.0.0.%d", 11+len(doors))
		doors = append(doors, door{address, "mx." + name + ".test", settings})
		s.receiver(name+".test", address)
	}
	good := func(name string) (string, string) { return s.ca.issue(time.Hour, "mx."+name+".test") }
	cert, key := good("offered")
	add("offered", settings("may", cert, key))
	cert, key = good("required")
	add("required", settings("encrypt", cert, key))
	add("none", nil)
	cert, key = s.ca.issue(-time.Hour, "mx.expired.test")
	add("expired", settings("may", cert, key))
	cert, key = s.ca.issue(time.Hour, "wrong.test")
	add("named", settings("may", cert, key))
	cert, key = other.issue(time.Hour, "mx.stranger.test")
	add("stranger", settings("may", cert, key))
	cert, key = good("old")
	add("old", settings("may", cert, key, "smtpd_tls_protocols = <=TLSv1.1"))
	add("broken", []string{"smtpd_tls_security_level = may", "smtpd_tls_chain_files = " + s.dir + "/none.pem"})
	return doors
}

// Where a server has TLS it is used, whatever its certificate; where TLS fails the mail goes without; and each attempt
// tells which.
func TestPostfixTakesMailWithWhateverTLSItHas(t *testing.T) {
	s := newSending(t)
	sink := mxtest.Start(t, mxtest.Options{})
	startPostfix(t, s.port, sink.Addr().String(), tlsDoors(s))
	s.run()
	cases := []struct {
		name, verified string
		tls            bool
	}{
		{"offered", "webpki", true}, {"required", "webpki", true}, {"none", "", false}, {"expired", "", true}, {"named", "", true}, {"stranger", "", true},
		{"old", "", false}, {"broken", "", false},
	}
	ids := map[string]string{}
	for _, c := range cases {
		ids[c.name] = s.send(nil, "bob@"+c.name+".test")
	}
	for _, c := range cases {
		r := s.settled(ids[c.name], "delivered")[0]
		a := r.last()
		if len(r.AttemptsList) != 1 || a.Host != "mx."+c.name+".test" || a.Code != 250 || !strings.Contains(a.Reply, "queued as") {
			t.Errorf("%s: the attempts are %+v", c.name, r.AttemptsList)
		}
		if a.Verified != c.verified || (a.TLS != "") != c.tls || c.tls && !strings.HasPrefix(a.TLS, "TLS 1.") {
			t.Errorf("%s: TLS is %q, verified by %q", c.name, a.TLS, a.Verified)
		}
	}
	taken, err := sink.Wait(t.Context(), len(cases))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range taken {
		name := strings.TrimSuffix(strings.TrimPrefix(m.Recipients[0], "bob@"), ".test")
		for _, want := range []string{"Received: from mail.sender.test", "by mx." + name + ".test (Postfix)", "DKIM-Signature: ", "\r\nSubject: For bob@" + name + ".test\r\n"} {
			if !strings.Contains(string(m.Body), want) {
				t.Errorf("%s: no %q in\n%s", name, want, m.Body)
			}
		}
		if !strings.HasPrefix(m.Sender, "bounce+") || !strings.HasSuffix(m.Sender, "@sender.test") {
			t.Errorf("%s: the return path is %s", name, m.Sender)
		}
	}
}

// A server that demands TLS, and with which no handshake succeeds, says 530 to mail without it. That is no answer to the
// message, which waits: TLS may work again next time.
func TestMailWaitsForAServerThatDemandsTLSWhichFails(t *testing.T) {
	s := newSending(t)
	s.retry = "1h"
	sink := mxtest.Start(t, mxtest.Options{})
	cert, key := s.ca.issue(time.Hour, "mx.strict.test")
	startPostfix(t, s.port, sink.Addr().String(), []door{{"127.0.0.11", "mx.strict.test", []string{"smtpd_tls_security_level = encrypt",
		"smtpd_tls_chain_files = " + key + ", " + cert, "smtpd_tls_mandatory_protocols = <=TLSv1.1"}}})
	s.receiver("strict.test", "127.0.0.11")
	s.run()
	id := s.send(nil, "bob@strict.test")
	var r recipientState
	s.until("it was tried", func() bool { r = s.delivery(id)[0]; return r.last().Code != 0 }, func() string { return fmt.Sprintf("%+v", r) })
	if r.Status != "deferred" || len(s.inbox()) != 0 {
		t.Errorf("it is %+v, and %d reports were written", r, len(s.inbox()))
	}
}
