package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	api "github.com/postroom/postroom/server/api/client"
)

// messageCommands are how an operator looks at mail.
type messageCommands struct {
	List     messageList     `cmd:"" help:"List the messages of an inbox, the newest first."`
	Search   messageSearch   `cmd:"" help:"Search the messages of a workspace or an inbox."`
	Show     messageShow     `cmd:"" help:"Show a message: who, what about, and its text."`
	Raw      messageRaw      `cmd:"" help:"Write a message as it is stored, octet by octet."`
	Send     messageSend     `cmd:"" help:"Send a message from an inbox."`
	Delivery messageDelivery `cmd:"" help:"Show what became of a message that was sent, recipient by recipient."`
}

type messageList struct {
	oneInbox
	page
}

// Run shows one page.
func (c *messageList) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.MessageList, error) {
		return a.ListMessages(ctx, c.Inbox, api.ListMessagesParams{WorkspaceID: c.Workspace, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.MessageList) ([]api.MessageObject, string) { return l.Messages, l.NextCursor },
		messageColumns(column[api.MessageObject]{"LABELS", func(m api.MessageObject) any { return m.Labels }})...)
}

// messageColumns are those of every table of messages, with a last one.
func messageColumns(last column[api.MessageObject]) []column[api.MessageObject] {
	return []column[api.MessageObject]{
		{"ID", func(m api.MessageObject) any { return m.ID }},
		{"RECEIVED", func(m api.MessageObject) any { return m.ReceivedAt }},
		{"FROM", func(m api.MessageObject) any { return m.From }},
		{"SUBJECT", func(m api.MessageObject) any { return m.Subject }},
		last,
	}
}

type messageSearch struct {
	remote
	page
	Workspace string `required:"" help:"The workspace whose mail to search." placeholder:"ID"`
	Inbox     string `help:"Only in this inbox, its id or address." placeholder:"INBOX"`
	Newest    bool   `help:"The newest first, instead of the best."`
	Query     string `arg:"" help:"What to look for, such as 'invoi* from:ann is:unread'."`
}

// Run shows one page.
func (c *messageSearch) Run(ctx context.Context, t terminal) error {
	sort := "relevance"
	if c.Newest {
		sort = "newest"
	}
	return list(c.remote, t, func(a *api.Client) (*api.HitList, error) {
		return a.Search(ctx, api.SearchParams{Q: c.Query, WorkspaceID: c.Workspace, InboxID: c.Inbox, Sort: sort, Limit: c.Limit, Cursor: c.Cursor})
	}, func(l *api.HitList) ([]api.MessageObject, string) { return l.Hits, l.NextCursor },
		messageColumns(column[api.MessageObject]{"PREVIEW", func(m api.MessageObject) any { return m.Preview }})...)
}

// oneMessage names a message of an inbox.
type oneMessage struct {
	oneInbox
	ID string `arg:"" help:"The message's id, msg_…"`
}

type messageShow struct{ oneMessage }

// Run shows what a person wants first, then the text.
func (c *messageShow) Run(ctx context.Context, t terminal) error {
	raw, m, err := answered(c.remote, func(a *api.Client) (*api.MessageObject, error) {
		return a.GetMessage(ctx, c.Inbox, c.ID, api.GetMessageParams{WorkspaceID: c.Workspace})
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, raw)
	}
	return printMessage(t.out, m)
}

func printMessage(w io.Writer, m *api.MessageObject) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, member := range []struct {
		name  string
		value any
	}{
		{"id", m.ID}, {"threadId", m.ThreadID}, {"from", m.From}, {"to", m.To}, {"cc", m.Cc}, {"replyTo", m.ReplyTo}, {"deliveredTo", m.DeliveredTo}, {"subject", m.Subject},
		{"receivedAt", m.ReceivedAt}, {"sentAt", m.SentAt}, {"labels", m.Labels}, {"attachments", m.Attachments},
	} {
		if text := cell(member.value); text != "" {
			fmt.Fprintf(tw, "%s\t%s\n", member.name, text)
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", printableText(m.Text))
	return err
}

type messageRaw struct{ oneMessage }

// Run copies the message's octets to standard output.
func (c *messageRaw) Run(ctx context.Context, t terminal) error {
	body, err := c.client().GetRawMessage(ctx, c.Inbox, c.ID, api.GetRawMessageParams{WorkspaceID: c.Workspace})
	if err != nil {
		return c.failed(err)
	}
	defer body.Close()
	if _, err := io.Copy(t.out, body); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	return nil
}

type messageSend struct {
	oneInbox
	To      []string  `required:"" help:"Who gets it; may be given several times." placeholder:"ADDRESS"`
	Subject string    `help:"What it is about." placeholder:"TEXT"`
	Text    string    `help:"What it says; without, it is read from standard input." placeholder:"TEXT"`
	SendAt  time.Time `help:"Not before this time, RFC 3339." placeholder:"TIME"`
}

// Run sends it and shows what was made.
func (c *messageSend) Run(ctx context.Context, t terminal) error {
	if c.Text == "" {
		text, err := io.ReadAll(io.LimitReader(t.in, maxSentText))
		if err != nil {
			return fmt.Errorf("read the text: %w", err)
		}
		c.Text = string(text)
	}
	body := api.NewMessageBody{To: c.To, Subject: &c.Subject, Text: &c.Text, SendAt: given(c.SendAt)}
	return show(c.remote, t, func(a *api.Client) (*api.Accepted, error) {
		return a.SendMessage(ctx, c.Inbox, api.SendMessageParams{WorkspaceID: c.Workspace}, body)
	})
}

const maxSentText = 1 << 20 // octets of a text that is read from standard input

type messageDelivery struct{ oneMessage }

// Run shows a line for each recipient.
func (c *messageDelivery) Run(ctx context.Context, t terminal) error {
	return list(c.remote, t, func(a *api.Client) (*api.RecipientList, error) {
		return a.GetDelivery(ctx, c.Inbox, c.ID, api.GetDeliveryParams{WorkspaceID: c.Workspace})
	}, func(l *api.RecipientList) ([]api.Recipient, string) { return l.Recipients, "" },
		column[api.Recipient]{"RECIPIENT", func(r api.Recipient) any { return r.Recipient }},
		column[api.Recipient]{"STATUS", func(r api.Recipient) any { return r.Status }},
		column[api.Recipient]{"WHY", func(r api.Recipient) any { return r.Why }},
		column[api.Recipient]{"TRIES", func(r api.Recipient) any { return r.Attempts }},
		column[api.Recipient]{"NEXT", func(r api.Recipient) any { return r.NextAttemptAt }},
		column[api.Recipient]{"REASON", func(r api.Recipient) any { return r.Reason }},
		column[api.Recipient]{"REPLY", func(r api.Recipient) any { return r.Reply }})
}
