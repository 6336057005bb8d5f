package api

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// report gives a message with a DMARC report about a domain to the address for it.
func (w *world) report(n tenant, domain, id string, rows string) {
	w.t.Helper()
	now := time.Now()
	xml := fmt.Sprintf(`<?xml version="1.0"?><feedback><report_metadata><org_name>big.example</org_name><email>x@big.example</email><report_id>%s</report_id><date_range><begin>%d</begin><end>%d</end></date_range></report_metadata>
<policy_published><domain>%s</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>%s</feedback>`, id, now.Add(-48*time.Hour).Unix(), now.Add(-24*time.Hour).Unix(), domain, rows)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(xml))
	z.Close()
	w.deliverReport(n, "From: x@big.example\r\nSubject: Report Domain: "+domain+"\r\nMIME-Version: 1.0\r\nContent-Type: application/gzip; name=\"big.example!"+domain+"!1!2.xml.gz\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
		base64.StdEncoding.EncodeToString(packed.Bytes())+"\r\n")
}

func (w *world) deliverReport(n tenant, raw string) {
	w.t.Helper()
	found, err := w.dir.Recipient(w.t.Context(), "Mail-Reports@"+n.domain)
	if err != nil || !found.Report {
		w.t.Fatalf("%+v, %v", found, err)
	}
	sp := mailstore.NewSpool(found.Inbox)
	defer sp.Close()
	sp.Write([]byte(raw))
	_, err = mailstore.Deliver(w.t.Context(), mailstore.Arrival{Spool: sp, Sender: "x@big.example", Trace: []byte("Return-Path: <x@big.example>\r\n"), To: []mailstore.Recipient{{Inbox: found.Inbox, Address: found.Address, Report: true}}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func row(ip string, count int, dkim, spf string) string {
	return fmt.Sprintf(`<record><row><source_ip>%s</source_ip><count>%d</count><policy_evaluated><disposition>none</disposition><dkim>%s</dkim><spf>%s</spf></policy_evaluated></row><identifiers><header_from>a.example</header_from></identifiers>
<auth_results><dkim><domain>a.example</domain><selector>pr-a-rsa</selector><result>%s</result></dkim></auth_results></record>`, ip, count, dkim, spf, dkim)
}

func TestReportsAboutADomainAreReadAndSummedUp(t *testing.T) {
	w := newWorld(t, Config{})
	rows := row("192.0.2.1", 10, "pass", "pass") + row("198.51.100.9", 3, "fail", "fail")
	w.report(w.a, w.a.domain, "one", rows)
	w.report(w.a, w.a.domain, "one", rows) // it came twice
	w.report(w.a, w.a.domain, "two", row("192.0.2.1", 5, "pass", "fail"))
	w.report(w.a, "other.example", "three", rows)
	w.deliverReport(w.a, "From: me@x.example\r\nSubject: hello\r\n\r\nno report\r\n")
	var r domainReports
	w.must(200, "GET", "/v1/domains/"+w.a.domain+"/reports", w.a.key, "", &r)
	if r.DMARC.Reports != 2 || r.DMARC.Messages != 18 || r.DMARC.Passed != 15 || r.DMARC.Failed != 3 || r.Unread != 0 || r.Address != "mail-reports@"+w.a.domain || len(r.Sources) != 2 {
		t.Fatalf("%+v", r)
	}
	if s := r.Sources[0]; s.IP != "192.0.2.1" || s.Messages != 15 || s.PassedDKIM != 15 || s.PassedSPF != 10 || s.DKIM[0].Domain != "a.example" || r.Sources[1].IP != "198.51.100.9" {
		t.Errorf("%+v", r.Sources)
	}
	var h domainHealth
	w.must(200, "GET", "/v1/domains/"+w.a.domain+"/health", w.a.key, "", &h)
	if h.DMARC.Messages != 18 {
		t.Errorf("%+v", h.DMARC)
	}
	w.must(200, "GET", "/v1/domains/"+w.b.domain+"/reports", w.b.key, "", &r)
	if r.DMARC.Reports != 0 {
		t.Errorf("another workspace sees %+v", r)
	}
	if a := w.do("GET", "/v1/domains/"+w.a.domain+"/reports?days=366", w.a.key, ""); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestReportsLieInAMailboxOfTheirOwn(t *testing.T) {
	w := newWorld(t, Config{})
	w.report(w.a, w.a.domain, "one", row("192.0.2.1", 10, "pass", "pass"))
	found, err := w.dir.Recipient(t.Context(), "mail-reports@"+w.a.domain)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := found.Inbox.Messages(t.Context(), mailstore.MessageFilter{Mailbox: mailstore.ReportsMailbox}, nil, 0)
	if err != nil || len(list) != 1 || len(list[0].Mailboxes) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	var events struct {
		Events []struct{ Type string }
	}
	w.must(200, "GET", "/v1/events?wait=1", w.a.key, "", &events)
	var types []string
	for _, e := range events.Events {
		types = append(types, e.Type)
	}
	if !strings.Contains(strings.Join(types, " "), "report.received") {
		t.Errorf("%q", types)
	}
	w.must(201, "POST", "/v1/inboxes", w.a.key, `{"username":"mail-reports","domain":"`+w.a.domain+`"}`, nil)
	if found, err := w.dir.Recipient(t.Context(), "mail-reports@"+w.a.domain); err != nil || found.Report {
		t.Errorf("an inbox with this address gets its mail: %+v, %v", found, err)
	}
}
