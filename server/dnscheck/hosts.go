package dnscheck

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// maxExchangers is how many exchangers of a domain are looked at that are not ours by name.
const maxExchangers = 10

// exchanger is a host that an MX record names.
type exchanger struct {
	host       string
	preference uint16
	ours       bool
	alias      bool // the host is a CNAME, which RFC 5321, 5.1 forbids
	unknown    bool // its addresses could not be looked up
}

// judgeMX wants the server to be among the exchangers that are tried first, and no stranger with it.
func (k *check) judgeMX(ctx context.Context, v statement) verdict {
	if len(v.rrs) == 0 {
		return withAlias(v, verdict{status: Missing})
	}
	one := different(v.shown(), "")
	list := k.exchangers(ctx, v)
	first := list[0].preference
	ours := slices.IndexFunc(list, func(x exchanger) bool { return x.ours })
	stranger := slices.IndexFunc(list, func(x exchanger) bool { return !x.ours })
	ourHost := k.server.Hostname
	switch {
	case len(list) == 1 && list[0].host == "":
		one.advice = "Replace the record, which says that the domain takes no mail, by one that names " + ourHost + "."
	case ours < 0 && slices.ContainsFunc(list, func(x exchanger) bool { return x.unknown }):
		one.status, one.advice = Failed, "the addresses of an exchanger could not be looked up"
	case ours < 0:
		one.advice = "Mail goes to " + oneLine(list[0].host) + ": replace the MX records by one that names " + ourHost + "."
	case list[ours].alias:
		one.advice = "The MX record names " + oneLine(list[ours].host) + ", which is a CNAME; some servers send nothing there: name " + ourHost + " itself."
	case list[ours].preference > first:
		one.advice = "Mail goes to " + oneLine(list[0].host) + " first: remove its MX record, or give it a higher number than that of " + ourHost + "."
	case stranger >= 0 && list[stranger].preference == first:
		one.advice = "Some of the mail goes to " + oneLine(list[stranger].host) + ": remove its MX record."
	case stranger >= 0:
		one.status, one.advice = OK, "Mail goes to "+oneLine(list[stranger].host)+" while this server cannot be reached: remove its MX record unless that is meant."
	default:
		one.status = OK
	}
	return one
}

// exchangers are the hosts of a statement, those with the lowest preference first, ours before others, each once.
func (k *check) exchangers(ctx context.Context, v statement) (list []exchanger) {
	for _, rr := range v.rrs {
		mx, ok := rr.(*dns.MX)
		if !ok || slices.ContainsFunc(list, func(x exchanger) bool { return x.host == host(mx.Mx) && x.preference == mx.Preference }) {
			continue
		}
		x := exchanger{host: host(mx.Mx), preference: mx.Preference}
		if x.ours = x.host == k.server.Hostname; !x.ours && x.host != "" && len(list) < maxExchangers {
			k.identify(ctx, &x)
		}
		list = append(list, x)
	}
	weight := func(x exchanger) int {
		if x.ours {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b exchanger) int {
		return cmp.Or(cmp.Compare(a.preference, b.preference), weight(a)-weight(b), cmp.Compare(a.host, b.host))
	})
	return list
}

// identify finds out whether a host is the server by another name. Its authorities are asked: it may just be set up as well.
func (k *check) identify(ctx context.Context, x *exchanger) {
	x.unknown = true
	for _, v := range merge(k.look(ctx, x.host, dns.TypeA), k.look(ctx, x.host, dns.TypeAAAA)) {
		if v.err == nil {
			x.unknown, x.alias = false, len(v.chain) > 0
			x.ours = slices.Contains(v.chain, k.server.Hostname) || k.allOurs(v.addresses())
			return
		}
	}
}

// allOurs reports whether addresses are those of the server, and there are any.
func (k *check) allOurs(addrs []netip.Addr) bool {
	return len(addrs) > 0 && !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !k.isOurIP(a) })
}

func (k *check) isOurIP(addr netip.Addr) bool {
	return slices.ContainsFunc(k.server.IPs, func(own netip.Addr) bool { return own.Unmap() == addr.Unmap() })
}

// judgeHost wants a name to lead to the server: by alias, or by addresses that are all the server's.
func (k *check) judgeHost(v statement, r Record) verdict {
	if slices.ContainsFunc(v.chain, k.isOurs) {
		return verdict{status: OK, found: v.shown()}
	}
	addrs := v.addresses()
	one := different(v.shown(), "")
	switch {
	case len(addrs) == 0 && len(v.chain) == 0:
		return verdict{status: Missing}
	case len(addrs) == 0:
		one.advice = fmt.Sprintf("The name leads to %s, which has no address: let it lead to %s.", oneLine(v.chain[len(v.chain)-1]), r.Value)
	case k.allOurs(addrs) && r.Purpose == PurposeReturnPath:
		one.advice = fmt.Sprintf("The addresses are right, but bounces need more of %s: write a CNAME record that leads there.", r.Value)
	case k.allOurs(addrs):
		one.status = OK
	case slices.ContainsFunc(addrs, k.isOurIP):
		one.advice = fmt.Sprintf("Some of the addresses are not those of this server: replace them by a CNAME record that leads to %s.", r.Value)
	default:
		one.advice = fmt.Sprintf("The name leads elsewhere: replace what is there by a CNAME record that leads to %s.", r.Value)
	}
	return one
}

// judgeSRV wants the target that is tried first to be the server, at the right port (RFC 2782).
func (k *check) judgeSRV(v statement, r Record) verdict {
	var first *dns.SRV
	right := false
	for _, rr := range v.rrs {
		srv, ok := rr.(*dns.SRV)
		if !ok || first != nil && srv.Priority > first.Priority {
			continue
		}
		target := host(srv.Target)
		matches := srv.Port == r.Port && (target == r.Value || r.Purpose == PurposeSRVAutodiscover && k.isOurs(target))
		if first == nil || srv.Priority < first.Priority {
			first, right = srv, matches
		}
		right = right && matches
	}
	switch {
	case first == nil:
		return withAlias(v, verdict{status: Missing})
	case right:
		return verdict{status: OK, found: v.shown()}
	case first.Target == ".":
		return different(v.shown(), fmt.Sprintf("The record says that there is no such service: replace it by one with port %d and the host %s.", r.Port, r.Value))
	}
	return different(v.shown(), fmt.Sprintf("Clients are led elsewhere: replace the record by one with port %d and the host %s.", r.Port, r.Value))
}
