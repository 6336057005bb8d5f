package mcp

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/server/api/client"
)

// Limits of an attachment that a tool gives.
const (
	maxPicture        = 2 << 20 // octets of a picture that is given as one
	maxAttachmentText = 200_000 // octets of text; the rest is cut
	maxDocument       = 16 << 20
	maxReading        = 8 // attachments that are read at a time, for all
)

type attachmentRead struct {
	oneMessage
	Attachment string `json:"attachmentId" jsonschema:"id of the attachment within its message"`
}

func (s *server) attachmentTools() {
	addTool(s, reads, "get_attachment", "Read an attachment: the text of text, HTML, Word and PDF documents, pictures as pictures. Of other kinds only what they are is told.", s.getAttachment)
}

func (s *server) getAttachment(ctx context.Context, c *Caller, in attachmentRead) (any, error) {
	m, err := c.API.GetMessage(ctx, in.Inbox, in.Message, client.GetMessageParams{WorkspaceID: c.Workspace})
	if err != nil {
		return nil, err
	}
	for _, a := range m.Attachments {
		if a.ID == in.Attachment {
			return s.readAttachment(ctx, c, in, a)
		}
	}
	return nil, toldError("There is no such attachment; get_message lists those of a message.")
}

// attachmentText is an attachment and the text in it.
type attachmentText struct {
	attachmentView
	Text      string `json:"text,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
	Note      string `json:"note,omitempty"`
}

func (s *server) readAttachment(ctx context.Context, c *Caller, in attachmentRead, a client.Attachment) (any, error) {
	v := attachmentText{attachmentView: attachmentView{a.ID, a.Filename, a.ContentType, a.Size}}
	form := formOf(a)
	if form == unknownForm || a.Size > maxDocument || form == pictureForm && a.Size > maxPicture || form == pdfForm && s.pdfText == nil {
		v.Note = "Its content is not given here: it is of a kind that cannot be read as text, or too large."
		return marked(v)
	}
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	body, err := c.API.GetAttachment(ctx, in.Inbox, in.Message, in.Attachment, client.GetAttachmentParams{WorkspaceID: c.Workspace})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	octets, err := io.ReadAll(io.LimitReader(body, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("read attachment: %w", err)
	}
	if form == pictureForm {
		r, err := marked(v)
		if err == nil {
			r.Content = append(r.Content, &mcp.ImageContent{Data: octets, MIMEType: a.ContentType})
		}
		return r, err
	}
	text, err := s.textOf(ctx, form, octets)
	if err != nil {
		v.Note = "It cannot be read as what it says to be."
	}
	v.Text, v.Truncated = clip(strings.ToValidUTF8(text, "\uFFFD"))
	return marked(v)
}

func (s *server) textOf(ctx context.Context, form form, octets []byte) (string, error) {
	switch form {
	case wordForm:
		return wordText(octets)
	case pdfForm:
		return s.pdfText(ctx, octets)
	case htmlForm:
		return message.TextOf(string(octets)), nil
	}
	return string(octets), nil
}

// clip cuts a text at maxAttachmentText, between characters.
func clip(s string) (string, bool) {
	if len(s) <= maxAttachmentText {
		return s, false
	}
	n := maxAttachmentText
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}

// form is how an attachment can be given to a model.
type form int

const (
	unknownForm form = iota
	textForm
	htmlForm
	wordForm
	pdfForm
	pictureForm
)

const wordType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// formOf goes by the declared type, and by the name where the type says nothing.
func formOf(a client.Attachment) form {
	kind, name := strings.ToLower(a.ContentType), strings.ToLower(a.Filename)
	switch {
	case kind == wordType || kind == "application/octet-stream" && strings.HasSuffix(name, ".docx"):
		return wordForm
	case kind == "application/pdf" || kind == "application/octet-stream" && strings.HasSuffix(name, ".pdf"):
		return pdfForm
	case kind == "text/html":
		return htmlForm
	case kind == "image/png", kind == "image/jpeg", kind == "image/gif", kind == "image/webp":
		return pictureForm
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
		return textForm
	}
	switch kind {
	case "application/json", "application/xml", "application/yaml", "application/x-yaml", "application/toml", "application/sql", "application/javascript", "application/csv", "message/rfc822":
		return textForm
	case "application/octet-stream":
		for _, end := range []string{".txt", ".csv", ".tsv", ".md", ".json", ".xml", ".yaml", ".yml", ".toml", ".ini", ".log", ".sql", ".ics", ".eml"} {
			if strings.HasSuffix(name, end) {
				return textForm
			}
		}
	}
	return unknownForm
}
