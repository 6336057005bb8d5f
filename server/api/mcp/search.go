package mcp

import (
	"context"

	"github.com/postroom/postroom/server/api/client"
)

const aboutQueries = "Words are all looked for, in subject, addresses, text and attachment names; \"words in quotes\" stand together, invoi* is the beginning of a word, -word must not be there, OR between words. " +
	"Operators: from: to: subject: label: in: has:attachment is:unread before: after: filename:."

type textQuery struct {
	anyInbox
	page
	Query  string `json:"query" jsonschema:"what to look for, such as: invoice from:ann after:2026-01-31"`
	Newest bool   `json:"newestFirst,omitempty" jsonschema:"the newest first, instead of the best"`
}

func (s *server) searchTools() {
	addTool(s, reads, "search_messages", "Search messages. "+aboutQueries, func(ctx context.Context, c *Caller, in textQuery) (any, error) {
		params := client.SearchParams{WorkspaceID: c.Workspace, Q: in.Query, InboxID: in.Inbox, Limit: in.limit(), Cursor: in.Cursor}
		if in.Newest {
			params.Sort = "newest"
		}
		list, err := c.API.Search(ctx, params)
		if err != nil {
			return nil, err
		}
		return marked(messagesView{each(list.Hits, summary), list.NextCursor})
	})
	addTool(s, reads, "search_threads", "Search conversations; the one with the newest message that is found comes first. "+aboutQueries, func(ctx context.Context, c *Caller, in threadSearch) (any, error) {
		return listThreads(ctx, c, in.anyInbox, client.ListThreadsParams{Q: in.Query, Limit: in.limit(), Cursor: in.Cursor})
	})
}

type threadSearch struct {
	anyInbox
	page
	Query string `json:"query" jsonschema:"what to look for"`
}
