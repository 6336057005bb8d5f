// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"time"
)

// CancelMessageParams are what CancelMessage may be told besides; zero values are left out.
type CancelMessageParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CancelMessage: Do not send a message to those of its recipients that still wait (POST /v1/inboxes/{inbox}/messages/{message}/cancel).
func (c *Client) CancelMessage(ctx context.Context, inbox string, message string, params CancelMessageParams) (*Cancelled, error) {
	return do[Cancelled](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/cancel", params, nil)
}

// CancelQueueParams are what CancelQueue may be told besides; zero values are left out.
type CancelQueueParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CancelQueue: Give recipients up that wait (POST /v1/queue/cancel).
func (c *Client) CancelQueue(ctx context.Context, params CancelQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/cancel", params, body)
}

// CountQueueParams are what CountQueue may be told besides; zero values are left out.
type CountQueueParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// CountQueue: How much waits for each domain (GET /v1/queue/domains).
func (c *Client) CountQueue(ctx context.Context, params CountQueueParams) (*QueueCounts, error) {
	return do[QueueCounts](ctx, c, "GET", "/v1/queue/domains", params, nil)
}

// CreateAddressParams are what CreateAddress may be told besides; zero values are left out.
type CreateAddressParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateAddress: Give an inbox one more address (POST /v1/inboxes/{inbox}/addresses).
func (c *Client) CreateAddress(ctx context.Context, inbox string, params CreateAddressParams, body NewAddressBody) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/addresses", params, body)
}

// CreateDomainParams are what CreateDomain may be told besides; zero values are left out.
type CreateDomainParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateDomain: Claim a domain; an operator's word verifies it (POST /v1/domains).
func (c *Client) CreateDomain(ctx context.Context, params CreateDomainParams, body NewDomainBody) (*Domain, error) {
	return do[Domain](ctx, c, "POST", "/v1/domains", params, body)
}

// CreateDraftParams are what CreateDraft may be told besides; zero values are left out.
type CreateDraftParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateDraft: Make a draft (POST /v1/inboxes/{inbox}/drafts). A draft with sendAt, which must lie ahead, is sent by itself when that time comes, unless it is changed or deleted before. Mail clients see it in Drafts and can change it there; they put a new draft in its place.
func (c *Client) CreateDraft(ctx context.Context, inbox string, params CreateDraftParams, body NewDraft) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts", params, body)
}

// CreateInboxParams are what CreateInbox may be told besides; zero values are left out.
type CreateInboxParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateInbox: Make an inbox (POST /v1/inboxes).
func (c *Client) CreateInbox(ctx context.Context, params CreateInboxParams, body NewInboxBody) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes", params, body)
}

// CreateInboxKeyParams are what CreateInboxKey may be told besides; zero values are left out.
type CreateInboxKeyParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateInboxKey: Make a key, shown once (POST /v1/inboxes/{inbox}/api-keys).
func (c *Client) CreateInboxKey(ctx context.Context, inbox string, params CreateInboxKeyParams, body KeyInput) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys", params, body)
}

// CreateInboxPasswordParams are what CreateInboxPassword may be told besides; zero values are left out.
type CreateInboxPasswordParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateInboxPassword: Make a new password for IMAP and SMTP, shown once; the old one ends (POST /v1/inboxes/{inbox}/credentials).
func (c *Client) CreateInboxPassword(ctx context.Context, inbox string, params CreateInboxPasswordParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/credentials", params, nil)
}

// CreateListEntryParams are what CreateListEntry may be told besides; zero values are left out.
type CreateListEntryParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateListEntry: Put an address or domain on an allow or block list (POST /v1/lists/{direction}/{type}).
func (c *Client) CreateListEntry(ctx context.Context, direction string, kind string, params CreateListEntryParams, body NewListEntryBody) (*ListEntry, error) {
	return do[ListEntry](ctx, c, "POST", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind), params, body)
}

// CreateSetupLinkParams are what CreateSetupLink may be told besides; zero values are left out.
type CreateSetupLinkParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateSetupLink: Make a link for whoever runs the domain's DNS: a page with its records and their state, for which no key is needed (POST /v1/domains/{domain}/setup-link).
func (c *Client) CreateSetupLink(ctx context.Context, domain string, params CreateSetupLinkParams, body NewSetupLinkBody) (*SetupLink, error) {
	return do[SetupLink](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/setup-link", params, body)
}

// CreateSuppressionParams are what CreateSuppression may be told besides; zero values are left out.
type CreateSuppressionParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateSuppression: Have nothing be sent to addresses any more (POST /v1/suppressions).
func (c *Client) CreateSuppression(ctx context.Context, params CreateSuppressionParams, body NewSuppressionBody) (*Suppressed, error) {
	return do[Suppressed](ctx, c, "POST", "/v1/suppressions", params, body)
}

// CreateWebhookParams are what CreateWebhook may be told besides; zero values are left out.
type CreateWebhookParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateWebhook: Have events posted to a URL (POST /v1/webhooks).
func (c *Client) CreateWebhook(ctx context.Context, params CreateWebhookParams, body NewWebhookBody) (*Webhook, error) {
	return do[Webhook](ctx, c, "POST", "/v1/webhooks", params, body)
}

// CreateWorkspaceParams are what CreateWorkspace may be told besides; zero values are left out.
type CreateWorkspaceParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateWorkspace: Make a workspace (POST /v1/workspaces).
func (c *Client) CreateWorkspace(ctx context.Context, params CreateWorkspaceParams, body NewWorkspaceBody) (*Workspace, error) {
	return do[Workspace](ctx, c, "POST", "/v1/workspaces", params, body)
}

// CreateWorkspaceKeyParams are what CreateWorkspaceKey may be told besides; zero values are left out.
type CreateWorkspaceKeyParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// CreateWorkspaceKey: Make a key, shown once (POST /v1/workspaces/{workspace}/api-keys).
func (c *Client) CreateWorkspaceKey(ctx context.Context, workspace string, params CreateWorkspaceKeyParams, body KeyInput) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys", params, body)
}

// DeleteAddressParams are what DeleteAddress may be told besides; zero values are left out.
type DeleteAddressParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// DeleteAddress: Take an address from an inbox (DELETE /v1/inboxes/{inbox}/addresses/{address}).
func (c *Client) DeleteAddress(ctx context.Context, inbox string, address string, params DeleteAddressParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/addresses/"+url.PathEscape(address), params, nil)
}

// DeleteDomainParams are what DeleteDomain may be told besides; zero values are left out.
type DeleteDomainParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// DeleteDomain: Give a domain up (DELETE /v1/domains/{domain}).
func (c *Client) DeleteDomain(ctx context.Context, domain string, params DeleteDomainParams) error {
	return none(ctx, c, "DELETE", "/v1/domains/"+url.PathEscape(domain), params, nil)
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

// DeleteInboxParams are what DeleteInbox may be told besides; zero values are left out.
type DeleteInboxParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// DeleteInbox: Delete an inbox with all its mail, for good (DELETE /v1/inboxes/{inbox}).
func (c *Client) DeleteInbox(ctx context.Context, inbox string, params DeleteInboxParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox), params, nil)
}

// DeleteInboxKeyParams are what DeleteInboxKey may be told besides; zero values are left out.
type DeleteInboxKeyParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// DeleteInboxKey: Revoke a key (DELETE /v1/inboxes/{inbox}/api-keys/{key}).
func (c *Client) DeleteInboxKey(ctx context.Context, inbox string, key string, params DeleteInboxKeyParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key), params, nil)
}

// DeleteListEntryParams are what DeleteListEntry may be told besides; zero values are left out.
type DeleteListEntryParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	InboxID     string `query:"inboxId"`     // The lists of this inbox, its id or address.
}

// DeleteListEntry: Take an address or domain off a list (DELETE /v1/lists/{direction}/{type}/{entry}).
func (c *Client) DeleteListEntry(ctx context.Context, direction string, kind string, entry string, params DeleteListEntryParams) error {
	return none(ctx, c, "DELETE", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind)+"/"+url.PathEscape(entry), params, nil)
}

// DeleteMessageParams are what DeleteMessage may be told besides; zero values are left out.
type DeleteMessageParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Permanent   bool   `query:"permanent"`   // Remove for good instead of moving to Trash.
}

// DeleteMessage: Move a message to Trash, or remove it from there; one that is scheduled is cancelled (DELETE /v1/inboxes/{inbox}/messages/{message}).
func (c *Client) DeleteMessage(ctx context.Context, inbox string, message string, params DeleteMessageParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message), params, nil)
}

// DeleteMessagesParams are what DeleteMessages may be told besides; zero values are left out.
type DeleteMessagesParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// DeleteMessages: Move up to 1000 messages to Trash, or remove them, in one commit (POST /v1/inboxes/{inbox}/messages/batch-delete).
func (c *Client) DeleteMessages(ctx context.Context, inbox string, params DeleteMessagesParams, body BatchDeleteBody) (*ChangeResults, error) {
	return do[ChangeResults](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/batch-delete", params, body)
}

// DeleteSuppressionParams are what DeleteSuppression may be told besides; zero values are left out.
type DeleteSuppressionParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// DeleteSuppression: Let mail be sent to an address again (DELETE /v1/suppressions/{address}).
func (c *Client) DeleteSuppression(ctx context.Context, address string, params DeleteSuppressionParams) error {
	return none(ctx, c, "DELETE", "/v1/suppressions/"+url.PathEscape(address), params, nil)
}

// DeleteThreadParams are what DeleteThread may be told besides; zero values are left out.
type DeleteThreadParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Permanent   bool   `query:"permanent"`   // Remove for good instead of moving to Trash.
}

// DeleteThread: Move a thread's messages to Trash, or remove them (DELETE /v1/inboxes/{inbox}/threads/{thread}).
func (c *Client) DeleteThread(ctx context.Context, inbox string, thread string, params DeleteThreadParams) error {
	return none(ctx, c, "DELETE", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, nil)
}

// DeleteWebhookParams are what DeleteWebhook may be told besides; zero values are left out.
type DeleteWebhookParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// DeleteWebhook: Delete a webhook with its log (DELETE /v1/webhooks/{webhook}).
func (c *Client) DeleteWebhook(ctx context.Context, webhook string, params DeleteWebhookParams) error {
	return none(ctx, c, "DELETE", "/v1/webhooks/"+url.PathEscape(webhook), params, nil)
}

// DeleteWorkspace: Delete a workspace with all its mail, for good (DELETE /v1/workspaces/{workspace}).
func (c *Client) DeleteWorkspace(ctx context.Context, workspace string) error {
	return none(ctx, c, "DELETE", "/v1/workspaces/"+url.PathEscape(workspace), nil, nil)
}

// DeleteWorkspaceKey: Revoke a key (DELETE /v1/workspaces/{workspace}/api-keys/{key}).
func (c *Client) DeleteWorkspaceKey(ctx context.Context, workspace string, key string) error {
	return none(ctx, c, "DELETE", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key), nil, nil)
}

// ExportSuppressionsParams are what ExportSuppressions may be told besides; zero values are left out.
type ExportSuppressionsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// ExportSuppressions: All suppressed addresses as CSV, newest first (GET /v1/suppressions/export).
func (c *Client) ExportSuppressions(ctx context.Context, params ExportSuppressionsParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/suppressions/export", "", params, nil)
}

// ForwardMessageParams are what ForwardMessage may be told besides; zero values are left out.
type ForwardMessageParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ForwardMessage: Hand a message on with its text and attachments (POST /v1/inboxes/{inbox}/messages/{message}/forward).
func (c *Client) ForwardMessage(ctx context.Context, inbox string, message string, params ForwardMessageParams, body NewForwardBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/forward", params, body)
}

// GetAttachmentParams are what GetAttachment may be told besides; zero values are left out.
type GetAttachmentParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetAttachment: Get an attachment, decoded (GET /v1/inboxes/{inbox}/messages/{message}/attachments/{attachment}).
func (c *Client) GetAttachment(ctx context.Context, inbox string, message string, attachment string, params GetAttachmentParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/attachments/"+url.PathEscape(attachment), "", params, nil)
}

// GetDeliveryParams are what GetDelivery may be told besides; zero values are left out.
type GetDeliveryParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetDelivery: What became of each recipient of a message that was sent (GET /v1/inboxes/{inbox}/messages/{message}/delivery).
func (c *Client) GetDelivery(ctx context.Context, inbox string, message string, params GetDeliveryParams) (*RecipientList, error) {
	return do[RecipientList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/delivery", params, nil)
}

// GetDomainParams are what GetDomain may be told besides; zero values are left out.
type GetDomainParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetDomain: Get a domain, its DNS records and what is found of them (GET /v1/domains/{domain}).
func (c *Client) GetDomain(ctx context.Context, domain string, params GetDomainParams) (*Domain, error) {
	return do[Domain](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain), params, nil)
}

// GetDomainHealthParams are what GetDomainHealth may be told besides; zero values are left out.
type GetDomainHealthParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetDomainHealth: See how a domain does: its records, and the server that its mail comes from (GET /v1/domains/{domain}/health).
func (c *Client) GetDomainHealth(ctx context.Context, domain string, params GetDomainHealthParams) (*DomainHealth, error) {
	return do[DomainHealth](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/health", params, nil)
}

// GetDomainReportsParams are what GetDomainReports may be told besides; zero values are left out.
type GetDomainReportsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Days        int64  `query:"days"`        // How far back; 30 unless told.
}

// GetDomainReports: See what others report about a domain's mail: who sends in its name and what passes DMARC, and who could not reach it over TLS (GET /v1/domains/{domain}/reports).
func (c *Client) GetDomainReports(ctx context.Context, domain string, params GetDomainReportsParams) (*DomainReports, error) {
	return do[DomainReports](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/reports", params, nil)
}

// GetDomainSendingParams are what GetDomainSending may be told besides; zero values are left out.
type GetDomainSendingParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetDomainSending: How its mail leaves (GET /v1/domains/{domain}/sending).
func (c *Client) GetDomainSending(ctx context.Context, domain string, params GetDomainSendingParams) (*Sending, error) {
	return do[Sending](ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/sending", params, nil)
}

// GetDraftParams are what GetDraft may be told besides; zero values are left out.
type GetDraftParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetDraft: Get a draft (GET /v1/inboxes/{inbox}/drafts/{draft}).
func (c *Client) GetDraft(ctx context.Context, inbox string, draft string, params GetDraftParams) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft), params, nil)
}

// GetDraftAttachmentParams are what GetDraftAttachment may be told besides; zero values are left out.
type GetDraftAttachmentParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetDraftAttachment: Get an attachment of a draft, decoded (GET /v1/inboxes/{inbox}/drafts/{draft}/attachments/{attachment}).
func (c *Client) GetDraftAttachment(ctx context.Context, inbox string, draft string, attachment string, params GetDraftAttachmentParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts/"+url.PathEscape(draft)+"/attachments/"+url.PathEscape(attachment), "", params, nil)
}

// GetHealth: See how the server does: names, ports, certificates, disk, queue, and what to do (GET /v1/health). For operators. What other servers have to be asked for is up to a minute old.
func (c *Client) GetHealth(ctx context.Context) (*ServerHealth, error) {
	return do[ServerHealth](ctx, c, "GET", "/v1/health", nil, nil)
}

// GetInboxParams are what GetInbox may be told besides; zero values are left out.
type GetInboxParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetInbox: Get an inbox (GET /v1/inboxes/{inbox}).
func (c *Client) GetInbox(ctx context.Context, inbox string, params GetInboxParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox), params, nil)
}

// GetInboxKeyParams are what GetInboxKey may be told besides; zero values are left out.
type GetInboxKeyParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetInboxKey: Get a key (GET /v1/inboxes/{inbox}/api-keys/{key}).
func (c *Client) GetInboxKey(ctx context.Context, inbox string, key string, params GetInboxKeyParams) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key), params, nil)
}

// GetInboxSendingParams are what GetInboxSending may be told besides; zero values are left out.
type GetInboxSendingParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetInboxSending: How its mail leaves (GET /v1/inboxes/{inbox}/sending).
func (c *Client) GetInboxSending(ctx context.Context, inbox string, params GetInboxSendingParams) (*Sending, error) {
	return do[Sending](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/sending", params, nil)
}

// GetListEntryParams are what GetListEntry may be told besides; zero values are left out.
type GetListEntryParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	InboxID     string `query:"inboxId"`     // The lists of this inbox, its id or address.
}

// GetListEntry: Whether an address or domain is on a list (GET /v1/lists/{direction}/{type}/{entry}).
func (c *Client) GetListEntry(ctx context.Context, direction string, kind string, entry string, params GetListEntryParams) (*ListEntry, error) {
	return do[ListEntry](ctx, c, "GET", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind)+"/"+url.PathEscape(entry), params, nil)
}

// GetMe: Who the key is (GET /v1/me).
func (c *Client) GetMe(ctx context.Context) (*Identity, error) {
	return do[Identity](ctx, c, "GET", "/v1/me", nil, nil)
}

// GetMessageParams are what GetMessage may be told besides; zero values are left out.
type GetMessageParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetMessage: Get a message; it is not marked as read (GET /v1/inboxes/{inbox}/messages/{message}).
func (c *Client) GetMessage(ctx context.Context, inbox string, message string, params GetMessageParams) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message), params, nil)
}

// GetMessagesParams are what GetMessages may be told besides; zero values are left out.
type GetMessagesParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// GetMessages: Get up to 100 messages by their ids (POST /v1/inboxes/{inbox}/messages/batch-get).
func (c *Client) GetMessages(ctx context.Context, inbox string, params GetMessagesParams, body BatchGetBody) (*ReadResults, error) {
	return do[ReadResults](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/batch-get", params, body)
}

// GetMetricsParams are what GetMetrics may be told besides; zero values are left out.
type GetMetricsParams struct {
	WorkspaceID string    `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	InboxID     string    `query:"inboxId"`     // Only of this inbox, its id or address; without it of the whole workspace, or of a key's own inbox.
	Types       []string  `query:"types"`       // Only these types of events; separated by commas, or given several times.
	From        time.Time `query:"from"`        // From the hour of this time on; a day before to by the hour, 30 days by the day, unless told.
	To          time.Time `query:"to"`          // Until this time; now unless told.
	Interval    string    `query:"interval"`    // Counts of each hour, of at most 31 days; or of each day in UTC, of at most 366.
}

// GetMetrics: Count messages that came, left, bounced and so on, by hour or day (GET /v1/metrics). Counts are made with the events, are kept for 400 days and outlive them. message.sent counts messages; delivered, deferred, bounced, rejected and complained count recipients.
func (c *Client) GetMetrics(ctx context.Context, params GetMetricsParams) (*MetricsObject, error) {
	return do[MetricsObject](ctx, c, "GET", "/v1/metrics", params, nil)
}

// GetOperatorZoneFile: Get the records of the server's own name and of the operator's zone, with the keys of all verified domains; for operators (GET /v1/operator/zone-file).
func (c *Client) GetOperatorZoneFile(ctx context.Context) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/operator/zone-file", "", nil, nil)
}

// GetRawMessageParams are what GetRawMessage may be told besides; zero values are left out.
type GetRawMessageParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetRawMessage: Get a message as it lies on the disk (GET /v1/inboxes/{inbox}/messages/{message}/raw).
func (c *Client) GetRawMessage(ctx context.Context, inbox string, message string, params GetRawMessageParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/raw", "", params, nil)
}

// GetRejectionParams are what GetRejection may be told besides; zero values are left out.
type GetRejectionParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetRejection: Get the record of mail that was refused or put aside (GET /v1/rejections/{rejection}).
func (c *Client) GetRejection(ctx context.Context, rejection string, params GetRejectionParams) (*Rejection, error) {
	return do[Rejection](ctx, c, "GET", "/v1/rejections/"+url.PathEscape(rejection), params, nil)
}

// GetSuppressionParams are what GetSuppression may be told besides; zero values are left out.
type GetSuppressionParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetSuppression: Why nothing is sent to an address (GET /v1/suppressions/{address}).
func (c *Client) GetSuppression(ctx context.Context, address string, params GetSuppressionParams) (*Suppression, error) {
	return do[Suppression](ctx, c, "GET", "/v1/suppressions/"+url.PathEscape(address), params, nil)
}

// GetThreadParams are what GetThread may be told besides; zero values are left out.
type GetThreadParams struct {
	WorkspaceID   string `query:"workspaceId"`   // Which workspace an operator means; for other keys their own.
	View          string `query:"view"`          // prompt: the thread as text for a language model, of a form of its own; as text/plain if Accept prefers that to application/json. Otherwise the thread with its messages.
	MaxCharacters int64  `query:"maxCharacters"` // Of the prompt; 40000 unless told. Only with view=prompt.
}

// GetThread: Get a thread with its messages, or as a prompt for a language model (GET /v1/inboxes/{inbox}/threads/{thread}).
func (c *Client) GetThread(ctx context.Context, inbox string, thread string, params GetThreadParams) (*WholeThread, error) {
	return do[WholeThread](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, nil)
}

// GetWebhookParams are what GetWebhook may be told besides; zero values are left out.
type GetWebhookParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetWebhook: Get a webhook, without its secret (GET /v1/webhooks/{webhook}).
func (c *Client) GetWebhook(ctx context.Context, webhook string, params GetWebhookParams) (*Webhook, error) {
	return do[Webhook](ctx, c, "GET", "/v1/webhooks/"+url.PathEscape(webhook), params, nil)
}

// GetWebhookDeliveryParams are what GetWebhookDelivery may be told besides; zero values are left out.
type GetWebhookDeliveryParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetWebhookDelivery: Get a delivery with its attempts (GET /v1/webhooks/{webhook}/deliveries/{delivery}).
func (c *Client) GetWebhookDelivery(ctx context.Context, webhook string, delivery string, params GetWebhookDeliveryParams) (*Posting, error) {
	return do[Posting](ctx, c, "GET", "/v1/webhooks/"+url.PathEscape(webhook)+"/deliveries/"+url.PathEscape(delivery), params, nil)
}

// GetWorkspace: Get a workspace (GET /v1/workspaces/{workspace}).
func (c *Client) GetWorkspace(ctx context.Context, workspace string) (*Workspace, error) {
	return do[Workspace](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace), nil, nil)
}

// GetWorkspaceKey: Get a key (GET /v1/workspaces/{workspace}/api-keys/{key}).
func (c *Client) GetWorkspaceKey(ctx context.Context, workspace string, key string) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key), nil, nil)
}

// GetWorkspaceSending: How its mail leaves (GET /v1/workspaces/{workspace}/sending).
func (c *Client) GetWorkspaceSending(ctx context.Context, workspace string) (*Sending, error) {
	return do[Sending](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace)+"/sending", nil, nil)
}

// GetZoneFileParams are what GetZoneFile may be told besides; zero values are left out.
type GetZoneFileParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// GetZoneFile: Get a domain's records as a zone file to import (GET /v1/domains/{domain}/zone-file).
func (c *Client) GetZoneFile(ctx context.Context, domain string, params GetZoneFileParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/domains/"+url.PathEscape(domain)+"/zone-file", "", params, nil)
}

// HoldQueueParams are what HoldQueue may be told besides; zero values are left out.
type HoldQueueParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// HoldQueue: Keep recipients from being tried (POST /v1/queue/hold).
func (c *Client) HoldQueue(ctx context.Context, params HoldQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/hold", params, body)
}

// ImportSuppressionsParams are what ImportSuppressions may be told besides; zero values are left out.
type ImportSuppressionsParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ImportSuppressions: Suppress the addresses of a file; one with a mistake in it adds nothing (POST /v1/suppressions/import). text/csv with the columns address, reason and note (with a first line that names them, or address alone), or a JSON list of addresses or of objects {address, reason, note}. At most 100,000.
func (c *Client) ImportSuppressions(ctx context.Context, params ImportSuppressionsParams, body io.Reader) (*Imported, error) {
	return do[Imported](ctx, c, "POST", "/v1/suppressions/import", params, body)
}

// ListAddressesParams are what ListAddresses may be told besides; zero values are left out.
type ListAddressesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// ListAddresses: List the addresses of an inbox (GET /v1/inboxes/{inbox}/addresses).
func (c *Client) ListAddresses(ctx context.Context, inbox string, params ListAddressesParams) (*AddressList, error) {
	return do[AddressList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/addresses", params, nil)
}

// ListAllDraftsParams are what ListAllDrafts may be told besides; zero values are left out.
type ListAllDraftsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// ListAllDrafts: List the drafts of all inboxes (GET /v1/drafts).
func (c *Client) ListAllDrafts(ctx context.Context, params ListAllDraftsParams) (*DraftList, error) {
	return do[DraftList](ctx, c, "GET", "/v1/drafts", params, nil)
}

// ListDomainsParams are what ListDomains may be told besides; zero values are left out.
type ListDomainsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// ListDomains: List domains (GET /v1/domains).
func (c *Client) ListDomains(ctx context.Context, params ListDomainsParams) (*DomainList, error) {
	return do[DomainList](ctx, c, "GET", "/v1/domains", params, nil)
}

// ListDraftsParams are what ListDrafts may be told besides; zero values are left out.
type ListDraftsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// ListDrafts: List drafts (GET /v1/inboxes/{inbox}/drafts).
func (c *Client) ListDrafts(ctx context.Context, inbox string, params ListDraftsParams) (*DraftList, error) {
	return do[DraftList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/drafts", params, nil)
}

// ListEventsParams are what ListEvents may be told besides; zero values are left out.
type ListEventsParams struct {
	WorkspaceID string   `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Cursor      string   `query:"cursor"`      // The place to go on from; without one, the beginning of the journal. end: only what happens from now on.
	Limit       int64    `query:"limit"`       // Events of a page.
	Wait        int64    `query:"wait"`        // Seconds to wait for an event if there is none.
	Types       []string `query:"types"`       // Only these types; separated by commas, or given several times.
	InboxIDs    []string `query:"inboxIds"`    // Only events of these inboxes, likewise.
}

// ListEvents: Read the journal, oldest first, and wait for more (GET /v1/events).
func (c *Client) ListEvents(ctx context.Context, params ListEventsParams) (*EventList, error) {
	return do[EventList](ctx, c, "GET", "/v1/events", params, nil)
}

// ListInboxKeysParams are what ListInboxKeys may be told besides; zero values are left out.
type ListInboxKeysParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// ListInboxKeys: List keys (GET /v1/inboxes/{inbox}/api-keys).
func (c *Client) ListInboxKeys(ctx context.Context, inbox string, params ListInboxKeysParams) (*KeyList, error) {
	return do[KeyList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys", params, nil)
}

// ListInboxesParams are what ListInboxes may be told besides; zero values are left out.
type ListInboxesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	Metadata    string `query:"metadata"`    // name:value, for inboxes alone whose metadata has this text or number under this name.
}

// ListInboxes: List inboxes (GET /v1/inboxes).
func (c *Client) ListInboxes(ctx context.Context, params ListInboxesParams) (*InboxList, error) {
	return do[InboxList](ctx, c, "GET", "/v1/inboxes", params, nil)
}

// ListListEntriesParams are what ListListEntries may be told besides; zero values are left out.
type ListListEntriesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	InboxID     string `query:"inboxId"`     // The lists of this inbox, its id or address; without it those of the whole workspace, or of a key's own inbox.
}

// ListListEntries: List who is on an allow or block list (GET /v1/lists/{direction}/{type}).
func (c *Client) ListListEntries(ctx context.Context, direction string, kind string, params ListListEntriesParams) (*ListEntries, error) {
	return do[ListEntries](ctx, c, "GET", "/v1/lists/"+url.PathEscape(direction)+"/"+url.PathEscape(kind), params, nil)
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

// ListQueueParams are what ListQueue may be told besides; zero values are left out.
type ListQueueParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	Inbox       string `query:"inbox"`       // Only what this inbox sends; its id or address.
	Domain      string `query:"domain"`      // Only what goes to this domain.
	MessageID   string `query:"messageId"`   // Only recipients of this message, msg_…
	Status      string `query:"status"`      // Only those of this status.
}

// ListQueue: List recipients that wait for mail to leave (GET /v1/queue).
func (c *Client) ListQueue(ctx context.Context, params ListQueueParams) (*QueueList, error) {
	return do[QueueList](ctx, c, "GET", "/v1/queue", params, nil)
}

// ListRejectionsParams are what ListRejections may be told besides; zero values are left out.
type ListRejectionsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	InboxID     string `query:"inboxId"`     // Only of this inbox; its id or address.
	Action      string `query:"action"`      // Only what was refused, or only what was put aside.
	Reason      string `query:"reason"`      // Only for this reason.
}

// ListRejections: List mail that was refused or put aside (GET /v1/rejections). An operator who names no workspace sees what was refused and is no workspace's: mail for domains that are not served here, and clients that came too fast.
func (c *Client) ListRejections(ctx context.Context, params ListRejectionsParams) (*RejectionList, error) {
	return do[RejectionList](ctx, c, "GET", "/v1/rejections", params, nil)
}

// ListSuppressionsParams are what ListSuppressions may be told besides; zero values are left out.
type ListSuppressionsParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// ListSuppressions: List addresses that nothing is sent to any more (GET /v1/suppressions).
func (c *Client) ListSuppressions(ctx context.Context, params ListSuppressionsParams) (*SuppressionList, error) {
	return do[SuppressionList](ctx, c, "GET", "/v1/suppressions", params, nil)
}

// ListThreadsParams are what ListThreads may be told besides; zero values are left out.
type ListThreadsParams struct {
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

// ListThreads: List threads (GET /v1/inboxes/{inbox}/threads).
func (c *Client) ListThreads(ctx context.Context, inbox string, params ListThreadsParams) (*ThreadList, error) {
	return do[ThreadList](ctx, c, "GET", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads", params, nil)
}

// ListWebhookDeliveriesParams are what ListWebhookDeliveries may be told besides; zero values are left out.
type ListWebhookDeliveriesParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
	Status      string `query:"status"`      // Only those that stand so.
	EventType   string `query:"eventType"`   // Only events of this type.
	EventID     string `query:"eventId"`     // Only this event.
}

// ListWebhookDeliveries: List what was posted to a webhook, and what waits (GET /v1/webhooks/{webhook}/deliveries).
func (c *Client) ListWebhookDeliveries(ctx context.Context, webhook string, params ListWebhookDeliveriesParams) (*PostingList, error) {
	return do[PostingList](ctx, c, "GET", "/v1/webhooks/"+url.PathEscape(webhook)+"/deliveries", params, nil)
}

// ListWebhooksParams are what ListWebhooks may be told besides; zero values are left out.
type ListWebhooksParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// ListWebhooks: List webhooks (GET /v1/webhooks).
func (c *Client) ListWebhooks(ctx context.Context, params ListWebhooksParams) (*WebhookList, error) {
	return do[WebhookList](ctx, c, "GET", "/v1/webhooks", params, nil)
}

// ListWorkspaceKeysParams are what ListWorkspaceKeys may be told besides; zero values are left out.
type ListWorkspaceKeysParams struct {
	Limit  int64  `query:"limit"`  // Entries of a page.
	Cursor string `query:"cursor"` // nextCursor of the page before.
}

// ListWorkspaceKeys: List keys (GET /v1/workspaces/{workspace}/api-keys).
func (c *Client) ListWorkspaceKeys(ctx context.Context, workspace string, params ListWorkspaceKeysParams) (*KeyList, error) {
	return do[KeyList](ctx, c, "GET", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys", params, nil)
}

// ListWorkspaceMessagesParams are what ListWorkspaceMessages may be told besides; zero values are left out.
type ListWorkspaceMessagesParams struct {
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

// ListWorkspaceMessages: List messages of all inboxes of a workspace; with an inbox key, of its inbox (GET /v1/messages).
func (c *Client) ListWorkspaceMessages(ctx context.Context, params ListWorkspaceMessagesParams) (*MessageList, error) {
	return do[MessageList](ctx, c, "GET", "/v1/messages", params, nil)
}

// ListWorkspaceThreadsParams are what ListWorkspaceThreads may be told besides; zero values are left out.
type ListWorkspaceThreadsParams struct {
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

// ListWorkspaceThreads: List threads of all inboxes of a workspace; with an inbox key, of its inbox (GET /v1/threads).
func (c *Client) ListWorkspaceThreads(ctx context.Context, params ListWorkspaceThreadsParams) (*ThreadList, error) {
	return do[ThreadList](ctx, c, "GET", "/v1/threads", params, nil)
}

// ListWorkspacesParams are what ListWorkspaces may be told besides; zero values are left out.
type ListWorkspacesParams struct {
	Limit  int64  `query:"limit"`  // Entries of a page.
	Cursor string `query:"cursor"` // nextCursor of the page before.
}

// ListWorkspaces: List workspaces (GET /v1/workspaces).
func (c *Client) ListWorkspaces(ctx context.Context, params ListWorkspacesParams) (*WorkspaceList, error) {
	return do[WorkspaceList](ctx, c, "GET", "/v1/workspaces", params, nil)
}

// PauseInboxParams are what PauseInbox may be told besides; zero values are left out.
type PauseInboxParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// PauseInbox: Keep an inbox from sending; mail still comes in (POST /v1/inboxes/{inbox}/pause). Whoever sends from it is refused, over the API and by submission. What waits in its outbox by then still leaves, unless POST /v1/queue/hold holds it.
func (c *Client) PauseInbox(ctx context.Context, inbox string, params PauseInboxParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/pause", params, nil)
}

// PublishDomainParams are what PublishDomain may be told besides; zero values are left out.
type PublishDomainParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// PublishDomain: Write a domain's records into its zone, where the operator may; for operators (POST /v1/domains/{domain}/publish).
func (c *Client) PublishDomain(ctx context.Context, domain string, params PublishDomainParams, body PublishBody) (*Publishing, error) {
	return do[Publishing](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/publish", params, body)
}

// PublishOperatorParams are what PublishOperator may be told besides; zero values are left out.
type PublishOperatorParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// PublishOperator: Write the records of the server's own name and of the operator's zone; for operators (POST /v1/operator/publish).
func (c *Client) PublishOperator(ctx context.Context, params PublishOperatorParams, body PublishBody) (*Publishing, error) {
	return do[Publishing](ctx, c, "POST", "/v1/operator/publish", params, body)
}

// PutDomainSendingParams are what PutDomainSending may be told besides; zero values are left out.
type PutDomainSendingParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// PutDomainSending: Set how its mail leaves; what is not given is not set any more (PUT /v1/domains/{domain}/sending).
func (c *Client) PutDomainSending(ctx context.Context, domain string, params PutDomainSendingParams, body SendingChange) (*Sending, error) {
	return do[Sending](ctx, c, "PUT", "/v1/domains/"+url.PathEscape(domain)+"/sending", params, body)
}

// PutInboxSendingParams are what PutInboxSending may be told besides; zero values are left out.
type PutInboxSendingParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// PutInboxSending: Set how its mail leaves; what is not given is not set any more (PUT /v1/inboxes/{inbox}/sending).
func (c *Client) PutInboxSending(ctx context.Context, inbox string, params PutInboxSendingParams, body SendingChange) (*Sending, error) {
	return do[Sending](ctx, c, "PUT", "/v1/inboxes/"+url.PathEscape(inbox)+"/sending", params, body)
}

// PutWorkspaceSending: Set how its mail leaves; what is not given is not set any more (PUT /v1/workspaces/{workspace}/sending).
func (c *Client) PutWorkspaceSending(ctx context.Context, workspace string, body SendingChange) (*Sending, error) {
	return do[Sending](ctx, c, "PUT", "/v1/workspaces/"+url.PathEscape(workspace)+"/sending", nil, body)
}

// RedeliverWebhookParams are what RedeliverWebhook may be told besides; zero values are left out.
type RedeliverWebhookParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// RedeliverWebhook: Post an event again, or a range of them (POST /v1/webhooks/{webhook}/redeliver).
func (c *Client) RedeliverWebhook(ctx context.Context, webhook string, params RedeliverWebhookParams, body WebhookAgainBody) (*PostedAgain, error) {
	return do[PostedAgain](ctx, c, "POST", "/v1/webhooks/"+url.PathEscape(webhook)+"/redeliver", params, body)
}

// ReleaseQueueParams are what ReleaseQueue may be told besides; zero values are left out.
type ReleaseQueueParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ReleaseQueue: Let recipients that are held be tried again (POST /v1/queue/release).
func (c *Client) ReleaseQueue(ctx context.Context, params ReleaseQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/release", params, body)
}

// ReleaseRejectionParams are what ReleaseRejection may be told besides; zero values are left out.
type ReleaseRejectionParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ReleaseRejection: Put a message that was put aside into INBOX (POST /v1/rejections/{rejection}/release).
func (c *Client) ReleaseRejection(ctx context.Context, rejection string, params ReleaseRejectionParams) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "POST", "/v1/rejections/"+url.PathEscape(rejection)+"/release", params, nil)
}

// ReplyToAllParams are what ReplyToAll may be told besides; zero values are left out.
type ReplyToAllParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ReplyToAll: Answer a message; it goes to who wrote it and to all who got it (POST /v1/inboxes/{inbox}/messages/{message}/reply-all). to and cc take the place of the recipients that the original gives, subject that of its subject.
func (c *Client) ReplyToAll(ctx context.Context, inbox string, message string, params ReplyToAllParams, body NewReplyBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/reply-all", params, body)
}

// ReplyToMessageParams are what ReplyToMessage may be told besides; zero values are left out.
type ReplyToMessageParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ReplyToMessage: Answer a message; it goes to who wrote it (POST /v1/inboxes/{inbox}/messages/{message}/reply). to and cc take the place of the recipients that the original gives, subject that of its subject.
func (c *Client) ReplyToMessage(ctx context.Context, inbox string, message string, params ReplyToMessageParams, body NewReplyBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message)+"/reply", params, body)
}

// ResumeInboxParams are what ResumeInbox may be told besides; zero values are left out.
type ResumeInboxParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// ResumeInbox: Let an inbox send again (POST /v1/inboxes/{inbox}/resume).
func (c *Client) ResumeInbox(ctx context.Context, inbox string, params ResumeInboxParams) (*Inbox, error) {
	return do[Inbox](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/resume", params, nil)
}

// RetryQueueParams are what RetryQueue may be told besides; zero values are left out.
type RetryQueueParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// RetryQueue: Try recipients now that wait for their next try (POST /v1/queue/retry).
func (c *Client) RetryQueue(ctx context.Context, params RetryQueueParams, body QueueChangeBody) (*QueueChanged, error) {
	return do[QueueChanged](ctx, c, "POST", "/v1/queue/retry", params, body)
}

// RotateDKIMParams are what RotateDKIM may be told besides; zero values are left out.
type RotateDKIMParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// RotateDKIM: Sign with the other pair of keys from now on; both pairs stay in DNS (POST /v1/domains/{domain}/rotate-dkim).
func (c *Client) RotateDKIM(ctx context.Context, domain string, params RotateDKIMParams) (*Domain, error) {
	return do[Domain](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/rotate-dkim", params, nil)
}

// RotateInboxKeyParams are what RotateInboxKey may be told besides; zero values are left out.
type RotateInboxKeyParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// RotateInboxKey: Make a key that takes the place of this one (POST /v1/inboxes/{inbox}/api-keys/{key}/rotate).
func (c *Client) RotateInboxKey(ctx context.Context, inbox string, key string, params RotateInboxKeyParams, body Rotation) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key)+"/rotate", params, body)
}

// RotateWebhookSecretParams are what RotateWebhookSecret may be told besides; zero values are left out.
type RotateWebhookSecretParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// RotateWebhookSecret: Give a webhook a new secret, shown once; for 24 hours both sign (POST /v1/webhooks/{webhook}/rotate-secret).
func (c *Client) RotateWebhookSecret(ctx context.Context, webhook string, params RotateWebhookSecretParams) (*Webhook, error) {
	return do[Webhook](ctx, c, "POST", "/v1/webhooks/"+url.PathEscape(webhook)+"/rotate-secret", params, nil)
}

// RotateWorkspaceKeyParams are what RotateWorkspaceKey may be told besides; zero values are left out.
type RotateWorkspaceKeyParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// RotateWorkspaceKey: Make a key that takes the place of this one (POST /v1/workspaces/{workspace}/api-keys/{key}/rotate).
func (c *Client) RotateWorkspaceKey(ctx context.Context, workspace string, key string, params RotateWorkspaceKeyParams, body Rotation) (*NewKey, error) {
	return do[NewKey](ctx, c, "POST", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key)+"/rotate", params, body)
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

// SendMessageParams are what SendMessage may be told besides; zero values are left out.
type SendMessageParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// SendMessage: Send a message (POST /v1/inboxes/{inbox}/messages).
func (c *Client) SendMessage(ctx context.Context, inbox string, params SendMessageParams, body NewMessageBody) (*Accepted, error) {
	return do[Accepted](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages", params, body)
}

// SimulateMessageParams are what SimulateMessage may be told besides; zero values are left out.
type SimulateMessageParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// SimulateMessage: Make a message come in that nobody sent, for trying things out (POST /v1/inboxes/{inbox}/simulate). It goes the way of real mail: events, threads, codes, Junk, records, bounces and suppressions come out as they would. Nothing leaves the server. The message has a field Postroom-Simulated. A bounce, a delay or a complaint is about a message that was sent to a reserved domain such as example.com or to a domain of the workspace, or on a server that catches mail to anybody.
func (c *Client) SimulateMessage(ctx context.Context, inbox string, params SimulateMessageParams, body SimulateRequestBody) (*Simulated, error) {
	return do[Simulated](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/simulate", params, body)
}

// StreamEventsParams are what StreamEvents may be told besides; zero values are left out.
type StreamEventsParams struct {
	LastEventID string   `header:"Last-Event-ID"` // The place to go on from; it counts before cursor.
	WorkspaceID string   `query:"workspaceId"`    // Which workspace an operator means; without one, what happens in all of them, live only. For other keys their own.
	Cursor      string   `query:"cursor"`         // Replay from here; without one, what happens from now on.
	Types       []string `query:"types"`          // Only these types; separated by commas, or given several times.
	InboxIDs    []string `query:"inboxIds"`       // Only events of these inboxes, likewise; ids or addresses.
	APIKey      string   `query:"api_key"`        // The key, where no header can be set.
}

// StreamEvents: Server-sent events: every event as it happens, with the frames of the WebSocket (GET /v1/events/stream).
func (c *Client) StreamEvents(ctx context.Context, params StreamEventsParams) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/events/stream", "", params, nil)
}

// TestWebhookParams are what TestWebhook may be told besides; zero values are left out.
type TestWebhookParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// TestWebhook: Post a sample event now, and see what came of it (POST /v1/webhooks/{webhook}/test).
func (c *Client) TestWebhook(ctx context.Context, webhook string, params TestWebhookParams, body WebhookTestBody) (*Posting, error) {
	return do[Posting](ctx, c, "POST", "/v1/webhooks/"+url.PathEscape(webhook)+"/test", params, body)
}

// UpdateDomainParams are what UpdateDomain may be told besides; zero values are left out.
type UpdateDomainParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// UpdateDomain: Change a domain (PATCH /v1/domains/{domain}).
func (c *Client) UpdateDomain(ctx context.Context, domain string, params UpdateDomainParams, body DomainChangeBody) (*Domain, error) {
	return do[Domain](ctx, c, "PATCH", "/v1/domains/"+url.PathEscape(domain), params, body)
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

// UpdateInboxParams are what UpdateInbox may be told besides; zero values are left out.
type UpdateInboxParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// UpdateInbox: Change an inbox (PATCH /v1/inboxes/{inbox}).
func (c *Client) UpdateInbox(ctx context.Context, inbox string, params UpdateInboxParams, body InboxChangeBody) (*Inbox, error) {
	return do[Inbox](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox), params, body)
}

// UpdateInboxKeyParams are what UpdateInboxKey may be told besides; zero values are left out.
type UpdateInboxKeyParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// UpdateInboxKey: Change a key (PATCH /v1/inboxes/{inbox}/api-keys/{key}).
func (c *Client) UpdateInboxKey(ctx context.Context, inbox string, key string, params UpdateInboxKeyParams, body KeyChangeInput) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/api-keys/"+url.PathEscape(key), params, body)
}

// UpdateMessageParams are what UpdateMessage may be told besides; zero values are left out.
type UpdateMessageParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// UpdateMessage: Change a message's labels, or when it is sent (PATCH /v1/inboxes/{inbox}/messages/{message}).
func (c *Client) UpdateMessage(ctx context.Context, inbox string, message string, params UpdateMessageParams, body MessageChangeBody) (*MessageObject, error) {
	return do[MessageObject](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/"+url.PathEscape(message), params, body)
}

// UpdateMessagesParams are what UpdateMessages may be told besides; zero values are left out.
type UpdateMessagesParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// UpdateMessages: Change the labels of up to 1000 messages, in one commit (POST /v1/inboxes/{inbox}/messages/batch-update).
func (c *Client) UpdateMessages(ctx context.Context, inbox string, params UpdateMessagesParams, body BatchUpdateBody) (*ChangeResults, error) {
	return do[ChangeResults](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/messages/batch-update", params, body)
}

// UpdateThreadParams are what UpdateThread may be told besides; zero values are left out.
type UpdateThreadParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// UpdateThread: Change the labels of all messages of a thread (PATCH /v1/inboxes/{inbox}/threads/{thread}).
func (c *Client) UpdateThread(ctx context.Context, inbox string, thread string, params UpdateThreadParams, body LabelChange) (*Thread, error) {
	return do[Thread](ctx, c, "PATCH", "/v1/inboxes/"+url.PathEscape(inbox)+"/threads/"+url.PathEscape(thread), params, body)
}

// UpdateWebhookParams are what UpdateWebhook may be told besides; zero values are left out.
type UpdateWebhookParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// UpdateWebhook: Change a webhook, disable it or enable it again (PATCH /v1/webhooks/{webhook}).
func (c *Client) UpdateWebhook(ctx context.Context, webhook string, params UpdateWebhookParams, body WebhookChangeBody) (*Webhook, error) {
	return do[Webhook](ctx, c, "PATCH", "/v1/webhooks/"+url.PathEscape(webhook), params, body)
}

// UpdateWorkspace: Change a workspace (PATCH /v1/workspaces/{workspace}).
func (c *Client) UpdateWorkspace(ctx context.Context, workspace string, body WorkspaceChangeBody) (*Workspace, error) {
	return do[Workspace](ctx, c, "PATCH", "/v1/workspaces/"+url.PathEscape(workspace), nil, body)
}

// UpdateWorkspaceKey: Change a key (PATCH /v1/workspaces/{workspace}/api-keys/{key}).
func (c *Client) UpdateWorkspaceKey(ctx context.Context, workspace string, key string, body KeyChangeInput) (*KeyInfo, error) {
	return do[KeyInfo](ctx, c, "PATCH", "/v1/workspaces/"+url.PathEscape(workspace)+"/api-keys/"+url.PathEscape(key), nil, body)
}

// VerifyDomainParams are what VerifyDomain may be told besides; zero values are left out.
type VerifyDomainParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// VerifyDomain: Ask the DNS about a domain now (POST /v1/domains/{domain}/verify). The answer is the domain as it is then. The DNS is asked by itself too: often after a domain was claimed, daily once it is verified. What was asked less than ten seconds ago is not asked again.
func (c *Client) VerifyDomain(ctx context.Context, domain string, params VerifyDomainParams) (*Domain, error) {
	return do[Domain](ctx, c, "POST", "/v1/domains/"+url.PathEscape(domain)+"/verify", params, nil)
}

// WaitForMessageParams are what WaitForMessage may be told besides; zero values are left out.
type WaitForMessageParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// WaitForMessage: Wait for a message and give the codes and links in it (POST /v1/inboxes/{inbox}/wait).
func (c *Client) WaitForMessage(ctx context.Context, inbox string, params WaitForMessageParams, body WaitRequestBody) (*Awaited, error) {
	return do[Awaited](ctx, c, "POST", "/v1/inboxes/"+url.PathEscape(inbox)+"/wait", params, body)
}

// Accepted is a part of the API.
type Accepted struct {
	ID        string   `json:"id"`        // Of the message in Sent; begins with msg_.
	MessageID string   `json:"messageId"` // The RFC Message-ID, with its angle brackets.
	Rejected  []Unsent `json:"rejected"`  // Recipients that nothing is sent to.
	Status    string   `json:"status"`    // What it waits for.
	ThreadID  string   `json:"threadId"`  // The thread that it belongs to.
}

// Address is a part of the API.
type Address struct {
	Address string `json:"address"` // In its canonical form.
	Primary bool   `json:"primary"` // True for one address of the inbox.
}

// AddressList is a part of the API.
type AddressList struct {
	Addresses []Address `json:"addresses"` // The primary one first.
}

// Alternative is a part of the API.
type Alternative struct {
	Name  string `json:"name"`  // Where it stands.
	Type  string `json:"type"`  // Of the record.
	Value string `json:"value"` // What it says.
}

// Attachment is a part of the API.
type Attachment struct {
	ContentID   string `json:"contentId,omitzero"` // By which the HTML refers to it.
	ContentType string `json:"contentType"`        // As the sender declared it.
	Disposition string `json:"disposition"`        // How the sender meant it.
	Filename    string `json:"filename"`           // As the sender wrote it, decoded; may be empty.
	ID          string `json:"id"`                 // Of the attachment within its message.
	Size        int64  `json:"size"`               // Octets after decoding.
}

// AttachmentFact is a part of the API.
type AttachmentFact struct {
	Declared        string `json:"declared"`           // The type that the sender gave it.
	Detected        string `json:"detected,omitzero"`  // The type of its content, by the beginning; application/octet-stream if that has no known form; absent if there is none. Archives are not opened.
	Differs         bool   `json:"differs"`            // The content is of another type than declared, or than the extension stands for.
	DoubleExtension bool   `json:"doubleExtension"`    // One extension hides another, as in invoice.pdf.exe.
	Extension       string `json:"extension,omitzero"` // Of its name, in lower case with the dot.
	HiddenInName    bool   `json:"hiddenInName"`       // The name has characters without a shape, or such that turn its order around.
	ID              string `json:"id"`                 // Of the attachment within its message.
}

// Attempt is a part of the API.
type Attempt struct {
	Address      string    `json:"address,omitzero"`      // Its IP address and port.
	Code         int64     `json:"code,omitzero"`         // SMTP reply code.
	EndedAt      time.Time `json:"endedAt,omitzero"`      // When it ended; absent while it runs, and if a crash ended it.
	EnhancedCode string    `json:"enhancedCode,omitzero"` // Enhanced status code (RFC 3463).
	Host         string    `json:"host,omitzero"`         // The server that was spoken to.
	Number       int64     `json:"number"`                // 1 is the first.
	Reply        string    `json:"reply,omitzero"`        // What the server said, or what went wrong.
	StartedAt    time.Time `json:"startedAt"`             // When it began.
	TLS          string    `json:"tls,omitzero"`          // Version of TLS; absent without it.
	Verified     string    `json:"verified,omitzero"`     // By what its certificate was verified: mta-sts or webpki.
}

// Auth is a part of the API.
type Auth struct {
	DKIM  []AuthDKIM `json:"dkim"`         // Each signature, as they stand in the header.
	DMARC AuthDMARC  `json:"dmarc"`        // Whether the domain that is shown stands behind it.
	Iprev AuthIPRev  `json:"iprev"`        // Whether the client's address has a name that leads back to it.
	SPF   AuthSPF    `json:"spf"`          // Whether the client may send for the envelope sender's domain.
	TLS   string     `json:"tls,omitzero"` // Version and cipher of the connection; absent without TLS.
}

// AuthDKIM is a part of the API.
type AuthDKIM struct {
	Algorithm string `json:"algorithm,omitzero"` // Such as rsa-sha256.
	Domain    string `json:"domain,omitzero"`    // Who signed.
	KeyBits   int64  `json:"keyBits,omitzero"`   // Of the key, if it was found.
	Reason    string `json:"reason,omitzero"`    // Of all but pass.
	Result    string `json:"result"`             // pass, fail, neutral, policy, temperror or permerror.
	Selector  string `json:"selector,omitzero"`  // With which key.
	Testing   bool   `json:"testing,omitzero"`   // The domain is trying its signatures out.
}

// AuthDMARC is a part of the API.
type AuthDMARC struct {
	Aligned     bool   `json:"aligned,omitzero"`     // SPF or a signature passed for a domain of the author's organization, whatever the policy.
	Disposition string `json:"disposition,omitzero"` // What it asks to be done with this message.
	Domain      string `json:"domain,omitzero"`      // Of the author.
	Policy      string `json:"policy,omitzero"`      // What the domain publishes: none, quarantine or reject.
	Reason      string `json:"reason,omitzero"`      // What went wrong.
	Result      string `json:"result"`               // none, pass, fail, temperror or permerror.
}

// AuthIPRev is a part of the API.
type AuthIPRev struct {
	IP     string `json:"ip,omitzero"`   // Of the client.
	Name   string `json:"name,omitzero"` // Of the client, if it is proven.
	Result string `json:"result"`        // pass, fail, temperror or permerror.
}

// AuthSPF is a part of the API.
type AuthSPF struct {
	Domain string `json:"domain,omitzero"` // For which domain.
	Reason string `json:"reason,omitzero"` // Which mechanism matched, or what went wrong.
	Result string `json:"result"`          // none, pass, fail, softfail, neutral, temperror or permerror.
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

// Delivery is a part of the API.
type Delivery struct {
	At           time.Time `json:"at"`                    // When it happened.
	Code         int64     `json:"code,omitzero"`         // SMTP reply code.
	EnhancedCode string    `json:"enhancedCode,omitzero"` // Enhanced status code (RFC 3463).
	Host         string    `json:"host,omitzero"`         // The server that was spoken to.
	NextAt       time.Time `json:"nextAt,omitzero"`       // When it is tried again.
	Reason       string    `json:"reason,omitzero"`       // Kind of failure, such as userUnknown; of what was rejected, why the address is suppressed.
	Recipient    string    `json:"recipient"`             // The address.
	Reply        string    `json:"reply,omitzero"`        // What the server said, or what went wrong.
	Status       string    `json:"status"`                // What became of it; sent: a relay has it.
}

// DnsRecord is a part of the API.
type DnsRecord struct {
	Advice      string       `json:"advice,omitzero"`       // What to do.
	Alternative *Alternative `json:"alternative,omitempty"` // A record that does the same.
	Found       []string     `json:"found"`                 // What the DNS says instead, or beside.
	Name        string       `json:"name"`                  // Where the record stands, absolute, without the dot at its end.
	Port        int64        `json:"port,omitzero"`         // Of an SRV record.
	Priority    int64        `json:"priority,omitzero"`     // Of MX and SRV records.
	Purpose     string       `json:"purpose"`               // What it is for, in a word that stays the same.
	Required    bool         `json:"required"`              // Mail does not come, or is taken for forged, without it.
	Status      string       `json:"status"`                // What the DNS said: propagating: some name servers have it; failed: the DNS did not answer, which says nothing; unchecked: it was not asked.
	Type        string       `json:"type"`                  // Of the record.
	Until       time.Time    `json:"until,omitzero"`        // When others will have forgotten what is there now: so long they may not see a change.
	Value       string       `json:"value"`                 // What it says: the text, or the host.
	Weight      int64        `json:"weight,omitzero"`       // Of an SRV record.
	Why         string       `json:"why,omitzero"`          // The same in a sentence for people.
}

// Domain is a part of the API.
type Domain struct {
	CatchAll    string          `json:"catchAll,omitzero"`    // Id of the inbox that gets what no address matches.
	CheckedAt   time.Time       `json:"checkedAt,omitzero"`   // When the DNS was asked last; absent: never.
	CreatedAt   time.Time       `json:"createdAt"`            // When it was claimed.
	DNSRecords  []DnsRecord     `json:"dnsRecords"`           // What the domain's DNS should say. Lists of domains leave out keys that were never asked for.
	Domain      string          `json:"domain"`               // Its name, A-labels, lower case.
	Existed     bool            `json:"existed,omitzero"`     // It was there already.
	ID          string          `json:"id"`                   // Begins with dom_.
	LostAt      time.Time       `json:"lostAt,omitzero"`      // Nothing of it points here any more: when it is pending again unless something does by then. Mail and addresses stay.
	NextCheckAt time.Time       `json:"nextCheckAt,omitzero"` // When it is asked next.
	Problems    []DomainProblem `json:"problems"`             // What is wrong or remarkable beside the records.
	Sandbox     bool            `json:"sandbox,omitzero"`     // It is the operator's, for trying things out: it needs no records, and cannot be given up.
	Status      string          `json:"status"`               // Only a verified domain receives and sends.
	VerifiedAt  time.Time       `json:"verifiedAt,omitzero"`  // When it was verified; absent while it is pending.
	WorkspaceID string          `json:"workspaceId"`          // The workspace that claimed it.
}

// DomainChangeBody is a part of the API.
type DomainChangeBody struct {
	CatchAll *string `json:"catchAll,omitempty"` // Id or address of an inbox; empty turns it off.
}

// DomainHealth is a part of the API.
type DomainHealth struct {
	Certificates []HostState      `json:"certificates"`       // Of the server's name and of the domain's hosts that lead here; empty where the server has no certificates.
	CheckedAt    time.Time        `json:"checkedAt,omitzero"` // When the DNS was asked last; absent: never.
	Counts       map[string]int64 `json:"counts"`             // Records by their status.
	DMARC        ReportSummary    `json:"dmarc"`              // What others have reported in the last 30 days about mail in its name.
	Domain       string           `json:"domain"`             // Its name.
	Healthy      bool             `json:"healthy"`            // It is verified, and nothing that is required is missing or wrong.
	LostAt       time.Time        `json:"lostAt,omitzero"`    // Nothing of it points here any more: when it is pending again unless something does by then.
	Problems     []DomainProblem  `json:"problems"`           // What is wrong or remarkable beside the records.
	Server       *ServerAddresses `json:"server,omitempty"`   // The server that the domain's mail comes from; absent where the DNS is not asked.
	Status       string           `json:"status"`             // Only a verified domain receives and sends.
	Wrong        []DnsRecord      `json:"wrong"`              // Records that are not as they should be, the required ones first.
}

// DomainList is a part of the API.
type DomainList struct {
	Domains    []Domain `json:"domains"`             // Newest first.
	NextCursor string   `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// DomainProblem is a part of the API.
type DomainProblem struct {
	Code string `json:"code"` // Such as spf, wildcard, name_server; taken: it is proven, and another workspace has it verified.
	Name string `json:"name"` // What it is about.
	Text string `json:"text"` // A sentence for people.
}

// DomainReports is a part of the API.
type DomainReports struct {
	Address string         `json:"address"`          // Where reports are to be sent; its DMARC and TLS-RPT records name it.
	DMARC   ReportSummary  `json:"dmarc"`            // Mail in the domain's name, as the servers saw it that got it. Anybody can write a report: it proves nothing.
	Domain  string         `json:"domain"`           // Its name.
	Omitted int64          `json:"omitted,omitzero"` // Older reports about the domain that are not summed up here, for there are too many: ask for fewer days.
	Sources []ReportSource `json:"sources"`          // Who sent in the domain's name, those of most messages first; at most 500.
	TLS     TlsSummary     `json:"tls"`              // How others' connections to the domain's servers went.
	Unread  int64          `json:"unread"`           // Reports of the workspace that came and were not read yet: ask again.
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

// Event is a part of the API.
type Event struct {
	CreatedAt   time.Time       `json:"createdAt"`        // When it happened.
	Cursor      string          `json:"cursor"`           // The place behind this event.
	Data        json.RawMessage `json:"data"`             // The object as it was at that moment: for message.* the message.
	ID          string          `json:"id"`               // Dedupes: delivery is at least once.
	InboxID     string          `json:"inboxId,omitzero"` // The inbox that it concerns, if it is one.
	Type        string          `json:"type"`             // message.received, inbox.created, …
	WorkspaceID string          `json:"workspaceId"`      // Where it happened.
}

// EventList is a part of the API.
type EventList struct {
	Events     []Event `json:"events"`       // Oldest first.
	Gap        bool    `json:"gap,omitzero"` // Events between the cursor and the first one given are gone.
	NextCursor string  `json:"nextCursor"`   // Where to go on; always there.
}

// Fragment is a part of the API.
type Fragment struct {
	Match bool   `json:"match,omitzero"` // It is what was looked for.
	Text  string `json:"text"`           // Plain text, as the sender wrote it; escape it before it goes into a page.
}

// HiddenText is a part of the API.
type HiddenText struct {
	Characters int64  `json:"characters"` // In all of them.
	Excerpt    string `json:"excerpt"`    // The beginning of it, at most 300 characters on one line: what the sender hid, so nothing to obey. Of tag characters and variation selectors what they say, of other characters without a shape their numbers.
	Kind       string `json:"kind"`       // Why it is not seen. other_alternative: the plain text says what the HTML does not.
	Times      int64  `json:"times"`      // In how many places.
	Where      string `json:"where"`      // Where it is.
}

// Highlight is a part of the API.
type Highlight struct {
	Field     string     `json:"field"`     // Where it is; attachment is a file's name.
	Fragments []Fragment `json:"fragments"` // Together they are the field, or of text an excerpt on one line. Plain text, not HTML.
}

// HitList is a part of the API.
type HitList struct {
	Hits       []MessageObject `json:"hits"`                // Messages as lists give them, with highlights.
	NextCursor string          `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one. A page may have fewer hits than it could and not be the last.
	Partial    bool            `json:"partial,omitzero"`    // Mail of before an update of the server is still being indexed; older messages may be missing.
}

// HostState is a part of the API.
type HostState struct {
	Host     string    `json:"host"`              // Its name.
	NotAfter time.Time `json:"notAfter,omitzero"` // Until when it is good.
	Problem  string    `json:"problem,omitzero"`  // Why there is none, or no newer one.
	Source   string    `json:"source"`            // Where the certificate is from: acme, file, self-made, or none.
}

// Identity is a part of the API.
type Identity struct {
	Address       string    `json:"address,omitzero"`       // Primary address of the inbox of an inbox key.
	ExpiresAt     time.Time `json:"expiresAt,omitzero"`     // When the key ends; absent if never.
	InboxID       string    `json:"inboxId,omitzero"`       // The inbox that it sees, for an inbox key.
	KeyID         string    `json:"keyId,omitzero"`         // The key; absent for the operator on the machine.
	KeyName       string    `json:"keyName,omitzero"`       // What its maker called it.
	KeyPrefix     string    `json:"keyPrefix,omitzero"`     // How its secret begins.
	Kind          string    `json:"kind"`                   // How far the key reaches.
	Permissions   []string  `json:"permissions"`            // What the key may do.
	WorkspaceID   string    `json:"workspaceId,omitzero"`   // The workspace that it sees; absent for operators.
	WorkspaceName string    `json:"workspaceName,omitzero"` // The name of that workspace.
}

// Imported is a part of the API.
type Imported struct {
	Added int64 `json:"added"` // How many were not suppressed before.
	Read  int64 `json:"read"`  // How many the file holds.
}

// Inbox is a part of the API.
type Inbox struct {
	Address     string                     `json:"address"`           // The primary address.
	Addresses   []Address                  `json:"addresses"`         // All addresses, the primary one first.
	CreatedAt   time.Time                  `json:"createdAt"`         // When it was made.
	DisplayName string                     `json:"displayName"`       // The name that people see.
	Domain      string                     `json:"domain"`            // What stands behind it.
	Existed     bool                       `json:"existed,omitzero"`  // It was there already.
	ID          string                     `json:"id"`                // Begins with inb_.
	Metadata    map[string]json.RawMessage `json:"metadata"`          // Anything of your own.
	Password    string                     `json:"password,omitzero"` // For IMAP and SMTP, shown this once.
	PausedAt    time.Time                  `json:"pausedAt,omitzero"` // Since when it sends nothing; absent if it sends.
	UndoSeconds int64                      `json:"undoSeconds"`       // How long a message waits before it leaves, so that it can be cancelled.
	UpdatedAt   time.Time                  `json:"updatedAt"`         // When it was last changed.
	Username    string                     `json:"username"`          // What stands before the @ of the primary address.
	WorkspaceID string                     `json:"workspaceId"`       // The workspace that owns it.
}

// InboxChangeBody is a part of the API.
type InboxChangeBody struct {
	DisplayName *string        `json:"displayName,omitempty"` // At most 256 characters.
	Metadata    map[string]any `json:"metadata,omitzero"`     // By name: a value replaces what is there, null removes it, and what is not named stays; 16 KiB in all.
	UndoSeconds *int64         `json:"undoSeconds,omitempty"` // How long a message waits before it leaves, 0 to 3600.
}

// InboxList is a part of the API.
type InboxList struct {
	Inboxes    []Inbox `json:"inboxes"`             // Newest first.
	NextCursor string  `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// JunkList is a part of the API.
type JunkList struct {
	Name   string `json:"name"`            // Of the list.
	Reason string `json:"reason,omitzero"` // What it says.
}

// JunkObject is a part of the API.
type JunkObject struct {
	Action   string       `json:"action,omitzero"`   // What rspamd proposes, such as add header.
	Detail   string       `json:"detail,omitzero"`   // The same in words.
	Failed   []string     `json:"failed,omitzero"`   // What could not be asked.
	Lists    []JunkList   `json:"lists,omitzero"`    // DNS lists that have the client's address.
	Reason   string       `json:"reason,omitzero"`   // Why it was put aside; absent if it was not.
	Required float64      `json:"required,omitzero"` // The score from which rspamd rejects.
	Score    float64      `json:"score,omitzero"`    // Of rspamd.
	Spared   string       `json:"spared,omitzero"`   // Why it was not put aside all the same: an allow list has the author, the inbox has written to the author, or mail of the author was moved out of Junk or answered.
	Symbols  []JunkSymbol `json:"symbols,omitzero"`  // What rspamd saw.
}

// JunkSymbol is a part of the API.
type JunkSymbol struct {
	Description string  `json:"description,omitzero"` // What it means.
	Name        string  `json:"name"`                 // Of the rule that matched.
	Score       float64 `json:"score"`                // What it adds.
}

// KeyChangeInput is a part of the API.
type KeyChangeInput struct {
	ExpiresAt   Nullable[time.Time] `json:"expiresAt,omitzero"`   // null means never.
	Name        *string             `json:"name,omitempty"`       // 1 to 200 characters.
	Networks    []string            `json:"networks,omitzero"`    // Replaces what is there; an empty list means everywhere.
	Permissions []string            `json:"permissions,omitzero"` // Replaces what is there; no more than the key that changes it has.
}

// KeyInfo is a part of the API.
type KeyInfo struct {
	CreatedAt   time.Time `json:"createdAt"`            // When it was made.
	ExpiresAt   time.Time `json:"expiresAt,omitzero"`   // When it ends; absent if never.
	ID          string    `json:"id"`                   // Begins with key_.
	InboxID     string    `json:"inboxId,omitzero"`     // Its inbox, for an inbox key.
	Kind        string    `json:"kind"`                 // How far it reaches.
	LastUsedAt  time.Time `json:"lastUsedAt,omitzero"`  // To the minute.
	Name        string    `json:"name"`                 // What its maker called it.
	Networks    []string  `json:"networks"`             // Where it works from; empty means everywhere.
	Permissions []string  `json:"permissions"`          // What it may do.
	Prefix      string    `json:"prefix"`               // How the secret begins.
	WorkspaceID string    `json:"workspaceId,omitzero"` // Its workspace; absent for operators.
}

// KeyInput is a part of the API.
type KeyInput struct {
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`  // When it ends; by default when the key that makes it does.
	Name        string     `json:"name"`                 // 1 to 200 characters.
	Networks    []string   `json:"networks,omitzero"`    // IP addresses or prefixes that it works from.
	Permissions []string   `json:"permissions,omitzero"` // read, draft, send, manage, or finer ones such as messages:read; by default those of the key that makes it.
}

// KeyList is a part of the API.
type KeyList struct {
	Keys       []KeyInfo `json:"keys"`                // Newest first.
	NextCursor string    `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// LabelChange is a part of the API.
type LabelChange struct {
	AddLabels    []string `json:"addLabels,omitzero"`    // unread, read, starred, spam, trash, or labels of your own.
	RemoveLabels []string `json:"removeLabels,omitzero"` // Labels to take away, of the same kinds.
	Unread       *bool    `json:"unread,omitempty"`      // The same as adding or removing unread.
}

// LinkFact is a part of the API.
type LinkFact struct {
	Claims       string `json:"claims,omitzero"`      // The host that the text names, if it names one.
	Credentials  bool   `json:"credentials"`          // Before an @ the target has something that may look like its host.
	Differs      bool   `json:"differs"`              // The text names a host, and the link leads to another registrable domain. Links that are counted do so too.
	Form         bool   `json:"form"`                 // It sends a form.
	Hidden       bool   `json:"hidden"`               // Nothing of it is shown.
	Host         string `json:"host"`                 // In lower case with A-labels (xn--), or an IP address; of mailto the domain of the address.
	MixedScripts bool   `json:"mixedScripts"`         // The host has letters of scripts that are not written together, such as Latin and Cyrillic.
	Scheme       string `json:"scheme"`               // https, mailto, javascript, data …; empty if the target is relative to nothing.
	Target       string `json:"target"`               // Where it leads, as the sender wrote it; cut at 2000 octets.
	Text         string `json:"text"`                 // What is shown of it, on one line; of a picture its alternative text; may be empty.
	Times        int64  `json:"times"`                // How often it is there.
	UnicodeHost  string `json:"unicodeHost,omitzero"` // The host as people see it, if that is another.
	Where        string `json:"where"`                // Where it is; html also of addresses in the text of HTML that mail clients make links of.
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

// ListEntries is a part of the API.
type ListEntries struct {
	Entries    []ListEntry `json:"entries"`             // Newest first.
	NextCursor string      `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// ListEntry is a part of the API.
type ListEntry struct {
	CreatedAt time.Time `json:"createdAt"`        // Since when.
	Direction string    `json:"direction"`        // receive: mail that comes; reply: mail that comes as an answer to what the inbox sent; send: recipients of what leaves.
	Entry     string    `json:"entry"`            // An address, or a domain, which stands for its sub-domains too. Lower case, domain in A-labels.
	InboxID   string    `json:"inboxId,omitzero"` // Whose list it is; absent: of all inboxes of the workspace.
	Reason    string    `json:"reason,omitzero"`  // In your words.
	Type      string    `json:"type"`             // What the list says of them.
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

// MessageObject is a part of the API.
type MessageObject struct {
	Attachments   []Attachment `json:"attachments"`            // What is attached, and inline images.
	Auth          *Auth        `json:"auth,omitempty"`         // What is known of who really sent it; absent of what did not come in by SMTP.
	Bcc           []Person     `json:"bcc"`                    // Recipients of a blind copy, where the message says so.
	Cc            []Person     `json:"cc"`                     // Recipients of a copy.
	CreatedAt     time.Time    `json:"createdAt"`              // When it was stored.
	DeliveredTo   string       `json:"deliveredTo,omitzero"`   // The envelope recipient.
	Delivery      *Delivery    `json:"delivery,omitempty"`     // In events alone: what became of one recipient.
	ExtractedText string       `json:"extractedText,omitzero"` // The new text of a reply, without the quoted history.
	Failure       string       `json:"failure,omitzero"`       // In answers about drafts alone: why it could not be sent at its time.
	From          Person       `json:"from"`                   // Who wrote it; an empty address if it does not say.
	Highlights    []Highlight  `json:"highlights,omitzero"`    // In a search alone: where it has what was looked for; at most 10.
	HTML          string       `json:"html,omitzero"`          // As the sender wrote it: not safe to show without care.
	ID            string       `json:"id"`                     // Begins with msg_.
	InReplyTo     string       `json:"inReplyTo,omitzero"`     // The Message-ID that it answers.
	InboxID       string       `json:"inboxId"`                // The inbox that holds it.
	Junk          *JunkObject  `json:"junk,omitempty"`         // Why it was put aside, or what was found and did not count; absent if nothing was.
	Labels        []string     `json:"labels"`                 // received or sent, unread while unseen, spam, trash, draft, scheduled, starred, and your own.
	Mailboxes     []string     `json:"mailboxes"`              // The IMAP mailboxes that hold it.
	MessageID     string       `json:"messageId"`              // The RFC Message-ID, with its angle brackets; may be empty.
	Preview       string       `json:"preview"`                // The beginning of the text, on one line.
	ReceivedAt    time.Time    `json:"receivedAt,omitzero"`    // When it came; absent if it was sent.
	References    []string     `json:"references"`             // The Message-IDs of the conversation, oldest first.
	ReplyTo       []Person     `json:"replyTo"`                // Where answers should go.
	SendAt        time.Time    `json:"sendAt,omitzero"`        // When it is sent, of what is scheduled.
	SentAt        time.Time    `json:"sentAt,omitzero"`        // When it was sent; absent if it was received.
	Size          int64        `json:"size"`                   // Octets of the whole message.
	Status        string       `json:"status,omitzero"`        // What became of a message that was sent; sent: a relay has it. GET …/delivery tells of each recipient. Of a draft with a time, scheduled.
	Subject       string       `json:"subject"`                // Decoded; may be empty.
	Text          string       `json:"text"`                   // Always there: made from the HTML when the sender gave none.
	ThreadID      string       `json:"threadId"`               // The thread that it belongs to.
	To            []Person     `json:"to"`                     // Recipients.
	Truncated     bool         `json:"truncated,omitzero"`     // text or html was cut.
	Trust         *TrustFacts  `json:"trust,omitempty"`        // Facts for a reader that cannot see the message, such as a language model. Only where one message is fetched or changed: not in lists, threads and events.
	Unsubscribe   bool         `json:"unsubscribe,omitzero"`   // In answers about drafts alone: each recipient gets a link to unsubscribe.
	UpdatedAt     time.Time    `json:"updatedAt"`              // When its labels or mailboxes last changed.
	Version       string       `json:"version,omitzero"`       // In answers about drafts alone: names the draft as it is, for If-Match.
}

// Metric is a part of the API.
type Metric struct {
	Points []MetricPoint `json:"points"` // Oldest first, without those that would be 0.
	Total  int64         `json:"total"`  // Of the whole time.
	Type   string        `json:"type"`   // Of events: message.received, message.sent, message.delivered, message.bounced, …
}

// MetricPoint is a part of the API.
type MetricPoint struct {
	At    time.Time `json:"at"`    // When the hour or day begins.
	Count int64     `json:"count"` // How many events there were in it.
}

// MetricsObject is a part of the API.
type MetricsObject struct {
	From     time.Time `json:"from"`     // Where the counts begin.
	Interval string    `json:"interval"` // How long each count is for.
	Metrics  []Metric  `json:"metrics"`  // One for each type of which there was anything, by name.
	To       time.Time `json:"to"`       // Where they end.
}

// NewAddressBody is a part of the API.
type NewAddressBody struct {
	Address string `json:"address"`           // At a verified domain of the workspace.
	Primary *bool  `json:"primary,omitempty"` // Make it the primary one.
}

// NewAttachment is a part of the API.
type NewAttachment struct {
	Content     *string `json:"content,omitempty"`     // The octets, in base64.
	ContentID   *string `json:"contentId,omitempty"`   // By which the HTML shows it: cid:…
	ContentType *string `json:"contentType,omitempty"` // Such as application/pdf; without it, by the filename's end.
	Disposition *string `json:"disposition,omitempty"` // How it is meant; attachment by default.
	Filename    *string `json:"filename,omitempty"`    // What the recipient sees; the last part of a path.
	URL         *string `json:"url,omitempty"`         // Where the octets are fetched from while the request is answered, in the place of content: https on the public internet, without redirects; of at most 10 attachments, within 20 seconds.
}

// NewDomainBody is a part of the API.
type NewDomainBody struct {
	Domain      string  `json:"domain"`                // example.com; U-labels or A-labels.
	WorkspaceID *string `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
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

// NewInboxBody is a part of the API.
type NewInboxBody struct {
	DisplayName *string        `json:"displayName,omitempty"` // At most 256 characters.
	Domain      string         `json:"domain"`                // A verified domain of the workspace.
	Metadata    map[string]any `json:"metadata,omitzero"`     // Anything of your own, at most 16 KiB.
	Username    string         `json:"username"`              // What stands before the @.
	WorkspaceID *string        `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// NewKey is a part of the API.
type NewKey struct {
	CreatedAt   time.Time `json:"createdAt"`            // When it was made.
	ExpiresAt   time.Time `json:"expiresAt,omitzero"`   // When it ends; absent if never.
	ID          string    `json:"id"`                   // Begins with key_.
	InboxID     string    `json:"inboxId,omitzero"`     // Its inbox, for an inbox key.
	Key         string    `json:"key,omitzero"`         // The secret, shown this once.
	Kind        string    `json:"kind"`                 // How far it reaches.
	LastUsedAt  time.Time `json:"lastUsedAt,omitzero"`  // To the minute.
	Name        string    `json:"name"`                 // What its maker called it.
	Networks    []string  `json:"networks"`             // Where it works from; empty means everywhere.
	Permissions []string  `json:"permissions"`          // What it may do.
	Prefix      string    `json:"prefix"`               // How the secret begins.
	WorkspaceID string    `json:"workspaceId,omitzero"` // Its workspace; absent for operators.
}

// NewListEntryBody is a part of the API.
type NewListEntryBody struct {
	Entry       string  `json:"entry"`                 // An address, or a domain, which stands for its sub-domains too.
	InboxID     *string `json:"inboxId,omitempty"`     // On the list of this inbox, its id or address; without it on that of the whole workspace, or of a key's own inbox.
	Reason      *string `json:"reason,omitempty"`      // Anything of your own.
	WorkspaceID *string `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
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

// NewSetupLinkBody is a part of the API.
type NewSetupLinkBody struct {
	Hours *int64 `json:"hours,omitempty"` // How long the link is good; 168 unless told.
}

// NewSuppressionBody is a part of the API.
type NewSuppressionBody struct {
	Address     *string  `json:"address,omitempty"`     // One address.
	Addresses   []string `json:"addresses,omitzero"`    // Several; give either this or address.
	Note        *string  `json:"note,omitempty"`        // Anything of your own.
	Reason      *string  `json:"reason,omitempty"`      // manual by default.
	WorkspaceID *string  `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// NewWebhookBody is a part of the API.
type NewWebhookBody struct {
	Description *string           `json:"description,omitempty"` // At most 500 characters.
	EventTypes  []string          `json:"eventTypes,omitzero"`   // Such as message.received; none means all.
	Headers     map[string]string `json:"headers,omitzero"`      // Headers of your own for each request, such as Authorization; at most 20. They are never shown.
	InboxIDs    []string          `json:"inboxIds,omitzero"`     // Only events of these inboxes, by id or address; none means all, and what concerns the whole workspace.
	Ordered     *bool             `json:"ordered,omitempty"`     // Post each inbox's events one after the other.
	URL         string            `json:"url"`                   // https, at a host of the public internet, or what the operator of this server allows beside it.
	WorkspaceID *string           `json:"workspaceId,omitempty"` // Which workspace an operator means; for other keys their own.
}

// NewWorkspaceBody is a part of the API.
type NewWorkspaceBody struct {
	Metadata map[string]any `json:"metadata,omitzero"` // Anything of your own, at most 16 KiB.
	Name     string         `json:"name"`              // 1 to 200 characters; need not be unique.
}

// Person is a part of the API.
type Person struct {
	Address string `json:"address"`       // local@domain.
	Name    string `json:"name,omitzero"` // Decoded; absent if there is none.
}

// PostedAgain is a part of the API.
type PostedAgain struct {
	NextCursor  string `json:"nextCursor,omitzero"` // There are more: give it as since to go on.
	Redelivered int64  `json:"redelivered"`         // How many events are posted again, at once; at most 1000.
}

// Posting is a part of the API.
type Posting struct {
	Attempts      int64            `json:"attempts"`               // How often it was posted.
	AttemptsList  []PostingAttempt `json:"attemptsList,omitzero"`  // Each attempt, oldest first; only where one delivery is given.
	CreatedAt     time.Time        `json:"createdAt"`              // When it was first posted, or put off.
	EndedAt       time.Time        `json:"endedAt,omitzero"`       // When it was delivered, or failed.
	Error         string           `json:"error,omitzero"`         // What was wrong with the last attempt.
	EventID       string           `json:"eventId"`                // The event's id, and the webhook-id of each request.
	EventType     string           `json:"eventType"`              // Such as message.received; gap tells that events are gone which were not told in time.
	ID            string           `json:"id"`                     // Begins with dlv_.
	InboxID       string           `json:"inboxId,omitzero"`       // The inbox that the event concerns, if it is one.
	NextAttemptAt time.Time        `json:"nextAttemptAt,omitzero"` // When it is posted next, at the earliest.
	Status        string           `json:"status"`                 // failed: it is not tried any more.
	StatusCode    int64            `json:"statusCode,omitzero"`    // HTTP status of the last answer; absent if there was none.
	Test          bool             `json:"test,omitzero"`          // It was made to try the webhook.
}

// PostingAttempt is a part of the API.
type PostingAttempt struct {
	DurationMs int64     `json:"durationMs"`          // How long it took, in milliseconds.
	Error      string    `json:"error,omitzero"`      // What was wrong; absent if it was delivered.
	Number     int64     `json:"number"`              // 1 is the first.
	Response   string    `json:"response,omitzero"`   // The beginning of the answer's body, at most 1024 octets.
	StartedAt  time.Time `json:"startedAt"`           // When it began.
	StatusCode int64     `json:"statusCode,omitzero"` // HTTP status of the answer; absent if there was none.
}

// PostingList is a part of the API.
type PostingList struct {
	Deliveries []Posting `json:"deliveries"`          // Newest first; those that ended more than 14 days ago are forgotten, and of one webhook all but the last 10,000.
	NextCursor string    `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
}

// PublishBody is a part of the API.
type PublishBody struct {
	DryRun *bool `json:"dryRun,omitempty"` // Only say what would be written.
}

// PublishStep is a part of the API.
type PublishStep struct {
	Action string   `json:"action"`          // keep: it, or something that does the same, is there. replace: an older one of this software is there. refuse: what others wrote stands in its way, or it could not be written.
	Advice string   `json:"advice,omitzero"` // Of what was refused: what to do.
	Found  []string `json:"found"`           // What is there already.
	Name   string   `json:"name"`            // Where it stands.
	Type   string   `json:"type"`            // Of the record.
	Value  string   `json:"value"`           // What it says.
}

// Publishing is a part of the API.
type Publishing struct {
	Steps []PublishStep `json:"steps"` // One for each record.
}

// QueueChangeBody is a part of the API.
type QueueChangeBody struct {
	All       *bool   `json:"all,omitempty"`       // All that waits, where nothing else is named.
	Domain    *string `json:"domain,omitempty"`    // What goes to this domain.
	ID        *string `json:"id,omitempty"`        // One recipient, out_…
	Inbox     *string `json:"inbox,omitempty"`     // What this inbox sends; its id or address.
	MessageID *string `json:"messageId,omitempty"` // Recipients of this message, msg_…
}

// QueueChanged is a part of the API.
type QueueChanged struct {
	Changed int64 `json:"changed"`       // How many recipients were changed.
	More    bool  `json:"more,omitzero"` // There are more than one request changes; send it again with another Idempotency-Key.
}

// QueueCount is a part of the API.
type QueueCount struct {
	Deferred int64     `json:"deferred"` // Of them, those that were tried before.
	Domain   string    `json:"domain"`   // Where it goes.
	Held     int64     `json:"held"`     // Of them, those that are held.
	OldestAt time.Time `json:"oldestAt"` // When the oldest of them was handed over.
	Waiting  int64     `json:"waiting"`  // Recipients that wait, in all.
}

// QueueCounts is a part of the API.
type QueueCounts struct {
	Domains []QueueCount `json:"domains"` // Most waiting first; at most 200.
}

// QueueEntry is a part of the API.
type QueueEntry struct {
	Attempts      int64     `json:"attempts"`               // How often it was tried.
	AttemptsList  []Attempt `json:"attemptsList"`           // Each try, oldest first.
	Code          int64     `json:"code,omitzero"`          // SMTP reply code of the last try.
	CreatedAt     time.Time `json:"createdAt"`              // When it was handed over.
	Domain        string    `json:"domain"`                 // Where it goes.
	EndedAt       time.Time `json:"endedAt,omitzero"`       // When it stopped waiting.
	EnhancedCode  string    `json:"enhancedCode,omitzero"`  // Enhanced status code (RFC 3463).
	ID            string    `json:"id"`                     // Names it in the queue; begins with out_.
	InboxID       string    `json:"inboxId"`                // The inbox that sends.
	Lane          string    `json:"lane"`                   // prompt: replies and single messages, which go first.
	MessageID     string    `json:"messageId"`              // Id of the message, msg_…
	NextAttemptAt time.Time `json:"nextAttemptAt,omitzero"` // When it is tried next, at the earliest; absent if it is held or does not wait.
	Reason        string    `json:"reason,omitzero"`        // Kind of the last failure, such as mailboxFull.
	Recipient     string    `json:"recipient"`              // The address.
	Reply         string    `json:"reply,omitzero"`         // What the server said, or what went wrong.
	Sender        string    `json:"sender"`                 // Who sends it.
	Status        string    `json:"status"`                 // Where it stands; sent: a relay has it.
	Why           string    `json:"why,omitzero"`           // Why it waits: held, scheduled, notYet (it can still be cancelled), paused (inbox and recipient answer each other too fast), retryAt, queued, sending, turn, siteBusy, siteRests, workspaceBusy or workersBusy.
	WhyUntil      time.Time `json:"whyUntil,omitzero"`      // Until when, where that is known.
}

// QueueList is a part of the API.
type QueueList struct {
	Entries    []QueueEntry `json:"entries"`             // Newest first; with a status, a page may hold fewer than limit and still have a next one.
	NextCursor string       `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
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

// Rejection is a part of the API.
type Rejection struct {
	Action     string    `json:"action"`              // refused: it was not taken, and its sender knows; quarantined: it lies in Junk and can be released.
	Author     string    `json:"author,omitzero"`     // Address in From; absent if the message was not read.
	Count      int64     `json:"count"`               // How often the same came within an hour.
	CreatedAt  time.Time `json:"createdAt"`           // The first time.
	Detail     string    `json:"detail,omitzero"`     // What was answered, or found.
	Helo       string    `json:"helo,omitzero"`       // How it greeted; its own claim.
	ID         string    `json:"id"`                  // rej_…
	InboxID    string    `json:"inboxId,omitzero"`    // Whose mail it would have been; absent if nobody has the address.
	LastAt     time.Time `json:"lastAt"`              // The last time.
	MessageID  string    `json:"messageId,omitzero"`  // Id of the message that lies in Junk, msg_…
	Reason     string    `json:"reason"`              // Why.
	Recipient  string    `json:"recipient,omitzero"`  // Envelope recipient.
	ReleasedAt time.Time `json:"releasedAt,omitzero"` // When it was released, or moved out of Junk.
	Sender     string    `json:"sender,omitzero"`     // Envelope sender; absent: the null one.
	Source     string    `json:"source,omitzero"`     // IP address of the client.
	Subject    string    `json:"subject,omitzero"`    // Of what was read.
}

// RejectionList is a part of the API.
type RejectionList struct {
	NextCursor string      `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Rejections []Rejection `json:"rejections"`          // The latest first. Kept for 30 days, at most 10,000.
}

// Relay is a part of the API.
type Relay struct {
	Host     string `json:"host"`              // Its name or IP address.
	Mode     string `json:"mode"`              // only: always; fallback: where the recipient's own servers cannot be reached.
	Port     int64  `json:"port"`              // 587 by default.
	TLS      string `json:"tls"`               // required: STARTTLS; implicit: from the first octet; both verified.
	Username string `json:"username,omitzero"` // Whom to log in as; absent: no login. The password is never shown.
}

// RelayChange is a part of the API.
type RelayChange struct {
	Host     string  `json:"host"`               // Its name or IP address.
	Mode     *string `json:"mode,omitempty"`     // only (the default) or fallback.
	Password *string `json:"password,omitempty"` // Never shown again. Without it the one that is kept for the same host and user stays.
	Port     *int64  `json:"port,omitempty"`     // 587 by default.
	TLS      *string `json:"tls,omitempty"`      // required (the default), implicit or none.
	Username *string `json:"username,omitempty"` // Whom to log in as; absent: no login.
}

// ReportDomain is a part of the API.
type ReportDomain struct {
	Domain   string `json:"domain"`   // Its name.
	Messages int64  `json:"messages"` // That were checked for it.
	Passed   int64  `json:"passed"`   // Of them.
}

// ReportSource is a part of the API.
type ReportSource struct {
	DKIM        []ReportDomain `json:"dkim"`           // Who signed, of the domain or not.
	Failed      int64          `json:"failed"`         // The rest.
	First       time.Time      `json:"first,omitzero"` // The first day.
	IP          string         `json:"ip,omitzero"`    // Of who sent; absent where a report names none.
	Last        time.Time      `json:"last,omitzero"`  // The last day.
	Messages    int64          `json:"messages"`       // From there.
	Passed      int64          `json:"passed"`         // Of them, DMARC.
	PassedDKIM  int64          `json:"passedDkim"`     // By a signature of the domain or its organization.
	PassedSPF   int64          `json:"passedSpf"`      // By SPF for the domain or its organization.
	Quarantined int64          `json:"quarantined"`    // Put aside by who got them.
	Rejected    int64          `json:"rejected"`       // Refused by who got them.
	SPF         []ReportDomain `json:"spf"`            // For whom SPF was asked.
}

// ReportSummary is a part of the API.
type ReportSummary struct {
	Failed   int64     `json:"failed"`         // The rest.
	First    time.Time `json:"first,omitzero"` // The first day that is reported.
	Last     time.Time `json:"last,omitzero"`  // The last day that is reported.
	Messages int64     `json:"messages"`       // In all of them.
	Passed   int64     `json:"passed"`         // Of them, DMARC.
	Reports  int64     `json:"reports"`        // Without those that came twice.
}

// Rotation is a part of the API.
type Rotation struct {
	OverlapSeconds *int64 `json:"overlapSeconds,omitempty"` // How long the old secret goes on working; 0 means it ends now.
}

// SenderFacts is a part of the API.
type SenderFacts struct {
	Address      string    `json:"address"`             // The address in From. It is the sender's word: auth says whether its domain stands behind it.
	FirstAt      time.Time `json:"firstAt,omitzero"`    // When the first of them came; absent if that was not before this message.
	FirstContact bool      `json:"firstContact"`        // When the message came, nothing from the address had come before but what began in Junk, and this inbox had not written to it.
	Judged       string    `json:"judged,omitzero"`     // What moving messages of the address out of Junk or into it, or answering them, said last; unproven: one was moved to Junk that nothing proved to be from there. Absent if nothing did.
	NameClaims   string    `json:"nameClaims,omitzero"` // A domain that the sender's name names and the address is not of.
	Received     int64     `json:"received"`            // Messages from the address until now that did not begin in Junk.
	ReplyTo      string    `json:"replyTo,omitzero"`    // The domain that answers would go to, if that is another than the address's.
	Sent         int64     `json:"sent"`                // Messages from this inbox to the address until now.
	WrittenAt    time.Time `json:"writtenAt,omitzero"`  // When the first of these was sent; absent if that was not before this message.
}

// Sending is a part of the API.
type Sending struct {
	Hostname string `json:"hostname,omitzero"` // The name that goes with it (EHLO).
	Relay    *Relay `json:"relay,omitempty"`   // The server that mail for others is handed to.
	SourceIP string `json:"sourceIp,omitzero"` // The machine's address that mail is sent from; an operator sets it.
}

// SendingChange is a part of the API.
type SendingChange struct {
	Hostname *string      `json:"hostname,omitempty"` // The name that goes with it (EHLO).
	Relay    *RelayChange `json:"relay,omitempty"`    // The server that mail for others is handed to; absent: none is set here.
	SourceIP *string      `json:"sourceIp,omitempty"` // The machine's address that mail is sent from; an operator sets it.
}

// ServerAddress is a part of the API.
type ServerAddress struct {
	Advice string   `json:"advice,omitzero"` // What the operator should do.
	IP     string   `json:"ip"`              // Of the server.
	Listed []string `json:"listed"`          // DNS lists that have it, if the operator has named any.
	Names  []string `json:"names"`           // That it has (PTR).
	Status string   `json:"status"`          // ok: it has the server's name, which leads back to it.
}

// ServerAddresses is a part of the API.
type ServerAddresses struct {
	Addresses []ServerAddress `json:"addresses"`       // That mail leaves from.
	Advice    string          `json:"advice,omitzero"` // What the operator should do.
	Hostname  string          `json:"hostname"`        // Its name in EHLO.
	Status    string          `json:"status"`          // Whether the name has the server's addresses: ok, missing, different or failed.
}

// ServerFinding is a part of the API.
type ServerFinding struct {
	Advice string `json:"advice,omitzero"` // What to do; absent if nothing.
	Found  string `json:"found"`           // What is there, for people.
	Name   string `json:"name"`            // What was looked at; with what it is about behind a slash where there are several, as certificate/imaps.
	Status string `json:"status"`          // error: something does not work. unknown: it was not asked, or there was no answer.
}

// ServerHealth is a part of the API.
type ServerHealth struct {
	Findings []ServerFinding `json:"findings"` // What was looked at, in an order that stays.
	Status   string          `json:"status"`   // The gravest of the findings.
}

// SetupLink is a part of the API.
type SetupLink struct {
	ExpiresAt time.Time `json:"expiresAt"` // When the link ends.
	URL       string    `json:"url"`       // A page that shows the domain's records and their state. Who has the link sees them, and nothing else.
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

// Suppressed is a part of the API.
type Suppressed struct {
	Added        int64         `json:"added"`        // How many were not suppressed before.
	Suppressions []Suppression `json:"suppressions"` // As they are now; those that were there keep their reason.
}

// Suppression is a part of the API.
type Suppression struct {
	Address   string    `json:"address"`            // Lower case, domain in A-labels.
	CreatedAt time.Time `json:"createdAt"`          // Since when.
	InboxID   string    `json:"inboxId,omitzero"`   // The inbox whose message led to it.
	MessageID string    `json:"messageId,omitzero"` // Id of the message that led to it, msg_…
	Note      string    `json:"note,omitzero"`      // What was said: by the other server, or by who added it.
	Reason    string    `json:"reason"`             // How it came to it.
}

// SuppressionList is a part of the API.
type SuppressionList struct {
	NextCursor   string        `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Suppressions []Suppression `json:"suppressions"`        // Newest first.
}

// Thread is a part of the API.
type Thread struct {
	CreatedAt     time.Time   `json:"createdAt"`           // When its first message was stored.
	Highlights    []Highlight `json:"highlights,omitzero"` // In a search alone: where that message has what was looked for.
	ID            string      `json:"id"`                  // Begins with thr_.
	InboxID       string      `json:"inboxId"`             // The inbox that it belongs to.
	Labels        []string    `json:"labels"`              // Of any of its messages.
	LastAt        time.Time   `json:"lastAt"`              // When its newest message came.
	LastMessageID string      `json:"lastMessageId"`       // Id of its newest message.
	MatchID       string      `json:"matchId,omitzero"`    // In a search alone: its newest message that was found.
	MessageCount  int64       `json:"messageCount"`        // How many messages it has.
	Preview       string      `json:"preview"`             // Of its newest message.
	Recipients    []Person    `json:"recipients"`          // Who was written to, each once.
	Senders       []Person    `json:"senders"`             // Who wrote, each once.
	Size          int64       `json:"size"`                // Octets of all of them.
	Subject       string      `json:"subject"`             // Of its first message.
}

// ThreadList is a part of the API.
type ThreadList struct {
	NextCursor string   `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Partial    bool     `json:"partial,omitzero"`    // Of a search: mail of before an update of the server is still being indexed; older messages may be missing.
	Threads    []Thread `json:"threads"`             // By the time of their newest messages, in the order asked for; of a search, of the newest that are found.
}

// ThreadPrompt is a part of the API.
type ThreadPrompt struct {
	Messages  int64  `json:"messages"`  // How many messages are in it.
	Omitted   int64  `json:"omitted"`   // How many are not: what does not fit is left out from the middle, and what lies in Trash or Junk altogether, unless all of the thread does.
	Prompt    string `json:"prompt"`    // The thread, oldest message first: for each a line about who and when, the new text as a person sees it within a fence that is new in each answer, and facts about links, attachments and hidden text.
	Truncated bool   `json:"truncated"` // The text of a message was cut, or not all of one was looked at.
}

// TlsSummary is a part of the API.
type TlsSummary struct {
	Failed    int64 `json:"failed"`    // Sessions without.
	Reports   int64 `json:"reports"`   // Without those that came twice.
	Successes int64 `json:"successes"` // Sessions with TLS as the policy asks.
}

// TrustFacts is a part of the API.
type TrustFacts struct {
	Attachments    []AttachmentFact `json:"attachments"`      // What its attachments are, by their content; the first 100.
	Hidden         []HiddenText     `json:"hidden"`           // What is there and not seen, one entry for each kind and place. Newsletters hide a line for the list of messages.
	Links          []LinkFact       `json:"links"`            // Where it leads, each link once; at most 200. Nothing is fetched and no redirection followed.
	Quoted         string           `json:"quoted"`           // What else a person sees: the messages that it quotes, signatures and footers.
	RemotePictures int64            `json:"remotePictures"`   // Pictures that would be fetched from elsewhere if it were shown, which tells the sender so.
	Sender         *SenderFacts     `json:"sender,omitempty"` // Who claims to have written it; absent of what this inbox sent.
	Text           string           `json:"text"`             // What a person sees of the message that is new in it: of the HTML where there is any, with what is hidden left out, without quoted messages, signatures and footers.
	Truncated      bool             `json:"truncated"`        // There is more in the message than was looked at.
}

// Unsent is a part of the API.
type Unsent struct {
	Address string `json:"address"` // The recipient.
	Reason  string `json:"reason"`  // Why it is suppressed; blocked: a list for sending keeps it out.
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

// Webhook is a part of the API.
type Webhook struct {
	CreatedAt      time.Time `json:"createdAt"`               // When it was made; it gets what happened since.
	Description    string    `json:"description"`             // Your own words; may be empty.
	DisabledAt     time.Time `json:"disabledAt,omitzero"`     // Since when.
	DisabledReason string    `json:"disabledReason,omitzero"` // Why it is disabled: somebody wanted it, it failed for five days, or it answered 410.
	Enabled        bool      `json:"enabled"`                 // Whether events are posted. While it is disabled, its place in the journal stays.
	EventTypes     []string  `json:"eventTypes"`              // Which it gets; empty means all.
	HeaderNames    []string  `json:"headerNames"`             // The headers of its own that each request has. Their values are never shown.
	ID             string    `json:"id"`                      // Begins with whk_.
	InboxIDs       []string  `json:"inboxIds"`                // Of which inboxes; empty means all, and what concerns the whole workspace.
	OldSecretUntil time.Time `json:"oldSecretUntil,omitzero"` // Until when the secret before this one signs as well.
	Ordered        bool      `json:"ordered"`                 // Each inbox's events come one after the other: one that fails holds those behind it back.
	Secret         string    `json:"secret,omitzero"`         // By which requests are signed (Standard Webhooks), shown this once.
	UpdatedAt      time.Time `json:"updatedAt"`               // When it was last changed.
	URL            string    `json:"url"`                     // Where they are posted to.
	WorkspaceID    string    `json:"workspaceId"`             // Whose events it gets.
}

// WebhookAgainBody is a part of the API.
type WebhookAgainBody struct {
	EventID *string `json:"eventId,omitempty"` // Post this one event again.
	Since   *string `json:"since,omitempty"`   // Post all events behind this cursor, or from this time on (RFC 3339), that the webhook wants.
	Until   *string `json:"until,omitempty"`   // Up to and with this cursor, or before this time; without, up to now.
}

// WebhookChangeBody is a part of the API.
type WebhookChangeBody struct {
	Description *string           `json:"description,omitempty"` // At most 500 characters.
	Enabled     *bool             `json:"enabled,omitempty"`     // true: go on from its place, with what waits tried at once. false: post nothing.
	EventTypes  []string          `json:"eventTypes,omitzero"`   // Replaces what is there; an empty list means all.
	Headers     map[string]string `json:"headers,omitzero"`      // Replaces all of them.
	InboxIDs    []string          `json:"inboxIds,omitzero"`     // Replaces what is there; an empty list means all.
	Ordered     *bool             `json:"ordered,omitempty"`     // Post each inbox's events one after the other.
	URL         *string           `json:"url,omitempty"`         // As when it is made.
}

// WebhookList is a part of the API.
type WebhookList struct {
	NextCursor string    `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Webhooks   []Webhook `json:"webhooks"`            // Newest first.
}

// WebhookTestBody is a part of the API.
type WebhookTestBody struct {
	EventType *string `json:"eventType,omitempty"` // What the sample is to be; message.received by default.
}

// WholeThread is a part of the API.
type WholeThread struct {
	CreatedAt     time.Time       `json:"createdAt"`           // When its first message was stored.
	Highlights    []Highlight     `json:"highlights,omitzero"` // In a search alone: where that message has what was looked for.
	ID            string          `json:"id"`                  // Begins with thr_.
	InboxID       string          `json:"inboxId"`             // The inbox that it belongs to.
	Labels        []string        `json:"labels"`              // Of any of its messages.
	LastAt        time.Time       `json:"lastAt"`              // When its newest message came.
	LastMessageID string          `json:"lastMessageId"`       // Id of its newest message.
	MatchID       string          `json:"matchId,omitzero"`    // In a search alone: its newest message that was found.
	MessageCount  int64           `json:"messageCount"`        // How many messages it has.
	Messages      []MessageObject `json:"messages"`            // Oldest first; at most 200, the newest. GET …/messages?threadId= lists all.
	Preview       string          `json:"preview"`             // Of its newest message.
	Recipients    []Person        `json:"recipients"`          // Who was written to, each once.
	Senders       []Person        `json:"senders"`             // Who wrote, each once.
	Size          int64           `json:"size"`                // Octets of all of them.
	Subject       string          `json:"subject"`             // Of its first message.
	Truncated     bool            `json:"truncated,omitzero"`  // There are more messages than are given, or a text was cut.
}

// Workspace is a part of the API.
type Workspace struct {
	CreatedAt     time.Time                  `json:"createdAt"`              // When it was made.
	Domains       int64                      `json:"domains"`                // How many domains it has claimed.
	Forged        string                     `json:"forged"`                 // What becomes of mail whose author's domain asks to have it rejected (DMARC).
	ID            string                     `json:"id"`                     // Begins with ws_.
	Inboxes       int64                      `json:"inboxes"`                // How many inboxes it has.
	Metadata      map[string]json.RawMessage `json:"metadata"`               // Anything of your own.
	Name          string                     `json:"name"`                   // 1 to 200 characters; need not be unique.
	SandboxDomain string                     `json:"sandboxDomain,omitzero"` // A verified domain of the operator's that it has from the start, for the first inboxes; absent if this server has none.
	UpdatedAt     time.Time                  `json:"updatedAt"`              // When it was last changed.
}

// WorkspaceChangeBody is a part of the API.
type WorkspaceChangeBody struct {
	Forged   *string        `json:"forged,omitempty"`  // What becomes of mail whose author's domain asks to have it rejected; a key of the workspace may set this one.
	Metadata map[string]any `json:"metadata,omitzero"` // By name: a value replaces what is there, null removes it, and what is not named stays; 16 KiB in all.
	Name     *string        `json:"name,omitempty"`    // 1 to 200 characters.
}

// WorkspaceList is a part of the API.
type WorkspaceList struct {
	NextCursor string      `json:"nextCursor,omitzero"` // Ask for the next page with it; absent on the last one.
	Workspaces []Workspace `json:"workspaces"`          // Newest first.
}
