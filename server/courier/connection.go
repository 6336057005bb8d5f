package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/server/courier/smtpc"
	"github.com/postroom/postroom/server/courier/sts"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/tenancy"
)

// connection is an open session with a server, and what is told of it.
type connection struct {
	*smtpc.Client
	key     string
	host    string
	address string // IP and port
	tls     string // "TLS 1.3"; "" is none
	proof   string // by what the certificate was verified; "" is not
	bare    bool   // TLS was offered and failed, so there is none
	since   time.Time

	settled chan struct{} // closed when what came of the last message over it is written; nil: there was none
}

// connect opens a session with the first server that lets us in: those of the best preference first, IPv6 and IPv4 of each.
// The error is a *refusal, which tells of the last server that was tried, or a failure of ours.
func (c *Courier) connect(ctx context.Context, l *load) (*connection, error) {
	if l.way.kind == byRelay {
		return c.connectRelay(ctx, l)
	}
	last := &refusal{code: 451, status: "4.4.1", reason: report.NetworkError, text: "no mail server of " + l.parcel.Domain + " could be reached"}
	tried := 0
	for _, mx := range l.way.hosts {
		if l.way.policy.Mode == sts.Enforce && !l.way.policy.Matches(mx.Host) {
			last = &refusal{code: 451, status: "4.7.8", reason: report.Policy, host: mx.Host, text: "the MTA-STS policy of " + l.parcel.Domain + " does not allow its mail server " + mx.Host}
			continue
		}
		addresses, err := c.addresses(ctx, mx.Host)
		if err != nil {
			last = &refusal{code: 451, status: "4.4.4", reason: report.NetworkError, host: mx.Host, text: "the address of " + mx.Host + " is not known", cause: err}
			continue
		}
		for _, addr := range addresses {
			if tried++; tried > MaxAddresses {
				return nil, last
			}
			conn, err := c.open(ctx, l, mx.Host, netip.AddrPortFrom(addr, uint16(c.cfg.Port)), c.mxConfig(l, mx.Host))
			if err == nil {
				return conn, nil
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			last = connectRefusal(mx.Host, err)
		}
	}
	return nil, last
}

// addresses are those of a host that may be connected to: others cannot be another's mail server, and would reach what is behind
// our own walls.
func (c *Courier) addresses(ctx context.Context, host string) (list []netip.Addr, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := c.cfg.Resolver.Addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, addr := range append(found.IPv6, found.IPv4...) {
		if c.cfg.AllowPrivate || resolver.IsPublic(addr) {
			list = append(list, addr)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("all of its addresses are private")
	}
	return list, nil
}

func (c *Courier) mxConfig(l *load, host string) smtpc.Config {
	cfg := smtpc.Config{Hostname: l.way.hostname, ServerName: host, TLSConfig: &tls.Config{RootCAs: c.cfg.Roots, MinVersion: tls.VersionTLS12}, Timeouts: c.cfg.Timeouts}
	if l.way.policy.Mode == sts.Enforce {
		cfg.TLS = smtpc.Required
	}
	return cfg
}

// open opens a session with one address. Where TLS is opportunistic and its handshake fails, it goes without.
func (c *Courier) open(ctx context.Context, l *load, host string, addr netip.AddrPort, cfg smtpc.Config) (*connection, error) {
	dial := smtpc.From(l.way.source)
	if s := l.way.source; s.IsValid() && s.Is4() != addr.Addr().Is4() {
		return nil, fmt.Errorf("the mail is bound to the address %s, and %s is of the other family", s, addr.Addr())
	}
	bare := false
	client, err := smtpc.Dial(ctx, dial, addr.String(), cfg)
	var e *smtpc.Error
	if errors.As(err, &e) && cfg.TLS == smtpc.Opportunistic && (e.Step == smtpc.StepTLS || e.Step == smtpc.StepStartTLS) && ctx.Err() == nil {
		cfg.TLS, bare = smtpc.Off, true
		client, err = smtpc.Dial(ctx, dial, addr.String(), cfg)
	}
	if err != nil {
		return nil, err
	}
	conn := &connection{Client: client, key: l.way.key(), host: host, address: addr.String(), bare: bare}
	if state := client.TLS(); state != nil {
		conn.tls = tls.VersionName(state.Version)
		if client.Verified() {
			conn.proof = "webpki"
			if l.way.policy.Mode == sts.Enforce {
				conn.proof = "mta-sts"
			}
		}
	}
	return conn, nil
}

// connectRelay opens a session with the smarthost.
func (c *Courier) connectRelay(ctx context.Context, l *load) (*connection, error) {
	r := l.way.relay
	addresses, err := c.relayAddresses(ctx, r.Host)
	if err != nil {
		return nil, &refusal{code: 451, status: "4.4.4", reason: report.NetworkError, host: r.Host, text: "the address of the relay " + r.Host + " is not known", cause: err}
	}
	cfg := smtpc.Config{Hostname: l.way.hostname, TLS: smtpc.Required, ImplicitTLS: r.TLS == "implicit", ServerName: r.Host,
		TLSConfig: &tls.Config{RootCAs: c.cfg.Roots, MinVersion: tls.VersionTLS12}, Timeouts: c.cfg.Timeouts}
	if r.TLS == "none" {
		cfg.TLS = smtpc.Off
	}
	if r.Username != "" {
		cfg.Auth = &smtpc.Credentials{Username: r.Username, Password: r.Password}
	}
	last := &refusal{code: 451, status: "4.4.1", reason: report.NetworkError, host: r.Host, text: "the relay " + r.Host + " could not be reached"}
	for _, addr := range addresses[:min(len(addresses), MaxAddresses)] {
		conn, err := c.open(ctx, l, r.Host, netip.AddrPortFrom(addr, uint16(r.Port)), cfg)
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		last = connectRefusal(r.Host, err)
		last.code, last.status = 451, "4"+last.status[1:] // what the relay has against us is nothing against the message
	}
	return nil, last
}

// relayAddresses are a relay's, which may be anywhere: an operator or a tenant named it. A tenant's is another's host, as MX
// hosts are.
func (c *Courier) relayAddresses(ctx context.Context, host string) ([]netip.Addr, error) {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return c.addresses(ctx, host)
	}
	if !c.cfg.AllowPrivate && !resolver.IsPublic(addr) {
		return nil, errors.New("it is a private address")
	}
	return []netip.Addr{addr}, nil
}

// connectRefusal puts why a session could not be opened into the words of a reply. It is always temporary: it says nothing of
// the message.
func connectRefusal(host string, err error) *refusal {
	r := &refusal{code: 451, status: "4.4.1", reason: report.NetworkError, host: host, text: "connection to " + host + " failed", cause: err}
	var e *smtpc.Error
	if !errors.As(err, &e) {
		return r
	}
	var certificate *tls.CertificateVerificationError
	switch {
	case e.Reply != nil:
		r.code, r.status, r.text, r.cause = e.Reply.Code, e.Reply.Status, e.Reply.Text, nil
		r.reason, _ = report.Classify(r.code, r.status, r.text)
		if r.code/100 == 5 { // whole servers refuse sites for a time
			r.code = 400 + r.code%100
		}
		if r.status == "" || r.status[0] == '5' {
			r.status = "4.7.0"
		}
	case errors.As(err, &certificate), errors.Is(err, smtpc.ErrNoTLS), e.Step == smtpc.StepTLS:
		r.status, r.reason, r.text = "4.7.5", report.Policy, "no verified TLS with "+host
	case e.Step == smtpc.StepAuth:
		r.status, r.reason, r.text = "4.7.8", report.Policy, "authentication with "+host+" failed"
	case e.Step == smtpc.StepGreeting:
		r.text = host + " did not greet"
	}
	return r
}

// idle keeps connections for a moment that nobody has a message for.
type idle struct {
	mu    sync.Mutex
	conns map[string][]*connection // by key
	count int
}

// put keeps a connection; it is closed if nobody takes it in time.
func (i *idle) put(conn *connection, now time.Time) {
	i.mu.Lock()
	if i.conns == nil {
		i.conns = map[string][]*connection{}
	}
	full := i.count >= maxIdle
	if !full {
		i.count++
		conn.since = now
		i.conns[conn.key] = append(i.conns[conn.key], conn)
	}
	i.mu.Unlock()
	if full {
		conn.leave()
		return
	}
	time.AfterFunc(idleConnection, func() {
		if i.remove(conn) {
			conn.leave()
		}
	})
}

// take gives the connection of that key that was used last.
func (i *idle) take(key string) *connection {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := i.conns[key]
	if len(list) == 0 {
		return nil
	}
	conn := list[len(list)-1]
	i.drop(key, len(list)-1)
	return conn
}

func (i *idle) remove(conn *connection) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for at, x := range i.conns[conn.key] {
		if x == conn {
			i.drop(conn.key, at)
			return true
		}
	}
	return false
}

func (i *idle) drop(key string, at int) {
	i.count--
	list := append(i.conns[key][:at:at], i.conns[key][at+1:]...)
	if len(list) == 0 {
		delete(i.conns, key)
		return
	}
	i.conns[key] = list
}

// close closes them all.
func (i *idle) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	var all sync.WaitGroup
	for _, list := range i.conns {
		for _, conn := range list {
			all.Go(conn.leave)
		}
	}
	all.Wait()
	i.conns, i.count = nil, 0
}

// leave ends the session politely.
func (conn *connection) leave() {
	if conn != nil && conn.Client != nil {
		conn.Quit(context.Background()) // bounded by Timeouts.Quit; its error changes nothing
	}
}

func hostPort(r *tenancy.Smarthost) string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }
