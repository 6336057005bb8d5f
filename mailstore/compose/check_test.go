package compose

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
)

// mistakes gives the paths of what Check finds, and makes sure that nothing is written then.
func mistakes(t *testing.T, d *Draft) string {
	t.Helper()
	err := d.Check()
	if err == nil {
		return ""
	}
	f := fault.From(err)
	if f == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 || len(f.Fields) > maxProblems {
		t.Fatalf("Check answers %#v", err)
	}
	var b bytes.Buffer
	if n, err := d.WriteTo(&b); err == nil || n != 0 || b.Len() != 0 {
		t.Errorf("something is written of a draft with mistakes: %d, %v", n, err)
	}
	var paths []string
	for _, x := range f.Fields {
		paths = append(paths, x.Path)
		if !strings.HasSuffix(x.Message, ".") {
			t.Errorf("no sentence: %q", x.Message)
		}
	}
	return strings.Join(paths, " ")
}

func TestCheckNamesEachMistake(t *testing.T) {
	many := func(n int) []message.Address { return make([]message.Address, n) }
	for _, tc := range []struct {
		want   string
		change func(*Draft)
	}{
		{"", func(d *Draft) {}},
		{"", func(d *Draft) { d.To = nil }},
		{"from", func(d *Draft) { d.From.Address = "" }},
		{"from", func(d *Draft) { d.From.Address = "a@b@c d" }},
		{"to[0]", func(d *Draft) { d.To[0].Address = "'bob@example.org" }},
		{"sender", func(d *Draft) { d.Sender = &message.Address{Address: "x"} }},
		{"to[1] cc[0]", func(d *Draft) {
			d.To = append(d.To, message.Address{Address: "x"})
			d.Cc = []message.Address{{Address: "@x"}}
		}},
		{"bcc[0]", func(d *Draft) { d.Bcc = []message.Address{{Address: "x@"}} }},
		{"to", func(d *Draft) { d.To, d.Cc = many(600), many(401) }},
		{"replyTo", func(d *Draft) { d.ReplyTo = many(MaxReplyTo + 1) }},
		{"subject", func(d *Draft) { d.Subject = strings.Repeat("é", MaxSubject+1) }},
		{"", func(d *Draft) { d.Subject = strings.Repeat("é", MaxSubject) }},
		{"to[0]", func(d *Draft) { d.To[0].Name = strings.Repeat("é", MaxName+1) }},
		{"text html", func(d *Draft) { d.Text, d.HTML = "\xff", "a\x00b" }},
		{"text", func(d *Draft) { d.Text = strings.Repeat("x", MaxText+1) }},
		{"attachments", func(d *Draft) { d.Attachments = make([]Attachment, MaxAttachments+1) }},
		{"attachments[1].filename", func(d *Draft) { d.Attachments = []Attachment{{}, {Filename: "a/b"}} }},
		{"attachments[0].filename attachments[1].filename", func(d *Draft) { d.Attachments = []Attachment{{Filename: ".."}, {Filename: strings.Repeat("x", 256)}} }},
		{"attachments[0].contentType", func(d *Draft) { d.Attachments = []Attachment{{ContentType: "multipart/mixed"}} }},
		{"attachments[0].contentType", func(d *Draft) { d.Attachments = []Attachment{{ContentType: "pdf"}} }},
		{"", func(d *Draft) { d.Attachments = []Attachment{{ContentType: "text/csv; charset=utf-8; header=present"}} }},
		{"attachments[0].contentId", func(d *Draft) { d.Attachments = []Attachment{{ContentID: "<x>"}} }},
		{"attachments[1].contentId", func(d *Draft) { d.Attachments = []Attachment{{ContentID: "x"}, {ContentID: "x"}} }},
		{"messageId", func(d *Draft) { d.MessageID = "x@y" }},
		{"messageId", func(d *Draft) { d.MessageID = "<x>" }},
		{"inReplyTo references[1]", func(d *Draft) { d.InReplyTo, d.References = "x", []string{"<a>", "<b c>"} }},
		{"references", func(d *Draft) { d.References = strings.Fields(strings.Repeat("<a@b> ", MaxReferences+1)) }},
		{"date", func(d *Draft) { d.Date = time.Time{} }},
		{"headers", func(d *Draft) { d.Headers = make([]Header, MaxHeaders+1) }},
		{"headers", func(d *Draft) { d.Headers = []Header{{"X-A", strings.Repeat("x ", MaxHeaderOctets/2)}} }},
		{"headers[0].name headers[1].value", func(d *Draft) { d.Headers = []Header{{"", "x"}, {"X-A", ""}} }},
		{"headers[0].name", func(d *Draft) { d.Headers = []Header{{strings.Repeat("X", MaxHeaderName+1), "x"}} }},
		{"headers[0].value", func(d *Draft) { d.Headers = []Header{{"X-A", strings.Repeat("x", 998)}} }},
		{"", func(d *Draft) {
			d.Headers = []Header{{"X-A", strings.Repeat("x", 990)}, {"X-B", strings.Repeat("é", 2000)}, {"Auto-Submitted", "auto-generated"}}
		}},
		{"headers[0].value", func(d *Draft) { d.Headers = []Header{{"List-Unsubscribe", "<https://example.com/ü>"}} }},
	} {
		d := draft()
		tc.change(d)
		if got := mistakes(t, d); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		} else if got == "" {
			written(t, d)
		}
	}
}

func TestFieldsThatTheServerWritesAreRefused(t *testing.T) {
	for _, name := range []string{
		"From", "SENDER", "to", "Cc", "bCC", "Reply-To", "Subject", "Date", "Message-ID", "message-id", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "content-anything",
		"Received", "Return-Path", "DKIM-Signature", "Authentication-Results", "ARC-Seal", "Resent-Bcc", "Resent-From", "Delivered-To", "Received-SPF", "Feedback-ID", SimulatedField,
	} {
		d := draft()
		d.Headers = []Header{{name, "x"}}
		if got := mistakes(t, d); got != "headers[0].name" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// injections are what could begin another line, or another field, for one reader or another.
var injections = []string{"\r\nBcc: evil@example.net", "\nBcc: evil@example.net", "\rBcc: evil@example.net", "\r\n\r\n<script>", "\x00", "\v", "\f", "\x1b[2J", "\x7f", "\u0085Bcc: x", "\u2028Bcc: x", "\u2029Bcc: x", "\x1cBcc: x", "\t"}

func TestNothingCanInjectAHeaderLine(t *testing.T) {
	places := map[string]func(d *Draft, s string){
		"from":                       func(d *Draft, s string) { d.From.Name = "x" + s },
		"from ":                      func(d *Draft, s string) { d.From.Address = "x" + s + "@example.com" },
		"from  ":                     func(d *Draft, s string) { d.From.Address = "x@example" + s + ".com" },
		"from   ":                    func(d *Draft, s string) { d.From.Address = `"x` + s + `"@example.com` },
		"to[0]":                      func(d *Draft, s string) { d.To[0].Name = s + "x" },
		"cc[0]":                      func(d *Draft, s string) { d.Cc = []message.Address{{Address: "x@example.com" + s}} },
		"subject":                    func(d *Draft, s string) { d.Subject = "x" + s },
		"messageId":                  func(d *Draft, s string) { d.MessageID = "<x" + s + "@example.com>" },
		"inReplyTo":                  func(d *Draft, s string) { d.InReplyTo = "<x" + s + "@example.com>" },
		"references[0]":              func(d *Draft, s string) { d.References = []string{"<x@example.com>" + s} },
		"headers[0].name":            func(d *Draft, s string) { d.Headers = []Header{{"X-A" + s, "x"}} },
		"headers[0].value":           func(d *Draft, s string) { d.Headers = []Header{{"X-A", "x" + s + "y"}} },
		"attachments[0].filename":    func(d *Draft, s string) { d.Attachments = []Attachment{{Filename: "x" + s}} },
		"attachments[0].contentType": func(d *Draft, s string) { d.Attachments = []Attachment{{ContentType: "text/plain; x=\"y" + s + "\""}} },
		"attachments[0].contentId":   func(d *Draft, s string) { d.Attachments = []Attachment{{ContentID: "x" + s}} },
	}
	for path, put := range places {
		for _, s := range injections {
			d := draft()
			put(d, s)
			if got := mistakes(t, d); got != strings.TrimSpace(path) {
				t.Errorf("%s with %q: %q", path, s, got)
			}
		}
	}
	for _, name := range []string{"X A", "X:", "X: y", "Ü", "X\u200b"} {
		d := draft()
		d.Headers = []Header{{name, "x"}}
		if got := mistakes(t, d); got != "headers[0].name" {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestCheckReadsNoAttachment(t *testing.T) {
	d := draft()
	d.Attachments = []Attachment{{Open: func() io.Reader { t.Error("an attachment is opened"); return failing{io.EOF} }}}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}
