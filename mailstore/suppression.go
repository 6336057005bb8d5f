package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// MaxSuppressions is how many addresses a workspace suppresses.
const MaxSuppressions = 1_000_000

var errTooManySuppressions = fault.New(fault.Exhausted, "limit_reached", "A workspace can suppress at most %d addresses (limit suppressions).", MaxSuppressions)

// Why addresses are suppressed.
const (
	SuppressedByBounce      = "bounce"
	SuppressedByComplaint   = "complaint"
	SuppressedByUnsubscribe = "unsubscribe"
	SuppressedByHand        = "manual"
)

// Suppression is an address that nothing is sent to any more.
type Suppression struct {
	Address string    `json:"address"` // lower case, domain in A-labels
	Reason  string    `json:"reason"`
	Detail  string    `json:"detail,omitempty"` // what was said
	Inbox   InboxID   `json:"inboxId,omitempty"`
	Message MessageID `json:"messageId,omitempty"` // that led to it
	At      time.Time `json:"createdAt"`
}

const suppressionColumns = "address, reason, detail, inbox_id, message_id, created_at"

func readSuppression(scan func(...any) error) (s Suppression, err error) {
	var at int64
	err = scan(&s.Address, &s.Reason, &s.Detail, &s.Inbox, &s.Message, &at)
	s.At = time.UnixMicro(at).UTC()
	return s, err
}

// Suppress has nothing be sent to the addresses any more. Those that are suppressed already keep their reason. It gives
// the number of new ones.
func (b Outbox) Suppress(ctx context.Context, list []Suppression) (added int, err error) {
	err = b.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			added = 0
			var there int
			if err := tx.Row("SELECT COUNT(*) FROM suppressions", nil, &there); err != nil {
				return err
			}
			for _, s := range list {
				s.At = w.now()
				fresh, err := suppressOne(tx, s)
				if err != nil {
					return err
				}
				if fresh {
					added++
				}
			}
			if there+added > MaxSuppressions {
				return errTooManySuppressions
			}
			return nil
		})
	})
	return added, err
}

func (w *workspace) suppress(tx *sqlite.Tx, s Suppression) error {
	_, err := suppressOne(tx, s)
	return err
}

// suppressOne suppresses an address in tx and announces it, unless it is suppressed already.
func suppressOne(tx *sqlite.Tx, s Suppression) (fresh bool, err error) {
	s.Address = suppressionKey(s.Address)
	r, err := tx.Exec("INSERT INTO suppressions ("+suppressionColumns+") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		s.Address, s.Reason, s.Detail, string(s.Inbox), string(s.Message), s.At.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("suppress: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	return true, journal.Append(tx, journal.Line{Type: "suppression.added", InboxID: string(s.Inbox), At: s.At, Data: data})
}

// Unsuppress lets mail be sent to an address again, ErrNotFound if it is not suppressed.
func (b Outbox) Unsuppress(ctx context.Context, address string) error {
	return b.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			var s Suppression
			err := tx.Row("DELETE FROM suppressions WHERE address = ? RETURNING address, reason, inbox_id", sqlite.Args(suppressionKey(address)), &s.Address, &s.Reason, &s.Inbox)
			if sqlite.NoRows(err) {
				return ErrNotFound
			}
			if err != nil {
				return err
			}
			s.At = w.now()
			data, err := json.Marshal(s)
			return errors.Join(err, journal.Append(tx, journal.Line{Type: "suppression.removed", InboxID: string(s.Inbox), At: s.At, Data: data}))
		})
	})
}

// Suppression is one of them, ErrNotFound if the address is not suppressed.
func (b Outbox) Suppression(ctx context.Context, address string) (s Suppression, err error) {
	found := false
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT "+suppressionColumns+" FROM suppressions WHERE address = ?", sqlite.Args(suppressionKey(address)), func(scan func(...any) error) error {
			found = true
			s, err = readSuppression(scan)
			return err
		})
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return s, err
}

// Suppressions lists newest first; next is nil on the last page. limit 0 means MaxPage.
func (b Outbox) Suppressions(ctx context.Context, after *Place, limit int) (list []Suppression, next *Place, err error) {
	limit = pageLimit(limit)
	where, args := "", []any{}
	if after != nil {
		where, args = "WHERE (created_at, address) < (?, ?)", sqlite.Args(after.At.UnixMicro(), after.ID)
	}
	err = b.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT "+suppressionColumns+" FROM suppressions "+where+" ORDER BY created_at DESC, address DESC LIMIT ?", append(args, limit+1), func(scan func(...any) error) error {
			s, err := readSuppression(scan)
			list = append(list, s)
			return err
		})
	})
	if len(list) > limit {
		list = list[:limit]
		next = &Place{At: list[limit-1].At, ID: list[limit-1].Address}
	}
	return list, next, err
}

// Refused tells to which of the addresses the inbox sends nothing, and why: the reason of the suppression, or ReasonListed. It is
// by the address in lower case.
func (in Inbox) Refused(ctx context.Context, addresses []string) (why map[string]string, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		why, err = refusedOf(tx, in.id, addresses)
		return err
	})
	return why, err
}

// TellRejected announces recipients of a message that was never made, because nothing is sent to them: message.rejected,
// one for each.
func (in Inbox) TellRejected(ctx context.Context, list []Unsent) error {
	if len(list) == 0 {
		return nil
	}
	return in.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			x := submission{in: in, w: w, at: w.now()}
			return x.tellRejected(tx, "", list)
		})
	})
}

// suppressedOf gives the reasons by the addresses in lower case, as they are written otherwise.
func suppressedOf(tx *sqlite.Tx, addresses []string) (map[string]string, error) {
	keys, written := make([]string, len(addresses)), map[string][]string{}
	for i, a := range addresses {
		keys[i] = suppressionKey(a)
		written[keys[i]] = append(written[keys[i]], strings.ToLower(a))
	}
	encoded, _ := json.Marshal(keys) // strings always encode
	why := map[string]string{}
	err := tx.Each("SELECT address, reason FROM suppressions WHERE address IN (SELECT value FROM json_each(?))", sqlite.Args(string(encoded)), func(scan func(...any) error) error {
		var key, reason string
		err := scan(&key, &reason)
		for _, a := range written[key] {
			why[a] = reason
		}
		return err
	})
	return why, err
}

// suppressionKey is the one form under which an address is suppressed, however it is written: lower case, normal form C
// (RFC 6532, 3.1), and quotes only where the local part needs them (RFC 5321, 4.1.2).
func suppressionKey(address string) string {
	address = norm.NFC.String(strings.ToLower(norm.NFC.String(address)))
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return address
	}
	local := address[:at]
	if len(local) > 2 && local[0] == '"' && local[at-1] == '"' {
		local = unquoted(local[1 : at-1])
	}
	if strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"(),:;<>@[\]`, r) }) ||
		local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	return local + address[at:]
}

// unquoted takes the backslashes from what stands between quotes, each before the octet that it is for.
func unquoted(s string) string {
	var b strings.Builder
	for ; s != ""; s = s[1:] {
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		b.WriteByte(s[0])
	}
	return b.String()
}
