package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// maxBatchText bounds the octets of text and HTML in one answer of a batch read; what more there is, is cut.
const maxBatchText = 4 << 20

// bodyParts are the parts of a message's body that each are as long as may be: text, its new part, HTML.
const bodyParts = 3

type (
	batchGet struct {
		InboxPath
		Idempotent
		Body struct {
			IDs []string `json:"ids" minItems:"1" maxItems:"100" nullable:"false" doc:"Ids of messages of the inbox; each is read once."`
		}
	}
	batchUpdate struct {
		InboxPath
		Idempotent
		Body struct {
			IDs []string `json:"ids" minItems:"1" maxItems:"1000" nullable:"false" doc:"Ids of messages of the inbox; each is changed once."`
			LabelChange
		}
	}
	batchDelete struct {
		InboxPath
		Idempotent
		Body struct {
			IDs       []string `json:"ids" minItems:"1" maxItems:"1000" nullable:"false" doc:"Ids of messages of the inbox; each is deleted once."`
			Permanent bool     `json:"permanent,omitempty" doc:"Remove for good instead of moving to Trash."`
		}
	}
)

// batchProblem is why nothing was done with one message of a batch.
type batchProblem struct {
	Code   string `json:"code" doc:"As of a problem: not_found, limit_reached."`
	Detail string `json:"detail" doc:"One sentence that says what to do."`
}

type readResult struct {
	ID      string         `json:"id" doc:"As it was given."`
	Message *messageObject `json:"message,omitempty" doc:"The message; absent if there is a problem."`
	Problem *batchProblem  `json:"problem,omitempty" doc:"Why there is no message."`
}

type readResults struct {
	Results []readResult `json:"results" doc:"One for each id, in the order given, each id once."`
}

type changeResult struct {
	ID      string        `json:"id" doc:"As it was given."`
	Labels  []string      `json:"labels,omitempty" doc:"What the message bears now; absent if it is gone, or not the inbox's."`
	Problem *batchProblem `json:"problem,omitempty" doc:"Why it was not changed; absent if it was."`
}

type changeResults struct {
	Results []changeResult `json:"results" doc:"One for each id, in the order given, each id once."`
}

func batchProblemOf(err error) *batchProblem {
	if err == nil {
		return nil
	}
	p := problem(err)
	return &batchProblem{p.Code, p.Detail}
}

func changeResultOf(o mailstore.Outcome) changeResult {
	return changeResult{string(o.ID), o.Message.Labels, batchProblemOf(o.Err)}
}

func namedMessages(list []string) []mailstore.MessageID {
	return each(list, func(id string) mailstore.MessageID { return mailstore.MessageID(id) })
}

func (s *Server) batchRoutes(a huma.API) {
	const path = "/v1/inboxes/{inbox}/messages/"
	s.batchGetRoute(a, route(http.MethodPost, path+"batch-get", "getMessages", "messages", "Get up to 100 messages by their ids", 200))
	registerAction(s, a, route(http.MethodPost, path+"batch-update", "updateMessages", "messages", "Change the labels of up to 1000 messages, in one commit", 200),
		func(ctx context.Context, g *tenancy.Grant, in batchUpdate) (status int, done changeResults, err error) {
			box, err := in.mail(ctx, g, tenancy.MessagesUpdate)
			if err != nil {
				return 0, done, err
			}
			list, err := box.ChangeMessages(ctx, namedMessages(in.Body.IDs), in.Body.change())
			return http.StatusOK, changeResults{each(list, changeResultOf)}, err
		})
	registerAction(s, a, route(http.MethodPost, path+"batch-delete", "deleteMessages", "messages", "Move up to 1000 messages to Trash, or remove them, in one commit", 200),
		func(ctx context.Context, g *tenancy.Grant, in batchDelete) (status int, done changeResults, err error) {
			box, err := in.mail(ctx, g, tenancy.MessagesDelete)
			if err != nil {
				return 0, done, err
			}
			list, err := box.DeleteMessages(ctx, namedMessages(in.Body.IDs), in.Body.Permanent)
			return http.StatusOK, changeResults{each(list, changeResultOf)}, err
		})
}

// batchGetRoute adds a POST that changes nothing. Under an Idempotency-Key it is noted that the request came, and the messages
// are read again, so that their text does not outlive them.
func (s *Server) batchGetRoute(a huma.API, op huma.Operation) {
	huma.Register(a, op, func(ctx context.Context, in *batchGet) (*created[readResults], error) {
		c := callOf(ctx)
		_, replayed, err := onceBeside(ctx, c.grant, c.request(in.idempotencyKey(), in.workspace()), func() (tenancy.Answer, error) {
			_, err := in.mail(ctx, c.grant, tenancy.MessagesRead)
			return tenancy.Answer{Status: http.StatusOK, Body: []byte("{}")}, err
		})
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out := &created[readResults]{Status: http.StatusOK}
		if replayed {
			out.Replayed = "true"
		}
		if out.Body.Results, err = getMessages(ctx, c.grant, in); err != nil {
			return nil, s.fail(ctx, err)
		}
		return out, nil
	})
}

func getMessages(ctx context.Context, g *tenancy.Grant, in *batchGet) ([]readResult, error) {
	box, err := in.mail(ctx, g, tenancy.MessagesRead)
	if err != nil {
		return nil, err
	}
	list, err := box.MessagesNamed(ctx, namedMessages(in.Body.IDs))
	if err != nil {
		return nil, err
	}
	left := maxBatchText
	results := make([]readResult, len(list))
	for i, o := range list {
		results[i] = readResult{ID: string(o.ID), Problem: batchProblemOf(o.Err)}
		if o.Err != nil {
			continue
		}
		m, err := messageOf(o.Message).withBody(ctx, box, min(MaxTextBytes, left/bodyParts))
		if fault.KindOf(err) == fault.NotFound { // it went meanwhile
			results[i].Problem = batchProblemOf(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		left -= m.bodyOctets()
		results[i].Message = &m
	}
	return results, nil
}
