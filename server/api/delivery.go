package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// delivery is what an event tells of one recipient.
type delivery struct {
	Recipient    string `json:"recipient" doc:"The address."`
	Status       string `json:"status" enum:"sent,delivered,deferred,bounced,rejected,cancelled" doc:"What became of it; sent: a relay has it."`
	Reason       string `json:"reason,omitempty" doc:"Kind of failure, such as userUnknown; of what was rejected, why the address is suppressed."`
	Host         string `json:"host,omitempty" doc:"The server that was spoken to."`
	Code         int    `json:"code,omitempty" doc:"SMTP reply code."`
	EnhancedCode string `json:"enhancedCode,omitempty" doc:"Enhanced status code (RFC 3463)."`
	Reply        string `json:"reply,omitempty" doc:"What the server said, or what went wrong."`
	NextAt       *stamp `json:"nextAt,omitempty" doc:"When it is tried again."`
	At           stamp  `json:"at" doc:"When it happened."`
}

func deliveryOf(d mailstore.Delivery) *delivery {
	return &delivery{d.Recipient, string(d.Status), d.Reason, d.Host, d.Code, d.Enhanced, d.Reply, timeOf(d.NextAt), stamp{d.At}}
}

// timeOf is nil for the zero time.
func timeOf(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	return &stamp{t}
}

// Recipient is one recipient of a message that was sent.
type Recipient struct {
	ID            string    `json:"id" doc:"Names it in the queue; begins with out_."`
	Recipient     string    `json:"recipient" doc:"The address."`
	Status        string    `json:"status" enum:"queued,scheduled,held,deferred,sent,delivered,bounced,rejected,cancelled" doc:"Where it stands; sent: a relay has it."`
	Why           string    `json:"why,omitempty" doc:"Why it waits: held, scheduled, notYet (it can still be cancelled), paused (inbox and recipient answer each other too fast), retryAt, queued, sending, turn, siteBusy, siteRests, workspaceBusy or workersBusy."`
	WhyUntil      *stamp    `json:"whyUntil,omitempty" doc:"Until when, where that is known."`
	Attempts      int       `json:"attempts" doc:"How often it was tried."`
	NextAttemptAt *stamp    `json:"nextAttemptAt,omitempty" doc:"When it is tried next, at the earliest; absent if it is held or does not wait."`
	Reason        string    `json:"reason,omitempty" doc:"Kind of the last failure, such as mailboxFull."`
	Code          int       `json:"code,omitempty" doc:"SMTP reply code of the last try."`
	EnhancedCode  string    `json:"enhancedCode,omitempty" doc:"Enhanced status code (RFC 3463)."`
	Reply         string    `json:"reply,omitempty" doc:"What the server said, or what went wrong."`
	EndedAt       *stamp    `json:"endedAt,omitempty" doc:"When it stopped waiting."`
	AttemptsList  []attempt `json:"attemptsList" doc:"Each try, oldest first."`
}

// attempt is one try.
type attempt struct {
	Number       int    `json:"number" doc:"1 is the first."`
	StartedAt    stamp  `json:"startedAt" doc:"When it began."`
	EndedAt      *stamp `json:"endedAt,omitempty" doc:"When it ended; absent while it runs, and if a crash ended it."`
	Host         string `json:"host,omitempty" doc:"The server that was spoken to."`
	Address      string `json:"address,omitempty" doc:"Its IP address and port."`
	TLS          string `json:"tls,omitempty" doc:"Version of TLS; absent without it."`
	Verified     string `json:"verified,omitempty" doc:"By what its certificate was verified: mta-sts or webpki."`
	Code         int    `json:"code,omitempty" doc:"SMTP reply code."`
	EnhancedCode string `json:"enhancedCode,omitempty" doc:"Enhanced status code (RFC 3463)."`
	Reply        string `json:"reply,omitempty" doc:"What the server said, or what went wrong."`
}

func attemptOf(t mailstore.Try) attempt {
	return attempt{t.Number, stamp{t.StartedAt}, timeOf(t.EndedAt), t.Host, t.Address, t.TLS, t.Verified, t.Code, t.Enhanced, t.Reply}
}

type recipientList struct {
	Recipients []Recipient `json:"recipients" doc:"In the order in which they were given."`
}

func (s *Server) recipientOf(ws mailstore.WorkspaceID, e mailstore.QueueEntry) Recipient {
	r := Recipient{ID: entryID(e), Recipient: e.Recipient, Status: string(e.Status), Attempts: e.Attempts, Reason: e.Reason, Code: e.Code, EnhancedCode: e.Enhanced, Reply: e.Reply,
		EndedAt: timeOf(e.EndedAt), AttemptsList: each(e.Tries, attemptOf)}
	why, until := s.why(ws, e)
	r.Why, r.WhyUntil = why, timeOf(until)
	if e.EndedAt.IsZero() && e.Status != mailstore.Held {
		r.NextAttemptAt = timeOf(e.DueAt)
	}
	return r
}

// why tells why a recipient waits: as the courier knows it, else as its row does. "" if it does not wait.
func (s *Server) why(ws mailstore.WorkspaceID, e mailstore.QueueEntry) (reason string, until time.Time) {
	if !e.EndedAt.IsZero() {
		return "", time.Time{}
	}
	if e.Status == mailstore.Held {
		return "held", time.Time{}
	}
	if s.cfg.Why != nil {
		if reason, until = s.cfg.Why(ws, e.Row); reason != "" {
			return reason, until
		}
	}
	ahead := e.DueAt.After(s.cfg.Clock())
	switch {
	case e.InHand:
		return "sending", time.Time{}
	case e.Status == mailstore.Scheduled && ahead:
		return "scheduled", e.DueAt
	case e.Reason == mailstore.ReasonLoop && ahead:
		return "paused", e.DueAt
	case e.Attempts > 0 && ahead:
		return "retryAt", e.DueAt
	case ahead:
		return "notYet", e.DueAt
	}
	return "queued", time.Time{}
}

type cancelMessage struct {
	MessagePath
	Idempotent
}

type cancelled struct {
	Cancelled int `json:"cancelled" doc:"How many recipients will not get it."`
}

var errNothingWaits = fault.New(fault.Conflict, "nothing_waits", "No recipient of this message waits any more; GET …/delivery tells what became of each.")

func (s *Server) deliveryRoutes(a huma.API) {
	const one = "/v1/inboxes/{inbox}/messages/{message}"
	register(s, a, route(http.MethodGet, one+"/delivery", "getDelivery", "messages", "What became of each recipient of a message that was sent", 200),
		func(ctx context.Context, g *tenancy.Grant, in *MessagePath) (*result[recipientList], error) {
			box, err := in.mail(ctx, g, tenancy.MessagesRead)
			if err != nil {
				return nil, err
			}
			list, err := box.Delivery(ctx, in.id())
			return &result[recipientList]{recipientList{each(list, func(e mailstore.QueueEntry) Recipient { return s.recipientOf(box.WorkspaceID(), e) })}}, err
		})
	registerAction(s, a, route(http.MethodPost, one+"/cancel", "cancelMessage", "messages", "Do not send a message to those of its recipients that still wait", 200), cancel)
}

func cancel(ctx context.Context, g *tenancy.Grant, in cancelMessage) (int, cancelled, error) {
	box, err := in.mail(ctx, g, tenancy.MessagesSend)
	if err != nil {
		return 0, cancelled{}, err
	}
	out, _, err := g.Queue(ctx, box.WorkspaceID(), tenancy.MessagesSend)
	if err != nil {
		return 0, cancelled{}, err
	}
	n, _, err := rounds(ctx, out.Cancel, mailstore.QueueFilter{Inbox: box.ID(), Message: in.id()})
	if err != nil || n > 0 {
		return http.StatusOK, cancelled{n}, err
	}
	if _, err := box.Delivery(ctx, in.id()); err == nil {
		return 0, cancelled{}, errNothingWaits
	} else if !errors.Is(err, mailstore.ErrNotFound) {
		return 0, cancelled{}, err
	}
	if _, err := box.Message(ctx, in.id()); err != nil {
		return 0, cancelled{}, err
	}
	return 0, cancelled{}, errNothingWaits
}
