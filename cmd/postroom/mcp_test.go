package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	api "github.com/postroom/postroom/server/api/client"
)

// devFor starts a server for a test.
func devFor(t *testing.T) devReady {
	t.Helper()
	p, ready, err := startDev(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return ready
}

func TestAnAssistantUsesAnInboxOverStandardInput(t *testing.T) {
	s := devFor(t)
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	var complaints bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- execute(context.Background(), terminal{in: toServer, out: fromServer, err: &complaints}, []string{"mcp", "--url", s.HTTP, "--key", s.WorkspaceKey})
		fromServer.Close()
	}()
	c, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(t.Context(), &sdk.IOTransport{Reader: toClient, Writer: fromClient}, nil)
	if err != nil {
		t.Fatal(err, complaints.String())
	}
	r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "send_message", Arguments: map[string]any{"inboxId": s.Inbox.Address, "to": []string{s.Inbox.Address}, "text": "to myself",
		"attachments": []any{map[string]any{"filename": "invoice.pdf", "content": base64.StdEncoding.EncodeToString([]byte(pdfOf("BT /F1 12 Tf (Invoice 42) Tj ET")))}}}})
	if err != nil || r.IsError {
		t.Fatalf("%+v: %v", r, err)
	}
	r, err = c.CallTool(t.Context(), &sdk.CallToolParams{Name: "list_messages", Arguments: map[string]any{"inboxId": s.Inbox.Address}})
	if err != nil || !strings.Contains(r.Content[0].(*sdk.TextContent).Text, "to myself") {
		t.Errorf("%+v: %v", r, err)
	}
	m, err := (&api.Client{URL: s.HTTP, Key: s.WorkspaceKey}).ListMessages(t.Context(), s.Inbox.ID, api.ListMessagesParams{Limit: 1})
	if err != nil || len(m.Messages) != 1 || len(m.Messages[0].Attachments) != 1 {
		t.Fatalf("%+v: %v", m, err)
	}
	r, err = c.CallTool(t.Context(), &sdk.CallToolParams{Name: "get_attachment", Arguments: map[string]any{"inboxId": s.Inbox.ID, "messageId": m.Messages[0].ID, "attachmentId": m.Messages[0].Attachments[0].ID}})
	if err != nil || !strings.Contains(r.Content[0].(*sdk.TextContent).Text, "Invoice 42") {
		t.Errorf("the PDF: %+v: %v", r, err)
	}
	c.Close()
	fromClient.Close()
	if code := <-ended; code != 0 || complaints.Len() > 0 {
		t.Errorf("exit code %d: %s", code, complaints.String())
	}
}

func TestAKeyThatDoesNotWorkIsToldAtOnce(t *testing.T) {
	s := devFor(t)
	if code, _, stderr := postroomRuns(t, "mcp", "--url", s.HTTP, "--key", "pr_ws_wrong"); code != 1 || !strings.Contains(stderr, "not valid") {
		t.Errorf("%d %s", code, stderr)
	}
}

func TestAServerThatIsNoneIsToldAtOnce(t *testing.T) {
	for url, c := range map[string]struct {
		code int
		says string
	}{
		"mail.example.com":       {2, "https://mail.example.com"},
		"ftp://mail.example.com": {2, "is no address of a server"},
		"http://127.0.0.1:1":     {1, "ask http://127.0.0.1:1"},
	} {
		if code, _, stderr := postroomRuns(t, "mcp", "--url", url, "--key", "pr_ws_any"); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: %d %s", url, code, stderr)
		}
	}
	t.Setenv("POSTROOM_URL", "http://127.0.0.1:1")
	if code, _, stderr := postroomRuns(t, "mcp"); code != 2 || !strings.Contains(stderr, "--key") {
		t.Errorf("without a key: %d %s", code, stderr)
	}
}
