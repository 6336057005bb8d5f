package journal

// Type is a kind of line, as events name it.
type Type struct {
	Name   string
	About  string // what happened, a sentence
	Coming bool   // nothing appends it yet
}

// Types are all kinds of lines, in the order in which they are documented. A test compares them with what the program appends.
var Types = []Type{
	{Name: "message.received", About: "A message came in."},
	{Name: "message.received.spam", About: "A message came in and was filed as junk."},
	{Name: "message.received.blocked", About: "A message came in from somebody on a block list and was filed as junk."},
	{Name: "message.received.unauthenticated", About: "A message came in that nothing proves to be from whom it says."},
	{Name: "report.received", About: "A report of another mail server about mail of a domain came in."},
	{Name: "message.appended", About: "A client, or another program, put a message there."},
	{Name: "message.sent", About: "A message was accepted to be sent."},
	{Name: "message.delivered", About: "A recipient's server took a message that was sent."},
	{Name: "message.deferred", About: "A recipient's server did not take a message for now; it is tried again."},
	{Name: "message.bounced", About: "A message cannot be delivered to a recipient."},
	{Name: "message.complained", About: "A recipient called a message junk."},
	{Name: "message.rejected", About: "A recipient was refused before anything was sent, or a message that was sent was refused."},
	{Name: "message.opened", About: "A recipient looked at a message; only where that was asked for.", Coming: true},
	{Name: "message.updated", About: "A message has other labels, or another status or place."},
	{Name: "message.deleted", About: "A message is gone for good."},
	{Name: "thread.updated", About: "Threads have become one; the id that lives on is told."},
	{Name: "draft.held", About: "A draft waits for somebody's approval.", Coming: true},
	{Name: "draft.approved", About: "A draft was approved and is sent.", Coming: true},
	{Name: "draft.rejected", About: "A draft was not approved.", Coming: true},
	{Name: "conversation.paused", About: "An inbox and an address answered each other too fast: what leaves for it waits."},
	{Name: "suppression.added", About: "Nothing is sent to an address any more."},
	{Name: "suppression.removed", About: "An address may be sent to again."},
	{Name: "list.added", About: "An address or a domain is on an allow or block list."},
	{Name: "list.removed", About: "It is not on that list any more."},
	{Name: "mailbox.created", About: "An inbox has a mailbox more."},
	{Name: "mailbox.renamed", About: "A mailbox has another name."},
	{Name: "mailbox.deleted", About: "A mailbox is gone."},
	{Name: "inbox.created", About: "An inbox was made."},
	{Name: "inbox.updated", About: "An inbox was changed."},
	{Name: "inbox.paused", About: "An inbox was paused."},
	{Name: "inbox.resumed", About: "An inbox that was paused sends again."},
	{Name: "inbox.deleted", About: "An inbox was deleted."},
	{Name: "domain.verified", About: "A domain is the workspace's."},
	{Name: "domain.failed", About: "Something is worse with a domain than before."},
	{Name: "domain.deleted", About: "A domain was deleted."},
	{Name: "key.created", About: "An API key was made."},
	{Name: "key.revoked", About: "An API key has ended."},
	{Name: "webhook.created", About: "A webhook endpoint was made."},
	{Name: "webhook.updated", About: "A webhook endpoint was changed."},
	{Name: "webhook.enabled", About: "A webhook endpoint is told of events again."},
	{Name: "webhook.disabled", About: "A webhook endpoint failed for so long that it is not tried any more, or was switched off."},
	{Name: "webhook.deleted", About: "A webhook endpoint was deleted."},
	{Name: "limit.near", About: "A limit is nearly reached.", Coming: true},
	{Name: "limit.reached", About: "A limit is reached.", Coming: true},
	{Name: "usage.hour", About: "What was used in an hour.", Coming: true},
}

var known = func() map[string]bool {
	names := map[string]bool{}
	for _, t := range Types {
		names[t.Name] = true
	}
	return names
}()

// Known reports whether there is a type of that name.
func Known(name string) bool { return known[name] }
