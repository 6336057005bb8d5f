package sts

import (
	"net/netip"

	"github.com/postroom/postroom/server/resolver"
)

// IsPublic reports whether an address belongs to the public internet.
func IsPublic(addr netip.Addr) bool { return resolver.IsPublic(addr) }
