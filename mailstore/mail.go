package mailstore

// Mail is a handle on the messages of a workspace, of all its inboxes or of one. Like the others it opens nothing.
type Mail struct {
	ws    Workspace
	inbox InboxID // "" is all of them
}

// Mail hands out the messages of the workspace, or of one inbox of it.
func (w Workspace) Mail(inbox InboxID) Mail { return Mail{w, inbox} }

// Mail hands out the messages of the inbox.
func (in Inbox) Mail() Mail { return Mail{in.ws, in.id} }

// WorkspaceID is the id of the workspace whose mail it is.
func (m Mail) WorkspaceID() WorkspaceID { return m.ws.id }

// InboxID is the inbox whose mail it is; "" for all inboxes of the workspace.
func (m Mail) InboxID() InboxID { return m.inbox }
