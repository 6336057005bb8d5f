package api

import (
	"strings"
	"time"
)

// What the data of events hold, by the beginnings of their types; the longest that fits counts. The data of a message's event
// is the message where the key may read messages, else its ids.
var eventData = []struct {
	prefix string
	data   []any // alternatives
	about  string
}{
	{"message.", []any{messageObject{}, messageIDs{}}, "the message; its ids, where the key has no messages:read or where it is gone"},
	{"message.rejected", []any{messageObject{}, rejectedData{}, messageIDs{}}, "the message; of mail that was refused before there was one, inboxId and delivery"},
	{"report.received", []any{messageObject{}, messageIDs{}}, "the message that brought the report"},
	{"thread.", []any{threadNews{}}, "the thread that lives on, and those that are it now"},
	{"conversation.", []any{conversationNews{}}, "whom nothing leaves for, why, and until when"},
	{"suppression.", []any{suppression{}}, "the suppression"},
	{"list.", []any{listNews{}}, "the entry"},
	{"mailbox.", []any{mailboxNews{}}, "the mailbox"},
	{"inbox.", []any{inboxNews{}}, "the inbox"},
	{"domain.", []any{domainNews{}}, "the domain, and what is worse than before"},
	{"key.", []any{keyNews{}}, "the key, never its secret"},
	{"webhook.", []any{webhookNews{}}, "the webhook, never its secret"},
	{"", []any{anyNews{}}, "what it was about"},
}

// dataOf finds what the data of a type are.
func dataOf(eventType string) (data []any, about string) {
	longest := -1
	for _, d := range eventData {
		if strings.HasPrefix(eventType, d.prefix) && len(d.prefix) > longest {
			data, about, longest = d.data, d.about, len(d.prefix)
		}
	}
	return data, about
}

type messageIDs struct {
	ID       string `json:"id" doc:"Begins with msg_."`
	InboxID  string `json:"inboxId" doc:"The inbox that holds it, or held it."`
	ThreadID string `json:"threadId" doc:"The thread that it belongs to."`
}

type threadNews struct {
	ID      string   `json:"id" doc:"The thread that lives on."`
	InboxID string   `json:"inboxId" doc:"The inbox that it is in."`
	Merged  []string `json:"merged" doc:"Threads that are this one now; their ids lead to it."`
}

type conversationNews struct {
	Address string    `json:"address" doc:"Whom nothing leaves for."`
	Reason  string    `json:"reason" doc:"A word that stays the same."`
	Until   time.Time `json:"until" doc:"When mail leaves again."`
}

type listNews struct {
	Entry     string    `json:"entry" doc:"An address, or a domain."`
	Direction string    `json:"direction" enum:"receive,reply,send" doc:"Which mail it is about."`
	Type      string    `json:"type" enum:"allow,block" doc:"What the list says of it."`
	InboxID   string    `json:"inboxId,omitempty" doc:"Whose list it is; absent: of all inboxes of the workspace."`
	Reason    string    `json:"reason,omitempty" doc:"In the words of who added it."`
	CreatedAt time.Time `json:"createdAt" doc:"Since when it is on the list."`
}

type mailboxNews struct {
	ID          string `json:"id" doc:"The MAILBOXID (RFC 8474)."`
	InboxID     string `json:"inboxId" doc:"The inbox that it is in."`
	Name        string `json:"name" doc:"Its name, with / between levels."`
	RenamedFrom string `json:"renamedFrom,omitempty" doc:"The name that it had."`
}

type inboxNews struct {
	ID          string         `json:"id" doc:"Begins with inb_."`
	WorkspaceID string         `json:"workspaceId" doc:"The workspace that owns it."`
	Address     string         `json:"address" doc:"The primary address."`
	Addresses   []address      `json:"addresses" doc:"All addresses, the primary one first."`
	Username    string         `json:"username" doc:"What stands before the @ of the primary address."`
	Domain      string         `json:"domain" doc:"What stands behind it."`
	DisplayName string         `json:"displayName" doc:"The name that people see."`
	Metadata    map[string]any `json:"metadata" doc:"Anything of the user's own."`
	PausedAt    *time.Time     `json:"pausedAt,omitempty" doc:"Since when it sends nothing; absent if it sends."`
	CreatedAt   time.Time      `json:"createdAt" doc:"When it was made."`
	UpdatedAt   time.Time      `json:"updatedAt" doc:"When it was last changed."`
}

type webhookNews struct {
	ID             string    `json:"id" doc:"Begins with whk_."`
	WorkspaceID    string    `json:"workspaceId" doc:"The workspace that has it."`
	URL            string    `json:"url" doc:"Where events are posted to."`
	EventTypes     []string  `json:"eventTypes" doc:"Which it is told of; empty means all."`
	InboxIDs       []string  `json:"inboxIds" doc:"Of which inboxes; empty means all."`
	Description    string    `json:"description" doc:"What its maker calls it."`
	Ordered        bool      `json:"ordered" doc:"Whether the events of an inbox wait for one another."`
	Enabled        bool      `json:"enabled" doc:"Whether it is told of events."`
	DisabledReason string    `json:"disabledReason,omitempty" doc:"Why it is not; absent if it is."`
	CreatedAt      time.Time `json:"createdAt" doc:"When it was made."`
	UpdatedAt      time.Time `json:"updatedAt" doc:"When it was last changed."`
}

type domainNews struct {
	ID          string     `json:"id" doc:"Begins with dom_."`
	WorkspaceID string     `json:"workspaceId" doc:"The workspace that claimed it."`
	Domain      string     `json:"domain" doc:"Its name, A-labels, lower case."`
	Status      string     `json:"status" enum:"pending,verified" doc:"Only a verified domain receives and sends."`
	CatchAll    string     `json:"catchAll,omitempty" doc:"Id of the inbox that gets what no address matches."`
	CreatedAt   time.Time  `json:"createdAt" doc:"When it was claimed."`
	UpdatedAt   time.Time  `json:"updatedAt" doc:"When it was last changed."`
	VerifiedAt  *time.Time `json:"verifiedAt,omitempty" doc:"When it was verified."`
	LostAt      *time.Time `json:"lostAt,omitempty" doc:"When it is pending again unless it points here by then."`
	Changes     any        `json:"changes,omitempty" doc:"What is worse than before."`
}

type keyNews struct {
	ID          string     `json:"id" doc:"Begins with key_."`
	Kind        string     `json:"kind" enum:"workspace,inbox" doc:"How far it reaches."`
	Prefix      string     `json:"prefix" doc:"The beginning of the key, to tell it from others."`
	Name        string     `json:"name" doc:"In the user's words."`
	Permissions []string   `json:"permissions" doc:"What it may do."`
	WorkspaceID string     `json:"workspaceId" doc:"The workspace that it is for."`
	InboxID     string     `json:"inboxId,omitempty" doc:"The inbox that it is for, if it is for one."`
	Networks    []string   `json:"networks" nullable:"true" doc:"Where it may be used; none: everywhere."`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty" doc:"When it ends."`
	CreatedAt   time.Time  `json:"createdAt" doc:"When it was made."`
}

// anyNews is the data of types that nothing appends yet.
type anyNews struct {
	ID string `json:"id,omitempty" doc:"Of what the event is about."`
}
