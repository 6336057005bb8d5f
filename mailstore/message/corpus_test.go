package message

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// corpus gives the files of a folder of real messages that is kept beside the project, not in it.
func corpus(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		names, _ := filepath.Glob(filepath.Join(dir, "shared", "corpus", folder, "*.*"))
		files := map[string][]byte{}
		for _, name := range names {
			if base := filepath.Base(name); !strings.HasPrefix(base, "LICENSE") {
				if files[base], err = os.ReadFile(name); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(files) > 0 {
			return files
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("shared/corpus/%s is absent, and in CI nothing may be", folder)
	}
	t.Skip("corpus absent: shared/corpus/" + folder)
	return nil
}

func crlf(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}

// verify checks what Parse and Read promise of every message.
func verify(t testing.TB, raw []byte, p *Parsed) {
	t.Helper()
	line := func(what, s string, limit int) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || len(s) > limit {
			t.Errorf("%s is not one clean line of at most %d octets: %.100q", what, limit, s)
		}
	}
	envelope := func(e *Envelope) {
		line("message id", e.MessageID, maxID+2)
		line("subject", e.Subject, maxSubject)
		for _, list := range [][]string{e.InReplyTo, e.References} {
			if len(list) > MaxReferences {
				t.Errorf("%d references", len(list))
			}
			for _, id := range list {
				line("reference", id, maxID+2)
			}
		}
		for _, list := range [][]Address{e.From, e.Sender, e.ReplyTo, e.To, e.Cc, e.Bcc} {
			if len(list) > MaxAddresses {
				t.Errorf("%d addresses", len(list))
			}
			for _, a := range list {
				line("name", a.Name, maxName)
				line("address", a.Address, maxName)
			}
		}
		if _, err := e.Date.MarshalJSON(); err != nil {
			t.Errorf("date: %v", err)
		}
	}
	parts := 0
	var part func(p *Part, depth int, from, to int64)
	part = func(p *Part, depth int, from, to int64) {
		parts++
		if p.Header < from || p.Body < p.Header || p.End < p.Body || p.End > to {
			t.Errorf("part [%d,%d,%d] is not within [%d,%d]", p.Header, p.Body, p.End, from, to)
			return
		}
		if lines := int64(bytes.Count(raw[p.Body:p.End], []byte("\n"))); p.Lines < lines || p.Lines > lines+1 {
			t.Errorf("part has %d lines, not %d", lines, p.Lines)
		}
		if p.Type == "" || p.Subtype == "" || p.Encoding == "" || p.Type+p.Subtype != strings.ToLower(p.Type+p.Subtype) {
			t.Errorf("part is %q/%q in %q", p.Type, p.Subtype, p.Encoding)
		}
		for _, s := range []string{p.Type, p.Subtype, p.Encoding, p.Disposition, p.ID, p.Description, p.MD5, p.Location} {
			line("part", s, maxParam)
		}
		for _, params := range []map[string]string{p.Params, p.DispositionParams} {
			for k, v := range params {
				line("name of parameter", k, maxToken)
				line("parameter", v, maxParam)
			}
		}
		switch {
		case p.Type == "multipart" && len(p.Parts) == 0:
			t.Error("multipart without parts")
		case isMessage(p) && (len(p.Parts) != 1 || p.Envelope == nil):
			t.Error("message without a part or an envelope")
		case p.Type != "multipart" && !isMessage(p) && len(p.Parts) > 0:
			t.Errorf("%s with parts", p.Type)
		}
		if p.Envelope != nil {
			envelope(p.Envelope)
		}
		if depth > MaxDepth {
			t.Fatalf("parts are %d deep", depth)
		}
		from = p.Body
		for _, child := range p.Parts {
			part(child, depth+1, from, p.End)
			from = child.End
		}
	}
	envelope(&p.Envelope)
	part(p.Structure, 0, 0, int64(len(raw)))
	if parts > MaxParts+MaxDepth {
		t.Errorf("%d parts", parts)
	}
	line("preview", p.Preview, PreviewLength*utf8.UTFMax)
	if n := utf8.RuneCountInString(p.Preview); n > PreviewLength {
		t.Errorf("preview of %d characters", n)
	}
	for _, a := range p.Attachments {
		line("filename", a.Filename, maxFilename)
		found := Find(p.Structure, a.ID)
		if found == nil || found.Type+"/"+found.Subtype != a.ContentType {
			t.Fatalf("attachment %s cannot be found", a.ID)
		}
		if size, _ := io.Copy(io.Discard, Decode(bytes.NewReader(raw), found)); size != a.Size {
			t.Errorf("attachment %s decodes to %d octets, not %d", a.ID, size, a.Size)
		}
	}
	for _, limit := range []int{0, 10, 1 << 20} {
		b := Read(bytes.NewReader(raw), p.Structure, limit)
		for _, s := range []string{b.Text, b.HTML} {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || strings.ContainsRune(s, '\r') || len(s) > limit {
				t.Errorf("body of limit %d is not clean text: %.100q", limit, s)
			}
		}
	}
}

func TestCorpusMessagesAreReadSensibly(t *testing.T) {
	fieldFrom := regexp.MustCompile(`(?im)^from:[ \t]*[^\r\n]*@`)
	fieldSubject := regexp.MustCompile(`(?im)^subject:[ \t]*[^ \t\r\n]`)
	for _, folder := range []string{"mime", "bounces"} {
		for name, raw := range corpus(t, folder) {
			t.Run(name, func(t *testing.T) {
				raw = crlf(raw)
				p := Parse(raw)
				verify(t, raw, p)
				head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
				if fieldFrom.Match(head) && len(p.Envelope.From) == 0 {
					t.Error("has a From field but no From")
				}
				if fieldSubject.Match(head) && p.Envelope.Subject == "" {
					t.Error("has a Subject field but no subject")
				}
				if lf := Parse(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))); lf.Preview != p.Preview || lf.Envelope.Subject != p.Envelope.Subject {
					t.Errorf("bare line feeds read differently: %q, %q", lf.Preview, p.Preview)
				}
			})
		}
	}
}

func TestCorpusMessagesHaveTheirContent(t *testing.T) {
	files := corpus(t, "mime")
	for _, tc := range []struct{ name, subject, from, preview, attachments string }{
		{"enmime-bad-header-start.raw", "plain text", "james@makita.skynet", "A text section", ""},
		{"enmime-bad-header-wrap.raw", "Attachment", "james@makita.skynet", "A text section", "7DDA4_foo_9E5D72.zip"},
		{"enmime-mime-bad-8bit-filename.raw", "Malformed test", "pavel.bazika@some.domain", "Text part", "管理.doc"},
		{"enmime-mime-unquoted-tspecials-param.raw", "Confirmation", "bookings@easyHotel.com", "Thank you", "Invoice_(302232133150612).pdf"},
		{"enmime-incorrect-charset.raw", "plain text", "james@makita.skynet", "∮ E⋅da = Q", ""},
		{"enmime-multipart-wo-boundary.raw", "Delivery Status", "Mailer-Daemon@example.com", "without boundary", ""},
		{"rubymail-attachment_emails-attachment_with_base64_encoded_name.eml", "Fwd: Signed", "xxxxxxxxx.xxxxxxx@gmail.com", "We should not", "This is a test.pdf"},
		{"rubymail-attachment_emails-attachment_message_rfc822.eml", "testing", "foo@example.com", "first part", "ForwardedMessage.eml"},
		{"rubymail-multi_charset-japanese_attachment_long_name.eml", "まみむめもまみむめも", "mikel@test.lindsaar.net", "", "かきくけこかきくけこかきくけこかきくけこかきくけこ.txt"},
		{"rubymail-multi_charset-japanese_shift_jis.eml", "test", "xxxxxxx@docomo.ne.jp", "あいうえお", ""},
		{"rubymail-multi_charset-ks_c_5601-1987.eml", "test", "from@example.com", "스티해", ""},
		{"rubymail-error_emails-multiple_references_with_one_invalid.eml", "Redacted", "redacted@flashmail.net", "foo", ""},
		{"rubymail-plain_emails-raw_email_with_partially_quoted_subject.eml", `Re: Test: "漢字" mid "漢字" tail`, "jamis@37signals.com", "Jamis", ""},
		{"rubymail-rfc6532-utf8_headers.eml", "Säying Hello", "jdöe@mächine.example", "body", ""},
		{"rubymail-rfc2822-example10.eml", "", "pete@silly.test", "Testing.", ""},
		{"rubymail-mime_emails-email_with_similar_boundaries.eml", "Xxxxxx", "xxxxxx@xxxxxxxx.xxx", "Test", "LOGO.png"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Parse(crlf(files[tc.name]))
			var names []string
			for _, a := range p.Attachments {
				names = append(names, a.Filename)
			}
			if got := strings.Join(names, " "); got != tc.attachments {
				t.Errorf("attachments are %q, not %q", got, tc.attachments)
			}
			if len(p.Envelope.From) == 0 || p.Envelope.From[0].Address != tc.from {
				t.Errorf("from is %v, not %s", p.Envelope.From, tc.from)
			}
			if !strings.Contains(p.Envelope.Subject, tc.subject) || !strings.Contains(p.Preview, tc.preview) {
				t.Errorf("subject is %q, preview %q", p.Envelope.Subject, p.Preview)
			}
		})
	}
}
