package compose

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

func notices() map[string]*Notice {
	failed := Notice{
		Host: "mail.example.com", To: ann, ID: "msg_1 1", At: noon.Add(time.Hour),
		Arrived: noon, MessageID: "<1@example.com>", References: []string{"<0@example.com>"}, Subject: "Rechnung für Oktober",
		Header: []byte("From: Ann Example <ann@example.com>\r\nBcc: secret@example.net\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?Rechnung?=\r\n\r\nbody\r\n"),
		Recipients: []Undelivered{{
			Address: "bob@example.org", Reason: "userUnknown", Status: "5.1.1", Host: "mx1.example.org", Code: 550,
			Reply: "5.1.1 <bob@example.org>: Recipient address rejected: User unknown in local recipient table", Attempts: 1, LastAttempt: noon.Add(time.Minute),
		}},
	}
	two := failed
	two.Recipients = append(two.Recipients[:1:1], Undelivered{Address: "用户@example.net", Original: "user@example.net", Reply: "no mail server of example.net could be reached: connection timed out", Reason: "networkError", Attempts: 14})
	delayed := failed
	delayed.ID, delayed.Delayed = "msg_1 2", true
	delayed.Recipients = []Undelivered{{
		Address: "bob@example.org", Reason: "rateLimited", Status: "4.7.0", Host: "mx1.example.org", Code: 451, Reply: "Try again later",
		Attempts: 5, LastAttempt: noon.Add(4 * time.Hour), Until: noon.Add(5 * 24 * time.Hour),
	}}
	return map[string]*Notice{"failed": &failed, "two": &two, "delayed": &delayed}
}

func TestANoticeOfEachKindIsAsInTestdata(t *testing.T) {
	for name, n := range notices() {
		raw := n.Bytes()
		golden(t, "notice-"+name+".eml", raw)
		checkLines(t, raw)
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			if len(line) > 78 {
				t.Errorf("%s: a line of %d octets: %q", name, len(line), line)
			}
		}
	}
}

func TestANoticeIsAReportThatJoinsTheThread(t *testing.T) {
	for name, n := range notices() {
		raw := n.Bytes()
		p, body := read(raw)
		e := p.Envelope
		if got := shape(p.Structure); got != "report(text/plain message/delivery-status text/rfc822-headers)" || p.Structure.Params["report-type"] != "delivery-status" || len(p.Attachments) != 0 {
			t.Errorf("%s: %s %v", name, got, p.Structure.Params)
		}
		if !p.Automatic || e.From[0] != (message.Address{Name: "Mail Delivery System", Address: "mailer-daemon@mail.example.com"}) || e.To[0] != ann {
			t.Errorf("%s: %+v", name, e)
		}
		if fmt.Sprint(e.InReplyTo, e.References) != "[<1@example.com>] [<0@example.com> <1@example.com>]" || !strings.HasSuffix(e.Subject, "Rechnung für Oktober") {
			t.Errorf("%s: %+v", name, e)
		}
		if strings.Contains(string(raw), "secret@") {
			t.Errorf("%s tells of the Bcc", name)
		}
		for _, s := range []string{"bob@example.org", "Rechnung für Oktober", fmt.Sprint(n.Recipients[0].Code)} {
			if !strings.Contains(body.Text, s) {
				t.Errorf("%s: %q is not in %s", name, s, body.Text)
			}
		}
	}
}

func TestTheSameNoticeIsWrittenTheSame(t *testing.T) {
	first, again := notices()["two"].Bytes(), notices()["two"].Bytes()
	if !bytes.Equal(first, again) {
		t.Error("two notices of the same differ")
	}
	id := func(n *Notice) string { return message.Parse(n.Bytes()).Envelope.MessageID }
	seen := map[string]bool{id(notices()["two"]): true}
	for what, change := range map[string]func(*Notice){
		"id": func(n *Notice) { n.ID += "x" }, "time": func(n *Notice) { n.At = n.At.Add(time.Second) }, "kind": func(n *Notice) { n.Delayed = true },
		"recipient": func(n *Notice) { n.Recipients[1].Address = "x@example.net" }, "reply": func(n *Notice) { n.Recipients[1].Reply += "." },
		"fewer": func(n *Notice) { n.Recipients = n.Recipients[:1] }, "original": func(n *Notice) { n.MessageID = "<2@example.com>" },
	} {
		n := notices()["two"]
		change(n)
		if seen[id(n)] {
			t.Errorf("a notice with another %s has the same id", what)
		}
		seen[id(n)] = true
	}
}

func TestWhatOtherServersSayCannotHarm(t *testing.T) {
	for _, hostile := range append(injections,
		"\r\n\r\nFinal-Recipient: rfc822; other@example.net\r\nAction: delivered", strings.Repeat("long ", 1000), strings.Repeat("x", 5000), strings.Repeat("é", 600), "\xff\xfe", "\u202egnp.exe", "--=_boundary\r\n",
		"<script>alert(1)</script>", "=?utf-8?q?x?=", strings.Repeat("\n", 3000),
	) {
		n := notices()["failed"]
		n.Subject, n.To.Name, n.MessageID = "x"+hostile, hostile, "<x"+hostile+"@x>"
		n.Header = []byte("Subject: x" + hostile + "\r\n\r\n")
		n.References = []string{hostile}
		n.Recipients = []Undelivered{{Address: "a" + hostile + "@b", Original: hostile + "@b", Status: "5.1.1" + hostile, Host: "mx" + hostile, Code: 550, Reply: "no" + hostile + "!"}, {Reply: hostile}}
		raw := n.Bytes()
		checkLines(t, raw)
		p, _ := read(raw)
		if got := shape(p.Structure); got != "report(text/plain message/delivery-status text/rfc822-headers)" {
			t.Fatalf("%.30q: %s", hostile, got)
		}
		status := p.Structure.Parts[1]
		fields := string(raw[status.Body:status.End])
		for _, r := range fields {
			if r != '\r' && r != '\n' && (r < ' ' || r > '~') {
				t.Errorf("%.30q: the status holds %q", hostile, r)
			}
		}
		if strings.Count("\n"+fields, "\nFinal-Recipient:") != 2 || strings.Contains(fields, "\nAction: delivered") || strings.Count(fields, "\r\n\r\n") != 2 || len(raw) > 24<<10 {
			t.Errorf("%.30q: %d octets\n%s", hostile, len(raw), fields)
		}
		if bytes.ContainsRune(raw, '\u202e') || bytes.Contains(raw, []byte("=E2=80=AE")) && !strings.Contains(hostile, "\u202e") {
			t.Errorf("%.30q: the direction is turned", hostile)
		}
	}
}

func TestANoticeOfTooMuchIsBounded(t *testing.T) {
	n := notices()["failed"]
	n.Header = bytes.Repeat([]byte("X-Long: "+strings.Repeat("x", 60)+"\r\n"), 10_000)
	n.Recipients = nil
	for i := range MaxNoticed + 500 {
		n.Recipients = append(n.Recipients, Undelivered{Address: fmt.Sprintf("r%d@example.net", i)})
	}
	raw := n.Bytes()
	checkLines(t, raw)
	if len(raw) > 600<<10 || bytes.Contains(raw, []byte("r1000@")) || !bytes.Contains(raw, []byte("500 more recipients")) {
		t.Errorf("%d octets", len(raw))
	}
}

func TestAdviceFitsTheReason(t *testing.T) {
	seen := map[string]string{}
	for _, reason := range []string{"userUnknown", "mailboxFull", "blocked", "rateLimited", "policy", "spam", "content", "networkError", "expired", "other"} {
		what, todo := Undelivered{Address: "a@example.org", Reason: reason}.advice()
		if other := seen[what+todo]; other != "" || !strings.HasSuffix(what, ".") || !strings.HasSuffix(todo, ".") {
			t.Errorf("%s says what %s says: %s %s", reason, other, what, todo)
		}
		seen[what+todo] = reason
	}
	for status, reason := range map[string]string{"5.1.1": "userUnknown", "5.2.2": "mailboxFull", "4.4.7": "expired", "5.3.4": "content", "5.7.26": "policy", "4.4.1": "networkError"} {
		byStatus, _ := Undelivered{Address: "a@b", Status: status}.advice()
		if byReason, _ := (Undelivered{Address: "a@b", Reason: reason}).advice(); byStatus != byReason {
			t.Errorf("%s says %s", status, byStatus)
		}
	}
	for _, tc := range []struct {
		status  string
		delayed bool
		want    string
	}{{"5.1.1", false, "5.1.1"}, {"4.4.7", false, "4.4.7"}, {"5.1.1", true, "4.0.0"}, {"", false, "5.0.0"}, {"2.0.0", false, "5.0.0"}, {"5.1", false, "5.0.0"}, {"5.1.1234", false, "5.0.0"}} {
		if got := (Undelivered{Status: tc.status}).status(tc.delayed); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.status, got, tc.want)
		}
	}
}
