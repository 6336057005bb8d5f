package api

import (
	"slices"
	"time"

	"github.com/postroom/postroom/mailstore/journal"
)

// v0Bucket is how many events there were from a time on.
type v0Bucket struct {
	Timestamp stamp `json:"timestamp"`
	Count     int64 `json:"count"`
}

// How far back /v0 counts, and in what steps: whole hours.
const (
	maxV0Metrics   = 90 * 24 * time.Hour
	maxV0Buckets   = 1000 // of one type
	v0MetricsReach = 24 * time.Hour
	maxV0Period    = 24 * 60 * 60 // seconds
)

func (t *v0Table) metrics() {
	const everywhere = inAll | inPod | inInbox
	t.add(everywhere, "GET", "/metrics/events", "event_types start end period limit descending", (*v0Request).countEvents)
	for _, r := range t.add(everywhere, "GET", "/metrics/usage", "", nil) {
		r.absent = notBuilt("Usage over time")
	}
}

// v0Span is the time that is counted over, and the step.
type v0Span struct {
	from, to   time.Time
	step       time.Duration
	limit      int
	descending bool
}

func (v *v0Request) span() (s v0Span, err error) {
	q := v.query
	s = v0Span{from: q.time("start"), to: q.time("end"), limit: q.number("limit", maxV0Buckets, maxV0Buckets), descending: q.flag("descending")}
	if s.to.IsZero() {
		s.to = v.srv.cfg.Clock()
	}
	if s.from.IsZero() {
		s.from = s.to.Add(-v0MetricsReach)
	}
	s.step = time.Duration(q.number("period", 3600, maxV0Period)) * time.Second
	if rest := s.step % time.Hour; rest != 0 {
		s.step += time.Hour - rest // counts are kept by the hour
	}
	switch reach := s.to.Sub(s.from); {
	case reach <= 0:
		q.wrong.add("query.start", "It must be before end.")
	case reach > maxV0Metrics:
		q.wrong.add("query.start", "At most 90 days before end.")
	case reach/s.step > maxV0Buckets:
		q.wrong.add("query.period", "At most %d periods between start and end; take a longer one.", maxV0Buckets)
	}
	return s, q.err()
}

// countEvents counts messages that came, left, bounced and so on, by type and period.
func (v *v0Request) countEvents() (v0Answer, error) {
	types := v.query.list("event_types")
	s, err := v.span()
	if err != nil {
		return v0Answer{}, err
	}
	if err := knownV0Types(types); err != nil {
		return v0Answer{}, err
	}
	var q metricsQuery
	q.WorkspaceID, q.InboxID = string(v.workspace()), v.inbox()
	j, err := q.journal(v.ctx, v.grant)
	if err != nil {
		return v0Answer{}, err
	}
	list, err := j.Tallies(v.ctx, s.from, s.to, s.step)
	return answered(s.buckets(list, types), err)
}

func (s v0Span) buckets(list []journal.Tally, types []string) map[string][]v0Bucket {
	all := map[string][]v0Bucket{}
	for _, t := range list {
		if _, known := v0EventTypes[t.Type]; known && (len(types) == 0 || slices.Contains(types, t.Type)) {
			all[t.Type] = append(all[t.Type], v0Bucket{stamp{t.At}, t.Count})
		}
	}
	for name, buckets := range all {
		if s.descending {
			slices.Reverse(buckets)
		}
		all[name] = buckets[:min(len(buckets), s.limit)]
	}
	return all
}
