package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/outbound"
	"github.com/postroom/postroom/server/simulation"
	"github.com/postroom/postroom/tenancy"
)

// MaxSimulations is how many messages a workspace may simulate in a minute (limit simulationsPerMinute), and as many at once.
const MaxSimulations = 120

type simulateRequest struct {
	InboxPath
	Idempotent
	Body struct {
		Scenario    string          `json:"scenario" enum:"message,code,link,attachment,reply,autoReply,bounce,delay,complaint,spam,forged,unauthenticated,blocked,deceptive" doc:"What comes in. The rest is made up where it is not given."`
		To          string          `json:"to,omitempty" maxLength:"998" doc:"One of the inbox's addresses, with +suffix if you like; the primary one by default."`
		From        people          `json:"from,omitempty" doc:"Who wrote it: one address."`
		Subject     string          `json:"subject,omitempty" doc:"One line of at most 1000 characters."`
		Text        string          `json:"text,omitempty" doc:"The text, in the place of the scenario's text and HTML."`
		HTML        string          `json:"html,omitempty" doc:"The text as HTML, likewise."`
		Attachments []newAttachment `json:"attachments,omitempty" doc:"Files, at most 100."`
		MessageID   string          `json:"messageId,omitempty" maxLength:"998" doc:"Of reply, autoReply, bounce, delay and complaint: the message that it is about, by its id or its Message-ID. Without it the newest one that the inbox has sent and that it can be about. Of a received message, reply is one more from its author."`
		Recipient   string          `json:"recipient,omitempty" maxLength:"998" doc:"Which recipient of that message it is about or from; the first one by default."`
		Reason      string          `json:"reason,omitempty" enum:"userUnknown,mailboxFull,spam,content" doc:"Of a bounce: why. userUnknown by default, which suppresses the address."`
		Auth        simulatedAuth   `json:"auth,omitempty" doc:"What the checks of the sender are to say."`
	}
}

type simulatedAuth struct {
	SPF    string `json:"spf,omitempty" enum:"none,pass,fail,softfail,neutral,temperror,permerror" doc:"Of SPF."`
	DKIM   string `json:"dkim,omitempty" enum:"none,pass,fail,neutral,policy,temperror,permerror" doc:"Of the signature; none: there is none."`
	DMARC  string `json:"dmarc,omitempty" enum:"none,pass,fail,temperror,permerror" doc:"Of DMARC. Without it pass where SPF or DKIM pass, fail where there is a policy, else none."`
	Policy string `json:"policy,omitempty" enum:"none,quarantine,reject" doc:"What the author's domain asks to be done with mail that fails."`
}

// simulated is what came of it.
type simulated struct {
	Scenario  string `json:"scenario" doc:"As it was asked for."`
	Outcome   string `json:"outcome" enum:"delivered,quarantined,refused" doc:"Where it went: to the inbox, to Junk with a record, or nowhere, with a record."`
	Reason    string `json:"reason,omitempty" doc:"Why it was not delivered, as in GET /v1/rejections."`
	ID        string `json:"id,omitempty" doc:"Of the message; begins with msg_. Absent if it was refused."`
	ThreadID  string `json:"threadId,omitempty" doc:"The thread that it belongs to."`
	MessageID string `json:"messageId" doc:"Its RFC Message-ID, with its angle brackets."`
	AboutID   string `json:"aboutId,omitempty" doc:"The message that it is about or answers."`
	Recipient string `json:"recipient,omitempty" doc:"Which recipient of that message."`
}

// simulations bounds how often a workspace simulates.
type simulations struct {
	mu    sync.Mutex
	until map[mailstore.WorkspaceID]time.Time // when all that was done will be paid for
}

// manyPaces is how many workspaces are remembered before those that owe nothing are forgotten.
const manyPaces = 1000

// take counts one more, unless that is too many.
func (c *simulations) take(ws mailstore.WorkspaceID, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until == nil || len(c.until) >= manyPaces {
		kept := map[mailstore.WorkspaceID]time.Time{}
		for ws, at := range c.until {
			if at.After(now) {
				kept[ws] = at
			}
		}
		c.until = kept
	}
	until := later(c.until[ws], now).Add(time.Minute / MaxSimulations)
	if wait := until.Sub(now) - time.Minute; wait > 0 {
		e := fault.New(fault.Exhausted, "limit_reached", "A workspace can simulate %d messages a minute (limit simulationsPerMinute); wait a little.", MaxSimulations)
		e.RetryAfter = wait
		return e
	}
	c.until[ws] = until
	return nil
}

// simulateRoute adds the POST that makes mail come in. It takes who may put messages into the inbox: whoever can do that can make it
// look like any mail, and what a simulated report settles is simulated too. A crash between the delivery and the answer under an
// Idempotency-Key leaves a request whose repetition makes one more.
func (s *Server) simulateRoute(a huma.API) {
	op := route(http.MethodPost, "/v1/inboxes/{inbox}/simulate", "simulateMessage", "messages", "Make a message come in that nobody sent, for trying things out", 201)
	op.Description = "It goes the way of real mail: events, threads, codes, Junk, records, bounces and suppressions come out as they would. Nothing leaves the server. The message has a field Postroom-Simulated. " +
		"A bounce, a delay or a complaint is about a message that was sent to a reserved domain such as example.com or to a domain of the workspace, or on a server that catches mail to anybody."
	op.MaxBodyBytes = MaxLetterBytes
	s.large[op.Method+" "+op.Path] = large{limit: MaxSendBytes, need: tenancy.MessagesCreate, lift: true}
	huma.Register(a, op, func(ctx context.Context, in *simulateRequest) (*created[simulated], error) {
		c := callOf(ctx)
		box, err := in.mail(ctx, c.grant, tenancy.MessagesCreate)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		kept, replayed, err := onceBeside(ctx, c.grant, c.request(in.idempotencyKey(), in.workspace()), func() (tenancy.Answer, error) {
			done, err := s.simulate(ctx, box, in, c.lifted)
			if err != nil {
				return tenancy.Answer{}, err
			}
			text, err := json.Marshal(done)
			return tenancy.Answer{Status: http.StatusCreated, Body: text}, err
		})
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out := &created[simulated]{Status: kept.Status}
		if replayed {
			out.Replayed = "true"
		}
		if err := json.Unmarshal(kept.Body, &out.Body); err != nil {
			return nil, s.fail(ctx, fmt.Errorf("decode answer: %w", err))
		}
		return out, nil
	})
}

func (s *Server) simulate(ctx context.Context, box mailstore.Inbox, in *simulateRequest, contents []lifted) (done simulated, err error) {
	r, err := in.read(contents)
	if err != nil {
		return done, err
	}
	if err := s.simulations.take(box.WorkspaceID(), s.cfg.Clock()); err != nil {
		return done, err
	}
	simulator := simulation.New(simulation.Config{Hostname: s.cfg.Hostname, MaxBytes: s.cfg.MaxMessageBytes, Caught: s.cfg.Caught != nil, Clock: s.cfg.Clock}, s.dir)
	x, err := simulator.Deliver(ctx, box, r)
	if errors.Is(err, simulation.ErrTooLarge) {
		return done, tooLargeMessage(s.cfg.MaxMessageBytes)
	}
	if err != nil {
		return done, inTheBody(err)
	}
	return simulated{in.Body.Scenario, x.Outcome, x.Why, string(x.ID), string(x.Thread), x.MessageID, string(x.About), x.Recipient}, nil
}

// read takes the body apart.
func (in *simulateRequest) read(contents []lifted) (r simulation.Request, err error) {
	b := in.Body
	var m mistakes
	r = simulation.Request{Scenario: simulation.Scenario(b.Scenario), To: b.To, Subject: b.Subject, Text: b.Text, HTML: b.HTML, About: b.MessageID, Recipient: b.Recipient, Reason: b.Reason,
		Checks: simulation.Checks{SPF: mailauth.Result(b.Auth.SPF), DKIM: mailauth.Result(b.Auth.DKIM), DMARC: mailauth.Result(b.Auth.DMARC), Policy: mailauth.Disposition(b.Auth.Policy)}}
	from := m.people("body.from", b.From)
	if b.From.given() && len(from) != 1 {
		m.add("body.from", "A message is from one address.")
	} else if len(from) == 1 {
		r.From = message.Address{Name: from[0].Name, Address: from[0].Address.Address}
	}
	for i, a := range b.Attachments {
		if a.URL != "" {
			m.add(fmt.Sprintf("body.attachments[%d].url", i), "Nothing is fetched for a simulation; give the content.")
		}
	}
	r.Attachments = m.attachments("body.attachments", b.Attachments, contents, outbound.Policy{})
	return r, m.err()
}

// inTheBody puts the fields of an error into the body.
func inTheBody(err error) error {
	f := fault.From(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	c := *f
	c.Fields = nil
	for _, x := range f.Fields {
		c.Fields = append(c.Fields, fault.Field{Path: "body." + x.Path, Message: x.Message})
	}
	return &c
}
