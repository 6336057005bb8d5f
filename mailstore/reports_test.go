package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/aggregate"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// reported delivers a DMARC report about a domain, of one message from each of so many addresses.
func (b *bed) reported(domain, id string, rows int) MessageID {
	b.t.Helper()
	var records strings.Builder
	for i := range rows {
		fmt.Fprintf(&records, "<record><row><source_ip>198.51.%d.%d</source_ip><count>1</count></row></record>", i/256, i%256)
	}
	begin := b.opt.Clock().Add(-48 * time.Hour).Unix()
	xml := fmt.Sprintf("<feedback><report_metadata><org_name>big</org_name><report_id>%s</report_id><date_range><begin>%d</begin><end>%d</end></date_range></report_metadata><policy_published><domain>%s</domain></policy_published>%s</feedback>",
		id, begin, begin+86400, domain, &records)
	r, err := b.try("From: x@big.example\r\nSubject: report\r\nContent-Type: text/xml\r\n\r\n"+xml+"\r\n", Recipient{Inbox: b.in, Address: "mail-reports@" + domain, Report: true})
	if err != nil {
		b.t.Fatal(err)
	}
	r.Confirm()
	return r.IDs()[0]
}

func (b *bed) reports(domain string) DomainReports {
	b.t.Helper()
	out, err := b.in.ws.Reports(b.t.Context(), domain, time.Time{})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestOfAReportTheFirstRowsAreKept(t *testing.T) {
	b := newBed(t)
	b.reported("x.example", "1", MaxReportRows+5)
	if got := b.reports("x.example"); got.DMARC.Reports != 1 || got.DMARC.Messages != MaxReportRows || got.Omitted != 0 || got.Unread != 0 {
		t.Errorf("%d reports of %d messages, %d omitted, %d unread", got.DMARC.Reports, got.DMARC.Messages, got.Omitted, got.Unread)
	}
}

func TestAReportThatSaysTooMuchIsNotKept(t *testing.T) {
	for octets, kind := range map[int]string{maxReportJSON: reportDMARC, maxReportJSON + 1: reportNone} {
		row := reportRow{kind: reportDMARC, domain: "x.example", data: make([]byte, octets)}.bounded()
		if row.kind != kind || (kind == reportNone) != (row.data == nil) {
			t.Errorf("of %d octets: kind %q with %d octets", octets, row.kind, len(row.data))
		}
	}
}

func TestOneCallReadsSoManyReportsAndStopsInTime(t *testing.T) {
	b := newBed(t)
	for i := range 3 {
		b.reported("x.example", fmt.Sprint(i), 1)
		b.pass(time.Second)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	list, err := b.in.ws.unreadReports(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := b.in.ws.readAll(t.Context(), ended, list); err != nil {
		t.Errorf("a time that has run out is no failure: %v", err)
	}
	if n := b.count("SELECT COUNT(*) FROM reports WHERE kind = ''"); n != 3 {
		t.Errorf("%d are unread", n)
	}
	if err := b.in.ws.readAll(ended, t.Context(), list); err == nil {
		t.Error("a caller who has gone gets no error")
	}
	b.fillReports(readsAtOnce, func(i int) (kind, domain string, received int64) { return "", "", 1 + int64(i) }) // of messages that are gone
	if got := b.reports("x.example"); got.Unread != 3 || got.DMARC.Reports != 0 {
		t.Errorf("the oldest go first: %+v", got)
	}
	if got := b.reports("x.example"); got.Unread != 0 || got.DMARC.Reports != 3 {
		t.Errorf("%+v", got)
	}
}

// fillReports writes reports as if they had come.
func (b *bed) fillReports(n int, of func(i int) (kind, domain string, received int64)) {
	b.t.Helper()
	data, err := json.Marshal(aggregate.Report{Policy: aggregate.Policy{Domain: "x.example"}, Rows: []aggregate.Row{{Count: 1}}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.inside(func(w *workspace) {
		err = w.change(func(tx *sqlite.Tx) error {
			for i := range n {
				kind, domain, received := of(i)
				if _, err := tx.Exec("INSERT INTO reports (message_id, inbox_id, kind, domain, ended_at, data, received_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
					fmt.Sprintf("fill_%s_%s_%06d", kind, domain, i), string(b.in.id), kind, domain, received, string(data), received); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestTheOldestReportsGo(t *testing.T) {
	b := newBed(t)
	now := b.opt.Clock().UnixMicro()
	b.fillReports(MaxReports+10, func(i int) (string, string, int64) { return reportDMARC, "x.example", now - int64(i) })
	b.fillReports(10, func(i int) (string, string, int64) {
		return reportDMARC, "old.example", now - ReportAge.Microseconds() - 1 - int64(i)
	})
	b.reported("x.example", "new", 1)
	if got := b.reports("x.example"); got.DMARC.Reports != MaxReports {
		t.Errorf("%d reports", got.DMARC.Reports)
	}
	if n := b.count("SELECT COUNT(*) FROM reports WHERE domain = 'old.example'"); n != 0 {
		t.Errorf("%d older than ReportAge", n)
	}
	// Reports name whatever domains they like.
	b.fillReports(MaxAllReports, func(i int) (string, string, int64) {
		return reportDMARC, fmt.Sprint(i, ".example"), now - int64(i) - 1_000_000
	})
	b.reported("y.example", "new", 1)
	b.reports("y.example")
	if n := b.count("SELECT COUNT(*) FROM reports"); n != MaxAllReports {
		t.Errorf("%d of the workspace", n)
	}
	if got := b.reports("y.example"); got.DMARC.Reports != 1 {
		t.Errorf("the newest has gone: %+v", got)
	}
}

func TestAnAnswerSumsUpSoManyOctets(t *testing.T) {
	b := newBed(t)
	b.fillReports(10, func(i int) (string, string, int64) { return reportDMARC, "x.example", 1000 + int64(i) })
	size := b.count("SELECT MAX(octet_length(data)) FROM reports")
	err := b.in.ws.view(t.Context(), func(tx *sqlite.Tx) error {
		var out DomainReports
		err := out.sumUp(t.Context(), tx, "x.example", time.Time{}, 4*size+size/2)
		if out.DMARC.Reports != 4 || out.Omitted != 6 {
			t.Errorf("%d reports, %d omitted", out.DMARC.Reports, out.Omitted)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// One file that the disk does not give keeps no other report from being read.
func TestAReportThatCannotBeReadIsLeftForAnotherTime(t *testing.T) {
	b := newBed(t)
	b.reported("x.example", "bad", 1)
	bad := b.everyFile()[0]
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bad, bad); err != nil { // which leads in a circle
		t.Fatal(err)
	}
	if _, err := b.in.ws.Reports(t.Context(), "x.example", time.Time{}); err == nil {
		t.Error("a disk that gives nothing is no error")
	}
	b.pass(time.Second)
	b.reported("x.example", "good", 1)
	if got := b.reports("x.example"); got.DMARC.Reports != 1 || got.Unread != 1 {
		t.Errorf("%+v", got)
	}
}
