package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// verify checks what Parse promises of every report.
func verify(t testing.TB, r Report, ok bool) {
	t.Helper()
	if !ok {
		if r.Kind != "" || r.Failures != nil {
			t.Errorf("an ordinary message is %+v", r)
		}
		return
	}
	switch r.Kind {
	case Bounce, Delay, Delivered, Complaint, AutoReply:
	default:
		t.Errorf("kind is %q", r.Kind)
	}
	line := func(what, s string, limit int) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || len(s) > limit {
			t.Errorf("%s is not one clean line of at most %d octets: %.100q", what, limit, s)
		}
	}
	line("id", r.MessageID, maxID+2)
	line("feedback type", r.FeedbackType, maxAddress)
	if r.MessageID != "" && (r.MessageID[0] != '<' || !strings.HasSuffix(r.MessageID, ">")) {
		t.Errorf("id is %q", r.MessageID)
	}
	if len(r.Failures) > MaxFailures || len(r.OriginalTo) > MaxFailures {
		t.Errorf("%d failures, %d recipients", len(r.Failures), len(r.OriginalTo))
	}
	for _, address := range r.OriginalTo {
		line("recipient", address, maxAddress)
	}
	for _, f := range r.Failures {
		line("recipient", f.Recipient, maxAddress)
		line("final", f.Final, maxAddress)
		line("diagnostic", f.Diagnostic, MaxDiagnostic)
		line("remote", f.RemoteMTA, maxAddress)
		switch f.Reason {
		case UserUnknown, MailboxFull, Blocked, RateLimited, Policy, Spam, Content, NetworkError, Expired, Feedback, Vacation, Other:
		default:
			t.Errorf("reason is %q", f.Reason)
		}
		if f.Recipient == "" || f.Final == "" || f.Code != 0 && (f.Code < 400 || f.Code > 599) || f.Status != cleanStatus(f.Status) {
			t.Errorf("failure is %+v", f)
		}
		if f.Hard && f.Action != "failed" {
			t.Errorf("hard, but %s", f.Action)
		}
		switch f.Action {
		case "failed", "delayed", "delivered", "relayed", "expanded":
		case "":
			if r.Kind != Complaint && r.Kind != AutoReply {
				t.Error("a report without an action")
			}
		default:
			t.Errorf("action is %q", f.Action)
		}
	}
}

// mailOf makes a message of lines.
func mailOf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

var standard = mailOf(
	"From: Mail Delivery System <MAILER-DAEMON@mx.example.org>",
	"To: sender@example.com",
	"Subject: Undelivered Mail Returned to Sender",
	"Auto-Submitted: auto-replied",
	"MIME-Version: 1.0",
	`Content-Type: multipart/report; report-type=delivery-status; boundary="b"`,
	"",
	"--b",
	"Content-Type: text/plain; charset=us-ascii",
	"",
	"Your message could not be delivered to the addresses below.",
	"",
	"<list@Alias.Example> (expanded from <team@EXAMPLE.NET>): host mx.alias.example said: 550 5.1.1 no such user",
	"",
	"--b",
	"Content-Type: message/delivery-status",
	"",
	"Reporting-MTA: dns; mx.example.org",
	"",
	"Final-Recipient: rfc822; list@Alias.Example",
	"Original-Recipient: rfc822;team@EXAMPLE.NET",
	"Action: failed",
	"Status: 5.1.1",
	"Remote-MTA: dns; mx.alias.example",
	"Diagnostic-Code: smtp; 550 5.1.1 no such user,",
	" really none",
	"",
	"Final-Recipient: rfc822; late@example.net",
	"Action: delayed",
	"Status: 4.4.1",
	"",
	"--b",
	"Content-Type: message/rfc822",
	"",
	"From: sender@example.com",
	"To: Team <team@EXAMPLE.NET>, late@example.net",
	"Message-ID: <one@example.com>",
	"",
	"hello",
	"--b--",
)

func TestAStandardReportIsRead(t *testing.T) {
	r, ok := Parse(standard)
	verify(t, r, ok)
	if !ok || r.Kind != Bounce || r.MessageID != "<one@example.com>" || fmt.Sprint(r.OriginalTo) != "[team@example.net late@example.net]" || len(r.Failures) != 2 {
		t.Fatalf("%+v", r)
	}
	if want := (Failure{"team@example.net", "list@alias.example", UserUnknown, true, 550, "5.1.1", "550 5.1.1 no such user, really none", "mx.alias.example", "failed"}); r.Failures[0] != want {
		t.Errorf("%+v", r.Failures[0])
	}
	if want := (Failure{Recipient: "late@example.net", Final: "late@example.net", Reason: NetworkError, Status: "4.4.1", Action: "delayed"}); r.Failures[1] != want {
		t.Errorf("%+v", r.Failures[1])
	}
}

func TestTheWorstActionIsTheKind(t *testing.T) {
	for _, tc := range []struct {
		actions string
		want    Kind
	}{{"delivered", Delivered}, {"relayed", Delivered}, {"expanded", Delivered}, {"delivered delayed", Delay}, {"delayed failed delivered", Bounce}, {"nonsense", Bounce}} {
		var groups strings.Builder
		for i, action := range strings.Fields(tc.actions) {
			fmt.Fprintf(&groups, "\r\nFinal-Recipient: rfc822; a%d@b.example\r\nAction: %s\r\n", i, action)
		}
		r, ok := Parse([]byte("From: postmaster@b.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; b\r\n" + groups.String() + "--b--\r\n"))
		verify(t, r, ok)
		if r.Kind != tc.want {
			t.Errorf("%s is a %s", tc.actions, r.Kind)
		}
	}
}

// Each of these has signs of a report, and is none.
func TestOrdinaryMailIsNoReport(t *testing.T) {
	quote := "> " + strings.ReplaceAll(strings.TrimSpace(string(standard)), "\r\n", "\r\n> ")
	embedded := strings.TrimSpace(string(standard))
	for name, raw := range map[string][]byte{
		"a person with a frightening subject": mailOf("From: Ann <ann@example.com>", "To: bob@example.net", "Subject: Undelivered Mail Returned to Sender", "",
			"Bob, what is this? My message could not be delivered:", "", "<carl@example.org>: 550 5.1.1 user unknown"),
		"a reply that quotes a bounce": append(mailOf("From: Ann <ann@example.com>", "Subject: Re: Undelivered Mail Returned to Sender", "In-Reply-To: <x@mx.example.org>", "", "Any idea?", ""), quote...),
		"a bounce that a person forwards as an attachment": mailOf("From: Ann <ann@example.com>", "Subject: Fwd: failure notice", "Content-Type: multipart/mixed; boundary=m", "", "--m", "", "see below",
			"--m", "Content-Type: message/rfc822", "", embedded, "--m--"),
		"a bounce that a person forwards in the text": append(mailOf("From: Ann <ann@example.com>", "Subject: Fwd: failure notice", "", "Begin forwarded message:", ""), standard...),
		"a post to a mailing list about bounces":      mailOf("From: postmaster@example.com", "List-Id: <mailop.example.org>", "Subject: bounces", "", "Your message could not be delivered:", "", "<carl@example.org>: 550 5.1.1 user unknown"),
		"a report that came through a list":           append([]byte("List-Post: <mailto:l@example.org>\r\n"), standard...),
		"a postmaster who writes to somebody": mailOf("From: Postmaster <postmaster@example.com>", "To: ann@example.com", "Subject: new filter rules", "",
			"Dear Ann,", "", "from Monday on we use new rules. Ask bob@example.com if you have questions.", "", "bob@example.com"),
		"a postmaster who replies to a bounce":       append(mailOf("From: Postmaster <postmaster@example.com>", "To: ann@example.com", "Subject: Re: your question", "", "I have looked at this, it works again.", ""), quote...),
		"a postmaster who replies under its subject": append(mailOf("From: Postmaster <postmaster@example.com>", "To: ann@example.com", "Subject: Re: failure notice", "In-Reply-To: <x@example.com>", "", "This works again.", ""), quote...),
		"a helpdesk robot that quotes a bounce":      append(mailOf("From: Desk <no-reply@desk.example>", "To: ann@example.com", "Subject: [42] failure notice", "Auto-Submitted: auto-generated", "", "Ann wrote:", ""), standard...),
		"a postmaster who tells of trouble":          mailOf("From: Postmaster <postmaster@example.com>", "To: all@example.com", "Subject: yesterday", "", "Some mail could not be delivered yesterday. It works again.", "", "Joe"),
		"a newsletter of a robot":                    mailOf("From: Shop <no-reply@shop.example>", "To: ann@example.com", "Precedence: bulk", "Subject: Failure is not an option", "", "Delivery failed? Not with us!", "", "help@shop.example"),
		"an order confirmation":                      mailOf("From: Shop <no-reply@shop.example>", "Auto-Submitted: auto-generated", "Subject: Delivery to the following address", "", "Your parcel could not be delivered to:", "", "Ann, ann@example.com"),
		"a read receipt": mailOf("From: ann@example.com", "Subject: Read: hello", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "", "--b", "", "read",
			"--b", "Content-Type: message/disposition-notification", "", "Final-Recipient: rfc822;ann@example.com", "Disposition: automatic-action/MDN-sent-automatically; deleted", "--b--"),
		"a TLS report":                     mailOf("From: postmaster@example.com", "Content-Type: multipart/report; report-type=tlsrpt; boundary=b", "", "--b", "", "could not be delivered", "--b--"),
		"feedback that it is no spam":      bytes.ReplaceAll(complaint, []byte("abuse"), []byte("not-spam")),
		"a failed check of authentication": bytes.ReplaceAll(complaint, []byte("abuse"), []byte("auth-failure")),
		"a person on vacation":             mailOf("From: Ann <ann@example.com>", "Subject: Vacation photos", "", "here they are"),
		"a person out of office":           mailOf("From: Ann <ann@example.com>", "Subject: Out of office next week", "Auto-Submitted: no", "", "I'll be out of office."),
		"a cron job":                       mailOf("From: root@example.com", "Auto-Submitted: auto-generated", "Precedence: bulk", "Subject: Cron <root@host> run", "", "550 5.1.1 <a@example.com> user unknown"),
		"nothing":                          nil,
		"a line":                           []byte("From: MAILER-DAEMON"),
	} {
		t.Run(name, func(t *testing.T) {
			if r, ok := Parse(raw); ok {
				t.Errorf("is taken for a %s: %+v", r.Kind, r.Failures)
			}
		})
	}
}

var complaint = mailOf(
	"From: <fbl@isp.example>", "To: <abuse@example.com>", "Subject: FW: offer", `Content-Type: multipart/report; report-type=feedback-report; boundary="b"`, "",
	"--b", "", "This is an email report for a message.",
	"--b", "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "User-Agent: fbl/1", "Version: 1", "Original-Rcpt-To: <ann@ISP.example>", "Original-Mail-From: <bounce@example.com>", "",
	"--b", "Content-Type: message/rfc822", "", "From: shop@example.com", "To: ann@isp.example", "Message-ID: <offer@example.com>", "", "buy", "--b--")

func TestAComplaintIsRead(t *testing.T) {
	r, ok := Parse(complaint)
	verify(t, r, ok)
	if !ok || r.Kind != Complaint || r.FeedbackType != "abuse" || r.MessageID != "<offer@example.com>" || len(r.Failures) != 1 || r.Failures[0] != (Failure{Recipient: "ann@isp.example", Final: "ann@isp.example", Reason: Feedback}) {
		t.Errorf("%v %+v", ok, r)
	}
	for _, kind := range []string{"fraud", "opt-out", "virus", "other", "new-word"} {
		if r, ok := Parse(bytes.ReplaceAll(complaint, []byte("abuse\r\n"), []byte(kind+"\r\n"))); !ok || r.FeedbackType != kind {
			t.Errorf("%s is %v %q", kind, ok, r.FeedbackType)
		}
	}
}

func TestAutomaticRepliesAreRead(t *testing.T) {
	for name, fields := range map[string]string{
		"RFC 3834":             "Subject: Re: hello\r\nAuto-Submitted: auto-replied (vacation)",
		"Exchange":             "Subject: Automatic reply: hello\r\nX-Auto-Response-Suppress: All",
		"Exchange in German":   "Subject: =?utf-8?Q?Automatische_Antwort=3A_Hallo?=\r\nX-Auto-Response-Suppress: All",
		"Exchange in Japanese": "Subject: =?utf-8?B?6Ieq5YuV6L+U5L+hOg==?=\r\nX-Auto-Response-Suppress: All",
		"old vacation":         "Subject: Out of Office: hello\r\nPrecedence: bulk",
		"Precedence":           "Subject: hello\r\nPrecedence: auto_reply",
		"X-Autoreply":          "Subject: hello\r\nX-Autoreply: yes",
	} {
		r, ok := Parse([]byte("From: Ann <ann@Example.com>\r\nTo: bob@example.net\r\nIn-Reply-To: <one@example.net>\r\n" + fields + "\r\n\r\nI am away.\r\n"))
		verify(t, r, ok)
		if !ok || r.Kind != AutoReply || r.MessageID != "<one@example.net>" || len(r.Failures) != 1 || r.Failures[0].Recipient != "ann@example.com" || r.Failures[0].Reason != Vacation {
			t.Errorf("%s: %v %+v", name, ok, r)
		}
	}
}

func TestAnAutomaticReplyThatSpeaksOfOthersIsNoBounce(t *testing.T) {
	text := "I have left. Mail to this mailbox is not delivered any more. Write to:\r\n\r\nbob@example.com\r\n\r\n-----Original Message-----\r\nReceived: x\r\nMessage-ID: <one@example.net>\r\n"
	for _, from := range []string{"Ann <ann@example.com>", "Postmaster <postmaster@example.com>"} {
		r, ok := Parse([]byte("Return-Path: <>\r\nFrom: " + from + "\r\nSubject: Re: hello\r\nAuto-Submitted: auto-replied\r\n\r\n" + text))
		verify(t, r, ok)
		if !ok || r.Kind != AutoReply || !strings.Contains(from, r.Failures[0].Recipient) {
			t.Errorf("%v %+v", ok, r)
		}
	}
}

func TestBouncesInOtherLanguagesAreRead(t *testing.T) {
	for name, lines := range map[string][]string{
		"German":  {"Ihre Nachricht konnte nicht zugestellt werden:", "", "ann@example.org", "   Empfänger unbekannt"},
		"Russian": {"Ваше письмо не может быть доставлено:", "", "ann@example.org", "   пользователь не найден"},
		"Chinese": {"您的邮件被退信：", "", "<ann@example.org>", "用户不存在"},
	} {
		raw := append(mailOf("From: MAILER-DAEMON@example.org", "To: bob@example.net", "Subject: =?utf-8?B??=", "Content-Type: text/plain; charset=utf-8", ""), mailOf(lines...)...)
		r, ok := Parse(raw)
		verify(t, r, ok)
		if !ok || len(r.Failures) != 1 || r.Failures[0].Recipient != "ann@example.org" || r.Failures[0].Reason != UserUnknown || !r.Failures[0].Hard {
			t.Errorf("%s: %v %+v", name, ok, r)
		}
	}
}

// Each of these is of 50 MB or has very many of something. The bound is far above what linear work needs.
func TestHostileReportsAreReadInBoundedTime(t *testing.T) {
	const size = 50 << 20
	head := "From: MAILER-DAEMON@example.org\r\nSubject: failure notice\r\n"
	report := head + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
	fill := func(prefix, unit string) []byte { return []byte(prefix + strings.Repeat(unit, size/len(unit))) }
	for name, raw := range map[string][]byte{
		"one header field":       fill("From: MAILER-DAEMON@example.org\r\nX-Failed-Recipients: ", "a@b.example, "),
		"many header fields":     fill(head, "X-Failed-Recipients: a@b.example\r\n"),
		"one line of text":       fill(head+"\r\n", "could not be delivered <a@b.example>: "),
		"many recipients":        fill(head+"\r\ncould not be delivered\r\n", "<a@b.example>: 550 5.1.1 no\r\n"),
		"many other recipients":  []byte(head + "\r\ncould not be delivered\r\n" + manyRecipients(100_000)),
		"many empty lines":       fill(head+"\r\n<a@b.example>:\r\nno\r\n", "\r\n"),
		"text without a code":    fill(head+"\r\n<a@b.example>:\r\n", "450 is a number\r\n\r\n"),
		"at signs":               fill(head+"\r\nrcpt to:", "@"),
		"phrases":                fill(head+"\r\n", "rcpt to: delivery to your message to "),
		"many status groups":     fill(report, "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n"),
		"one folded status":      fill(report+"Final-Recipient: rfc822; a@b.example\r\nDiagnostic-Code: smtp;", " 550 no\r\n"),
		"status in base64":       fill(strings.Replace(report, "delivery-status\r\n\r\n", "delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1), "QUFBQUFBQUFBQUFB\r\n"),
		"reports within reports": fill("", report+"--b\r\nContent-Type: message/rfc822\r\n\r\n"),
		"JSON":                   fill("From: no-reply@sns.amazonaws.com\r\n\r\n", `{"notificationType":"Bounce","messageId":"a","bouncedRecipients":[{"emailAddress":"a@b.example"}`),
		"stars":                  fill(head+"\r\n<a@b.example>: 550 ", "exceeded messages from domain "),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			r, ok := Parse(raw)
			verify(t, r, ok)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func manyRecipients(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<a%d@b.example>: 550 5.1.1 no\r\n", i)
	}
	return b.String()
}

func TestManyRecipientsAreCut(t *testing.T) {
	r, ok := Parse([]byte("From: MAILER-DAEMON@example.org\r\n\r\ncould not be delivered:\r\n" + manyRecipients(2*MaxFailures)))
	verify(t, r, ok)
	if len(r.Failures) != MaxFailures {
		t.Errorf("%d recipients are kept", len(r.Failures))
	}
}

// ordinary is of the size and kind of most mail.
func ordinary() []byte {
	var b bytes.Buffer
	for i := range 4 {
		fmt.Fprintf(&b, "Received: from mx%d.example.com (mx%d.example.com [192.0.2.%d])\r\n\tby mx.example.net with ESMTPS id abc%d\r\n\tfor <ann@example.net>; Tue, 1 Jul 2003 10:52:37 +0200\r\n", i, i, i, i)
	}
	b.WriteString("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from:to:subject;\r\n\tbh=" + strings.Repeat("x", 44) + ";\r\n\tb=" + strings.Repeat("y", 340) + "\r\n")
	b.WriteString("From: Joe Doe <joe@example.com>\r\nTo: Ann <ann@example.net>\r\nSubject: =?utf-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?=\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <1@example.com>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n--inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
	b.WriteString(strings.Repeat("Some text with an é in it, of the length that lines of mail have.\r\n", 100))
	b.WriteString("--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>" + strings.Repeat("<p>Some text with an é in it.</p>\r\n", 200) + "--inner--\r\n")
	return b.Bytes()
}

func BenchmarkParseOrdinary(b *testing.B) {
	raw := ordinary()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Parse(raw); ok {
			b.Fatal("a report")
		}
	}
}

func BenchmarkParseRobot(b *testing.B) {
	raw := bytes.Replace(ordinary(), []byte("Joe Doe <joe@example.com>"), []byte("=?utf-8?Q?J=C3=B6rg?= <no-reply@example.com>\r\nPrecedence: bulk"), 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Parse(raw); ok {
			b.Fatal("a report")
		}
	}
}

func BenchmarkParseReport(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Parse(standard); !ok {
			b.Fatal("no report")
		}
	}
}
