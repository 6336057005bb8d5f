// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"io"
	"net/url"
	"time"
)

// CreateDraftParams are what CreateDraft may be told besides; zero values are left out.
type CreateDraftParams = WorkspaceIDIdempotencyKeyParams

// CreateDraft: Make a draft (POST /v1/inboxes/{inbox}/drafts). A draft with sendAt, which must lie ahead, is sent by itself when that time comes, unless it is changed or deleted before. Mail clients see it in Drafts and can change it there; they put a new draft in its place.
func (c *Client) CreateDraft(ctx context.Context, inbox string, params CreateDraftParams, body NewDraft) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts", params, body)
}

// DeleteDraftParams are what DeleteDraft may be told besides; zero values are left out.
type DeleteDraftParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	IfMatch     string `header:"If-Match"`   // The version that is meant: its ETag, or version as it is. If the draft was changed since, the answer is 412 and nothing is done; without it the change is made to whatever is there.
	Permanent   bool   `query:"permanent"`   // Remove for good instead of moving to Trash.
}

// DeleteDraft: Move a draft to Trash; if it was scheduled it is not sent (DELETE /v1/inboxes/{inbox}/drafts/{draft}).
func (c *Client) DeleteDraft(ctx context.Context, inbox string, draft string, params DeleteDraftParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft), params, nil)
}

// GetDraftParams are what GetDraft may be told besides; zero values are left out.
type GetDraftParams = WorkspaceIDParams

// GetDraft: Get a draft (GET /v1/inboxes/{inbox}/drafts/{draft}).
func (c *Client) GetDraft(ctx context.Context, inbox string, draft string, params GetDraftParams) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft), params, nil)
}

// GetDraftAttachmentParams are what GetDraftAttachment may be told besides; zero values are left out.
type GetDraftAttachmentParams = WorkspaceIDParams

// GetDraftAttachment: Get an attachment of a draft, decoded (GET /v1/inboxes/{inbox}/drafts/{draft}/attachments/{attachment}).
func (c *Client) GetDraftAttachment(ctx context.Context, inbox string, draft string, attachment string, params GetDraftAttachmentParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft)+"/attachments/"+url.PathEscape(attachment), "", params, nil)
}

// ListAllDraftsParams are what ListAllDrafts may be told besides; zero values are left out.
type ListAllDraftsParams = WorkspaceIDLimitCursorParams

// ListAllDrafts: List the drafts of all inboxes (GET /v1/drafts).
func (c *Client) ListAllDrafts(ctx context.Context, params ListAllDraftsParams) (*DraftList, error) {
	return do[DraftList](ctx, c, "GET", "/v1/drafts", params, nil)
}

// ListDraftsParams are what ListDrafts may be told besides; zero values are left out.
type ListDraftsParams = WorkspaceIDLimitCursorParams

// ListDrafts: List drafts (GET /v1/inboxes/{inbox}/drafts).
func (c *Client) ListDrafts(ctx context.Context, inbox string, params ListDraftsParams) (*DraftList, error) {
	return do[DraftList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts", params, nil)
}

// SendDraftParams are what SendDraft may be told besides; zero values are left out.
type SendDraftParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
	IfMatch        string `header:"If-Match"`        // The version that is meant: its ETag, or version as it is. If the draft was changed since, the answer is 412 and nothing is done; without it the change is made to whatever is there.
}

// SendDraft: Send a draft as it is (POST /v1/inboxes/{inbox}/drafts/{draft}/send). It leaves Drafts, and the message that goes out has an id of its own. A draft with sendAt is sent now. A key that may only draft cannot send.
func (c *Client) SendDraft(ctx context.Context, inbox string, draft string, params SendDraftParams) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft)+"/send", params, nil)
}

// UpdateDraftParams are what UpdateDraft may be told besides; zero values are left out.
type UpdateDraftParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	IfMatch     string `header:"If-Match"`   // The version that is meant: its ETag, or version as it is. If the draft was changed since, the answer is 412 and nothing is done; without it the change is made to whatever is there.
}

// UpdateDraft: Change a draft; what is not given stays (PATCH /v1/inboxes/{inbox}/drafts/{draft}). Its id stays. In IMAP it is a new message with a new UID, and the old one is expunged. A draft that is scheduled is changed by who may send; who may only draft can take the time away.
func (c *Client) UpdateDraft(ctx context.Context, inbox string, draft string, params UpdateDraftParams, body DraftChange) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft), params, body)
}

// DraftChange is a part of the API.
type DraftChange struct {
	AddAttachments    []NewAttachment     `json:"addAttachments,omitzero"`    // Files to attach beside those that are there; at most 100 in all.
	Bcc               any                 `json:"bcc,omitzero"`               // Likewise.
	Cc                any                 `json:"cc,omitzero"`                // Likewise.
	From              any                 `json:"from,omitzero"`              // One of the inbox's addresses.
	Headers           map[string]string   `json:"headers,omitzero"`           // Header fields of your own in the place of those that are there.
	HTML              *string             `json:"html,omitempty"`             // The text as HTML; without text it is made from that.
	Labels            []string            `json:"labels,omitzero"`            // Labels of your own in the place of those that are there.
	RemoveAttachments []string            `json:"removeAttachments,omitzero"` // Ids of attachments to take away, as this version of the draft has them.
	ReplyTo           any                 `json:"replyTo,omitzero"`           // Likewise.
	SendAt            Nullable[time.Time] `json:"sendAt,omitzero"`            // When it is sent, at most a year ahead; null takes the time away.
	Subject           *string             `json:"subject,omitempty"`          // One line of at most 1000 characters.
	Text              *string             `json:"text,omitempty"`             // The text. Text and html are one body: who gives one of them replaces both.
	To                any                 `json:"to,omitzero"`                // Recipients in the place of those that are there; [] for none.
	Unsubscribe       *bool               `json:"unsubscribe,omitempty"`      // Give each recipient a link to unsubscribe with one click.
}

// DraftList is a part of the API.
type DraftList struct {
	Drafts     []MessageObject `json:"drafts"`              // Those last changed first, without html and with text cut to preview.
	NextCursor string          `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// DraftOriginal is a part of the API.
type DraftOriginal struct {
	As        string `json:"as"`              // What is made of it, as the routes of these names make it.
	MessageID string `json:"messageId"`       // Id of the message, msg_…
	Quote     *bool  `json:"quote,omitempty"` // Of a reply: put the original's text below.
}

// NewDraft is a part of the API.
type NewDraft struct {
	Attachments []NewAttachment   `json:"attachments,omitzero"`  // Files, and pictures that the HTML shows; at most 100.
	Bcc         any               `json:"bcc,omitzero"`          // Recipients that the others are not told of: one or a list.
	Cc          any               `json:"cc,omitzero"`           // Recipients of a copy: one or a list.
	From        any               `json:"from,omitzero"`         // One of the inbox's addresses, with +suffix if you like; without it the primary one, with the inbox's display name.
	Headers     map[string]string `json:"headers,omitzero"`      // Header fields of your own by their names; at most 50, together 16 KiB.
	HTML        *string           `json:"html,omitempty"`        // The text as HTML.
	InReplyTo   *string           `json:"inReplyTo,omitempty"`   // The Message-ID that it answers, with its angle brackets; of a message of the inbox, it joins its thread.
	Labels      []string          `json:"labels,omitzero"`       // Labels of your own that the message bears.
	Original    *DraftOriginal    `json:"original,omitempty"`    // The message that it answers or hands on.
	ReplyTo     any               `json:"replyTo,omitzero"`      // Where answers should go, if not to from: one or a list.
	SendAt      *time.Time        `json:"sendAt,omitempty"`      // Not before this time, at most a year ahead; a time that has passed is at once.
	Subject     *string           `json:"subject,omitempty"`     // One line of at most 1000 characters.
	Text        *string           `json:"text,omitempty"`        // The text. With html alone it is made from that.
	To          any               `json:"to,omitzero"`           // Recipients: one or a list.
	Unsubscribe *bool             `json:"unsubscribe,omitempty"` // Give each recipient a link to unsubscribe with one click (RFC 8058); the message then goes to each alone.
}
