package tenancy

import (
	"fmt"

	"github.com/postroom/postroom/mailstore/fault"
)

// ErrUnauthenticated is the answer to a key or password that opens nothing, whatever is wrong with it.
var ErrUnauthenticated = fault.New(fault.Forbidden, "unauthenticated", "The key or password is not valid.")

// What this package refuses, in words that are the same wherever they are said.
var (
	errExpired        = fault.New(fault.Forbidden, "unauthenticated", "The key has expired; make a new one.")
	errNetwork        = fault.New(fault.Forbidden, "network_not_allowed", "The key may not be used from this network address.")
	errOperatorOnly   = fault.New(fault.Forbidden, "permission_denied", "Only an operator may do this.")
	errExceeds        = fault.New(fault.Forbidden, "exceeds_own_permissions", "A key cannot give more than it has: permissions, expiry and networks must lie within its own.")
	errDomainTaken    = fault.New(fault.Conflict, "domain_taken", "Another workspace has verified this domain.")
	errNotVerified    = fault.New(fault.Conflict, "domain_not_verified", "The domain is not verified yet; only a verified domain receives mail.")
	errPaused         = fault.New(fault.Conflict, "inbox_paused", "The inbox is paused and sends nothing; resume it first.")
	errDomainInUse    = fault.New(fault.Conflict, "domain_in_use", "Inboxes have addresses at this domain; delete those first.")
	errAddressTaken   = fault.New(fault.Conflict, "address_taken", "Another inbox has this address.")
	errPrimary        = fault.New(fault.Conflict, "primary_address", "This is the inbox's primary address; make another one primary first.")
	errRotatedLately  = fault.New(fault.Conflict, "rotated_lately", "The domain's keys were rotated in the last %d days; mail that the others signed is still on its way.", int(DKIMOverlap.Hours()/24))
	errReplaced       = fault.New(fault.Conflict, "key_replaced", "The key was rotated already or has expired; make a new one.")
	errReused         = fault.New(fault.Conflict, "idempotency_key_reused", "This Idempotency-Key was used for another request; take a new one.")
	errWhichWorkspace = fault.New(fault.Invalid, "workspace_required", "An operator must say which workspace is meant.").At("workspaceId")
	errBadCursor      = fault.New(fault.Invalid, "invalid_cursor", "This is not a cursor of this list; take it from nextCursor.").At("query.cursor")
)

func errNotPermitted(p Permission) error {
	return fault.New(fault.Forbidden, "permission_denied", "This needs the permission %q.", string(p))
}

// errLimit names the limit as the API does.
func errLimit(name string, limit int) error {
	return fault.New(fault.Exhausted, "limit_reached", "The limit %q of %d is reached.", name, limit)
}

// problems gathers all that is wrong with an input, so that it is told at once.
type problems []fault.Field

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, fault.Field{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "validation_failed", "Some of what was sent is not valid.")
	e.Fields = p
	return e
}
