package api

import (
	"strings"
	"testing"
	"time"
)

func TestMetricsCountWhatComesAndLeavesByHourAndDay(t *testing.T) {
	w := newWorld(t, Config{})
	w.deliver(w.a.address, "Subject: second\r\n\r\nx\r\n")
	w.deliver("two@a.example", "Subject: third\r\n\r\nx\r\n")
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","text":"x"}`, nil)
	total := func(path, key, kind string) (n int64) {
		t.Helper()
		var m metricsObject
		w.must(200, "GET", path, key, "", &m)
		for _, x := range m.Metrics {
			sum := int64(0)
			for _, p := range x.Points {
				sum += p.Count
			}
			if sum != x.Total || len(x.Points) == 0 || len(x.Points) > 2 { // an hour may end meanwhile
				t.Errorf("%s: %+v", path, x)
			}
			if x.Type == kind {
				n = x.Total
			}
		}
		return n
	}
	for path, want := range map[string]int64{
		"/v1/metrics": 3, "/v1/metrics?interval=day": 3, "/v1/metrics?inboxId=" + w.a.inbox: 2, "/v1/metrics?inboxId=two@a.example": 1, "/v1/metrics?types=message.bounced": 0,
		"/v1/metrics?types=message.received,message.sent": 3, "/v1/metrics?from=2020-01-01T00:00:00Z&to=2020-01-05T00:00:00Z": 0,
	} {
		if n := total(path, w.a.key, "message.received"); n != want {
			t.Errorf("%s: %d, want %d", path, n, want)
		}
	}
	if n := total("/v1/metrics", w.a.inboxKey, "message.received"); n != 2 {
		t.Errorf("with an inbox key: %d", n)
	}
	if n := total("/v1/metrics?workspaceId="+w.b.id, w.operator, "message.received"); n != 1 {
		t.Errorf("as the operator: %d", n)
	}
	for _, query := range []string{"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from=2026-01-01T00:00:00Z&to=2026-02-03T00:00:00Z", "interval=day&from=2020-01-01T00:00:00Z", "interval=minute", "types=message.recieved"} {
		if a := w.do("GET", "/v1/metrics?"+query, w.a.key, ""); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	now := time.Date(2026, 3, 1, 12, 34, 0, 0, time.UTC)
	if from, to, _, err := (metricsQuery{Interval: "day"}).span(now); err != nil || !to.Equal(now) || !from.Equal(time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v %v %v", from, to, err)
	}
}

func TestMetricsReachSoFarAtATime(t *testing.T) {
	to := time.Date(2026, 3, 1, 12, 34, 0, 0, time.UTC)
	for interval, most := range map[string]time.Duration{"hour": MaxHourlyMetrics, "day": MaxDailyMetrics} {
		if _, _, _, err := (metricsQuery{Interval: interval, From: to.Add(-most), To: to}).span(to); err != nil {
			t.Errorf("by the %s, %s: %v", interval, most, err)
		}
		if _, _, _, err := (metricsQuery{Interval: interval, From: to.Add(-most - time.Minute), To: to}).span(to); err == nil {
			t.Errorf("by the %s, more than %s", interval, most)
		}
	}
}

func TestThePageForLanguageModelsNamesEveryOperation(t *testing.T) {
	w := newWorld(t, Config{})
	page := w.must(200, "GET", "/llms.txt", "", "", nil)
	if ct := page.header.Get("Content-Type"); ct != "text/plain; charset=utf-8" || len(page.body) > 32<<10 {
		t.Errorf("%s, %d octets", ct, len(page.body))
	}
	for path, methods := range w.document().Paths {
		for method, op := range methods {
			alias := strings.HasSuffix(op.OperationID, "Alias")
			if strings.Contains(page.body, "- "+path+" "+strings.ToUpper(method)+": "+op.Summary+"\n") == alias {
				t.Errorf("%s %s", method, path)
			}
		}
	}
}
