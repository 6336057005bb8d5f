package courier

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/server/courier/sts"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
)

// way is how a message leaves.
type way struct {
	site     string // whom the plan counts it for
	kind     wayKind
	hosts    []resolver.MX
	policy   sts.Policy // of the recipients' domain
	relay    *tenancy.Smarthost
	fallback *tenancy.Smarthost // where it goes if no host can be reached
	relayOf  string             // the workspace whose relay it is; "" is the server's
	apart    string             // the workspace that comes with an address or a name of its own; "" for ours
	hostname string             // our name in EHLO
	source   netip.Addr         // to connect from; zero: the system's choice
}

type wayKind uint8

const (
	byMX wayKind = iota
	byRelay
	toLocal  // to inboxes of this server
	toCaught // kept instead of sent
)

// Sites that are no hosts; the names are none that a host could have.
const (
	siteLocal  = "(local)"
	siteCaught = "(caught)"
)

// own is the name of a site as this way comes to it.
func (w *way) own(site string) string {
	if w.apart != "" {
		site += " of " + w.apart
	}
	return site
}

// key tells which connections may carry the message: who we say we are, and what is demanded of TLS.
func (w *way) key() string {
	demand := ""
	if w.policy.Mode == sts.Enforce {
		demand = strings.Join(w.policy.MX, ",")
	}
	relay := ""
	if w.relay != nil {
		relay = w.relay.Username + "\x00" + w.relay.Password + "\x00" + w.relay.TLS
	}
	return strings.Join([]string{w.site, w.hostname, w.source.String(), demand, relay}, "\x01")
}

// refusal is why there is no way, or why an attempt failed: what is told of it, as a server's reply would be.
type refusal struct {
	code   int
	status string
	text   string
	reason report.Reason
	host   string
	cause  error
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return r.text + ": " + r.cause.Error()
	}
	return r.text
}

func (r *refusal) permanent() bool { return r.code/100 == 5 }

// lookup finds ways to one domain. What does not depend on the sender is looked up once.
type lookup struct {
	c       *Courier
	domain  string
	senders *senders

	local  *bool
	route  *resolver.Route
	policy sts.Policy
	err    error
}

// way finds the way of a load. An error is a *refusal, or a failure of ours.
func (k *lookup) way(ctx context.Context, l *load) (err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	c := k.c
	if k.local == nil {
		owner, err := c.dir.Local(ctx, k.domain)
		if err != nil {
			return err
		}
		local := owner != ""
		k.local = &local
	}
	if l.leaving, err = k.senders.leaving(ctx, l.parcel); err != nil {
		return err
	}
	if !l.leaving.Owned {
		return &refusal{code: 550, status: "5.7.1", reason: report.Policy, text: "the domain " + domainOf(l.parcel.Sender) + " does not belong to the sender any more"}
	}
	s := l.leaving.Sending
	l.way = way{hostname: c.cfg.Hostname, source: s.SourceIP}
	if s.Hostname != "" {
		l.way.hostname = s.Hostname
	}
	if *k.local {
		l.way.kind, l.way.site = toLocal, siteLocal
		return nil
	}
	if c.cfg.Catch != nil {
		l.way.kind, l.way.site = toCaught, siteCaught
		return nil
	}
	if s.SourceIP.IsValid() || s.Hostname != "" { // what is refused there is refused to the workspace alone
		l.way.apart = string(l.parcel.Workspace)
	}
	relay := s.Relay
	if relay == nil {
		relay = c.cfg.Relay
	} else {
		l.way.relayOf = string(l.parcel.Workspace)
	}
	if relay != nil && relay.Mode != tenancy.RelayFallback {
		l.way.byRelay(relay)
		return nil
	}
	if err := k.exchangers(ctx); err != nil {
		return err
	}
	l.way.hosts, l.way.policy, l.way.fallback = k.route.Hosts, k.policy, relay
	l.way.site = l.way.own(siteOf(k.route.Hosts))
	return nil
}

// senders remembers, while parcels of one workspace are taken in hand together, how those leave that have the same sender.
type senders struct {
	c     *Courier
	mu    sync.Mutex
	known map[senderKey]tenancy.Leaving
}

type senderKey struct {
	inbox  mailstore.InboxID
	domain string
}

func (s *senders) leaving(ctx context.Context, p mailstore.Parcel) (l tenancy.Leaving, err error) {
	s.mu.Lock()
	defer s.mu.Unlock() // while it is looked up too: what others ask for is most often the same
	key := senderKey{p.Inbox, domainOf(p.Sender)}
	l, ok := s.known[key]
	if !ok {
		if l, err = s.c.dir.Leaving(ctx, p.Workspace, p.Inbox, key.domain); err == nil {
			s.known[key] = l
		}
	}
	return l, err
}

func (w *way) byRelay(r *tenancy.Smarthost) {
	w.kind, w.relay, w.site = byRelay, r, w.own("relay "+hostPort(r))
	if w.relayOf != "" && w.apart == "" {
		w.site += " of " + w.relayOf
	}
	w.hosts, w.policy, w.fallback = nil, sts.Policy{}, nil
}

// siteOf is the canonical name of the servers that take a domain's mail: those of the best preference, by name, so that
// domains of one provider are one site.
func siteOf(hosts []resolver.MX) string {
	var names []string
	for _, h := range hosts {
		if h.Preference == hosts[0].Preference {
			names = append(names, h.Host)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// exchangers looks up the domain's servers and policy, once.
func (k *lookup) exchangers(ctx context.Context) error {
	if k.route != nil || k.err != nil {
		return k.err
	}
	route, err := k.c.cfg.Resolver.Mail(ctx, k.domain)
	if err != nil {
		k.err = dnsRefusal(k.domain, err)
		return k.err
	}
	if route.Hosts = k.c.withoutUs(route.Hosts); len(route.Hosts) == 0 {
		k.err = &refusal{code: 554, status: "5.4.6", text: "mail for " + k.domain + " would come back to this server, which does not serve it", reason: report.Policy}
		return k.err
	}
	if k.c.cfg.STS != nil {
		if k.policy, err = k.c.cfg.STS.Policy(ctx, k.domain); err != nil {
			return err
		}
	}
	k.route = &route
	return nil
}

// withoutUs leaves out ourselves and all that are not preferred to us (RFC 5321, 5.1).
func (c *Courier) withoutUs(hosts []resolver.MX) []resolver.MX {
	for i, h := range hosts {
		if strings.EqualFold(h.Host, c.cfg.Hostname) {
			for i > 0 && hosts[i-1].Preference == h.Preference {
				i--
			}
			return hosts[:i]
		}
	}
	return hosts
}

// dnsRefusal puts what the DNS said into the words of a reply (RFC 3463, 3.5; RFC 7505, 5).
func dnsRefusal(domain string, err error) *refusal {
	r := &refusal{code: 550, status: "5.1.2", reason: report.UserUnknown, cause: err}
	switch {
	case errors.Is(err, resolver.ErrNullMX):
		r.code, r.status, r.text = 556, "5.1.10", "the domain "+domain+" takes no mail (null MX)"
	case errors.Is(err, resolver.ErrNoSuchName):
		r.text = "the domain " + domain + " does not exist"
	case errors.Is(err, resolver.ErrNoRecords):
		r.text = "the domain " + domain + " has no mail server"
	case errors.Is(err, resolver.ErrNoMailHost), errors.Is(err, resolver.ErrInvalidName):
		r.text = "the domain " + domain + " names no usable mail server"
	default:
		r.code, r.status, r.reason = 451, "4.4.3", report.NetworkError
		r.text = "the mail servers of " + domain + " could not be looked up"
	}
	return r
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// noWay settles a load that has no way: at once and for good, or until its next try.
func (c *Courier) noWay(ctx context.Context, l *load, err error) {
	if ctx.Err() != nil { // the server is stopped: the next run looks again
		c.giveBack(ctx, l, time.Time{})
		return
	}
	var r *refusal
	if !errors.As(err, &r) {
		c.log.Error("find the way of mail", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
		r = &refusal{code: 451, status: "4.3.0", text: "internal error of " + c.cfg.Hostname, reason: report.Other}
	}
	left, err := l.box.Begin(ctx, l.parcel, c.cfg.Retry)
	if err != nil {
		c.log.Error("begin attempt", "workspace", l.parcel.Workspace, "message", l.parcel.Message, "err", err)
		c.giveBack(ctx, l, c.cfg.Clock().Add(failedFeedPause))
		return
	}
	c.settle(ctx, l, c.allFailed(l, left, r, connection{}))
	c.forget(l)
}
