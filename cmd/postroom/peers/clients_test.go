package peers

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestSwaksDeliversOverSTARTTLS(t *testing.T) {
	swaks := need(t, "swaks")
	s := start(t, t.TempDir())
	out := run(t, "", swaks, "--server", s.SMTP, "--from", "ann@sender.example", "--to", s.Inbox.Address, "--tls",
		"--header", "Subject: From swaks", "--body", "Hello over TLS")
	if !strings.Contains(out, "TLS started") {
		t.Fatalf("no TLS:\n%s", out)
	}
	id := s.waitFor(1)[0]
	if m := s.message(id); m.Subject != "From swaks" || !strings.Contains(m.Text, "Hello over TLS") {
		t.Errorf("message is %+v", m)
	}
	if raw := s.raw(id); !strings.HasPrefix(raw, "Return-Path: <ann@sender.example>\r\nReceived: from ") || !strings.Contains(raw, "with ESMTPS") {
		t.Errorf("trace is %.400q", raw)
	}
}

func TestSwaksIsRefusedWhereItMustBe(t *testing.T) {
	swaks := need(t, "swaks")
	s := start(t, t.TempDir())
	for name, c := range map[string]struct{ to, reply string }{
		"an unknown recipient": {"nobody@demo.localhost", "550 5.1.1"},
		"relaying":             {"someone@elsewhere.example", "550 5.7.1"},
	} {
		cmd := []string{"--server", s.SMTP, "--from", "ann@sender.example", "--to", c.to, "--quit-after", "RCPT"}
		out := runFailing(t, swaks, cmd...)
		if !strings.Contains(out, c.reply) {
			t.Errorf("%s is answered\n%s", name, out)
		}
	}
}

func TestCurlDeliversAndReads(t *testing.T) {
	curl := need(t, "curl")
	s := start(t, t.TempDir())
	mail := "From: =?utf-8?q?J=C3=BCrgen?= <j@sender.example>\r\nTo: " + s.Inbox.Address + "\r\nSubject: From curl\r\n\r\nHello\r\n"
	run(t, mail, curl, "-sS", "smtp://"+s.SMTP, "--mail-from", "j@sender.example", "--mail-rcpt", s.Inbox.Address, "--upload-file", "-")
	s.waitFor(1)
	out := run(t, "", curl, "-sS", "-H", "X-API-Key: "+s.WorkspaceKey, s.HTTP+"/v1/inboxes/"+s.Inbox.Address+"/messages")
	if !strings.Contains(out, `"From curl"`) || !strings.Contains(out, "Jürgen") {
		t.Errorf("the list is %s", out)
	}
}

func TestCurlDeliversOverTLSWithTheCertificateThatDevMade(t *testing.T) {
	curl := need(t, "curl")
	s := start(t, t.TempDir())
	_, port, _ := net.SplitHostPort(s.SMTP)
	run(t, "Subject: Verified\r\n\r\nx\r\n", curl, "-sS", "--ssl-reqd", "--cacert", s.CA, "smtp://localhost:"+port, "--mail-from", "j@sender.example",
		"--mail-rcpt", s.Inbox.Address, "--upload-file", "-")
	s.waitFor(1)
}

func TestPythonDeliversToSeveralRecipientsWithSMTPUTF8(t *testing.T) {
	python := need(t, "python3")
	s := start(t, t.TempDir())
	var in struct{ ID, Address string }
	if code := s.call("POST", "/v1/inboxes", s.WorkspaceKey, map[string]any{"username": "jürgen", "domain": "demo.localhost", "displayName": "Jürgen — Büro"}, &in); code != 201 {
		t.Fatalf("inbox: %d", code)
	}
	host, port, _ := net.SplitHostPort(s.SMTP)
	script := fmt.Sprintf(`
import smtplib
from email.message import EmailMessage
m = EmailMessage()
m["From"], m["To"], m["Subject"] = "an@sender.example", "jürgen@demo.localhost", "From Python — ünïcode"
m.set_content("Grüße\n")
m.add_attachment(b"\x00\x01binary", maintype="application", subtype="octet-stream", filename="dätei.bin")
with smtplib.SMTP(%q, %s) as c:
    c.starttls()
    refused = c.send_message(m, to_addrs=[%q, "jürgen@demo.localhost", "nobody@demo.localhost"])
    assert list(refused) == ["nobody@demo.localhost"], refused
`, host, port, s.Inbox.Address)
	run(t, script, python, "-")
	s.waitFor(2)
	var list struct {
		Messages []struct {
			ID, Subject string
			Attachments []struct{ ID, Filename string }
		}
	}
	s.call("GET", "/v1/inboxes/"+in.ID+"/messages", s.WorkspaceKey, nil, &list)
	if len(list.Messages) != 1 || list.Messages[0].Subject != "From Python — ünïcode" || len(list.Messages[0].Attachments) != 1 || list.Messages[0].Attachments[0].Filename != "dätei.bin" {
		t.Fatalf("list is %+v", list)
	}
	var content string
	s.call("GET", "/v1/inboxes/"+in.ID+"/messages/"+list.Messages[0].ID+"/attachments/"+list.Messages[0].Attachments[0].ID, s.WorkspaceKey, nil, &content)
	if content != "\x00\x01binary" {
		t.Errorf("attachment is %q", content)
	}
}
