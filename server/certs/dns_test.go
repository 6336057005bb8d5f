package certs

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"github.com/postroom/postroom/server/certs/acmetest"
	"github.com/postroom/postroom/server/dnsupdate"
)

const keyName = "postroom."

var keySecret = base64.StdEncoding.EncodeToString([]byte("a secret of thirty-two octets!!!"))

// primary is the name server of the zone example.com, which takes signed updates of TXT records into the DNS that pebble asks.
type primary struct {
	b       *bed
	address string

	mu               sync.Mutex
	written, removed []string // names
}

func newPrimary(b *bed) *primary {
	p := &primary{b: b, address: acmetest.FreeAddress(b.t)}
	for _, network := range []string{"udp", "tcp"} {
		started := make(chan struct{})
		server := &dns.Server{Addr: p.address, Net: network, Handler: p, TsigSecret: map[string]string{keyName: keySecret}, NotifyStartedFunc: func() { close(started) }, MsgAcceptFunc: acceptAll}
		failed := make(chan error, 1)
		go func() { failed <- server.ListenAndServe() }()
		select {
		case <-started:
		case err := <-failed:
			b.t.Fatal(err)
		}
		b.t.Cleanup(func() { server.Shutdown() })
	}
	return p
}

// acceptAll takes updates too, which the library refuses otherwise.
func acceptAll(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }

// ServeDNS implements dns.Handler.
func (p *primary) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(r)
	switch {
	case r.Opcode == dns.OpcodeUpdate:
		if r.IsTsig() == nil || w.TsigStatus() != nil {
			m.Rcode = dns.RcodeNotAuth
			break
		}
		p.update(r.Ns)
		m.SetTsig(keyName, dns.HmacSHA256, 300, int64(r.IsTsig().TimeSigned))
	case r.Question[0].Qtype == dns.TypeSOA && r.Question[0].Name == "example.com.":
		m.Answer = records("example.com. 60 IN SOA ns.example.com. host.example.com. 1 60 60 60 60")
	case r.Question[0].Qtype == dns.TypeTXT:
		for _, text := range p.b.DNS.GetDNSTXTRecords(r.Question[0].Name) {
			m.Answer = append(m.Answer, records(r.Question[0].Name+" 60 IN TXT "+text)...)
		}
	}
	w.WriteMsg(m)
}

func (p *primary) update(changes []dns.RR) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rr := range changes {
		name := rr.Header().Name
		if rr.Header().Class == dns.ClassNONE {
			p.b.DNS.DeleteDNSTXTRecord(name)
			p.removed = append(p.removed, name)
		} else {
			p.b.DNS.AddDNSTXTRecord(name, strings.Join(rr.(*dns.TXT).Txt, ""))
			p.written = append(p.written, name)
		}
	}
}

func (p *primary) changes() (written, removed string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.written, " "), strings.Join(p.removed, " ")
}

func records(text string) []dns.RR {
	rr, err := dns.NewRR(text)
	if err != nil {
		panic(err)
	}
	return []dns.RR{rr}
}

func (p *primary) with(secret string) *DNS {
	return &DNS{Resolvers: []string{p.address}, Update: &dnsupdate.Primary{Server: p.address, KeyName: "postroom", Algorithm: "hmac-sha256", Secret: secret}}
}

func TestTheServersNamesGetCertificatesByDNS01(t *testing.T) {
	b := newBed(t)
	p := newPrimary(b)
	b.acme.DNS = p.with(keySecret)
	c := b.start(Config{Hostname: "dns.example.com"})
	b.wait(obtained, "dns.example.com")
	fromPebble(t, shake(t, c.MailTLS(), "dns.example.com"), "dns.example.com")
	if written, removed := p.changes(); written != "_acme-challenge.dns.example.com." || removed != written {
		t.Errorf("written %q, removed %q", written, removed)
	}
}

func TestTheRecordCanBeDelegatedToAnotherName(t *testing.T) {
	b := newBed(t)
	p := newPrimary(b)
	b.acme.DNS = p.with(keySecret)
	b.acme.DNS.Delegate = "acme.example.com"
	b.DNS.AddDNSCNAMERecord("_acme-challenge.mail.elsewhere.example", "acme.example.com.")
	c := b.start(Config{Hostname: "mail.elsewhere.example"})
	b.wait(obtained, "mail.elsewhere.example")
	fromPebble(t, shake(t, c.MailTLS(), "mail.elsewhere.example"), "mail.elsewhere.example")
	if written, _ := p.changes(); written != "acme.example.com." {
		t.Errorf("written %q", written)
	}
}

func TestAWrongKeyForTheZoneIsSaid(t *testing.T) {
	b := newBed(t)
	p := newPrimary(b)
	b.acme.DNS = p.with(base64.StdEncoding.EncodeToString([]byte("another secret")))
	c := b.start(Config{Hostname: "key.example.com"})
	b.wait("certificate not obtained", "key.example.com")
	if s := c.State("key.example.com"); s.Source != SelfMadeHere || !strings.Contains(s.Err, "update the DNS") {
		t.Errorf("state %+v", s)
	}
	if written, _ := p.changes(); written != "" {
		t.Errorf("written %q", written)
	}
}
