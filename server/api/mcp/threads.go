package mcp

import (
	"context"
	"fmt"
	"strings"

	"github.com/postroom/postroom/server/api/client"
)

type (
	threadQuery struct {
		anyInbox
		page
		Labels []string `json:"labels,omitempty" jsonschema:"only threads with a message that bears all of these"`
	}
	oneThread struct {
		oneInbox
		Thread string `json:"threadId" jsonschema:"id of the thread, thr_…"`
	}
	threadRead struct {
		oneThread
		MaxCharacters int64 `json:"maxCharacters,omitempty" jsonschema:"of the text, 2000 to 400000; 40000 unless told"`
	}
	threadLabels struct {
		oneThread
		labels
	}
)

func (s *server) threadTools() {
	addTool(s, reads, "list_threads", "List conversations, the one with the newest message first. To find words use search_threads.", func(ctx context.Context, c *Caller, in threadQuery) (any, error) {
		return listThreads(ctx, c, in.anyInbox, client.ListThreadsParams{Limit: in.limit(), Cursor: in.Cursor, Labels: in.Labels})
	})
	addTool(s, reads, "get_thread", "Read a conversation from its first message to its last: for each who wrote it and when, the new text as a person sees it, and facts about links and attachments.", readThread)
	addTool(s, changes, "update_thread", "Add labels to all messages of a conversation or take them away.", func(ctx context.Context, c *Caller, in threadLabels) (any, error) {
		t, err := c.API.UpdateThread(ctx, in.Inbox, in.Thread, client.UpdateThreadParams{WorkspaceID: c.Workspace}, in.change())
		if err != nil {
			return nil, err
		}
		return labelled{ID: t.ID, Labels: t.Labels}, nil
	})
	addTool(s, removes, "delete_thread", "Move a conversation to Trash; what lies there is removed for good.", func(ctx context.Context, c *Caller, in oneThread) (any, error) {
		return done{"deleted"}, c.API.DeleteThread(ctx, in.Inbox, in.Thread, client.DeleteThreadParams{WorkspaceID: c.Workspace})
	})
}

func listThreads(ctx context.Context, c *Caller, in anyInbox, params client.ListThreadsParams) (any, error) {
	params.WorkspaceID = c.Workspace
	var list *client.ThreadList
	var err error
	if in.Inbox == "" {
		list, err = c.API.ListWorkspaceThreads(ctx, params)
	} else {
		list, err = c.API.ListThreads(ctx, in.Inbox, params)
	}
	if err != nil {
		return nil, err
	}
	return marked(threadsView{each(list.Threads, viewThread), list.NextCursor})
}

// readThread gives the prompt that the API makes of a thread, and the ids that a reply needs.
func readThread(ctx context.Context, c *Caller, in threadRead) (any, error) {
	prompt, err := c.API.GetThreadPrompt(ctx, in.Inbox, in.Thread, client.GetThreadParams{WorkspaceID: c.Workspace, MaxCharacters: in.MaxCharacters})
	if err != nil {
		return nil, err
	}
	t, err := c.API.GetThread(ctx, in.Inbox, in.Thread, client.GetThreadParams{WorkspaceID: c.Workspace})
	if err != nil {
		return nil, err
	}
	v := viewThread(client.Thread{ID: t.ID, InboxID: t.InboxID, Subject: t.Subject, Senders: t.Senders, Recipients: t.Recipients, Labels: t.Labels, Preview: t.Preview, MessageCount: t.MessageCount,
		LastMessageID: t.LastMessageID, LastAt: t.LastAt})
	v.Messages = each(t.Messages, summary)
	return markedText(ids(v), prompt.Prompt, v), nil
}

// ids are the messages of a thread by number, as words of ours.
func ids(t threadView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Thread %s of inbox %s, oldest message first:\n", t.ID, t.InboxID)
	for i, m := range t.Messages {
		fmt.Fprintf(&b, "%d. messageId %s", i+1, m.ID)
		for _, a := range m.Attachments {
			fmt.Fprintf(&b, ", attachmentId %s", a.ID)
		}
		b.WriteString("\n")
	}
	return b.String()
}
