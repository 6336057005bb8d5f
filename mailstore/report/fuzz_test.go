package report

import (
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add(standard)
	f.Add(complaint)
	f.Add(ordinary())
	for _, lines := range [][]string{
		{"From: MAILER-DAEMON@a.example", "", "<b@c.example>:", "Remote host said: 550 5.1.1 no", "", "--- Below this line is a copy of the message.", "", "Received: x", "Message-ID: <d@e>"},
		{"From: <>", "X-Failed-Recipients: b@c.example,", " d@e.example", "", "failed:", "", "  b@c.example", "    (generated from f@g.example)", "    host h: 450 later"},
		{"From: no-reply@sns.amazonaws.com", "", `{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"a@b.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 no"}]},"mail":{"messageId":"\u003ca@b\u003e"}}`},
		{"From: staff@a.example", "Subject: complaint about message from 192.0.2.1", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: message/rfc822", "", "X-HmXmrOriginalRecipient: a@b.example", "", "--b--"},
		{"From: Ann <a@b.example>", "Subject: =?utf-8?Q?Automatic_reply=3A?= x", "X-Auto-Response-Suppress: All", "In-Reply-To: <c@d>", "", "away"},
		{"From: postmaster@a.example", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain; charset=iso-2022-jp", "", "\x1b$B%(%i!<\x1b(B could not be delivered to: <a@b.example>", "--b", "Content-Type: message/delivery-status", "Content-Transfer-Encoding: base64", "", "RmluYWwtUmVjaXBpZW50OiB4", "--b--"},
		{"From: MAILER-DAEMON", "", "----- Transcript of session follows -----", "554 <a@b.example>... 550 Host unknown", "421 x (smtp)... Deferred: Connection timed out", "   ----- Unsent message follows", "To: c@d.example"},
	} {
		f.Add(mailOf(lines...))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, ok := Parse(raw)
		verify(t, r, ok)
	})
}

// FuzzStatus, FuzzFeedback and FuzzText reach the readers without guessing a header first.
func FuzzStatus(f *testing.F) {
	for _, s := range []string{
		"Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1 (x)\r\nDiagnostic-Code: smtp; 550-5.1.1 no\r\n 550 5.1.1 none\r\n",
		"Original-Recipient: <a@b.example>\r\nFinal-Recipient: rfc822; @c:d@e\r\nX-Actual-Recipient: X-Unix; |/bin/x\r\nFinal-Recipient: rfc822; f@g.example\r\nAction: delayed\r\n",
		"Final-Recipient:\r\nStatus: 4\r\nAction: \r\n\r\n:\r\n", "final-recipient: ;;@@\r\n\tx\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, status string) {
		r, ok := Parse([]byte("From: postmaster@a.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=zz\r\n\r\n--zz\r\nContent-Type: message/delivery-status\r\n\r\n" + status))
		verify(t, r, ok)
	})
}

func FuzzFeedback(f *testing.F) {
	for _, s := range []string{"Feedback-Type: abuse\r\nOriginal-Rcpt-To: <a@b.example>\r\nRemoval-Recipient: c@d.example\r\n", "Feedback-Type: not-spam\r\n", "feedback-type:\r\n x\r\n\r\n", "Feedback-Type: \xff\x00\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, feedback string) {
		r, ok := Parse([]byte("From: a@b.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=zz\r\n\r\n--zz\r\nContent-Type: message/feedback-report\r\n\r\n" + feedback))
		verify(t, r, ok)
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"could not be delivered\n<a@b.example> (expanded from <c@d.example>): host x said: 550\n  5.1.1 no\n", "User's mailbox is full: <a@b.example>\n", "  * a@b.example\n\n> <c@d.example>: 550\n", "rcpt to: İ<a@b.example>\n", "550 <a@b.example>... no\n",
		"Final-Recipient: rfc822; a@b.example\nAction: failed\n", "<a@b.example>: [5.1.1 x\n", "----- Original message -----\nReceived: x\nTo: a@b.example\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := Parse([]byte("From: MAILER-DAEMON@a.example\r\nSubject: failure notice\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text))
		verify(t, r, ok)
	})
}

func FuzzClassify(f *testing.F) {
	f.Add(550, "5.1.1", "User unknown")
	f.Add(0, "5.7", "…’ 550-5.1.1 'x' .'")
	f.Fuzz(func(t *testing.T, code int, status, text string) {
		reason, hard := Classify(code, status, text)
		if reason == "" || hard && code >= 400 && code < 500 {
			t.Errorf("%s, %v", reason, hard)
		}
	})
}
