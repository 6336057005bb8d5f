package compose

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// counted gives boundaries that are the same in each run.
func counted() func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("=_boundary%d", n) }
}

var (
	noon = time.Date(2026, 11, 24, 12, 30, 0, 0, time.FixedZone("", 3600))
	ann  = message.Address{Name: "Ann Example", Address: "ann@example.com"}
	bob  = message.Address{Name: "Bob", Address: "bob@example.org"}
)

func draft() *Draft {
	return &Draft{From: ann, To: []message.Address{bob}, Subject: "Hello", Text: "Hello, Bob!\n", Date: noon, MessageID: "<1@example.com>"}
}

// written writes a draft and checks what holds for every message.
func written(t testing.TB, d *Draft) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := d.write(&b, newBoundary)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	if n != int64(b.Len()) {
		t.Errorf("WriteTo counts %d of %d octets", n, b.Len())
	}
	checkLines(t, b.Bytes())
	return b.Bytes()
}

// checkLines checks the limits of RFC 5322, 2.1.1 and 2.3, and that header lines are folded where they can be.
func checkLines(t testing.TB, raw []byte) {
	t.Helper()
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		t.Error("the message does not end with a line end")
	}
	inHeader := true
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if bytes.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a line holds a CR, an LF or a NUL: %.200q", line)
		}
		if len(line) > 998 {
			t.Fatalf("a line has %d octets", len(line))
		}
		if len(line) == 0 {
			inHeader = false
		}
		if !inHeader {
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			t.Fatal("a header line is white space alone")
		}
		if len(line) > 78 && bytes.Count(bytes.TrimLeft(line, " "), []byte(" ")) > 1 {
			t.Errorf("a header line of %d octets could be folded: %q", len(line), line)
		}
		if i := bytes.Index(line, []byte("=?utf-8?")); i >= 0 && len(line) > 76 {
			t.Errorf("a line with an encoded word has %d octets (RFC 2047, 2): %q", len(line), line)
		}
	}
}

func read(raw []byte) (*message.Parsed, message.Body) {
	p := message.Parse(raw)
	return p, message.Read(bytes.NewReader(raw), p.Structure, 1<<20)
}

// content decodes an attachment.
func content(t testing.TB, raw []byte, p *message.Parsed, a message.Attachment) []byte {
	t.Helper()
	b, err := io.ReadAll(message.Decode(bytes.NewReader(raw), message.Find(p.Structure, a.ID)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shape writes a tree as "mixed(text/plain text/html)".
func shape(p *message.Part) string {
	if p.Type != "multipart" {
		return p.Type + "/" + p.Subtype
	}
	var parts []string
	for _, child := range p.Parts {
		parts = append(parts, shape(child))
	}
	return p.Subtype + "(" + strings.Join(parts, " ") + ")"
}

var pixel = []byte("\x89PNG\r\n\x1a\n and no more")

// shapes are one message of each kind.
func shapes() map[string]*Draft {
	all := map[string]*Draft{}
	make := func(name string, change func(*Draft)) {
		d := draft()
		change(d)
		all[name] = d
	}
	file := Attachment{Filename: "report.pdf", Content: bytes.Repeat([]byte("%PDF "), 30)}
	picture := Attachment{Filename: "logo.png", Content: pixel, ContentID: "logo@x", Inline: true}
	make("text", func(d *Draft) {})
	make("quoted", func(d *Draft) {
		d.Subject = "Grüße aus Köln"
		d.Text = "Schöne Grüße!\n\nFrom here on, a line ends in a space: \n.\n" + strings.Repeat("lang ", 40) + "\n-- \nAnn"
	})
	make("html", func(d *Draft) { d.Text, d.HTML = "", "<p>Hello, <b>Bob</b>!</p><blockquote>old</blockquote>" })
	make("both", func(d *Draft) { d.HTML = "<p>Hello, <b>Bob</b>!</p>" })
	make("related", func(d *Draft) {
		d.HTML = `<p>Hello <img src="cid:logo%40x"></p>`
		d.Attachments = []Attachment{picture}
	})
	make("mixed", func(d *Draft) { d.Attachments = []Attachment{file} })
	make("everything", func(d *Draft) {
		d.HTML = `<p>Hello <img src='cid:logo@x'></p>`
		d.Attachments = []Attachment{file, picture, {Filename: "Übersicht 2026 – Zahlen und Fakten für alle Abteilungen.xlsx", Content: pixel}}
		d.Cc = []message.Address{{Name: "Müller, Hans", Address: "hans@bücher.example"}, {Address: "plain@example.net"}}
		d.Bcc = []message.Address{{Name: "Secret", Address: "secret@example.net"}}
		d.ReplyTo = []message.Address{{Name: `The "Boss"`, Address: "boss@example.com"}}
		d.Sender = &message.Address{Name: "Assistant", Address: "assistant@example.com"}
		d.InReplyTo, d.References = "<0@example.org>", []string{"<root@example.org>", "<0@example.org>"}
		d.Headers = []Header{{"X-Campaign", "Frühling"}, {"List-Unsubscribe", "<https://example.com/unsubscribe?token=" + strings.Repeat("x", 60) + ">, <mailto:u@example.com>"}}
	})
	make("message", func(d *Draft) {
		d.Attachments = []Attachment{{Filename: "original.eml", ContentType: "message/rfc822", Content: []byte("From: a@b\nSubject: old\nContent-Type: text/plain; charset=utf-8\n\nAlte Grüße\n")}}
	})
	return all
}

func TestOneMessageOfEachShapeIsAsInTestdata(t *testing.T) {
	for name, d := range shapes() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if _, err := d.write(&b, counted()); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".eml", b.Bytes())
			checkLines(t, b.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is written (run with -update to see the difference in it):\n%s", path, got)
	}
}

func TestAMessageHasTheStructureThatItsContentAsksFor(t *testing.T) {
	want := map[string]string{
		"text": "text/plain", "quoted": "text/plain", "html": "alternative(text/plain text/html)", "both": "alternative(text/plain text/html)",
		"related":    "alternative(text/plain related(text/html image/png))",
		"mixed":      "mixed(text/plain application/pdf)",
		"everything": "mixed(alternative(text/plain related(text/html image/png)) application/pdf application/vnd.openxmlformats-officedocument.spreadsheetml.sheet)",
		"message":    "mixed(text/plain message/rfc822)",
	}
	for name, d := range shapes() {
		p, _ := read(written(t, d))
		if got := shape(p.Structure); got != want[name] {
			t.Errorf("%s: %s, want %s", name, got, want[name])
		}
	}
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	for name, d := range shapes() {
		t.Run(name, func(t *testing.T) { readsBack(t, d) })
	}
}

// readsBack writes a draft, and compares what message.Parse makes of it.
func readsBack(t *testing.T, d *Draft) {
	t.Helper()
	raw := written(t, d)
	p, body := read(raw)
	e := p.Envelope
	equal := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: got %.300q, want %.300q\n%.2000s", what, got, want, raw)
		}
	}
	list := func(what string, got, want []message.Address) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: got %q, want %q", what, got, want)
		}
		for i, a := range want {
			address, _ := canonical(a.Address)
			equal(what, got[i], message.Address{Name: strings.TrimSpace(a.Name), Address: address})
		}
	}
	list("From", e.From, []message.Address{d.From})
	list("To", e.To, d.To)
	list("Cc", e.Cc, d.Cc)
	list("Bcc", e.Bcc, d.Bcc)
	list("Reply-To", e.ReplyTo, d.ReplyTo)
	equal("Subject", e.Subject, strings.TrimSpace(d.Subject))
	equal("Message-ID", e.MessageID, d.MessageID)
	equal("In-Reply-To", strings.Join(e.InReplyTo, " "), d.InReplyTo)
	equal("References", strings.Join(e.References, " "), strings.Join(d.References, " "))
	if !e.Date.Equal(d.Date.Truncate(time.Second)) {
		t.Errorf("Date: got %v, want %v", e.Date, d.Date)
	}
	text := d.Text
	if text == "" && d.HTML != "" {
		text = message.TextOf(d.HTML)
	}
	equal("text", body.Text, strings.Trim(text, "\n"))
	equal("html", body.HTML, d.HTML)
	if len(p.Attachments) != len(d.Attachments) {
		t.Fatalf("%d attachments, want %d: %s", len(p.Attachments), len(d.Attachments), shape(p.Structure))
	}
	for _, want := range d.Attachments {
		found := false
		for _, got := range p.Attachments {
			if got.Filename != strings.TrimSpace(want.Filename) || got.ContentID != want.ContentID {
				continue
			}
			found = true
			octets := content(t, raw, p, got)
			if strings.HasPrefix(got.ContentType, "message/") {
				octets = bytes.ReplaceAll(octets, []byte("\r\n"), []byte("\n"))
			}
			if !bytes.Equal(octets, want.Content) {
				t.Errorf("attachment %q holds %.200q, want %.200q", got.Filename, octets, want.Content)
			}
		}
		if !found {
			t.Errorf("attachment %q is not in %+v", want.Filename, p.Attachments)
		}
	}
}

func TestFieldsReadBack(t *testing.T) {
	long := strings.Repeat("word ", 300)
	for _, subject := range []string{
		"plain", "two  spaces   inside", "ünïcödé", "日本語の件名です。" + strings.Repeat("長い", 100), strings.TrimSpace(long[:900]), strings.Repeat("x", 900),
		"=?utf-8?q?no?= word", "what =? this ?=", "emoji 👩‍👩‍👧‍👦 family", "a\u00a0b", "colon: and; semi, \"quotes\" <angle> (paren)", "Re: [list] x_y=z?", "  trimmed  ", "ends with =", "?",
		"mixed " + strings.Repeat("ascii words ", 20) + "é",
	} {
		d := draft()
		d.Subject = subject
		readsBack(t, d)
	}
	for _, name := range []string{
		"", "Ann", "Ann B. Example", `Ann "the Boss" Example`, `back\slash`, "Müller, Hans", "a@b.example", "<script>", "(paren) name", "Ünï; cödé: x", strings.Repeat("Long Name ", 20),
		"日本 太郎", "=?utf-8?q?x?=", "two  spaces", strings.Repeat("é", 250), "O'Brien", "#1 +x {y}|z~",
	} {
		d := draft()
		d.From.Name = name
		d.To = []message.Address{{Name: name, Address: "x@example.org"}, {Address: "y@example.org"}, {Name: name, Address: "z@example.org"}}
		readsBack(t, d)
	}
	for _, address := range []string{
		"a@b", "a+b@example.com", `"a b"@example.com`, `"a@b"@example.com`, "john..doe@example.jp", "x@bücher.example", "用户@example.com", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + ".example", "o'brien@example.com", "a@under_score.example.com",
	} {
		d := draft()
		d.To = []message.Address{{Address: address}, {Name: "Ünï", Address: address}, bob}
		readsBack(t, d)
	}
	for _, name := range []string{
		"a.txt", "two words.txt", "ünï.txt", "日本語のとても長いファイル名で、" + strings.Repeat("長", 40) + ".pdf", strings.Repeat("long", 50) + ".pdf", `quote".txt`, "semi;colon.txt", "percent%20.txt",
		"apostrophe's.txt", "=?utf-8?q?x?=.txt", "a*b.txt", "👩‍👩‍👧‍👦.png", "noextension", "(1) copy.txt", "a'b'c.txt",
	} {
		d := draft()
		d.Attachments = []Attachment{{Filename: name, Content: []byte("content")}}
		readsBack(t, d)
	}
}

func TestAMessageIDIsMadeAtTheSendersDomain(t *testing.T) {
	d := draft()
	d.MessageID, d.From.Address = "", "ann@bücher.example"
	raw := written(t, d)
	if p, _ := read(raw); p.Envelope.MessageID != d.MessageID || !strings.HasSuffix(d.MessageID, "@xn--bcher-kva.example>") || len(d.MessageID) < 40 {
		t.Errorf("the message id is %s, and in the draft %s", p.Envelope.MessageID, d.MessageID)
	}
}

func TestTheEnvelopeHasEachRecipientOnce(t *testing.T) {
	d := draft()
	d.To = []message.Address{{Address: "A@Example.org"}, {Address: "x@Bücher.example"}}
	d.Cc = []message.Address{{Address: "A@example.org"}, {Address: "a@example.org"}, {Address: "no address"}}
	d.Bcc = []message.Address{{Address: "x@xn--bcher-kva.example"}, {Address: "b..c@example.org"}}
	want := `["A@example.org" "x@xn--bcher-kva.example" "a@example.org" "\"b..c\"@example.org"]`
	if got := fmt.Sprintf("%q", d.Recipients()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAMessageToHiddenRecipientsAloneHasAToField(t *testing.T) {
	d := draft()
	d.To, d.Bcc = nil, []message.Address{bob}
	raw := written(t, d)
	if !bytes.Contains(raw, []byte("\r\nTo: undisclosed-recipients:;\r\n")) {
		t.Errorf("no To field:\n%s", raw)
	}
}
