package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
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
	return c.list(ctx, t, join("inboxes", c.Inbox, "messages"), c.query("workspaceId", c.Workspace), "messages",
		column{"ID", "id"}, column{"RECEIVED", "receivedAt"}, column{"FROM", "from"}, column{"SUBJECT", "subject"}, column{"LABELS", "labels"})
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
	return c.list(ctx, t, join("search"), c.query("q", c.Query, "workspaceId", c.Workspace, "inboxId", c.Inbox, "sort", sort), "hits",
		column{"ID", "id"}, column{"RECEIVED", "receivedAt"}, column{"FROM", "from"}, column{"SUBJECT", "subject"}, column{"PREVIEW", "preview"})
}

// oneMessage names a message of an inbox.
type oneMessage struct {
	oneInbox
	ID string `arg:"" help:"The message's id, msg_…"`
}

type messageShow struct{ oneMessage }

// Run shows what a person wants first, then the text.
func (c *messageShow) Run(ctx context.Context, t terminal) error {
	raw, err := c.client().call(ctx, "GET", join("inboxes", c.Inbox, "messages", c.ID), query("workspaceId", c.Workspace), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, raw)
	}
	return printMessage(t.out, raw)
}

func printMessage(w io.Writer, raw json.RawMessage) error {
	list, err := members(raw)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range []string{"id", "threadId", "from", "to", "cc", "replyTo", "deliveredTo", "subject", "receivedAt", "sentAt", "labels", "attachments"} {
		i := slices.IndexFunc(list, func(m member) bool { return m.name == name })
		if i < 0 {
			continue
		}
		if text := plain(list[i].value); text != "" {
			fmt.Fprintf(tw, "%s\t%s\n", name, text)
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	var body struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	_, err = fmt.Fprintf(w, "\n%s\n", printableText(body.Text))
	return err
}

type messageRaw struct{ oneMessage }

// Run copies the message's octets to standard output.
func (c *messageRaw) Run(ctx context.Context, t terminal) error {
	body, err := c.client().open(ctx, "GET", join("inboxes", c.Inbox, "messages", c.ID, "raw"), query("workspaceId", c.Workspace), nil)
	if err != nil {
		return err
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
	body := map[string]any{"to": c.To, "subject": c.Subject, "text": c.Text}
	if !c.SendAt.IsZero() {
		body["sendAt"] = c.SendAt
	}
	return c.show(ctx, t, "POST", join("inboxes", c.Inbox, "messages"), query("workspaceId", c.Workspace), body)
}

const maxSentText = 1 << 20 // octets of a text that is read from standard input

type messageDelivery struct{ oneMessage }

// Run shows a line for each recipient.
func (c *messageDelivery) Run(ctx context.Context, t terminal) error {
	return c.list(ctx, t, join("inboxes", c.Inbox, "messages", c.ID, "delivery"), query("workspaceId", c.Workspace), "recipients",
		column{"RECIPIENT", "recipient"}, column{"STATUS", "status"}, column{"WHY", "why"}, column{"TRIES", "attempts"}, column{"NEXT", "nextAttemptAt"}, column{"REASON", "reason"}, column{"REPLY", "reply"})
}
