package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// Thread is a conversation within one inbox.
type Thread struct {
	ID            string   `json:"id" doc:"Begins with thr_."`
	InboxID       string   `json:"inboxId" doc:"The inbox that it belongs to."`
	Subject       string   `json:"subject" doc:"Of its first message."`
	Senders       []person `json:"senders" doc:"Who wrote, each once."`
	Recipients    []person `json:"recipients" doc:"Who was written to, each once."`
	Labels        []string `json:"labels" doc:"Of any of its messages."`
	Preview       string   `json:"preview" doc:"Of its newest message."`
	MessageCount  int      `json:"messageCount" doc:"How many messages it has."`
	LastMessageID string   `json:"lastMessageId" doc:"Id of its newest message."`
	Size          int64    `json:"size" doc:"Octets of all of them."`
	LastAt        stamp    `json:"lastAt" doc:"When its newest message came."`
	CreatedAt     stamp    `json:"createdAt" doc:"When its first message was stored."`

	MatchID    string      `json:"matchId,omitempty" doc:"In a search alone: its newest message that was found."`
	Highlights []highlight `json:"highlights,omitempty" doc:"In a search alone: where that message has what was looked for."`
}

func threadOf(t mailstore.Thread) Thread {
	return Thread{ID: string(t.ID), InboxID: string(t.InboxID), Subject: t.Subject, Senders: each(t.Senders, personOf), Recipients: each(t.Recipients, personOf), Labels: t.Labels, Preview: t.Preview,
		MessageCount: t.MessageCount, LastMessageID: string(t.LastMessageID), Size: t.Size, LastAt: stamp{t.LastAt}, CreatedAt: stamp{t.CreatedAt}}
}

// wholeThread has its messages, oldest first; of a long thread the newest MaxLimit.
type wholeThread struct {
	Thread
	Messages  []messageObject `json:"messages" doc:"Oldest first; at most 200, the newest. GET …/messages?threadId= lists all."`
	Truncated bool            `json:"truncated,omitempty" doc:"There are more messages than are given, or a text was cut."`
}

// maxThreadText bounds the octets of text, and of HTML, of each message in a thread.
const maxThreadText = 64 << 10

type (
	ThreadPath struct {
		InboxPath
		Thread string `path:"thread" doc:"Id of the thread, or of one that was merged into it."`
	}
	threadChange struct {
		ThreadPath
		Body LabelChange
	}
	threadDelete struct {
		ThreadPath
		Permanent bool `query:"permanent" doc:"Remove for good instead of moving to Trash."`
	}
)

func (p ThreadPath) id() mailstore.ThreadID { return mailstore.ThreadID(p.Thread) }

func (s *Server) threadRoutes(a huma.API) {
	const one = "/v1/inboxes/{inbox}/threads/{thread}"
	register(s, a, getThreadRoute(a, one), getThread)
	register(s, a, route(http.MethodPatch, one, "updateThread", "threads", "Change the labels of all messages of a thread", 200),
		func(ctx context.Context, g *tenancy.Grant, in *threadChange) (*result[Thread], error) {
			box, err := in.mail(ctx, g, tenancy.ThreadsUpdate)
			if err != nil {
				return nil, err
			}
			t, err := box.ChangeThread(ctx, in.id(), in.Body.change())
			return &result[Thread]{threadOf(t)}, err
		})
	register(s, a, route(http.MethodDelete, one, "deleteThread", "threads", "Move a thread's messages to Trash, or remove them", 204),
		func(ctx context.Context, g *tenancy.Grant, in *threadDelete) (*struct{}, error) {
			box, err := in.mail(ctx, g, tenancy.ThreadsDelete)
			if err != nil {
				return nil, err
			}
			return nil, box.DeleteThread(ctx, in.id(), in.Permanent)
		})
}

// fullThread reads the newest messages of a thread with their bodies.
func fullThread(ctx context.Context, box mailstore.Inbox, t mailstore.Thread) (wholeThread, error) {
	list, more, err := box.Messages(ctx, mailstore.MessageFilter{ThreadID: t.ID, IncludeTrash: true, IncludeSpam: true}, nil, MaxLimit)
	if err != nil {
		return wholeThread{}, err
	}
	whole := wholeThread{Thread: threadOf(t), Messages: make([]messageObject, len(list)), Truncated: more != nil}
	for i, m := range list {
		o, err := messageOf(m).withBody(ctx, box, maxThreadText)
		if err != nil {
			return wholeThread{}, err
		}
		whole.Truncated = whole.Truncated || o.Truncated
		whole.Messages[len(list)-1-i] = o
	}
	return whole, nil
}
