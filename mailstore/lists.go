package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// How many entries lists have.
const (
	MaxListEntries      = 100_000 // of a workspace with all of its inboxes
	MaxInboxListEntries = 10_000  // of one inbox
)

// What a list is about: mail that comes, mail that comes as an answer to what the inbox sent, and mail that leaves.
const (
	ListReceive = "receive"
	ListReply   = "reply"
	ListSend    = "send"
)

// What a list says of those who are on it.
const (
	ListAllow = "allow"
	ListBlock = "block"
)

// List names one list.
type List struct {
	Inbox     InboxID // "" for all inboxes of the workspace
	Direction string
	Kind      string
}

// ListEntry is one address or domain on a list. A domain stands for its sub-domains too.
type ListEntry struct {
	List
	Entry  string // address or domain in lower case, domain in A-labels
	Reason string // in the user's words
	At     time.Time
}

var (
	errTooManyEntries  = fault.New(fault.Exhausted, "limit_reached", "The lists of a workspace have at most %d entries (limit listEntries).", MaxListEntries)
	errTooManyOfInbox  = fault.New(fault.Exhausted, "limit_reached", "The lists of an inbox have at most %d entries (limit inboxListEntries).", MaxInboxListEntries)
	errListedOtherwise = fault.New(fault.Conflict, "listed_otherwise", "This entry is on the list of the other kind; DELETE it there first.")
)

// Lists is a handle on the allow and block lists of a workspace and its inboxes.
type Lists struct{ ws Workspace }

// WorkspaceID is the id of the workspace whose lists they are.
func (l Lists) WorkspaceID() WorkspaceID { return l.ws.id }

// Lists hands out the lists of the workspace.
func (w Workspace) Lists() Lists { return Lists{w} }

// entryKey is an entry as it is kept.
func entryKey(entry string) string {
	if strings.Contains(entry, "@") {
		return addressKey(entry)
	}
	return strings.ToLower(entry)
}

// Add puts an entry on a list. added is false if it is there already; then it keeps its reason. A Conflict says that the other
// kind of list has it.
func (l Lists) Add(ctx context.Context, x ListEntry) (entry ListEntry, added bool, err error) {
	x.Entry = entryKey(x.Entry)
	err = l.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			entry, added = x, false
			there, err := findEntry(tx, x.List, x.Entry)
			switch {
			case err == nil && there.Kind != x.Kind:
				return errListedOtherwise
			case err == nil:
				entry = there
				return nil
			case !sqlite.NoRows(err):
				return err
			}
			var n, own int
			if err := tx.Row("SELECT COUNT(*), COALESCE(SUM(inbox_id = ?), 0) FROM lists", sqlite.Args(string(x.Inbox)), &n, &own); err != nil {
				return err
			}
			switch {
			case n >= MaxListEntries:
				return errTooManyEntries
			case x.Inbox != "" && own >= MaxInboxListEntries:
				return errTooManyOfInbox
			}
			entry.At, added = w.now(), true
			if _, err := tx.Exec("INSERT INTO lists (inbox_id, direction, entry, kind, reason, created_at) VALUES (?, ?, ?, ?, ?, ?)",
				string(x.Inbox), x.Direction, x.Entry, x.Kind, x.Reason, entry.At.UnixMicro()); err != nil {
				return fmt.Errorf("list: %w", err)
			}
			return tellListed(tx, "list.added", entry, entry.At)
		})
	})
	return entry, added, err
}

// Remove takes an entry off a list, ErrNotFound if it is not on it.
func (l Lists) Remove(ctx context.Context, from List, entry string) error {
	entry = entryKey(entry)
	return l.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			there, err := findEntry(tx, from, entry)
			if sqlite.NoRows(err) || err == nil && there.Kind != from.Kind {
				return ErrNotFound
			}
			if err != nil {
				return err
			}
			if _, err := tx.Exec("DELETE FROM lists WHERE inbox_id = ? AND direction = ? AND entry = ?", string(from.Inbox), from.Direction, entry); err != nil {
				return err
			}
			return tellListed(tx, "list.removed", there, w.now())
		})
	})
}

func tellListed(tx *sqlite.Tx, event string, x ListEntry, at time.Time) error {
	data, err := json.Marshal(struct {
		Entry     string    `json:"entry"`
		Direction string    `json:"direction"`
		Type      string    `json:"type"`
		Inbox     InboxID   `json:"inboxId,omitempty"`
		Reason    string    `json:"reason,omitempty"`
		At        time.Time `json:"createdAt"`
	}{x.Entry, x.Direction, x.Kind, x.Inbox, x.Reason, x.At})
	if err != nil {
		return err
	}
	return journal.Append(tx, journal.Line{Type: event, InboxID: string(x.Inbox), At: at, Data: data})
}

// Entry is one entry of a list, ErrNotFound if it is not on it.
func (l Lists) Entry(ctx context.Context, of List, entry string) (x ListEntry, err error) {
	err = l.ws.view(ctx, func(tx *sqlite.Tx) error {
		x, err = findEntry(tx, of, entryKey(entry))
		return err
	})
	if sqlite.NoRows(err) || err == nil && x.Kind != of.Kind {
		err = ErrNotFound
	}
	return x, err
}

func findEntry(tx *sqlite.Tx, l List, entry string) (x ListEntry, err error) {
	x = ListEntry{List: l, Entry: entry}
	var at int64
	err = tx.Row("SELECT kind, reason, created_at FROM lists WHERE inbox_id = ? AND direction = ? AND entry = ?", sqlite.Args(string(l.Inbox), l.Direction, entry), &x.Kind, &x.Reason, &at)
	x.At = time.UnixMicro(at).UTC()
	return x, err
}

// Entries lists one list, newest first; next is nil on the last page. limit 0 means MaxPage.
func (l Lists) Entries(ctx context.Context, of List, after *Place, limit int) (list []ListEntry, next *Place, err error) {
	limit = pageLimit(limit)
	where, args := "WHERE direction = ? AND kind = ? AND inbox_id = ?", sqlite.Args(of.Direction, of.Kind, string(of.Inbox))
	if after != nil {
		where, args = where+" AND (created_at, entry) < (?, ?)", append(args, after.At.UnixMicro(), after.ID)
	}
	err = l.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT entry, reason, created_at FROM lists "+where+" ORDER BY created_at DESC, entry DESC LIMIT ?", append(args, limit+1), func(scan func(...any) error) error {
			x := ListEntry{List: of}
			var at int64
			err := scan(&x.Entry, &x.Reason, &at)
			x.At = time.UnixMicro(at).UTC()
			list = append(list, x)
			return err
		})
	})
	if len(list) > limit {
		list = list[:limit]
		next = &Place{At: list[limit-1].At, ID: list[limit-1].Entry}
	}
	return list, next, err
}

// Ruling is what lists say of an address.
type Ruling struct {
	Kind  string // ListAllow, ListBlock, or "" where they say nothing
	Entry string // that says it; "" with ListBlock: there is an allow list, and the address is not on it
}

// ruling is what the lists of one direction say of an address, as addressKey has it: what is said for the inbox goes before what
// is said for the workspace, then an address before a domain and a longer domain before a shorter one. Where nothing is said,
// an allow list with any entry at all leaves out all who are not on it, if closed is asked for.
func ruling(tx *sqlite.Tx, inbox InboxID, direction, address string, closed bool) (r Ruling, err error) {
	names, _ := json.Marshal(entriesFor(address)) // strings always encode
	best := -1
	err = tx.Each("SELECT inbox_id <> '', entry, kind FROM lists WHERE inbox_id IN ('', ?) AND direction = ? AND entry IN (SELECT value FROM json_each(?))",
		sqlite.Args(string(inbox), direction, string(names)), func(scan func(...any) error) error {
			var own bool
			var x Ruling
			if err := scan(&own, &x.Entry, &x.Kind); err != nil {
				return err
			}
			weight := len(x.Entry)
			if strings.Contains(x.Entry, "@") {
				weight += maxEntry
			}
			if own {
				weight += 2 * maxEntry
			}
			if weight > best {
				best, r = weight, x
			}
			return nil
		})
	if err != nil || best >= 0 || !closed {
		return r, err
	}
	var any bool
	err = tx.Row("SELECT EXISTS (SELECT 1 FROM lists WHERE direction = ? AND kind = 'allow' AND inbox_id = '') OR EXISTS (SELECT 1 FROM lists WHERE direction = ? AND kind = 'allow' AND inbox_id = ?)",
		sqlite.Args(direction, direction, string(inbox)), &any)
	if any {
		r.Kind = ListBlock
	}
	return r, err
}

// maxEntry is more than an entry has octets.
const maxEntry = 1 << 12

// entriesFor are the entries that an address is on a list by: itself, its domain, and the domains above it.
func entriesFor(address string) []string {
	names := []string{address}
	const maxLabels = 127
	for domain := address[strings.LastIndexByte(address, '@')+1:]; domain != "" && len(names) <= maxLabels; {
		names = append(names, domain)
		_, domain, _ = strings.Cut(domain, ".")
	}
	return names
}

// ReasonListed is why nothing is sent to an address that a list keeps out.
const ReasonListed = "blocked"

// refusedOf gives the reasons why nothing is sent to some of the addresses: they are suppressed, or kept out by a list. It is by the
// addresses in lower case, as they are written otherwise.
func refusedOf(tx *sqlite.Tx, inbox InboxID, addresses []string) (map[string]string, error) {
	why, err := suppressedOf(tx, addresses)
	if err != nil {
		return nil, err
	}
	var some bool
	if err := tx.Row("SELECT EXISTS (SELECT 1 FROM lists WHERE direction = ?)", sqlite.Args(ListSend), &some); err != nil || !some {
		return why, err
	}
	for _, a := range addresses {
		r, err := ruling(tx, inbox, ListSend, addressKey(a), true)
		if err != nil {
			return nil, err
		}
		if r.Kind == ListBlock && why[strings.ToLower(a)] == "" {
			why[strings.ToLower(a)] = ReasonListed
		}
	}
	return why, nil
}
