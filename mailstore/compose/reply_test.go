package compose

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/message"
)

// original makes an Original of a message as the store does.
func original(t testing.TB, raw []byte) Original {
	t.Helper()
	p, body := read(raw)
	return Original{Envelope: p.Envelope, Body: body, Structure: p.Structure, Attachments: p.Attachments, Raw: bytes.NewReader(raw), Size: int64(len(raw))}
}

func list(s string) (addresses []message.Address) {
	for _, a := range strings.Fields(s) {
		addresses = append(addresses, message.Address{Address: a})
	}
	return addresses
}

func TestAnAnswerGoesToThoseWhoAreMeant(t *testing.T) {
	for _, tc := range []struct {
		what, from, replyTo, to, cc string
		all                         bool
		wantTo, wantCc              string
	}{
		{"to the author", "a@x", "", "me@x b@x", "c@x", false, "a@x", ""},
		{"to Reply-To", "a@x", "r@x s@x", "me@x b@x", "c@x", false, "r@x s@x", ""},
		{"to all", "a@x", "", "ME@X b@x", "c@x b@x me+tag@x alias@x", true, "a@x", "b@x c@x"},
		{"to all and Reply-To", "a@x", "r@x", "me@x r@x", "c@x", true, "r@x", "c@x"},
		{"Reply-To is oneself", "a@x", "me@x", "me@x", "", false, "a@x", ""},
		{"one's own message", "me@x", "me@x", "a@x b@x", "c@x", false, "a@x b@x", ""},
		{"one's own message to all", "alias@x", "", "a@x me@x", "c@x a@x", true, "a@x", "c@x"},
		{"a note to oneself", "me@x", "", "me@x", "", false, "me@x", ""},
		{"broken addresses", "a@x", "undisclosed broken@", "b@x not", "", true, "a@x", "b@x"},
		{"domains in Unicode", "a@bücher.example", "", "a@xn--bcher-kva.example", "", true, "a@xn--bcher-kva.example", ""},
		{"nobody", "", "", "", "", true, "", ""},
	} {
		o := Original{Envelope: message.Envelope{From: list(tc.from), ReplyTo: list(tc.replyTo), To: list(tc.to), Cc: list(tc.cc)}}
		d := Reply(o, Answer{From: message.Address{Address: "me@x"}, Own: []string{"Alias@x"}, All: tc.all})
		if fmt.Sprint(d.To) != fmt.Sprint(list(tc.wantTo)) || fmt.Sprint(d.Cc) != fmt.Sprint(list(tc.wantCc)) {
			t.Errorf("%s: to %v, cc %v", tc.what, d.To, d.Cc)
		}
	}
}

func TestASubjectHasOneMark(t *testing.T) {
	for _, tc := range []struct{ subject, reply, forward string }{
		{"Hello", "Re: Hello", "Fwd: Hello"},
		{"Re: Hello", "Re: Hello", "Fwd: Re: Hello"},
		{"RE: re: Re[2]: AW: Hello", "Re: Hello", "Fwd: RE: re: Re[2]: AW: Hello"},
		{"Fwd: Hello", "Re: Fwd: Hello", "Fwd: Hello"},
		{"回复：你好", "Re: 你好", "Fwd: 回复：你好"},
		{"", "Re:", "Fwd:"},
		{"Re:", "Re:", "Fwd: Re:"},
		{"Note: Hello", "Re: Note: Hello", "Fwd: Note: Hello"},
		{"two\r\nlines\x00", "Re: two lines", "Fwd: two lines"},
	} {
		o := Original{Envelope: message.Envelope{Subject: tc.subject}}
		if got := Reply(o, Answer{}).Subject; got != tc.reply {
			t.Errorf("%q: reply %q, want %q", tc.subject, got, tc.reply)
		}
		if got := Forward(o, Forwarding{}).Subject; got != tc.forward {
			t.Errorf("%q: forward %q, want %q", tc.subject, got, tc.forward)
		}
	}
	long := Original{Envelope: message.Envelope{Subject: strings.Repeat("é", MaxSubject)}}
	d := Reply(long, Answer{From: ann})
	d.Date = noon
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerIsTiedToItsThread(t *testing.T) {
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("<%d@x>", i))
	}
	long := "<" + strings.Repeat("x", 990) + "@x>"
	for _, tc := range []struct {
		e                     message.Envelope
		inReplyTo, references string
	}{
		{message.Envelope{}, "", ""},
		{message.Envelope{MessageID: "<2@x>"}, "<2@x>", "<2@x>"},
		{message.Envelope{MessageID: "<2@x>", InReplyTo: []string{"<1@x>"}}, "<2@x>", "<1@x> <2@x>"},
		{message.Envelope{MessageID: "<2@x>", InReplyTo: []string{"<0@x>", "<1@x>"}}, "<2@x>", "<2@x>"},
		{message.Envelope{MessageID: "<2@x>", InReplyTo: []string{"<9@x>"}, References: []string{"<0@x>", "<1@x>", "<0@x>", "<2@x>"}}, "<2@x>", "<0@x> <1@x> <2@x>"},
		{message.Envelope{References: []string{"<0@x>"}}, "", "<0@x>"},
		{message.Envelope{MessageID: "<ü@x>", References: []string{"<0@x>", "<ü@x>", long}}, "", "<0@x>"},
		{message.Envelope{MessageID: "<n@x>", References: many}, "<n@x>", "<0@x> " + strings.Join(many[100-MaxReferences+2:], " ") + " <n@x>"},
	} {
		for _, d := range []*Draft{Reply(Original{Envelope: tc.e}, Answer{}), Forward(Original{Envelope: tc.e}, Forwarding{})} {
			if got := strings.Join(d.References, " "); d.InReplyTo != tc.inReplyTo || got != tc.references {
				t.Errorf("%+v: In-Reply-To %q, References %q", tc.e, d.InReplyTo, got)
			}
		}
	}
}

// finish makes a skeleton whole.
func finish(d *Draft) *Draft {
	d.Date, d.MessageID = noon.Add(1e9), "<answer@example.com>"
	return d
}

func TestAnAnswerQuotesTheOriginal(t *testing.T) {
	o := original(t, written(t, &Draft{From: bob, To: []message.Address{ann}, Subject: "Hello", Text: "How are you?\n\n> I am fine.\nBob", Date: noon, MessageID: "<1@x>"}))
	d := finish(Reply(o, Answer{From: ann, Text: "Fine, thanks.\n\n\n"}))
	want := "Fine, thanks.\n\nOn Tue, 24 Nov 2026 at 12:30 +0100, Bob <bob@example.org> wrote:\n> How are you?\n>\n>> I am fine.\n> Bob\n"
	if d.Text != want || d.HTML != "" {
		t.Errorf("got %q and %q, want %q", d.Text, d.HTML, want)
	}
	_, body := read(written(t, d))
	if got := message.ReplyText(body.Text); got != "Fine, thanks." {
		t.Errorf("the new text is read as %q", got)
	}
	if got := Reply(o, Answer{From: ann, Text: "x", NoQuote: true}).Text; got != "x" {
		t.Errorf("without a quote: %q", got)
	}
}

func TestTheNewTextOfAnAnswerIsFoundWhoeverItAnswers(t *testing.T) {
	for _, name := range []string{"", "Bob", "Müller, Hans", `The "Boss"`, "日本 太郎", strings.Repeat("Long Name ", 20)} {
		o := Original{Envelope: message.Envelope{From: []message.Address{{Name: name, Address: "bob@example.org"}}, Date: noon}, Body: message.Body{Text: "old\ntext"}}
		d := Reply(o, Answer{From: ann, Text: "new\n\ntext"})
		if got := message.ReplyText(d.Text); got != "new\n\ntext" {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestAnAnswerInHTMLKeepsTheOriginalInItsPlace(t *testing.T) {
	for _, tc := range []struct{ what, html, in string }{
		{"document", "<html><head><title>t</title><style>p{}</style></head><body><p>old</p></body></html>", "<p>old</p>"},
		{"closes too often", "a</blockquote></div></blockquote><p>I approve</p>", "a<p>I approve</p>"},
		{"hidden in select", "<select><blockquote></select></blockquote>x", ""},
		{"open comment", "a<!-- ", "a"},
		{"open textarea", "a<textarea>b", "a<textarea>b</textarea>"},
		{"plaintext", "a<plaintext>b", "a"},
		{"open attribute", `a<a href="b`, "a"},
		{"style and script", "<style>*{display:none}</style>a<script>x()</script><base href=x><link rel=x><meta http-equiv=refresh>", "a"},
		{"svg", "a<svg><style><blockquote></svg></blockquote>b", ""},
		{"frameset", "<frameset><frame src=x></frameset>", ""},
		{"table", "<table></blockquote><tr><td>x", "x</td></tr></tbody></table>"},
		{"end of the body", "a</body></html></blockquote>b", "ab"},
		{"too deep", strings.Repeat("<div>", 600) + "deep", ""},
		{"NUL", "a\x00b", "ab"},
	} {
		o := Original{Envelope: message.Envelope{From: []message.Address{bob}, Date: noon}, Body: message.Body{Text: "plain <old>", HTML: tc.html}}
		d := Reply(o, Answer{From: ann, HTML: "<p>new</p>"})
		before, rest, _ := strings.Cut(d.HTML, `<blockquote type="cite" style="`+citeStyle+`">`)
		inside, after, closed := strings.Cut(rest, "</blockquote></div>\n")
		if !strings.HasPrefix(before, "<p>new</p><br><div>On Tue, 24 Nov 2026") || !closed || after != "" || !strings.Contains(inside, tc.in) {
			t.Errorf("%s: %q", tc.what, d.HTML)
		}
		if strings.Count(inside, "<blockquote") != strings.Count(inside, "</blockquote") {
			t.Errorf("%s leaves the blockquote: %q", tc.what, inside)
		}
		// A reader that follows the standard finds nothing outside.
		again, ok := contained(d.HTML)
		if !ok || !strings.HasSuffix(strings.TrimSpace(again), "</blockquote></div>") {
			t.Errorf("%s: read again it is %q", tc.what, again)
		}
		if want := "new\n\nOn Tue, 24 Nov 2026 at 12:30 +0100, Bob <bob@example.org> wrote:\n> plain <old>\n"; d.Text != want {
			t.Errorf("%s: text %q", tc.what, d.Text)
		}
	}
}

func TestPicturesGoWithTheHTMLThatShowsThem(t *testing.T) {
	first := shapes()["everything"]
	o := original(t, written(t, first))
	d := finish(Reply(o, Answer{From: bob, HTML: "<p>new</p>", All: true}))
	raw := written(t, d)
	p, body := read(raw)
	if got := shape(p.Structure); got != "alternative(text/plain related(text/html image/png))" {
		t.Errorf("the answer is %s", got)
	}
	if !strings.Contains(body.HTML, `<img src="cid:logo@x"/>`) || !bytes.Equal(content(t, raw, p, p.Attachments[0]), pixel) {
		t.Errorf("the picture is lost: %s", body.HTML)
	}
	if text := finish(Reply(o, Answer{From: bob, Text: "new"})); len(text.Attachments) > 0 {
		t.Error("an answer without HTML has pictures")
	}
}

func TestAForwardTakesEverythingAlong(t *testing.T) {
	first := shapes()["everything"]
	o := original(t, written(t, first))
	d := finish(Forward(o, Forwarding{From: bob, To: []message.Address{{Address: "carol@example.net"}}, Text: "FYI"}))
	raw := written(t, d)
	p, body := read(raw)
	if got, want := shape(p.Structure), "mixed(alternative(text/plain related(text/html image/png)) application/pdf application/vnd.openxmlformats-officedocument.spreadsheetml.sheet)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := "FYI\n\n---------- Forwarded message ----------\nFrom: Ann Example <ann@example.com>\nDate: Tue, 24 Nov 2026 at 12:30 +0100\nSubject: Hello\nTo: Bob <bob@example.org>\n" +
		"Cc: Müller, Hans <hans@xn--bcher-kva.example>, plain@example.net\n\nHello, Bob!"
	if body.Text != want {
		t.Errorf("text %q, want %q", body.Text, want)
	}
	for _, s := range []string{"FYI<br>", "From: Ann Example &lt;ann@example.com&gt;<br>", "<blockquote", "cid:logo@x"} {
		if !strings.Contains(body.HTML, s) {
			t.Errorf("%q is not in %s", s, body.HTML)
		}
	}
	if strings.Contains(string(raw), "secret@") {
		t.Error("the Bcc of the original is told")
	}
	if len(p.Attachments) != 3 {
		t.Fatalf("%+v", p.Attachments)
	}
	for i, a := range []Attachment{first.Attachments[1], first.Attachments[0], first.Attachments[2]} {
		if got := p.Attachments[i]; got.Filename != a.Filename || !bytes.Equal(content(t, raw, p, got), a.Content) {
			t.Errorf("attachment %d is %+v", i, got)
		}
	}
}

func TestAForwardOfPlainTextIsPlainText(t *testing.T) {
	o := original(t, written(t, draft()))
	p, body := read(written(t, finish(Forward(o, Forwarding{From: bob, To: []message.Address{ann}}))))
	if shape(p.Structure) != "text/plain" || !strings.HasPrefix(body.Text, "---------- Forwarded message ----------\nFrom: Ann") || !strings.HasSuffix(body.Text, "\n\nHello, Bob!") {
		t.Errorf("%s: %q", shape(p.Structure), body.Text)
	}
}

func TestAMessageIsForwardedWholeWithoutItsBcc(t *testing.T) {
	first := shapes()["everything"]
	source := written(t, first)
	o := original(t, source)
	raw := written(t, finish(Forward(o, Forwarding{From: bob, To: []message.Address{ann}, Text: "FYI", Whole: true})))
	p, body := read(raw)
	if shape(p.Structure) != "mixed(text/plain message/rfc822)" || body.Text != "FYI" || p.Attachments[0].Filename != "Hello.eml" {
		t.Fatalf("%s, %q, %+v", shape(p.Structure), body.Text, p.Attachments)
	}
	_, want := outbound(t, source)
	if got := content(t, raw, p, p.Attachments[0]); !bytes.Equal(got, want) || bytes.Contains(got, []byte("secret@")) {
		t.Errorf("the message is not what it was:\n%s", got)
	}
}

func TestAnyMessageCanBeAnsweredAndForwarded(t *testing.T) {
	for _, folder := range []string{"mime", "bounces", "replies"} {
		for name, raw := range corpus(t, folder) {
			o := original(t, raw)
			for what, d := range map[string]*Draft{
				"text reply": Reply(o, Answer{From: ann, Text: "new", All: true}), "HTML reply": Reply(o, Answer{From: ann, HTML: "<p>new</p>", All: true}),
				"forward": Forward(o, Forwarding{From: ann, HTML: "<p>new</p>"}), "whole": Forward(o, Forwarding{From: ann, Text: "new", Whole: true}),
			} {
				var b bytes.Buffer
				if _, err := finish(d).WriteTo(&b); err != nil {
					t.Errorf("%s: %s: %v", name, what, err)
					continue
				}
				checkLines(t, b.Bytes())
				p, body := read(b.Bytes())
				if !strings.HasPrefix(body.Text, "new") || p.Envelope.Subject == "" {
					t.Errorf("%s: %s reads %.100q", name, what, body.Text)
				}
				if what == "forward" && len(p.Attachments) != len(o.Attachments) {
					t.Errorf("%s: %d attachments of %d", name, len(p.Attachments), len(o.Attachments))
				}
				if t.Failed() {
					break
				}
			}
		}
	}
}
