package mcp

import (
	"context"
	"time"

	"github.com/postroom/postroom/server/api/client"
)

type (
	draftQuery struct {
		anyInbox
		page
	}
	oneDraft struct {
		oneInbox
		Draft string `json:"draftId" jsonschema:"id of the draft, msg_…"`
	}
	newDraft struct {
		oneInbox
		letter
		To       []string `json:"to,omitempty" jsonschema:"recipients; of an answer those of the original unless told"`
		Subject  string   `json:"subject,omitempty" jsonschema:"one line; of an answer the original's unless told"`
		Reply    string   `json:"replyToMessageId,omitempty" jsonschema:"the message that it answers"`
		ReplyAll bool     `json:"replyAll,omitempty" jsonschema:"with replyToMessageId: to all who got it"`
		Forward  string   `json:"forwardMessageId,omitempty" jsonschema:"the message that it hands on"`
	}
	draftChange struct {
		oneDraft
		To                []string        `json:"to,omitempty" jsonschema:"recipients in the place of those that are there"`
		Cc                []string        `json:"cc,omitempty" jsonschema:"likewise"`
		Bcc               []string        `json:"bcc,omitempty" jsonschema:"likewise"`
		Subject           *string         `json:"subject,omitempty" jsonschema:"one line"`
		Text              *string         `json:"text,omitempty" jsonschema:"the text; text and html are one body, and giving one replaces both"`
		HTML              *string         `json:"html,omitempty" jsonschema:"the text as HTML"`
		AddAttachments    []newAttachment `json:"addAttachments,omitempty" jsonschema:"files to attach beside those that are there"`
		RemoveAttachments []string        `json:"removeAttachmentIds,omitempty" jsonschema:"attachments to take away"`
		SendAt            *time.Time      `json:"sendAt,omitempty" jsonschema:"when it is sent, RFC 3339"`
		Unschedule        bool            `json:"unschedule,omitempty" jsonschema:"take the time away: it is sent when somebody sends it"`
		Version           string          `json:"version,omitempty" jsonschema:"make the change only if the draft is still as it was then"`
	}
	draftSending struct {
		oneDraft
		once
		Version string `json:"version,omitempty" jsonschema:"send only if the draft is still as it was then"`
	}
)

// draftView is a draft: a message that nobody but its inbox has seen.
type draftView struct {
	ID      string      `json:"draftId"`
	Version string      `json:"version,omitempty"`
	SendAt  *time.Time  `json:"sendAt,omitempty"`
	Failure string      `json:"failure,omitempty"`
	Message messageView `json:"message"`
}

func viewDraft(m *client.MessageObject, whole bool) draftView {
	v := draftView{ID: m.ID, Version: m.Version, Failure: m.Failure, Message: summary(*m)}
	if whole {
		v.Message = viewMessage(*m, true)
	}
	if !m.SendAt.IsZero() {
		v.SendAt = &m.SendAt
	}
	return v
}

type draftsView struct {
	Drafts     []draftView `json:"drafts"`
	NextCursor string      `json:"nextCursor,omitempty"`
}

func (s *server) draftTools() {
	addTool(s, reads, "list_drafts", "List drafts, those last changed first.", listDrafts)
	addTool(s, reads, "get_draft", "Read a draft.", func(ctx context.Context, c *Caller, in oneDraft) (any, error) {
		return draftOf(c.API.GetDraft(ctx, in.Inbox, in.Draft, client.GetDraftParams{WorkspaceID: c.Workspace}))
	})
	addTool(s, adds, "create_draft", "Begin a message that is not sent yet; an answer with replyToMessageId. With sendAt it is sent then.", createDraft)
	addTool(s, changes, "update_draft", "Change a draft; what is not given stays.", func(ctx context.Context, c *Caller, in draftChange) (any, error) {
		return draftOf(c.API.UpdateDraft(ctx, in.Inbox, in.Draft, client.UpdateDraftParams{WorkspaceID: c.Workspace, IfMatch: in.Version}, in.change()))
	})
	addTool(s, sends, "send_draft", "Send a draft as it is.", func(ctx context.Context, c *Caller, in draftSending) (any, error) {
		return sent(c.API.SendDraft(ctx, in.Inbox, in.Draft, client.SendDraftParams{WorkspaceID: c.Workspace, IdempotencyKey: in.IdempotencyKey, IfMatch: in.Version}))
	})
	addTool(s, removes, "delete_draft", "Move a draft to Trash. What was to be sent at a time is not sent.", func(ctx context.Context, c *Caller, in oneDraft) (any, error) {
		return done{"deleted"}, c.API.DeleteDraft(ctx, in.Inbox, in.Draft, client.DeleteDraftParams{WorkspaceID: c.Workspace})
	})
}

func draftOf(m *client.MessageObject, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return marked(viewDraft(m, true)) // a draft that answers quotes what strangers wrote
}

func listDrafts(ctx context.Context, c *Caller, in draftQuery) (any, error) {
	var list *client.DraftList
	var err error
	if in.Inbox == "" {
		list, err = c.API.ListAllDrafts(ctx, client.ListAllDraftsParams{WorkspaceID: c.Workspace, Limit: in.limit(), Cursor: in.Cursor})
	} else {
		list, err = c.API.ListDrafts(ctx, in.Inbox, client.ListDraftsParams{WorkspaceID: c.Workspace, Limit: in.limit(), Cursor: in.Cursor})
	}
	if err != nil {
		return nil, err
	}
	return marked(draftsView{each(list.Drafts, func(m client.MessageObject) draftView { return viewDraft(&m, false) }), list.NextCursor})
}

func createDraft(ctx context.Context, c *Caller, in newDraft) (any, error) {
	original, err := in.original()
	if err != nil {
		return nil, err
	}
	return draftOf(c.API.CreateDraft(ctx, in.Inbox, client.CreateDraftParams{WorkspaceID: c.Workspace, IdempotencyKey: in.IdempotencyKey},
		client.NewDraft{Original: original, To: several(in.To), Cc: several(in.Cc), Bcc: several(in.Bcc), Subject: optional(in.Subject), Text: optional(in.Text), HTML: optional(in.HTML),
			Attachments: in.files(), Labels: in.Labels, SendAt: in.SendAt}))
}

// original is the message that a draft answers or hands on; nil if it does neither.
func (in newDraft) original() (*client.DraftOriginal, error) {
	switch {
	case in.Reply != "" && in.Forward != "":
		return nil, toldError("A draft answers a message or hands one on: give replyToMessageId or forwardMessageId, not both.")
	case in.Forward != "":
		return &client.DraftOriginal{MessageID: in.Forward, As: "forward"}, nil
	case in.Reply != "" && in.ReplyAll:
		return &client.DraftOriginal{MessageID: in.Reply, As: "reply-all"}, nil
	case in.Reply != "":
		return &client.DraftOriginal{MessageID: in.Reply, As: "reply"}, nil
	}
	return nil, nil
}

func (in draftChange) change() client.DraftChange {
	change := client.DraftChange{To: several(in.To), Cc: several(in.Cc), Bcc: several(in.Bcc), Subject: in.Subject, Text: in.Text, HTML: in.HTML,
		AddAttachments: filesOf(in.AddAttachments), RemoveAttachments: in.RemoveAttachments}
	switch {
	case in.Unschedule:
		change.SendAt = client.Null[time.Time]()
	case in.SendAt != nil:
		change.SendAt = client.To(*in.SendAt)
	}
	return change
}
