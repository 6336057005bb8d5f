package certs

import (
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/postroom/postroom/server/dnsupdate"
	"go.uber.org/zap"
)

// DNS validates the server's own names by DNS-01 (RFC 8555, 8.4): a TXT record is written into the operator's zone and taken out again.
type DNS struct {
	Update    *dnsupdate.Primary // how the record is written
	Delegate  string             // a name that _acme-challenge of each of the server's names is a CNAME to; "": the record is written there itself
	Resolvers []string           // that are asked for the zone and whether the record is there, "host:port"; none: the system's
}

// recordTTL is that of the TXT records.
const recordTTL = time.Minute

func (d *DNS) solver(log *zap.Logger) *certmagic.DNS01Solver {
	return &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{DNSProvider: d.Update, TTL: recordTTL, Resolvers: d.Resolvers, OverrideDomain: strings.TrimSuffix(d.Delegate, "."), Logger: log}}
}
