package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of mailboxes.
const (
	MaxMailboxes     = 5000 // of one inbox
	MaxMailboxName   = 1000 // octets of UTF-8
	MaxMailboxLevels = 50
	MaxSubscriptions = 2 * MaxMailboxes // of one inbox; a subscription outlives its mailbox
)

// Separator stands between the levels of a mailbox's name.
const Separator = "/"

// MailboxID stands for a mailbox for as long as it lives, whatever it is called. It is never used again.
type MailboxID int64

// Mailbox is an IMAP mailbox of an inbox (RFC 9051, 2.3.1).
type Mailbox struct {
	ID            MailboxID
	ObjectID      string // MAILBOXID (RFC 8474)
	Name          string // UTF-8, Separator between levels
	SpecialUse    string // `\Sent` and the like (RFC 6154); "" for none
	UIDValidity   uint32
	UIDNext       uint32
	HighestModseq uint64
}

// defaults are the mailboxes that an inbox gets with its first message, and what they are for (RFC 6154).
var defaults = []struct{ name, use string }{
	{InboxMailbox, ""}, {SentMailbox, `\Sent`}, {DraftsMailbox, `\Drafts`}, {TrashMailbox, `\Trash`}, {JunkMailbox, `\Junk`}, {ArchiveMailbox, `\Archive`},
}

func isDefault(name string) bool {
	return slices.ContainsFunc(defaults, func(d struct{ name, use string }) bool { return d.name == name })
}

// grantedUses are the special uses that a client may give to a mailbox of its own. Those of the defaults are taken, and
// what \All and \Flagged stand for does not exist here.
var grantedUses = []string{`\Important`} // RFC 8457

var (
	errMailboxExists     = fault.New(fault.Conflict, "mailbox_exists", "There is a mailbox of this name already.")
	errFixedMailbox      = fault.New(fault.Forbidden, "fixed_mailbox", "Every inbox has this mailbox; it can be neither deleted nor renamed.")
	errSpecialUse        = fault.New(fault.Conflict, "special_use_taken", "Another mailbox has this special use, or none can have it here.")
	errMailboxLimit      = fault.New(fault.Exhausted, "limit_reached", "An inbox has at most %d mailboxes (limit mailboxes).", MaxMailboxes)
	errSubscriptionLimit = fault.New(fault.Exhausted, "limit_reached", "An inbox has at most %d subscriptions (limit subscriptions).", MaxSubscriptions)
	errIntoItself        = fault.New(fault.Invalid, "invalid_mailbox_name", "A mailbox cannot be moved below itself.")
)

// checkMailboxName says what is wrong with a name that a user wants for a mailbox.
func checkMailboxName(name string) error {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_mailbox_name", format, args...)
	}
	switch levels := strings.Split(name, Separator); {
	case name == "" || len(name) > MaxMailboxName:
		return wrong("The name of a mailbox has 1 to %d octets.", MaxMailboxName)
	case len(levels) > MaxMailboxLevels:
		return wrong("The name of a mailbox has at most %d levels.", MaxMailboxLevels)
	case slices.Contains(levels, ""):
		return wrong("The name of a mailbox has no empty level: no / at its ends and no two in a row.")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return wrong("The name of a mailbox is UTF-8 without control characters.")
	case strings.ContainsAny(name, "*%"):
		return wrong("The name of a mailbox has no * and no %%, which stand for any characters in LIST.")
	}
	return nil
}

const mailboxColumns = "id, object_id, name, special_use, uidvalidity, uidnext, highestmodseq"

func readMailbox(scan func(...any) error, more ...any) (m Mailbox, err error) {
	err = scan(append([]any{&m.ID, &m.ObjectID, &m.Name, &m.SpecialUse, &m.UIDValidity, &m.UIDNext, &m.HighestModseq}, more...)...)
	return m, err
}

// Mailboxes lists all mailboxes by name, INBOX first. An inbox gets the default ones that it does not have: none of them
// before its first message, those that were never used after a rebuild.
func (in Inbox) Mailboxes(ctx context.Context) (list []Mailbox, err error) {
	for try := 0; try < 2; try++ {
		list = nil
		err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
			return tx.Each("SELECT "+mailboxColumns+" FROM mailboxes WHERE inbox_id = ? ORDER BY name <> 'INBOX', name", sqlite.Args(string(in.id)),
				func(scan func(...any) error) error {
					m, err := readMailbox(scan)
					list = append(list, m)
					return err
				})
		})
		missing := slices.IndexFunc(defaults, func(d struct{ name, use string }) bool {
			return !slices.ContainsFunc(list, func(m Mailbox) bool { return m.Name == d.name })
		})
		if err != nil || missing < 0 {
			break
		}
		if err = in.makeDefaults(ctx, defaults[missing].name); err != nil {
			break
		}
	}
	return list, err
}

func (in Inbox) makeDefaults(ctx context.Context, missing string) error {
	return in.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			_, err := w.mailboxID(tx, in.id, missing, w.now())
			return err
		})
	})
}

// Mailbox is the mailbox of that name.
func (in Inbox) Mailbox(ctx context.Context, name string) (Mailbox, error) {
	list, err := in.Mailboxes(ctx)
	if err != nil {
		return Mailbox{}, err
	}
	if i := slices.IndexFunc(list, func(m Mailbox) bool { return m.Name == name }); i >= 0 {
		return list[i], nil
	}
	return Mailbox{}, ErrNotFound
}

// Counts is how much is in a mailbox. Sizes are in octets.
type Counts struct {
	Messages, Unseen, Deleted uint32
	Recent                    uint32 // shown to no session yet
	Size, DeletedSize         int64
}

// Counts counts what is in a mailbox.
func (in Inbox) Counts(ctx context.Context, id MailboxID) (c Counts, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		if err := in.owns(tx, id); err != nil {
			return err
		}
		return tx.Row(`SELECT COUNT(*), COALESCE(SUM(flags & 1 = 0), 0), COALESCE(SUM(flags & 8 <> 0), 0), COALESCE(SUM(size), 0), COALESCE(SUM(size * (flags & 8 <> 0)), 0),
			COALESCE(SUM(uid >= (SELECT recent_uid FROM mailboxes WHERE id = mailbox_id)), 0) FROM placements WHERE mailbox_id = ?`,
			sqlite.Args(int64(id)), &c.Messages, &c.Unseen, &c.Deleted, &c.Size, &c.DeletedSize, &c.Recent)
	})
	return c, err
}

// owns fails with ErrNotFound unless the mailbox is one of this inbox.
func (in Inbox) owns(tx *sqlite.Tx, id MailboxID) error {
	var n int
	if err := tx.Row("SELECT COUNT(*) FROM mailboxes WHERE id = ? AND inbox_id = ?", sqlite.Args(int64(id), string(in.id)), &n); err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// StorageUsed is the octets of all messages of the inbox; a message in several mailboxes counts once.
func (in Inbox) StorageUsed(ctx context.Context) (octets int64, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT COALESCE(SUM(size), 0) FROM messages WHERE inbox_id = ?", sqlite.Args(string(in.id)), &octets)
	})
	return octets, err
}

// Subscriptions are the names that the user has subscribed to, sorted, whether or not there is such a mailbox.
func (in Inbox) Subscriptions(ctx context.Context) (names []string, err error) {
	if _, err := in.Mailboxes(ctx); err != nil { // the defaults are subscribed to
		return nil, err
	}
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT name FROM subscriptions WHERE inbox_id = ? ORDER BY name", sqlite.Args(string(in.id)), func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		})
	})
	return names, err
}

// Subscribe adds a name to the subscriptions, or takes it away. A name that is added must be that of a mailbox.
func (in Inbox) Subscribe(ctx context.Context, name string, on bool) error {
	if _, err := in.Mailbox(ctx, name); on && err != nil {
		return err
	}
	return in.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			if err := w.markInboxDirty(tx, in.id); err != nil {
				return err
			}
			if on {
				return in.subscribe(tx, name)
			}
			_, err := tx.Exec("DELETE FROM subscriptions WHERE inbox_id = ? AND name = ?", string(in.id), name)
			return err
		})
	})
}

func (in Inbox) subscribe(tx *sqlite.Tx, name string) error {
	var n int
	if err := tx.Row("SELECT COUNT(*) FROM subscriptions WHERE inbox_id = ?", sqlite.Args(string(in.id)), &n); err != nil {
		return err
	}
	if n >= MaxSubscriptions {
		return errSubscriptionLimit
	}
	return subscribe(tx, in.id, name)
}

func subscribe(tx *sqlite.Tx, inbox InboxID, name string) error {
	_, err := tx.Exec("INSERT INTO subscriptions (inbox_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING", string(inbox), name)
	return err
}

// CreateMailbox makes a mailbox, with a special use or "".
func (in Inbox) CreateMailbox(ctx context.Context, name, use string) (m Mailbox, err error) {
	if err := checkMailboxName(name); err != nil {
		return m, err
	}
	err = in.changeMailboxes(ctx, func(w *workspace, tx *sqlite.Tx, now time.Time) error {
		if _, _, err := findMailbox(tx, in.id, name); err == nil {
			return errMailboxExists
		}
		if use != "" {
			if err := in.mayUse(tx, use); err != nil {
				return err
			}
		}
		m, err = in.create(w, tx, name, use, now)
		return err
	})
	return m, err
}

// mayUse fails if a mailbox has that special use already, or none can have it.
func (in Inbox) mayUse(tx *sqlite.Tx, use string) error {
	if !contains(grantedUses, use) {
		return errSpecialUse
	}
	var taken int
	if err := tx.Row("SELECT COUNT(*) FROM mailboxes WHERE inbox_id = ? AND special_use = ?", sqlite.Args(string(in.id), use), &taken); err != nil {
		return err
	}
	if taken > 0 {
		return errSpecialUse
	}
	return nil
}

func (in Inbox) create(w *workspace, tx *sqlite.Tx, name, use string, now time.Time) (Mailbox, error) {
	var n int
	if err := tx.Row("SELECT COUNT(*) FROM mailboxes WHERE inbox_id = ?", sqlite.Args(string(in.id)), &n); err != nil {
		return Mailbox{}, err
	}
	if n >= MaxMailboxes {
		return Mailbox{}, errMailboxLimit
	}
	if err := w.insertMailbox(tx, mailboxRow{inbox: in.id, name: name, use: use, uidnext: 1, modseq: 1}, now); err != nil {
		return Mailbox{}, err
	}
	m, _, err := findMailbox(tx, in.id, name)
	if err == nil {
		err = tellMailbox(tx, "mailbox.created", in.id, m, nil, now)
	}
	w.markDirty(tx, int64(m.ID))
	return m, err
}

// DeleteMailbox deletes a mailbox with all that is in it. Messages that other mailboxes hold live on there, and so do the
// mailboxes below it. The subscription stays.
func (in Inbox) DeleteMailbox(ctx context.Context, name string) error {
	if isDefault(name) {
		return errFixedMailbox
	}
	for more := true; more; { // emptied in several commits if there is much in it
		err := in.edit(ctx, func(e *edit) (err error) {
			more, err = e.deleteMailbox(name)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteMailbox removes MaxAtOnce messages, or the last ones and the mailbox.
func (e *edit) deleteMailbox(name string) (more bool, err error) {
	m, folder, err := findMailbox(e.tx, e.in.id, name)
	if err != nil {
		return false, err
	}
	list, err := placements(e.tx, "WHERE p.mailbox_id = ? ORDER BY p.uid LIMIT ?", sqlite.Args(int64(m.ID), MaxAtOnce))
	if err != nil {
		return false, err
	}
	if err := e.expunge(list); err != nil || len(list) == MaxAtOnce {
		return true, err
	}
	for _, q := range []string{"DELETE FROM expunged WHERE mailbox_id = ?", "DELETE FROM mailboxes WHERE id = ?"} {
		if _, err := e.tx.Exec(q, int64(m.ID)); err != nil {
			return false, fmt.Errorf("delete mailbox: %w", err)
		}
	}
	if _, err := e.tx.Exec("INSERT INTO unlinks (path) VALUES (?) ON CONFLICT DO NOTHING", unlinkPath(maildir.Folder{Inbox: string(e.in.id), Name: folder}, "")); err != nil {
		return false, err
	}
	return false, tellMailbox(e.tx, "mailbox.deleted", e.in.id, m, nil, e.at)
}

// RenameMailbox gives a mailbox another name, and those below it with it. Renaming INBOX moves its messages into a new
// mailbox and leaves it empty (RFC 9051, 6.3.6). Subscriptions stay with the old name.
func (in Inbox) RenameMailbox(ctx context.Context, from, to string) error {
	if err := checkMailboxName(to); err != nil {
		return err
	}
	switch {
	case from == InboxMailbox:
		return in.renameInbox(ctx, to)
	case isDefault(from):
		return errFixedMailbox
	case strings.HasPrefix(to, from+Separator):
		return errIntoItself
	}
	return in.changeMailboxes(ctx, func(w *workspace, tx *sqlite.Tx, now time.Time) error {
		if _, _, err := findMailbox(tx, in.id, to); err == nil || from == to {
			return errMailboxExists
		}
		family, err := withChildren(tx, in.id, from)
		if err != nil {
			return err
		}
		if len(family) == 0 {
			return ErrNotFound
		}
		for _, m := range family {
			old := m.Name
			m.Name = to + strings.TrimPrefix(old, from)
			if err := checkMailboxName(m.Name); err != nil {
				return err
			}
			if _, _, err := findMailbox(tx, in.id, m.Name); err == nil {
				return errMailboxExists
			}
			if _, err := tx.Exec("UPDATE mailboxes SET name = ? WHERE id = ?", m.Name, int64(m.ID)); err != nil {
				return fmt.Errorf("rename mailbox: %w", err)
			}
			w.markDirty(tx, int64(m.ID))
			if err := tellMailbox(tx, "mailbox.renamed", in.id, m, &old, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// withChildren is the mailbox of that name, if there is one, and all below it, parents first.
func withChildren(tx *sqlite.Tx, inbox InboxID, name string) (list []Mailbox, err error) {
	err = tx.Each("SELECT "+mailboxColumns+" FROM mailboxes WHERE inbox_id = ?1 AND (name = ?2 OR substr(name, 1, length(?2) + 1) = ?2 || '/') ORDER BY name",
		sqlite.Args(string(inbox), name), func(scan func(...any) error) error {
			m, err := readMailbox(scan)
			list = append(list, m)
			return err
		})
	return list, err
}

func (in Inbox) renameInbox(ctx context.Context, to string) error {
	if _, err := in.CreateMailbox(ctx, to, ""); err != nil {
		return err
	}
	from, err := in.Mailbox(ctx, InboxMailbox)
	if err != nil {
		return err
	}
	var uids []uint32
	if _, err := in.Changes(ctx, from.ID, 0, func(e Entry) { uids = append(uids, e.UID) }); err != nil {
		return err
	}
	_, err = in.Transfer(ctx, from.ID, uids, to, true)
	return err
}

// changeMailboxes runs a change of mailboxes alone.
func (in Inbox) changeMailboxes(ctx context.Context, do func(w *workspace, tx *sqlite.Tx, now time.Time) error) error {
	return in.ws.use(ctx, func(w *workspace) error {
		return w.change(func(tx *sqlite.Tx) error {
			if _, err := w.mailboxID(tx, in.id, InboxMailbox, w.now()); err != nil { // the defaults come first
				return err
			}
			return do(w, tx, w.now())
		})
	})
}

// tellMailbox appends the journal's line of a change of a mailbox.
func tellMailbox(tx *sqlite.Tx, event string, inbox InboxID, m Mailbox, renamedFrom *string, at time.Time) error {
	data, err := json.Marshal(struct {
		ID      string  `json:"id"`
		InboxID InboxID `json:"inboxId"`
		Name    string  `json:"name"`
		From    *string `json:"renamedFrom,omitempty"`
	}{m.ObjectID, inbox, m.Name, renamedFrom})
	if err != nil {
		return err
	}
	return journal.Append(tx, journal.Line{Type: event, InboxID: string(inbox), At: at, Data: data})
}

// findMailbox is the mailbox of that name and the name of its folder.
func findMailbox(tx *sqlite.Tx, inbox InboxID, name string) (m Mailbox, folder string, err error) {
	found := false
	err = tx.Each("SELECT "+mailboxColumns+", folder FROM mailboxes WHERE inbox_id = ? AND name = ?", sqlite.Args(string(inbox), name), func(scan func(...any) error) error {
		found = true
		m, err = readMailbox(scan, &folder)
		return err
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return m, folder, err
}

// mailboxID finds a mailbox of an inbox by name. The default ones are made, all at once, when the first is asked for.
func (w *workspace) mailboxID(tx *sqlite.Tx, inbox InboxID, name string, now time.Time) (id int64, err error) {
	find := func() error {
		return tx.Row("SELECT id FROM mailboxes WHERE inbox_id = ? AND name = ?", sqlite.Args(string(inbox), name), &id)
	}
	if err = find(); !sqlite.NoRows(err) {
		return id, err
	}
	if !isDefault(name) {
		return 0, ErrNotFound
	}
	for _, d := range defaults {
		if err := w.insertMailbox(tx, mailboxRow{inbox: inbox, name: d.name, use: d.use, uidnext: 1, modseq: 1, folder: maildir.FolderName(d.name), subscribed: true}, now); err != nil {
			return 0, err
		}
	}
	err = find()
	return id, err
}

type mailboxRow struct {
	objectID    string
	inbox       InboxID
	name, use   string
	folder      string // "" to choose one
	subscribed  bool
	uidvalidity uint32
	uidnext     uint32
	modseq      int64
	floor       int64
}

// insertMailbox makes a mailbox, unless the inbox has one of that name. Missing numbers are filled in.
func (w *workspace) insertMailbox(tx *sqlite.Tx, m mailboxRow, now time.Time) (err error) {
	if m.objectID == "" {
		m.objectID = ident.New("mbx", now)
	}
	if m.folder == "" && m.name != InboxMailbox {
		if m.folder, err = w.freeFolder(tx, m.inbox, m.name); err != nil {
			return err
		}
	}
	if m.uidvalidity == 0 {
		if m.uidvalidity, err = nextUIDValidity(tx, now); err != nil {
			return err
		}
	}
	made, err := tx.Exec(`INSERT INTO mailboxes (object_id, inbox_id, name, special_use, folder, uidvalidity, uidnext, highestmodseq, expunged_floor, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (inbox_id, name) DO NOTHING`,
		m.objectID, string(m.inbox), m.name, m.use, m.folder, m.uidvalidity, m.uidnext, m.modseq, m.floor, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("make mailbox: %w", err)
	}
	if n, err := made.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if m.subscribed {
		return subscribe(tx, m.inbox, m.name)
	}
	return nil
}

// nextUIDValidity gives the second of the making, or one more than the last one given: it only grows, also when a name
// is used again within a second (RFC 9051, 2.3.1.1).
func nextUIDValidity(tx *sqlite.Tx, now time.Time) (v uint32, err error) {
	err = tx.Row(`INSERT INTO meta (name, value) VALUES ('uidvalidity', ?1) ON CONFLICT (name) DO UPDATE
		SET value = CAST(MAX(CAST(value AS INTEGER) + 1, CAST(?1 AS INTEGER)) AS TEXT) RETURNING CAST(value AS INTEGER)`,
		sqlite.Args(fmt.Sprint(max(now.Unix(), 1))), &v)
	return v, err
}

// freeFolder chooses the folder for a mailbox: the one of its name, unless a mailbox that was renamed has it, or what was
// in it is not removed yet.
func (w *workspace) freeFolder(tx *sqlite.Tx, inbox InboxID, name string) (string, error) {
	wanted := maildir.FolderName(name)
	for n := 1; ; n++ {
		folder := maildir.Folder{Inbox: string(inbox), Name: wanted}
		if n > 1 {
			folder.Name = fmt.Sprintf("%s~%d", wanted, n)
		}
		var taken int
		if err := tx.Row("SELECT (SELECT COUNT(*) FROM mailboxes WHERE inbox_id = ? AND folder = ?) + (SELECT COUNT(*) FROM unlinks WHERE path = ?)",
			sqlite.Args(string(inbox), folder.Name, unlinkPath(folder, "")), &taken); err != nil {
			return "", err
		}
		if taken == 0 && !w.tree.HasFolder(folder) {
			return folder.Name, nil
		}
	}
}

func (w *workspace) now() time.Time { return w.store.opts.Clock().UTC().Truncate(time.Microsecond) }
