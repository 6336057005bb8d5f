package certs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/libdns/libdns"
	"github.com/miekg/dns"
	"go.uber.org/zap"
)

// DNS validates the server's own names by DNS-01 (RFC 8555, 8.4): a TXT record is written into the operator's zone and taken out again.
type DNS struct {
	Update    *Update  // how the record is written
	Delegate  string   // a name that _acme-challenge of each of the server's names is a CNAME to; "": the record is written there itself
	Resolvers []string // that are asked for the zone and whether the record is there, "host:port"; none: the system's
}

// recordTTL is that of the TXT records.
const recordTTL = time.Minute

func (d *DNS) solver(log *zap.Logger) *certmagic.DNS01Solver {
	return &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{DNSProvider: d.Update, TTL: recordTTL, Resolvers: d.Resolvers, OverrideDomain: strings.TrimSuffix(d.Delegate, "."), Logger: log}}
}

// Update writes records by DNS UPDATE (RFC 2136), signed with TSIG (RFC 8945): what BIND, Knot, PowerDNS and others speak. It is a
// provider of libdns.
type Update struct {
	Server    string // the zone's primary, "host:port"
	KeyName   string
	Algorithm string // one of Algorithms
	Secret    string // base64
}

// Algorithms are those of TSIG that are known here.
func Algorithms() []string { return []string{"hmac-sha256", "hmac-sha384", "hmac-sha512"} }

// updateTimeout is for one exchange with the server.
const updateTimeout = 15 * time.Second

// AppendRecords implements libdns.RecordAppender.
func (u *Update) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, u.send(ctx, zone, records, (*dns.Msg).Insert)
}

// DeleteRecords implements libdns.RecordDeleter.
func (u *Update) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, u.send(ctx, zone, records, (*dns.Msg).Remove)
}

// send makes one update of a zone with all of the records, or none.
func (u *Update) send(ctx context.Context, zone string, records []libdns.Record, change func(*dns.Msg, []dns.RR)) error {
	var rrs []dns.RR
	for _, record := range records {
		rr := record.RR()
		if rr.Type != "TXT" {
			return fmt.Errorf("update the DNS: records of type %s are not written", rr.Type)
		}
		rrs = append(rrs, &dns.TXT{Hdr: dns.RR_Header{Name: libdns.AbsoluteName(rr.Name, zone), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: uint32(rr.TTL.Seconds())}, Txt: []string{rr.Data}})
	}
	m := new(dns.Msg)
	m.SetUpdate(dns.Fqdn(zone))
	change(m, rrs)
	return u.exchange(ctx, m)
}

func (u *Update) exchange(ctx context.Context, m *dns.Msg) error {
	key := dns.CanonicalName(u.KeyName)
	m.SetTsig(key, dns.Fqdn(u.Algorithm), 300, time.Now().Unix())
	client := &dns.Client{Net: "tcp", Timeout: updateTimeout, TsigSecret: map[string]string{key: u.Secret}}
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	answer, _, err := client.ExchangeContext(ctx, m, u.Server)
	var network net.Error
	switch {
	case errors.As(err, &network):
		return fmt.Errorf("update the DNS: %s does not answer: %w", u.Server, err)
	case err != nil:
		return fmt.Errorf("update the DNS: %w", err)
	case answer.Rcode != dns.RcodeSuccess:
		return fmt.Errorf("update the DNS: %s answered %s", u.Server, dns.RcodeToString[answer.Rcode])
	}
	return nil
}
