package mcp

import (
	"context"
	"time"

	"github.com/postroom/postroom/server/api/client"
)

type (
	anyInbox struct {
		Inbox string `json:"inboxId,omitempty" jsonschema:"id or address of the inbox; without it all that you may use"`
	}
	messageQuery struct {
		anyInbox
		page
		Labels       []string  `json:"labels,omitempty" jsonschema:"only messages that bear all of these, such as received, sent, unread, starred or your own"`
		From         string    `json:"from,omitempty" jsonschema:"part of the sender's name or address"`
		To           string    `json:"to,omitempty" jsonschema:"part of a recipient's name or address"`
		Subject      string    `json:"subject,omitempty" jsonschema:"part of the subject"`
		Thread       string    `json:"threadId,omitempty" jsonschema:"only messages of this thread"`
		After        time.Time `json:"after,omitzero" jsonschema:"at this time or later, RFC 3339"`
		Before       time.Time `json:"before,omitzero" jsonschema:"before this time, RFC 3339"`
		IncludeTrash bool      `json:"includeTrash,omitempty" jsonschema:"also what lies in Trash or Junk"`
	}
	oneMessage struct {
		oneInbox
		Message string `json:"messageId" jsonschema:"id of the message, msg_…"`
	}
	messageRead struct {
		oneMessage
		HTML bool `json:"includeHtml,omitempty" jsonschema:"also the HTML as the sender wrote it"`
	}
	labels struct {
		Add    []string `json:"addLabels,omitempty" jsonschema:"unread, read, starred, spam, trash, or labels of your own"`
		Remove []string `json:"removeLabels,omitempty" jsonschema:"labels to take away"`
	}
	messageLabels struct {
		oneMessage
		labels
	}
)

func (l labels) change() client.LabelChange {
	return client.LabelChange{AddLabels: l.Add, RemoveLabels: l.Remove}
}

func (s *server) messageTools() {
	addTool(s, reads, "list_messages", "List messages, newest first, without their texts. To find words use search_messages.", listMessages)
	addTool(s, reads, "get_message", "Read a message: its text as a person sees it, its attachments, and facts about who sent it, its links and hidden text.",
		func(ctx context.Context, c *Caller, in messageRead) (any, error) {
			m, err := c.API.GetMessage(ctx, in.Inbox, in.Message, client.GetMessageParams{WorkspaceID: c.Workspace})
			if err != nil {
				return nil, err
			}
			return marked(viewMessage(*m, in.HTML))
		})
	addTool(s, changes, "update_message", "Add labels to a message or take them away: read, unread, starred, spam, trash, or your own.",
		func(ctx context.Context, c *Caller, in messageLabels) (any, error) {
			m, err := c.API.UpdateMessage(ctx, in.Inbox, in.Message, client.UpdateMessageParams{WorkspaceID: c.Workspace}, client.MessageChangeBody{AddLabels: in.Add, RemoveLabels: in.Remove})
			if err != nil {
				return nil, err
			}
			return labelled{ID: m.ID, Labels: m.Labels}, nil
		})
	addTool(s, removes, "delete_message", "Move a message to Trash; one that lies there is removed for good.", func(ctx context.Context, c *Caller, in oneMessage) (any, error) {
		return done{"deleted"}, c.API.DeleteMessage(ctx, in.Inbox, in.Message, client.DeleteMessageParams{WorkspaceID: c.Workspace})
	})
}

// labelled says what a change of labels came to.
type labelled struct {
	ID     string   `json:"id"`
	Labels []string `json:"labels"`
}

// done says what was done where there is nothing else to say.
type done struct {
	Status string `json:"status"`
}

func listMessages(ctx context.Context, c *Caller, in messageQuery) (any, error) {
	params := client.ListMessagesParams{WorkspaceID: c.Workspace, Limit: in.limit(), Cursor: in.Cursor, Labels: in.Labels, From: in.From, To: in.To,
		Subject: in.Subject, ThreadID: in.Thread, After: in.After, Before: in.Before, IncludeTrash: in.IncludeTrash, IncludeSpam: in.IncludeTrash}
	var list *client.MessageList
	var err error
	if in.Inbox == "" {
		list, err = c.API.ListWorkspaceMessages(ctx, params)
	} else {
		list, err = c.API.ListMessages(ctx, in.Inbox, params)
	}
	if err != nil {
		return nil, err
	}
	return marked(messagesView{each(list.Messages, summary), list.NextCursor})
}
