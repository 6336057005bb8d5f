package tenancy

import (
	"fmt"
	"slices"
)

// Permission is something that a key may do: one of the four broad ones, or a fine one "resource:verb".
type Permission string

// The broad permissions. A key made without any asks for all four.
const (
	Read   Permission = "read"   // every resource:read
	Draft  Permission = "draft"  // drafts:create, :update and :delete; mail of a key without Send is held for approval
	Send   Permission = "send"   // messages:send and drafts:send
	Manage Permission = "manage" // every resource:create, :update and :delete
)

// Fine permissions that the methods of Grant ask for, and those that wires ask for when they call Mail.
const (
	WorkspacesRead    Permission = "workspaces:read"
	WorkspacesCreate  Permission = "workspaces:create"
	WorkspacesUpdate  Permission = "workspaces:update"
	WorkspacesDelete  Permission = "workspaces:delete"
	KeysRead          Permission = "keys:read"
	KeysCreate        Permission = "keys:create"
	KeysUpdate        Permission = "keys:update"
	KeysDelete        Permission = "keys:delete"
	DomainsRead       Permission = "domains:read"
	DomainsCreate     Permission = "domains:create"
	DomainsUpdate     Permission = "domains:update"
	DomainsDelete     Permission = "domains:delete"
	InboxesRead       Permission = "inboxes:read"
	InboxesCreate     Permission = "inboxes:create"
	InboxesUpdate     Permission = "inboxes:update"
	InboxesDelete     Permission = "inboxes:delete"
	CredentialsCreate Permission = "credentials:create" // a new password for an inbox
	MessagesRead      Permission = "messages:read"
	MessagesCreate    Permission = "messages:create" // put a message there (IMAP APPEND)
	MessagesUpdate    Permission = "messages:update"
	MessagesDelete    Permission = "messages:delete"
	MessagesSend      Permission = "messages:send"
	ThreadsRead       Permission = "threads:read"
	ThreadsUpdate     Permission = "threads:update"
	ThreadsDelete     Permission = "threads:delete"
	DraftsRead        Permission = "drafts:read"
	DraftsCreate      Permission = "drafts:create"
	DraftsUpdate      Permission = "drafts:update"
	DraftsDelete      Permission = "drafts:delete"
	DraftsSend        Permission = "drafts:send"
	EventsRead        Permission = "events:read"

	SuppressionsRead   Permission = "suppressions:read"
	SuppressionsCreate Permission = "suppressions:create"
	SuppressionsDelete Permission = "suppressions:delete"
	ListsRead          Permission = "lists:read"
	ListsCreate        Permission = "lists:create"
	ListsDelete        Permission = "lists:delete"
	RejectionsRead     Permission = "rejections:read"

	WebhooksRead   Permission = "webhooks:read"
	WebhooksCreate Permission = "webhooks:create" // with events:read and messages:read, for a webhook tells of both
	WebhooksUpdate Permission = "webhooks:update" // likewise
	WebhooksDelete Permission = "webhooks:delete"
)

// all is what a key has that nobody narrowed.
func all() []Permission { return []Permission{Read, Draft, Send, Manage} }

// passwordPermissions is what an inbox password can do when a grant with held makes it: what people do with their mail
// and nothing of the rest, and no more than the grant itself may.
func passwordPermissions(held []Permission) (kept []Permission) {
	for _, p := range []Permission{Read, Draft, Send, MessagesRead, MessagesCreate, MessagesUpdate, MessagesDelete, MessagesSend,
		ThreadsRead, ThreadsUpdate, ThreadsDelete, DraftsRead, DraftsCreate, DraftsUpdate, DraftsDelete, DraftsSend} {
		if allows(held, p) && !allows(kept, p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// fine maps each fine permission to the broad ones that hold it.
var fine = map[Permission][]Permission{
	WorkspacesRead: {Read}, WorkspacesCreate: {Manage}, WorkspacesUpdate: {Manage}, WorkspacesDelete: {Manage},
	KeysRead: {Read}, KeysCreate: {Manage}, KeysUpdate: {Manage}, KeysDelete: {Manage},
	DomainsRead: {Read}, DomainsCreate: {Manage}, DomainsUpdate: {Manage}, DomainsDelete: {Manage},
	InboxesRead: {Read}, InboxesCreate: {Manage}, InboxesUpdate: {Manage}, InboxesDelete: {Manage},
	CredentialsCreate: {Manage},
	MessagesRead:      {Read}, MessagesCreate: {Manage}, MessagesUpdate: {Manage}, MessagesDelete: {Manage}, MessagesSend: {Send},
	ThreadsRead: {Read}, ThreadsUpdate: {Manage}, ThreadsDelete: {Manage},
	DraftsRead: {Read}, DraftsCreate: {Manage, Draft}, DraftsUpdate: {Manage, Draft}, DraftsDelete: {Manage, Draft}, DraftsSend: {Send},
	EventsRead:       {Read},
	SuppressionsRead: {Read}, SuppressionsCreate: {Manage}, SuppressionsDelete: {Manage},
	ListsRead: {Read}, ListsCreate: {Manage}, ListsDelete: {Manage},
	RejectionsRead: {Read},
	WebhooksRead:   {Read}, WebhooksCreate: {Manage}, WebhooksUpdate: {Manage}, WebhooksDelete: {Manage},
}

func isBroad(p Permission) bool { return p == Read || p == Draft || p == Send || p == Manage }

// Known reports whether there is such a permission.
func (p Permission) Known() bool { return isBroad(p) || fine[p] != nil }

// allows reports whether held includes p, by itself or through a broad one.
func allows(held []Permission, p Permission) bool {
	if slices.Contains(held, p) {
		return true
	}
	return slices.ContainsFunc(fine[p], func(broad Permission) bool { return slices.Contains(held, broad) })
}

// allowsAll reports whether held includes each of wanted.
func allowsAll(held, wanted []Permission) bool {
	for _, p := range wanted {
		if !allows(held, p) {
			return false
		}
	}
	return true
}

// checkPermissions reads a list of permissions; each once, in the order given.
func (p *problems) checkPermissions(path string, list []string) []Permission {
	var out []Permission
	if len(list) > MaxPermissions {
		p.add(path, "At most %d permissions.", MaxPermissions)
		return nil
	}
	for i, s := range list {
		switch perm := Permission(s); {
		case !perm.Known():
			p.add(fmt.Sprintf("%s[%d]", path, i), "There is no such permission; known are read, draft, send, manage and finer ones such as messages:read.")
		case !slices.Contains(out, perm):
			out = append(out, perm)
		}
	}
	return out
}
