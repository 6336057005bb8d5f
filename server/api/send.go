package api

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of what is sent.
const (
	MaxSendBytes   = 36 << 20 // octets of a request's JSON, with the base64 of its attachments
	MaxLetterBytes = 4 << 20  // of them, without the content of its attachments
)

// accepted is the answer to what is to be sent.
type accepted struct {
	ID        string   `json:"id" doc:"Of the message in Sent; begins with msg_."`
	ThreadID  string   `json:"threadId" doc:"The thread that it belongs to."`
	MessageID string   `json:"messageId" doc:"The RFC Message-ID, with its angle brackets."`
	Status    string   `json:"status" enum:"queued,scheduled,held" doc:"What it waits for."`
	Rejected  []unsent `json:"rejected" doc:"Recipients that nothing is sent to."`
}

type unsent struct {
	Address string `json:"address" doc:"The recipient."`
	Reason  string `json:"reason" enum:"bounce,complaint,unsubscribe,manual,blocked" doc:"Why it is suppressed; blocked: a list for sending keeps it out."`
}

func unsentOf(r mailstore.Unsent) unsent { return unsent(r) }

func acceptedOf(s mailstore.Submitted) accepted {
	return accepted{string(s.ID), string(s.ThreadID), s.MessageID, string(s.Status), each(s.Rejected, unsentOf)}
}

type (
	newMessage struct {
		InboxPath
		Idempotent
		Body struct {
			Letter
			InReplyTo string `json:"inReplyTo,omitempty" doc:"The Message-ID that it answers, with its angle brackets; of a message of the inbox, it joins its thread."`
		}
	}
	newReply struct {
		MessagePath
		Idempotent
		Body struct {
			Letter
			Quote bool `json:"quote,omitempty" doc:"Put the original's text below."`
		}
	}
	newForward struct {
		MessagePath
		Idempotent
		Body struct{ Letter }
	}
)

func (n newMessage) written() Letter { return n.Body.Letter }
func (n newReply) written() Letter   { return n.Body.Letter }
func (n newForward) written() Letter { return n.Body.Letter }

func (p InboxPath) inbox() string { return p.Inbox }

func (s *Server) sendRoutes(a huma.API) {
	const list, one = "/v1/inboxes/{inbox}/messages", "/v1/inboxes/{inbox}/messages/{message}"
	registerSend(s, a, route(http.MethodPost, list, "sendMessage", "messages", "Send a message", 202), send)
	op := route(http.MethodPost, one+"/reply", "replyToMessage", "messages", "Answer a message; it goes to who wrote it", 202)
	op.Description = "to and cc take the place of the recipients that the original gives, subject that of its subject."
	registerSend(s, a, op, func(ctx context.Context, g *tenancy.Grant, w *writing, in newReply) (mailstore.Submitted, error) {
		return reply(ctx, g, w, in, false)
	})
	op = route(http.MethodPost, one+"/reply-all", "replyToAll", "messages", "Answer a message; it goes to who wrote it and to all who got it", 202)
	op.Description = "to and cc take the place of the recipients that the original gives, subject that of its subject."
	registerSend(s, a, op, func(ctx context.Context, g *tenancy.Grant, w *writing, in newReply) (mailstore.Submitted, error) {
		return reply(ctx, g, w, in, true)
	})
	registerSend(s, a, route(http.MethodPost, one+"/forward", "forwardMessage", "messages", "Hand a message on with its text and attachments", 202), forward)
}

type sendPost interface {
	post
	inbox() string
	written() Letter
}

// registerSend adds a POST that sends. The answer is kept in the commit of the message, in the workspace's own store, and
// given again before anything else of the request is looked at. Its body may be large: see readBody.
func registerSend[I sendPost](s *Server, a huma.API, op huma.Operation, do func(context.Context, *tenancy.Grant, *writing, I) (mailstore.Submitted, error)) {
	op.MaxBodyBytes = MaxLetterBytes
	s.large[op.Method+" "+op.Path] = large{limit: MaxSendBytes, need: tenancy.MessagesSend, lift: true}
	huma.Register(a, op, func(ctx context.Context, in *I) (*created[accepted], error) {
		sent, err := s.once(ctx, *in, func(w *writing) (mailstore.Submitted, error) { return do(ctx, grantOf(ctx), w, *in) })
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out := &created[accepted]{Status: http.StatusAccepted, Body: acceptedOf(sent)}
		if sent.Replayed {
			out.Replayed = "true"
		}
		return out, nil
	})
}

// once begins a message from an inbox that the caller may send from, unless the request came before.
func (s *Server) once(ctx context.Context, in sendPost, do func(*writing) (mailstore.Submitted, error)) (sent mailstore.Submitted, err error) {
	c := callOf(ctx)
	sender, err := c.grant.MaySend(ctx, in.workspace(), in.inbox())
	if err != nil {
		return sent, err
	}
	r, sent, err := c.recall(ctx, sender.Mail, in)
	if err != nil || sent.Replayed {
		return sent, err
	}
	w := s.writing(c, sender, in.written())
	w.request = r
	if err := w.read(ctx); err != nil {
		return sent, err
	}
	return do(w)
}

// writing begins a letter of an inbox.
func (s *Server) writing(c *call, sender tenancy.Sender, l Letter) *writing {
	return &writing{sender: sender, letter: l, lifted: c.lifted, now: s.cfg.Clock(), most: s.cfg.MaxMessageBytes, fetch: fetcher{s, c}, noLinks: s.cfg.PublicURL == ""}
}

// repeatable names the call for what is committed in a workspace's own store; nil if it has no Idempotency-Key.
func (c *call) repeatable(in post) (*mailstore.Repeatable, error) {
	return c.grant.Repeatable(c.request(in.idempotencyKey(), in.workspace()))
}

// recall is repeatable, with what the call has sent if it came before.
func (c *call) recall(ctx context.Context, box mailstore.Inbox, in post) (r *mailstore.Repeatable, sent mailstore.Submitted, err error) {
	if r, err = c.repeatable(in); r != nil && err == nil {
		sent, err = box.Recall(ctx, r)
	}
	return r, sent, err
}

func send(ctx context.Context, _ *tenancy.Grant, w *writing, in newMessage) (mailstore.Submitted, error) {
	d := &compose.Draft{Text: w.letter.Text, HTML: w.letter.HTML}
	if err := w.answers(ctx, d, in.Body.InReplyTo); err != nil {
		return mailstore.Submitted{}, err
	}
	w.finish(d)
	return w.submit(ctx, d)
}

// answers ties a new message to the one that it answers.
func (w *writing) answers(ctx context.Context, d *compose.Draft, id string) error {
	if id == "" {
		return nil
	}
	envelope := message.Envelope{MessageID: id}
	if strings.HasPrefix(id, "<") {
		list, _, err := w.sender.Mail.Messages(ctx, mailstore.MessageFilter{MessageID: id, IncludeTrash: true, IncludeSpam: true}, nil, 1)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			envelope, w.thread = list[0].Envelope, list[0].ThreadID
		}
	}
	tied := compose.Reply(compose.Original{Envelope: envelope}, compose.Answer{NoQuote: true})
	d.InReplyTo, d.References = id, tied.References // an id that is none is found by Check
	return nil
}

// original is the message that is answered or handed on, for who may read it; its bytes are to be closed.
func original(ctx context.Context, g *tenancy.Grant, in MessagePath) (o compose.Original, thread mailstore.ThreadID, raw mailstore.RawMessage, err error) {
	box, err := in.mail(ctx, g, tenancy.MessagesRead)
	if err != nil {
		return o, "", nil, err
	}
	m, err := box.Message(ctx, in.id())
	if err != nil {
		return o, "", nil, err
	}
	raw, size, structure, err := box.Open(ctx, in.id())
	if err != nil {
		return o, "", nil, err
	}
	body := message.Read(raw, structure, MaxTextBytes)
	return compose.Original{Envelope: m.Envelope, Body: body, Structure: structure, Attachments: m.Attachments, Raw: raw, Size: size}, m.ThreadID, raw, nil
}

func reply(ctx context.Context, g *tenancy.Grant, w *writing, in newReply, all bool) (mailstore.Submitted, error) {
	d, raw, err := w.replying(ctx, g, in.MessagePath, in.Body.Quote, all)
	if err != nil {
		return mailstore.Submitted{}, err
	}
	defer raw.Close()
	return w.submit(ctx, d)
}

func forward(ctx context.Context, g *tenancy.Grant, w *writing, in newForward) (mailstore.Submitted, error) {
	d, raw, err := w.forwarding(ctx, g, in.MessagePath)
	if err != nil {
		return mailstore.Submitted{}, err
	}
	defer raw.Close()
	return w.submit(ctx, d)
}

// replying makes the draft of an answer. It reads from raw when it is written, which is to be closed then.
func (w *writing) replying(ctx context.Context, g *tenancy.Grant, p MessagePath, quote, all bool) (d *compose.Draft, raw io.Closer, err error) {
	o, thread, raw, err := original(ctx, g, p)
	if err != nil {
		return nil, nil, err
	}
	own := each(w.sender.Inbox.Addresses, func(a tenancy.Address) string { return a.Address })
	d = compose.Reply(o, compose.Answer{From: w.from, Own: own, All: all, Text: w.letter.Text, HTML: w.letter.HTML, NoQuote: !quote})
	w.thread, w.repliesTo = thread, p.id()
	w.finish(d)
	return d, raw, nil
}

// forwarding is replying for a forward.
func (w *writing) forwarding(ctx context.Context, g *tenancy.Grant, p MessagePath) (d *compose.Draft, raw io.Closer, err error) {
	o, thread, raw, err := original(ctx, g, p)
	if err != nil {
		return nil, nil, err
	}
	d = compose.Forward(o, compose.Forwarding{From: w.from, Text: w.letter.Text, HTML: w.letter.HTML})
	w.thread = thread
	w.finish(d)
	return d, raw, nil
}

// isMessageID reports whether a text has the form of a message's id.
func isMessageID(s string) bool { return ident.Valid("msg", s) }
