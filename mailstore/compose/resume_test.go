package compose

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

func TestADraftThatIsWrittenAgainIsTheSameDraft(t *testing.T) {
	d := &Draft{From: message.Address{Name: "Ann Lee", Address: "ann@a.example"}, To: []message.Address{{Name: "Çelik", Address: "c@x.example"}}, Cc: []message.Address{{Address: "d@x.example"}},
		Bcc: []message.Address{{Address: "e@x.example"}}, ReplyTo: []message.Address{{Address: "desk@a.example"}}, Subject: "Grüße 😀", Text: "Hello\nyou", HTML: `<p>Hello</p><img src="cid:pic">`,
		Attachments: []Attachment{{Filename: "p.png", ContentType: "image/png", Content: []byte("\x89PNG"), ContentID: "pic", Inline: true}, {Filename: "ü.txt", Content: []byte("hi")}},
		Headers:     []Header{{"X-Job", "42"}, {"X-Long", strings.Repeat("word ", 60) + "end"}, {"X-Name", "Grüße"}}, InReplyTo: "<1@x.example>", References: []string{"<0@x.example>", "<1@x.example>"},
		Passages: []string{"abc"}, Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	boundary := func() func() string {
		n := 0
		return func() string { n++; return "=_" + strings.Repeat("b", n) }
	}
	var first, second bytes.Buffer
	if _, err := d.write(&first, boundary()); err != nil {
		t.Fatal(err)
	}
	again, err := Resume(original(t, first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	again.Date = d.Date
	if _, err := again.write(&second, boundary()); err != nil {
		t.Fatal(err)
	}
	if a, b := first.String(), second.String(); a != b {
		t.Errorf("first\n%s\nagain\n%s", a, b)
	}
}

func TestADraftOfAnotherProgramKeepsItsFieldsWhenItIsWrittenAgain(t *testing.T) {
	raw := "Received: by x; now\r\nFrom: Ann <ann@a.example>\r\nX-Mozilla-Draft-Info: internal/draft; vcard=0;\r\n receipt=0\r\nTo: bob@x.example\r\nUser-Agent: Thing 1.0\r\nDKIM-Signature: v=1\r\n" +
		"Message-ID: <d@a.example>\r\nX-Broken\r\nContent-Type: text/html\r\n\r\n<b>Hi</b>\r\n"
	d, err := Resume(original(t, []byte(raw)))
	if err != nil {
		t.Fatal(err)
	}
	d.Date, d.Subject = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), "New"
	got := string(written(t, d))
	for _, want := range []string{"X-Mozilla-Draft-Info: internal/draft; vcard=0; receipt=0\r\n", "User-Agent: Thing 1.0", "Message-ID: <d@a.example>\r\n", "<b>Hi</b>", "Subject: New\r\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, never := range []string{"Received", "DKIM"} {
		if strings.Contains(got, never) {
			t.Errorf("%q is in\n%s", never, got)
		}
	}
}

func TestASealedDraftIsNotWrittenAgain(t *testing.T) {
	for _, kind := range []string{"multipart/signed; boundary=b", "multipart/encrypted; boundary=b", "application/pkcs7-mime"} {
		if _, err := Resume(original(t, []byte("From: ann@a.example\r\nMIME-Version: 1.0\r\nContent-Type: "+kind+"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"))); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// Who is named behind what is read would be left out.
func TestADraftThatIsNotReadWholeIsNotWrittenAgain(t *testing.T) {
	named := func(n int) string { return "To: " + strings.Repeat("x@y.example,\r\n ", n-1) + "x@y.example\r\n" }
	long := func(n int) string {
		const head, tail = "From: a@b.example\r\nX: ", "\r\n\r\n"
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	for raw, want := range map[string]error{
		named(message.MaxAddresses-1) + "\r\n": nil, named(message.MaxAddresses) + "\r\n": ErrPartRead, named(message.MaxAddresses+1) + "\r\n": ErrPartRead,
		long(message.MaxHeaderBytes): nil, long(message.MaxHeaderBytes + 1): ErrPartRead,
	} {
		if _, err := Resume(original(t, []byte(raw))); !errors.Is(err, want) {
			t.Errorf("%d octets: %v", len(raw), err)
		}
	}
}

func TestARedatedHeaderHasOneDateAndAMessageID(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const date = "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n"
	if got := string(Redate([]byte("Subject: x\r\ndate: Sat,\r\n 28 Feb 2026\r\nDate : again\r\nReturn-Path: <a@b>\r\nMessage-ID: <1@x>\r\nBcc: c@d\r\n\r\n"), "x", now)); got != date+"Subject: x\r\nMessage-ID: <1@x>\r\nBcc: c@d\r\n\r\n" {
		t.Errorf("%q", got)
	}
	if got := string(Redate([]byte("\r\n"), "x.example", now)); !strings.HasPrefix(got, date+"Message-ID: <") || !strings.HasSuffix(got, "@x.example>\r\n\r\n") {
		t.Errorf("%q", got)
	}
}

func FuzzResume(f *testing.F) {
	f.Add("From: Ann <ann@a.example>\r\nX-A: b\r\n c\r\nTo: x@y.example\r\n\r\ntext\r\n")
	f.Add("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\n\r\nx\r\n--b--\r\n")
	f.Fuzz(func(t *testing.T, raw string) {
		d, err := Resume(original(t, []byte(raw)))
		if err != nil {
			return
		}
		d.Date = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var b bytes.Buffer
		if _, err := d.WriteTo(&b); err != nil {
			return
		}
		again, err := Resume(original(t, b.Bytes()))
		if err != nil {
			t.Fatalf("what was written cannot be taken up: %v\n%s", err, b.String())
		}
		if len(again.To) != len(d.To) || len(again.Bcc) != len(d.Bcc) || len(again.Headers) != len(d.Headers) {
			t.Errorf("%+v became %+v", d, again)
		}
	})
}
