package dnscheck

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/server/resolver"
)

// Bounds of looking at the server itself.
const (
	MaxAddresses = 32  // of the server
	MaxNames     = 10  // of one address
	MaxProbes    = 10  // hosts
	maxBanner    = 512 // octets of a greeting (RFC 5321, 4.5.3.1.5)
)

// HostReport is what the DNS says of the server itself.
type HostReport struct {
	At        time.Time       `json:"at"`
	Hostname  string          `json:"hostname"`
	Status    Status          `json:"status"` // whether the host name has the server's addresses and no others
	Found     []string        `json:"found,omitempty"`
	Advice    string          `json:"advice,omitempty"`
	Addresses []AddressReport `json:"addresses"`
}

// AddressReport is what the DNS says of an address that mail leaves from.
type AddressReport struct {
	IP     netip.Addr `json:"ip"`
	Status Status     `json:"status"` // OK: it has the host name, as in EHLO, which leads back to it
	Names  []string   `json:"names,omitempty"`
	Advice string     `json:"advice,omitempty"`
}

// CheckHost looks at the server's own name and addresses: receivers refuse mail from addresses without a name that leads back
// to them, or whose name is not the one in EHLO. The recursive resolver is asked, as receivers ask theirs. It returns soon after the
// timeout, or when ctx ends.
func (c *Checker) CheckHost(ctx context.Context, hostname string, ips []netip.Addr) HostReport {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ips = ips[:min(len(ips), MaxAddresses)]
	r := HostReport{At: c.clock(), Hostname: hostname, Addresses: make([]AddressReport, len(ips))}
	var all sync.WaitGroup
	all.Go(func() { c.hostAddresses(ctx, &r, ips) })
	for i, ip := range ips {
		all.Go(func() { r.Addresses[i] = c.address(ctx, hostname, ip.Unmap().WithZone("")) })
	}
	all.Wait()
	return r
}

// hostAddresses compares the addresses of the host name with those of the server.
func (c *Checker) hostAddresses(ctx context.Context, r *HostReport, ips []netip.Addr) {
	found, err := c.resolver.Addresses(ctx, r.Hostname)
	own := func(a netip.Addr) bool {
		return slices.ContainsFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().WithZone("") == a })
	}
	addrs := slices.Concat(found.IPv4, found.IPv6)
	var shown []string
	for _, a := range addrs {
		shown = append(shown, a.String())
	}
	r.Found = bounded(shown)
	strange := slices.IndexFunc(addrs, func(a netip.Addr) bool { return !own(a) })
	switch {
	case resolver.IsTemporary(err):
		r.Status, r.Advice = Failed, "The DNS did not answer: if this lasts, look at the resolver and the name servers of "+r.Hostname+"."
	case err != nil:
		r.Status, r.Advice = Missing, "Add A and AAAA records for "+r.Hostname+" with the addresses of this server."
	case strange >= 0:
		r.Status, r.Advice = Different, r.Hostname+" leads to "+addrs[strange].String()+", which is none of this server's addresses: correct its A and AAAA records."
	default:
		r.Status = OK
	}
}

// address looks at one address.
func (c *Checker) address(ctx context.Context, hostname string, ip netip.Addr) AddressReport {
	a := AddressReport{IP: ip}
	a.Status, a.Names, a.Advice = c.reverse(ctx, hostname, ip)
	return a
}

// reverse looks for the host name among the names of an address, and for the address among those of the name.
func (c *Checker) reverse(ctx context.Context, hostname string, ip netip.Addr) (Status, []string, string) {
	ask := "Ask whoever gave you the address " + ip.String()
	found, err := c.resolver.PTR(ctx, ip)
	names := bounded(found.Records)
	switch {
	case resolver.IsTemporary(err):
		return Failed, nil, "The name of " + ip.String() + " could not be looked up: if this lasts, " + strings.ToLower(ask[:1]) + ask[1:] + "."
	case err != nil:
		return Missing, nil, ask + " to give it the name " + hostname + " (PTR): many receivers refuse mail from addresses without one."
	case !slices.Contains(found.Records[:min(len(found.Records), MaxNames)], hostname):
		return Different, names, ask + " to change its name (PTR) to " + hostname + ", which this server calls itself in EHLO."
	}
	back, err := c.resolver.Addresses(ctx, hostname)
	switch {
	case slices.Contains(back.IPv4, ip) || slices.Contains(back.IPv6, ip):
		return OK, names, ""
	case resolver.IsTemporary(err) || err == nil && back.Partial != nil:
		return Failed, names, "The addresses of " + hostname + " could not be looked up."
	}
	return Different, names, "Add " + ip.String() + " to the addresses of " + hostname + ": its name must lead back to it."
}

// ProbeResult is whether a host could be reached.
type ProbeResult struct {
	Host   string `json:"host"`
	OK     bool   `json:"ok"`
	Banner string `json:"banner,omitempty"` // what the host says of itself, printable: another's means that somebody stands in between
	Reason string `json:"reason,omitempty"` // why not
}

// Probe connects to mail servers, at port 25 unless a host has another, and waits for their greeting: whether mail can leave. Of
// more than MaxProbes hosts the first are tried. Nobody is sent anything but QUIT.
func (c *Checker) Probe(ctx context.Context, hosts []string) []ProbeResult {
	hosts = hosts[:min(len(hosts), MaxProbes)]
	results := make([]ProbeResult, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() { results[i] = c.probeOne(ctx, h) })
	}
	all.Wait()
	return results
}

func (c *Checker) probeOne(ctx context.Context, target string) ProbeResult {
	ctx, cancel := context.WithTimeout(ctx, c.probe)
	defer cancel()
	r := ProbeResult{Host: target}
	if _, _, err := net.SplitHostPort(target); err != nil {
		target = net.JoinHostPort(target, defaultMailPort)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		r.Reason = oneLine(err.Error())
		return r
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := bufio.NewReader(io.LimitReader(conn, maxBanner)).ReadString('\n')
	r.Banner = strings.TrimSpace(oneLine(line))
	switch {
	case err != nil:
		r.Reason = "there was no greeting: " + oneLine(err.Error())
	case !strings.HasPrefix(line, "220"):
		r.Reason = "the greeting is a refusal"
	default:
		r.OK = true
		io.WriteString(conn, "QUIT\r\n")
	}
	return r
}
