// Package tenancy knows who exists and what each may do: workspaces, domains, inboxes and their addresses, keys and
// passwords. It authenticates and hands out a Grant, and a Grant is the only way to a mailbox.
//
// Its data lies in one SQLite file. A change that others should see commits together with a row of news, which Relay
// moves into the journal of its workspace. The package knows no network: it is told names, secrets and addresses by
// those who do, and it never looks at mail.
package tenancy

import (
	"log/slog"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// Limits. Each has a name in the API, which the refusal tells.
const (
	MaxDomainsPerWorkspace = 1000
	MaxInboxesPerWorkspace = 100_000
	MaxKeysPerWorkspace    = 10_000 // its own and those of its inboxes
	MaxOperatorKeys        = 100
	MaxAddressesPerInbox   = 100
	MaxMetadata            = 16 << 10 // octets of JSON
	MaxName                = 200      // characters, of workspaces and keys
	MaxDisplayName         = 256      // characters
	MaxNetworks            = 50       // of one key
	MaxPermissions         = 100      // of one key
	MaxClientID            = 256      // characters of a client's own word for what it makes
)

// Sizes of a list's page.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// ErrNotFound is the answer for what is not there and for what the caller may not see: one and the same.
var ErrNotFound = mailstore.ErrNotFound

// Options of a Directory. Zero fields get their defaults.
type Options struct {
	Clock    func() time.Time
	Log      *slog.Logger
	Hostname string        // this host's own domain, for mail to <Postmaster> without a domain
	Sandbox  string        // the operator's domain below which each workspace has one from the start; "": there is none
	Every    time.Duration // how often Relay looks without being rung; default 5 s
}

// Page asks for one page of a list. Lists are newest first.
type Page struct {
	Limit       int    // 0 means DefaultPage; more than MaxPage is cut to it
	After       string // the id that the page before ended with, as its "next" said; "" begins
	OldestFirst bool   // the list is given the other way round
}
