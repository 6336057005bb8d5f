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
	MaxAllReports = 20_000               // of a workspace, whatever domains they name; those that came first go first
	ReportAge     = 400 * 24 * time.Hour // after they came
	MaxReportRows = 2000                 // of a DMARC report that are kept, the first ones
	readsAtOnce   = 200                  // reports that one call reads
	readReports   = 10 * time.Second     // for all of them
	maxReportJSON = 4 << 20              // octets of what is kept of one
	maxSummedUp   = 128 << 20            // octets of what is kept of all that one answer sums up
)

// What all reports of a domain say together is still a number.
var _ int64 = aggregate.MaxCount * MaxReportRows * MaxReports

const (
	reportDMARC = "dmarc"
	reportTLS   = "tls"
	reportNone  = "none"
)

// DomainReports is what others report about a domain.
type DomainReports struct {
	DMARC   aggregate.Summary
	TLS     aggregate.TLSSummary
	Unread  int // reports of the workspace that were not read yet: call again
	Omitted int // reports about the domain that are not summed up, the older ones: they say too much
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

// Reports sums up what was reported about a domain that ended after since. Some of the reports that were not read yet are read before.
// Memory holds one report at a time.
func (w Workspace) Reports(ctx context.Context, domain string, since time.Time) (out DomainReports, err error) {
	if err := w.readReports(ctx); err != nil {
		return out, err
	}
	err = w.view(ctx, func(tx *sqlite.Tx) error {
		out = DomainReports{}
		if err := tx.Row("SELECT COUNT(*) FROM reports WHERE kind = ''", nil, &out.Unread); err != nil {
			return err
		}
		return out.sumUp(ctx, tx, domain, since, maxSummedUp)
	})
	if err != nil {
		return out, fmt.Errorf("read reports: %w", err)
	}
	return out, nil
}

// sumUp sums up reports, the newest first as far as all of them together have so many octets.
func (out *DomainReports) sumUp(ctx context.Context, tx *sqlite.Tx, domain string, since time.Time, octets int) error {
	const which = " FROM reports WHERE domain = ?1 AND kind IN ('dmarc', 'tls') AND ended_at >= ?2"
	if err := tx.Row("SELECT COUNT(*)"+which, sqlite.Args(domain, since.UnixMicro()), &out.Omitted); err != nil {
		return err
	}
	var dmarc aggregate.Picture
	tls := aggregate.TLSPicture{Domain: domain}
	err := tx.Each(`SELECT r.kind, r.data FROM (SELECT message_id AS id, SUM(octet_length(data)) OVER (ORDER BY ended_at DESC, message_id) AS together`+which+`)
		JOIN reports r ON r.message_id = id WHERE together <= ?3`, sqlite.Args(domain, since.UnixMicro(), octets), func(scan func(...any) error) error {
		var kind, data string
		if err := errors.Join(ctx.Err(), scan(&kind, &data)); err != nil {
			return err
		}
		out.Omitted--
		return addReport(&dmarc, &tls, kind, data)
	})
	out.DMARC, out.TLS = dmarc.Summary(), tls.Summary()
	return err
}

func addReport(dmarc *aggregate.Picture, tls *aggregate.TLSPicture, kind, data string) error {
	if kind == reportTLS {
		var r aggregate.TLSReport
		err := json.Unmarshal([]byte(data), &r)
		tls.Add(&r)
		return err
	}
	var r aggregate.Report
	err := json.Unmarshal([]byte(data), &r)
	dmarc.Add(&r)
	return err
}

// readReports reads some of those that were not read yet, the oldest first. One that cannot be read is left for another time; if none can,
// that is the error.
func (w Workspace) readReports(ctx context.Context) error {
	list, err := w.unreadReports(ctx)
	if err != nil {
		return fmt.Errorf("find reports: %w", err)
	}
	within, cancel := context.WithTimeout(ctx, readReports)
	defer cancel()
	return w.readAll(ctx, within, list)
}

// readAll reads reports until within ends; the rest is for another time.
func (w Workspace) readAll(ctx, within context.Context, list []unreadReport) error {
	var failures []error
	for _, u := range list {
		if within.Err() != nil {
			return ctx.Err()
		}
		r, err := w.Inbox(u.inbox).readReport(ctx, u.id)
		if err == nil {
			err = w.keepReport(ctx, u.id, r)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("read report %s: %w", u.id, err))
		}
	}
	if len(failures) > 0 && len(failures) == len(list) {
		return failures[0]
	}
	return nil
}

// unreadReport is a message that is to be read as a report.
type unreadReport struct {
	id    MessageID
	inbox InboxID
}

func (w Workspace) unreadReports(ctx context.Context) (list []unreadReport, err error) {
	err = w.view(ctx, func(tx *sqlite.Tx) error {
		list = nil
		return tx.Each("SELECT message_id, inbox_id FROM reports WHERE kind = '' ORDER BY received_at LIMIT ?", sqlite.Args(readsAtOnce), func(scan func(...any) error) error {
			var u unreadReport
			err := scan(&u.id, &u.inbox)
			list = append(list, u)
			return err
		})
	})
	return list, err
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
			if _, err := tx.Exec("DELETE FROM reports WHERE kind <> '' AND received_at <= (SELECT received_at FROM reports WHERE kind <> '' ORDER BY received_at DESC LIMIT 1 OFFSET ?)", MaxAllReports); err != nil {
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
