package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/tenancy"
)

// messageObject is a message. Lists leave out html and extractedText and cut text to preview.
type messageObject struct {
	ID            string       `json:"id" doc:"Begins with msg_."`
	InboxID       string       `json:"inboxId" doc:"The inbox that holds it."`
	ThreadID      string       `json:"threadId" doc:"The thread that it belongs to."`
	Mailboxes     []string     `json:"mailboxes" doc:"The IMAP mailboxes that hold it."`
	DeliveredTo   string       `json:"deliveredTo,omitempty" doc:"The envelope recipient."`
	MessageID     string       `json:"messageId" doc:"The RFC Message-ID, with its angle brackets; may be empty."`
	InReplyTo     string       `json:"inReplyTo,omitempty" doc:"The Message-ID that it answers."`
	References    []string     `json:"references" doc:"The Message-IDs of the conversation, oldest first."`
	From          person       `json:"from" doc:"Who wrote it; an empty address if it does not say."`
	To            []person     `json:"to" doc:"Recipients."`
	Cc            []person     `json:"cc" doc:"Recipients of a copy."`
	Bcc           []person     `json:"bcc" doc:"Recipients of a blind copy, where the message says so."`
	ReplyTo       []person     `json:"replyTo" doc:"Where answers should go."`
	Subject       string       `json:"subject" doc:"Decoded; may be empty."`
	Text          string       `json:"text" doc:"Always there: made from the HTML when the sender gave none."`
	HTML          string       `json:"html,omitempty" doc:"As the sender wrote it: not safe to show without care."`
	ExtractedText string       `json:"extractedText,omitempty" doc:"The new text of a reply, without the quoted history."`
	Preview       string       `json:"preview" doc:"The beginning of the text, on one line."`
	Labels        []string     `json:"labels" doc:"received or sent, unread while unseen, spam, trash, draft, scheduled, starred, and your own."`
	Attachments   []attachment `json:"attachments" doc:"What is attached, and inline images."`
	Size          int64        `json:"size" doc:"Octets of the whole message."`
	SendAt        *stamp       `json:"sendAt,omitempty" doc:"When it is sent, of what is scheduled."`
	Version       string       `json:"version,omitempty" doc:"In answers about drafts alone: names the draft as it is, for If-Match."`
	Unsubscribe   bool         `json:"unsubscribe,omitempty" doc:"In answers about drafts alone: each recipient gets a link to unsubscribe."`
	Failure       string       `json:"failure,omitempty" doc:"In answers about drafts alone: why it could not be sent at its time."`
	Status        string       `json:"status,omitempty" enum:"queued,scheduled,held,deferred,sent,delivered,bounced,cancelled,rejected" doc:"What became of a message that was sent; sent: a relay has it. GET …/delivery tells of each recipient. Of a draft with a time, scheduled."`
	ReceivedAt    *stamp       `json:"receivedAt,omitempty" doc:"When it came; absent if it was sent."`
	SentAt        *stamp       `json:"sentAt,omitempty" doc:"When it was sent; absent if it was received."`
	CreatedAt     stamp        `json:"createdAt" doc:"When it was stored."`
	UpdatedAt     stamp        `json:"updatedAt" doc:"When its labels or mailboxes last changed."`
	Auth          *auth        `json:"auth,omitempty" doc:"What is known of who really sent it; absent of what did not come in by SMTP."`
	Junk          *junkObject  `json:"junk,omitempty" doc:"Why it was put aside, or what was found and did not count; absent if nothing was."`
	Truncated     bool         `json:"truncated,omitempty" doc:"text or html was cut."`
	Trust         *trustFacts  `json:"trust,omitempty" doc:"Facts for a reader that cannot see the message, such as a language model. Only where one message is fetched or changed: not in lists, threads and events."`
	Delivery      *delivery    `json:"delivery,omitempty" doc:"In events alone: what became of one recipient."`
	Highlights    []highlight  `json:"highlights,omitempty" doc:"In a search alone: where it has what was looked for; at most 10."`
}

// auth is evidence of who sent a message (RFC 8601).
type auth struct {
	SPF   authSPF    `json:"spf" doc:"Whether the client may send for the envelope sender's domain."`
	DKIM  []authDKIM `json:"dkim" doc:"Each signature, as they stand in the header."`
	DMARC authDMARC  `json:"dmarc" doc:"Whether the domain that is shown stands behind it."`
	IPRev authIPRev  `json:"iprev" doc:"Whether the client's address has a name that leads back to it."`
	TLS   string     `json:"tls,omitempty" doc:"Version and cipher of the connection; absent without TLS."`
}

type authSPF struct {
	Result string `json:"result" doc:"none, pass, fail, softfail, neutral, temperror or permerror."`
	Domain string `json:"domain,omitempty" doc:"For which domain."`
	Reason string `json:"reason,omitempty" doc:"Which mechanism matched, or what went wrong."`
}

type authDKIM struct {
	Result    string `json:"result" doc:"pass, fail, neutral, policy, temperror or permerror."`
	Domain    string `json:"domain,omitempty" doc:"Who signed."`
	Selector  string `json:"selector,omitempty" doc:"With which key."`
	Algorithm string `json:"algorithm,omitempty" doc:"Such as rsa-sha256."`
	KeyBits   int    `json:"keyBits,omitempty" doc:"Of the key, if it was found."`
	Testing   bool   `json:"testing,omitempty" doc:"The domain is trying its signatures out."`
	Reason    string `json:"reason,omitempty" doc:"Of all but pass."`
}

type authDMARC struct {
	Result      string `json:"result" doc:"none, pass, fail, temperror or permerror."`
	Domain      string `json:"domain,omitempty" doc:"Of the author."`
	Policy      string `json:"policy,omitempty" doc:"What the domain publishes: none, quarantine or reject."`
	Disposition string `json:"disposition,omitempty" doc:"What it asks to be done with this message."`
	Reason      string `json:"reason,omitempty" doc:"What went wrong."`
	Aligned     bool   `json:"aligned,omitempty" doc:"SPF or a signature passed for a domain of the author's organization, whatever the policy."`
}

type authIPRev struct {
	Result string `json:"result" doc:"pass, fail, temperror or permerror."`
	IP     string `json:"ip,omitempty" doc:"Of the client."`
	Name   string `json:"name,omitempty" doc:"Of the client, if it is proven."`
}

func authOf(a *mailstore.Auth) *auth {
	if a == nil {
		return nil
	}
	return &auth{authSPF(a.SPF), each(a.DKIM, func(d mailstore.AuthDKIM) authDKIM { return authDKIM(d) }), authDMARC(a.DMARC), authIPRev(a.IPRev), a.TLS}
}

type person struct {
	Name    string `json:"name,omitempty" doc:"Decoded; absent if there is none."`
	Address string `json:"address" doc:"local@domain."`
}

type attachment struct {
	ID          string `json:"id" doc:"Of the attachment within its message."`
	Filename    string `json:"filename" doc:"As the sender wrote it, decoded; may be empty."`
	ContentType string `json:"contentType" doc:"As the sender declared it."`
	Size        int64  `json:"size" doc:"Octets after decoding."`
	ContentID   string `json:"contentId,omitempty" doc:"By which the HTML refers to it."`
	Disposition string `json:"disposition" enum:"attachment,inline" doc:"How the sender meant it."`
}

func personOf(a message.Address) person            { return person(a) }
func attachmentOf(a message.Attachment) attachment { return attachment(a) }

// messageOf is the form that lists give.
func messageOf(m mailstore.Message) messageObject {
	e := m.Envelope
	o := messageObject{ID: string(m.ID), InboxID: string(m.InboxID), ThreadID: string(m.ThreadID), Mailboxes: append([]string{}, m.Mailboxes...), DeliveredTo: m.DeliveredTo,
		MessageID: e.MessageID, References: append([]string{}, e.References...), To: each(e.To, personOf), Cc: each(e.Cc, personOf), Bcc: each(e.Bcc, personOf),
		ReplyTo: each(e.ReplyTo, personOf), Subject: e.Subject, Text: m.Preview, Preview: m.Preview, Labels: append([]string{}, m.Labels...), Attachments: each(m.Attachments, attachmentOf),
		Size: m.Size, Status: string(m.Status), SendAt: timeOf(m.SendAt), CreatedAt: stamp{m.CreatedAt}, UpdatedAt: stamp{m.UpdatedAt}, Auth: authOf(m.Auth), Junk: junkOf(m.Junk)}
	if len(e.InReplyTo) > 0 {
		o.InReplyTo = e.InReplyTo[0]
	}
	if len(e.From) > 0 {
		o.From = personOf(e.From[0])
	}
	if at := (stamp{m.ReceivedAt}); m.Direction == mailstore.Sent {
		o.SentAt = &at
	} else {
		o.ReceivedAt = &at
	}
	return o
}

// withBody adds text and HTML, each at most limit octets.
func (o messageObject) withBody(ctx context.Context, in mailstore.Inbox, limit int) (messageObject, error) {
	body, err := in.Body(ctx, mailstore.MessageID(o.ID), limit)
	if err != nil {
		return o, err
	}
	o.Text, o.HTML, o.Truncated = body.Text, body.HTML, body.Truncated
	o.ExtractedText = message.ReplyText(body.Text)
	return o, nil
}

// bodyOctets are those of its text, of which the new text of a reply is told twice, and of its HTML.
func (o messageObject) bodyOctets() int { return len(o.Text) + len(o.ExtractedText) + len(o.HTML) }

// asReadBy is a message that was changed, as the caller may read it. The change is done, so a text that cannot be read
// is no failure: it is cut.
func asReadBy(ctx context.Context, g *tenancy.Grant, box mailstore.Inbox, m mailstore.Message) messageObject {
	o := messageOf(m)
	if g.Allows(tenancy.MessagesRead) {
		if whole, err := o.withBody(ctx, box, MaxTextBytes); err == nil {
			if whole, err = whole.withTrust(ctx, box, m); err == nil {
				return whole
			}
		}
	}
	o.Truncated = true
	return o
}

type (
	MessagePath struct {
		InboxPath
		Message string `path:"message" doc:"Id of the message."`
	}
	attachmentPath struct {
		MessagePath
		Attachment string `path:"attachment" doc:"Id of the attachment."`
	}
	LabelChange struct {
		AddLabels    []string `json:"addLabels,omitempty" doc:"unread, read, starred, spam, trash, or labels of your own."`
		RemoveLabels []string `json:"removeLabels,omitempty" doc:"Labels to take away, of the same kinds."`
		Unread       *bool    `json:"unread,omitempty" doc:"The same as adding or removing unread."`
	}
	messageChange struct {
		MessagePath
		Body struct {
			LabelChange
			SendAt moment `json:"sendAt,omitempty" doc:"Another time for what waits for one, at most a year ahead; a time that has passed is at once, null cancels. Of a draft: when it is sent, null takes the time away."`
		}
	}
	messageDelete struct {
		MessagePath
		Permanent bool `query:"permanent" doc:"Remove for good instead of moving to Trash."`
	}
)

func (c LabelChange) change() mailstore.MessageChange {
	m := mailstore.MessageChange{AddLabels: lower(c.AddLabels), RemoveLabels: lower(c.RemoveLabels)}
	if c.Unread != nil && *c.Unread {
		m.AddLabels = append(m.AddLabels, mailstore.LabelUnread)
	} else if c.Unread != nil {
		m.AddLabels = append(m.AddLabels, mailstore.LabelRead)
	}
	return m
}

func lower(list []string) []string { return each(list, strings.ToLower) }

func (p MessagePath) id() mailstore.MessageID { return mailstore.MessageID(p.Message) }

// mail hands out the inbox of a path.
func (p InboxPath) mail(ctx context.Context, g *tenancy.Grant, need tenancy.Permission) (mailstore.Inbox, error) {
	return g.Mail(ctx, p.workspace(), p.Inbox, need)
}

func (s *Server) messageRoutes(a huma.API) {
	const one = "/v1/inboxes/{inbox}/messages/{message}"
	register(s, a, route(http.MethodGet, one, "getMessage", "messages", "Get a message; it is not marked as read", 200),
		func(ctx context.Context, g *tenancy.Grant, in *MessagePath) (*result[messageObject], error) {
			box, err := in.mail(ctx, g, tenancy.MessagesRead)
			if err != nil {
				return nil, err
			}
			m, err := box.Message(ctx, in.id())
			if err != nil {
				return nil, err
			}
			o, err := messageOf(m).withBody(ctx, box, MaxTextBytes)
			if err != nil {
				return nil, err
			}
			o, err = o.withTrust(ctx, box, m)
			return &result[messageObject]{o}, err
		})
	register(s, a, route(http.MethodPatch, one, "updateMessage", "messages", "Change a message's labels, or when it is sent", 200),
		func(ctx context.Context, g *tenancy.Grant, in *messageChange) (*result[messageObject], error) {
			box, err := in.mail(ctx, g, tenancy.MessagesUpdate)
			if err != nil {
				return nil, err
			}
			change := in.Body.change()
			if err := change.Check(); err != nil { // before the time is moved
				return nil, err
			}
			if in.Body.SendAt.given {
				if err := moveTime(ctx, g, box, in.id(), in.Body.SendAt.time()); err != nil {
					return nil, err
				}
			}
			m, err := box.ChangeMessage(ctx, in.id(), change)
			if err != nil {
				return nil, err
			}
			return &result[messageObject]{asReadBy(ctx, g, box, m)}, nil
		})
	register(s, a, route(http.MethodDelete, one, "deleteMessage", "messages", "Move a message to Trash, or remove it from there; one that is scheduled is cancelled", 204),
		func(ctx context.Context, g *tenancy.Grant, in *messageDelete) (*struct{}, error) {
			box, err := in.mail(ctx, g, tenancy.MessagesDelete)
			if err != nil {
				return nil, err
			}
			return nil, box.DeleteMessage(ctx, in.id(), in.Permanent)
		})
	s.byteRoutes(a, one)
}

// byteRoutes give bytes as they are. A browser must not take them for a page of ours: they are downloads, in a sandbox.
func (s *Server) byteRoutes(a huma.API, one string) {
	raw := route(http.MethodGet, one+"/raw", "getRawMessage", "messages", "Get a message as it lies on the disk", 200)
	raw.Responses = bytesOf("message/rfc822")
	register(s, a, raw, func(ctx context.Context, g *tenancy.Grant, in *MessagePath) (*huma.StreamResponse, error) {
		box, err := in.mail(ctx, g, tenancy.MessagesRead)
		if err != nil {
			return nil, err
		}
		r, size, err := box.Raw(ctx, in.id())
		if err != nil {
			return nil, err
		}
		return stream(r, "message/rfc822", in.Message+".eml", size), nil
	})
	part := route(http.MethodGet, one+"/attachments/{attachment}", "getAttachment", "messages", "Get an attachment, decoded", 200)
	part.Responses = bytesOf("*/*")
	register(s, a, part, func(ctx context.Context, g *tenancy.Grant, in *attachmentPath) (*huma.StreamResponse, error) {
		box, err := in.mail(ctx, g, tenancy.MessagesRead)
		if err != nil {
			return nil, err
		}
		return attachmentOfMessage(ctx, box, in.id(), in.Attachment)
	})
}

func attachmentOfMessage(ctx context.Context, box mailstore.Inbox, id mailstore.MessageID, part string) (*huma.StreamResponse, error) {
	att, r, err := box.Attachment(ctx, id, part)
	if err != nil {
		return nil, err
	}
	return stream(r, harmless(att.ContentType), att.Filename, -1), nil
}

func bytesOf(contentType string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "The bytes.", Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
}

// harmless keeps a sender from choosing a type that a browser would run.
func harmless(contentType string) string {
	top, _, _ := strings.Cut(contentType, "/")
	switch {
	case contentType == "image/svg+xml":
	case top == "image", top == "audio", top == "video", contentType == "application/pdf", contentType == "text/plain", contentType == "text/csv", contentType == "text/calendar":
		return contentType
	}
	return "application/octet-stream"
}

// asDownload sets the header of bytes that a browser must not take for a page of ours. size is -1 if it is not known.
func asDownload(set func(name, value string), contentType, filename string, size int64) {
	if filename == "" {
		filename = "attachment"
	}
	set("Content-Type", contentType)
	set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filename}))
	set("Content-Security-Policy", "sandbox; default-src 'none'")
	if size >= 0 {
		set("Content-Length", strconv.FormatInt(size, 10))
	}
}

func stream(r io.ReadCloser, contentType, filename string, size int64) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer r.Close()
		asDownload(ctx.SetHeader, contentType, filename, size)
		ctx.SetStatus(http.StatusOK)
		io.Copy(ctx.BodyWriter(), r) // who went away is not told
	}}
}
