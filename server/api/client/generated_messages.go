// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"io"
	"net/url"
	"time"
)

// CancelMessageParams are what CancelMessage may be told besides; zero values are left out.
type CancelMessageParams = WorkspaceIDIdempotencyKeyParams

// CancelMessage: Do not send a message to those of its recipients that still wait (POST /v1/inboxes/{inbox}/messages/{message}/cancel).
func (c *Client) CancelMessage(ctx context.Context, inbox string, message string, params CancelMessageParams) (*Cancelled, error) {
	return do[Cancelled](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/cancel", params, nil)
}

// DeleteMessageParams are what DeleteMessage may be told besides; zero values are left out.
type DeleteMessageParams = WorkspaceIDPermanentParams

// DeleteMessage: Move a message to Trash, or remove it from there; one that is scheduled is cancelled (DELETE /v1/inboxes/{inbox}/messages/{message}).
func (c *Client) DeleteMessage(ctx context.Context, inbox string, message string, params DeleteMessageParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message), params, nil)
}

// DeleteMessagesParams are what DeleteMessages may be told besides; zero values are left out.
type DeleteMessagesParams = WorkspaceIDIdempotencyKeyParams

// DeleteMessages: Move up to 1000 messages to Trash, or remove them, in one commit (POST /v1/inboxes/{inbox}/messages/batch-delete).
func (c *Client) DeleteMessages(ctx context.Context, inbox string, params DeleteMessagesParams, body BatchDeleteBody) (*ChangeResults, error) {
	return do[ChangeResults](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/batch-delete", params, body)
}

// ForwardMessageParams are what ForwardMessage may be told besides; zero values are left out.
type ForwardMessageParams = WorkspaceIDIdempotencyKeyParams

// ForwardMessage: Hand a message on with its text and attachments (POST /v1/inboxes/{inbox}/messages/{message}/forward).
func (c *Client) ForwardMessage(ctx context.Context, inbox string, message string, params ForwardMessageParams, body NewForwardBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/forward", params, body)
}

// GetAttachmentParams are what GetAttachment may be told besides; zero values are left out.
type GetAttachmentParams = WorkspaceIDParams

// GetAttachment: Get an attachment, decoded (GET /v1/inboxes/{inbox}/messages/{message}/attachments/{attachment}).
func (c *Client) GetAttachment(ctx context.Context, inbox string, message string, attachment string, params GetAttachmentParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/attachments/"+url.PathEscape(attachment), "", params, nil)
}

// GetDeliveryParams are what GetDelivery may be told besides; zero values are left out.
type GetDeliveryParams = WorkspaceIDParams

// GetDelivery: What became of each recipient of a message that was sent (GET /v1/inboxes/{inbox}/messages/{message}/delivery).
func (c *Client) GetDelivery(ctx context.Context, inbox string, message string, params GetDeliveryParams) (*RecipientList, error) {
	return do[RecipientList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/delivery", params, nil)
}

// GetMessageParams are what GetMessage may be told besides; zero values are left out.
type GetMessageParams = WorkspaceIDParams

// GetMessage: Get a message; it is not marked as read (GET /v1/inboxes/{inbox}/messages/{message}).
func (c *Client) GetMessage(ctx context.Context, inbox string, message string, params GetMessageParams) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message), params, nil)
}

// GetMessagesParams are what GetMessages may be told besides; zero values are left out.
type GetMessagesParams = WorkspaceIDIdempotencyKeyParams

// GetMessages: Get up to 100 messages by their ids (POST /v1/inboxes/{inbox}/messages/batch-get).
func (c *Client) GetMessages(ctx context.Context, inbox string, params GetMessagesParams, body BatchGetBody) (*ReadResults, error) {
	return do[ReadResults](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/batch-get", params, body)
}

// GetRawMessageParams are what GetRawMessage may be told besides; zero values are left out.
type GetRawMessageParams = WorkspaceIDParams

// GetRawMessage: Get a message as it lies on the disk (GET /v1/inboxes/{inbox}/messages/{message}/raw).
func (c *Client) GetRawMessage(ctx context.Context, inbox string, message string, params GetRawMessageParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/raw", "", params, nil)
}

// ListMessagesParams are what ListMessages may be told besides; zero values are left out.
type ListMessagesParams struct {
	WorkspaceID   string    `query:"workspaceId"`   // Which workspace an operator means; for other keys their own.
	Limit         int64     `query:"limit"`         // Entries of a page.
	Cursor        string    `query:"cursor"`        // nextCursor of the page before.
	Q             string    `query:"q"`             // What to look for, written as for GET /v1/search: newest first, with highlights; threads are those in which a message is found.
	Labels        []string  `query:"labels"`        // Only messages that bear all of these, at most 32; separated by commas, or given several times.
	From          string    `query:"from"`          // Part of the sender's name or address.
	To            string    `query:"to"`            // Part of a recipient's name or address.
	Subject       string    `query:"subject"`       // Part of the subject.
	ThreadID      string    `query:"threadId"`      // Only messages of this thread.
	Mailbox       string    `query:"mailbox"`       // Name of an IMAP mailbox.
	MessageID     string    `query:"messageId"`     // The RFC Message-ID, with its angle brackets.
	After         time.Time `query:"after"`         // Received at this time or later; of a thread, its newest message.
	Before        time.Time `query:"before"`        // Received before this time; likewise.
	Unread        string    `query:"unread"`        // true: only unread ones; false: only read ones.
	HasAttachment string    `query:"hasAttachment"` // Whether something is attached.
	IncludeTrash  bool      `query:"includeTrash"`  // Also those that lie in Trash alone.
	IncludeSpam   bool      `query:"includeSpam"`   // Also those that lie in Junk alone.
	Ascending     bool      `query:"ascending"`     // Oldest first instead of newest first.
}

// ListMessages: List messages (GET /v1/inboxes/{inbox}/messages).
func (c *Client) ListMessages(ctx context.Context, inbox string, params ListMessagesParams) (*MessageList, error) {
	return do[MessageList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages", params, nil)
}

// ListWorkspaceMessagesParams are what ListWorkspaceMessages may be told besides; zero values are left out.
type ListWorkspaceMessagesParams = ListMessagesParams

// ListWorkspaceMessages: List messages of all inboxes of a workspace; with an inbox key, of its inbox (GET /v1/messages).
func (c *Client) ListWorkspaceMessages(ctx context.Context, params ListWorkspaceMessagesParams) (*MessageList, error) {
	return do[MessageList](ctx, c, "GET", "/v1/messages", params, nil)
}

// ReplyToAllParams are what ReplyToAll may be told besides; zero values are left out.
type ReplyToAllParams = WorkspaceIDIdempotencyKeyParams

// ReplyToAll: Answer a message; it goes to who wrote it and to all who got it (POST /v1/inboxes/{inbox}/messages/{message}/reply-all). to and cc take the place of the recipients that the original gives, subject that of its subject.
func (c *Client) ReplyToAll(ctx context.Context, inbox string, message string, params ReplyToAllParams, body NewReplyBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/reply-all", params, body)
}

// ReplyToMessageParams are what ReplyToMessage may be told besides; zero values are left out.
type ReplyToMessageParams = WorkspaceIDIdempotencyKeyParams

// ReplyToMessage: Answer a message; it goes to who wrote it (POST /v1/inboxes/{inbox}/messages/{message}/reply). to and cc take the place of the recipients that the original gives, subject that of its subject.
func (c *Client) ReplyToMessage(ctx context.Context, inbox string, message string, params ReplyToMessageParams, body NewReplyBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/reply", params, body)
}

// SearchParams are what Search may be told besides; zero values are left out.
type SearchParams struct {
	WorkspaceID  string `query:"workspaceId"`  // Which workspace an operator means; for other keys their own.
	Limit        int64  `query:"limit"`        // Entries of a page.
	Cursor       string `query:"cursor"`       // nextCursor of the page before.
	Q            string `query:"q"`            // What to look for; see the description of this operation.
	Sort         string `query:"sort"`         // relevance: where it stands (subject, sender, attachment names, recipients, text, in this order) and how new it is, among the newest 1,000; the others follow, newest first.
	InboxID      string `query:"inboxId"`      // Only in this inbox, its id or address; without it in all of the workspace, or in a key's own inbox.
	IncludeTrash bool   `query:"includeTrash"` // Also what lies in Trash alone.
	IncludeSpam  bool   `query:"includeSpam"`  // Also what lies in Junk alone.
}

// Search: Search messages (GET /v1/search). Words are all looked for, in any order, in subject, addresses, text and attachment names, whatever their case and accents; in languages without spaces, parts of a text. "words in quotes" stand one behind the other; invoi* is the beginning of a word; -word must not be there; a OR b; parentheses group. Operators: from:, to: (also Cc and Bcc), cc:, bcc:, subject:, filename:, label:, in: (a mailbox; in:anywhere is all of them), is:unread, is:read, is:starred, is:sent, is:received, is:draft, has:attachment, thread:, before: and after: (a day such as 2026-05-31, from midnight UTC, or a time; after: includes it). from:(ann OR bob) and subject:"two words" work too. What looks like an operator and is none is text. Trash and Junk are left out unless in: or label: names them. At most 2,048 octets and 32 conditions; of each message the first 256 KiB of text are searched, and of attachments the names.
func (c *Client) Search(ctx context.Context, params SearchParams) (*HitList, error) {
	return do[HitList](ctx, c, "GET", "/v1/search", params, nil)
}

// SendMessageParams are what SendMessage may be told besides; zero values are left out.
type SendMessageParams = WorkspaceIDIdempotencyKeyParams

// SendMessage: Send a message (POST /v1/inboxes/{inbox}/messages).
func (c *Client) SendMessage(ctx context.Context, inbox string, params SendMessageParams, body NewMessageBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages", params, body)
}

// SimulateMessageParams are what SimulateMessage may be told besides; zero values are left out.
type SimulateMessageParams = WorkspaceIDIdempotencyKeyParams

// SimulateMessage: Make a message come in that nobody sent, for trying things out (POST /v1/inboxes/{inbox}/simulate). It goes the way of real mail: events, threads, codes, Junk, records, bounces and suppressions come out as they would. Nothing leaves the server. The message has a field Postroom-Simulated. A bounce, a delay or a complaint is about a message that was sent to a reserved domain such as example.com or to a domain of the workspace, or on a server that catches mail to anybody.
func (c *Client) SimulateMessage(ctx context.Context, inbox string, params SimulateMessageParams, body SimulateRequestBody) (*Simulated, error) {
	return do[Simulated](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/simulate", params, body)
}

// UpdateMessageParams are what UpdateMessage may be told besides; zero values are left out.
type UpdateMessageParams = WorkspaceIDParams

// UpdateMessage: Change a message's labels, or when it is sent (PATCH /v1/inboxes/{inbox}/messages/{message}).
func (c *Client) UpdateMessage(ctx context.Context, inbox string, message string, params UpdateMessageParams, body MessageChangeBody) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message), params, body)
}

// UpdateMessagesParams are what UpdateMessages may be told besides; zero values are left out.
type UpdateMessagesParams = WorkspaceIDIdempotencyKeyParams

// UpdateMessages: Change the labels of up to 1000 messages, in one commit (POST /v1/inboxes/{inbox}/messages/batch-update).
func (c *Client) UpdateMessages(ctx context.Context, inbox string, params UpdateMessagesParams, body BatchUpdateBody) (*ChangeResults, error) {
	return do[ChangeResults](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/batch-update", params, body)
}

// WaitForMessageParams are what WaitForMessage may be told besides; zero values are left out.
type WaitForMessageParams = WorkspaceIDIdempotencyKeyParams

// WaitForMessage: Wait for a message and give the codes and links in it (POST /v1/inboxes/{inbox}/wait).
func (c *Client) WaitForMessage(ctx context.Context, inbox string, params WaitForMessageParams, body WaitRequestBody) (*Awaited, error) {
	return do[Awaited](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/wait", params, body)
}

// Awaited is a part of the API.
type Awaited struct {
	Codes    []CodeObject   `json:"codes"`             // One-time codes in it, found by rule; not in replies and not in quoted history. Often none.
	Links    []LinkObject   `json:"links"`             // Links in it that verify, sign in, reset a password or accept an invitation, found by rule. They are not opened.
	Message  *MessageObject `json:"message,omitempty"` // As GET gives it.
	TimedOut bool           `json:"timedOut"`          // No message came in time; message is absent then.
}

// BatchDeleteBody is a part of the API.
type BatchDeleteBody struct {
	IDs       []string `json:"ids"`                 // Ids of messages of the inbox; each is deleted once.
	Permanent *bool    `json:"permanent,omitempty"` // Remove for good instead of moving to Trash.
}

// BatchGetBody is a part of the API.
type BatchGetBody struct {
	IDs []string `json:"ids"` // Ids of messages of the inbox; each is read once.
}

// BatchProblem is a part of the API.
type BatchProblem struct {
	Code   string `json:"code"`   // As of a problem: not_found, limit_reached.
	Detail string `json:"detail"` // One sentence that says what to do.
}

// BatchUpdateBody is a part of the API.
type BatchUpdateBody struct {
	AddLabels    []string `json:"addLabels,omitzero"`    // unread, read, starred, spam, trash, or labels of your own.
	IDs          []string `json:"ids"`                   // Ids of messages of the inbox; each is changed once.
	RemoveLabels []string `json:"removeLabels,omitzero"` // Labels to take away, of the same kinds.
	Unread       *bool    `json:"unread,omitempty"`      // The same as adding or removing unread.
}

// Cancelled is a part of the API.
type Cancelled struct {
	Cancelled int64 `json:"cancelled"` // How many recipients will not get it.
}

// ChangeResult is a part of the API.
type ChangeResult struct {
	ID      string        `json:"id"`                // As it was given.
	Labels  []string      `json:"labels,omitzero"`   // What the message bears now; absent if it is gone, or not the inbox's.
	Problem *BatchProblem `json:"problem,omitempty"` // Why it was not changed; absent if it was.
}

// ChangeResults is a part of the API.
type ChangeResults struct {
	Results []ChangeResult `json:"results"` // One for each id, in the order given, each id once.
}

// CodeObject is a part of the API.
type CodeObject struct {
	Excerpt string `json:"excerpt"`       // The line that holds it.
	Place   string `json:"place"`         // Where it was seen first.
	Rule    string `json:"rule"`          // Why it is taken for a code.
	Value   string `json:"value"`         // As one would type it: 123456, ABCD-EFGH.
	Word    string `json:"word,omitzero"` // The word by which it was found: verification code.
	Written string `json:"written"`       // As it stands in the message: 123 456.
}

// HitList is a part of the API.
type HitList struct {
	Hits       []MessageObject `json:"hits"`                // Messages as lists give them, with highlights.
	NextCursor string          `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one. A page may have fewer hits than it could and not be the last.
	Partial    bool            `json:"partial,omitzero"`    // Mail of before an update of the server is still being indexed; older messages may be missing.
}

// LinkObject is a part of the API.
type LinkObject struct {
	Differs bool   `json:"differs"` // The text names a host, and the link leads to another registrable domain. Links that are counted do so too.
	Kind    string `json:"kind"`    // What it is for.
	Place   string `json:"place"`   // Where it was seen first.
	Rule    string `json:"rule"`    // What spoke for it: text, context, address.
	Text    string `json:"text"`    // Of the link, or what stands before it; may be empty.
	URL     string `json:"url"`     // Whole, as it stands in the message.
}

// MessageChangeBody is a part of the API.
type MessageChangeBody struct {
	AddLabels    []string            `json:"addLabels,omitzero"`    // unread, read, starred, spam, trash, or labels of your own.
	RemoveLabels []string            `json:"removeLabels,omitzero"` // Labels to take away, of the same kinds.
	SendAt       Nullable[time.Time] `json:"sendAt,omitzero"`       // Another time for what waits for one, at most a year ahead; a time that has passed is at once, null cancels. Of a draft: when it is sent, null takes the time away.
	Unread       *bool               `json:"unread,omitempty"`      // The same as adding or removing unread.
}

// MessageList is a part of the API.
type MessageList struct {
	Messages   []MessageObject `json:"messages"`            // In the order asked for, without html and with text cut to preview.
	NextCursor string          `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Partial    bool            `json:"partial,omitzero"`    // Of a search: mail of before an update of the server is still being indexed; older messages may be missing.
}

// NewForwardBody is a part of the API.
type NewForwardBody struct {
	Attachments []NewAttachment   `json:"attachments,omitzero"`  // Files, and pictures that the HTML shows; at most 100.
	Bcc         any               `json:"bcc,omitzero"`          // Recipients that the others are not told of: one or a list.
	Cc          any               `json:"cc,omitzero"`           // Recipients of a copy: one or a list.
	From        any               `json:"from,omitzero"`         // One of the inbox's addresses, with +suffix if you like; without it the primary one, with the inbox's display name.
	Headers     map[string]string `json:"headers,omitzero"`      // Header fields of your own by their names; at most 50, together 16 KiB.
	HTML        *string           `json:"html,omitempty"`        // The text as HTML.
	Labels      []string          `json:"labels,omitzero"`       // Labels of your own that the message bears.
	ReplyTo     any               `json:"replyTo,omitzero"`      // Where answers should go, if not to from: one or a list.
	SendAt      *time.Time        `json:"sendAt,omitempty"`      // Not before this time, at most a year ahead; a time that has passed is at once.
	Subject     *string           `json:"subject,omitempty"`     // One line of at most 1000 characters.
	Text        *string           `json:"text,omitempty"`        // The text. With html alone it is made from that.
	To          any               `json:"to,omitzero"`           // Recipients: one or a list.
	Unsubscribe *bool             `json:"unsubscribe,omitempty"` // Give each recipient a link to unsubscribe with one click (RFC 8058); the message then goes to each alone.
}

// NewMessageBody is a part of the API.
type NewMessageBody struct {
	Attachments []NewAttachment   `json:"attachments,omitzero"`  // Files, and pictures that the HTML shows; at most 100.
	Bcc         any               `json:"bcc,omitzero"`          // Recipients that the others are not told of: one or a list.
	Cc          any               `json:"cc,omitzero"`           // Recipients of a copy: one or a list.
	From        any               `json:"from,omitzero"`         // One of the inbox's addresses, with +suffix if you like; without it the primary one, with the inbox's display name.
	Headers     map[string]string `json:"headers,omitzero"`      // Header fields of your own by their names; at most 50, together 16 KiB.
	HTML        *string           `json:"html,omitempty"`        // The text as HTML.
	InReplyTo   *string           `json:"inReplyTo,omitempty"`   // The Message-ID that it answers, with its angle brackets; of a message of the inbox, it joins its thread.
	Labels      []string          `json:"labels,omitzero"`       // Labels of your own that the message bears.
	ReplyTo     any               `json:"replyTo,omitzero"`      // Where answers should go, if not to from: one or a list.
	SendAt      *time.Time        `json:"sendAt,omitempty"`      // Not before this time, at most a year ahead; a time that has passed is at once.
	Subject     *string           `json:"subject,omitempty"`     // One line of at most 1000 characters.
	Text        *string           `json:"text,omitempty"`        // The text. With html alone it is made from that.
	To          any               `json:"to,omitzero"`           // Recipients: one or a list.
	Unsubscribe *bool             `json:"unsubscribe,omitempty"` // Give each recipient a link to unsubscribe with one click (RFC 8058); the message then goes to each alone.
}

// NewReplyBody is a part of the API.
type NewReplyBody struct {
	Attachments []NewAttachment   `json:"attachments,omitzero"`  // Files, and pictures that the HTML shows; at most 100.
	Bcc         any               `json:"bcc,omitzero"`          // Recipients that the others are not told of: one or a list.
	Cc          any               `json:"cc,omitzero"`           // Recipients of a copy: one or a list.
	From        any               `json:"from,omitzero"`         // One of the inbox's addresses, with +suffix if you like; without it the primary one, with the inbox's display name.
	Headers     map[string]string `json:"headers,omitzero"`      // Header fields of your own by their names; at most 50, together 16 KiB.
	HTML        *string           `json:"html,omitempty"`        // The text as HTML.
	Labels      []string          `json:"labels,omitzero"`       // Labels of your own that the message bears.
	Quote       *bool             `json:"quote,omitempty"`       // Put the original's text below.
	ReplyTo     any               `json:"replyTo,omitzero"`      // Where answers should go, if not to from: one or a list.
	SendAt      *time.Time        `json:"sendAt,omitempty"`      // Not before this time, at most a year ahead; a time that has passed is at once.
	Subject     *string           `json:"subject,omitempty"`     // One line of at most 1000 characters.
	Text        *string           `json:"text,omitempty"`        // The text. With html alone it is made from that.
	To          any               `json:"to,omitzero"`           // Recipients: one or a list.
	Unsubscribe *bool             `json:"unsubscribe,omitempty"` // Give each recipient a link to unsubscribe with one click (RFC 8058); the message then goes to each alone.
}

// ReadResult is a part of the API.
type ReadResult struct {
	ID      string         `json:"id"`                // As it was given.
	Message *MessageObject `json:"message,omitempty"` // The message; absent if there is a problem.
	Problem *BatchProblem  `json:"problem,omitempty"` // Why there is no message.
}

// ReadResults is a part of the API.
type ReadResults struct {
	Results []ReadResult `json:"results"` // One for each id, in the order given, each id once.
}

// Recipient is a part of the API.
type Recipient struct {
	Attempts      int64     `json:"attempts"`               // How often it was tried.
	AttemptsList  []Attempt `json:"attemptsList"`           // Each try, oldest first.
	Code          int64     `json:"code,omitzero"`          // SMTP reply code of the last try.
	EndedAt       time.Time `json:"endedAt,omitzero"`       // When it stopped waiting.
	EnhancedCode  string    `json:"enhancedCode,omitzero"`  // Enhanced status code (RFC 3463).
	ID            string    `json:"id"`                     // Names it in the queue; begins with out_.
	NextAttemptAt time.Time `json:"nextAttemptAt,omitzero"` // When it is tried next, at the earliest; absent if it is held or does not wait.
	Reason        string    `json:"reason,omitzero"`        // Kind of the last failure, such as mailboxFull.
	Recipient     string    `json:"recipient"`              // The address.
	Reply         string    `json:"reply,omitzero"`         // What the server said, or what went wrong.
	Status        string    `json:"status"`                 // Where it stands; sent: a relay has it.
	Why           string    `json:"why,omitzero"`           // Why it waits: held, scheduled, notYet (it can still be cancelled), paused (inbox and recipient answer each other too fast), retryAt, queued, sending, turn, siteBusy, siteRests, workspaceBusy or workersBusy.
	WhyUntil      time.Time `json:"whyUntil,omitzero"`      // Until when, where that is known.
}

// RecipientList is a part of the API.
type RecipientList struct {
	Recipients []Recipient `json:"recipients"` // In the order in which they were given.
}

// SimulateRequestBody is a part of the API.
type SimulateRequestBody struct {
	Attachments []NewAttachment `json:"attachments,omitzero"` // Files, at most 100.
	Auth        *SimulatedAuth  `json:"auth,omitempty"`       // What the checks of the sender are to say.
	From        any             `json:"from,omitzero"`        // Who wrote it: one address.
	HTML        *string         `json:"html,omitempty"`       // The text as HTML, likewise.
	MessageID   *string         `json:"messageId,omitempty"`  // Of reply, autoReply, bounce, delay and complaint: the message that it is about, by its id or its Message-ID. Without it the newest one that the inbox has sent and that it can be about. Of a received message, reply is one more from its author.
	Reason      *string         `json:"reason,omitempty"`     // Of a bounce: why. userUnknown by default, which suppresses the address.
	Recipient   *string         `json:"recipient,omitempty"`  // Which recipient of that message it is about or from; the first one by default.
	Scenario    string          `json:"scenario"`             // What comes in. The rest is made up where it is not given.
	Subject     *string         `json:"subject,omitempty"`    // One line of at most 1000 characters.
	Text        *string         `json:"text,omitempty"`       // The text, in the place of the scenario's text and HTML.
	To          *string         `json:"to,omitempty"`         // One of the inbox's addresses, with +suffix if you like; the primary one by default.
}

// Simulated is a part of the API.
type Simulated struct {
	AboutID   string `json:"aboutId,omitzero"`   // The message that it is about or answers.
	ID        string `json:"id,omitzero"`        // Of the message; begins with msg_. Absent if it was refused.
	MessageID string `json:"messageId"`          // Its RFC Message-ID, with its angle brackets.
	Outcome   string `json:"outcome"`            // Where it went: to the inbox, to Junk with a record, or nowhere, with a record.
	Reason    string `json:"reason,omitzero"`    // Why it was not delivered, as in GET /v1/rejections.
	Recipient string `json:"recipient,omitzero"` // Which recipient of that message.
	Scenario  string `json:"scenario"`           // As it was asked for.
	ThreadID  string `json:"threadId,omitzero"`  // The thread that it belongs to.
}

// SimulatedAuth is a part of the API.
type SimulatedAuth struct {
	DKIM   *string `json:"dkim,omitempty"`   // Of the signature; none: there is none.
	DMARC  *string `json:"dmarc,omitempty"`  // Of DMARC. Without it pass where SPF or DKIM pass, fail where there is a policy, else none.
	Policy *string `json:"policy,omitempty"` // What the author's domain asks to be done with mail that fails.
	SPF    *string `json:"spf,omitempty"`    // Of SPF.
}

// WaitMatch is a part of the API.
type WaitMatch struct {
	After       *string `json:"after,omitempty"`       // Also what is there already: received at this time or later (RFC 3339, by the server's clock), or after the message with this id, received or sent. Take either before you do what triggers the mail, and nothing is missed. Of several that are there the newest is given, of several that come the first. Without it only messages that come while this request waits.
	From        *string `json:"from,omitempty"`        // Part of the author's name or address as the From field has them, without regard to case.
	IncludeJunk *bool   `json:"includeJunk,omitempty"` // Also a message that was filed as junk.
	Subject     *string `json:"subject,omitempty"`     // Part of the subject, likewise.
	ThreadID    *string `json:"threadId,omitempty"`    // Only a message of this thread. Of a thread that does not exist nothing will come.
	WithCode    *bool   `json:"withCode,omitempty"`    // Only a message in which a one-time code, or one of the links, is found. Of what is there already the newest 100 that match otherwise are looked at.
}

// WaitRequestBody is a part of the API.
type WaitRequestBody struct {
	Match          *WaitMatch `json:"match,omitempty"`          // Which message: all that is given must be so; an empty one takes any that is received.
	TimeoutSeconds *int64     `json:"timeoutSeconds,omitempty"` // How long to wait; 30 if it is not given, 0 looks once.
}
