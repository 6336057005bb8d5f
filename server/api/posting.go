package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

// posting is an event on its way to a webhook, or that was; a delivery in the API.
type posting struct {
	ID            string           `json:"id" doc:"Begins with dlv_."`
	EventID       string           `json:"eventId" doc:"The event's id, and the webhook-id of each request."`
	EventType     string           `json:"eventType" doc:"Such as message.received; gap tells that events are gone which were not told in time."`
	InboxID       string           `json:"inboxId,omitempty" doc:"The inbox that the event concerns, if it is one."`
	Status        string           `json:"status" enum:"pending,delivered,failed" doc:"failed: it is not tried any more."`
	Test          bool             `json:"test,omitempty" doc:"It was made to try the webhook."`
	Attempts      int              `json:"attempts" doc:"How often it was posted."`
	NextAttemptAt *stamp           `json:"nextAttemptAt,omitempty" doc:"When it is posted next, at the earliest."`
	StatusCode    int              `json:"statusCode,omitempty" doc:"HTTP status of the last answer; absent if there was none."`
	Error         string           `json:"error,omitempty" doc:"What was wrong with the last attempt."`
	CreatedAt     stamp            `json:"createdAt" doc:"When it was first posted, or put off."`
	EndedAt       *stamp           `json:"endedAt,omitempty" doc:"When it was delivered, or failed."`
	AttemptsList  []postingAttempt `json:"attemptsList,omitempty" doc:"Each attempt, oldest first; only where one delivery is given."`
}

type postingAttempt struct {
	Number     int    `json:"number" doc:"1 is the first."`
	StartedAt  stamp  `json:"startedAt" doc:"When it began."`
	DurationMs int64  `json:"durationMs" doc:"How long it took, in milliseconds."`
	StatusCode int    `json:"statusCode,omitempty" doc:"HTTP status of the answer; absent if there was none."`
	Response   string `json:"response,omitempty" doc:"The beginning of the answer's body, at most 1024 octets."`
	Error      string `json:"error,omitempty" doc:"What was wrong; absent if it was delivered."`
}

// postingStates are the words of the API for where a dispatch stands.
var postingStates = map[mailstore.DispatchStatus]string{mailstore.DispatchWaiting: "pending", mailstore.DispatchDelivered: "delivered", mailstore.DispatchFailed: "failed"}

func postingOf(d mailstore.Dispatch) posting {
	return posting{ID: d.ID, EventID: d.EventID, EventType: d.Type, InboxID: string(d.InboxID), Status: postingStates[d.Status], Test: d.Test, Attempts: d.Attempts, NextAttemptAt: timeOf(d.DueAt),
		StatusCode: d.Code, Error: d.Error, CreatedAt: stamp{d.CreatedAt}, EndedAt: timeOf(d.EndedAt)}
}

func postingAttemptOf(a mailstore.DispatchAttempt) postingAttempt {
	return postingAttempt{a.Number, stamp{a.StartedAt}, a.Took.Milliseconds(), a.Code, a.Response, a.Error}
}

type postingList struct {
	Deliveries []posting `json:"deliveries" doc:"Newest first; those that ended more than 14 days ago are forgotten, and of one webhook all but the last 10,000."`
	NextCursor string    `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type (
	postings struct {
		WebhookPath
		Page
		Status    string `query:"status" enum:"pending,delivered,failed" doc:"Only those that stand so."`
		EventType string `query:"eventType" doc:"Only events of this type."`
		EventID   string `query:"eventId" doc:"Only this event."`
	}
	postingPath struct {
		WebhookPath
		Delivery string `path:"delivery" doc:"Id of the delivery."`
	}
	webhookTest struct {
		WebhookPath
		Idempotent
		Body struct {
			EventType string `json:"eventType,omitempty" maxLength:"64" pattern:"^[a-z]+(\\.[a-z]+)+$" doc:"What the sample is to be; message.received by default."`
		}
	}
	webhookAgain struct {
		WebhookPath
		Idempotent
		Body struct {
			EventID string `json:"eventId,omitempty" maxLength:"100" doc:"Post this one event again."`
			Since   string `json:"since,omitempty" maxLength:"100" doc:"Post all events behind this cursor, or from this time on (RFC 3339), that the webhook wants."`
			Until   string `json:"until,omitempty" maxLength:"100" doc:"Up to and with this cursor, or before this time; without, up to now."`
		}
	}
	postedAgain struct {
		Redelivered int    `json:"redelivered" doc:"How many events are posted again, at once; at most 1000."`
		NextCursor  string `json:"nextCursor,omitempty" doc:"There are more: give it as since to go on."`
	}
)

func (s *Server) postingRoutes(a huma.API, one string) {
	register(s, a, route(http.MethodGet, one+"/deliveries", "listWebhookDeliveries", "webhooks", "List what was posted to a webhook, and what waits", 200), listPostings)
	register(s, a, route(http.MethodGet, one+"/deliveries/{delivery}", "getWebhookDelivery", "webhooks", "Get a delivery with its attempts", 200),
		func(ctx context.Context, g *tenancy.Grant, in *postingPath) (*result[posting], error) {
			f, _, w, err := g.Following(ctx, in.workspace(), in.id(), tenancy.WebhooksRead)
			if err != nil {
				return nil, err
			}
			p, err := getPosting(ctx, f, w.ID, in.Delivery)
			return &result[posting]{p}, err
		})
	registerAction(s, a, route(http.MethodPost, one+"/test", "testWebhook", "webhooks", "Post a sample event now, and see what came of it", 200), s.testWebhook)
	registerAction(s, a, route(http.MethodPost, one+"/redeliver", "redeliverWebhook", "webhooks", "Post an event again, or a range of them", 200), postAgain)
}

func listPostings(ctx context.Context, g *tenancy.Grant, in *postings) (*result[postingList], error) {
	f, _, w, err := g.Following(ctx, in.workspace(), in.id(), tenancy.WebhooksRead)
	if err != nil {
		return nil, err
	}
	name := "deliveries:" + string(w.ID)
	at, err := parsePlace(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	filter := mailstore.DispatchFilter{Type: in.EventType, EventID: in.EventID}
	for state, word := range postingStates {
		if word == in.Status {
			filter.Status = state
		}
	}
	all, last, err := f.Dispatches(ctx, string(w.ID), filter, at.ID, in.Limit)
	return &result[postingList]{postingList{each(all, postingOf), next(name, last)}}, err
}

func getPosting(ctx context.Context, f mailstore.Following, id tenancy.WebhookID, delivery string) (p posting, err error) {
	d, attempts, err := f.Dispatch(ctx, string(id), delivery)
	p = postingOf(d)
	p.AttemptsList = each(attempts, postingAttemptOf)
	return p, err
}

// testWebhook posts a made-up event. It is in no journal: its id leads nowhere.
func (s *Server) testWebhook(ctx context.Context, g *tenancy.Grant, in webhookTest) (status int, p posting, err error) {
	f, _, w, err := g.Following(ctx, in.workspace(), in.id(), tenancy.WebhooksUpdate)
	if err != nil {
		return 0, p, err
	}
	if s.cfg.TryWebhook == nil {
		return 0, p, errNoPosting
	}
	e := sampleEvent(w, cmp.Or(in.Body.EventType, "message.received"), s.cfg.Clock())
	body, err := json.Marshal(e)
	if err != nil {
		return 0, p, err
	}
	d, err := s.cfg.TryWebhook(ctx, w.ID, e.ID, e.Type, body)
	if err != nil {
		return 0, p, err
	}
	p, err = getPosting(ctx, f, w.ID, d.ID)
	return http.StatusOK, p, err
}

// sample is an event that never happened, and says so.
type sample struct {
	event
	Test bool `json:"test"`
}

func sampleEvent(w tenancy.Webhook, kind string, now time.Time) sample {
	inbox := ident.New("inb", now)
	if len(w.InboxIDs) > 0 {
		inbox = string(w.InboxIDs[0])
	}
	e := sample{event{Type: kind, ID: ident.New("evt", now), CreatedAt: stamp{now}, WorkspaceID: string(w.WorkspaceID), Data: map[string]string{}}, true}
	if strings.HasPrefix(kind, "message.") {
		at := stamp{now}
		text := "This is a sample: no such message came."
		e.InboxID = inbox
		e.Data = messageObject{ID: ident.New("msg", now), InboxID: inbox, ThreadID: ident.New("thr", now), Mailboxes: []string{"INBOX"}, DeliveredTo: "you@example.com", MessageID: "<sample@example.com>",
			References: []string{}, From: person{Name: "Ada", Address: "ada@example.com"}, To: []person{{Address: "you@example.com"}}, Cc: []person{}, Bcc: []person{}, ReplyTo: []person{}, Subject: "A sample", Text: text, Preview: text,
			Labels: []string{"received", "unread"}, Attachments: []attachment{}, Size: int64(len(text)), ReceivedAt: &at, CreatedAt: at, UpdatedAt: at}
	}
	return e
}

func postAgain(ctx context.Context, g *tenancy.Grant, in webhookAgain) (status int, out postedAgain, err error) {
	f, who, w, err := g.Following(ctx, in.workspace(), in.id(), tenancy.WebhooksUpdate)
	if err != nil {
		return 0, out, err
	}
	b := in.Body
	var m mistakes
	if (b.EventID != "") == (b.Since != "") || b.EventID != "" && b.Until != "" {
		m.add("body", "Give eventId, or since and perhaps until.")
	}
	var r mailstore.JournalRange
	m.edge("body.since", b.Since, &r.After, &r.Since)
	m.edge("body.until", b.Until, &r.Until, &r.Till)
	switch err := m.err(); {
	case err != nil:
		return 0, out, err
	case !w.Enabled:
		return 0, out, errWebhookDisabled
	case b.EventID != "":
		return http.StatusOK, postedAgain{Redelivered: 1}, f.AgainOne(ctx, who, b.EventID)
	}
	n, behind, more, err := f.Again(ctx, who, r)
	out.Redelivered = n
	if more {
		out.NextCursor = behind.String()
	}
	return http.StatusOK, out, err
}

// edge reads one end of a range: a cursor or a time.
func (m *mistakes) edge(place, text string, cursor *journal.Cursor, at *time.Time) {
	var err error
	switch {
	case text == "":
		return
	case strings.HasPrefix(text, "jc_"):
		*cursor, err = journal.ParseCursor(text)
	default:
		*at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		m.add(place, "A cursor of an event, or a time such as 2026-04-01T09:30:00Z.")
	}
}
