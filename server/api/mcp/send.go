package mcp

import (
	"context"
	"time"

	"github.com/postroom/postroom/server/api/client"
)

type (
	newAttachment struct {
		Filename    string `json:"filename" jsonschema:"its name"`
		ContentType string `json:"contentType,omitempty" jsonschema:"its type; found out if it is not given"`
		Content     string `json:"content" jsonschema:"the octets in base64"`
		ContentID   string `json:"contentId,omitempty" jsonschema:"by which the HTML refers to it"`
	}
	letter struct {
		once
		Cc          []string        `json:"cc,omitempty" jsonschema:"recipients of a copy"`
		Bcc         []string        `json:"bcc,omitempty" jsonschema:"recipients that the others are not told of"`
		Text        string          `json:"text,omitempty" jsonschema:"the text"`
		HTML        string          `json:"html,omitempty" jsonschema:"the text as HTML; text is made from it if it is not given"`
		Attachments []newAttachment `json:"attachments,omitempty" jsonschema:"files"`
		Labels      []string        `json:"labels,omitempty" jsonschema:"labels of your own that the message bears"`
		SendAt      *time.Time      `json:"sendAt,omitempty" jsonschema:"not before this time, RFC 3339"`
	}
	newMessage struct {
		oneInbox
		letter
		To      []string `json:"to" jsonschema:"recipients: local@domain, or Name <local@domain>"`
		Subject string   `json:"subject,omitempty" jsonschema:"one line"`
	}
	newReply struct {
		oneMessage
		letter
		ReplyAll bool `json:"replyAll,omitempty" jsonschema:"answer to all who got it"`
	}
	newForward struct {
		oneMessage
		letter
		To      []string `json:"to" jsonschema:"recipients"`
		Subject string   `json:"subject,omitempty" jsonschema:"takes the place of the original's"`
	}
)

func (s *server) sendTools() {
	addTool(s, sends, "send_message", "Send a message from an inbox to new recipients. To answer one use reply_to_message.", func(ctx context.Context, c *Caller, in newMessage) (any, error) {
		return sent(c.API.SendMessage(ctx, in.Inbox, client.SendMessageParams{WorkspaceID: c.Workspace, IdempotencyKey: in.IdempotencyKey},
			client.NewMessageBody{To: in.To, Cc: several(in.Cc), Bcc: several(in.Bcc), Subject: optional(in.Subject), Text: optional(in.Text), HTML: optional(in.HTML),
				Attachments: in.files(), Labels: in.Labels, SendAt: in.SendAt}))
	})
	addTool(s, sends, "reply_to_message", "Answer a message, in its thread. It goes to who wrote it, with replyAll to all who got it.", reply)
	addTool(s, sends, "forward_message", "Hand a message on with its text and attachments.", func(ctx context.Context, c *Caller, in newForward) (any, error) {
		return sent(c.API.ForwardMessage(ctx, in.Inbox, in.Message, client.ForwardMessageParams{WorkspaceID: c.Workspace, IdempotencyKey: in.IdempotencyKey},
			client.NewForwardBody{To: in.To, Cc: several(in.Cc), Bcc: several(in.Bcc), Subject: optional(in.Subject), Text: optional(in.Text), HTML: optional(in.HTML),
				Attachments: in.files(), Labels: in.Labels, SendAt: in.SendAt}))
	})
}

func reply(ctx context.Context, c *Caller, in newReply) (any, error) {
	body := client.NewReplyBody{Cc: several(in.Cc), Bcc: several(in.Bcc), Text: optional(in.Text), HTML: optional(in.HTML), Attachments: in.files(), Labels: in.Labels, SendAt: in.SendAt}
	if in.ReplyAll {
		return sent(c.API.ReplyToAll(ctx, in.Inbox, in.Message, client.ReplyToAllParams{WorkspaceID: c.Workspace, IdempotencyKey: in.IdempotencyKey}, body))
	}
	return sent(c.API.ReplyToMessage(ctx, in.Inbox, in.Message, client.ReplyToMessageParams{WorkspaceID: c.Workspace, IdempotencyKey: in.IdempotencyKey}, body))
}

// sentView says what became of what was to be sent.
type sentView struct {
	ID       string          `json:"messageId"`
	ThreadID string          `json:"threadId"`
	Status   string          `json:"status"`
	Rejected []client.Unsent `json:"rejected,omitempty"`
}

func sent(a *client.Accepted, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return sentView{a.ID, a.ThreadID, a.Status, a.Rejected}, nil
}

func (l letter) files() []client.NewAttachment { return filesOf(l.Attachments) }

func filesOf(list []newAttachment) []client.NewAttachment {
	if len(list) == 0 {
		return nil
	}
	return each(list, func(a newAttachment) client.NewAttachment {
		return client.NewAttachment{Filename: optional(a.Filename), ContentType: optional(a.ContentType), Content: a.Content, ContentID: optional(a.ContentID)}
	})
}

// several is nil for no addresses, so that the member is left out.
func several(list []string) any {
	if len(list) == 0 {
		return nil
	}
	return list
}
