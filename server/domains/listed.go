package domains

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/postroom/postroom/server/dnscheck"
)

const (
	listAge   = 24 * time.Hour // of what block lists say, where nothing is wrong
	listAgain = time.Hour      // where an address is listed, or a list did not answer
)

// Listed is what block lists say of the addresses that mail leaves from: the server's, and those that operators have bound mail of workspaces
// to. The lists are asked daily, and hourly while something is wrong.
func (w *Watch) Listed(ctx context.Context) (dnscheck.ListReport, error) {
	if w.cfg.Checker == nil {
		return dnscheck.ListReport{}, ErrNotAsked
	}
	bound, err := w.dir.SourceIPs(ctx, dnscheck.MaxAddresses)
	if err != nil {
		return dnscheck.ListReport{}, err
	}
	var ips []netip.Addr
	for _, ip := range slices.Concat(w.addresses(ctx), bound) {
		if ip = ip.Unmap().WithZone(""); len(ips) < dnscheck.MaxAddresses && !slices.Contains(ips, ip) {
			ips = append(ips, ip)
		}
	}
	w.listing.Lock()
	defer w.listing.Unlock()
	if w.listed == nil || !w.dir.Now().Before(w.listed.At.Add(lasts(*w.listed))) || !sameAddresses(*w.listed, ips) {
		r := w.cfg.Checker.CheckLists(ctx, ips)
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		w.warn(r)
		w.listed = &r
	}
	return *w.listed, nil
}

// lasts is how long a report is good.
func lasts(r dnscheck.ListReport) time.Duration {
	if slices.ContainsFunc(r.Addresses, func(a dnscheck.AddressListings) bool { return len(a.Listed)+len(a.Unlisted) > 0 }) {
		return listAgain
	}
	return listAge
}

func sameAddresses(r dnscheck.ListReport, ips []netip.Addr) bool {
	return slices.EqualFunc(r.Addresses, ips, func(a dnscheck.AddressListings, ip netip.Addr) bool { return a.IP == ip })
}

// warn logs what is listed.
func (w *Watch) warn(r dnscheck.ListReport) {
	for _, a := range r.Addresses {
		for _, l := range a.Listed {
			w.log.Warn("an address that mail leaves from is in a block list", "address", a.IP, "list", l.List, "reason", l.Reason)
		}
	}
}
