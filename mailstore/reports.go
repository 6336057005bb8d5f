package mailstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postroom/postroom/mailstore/aggregate"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// ReportsMailbox is where reports about a domain's mail lie.
const ReportsMailbox = "Reports"

// Bounds of reports.
const (
	MaxReports    = 5000                 // of a domain and a kind; the oldest go first
	ReportAge     = 400 * 24 * time.Hour // after the time that they are about
	MaxReportRows = 2000                 // of a DMARC report that are kept, the first ones
	readsAtOnce   = 20                   // reports that one call reads
	readReports   = 10 * time.Second     // for all of them
	maxReportJSON = 4 << 20              // octets of what is kept of one
)

const (
	reportDMARC = "dmarc"
	reportTLS   = "tls"
	reportNone  = "none"
)

// DomainReports is what others report about a domain.
type DomainReports struct {
	DMARC  []aggregate.Report
	TLS    []aggregate.TLSReport
	Unread int // reports of the workspace that were not read yet: call again
}

// noteReport keeps in mind that a report came. It is read when somebody wants to know: that takes long, and no delivery waits for it.
func (d *delivery) noteReport(tx *sqlite.Tx, id MessageID, r Recipient) error {
	if !r.Report {
		return nil
	}
	if _, err := tx.Exec("INSERT INTO reports (message_id, inbox_id, received_at) VALUES (?, ?, ?)", string(id), string(r.Inbox.id), d.at.UnixMicro()); err != nil {
		return fmt.Errorf("note report: %w", err)
	}
	return nil
}

// needReports makes the mailbox for reports in the inboxes that get one.
func (a *Arrival) needReports(ctx context.Context) error {
	for i := range a.To {
		r := &a.To[i]
		if !r.Report {
			continue
		}
		r.Mailbox = ReportsMailbox
		_, err := r.Inbox.Mailbox(ctx, ReportsMailbox)
		if errors.Is(err, ErrNotFound) {
			_, err = r.Inbox.CreateMailbox(ctx, ReportsMailbox, "")
		}
		if err != nil && !errors.Is(err, errMailboxExists) { // another delivery made it
			return err
		}
	}
	return nil
}

// Reports gives what was reported about a domain that ended after since. Some of the reports that were not read yet are read before.
func (w Workspace) Reports(ctx context.Context, domain string, since time.Time) (out DomainReports, err error) {
	if err := w.readReports(ctx); err != nil {
		return out, err
	}
	err = w.view(ctx, func(tx *sqlite.Tx) error {
		out = DomainReports{}
		if err := tx.Row("SELECT COUNT(*) FROM reports WHERE kind = ''", nil, &out.Unread); err != nil {
			return err
		}
		return tx.Each("SELECT kind, data FROM reports WHERE domain = ? AND kind IN ('dmarc', 'tls') AND ended_at >= ? ORDER BY ended_at", sqlite.Args(domain, since.UnixMicro()),
			func(scan func(...any) error) error {
				var kind, data string
				if err := scan(&kind, &data); err != nil {
					return err
				}
				if kind == reportTLS {
					return appendJSON(&out.TLS, data)
				}
				return appendJSON(&out.DMARC, data)
			})
	})
	if err != nil {
		return out, fmt.Errorf("read reports: %w", err)
	}
	return out, nil
}

func appendJSON[T any](list *[]T, data string) error {
	var x T
	err := json.Unmarshal([]byte(data), &x)
	*list = append(*list, x)
	return err
}

// readReports reads some of those that were not read yet, the oldest first.
func (w Workspace) readReports(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, readReports)
	defer cancel()
	type unread struct {
		id    MessageID
		inbox InboxID
	}
	var list []unread
	err := w.view(ctx, func(tx *sqlite.Tx) error {
		list = nil
		return tx.Each("SELECT message_id, inbox_id FROM reports WHERE kind = '' ORDER BY received_at LIMIT ?", sqlite.Args(readsAtOnce), func(scan func(...any) error) error {
			var u unread
			err := scan(&u.id, &u.inbox)
			list = append(list, u)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("find reports: %w", err)
	}
	for _, u := range list {
		if within.Err() != nil {
			return ctx.Err() // the rest another time
		}
		r, err := w.Inbox(u.inbox).readReport(ctx, u.id)
		if err == nil {
			err = w.keepReport(ctx, u.id, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reportRow is a report that was read.
type reportRow struct {
	kind, domain string
	ended        time.Time
	data         []byte
}

// readReport reads the report in a message. What is none, cannot be read or is gone is a row too: it is not read again.
func (in Inbox) readReport(ctx context.Context, id MessageID) (row reportRow, err error) {
	row.kind = reportNone
	raw, _, structure, err := in.Open(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return row, nil
	}
	if err != nil {
		return row, err
	}
	defer raw.Close()
	return reportOf(raw, structure)
}

func reportOf(raw RawMessage, structure *message.Part) (row reportRow, err error) {
	row.kind = reportNone
	dmarc, err := aggregate.Read(raw, structure)
	if err == nil {
		if len(dmarc.Rows) > MaxReportRows {
			dmarc.Rows = dmarc.Rows[:MaxReportRows]
		}
		row.kind, row.domain, row.ended = reportDMARC, dmarc.Policy.Domain, dmarc.End
		row.data, err = json.Marshal(dmarc)
		return row.bounded(), err
	}
	tls, tlsErr := aggregate.ReadTLS(raw, structure)
	if tlsErr == nil && len(tls.Policies) > 0 {
		row.kind, row.domain, row.ended = reportTLS, tls.Policies[0].Domain, tls.End
		row.data, err = json.Marshal(tls)
		return row.bounded(), err
	}
	for _, err := range []error{err, tlsErr} {
		if err != nil && fault.From(err) == nil {
			return row, err // the disk's, not the report's
		}
	}
	return row, nil
}

// bounded is the row, or that of no report if it is too large to be kept.
func (r reportRow) bounded() reportRow {
	if len(r.data) > maxReportJSON {
		return reportRow{kind: reportNone}
	}
	return r
}

func (w Workspace) keepReport(ctx context.Context, id MessageID, r reportRow) error {
	return w.use(ctx, func(ws *workspace) error {
		return ws.change(func(tx *sqlite.Tx) error {
			ended := int64(0)
			if !r.ended.IsZero() {
				ended = r.ended.UnixMicro()
			}
			if _, err := tx.Exec("UPDATE reports SET kind = ?, domain = ?, ended_at = ?, data = ? WHERE message_id = ?", r.kind, r.domain, ended, string(r.data), string(id)); err != nil {
				return fmt.Errorf("keep report: %w", err)
			}
			if _, err := tx.Exec("DELETE FROM reports WHERE kind <> '' AND received_at < ?", ws.now().Add(-ReportAge).UnixMicro()); err != nil {
				return fmt.Errorf("forget reports: %w", err)
			}
			_, err := tx.Exec(`DELETE FROM reports WHERE domain = ?1 AND kind = ?2 AND (ended_at, message_id) <= (SELECT ended_at, message_id FROM reports
				WHERE domain = ?1 AND kind = ?2 ORDER BY ended_at DESC, message_id DESC LIMIT 1 OFFSET ?3)`, r.domain, r.kind, MaxReports)
			if err != nil {
				return fmt.Errorf("forget reports: %w", err)
			}
			return nil
		})
	})
}
