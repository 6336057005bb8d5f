package peers

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// submission is one message as a client is to submit it.
type submission struct {
	door            string // starttls or tls
	port, imaps, ca string
	user, password  string
	sender, from    string // of the envelope and of the header
	to              []string
	subject, text   string
	record          string // mailbox for the client's own copy
}

// submitter is a mail client that sends: it gives what it printed, and an error if it did not send.
type submitter struct {
	name            string
	submit          func(c *client, program string, m submission) (string, error)
	wrong, stranger string // what it says of a wrong password, and of a certificate that it does not trust
	files           bool   // it puts a copy of its own into a mailbox
}

var submitters = []submitter{
	{name: "swaks", submit: submitBySwaks, wrong: "5.7.8", stranger: "certificate"},
	{name: "python3", submit: submitByPython, wrong: "5.7.8", stranger: "certificate", files: true},
	{name: "msmtp", submit: submitByMsmtp, wrong: "5.7.8", stranger: "certificate"},
	{name: "curl", submit: submitByCurl, wrong: "5.7.8", stranger: "certificate"},
	{name: "mutt", submit: submitByMutt, wrong: "authentication failed", stranger: "certificate", files: true},
	{name: "neomutt", submit: submitByMutt, wrong: "authentication failed"}, // in batch it files no copy, and is silent about certificates
}

// Every client submits by both doors, and verifies the certificate there. Its message is in Sent once, also if it puts a
// copy there itself, reaches an inbox of this server and leaves for the other recipient. A wrong password and a From that
// is not the inbox's are refused.
func TestClientsSubmit(t *testing.T) {
	s := start(t, t.TempDir())
	friend := s.newInbox("friend")
	other := newAuthority(t, t.TempDir(), "other")
	for _, x := range submitters {
		t.Run(x.name, func(t *testing.T) {
			program := need(t, x.name)
			c := newClient(t)
			me := s.newInbox(x.name)
			mail := func(door string) submission {
				at := map[string]string{"starttls": s.Submission, "tls": s.Submissions}[door]
				_, port, _ := net.SplitHostPort(at)
				_, imaps, _ := net.SplitHostPort(s.IMAPS)
				return submission{door: door, port: port, imaps: imaps, ca: s.CA, user: me.Address, password: me.Password, sender: me.Address, from: me.Address,
					to: []string{friend.Address, "bob@elsewhere.example"}, subject: x.name + " by " + door, record: "Sent", text: "Hello.\n.a line with a dot\n"}
			}
			for _, door := range []string{"starttls", "tls"} {
				m := mail(door)
				if out, err := x.submit(c, program, m); err != nil {
					t.Fatalf("%s: %v\n%s", door, err, tail(out, 4000))
				}
				s.arrived(t, friend.ID, m)
				s.sent(t, me.ID, m)
				s.caught(t, m)
			}
			refused := func(what, reply string, change func(*submission)) {
				m := mail("tls")
				m.subject = "Never"
				change(&m)
				out, err := x.submit(c, program, m)
				if err == nil || !strings.Contains(strings.ToLower(out), reply) {
					t.Errorf("%s: %v\n%s", what, err, tail(out, 4000))
				}
			}
			refused("a wrong password", x.wrong, func(m *submission) { m.password = "wrong" })
			refused("a foreign From", "not one of", func(m *submission) { m.from = friend.Address })
			refused("a foreign sender", "not one of", func(m *submission) { m.sender = friend.Address })
			refused("a stranger's certificate", x.stranger, func(m *submission) { m.ca = other.File })
			if n := len(s.find(me.ID, "mailbox=Sent")); n != 2 {
				t.Errorf("Sent holds %d messages", n)
			}
			if !x.files {
				return
			}
			m := mail("tls") // the control: elsewhere its copy is one more message
			m.to, m.record = []string{"bob@elsewhere.example"}, "Archive"
			if out, err := x.submit(c, program, m); err != nil {
				t.Fatalf("%v\n%s", err, tail(out, 4000))
			}
			if in, filed := len(s.find(me.ID, "mailbox=Sent")), len(s.find(me.ID, "mailbox=Archive")); in != 3 || filed != 1 {
				t.Errorf("Sent holds %d messages, Archive %d", in, filed)
			}
		})
	}
	if n := len(s.find(friend.ID, "mailbox=INBOX")); n != 2*len(submitters) && !t.Failed() {
		t.Errorf("the friend has %d messages", n)
	}
}

// account is an inbox with its password.
type account struct{ ID, Address, Password string }

func (s *server) newInbox(name string) (a account) {
	s.t.Helper()
	if code := s.call("POST", "/v1/inboxes", s.WorkspaceKey, map[string]any{"username": name, "domain": "demo.localhost"}, &a); code != 201 {
		s.t.Fatalf("inbox %s: %d", name, code)
	}
	return a
}

// sentMessage is what a list says of a message.
type sentMessage struct{ ID, Subject, Status string }

// find lists messages of an inbox, newest first.
func (s *server) find(inbox, query string) []sentMessage {
	s.t.Helper()
	var page struct{ Messages []sentMessage }
	if code := s.call("GET", "/v1/inboxes/"+inbox+"/messages?limit=200&"+query, s.WorkspaceKey, nil, &page); code != 200 {
		s.t.Fatalf("messages?%s answered %d", query, code)
	}
	return page.Messages
}

// arrived wants a message once in an inbox of this server.
func (s *server) arrived(t *testing.T, inbox string, m submission) {
	t.Helper()
	var list []sentMessage
	until(t, "the message is in the other inbox", func() bool {
		list = s.find(inbox, "mailbox=INBOX&subject="+url.QueryEscape(m.subject))
		return len(list) > 0
	})
	var raw string
	s.call("GET", "/v1/inboxes/"+inbox+"/messages/"+list[0].ID+"/raw", s.WorkspaceKey, nil, &raw)
	if len(list) != 1 || !strings.Contains(raw, "with ESMTPSA") || !strings.Contains(raw, "\r\nHello.\r\n.a line with a dot\r\n") {
		t.Errorf("it is there %d times:\n%s", len(list), raw)
	}
}

// sent wants it once in Sent, with the status delivered.
func (s *server) sent(t *testing.T, inbox string, m submission) {
	t.Helper()
	var list []sentMessage
	until(t, "the message is delivered", func() bool {
		list = s.find(inbox, "mailbox=Sent&subject="+url.QueryEscape(m.subject))
		return len(list) > 0 && list[0].Status == "delivered"
	})
	if len(list) != 1 {
		t.Errorf("Sent holds it %d times", len(list))
	}
}

// caught wants it once among what would have left, signed.
func (s *server) caught(t *testing.T, m submission) {
	t.Helper()
	var list struct {
		Messages []struct {
			To  []string
			Raw string
		}
	}
	if code := s.call("GET", "/dev/outbox", s.OperatorKey, nil, &list); code != 200 {
		t.Fatalf("what was caught answered %d", code)
	}
	n := 0
	for _, x := range list.Messages {
		if strings.Contains(x.Raw, "\r\nSubject: "+m.subject+"\r\n") {
			n++
			if strings.Join(x.To, " ") != "bob@elsewhere.example" || strings.Count(x.Raw, "DKIM-Signature: ") != 2 || !strings.Contains(x.Raw, "\r\n.a line with a dot\r\n") {
				t.Errorf("for %q left\n%s", x.To, x.Raw)
			}
		}
	}
	if n != 1 {
		t.Errorf("it left %d times", n)
	}
}

func (m submission) plain() string {
	return fmt.Sprintf("From: Ann Author <%s>\nTo: %s\nSubject: %s\n\n%s", m.from, strings.Join(m.to, ", "), m.subject, m.text)
}

func submitBySwaks(c *client, program string, m submission) (string, error) {
	tls := map[string]string{"starttls": "--tls", "tls": "--tls-on-connect"}[m.door]
	return c.try(m.plain(), program, "--server", "localhost", "--port", m.port, tls, "--tls-verify", "--tls-ca-path", m.ca, "--auth", "LOGIN", "--auth-user", m.user, "--auth-password", m.password,
		"--from", m.sender, "--to", strings.Join(m.to, ","), "--data", "-")
}

func submitByPython(c *client, program string, m submission) (string, error) {
	script, err := filepath.Abs(filepath.Join("testdata", "out", "submit.py"))
	if err != nil {
		return "", err
	}
	job, err := json.Marshal(map[string]any{"host": "localhost", "door": m.door, "port": m.port, "imaps": m.imaps, "ca": m.ca, "user": m.user, "password": m.password,
		"sender": m.sender, "from": m.from, "to": m.to, "subject": m.subject, "text": m.text, "record": m.record})
	if err != nil {
		return "", err
	}
	own := *c
	own.env = append(append([]string{}, c.env...), "SUBMIT="+string(job), "PYTHONDONTWRITEBYTECODE=1")
	return own.try("", program, script)
}

func submitByMsmtp(c *client, program string, m submission) (string, error) {
	starttls := map[string]string{"starttls": "on", "tls": "off"}[m.door]
	config := c.write("msmtprc", fmt.Sprintf("account default\nhost localhost\nport %s\ntls on\ntls_starttls %s\ntls_trust_file %s\nauth plain\nuser %s\npassword %s\nfrom %s\n",
		m.port, starttls, m.ca, m.user, m.password, m.sender))
	return c.try(m.plain(), program, append([]string{"--file=" + config, "--"}, m.to...)...)
}

func submitByCurl(c *client, program string, m submission) (string, error) {
	scheme := map[string]string{"starttls": "smtp", "tls": "smtps"}[m.door]
	args := []string{"-sSv", "--ssl-reqd", "--cacert", m.ca, "--url", scheme + "://localhost:" + m.port, "--user", m.user + ":" + m.password, "--mail-from", m.sender, "--upload-file", "-", "--crlf"}
	for _, to := range m.to {
		args = append(args, "--mail-rcpt", to)
	}
	return c.try(m.plain(), program, args...)
}

// submitByMutt is for Mutt and NeoMutt, in batch.
func submitByMutt(c *client, program string, m submission) (string, error) {
	scheme := map[string]string{"starttls": "smtp", "tls": "smtps"}[m.door]
	config := c.write("sendrc", strings.NewReplacer("{scheme}", scheme, "{escaped}", url.QueryEscape(m.user), "{user}", m.user, "{password}", m.password, "{port}", m.port, "{imaps}", m.imaps, "{ca}", m.ca,
		"{from}", m.from, "{sender}", m.sender, "{home}", c.home, "{record}", m.record).Replace(`set smtp_url="{scheme}://{escaped}@localhost:{port}/"
set smtp_pass="{password}"
set imap_user="{user}"
set imap_pass="{password}"
set folder="imaps://localhost:{imaps}/"
set record="={record}"
set copy=yes
set ssl_force_tls=yes ssl_starttls=yes
set ssl_ca_certificates_file="{ca}"
set certificate_file="{home}/certificates"
set from="{from}"
set realname="Ann Author"
set use_from=yes use_envelope_from=yes
set envelope_from_address="{sender}"
set hostname="client.example"
set charset="utf-8"
`))
	return c.try(m.text, program, append([]string{"-n", "-F", config, "-s", m.subject, "--"}, m.to...)...)
}
