package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// How far metrics reach at a time, and how far unless told.
const (
	MaxHourlyMetrics = 31 * 24 * time.Hour
	MaxDailyMetrics  = 366 * 24 * time.Hour

	hourlyMetrics = 24 * time.Hour
	dailyMetrics  = 30 * 24 * time.Hour
)

type metricsQuery struct {
	OperatorQuery
	InboxID  string    `query:"inboxId" doc:"Only of this inbox, its id or address; without it of the whole workspace, or of a key's own inbox."`
	Types    []string  `query:"types,explode" doc:"Only these types of events; separated by commas, or given several times."`
	From     time.Time `query:"from" doc:"From the hour of this time on; a day before to by the hour, 30 days by the day, unless told."`
	To       time.Time `query:"to" doc:"Until this time; now unless told."`
	Interval string    `query:"interval" enum:"hour,day" default:"hour" doc:"Counts of each hour, of at most 31 days; or of each day in UTC, of at most 366."`
}

type metricsObject struct {
	From     stamp    `json:"from" doc:"Where the counts begin."`
	To       stamp    `json:"to" doc:"Where they end."`
	Interval string   `json:"interval" enum:"hour,day" doc:"How long each count is for."`
	Metrics  []metric `json:"metrics" doc:"One for each type of which there was anything, by name."`
}

type metric struct {
	Type   string        `json:"type" doc:"Of events: message.received, message.sent, message.delivered, message.bounced, …"`
	Total  int64         `json:"total" doc:"Of the whole time."`
	Points []metricPoint `json:"points" doc:"Oldest first, without those that would be 0."`
}

type metricPoint struct {
	At    stamp `json:"at" doc:"When the hour or day begins."`
	Count int64 `json:"count" doc:"How many events there were in it."`
}

// span is the time that is asked for, and the step.
func (q metricsQuery) span(now time.Time) (from, to time.Time, step time.Duration, err error) {
	step, reach, most := time.Hour, hourlyMetrics, MaxHourlyMetrics
	if q.Interval == "day" {
		step, reach, most = 24*time.Hour, dailyMetrics, MaxDailyMetrics
	}
	if from, to = q.From, q.To; to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-reach)
	}
	asked := to.Sub(from)
	switch from = from.Truncate(step); {
	case !from.Before(to):
		err = errQuery("from", "It must be before to.")
	case asked > most:
		err = errQuery("from", "By the hour at most 31 days, by the day at most 366 (limit metricsRange).")
	}
	return from, to, step, err
}

func (s *Server) metricRoutes(a huma.API) {
	op := route(http.MethodGet, "/v1/metrics", "getMetrics", "operation", "Count messages that came, left, bounced and so on, by hour or day", 200)
	op.Description = "Counts are made with the events, are kept for 400 days and outlive them. message.sent counts messages; delivered, deferred, bounced, rejected and complained count recipients."
	register(s, a, op, func(ctx context.Context, g *tenancy.Grant, in *metricsQuery) (*result[metricsObject], error) {
		j, err := in.journal(ctx, g)
		if err != nil {
			return nil, err
		}
		from, to, step, err := in.span(s.cfg.Clock())
		if err != nil {
			return nil, err
		}
		types := listed(in.Types)
		if err := knownTypes("query.types", types); err != nil {
			return nil, err
		}
		list, err := j.Tallies(ctx, from, to, step)
		if err != nil {
			return nil, err
		}
		return &result[metricsObject]{metricsObject{stamp{from}, stamp{to}, in.Interval, metricsOf(list, types)}}, nil
	})
}

func (q metricsQuery) journal(ctx context.Context, g *tenancy.Grant) (mailstore.Journal, error) {
	if q.InboxID == "" {
		j, _, err := g.Journal(ctx, q.workspace())
		return j, at(err, "query.")
	}
	box, err := g.Mail(ctx, q.workspace(), q.InboxID, tenancy.EventsRead)
	return box.Journal(), err
}

// metricsOf gathers counts by type; types, if any are given, are all that is wanted.
func metricsOf(list []journal.Tally, types []string) []metric {
	out := []metric{}
	for _, t := range list {
		if len(types) > 0 && !slices.Contains(types, t.Type) {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Type != t.Type {
			out = append(out, metric{Type: t.Type})
		}
		m := &out[len(out)-1]
		m.Total += t.Count
		m.Points = append(m.Points, metricPoint{stamp{t.At}, t.Count})
	}
	return out
}
