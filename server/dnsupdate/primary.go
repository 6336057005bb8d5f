// Package dnsupdate writes DNS records into zones that a primary name server takes updates of (RFC 2136), signed with TSIG (RFC 8945):
// what BIND, Knot, PowerDNS and others speak.
//
// A Primary is a provider of libdns for who validates names; Plan and Publish write the records of mail domains beside what others have
// written there, of which nothing is ever changed or taken away. The package knows no tenant and keeps nothing; it asks the primary alone, so
// that no resolver remembers what was not there yet.
package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"
)

// Primary is a primary name server that takes updates. Its methods may be called concurrently.
type Primary struct {
	Server    string // "host:port"
	KeyName   string
	Algorithm string // one of Algorithms
	Secret    string // base64
}

// Algorithms are those of TSIG that are known here.
func Algorithms() []string { return []string{"hmac-sha256", "hmac-sha384", "hmac-sha512"} }

// timeout is for one exchange with the server.
const timeout = 15 * time.Second

// fudge is how many seconds the clocks of both may differ (RFC 8945, 10).
const fudge = 300

// errChanged is why an update was not made: what it rests on is not so any more.
var errChanged = errors.New("somebody else has changed the records meanwhile: try again")

// AppendRecords implements libdns.RecordAppender, for TXT records.
func (p *Primary) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, p.send(ctx, zone, records, (*dns.Msg).Insert)
}

// DeleteRecords implements libdns.RecordDeleter, for TXT records.
func (p *Primary) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, p.send(ctx, zone, records, (*dns.Msg).Remove)
}

// send makes one update of a zone with all of the records, or none.
func (p *Primary) send(ctx context.Context, zone string, records []libdns.Record, change func(*dns.Msg, []dns.RR)) error {
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
	_, err := p.exchange(ctx, m)
	return err
}

// change adds a record and takes others of its name and type away, in one step, where before are all that are there. It changes nothing if
// somebody has changed them meanwhile, or, of an alias, anything else has the name.
func (p *Primary) change(ctx context.Context, zone string, before, taken []dns.RR, after dns.RR) error {
	m := new(dns.Msg)
	m.SetUpdate(zone)
	switch {
	case len(before) > 0:
		m.Used(copies(before, 0))
	case after.Header().Rrtype == dns.TypeCNAME:
		m.NameNotUsed(copies([]dns.RR{after}, 0))
	default:
		m.RRsetNotUsed(copies([]dns.RR{after}, 0))
	}
	m.Remove(copies(taken, 0))
	m.Insert(copies([]dns.RR{after}, recordTTL))
	_, err := p.exchange(ctx, m)
	return err
}

// recordTTL is that of records that are written, in seconds: what is mended is seen within an hour.
const recordTTL = 3600

// copies are records that a message may change.
func copies(list []dns.RR, ttl uint32) (other []dns.RR) {
	for _, rr := range list {
		rr = dns.Copy(rr)
		rr.Header().Ttl = ttl
		other = append(other, rr)
	}
	return other
}

// look gives the records of a name that have one of the types, and an alias there whatever is asked for.
func (p *Primary) look(ctx context.Context, name string, types ...uint16) (list []dns.RR, err error) {
	for _, kind := range types {
		answer, err := p.exchange(ctx, new(dns.Msg).SetQuestion(name, kind))
		if err != nil {
			return nil, err
		}
		for _, rr := range answer.Answer {
			t := rr.Header().Rrtype
			if dns.CanonicalName(rr.Header().Name) == name && (t == kind || t == dns.TypeCNAME) && !contains(list, rr) {
				list = append(list, rr)
			}
		}
	}
	return list, nil
}

func contains(list []dns.RR, rr dns.RR) bool {
	for _, one := range list {
		if dns.IsDuplicate(one, rr) {
			return true
		}
	}
	return false
}

// zoneOf is the zone of the server that a name lies in: the answer about any name tells it (RFC 2308, 3), but that about an alias, in whose
// place the name above is asked for.
func (p *Primary) zoneOf(ctx context.Context, name string) (string, error) {
	for more := true; more; {
		answer, err := p.exchange(ctx, new(dns.Msg).SetQuestion(name, dns.TypeSOA))
		if err != nil {
			return "", err
		}
		more = false
		for _, rr := range append(answer.Answer, answer.Ns...) {
			if soa, ok := rr.(*dns.SOA); ok && answer.Authoritative && soa.Hdr.Name != "." && dns.IsSubDomain(soa.Hdr.Name, name) {
				return dns.CanonicalName(soa.Hdr.Name), nil
			}
			more = more || rr.Header().Rrtype == dns.TypeCNAME && dns.CanonicalName(rr.Header().Name) == name
		}
		if more {
			_, name, more = strings.Cut(name, ".")
		}
	}
	return "", errNoZone
}

// errNoZone is answered of a name that no zone of the server holds.
var errNoZone = errors.New("the primary name server has no zone for it")

// exchange signs a question or an update, and gives the answer. That a name is not there is none that fails.
func (p *Primary) exchange(ctx context.Context, m *dns.Msg) (*dns.Msg, error) {
	key := dns.CanonicalName(p.KeyName)
	m.SetTsig(key, dns.Fqdn(p.Algorithm), fudge, time.Now().Unix())
	client := &dns.Client{Net: "tcp", Timeout: timeout, TsigSecret: map[string]string{key: p.Secret}}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	what := "update the DNS"
	if m.Opcode == dns.OpcodeQuery {
		what = "read the DNS"
	}
	answer, _, err := client.ExchangeContext(ctx, m, p.Server)
	var network net.Error
	switch {
	case errors.As(err, &network):
		return nil, fmt.Errorf("%s: %s does not answer: %w", what, p.Server, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	switch code := answer.Rcode; {
	case answer.IsTsig() == nil: // anybody could have written it
		return nil, fmt.Errorf("%s: %s does not take the key %s (it answered %s, unsigned)", what, p.Server, p.KeyName, dns.RcodeToString[code])
	case code == dns.RcodeSuccess, m.Opcode == dns.OpcodeQuery && code == dns.RcodeNameError:
		return answer, nil
	case m.Opcode == dns.OpcodeQuery && (code == dns.RcodeRefused || code == dns.RcodeNotAuth):
		return nil, errNoZone
	case code == dns.RcodeYXDomain, code == dns.RcodeYXRrset, code == dns.RcodeNXRrset:
		return nil, fmt.Errorf("%s: %w", what, errChanged)
	}
	return nil, fmt.Errorf("%s: %s answered %s", what, p.Server, dns.RcodeToString[answer.Rcode])
}
