package health

import (
	"context"
	"fmt"
	"strings"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
)

// listed tells of the addresses that mail leaves from what block lists say.
func (c *Check) listed(ctx context.Context) []Finding {
	r, err := c.cfg.Listed(ctx)
	if err != nil {
		return one("listed", Unknown, "the block lists were not asked: "+err.Error(), "")
	}
	var list []Finding
	for _, a := range r.Addresses {
		name := "listed/" + a.IP.String()
		if !resolver.IsPublic(a.IP) {
			list = append(list, Finding{name, Unknown, a.IP.String() + " is private, and lists know nothing of it", "Name the addresses that others see in domains.addresses."})
			continue
		}
		for _, l := range a.Listed {
			list = append(list, Finding{name, Error, a.IP.String() + " is in " + l.List + reason(l), "Look at what the list says, stop what caused it, and ask to be taken out."})
		}
		if len(a.Unlisted) > 0 {
			list = append(list, Finding{name, Unknown, strings.Join(a.Unlisted, "; "), "Look at the lists' terms, and at which name servers may ask them; else take them out of health.block_lists."})
		}
	}
	switch {
	case len(r.Addresses) == 0:
		return one("listed", Unknown, "no address of this server is known", "Name the addresses that mail leaves from in domains.addresses.")
	case len(list) == 0:
		return one("listed", OK, fmt.Sprintf("%d addresses, in no list; asked %s", len(r.Addresses), r.At.UTC().Format("2006-01-02 15:04 MST")), "")
	}
	return list
}

func reason(l dnscheck.Listing) string {
	if l.Reason == "" {
		return ""
	}
	return ": " + l.Reason
}
