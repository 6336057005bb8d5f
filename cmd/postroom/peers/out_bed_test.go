package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// sending is a running `postroom serve` whose mail leaves for servers of the test: it asks the test's own DNS, trusts the
// test's authority, and all servers of recipients listen on one port, each at an address of its own. Its inbox is
// ann@sender.test.
type sending struct {
	*server
	dir   string // open to other users, for files that other servers read
	zones *zonetest.Server
	ca    *authority
	port  int
	retry string // how long a message waits after each try
	log   lockedBuffer

	cursor string // of until
}

// newSending prepares everything; run starts the server.
func newSending(t testing.TB) *sending {
	t.Helper()
	dir := openDir(t)
	s := &sending{dir: dir, zones: zonetest.Start(t, "mail.sender.test. 60 A 127.0.0.1\n"), ca: newAuthority(t, dir, "good"), port: freePort(t), retry: "1s"}
	s.server = &server{t: t, stderr: &bytes.Buffer{}, done: make(chan struct{})}
	return s
}

// openDir is a directory with a short path that every user may read: servers that give up root's rights keep their sockets
// and read their certificates there.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "out")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// freePort is a port that is free at all addresses, and that the system gives to nobody by itself.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10000 + rand.IntN(20000)
		ln, err := net.Listen("tcp4", ":"+strconv.Itoa(port))
		if err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

const servedConfig = `hostname = "mail.sender.test"
data_dir = %q
drain_timeout = "5s"
[log]
format = "json"
[tls]
cert_file = %q
key_file = %q
[smtp]
listen = "127.0.0.1:0"
[submission]
listen = "127.0.0.1:0"
listen_tls = "127.0.0.1:0"
[imap]
listen = "127.0.0.1:0"
listen_tls = "127.0.0.1:0"
[http]
listen = "127.0.0.1:0"
[outgoing]
retry = [%q]
port = %d
allow_private = true
ca_file = %q
[dns]
servers = [%q]
[storage]
min_free_bytes = 0
`

// run starts the server, with tables more in its configuration, and makes its workspace. It ends with the test.
func (s *sending) run(more ...string) *sending {
	s.t.Helper()
	s.DataDir, s.CA = filepath.Join(s.dir, "data"), s.ca.File
	cert, key := s.ca.issue(time.Hour, "localhost", "127.0.0.1")
	config := filepath.Join(s.dir, "postroom.toml")
	text := fmt.Sprintf(servedConfig, s.DataDir, cert, key, s.retry, s.port, s.ca.File, s.zones.Addr()) + strings.Join(more, "\n")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(binary(s.t), "serve", "--config", config)
	s.cmd.WaitDelay = 5 * time.Second
	out, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := s.stop(); err != nil {
			s.t.Errorf("stop: %v", err)
		}
		if s.t.Failed() {
			s.t.Logf("the server says:\n%s", s.log.tail(6000))
		}
	})
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			s.log.add(lines.Text())
			if strings.Contains(lines.Text(), `"msg":"ready"`) {
				ready <- lines.Text()
			}
		}
		s.cmd.Wait()
		close(s.done)
	}()
	select {
	case line := <-ready:
		s.found(line)
	case <-s.done:
		s.t.Fatalf("the server did not become ready:\n%s", s.log.tail(6000))
	case <-time.After(patience):
		s.t.Fatalf("the server is not ready:\n%s", s.log.tail(6000))
	}
	s.furnish()
	return s
}

// found reads where the server listens from the line that says so.
func (s *sending) found(line string) {
	s.t.Helper()
	var ready struct{ SMTP, Submission, Submissions, IMAP, IMAPS, HTTP string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		s.t.Fatalf("the ready line is %q: %v", line, err)
	}
	s.SMTP, s.Submission, s.Submissions, s.IMAP, s.IMAPS, s.HTTP = ready.SMTP, ready.Submission, ready.Submissions, ready.IMAP, ready.IMAPS, "http://"+ready.HTTP
}

// furnish makes the workspace as its operator does.
func (s *sending) furnish() {
	s.t.Helper()
	var made struct{ ID, Key, Address, Password string }
	s.operate(&made, "workspace", "create", "sender")
	s.WorkspaceID = made.ID
	s.operate(&made, "domain", "create", "sender.test", "--workspace", s.WorkspaceID)
	s.operate(&made, "key", "create", "--workspace", s.WorkspaceID, "--name", "tests")
	s.WorkspaceKey = made.Key
	s.operate(&s.Inbox, "inbox", "create", "ann@sender.test", "--workspace", s.WorkspaceID)
}

// operate runs a subcommand on this machine and decodes its answer.
func (s *sending) operate(out any, command ...string) {
	s.t.Helper()
	text := run(s.t, "", binary(s.t), append(command, "--data", s.DataDir, "--json")...)
	text = text[max(0, strings.IndexByte(text, '{')):] // a word for people may stand around it
	if err := json.NewDecoder(strings.NewReader(text)).Decode(out); err != nil {
		s.t.Fatalf("%q answered %q: %v", command, text, err)
	}
}

// receiver tells the DNS that a domain's mail goes to an address.
func (s *sending) receiver(domain, address string) {
	s.zones.Set(domain+".", "60 MX 10 mx."+domain+".")
	s.zones.Set("mx."+domain+".", "60 A "+address)
}

// send hands a message over by the API and gives its id. more are fields of the request.
func (s *sending) send(more map[string]any, to ...string) string {
	s.t.Helper()
	body := map[string]any{"to": to, "subject": "For " + to[0], "text": "Hello.\n.a line with a dot\nGrüße\n"}
	for name, value := range more {
		body[name] = value
	}
	var sent struct{ ID, Status string }
	if code := s.call("POST", "/v1/inboxes/"+s.Inbox.ID+"/messages", s.WorkspaceKey, body, &sent); code != 202 || sent.ID == "" {
		s.t.Fatalf("sending answered %d %+v", code, sent)
	}
	return sent.ID
}

// tryNow ends a message's wait for its next try.
func (s *sending) tryNow(id string) {
	s.t.Helper()
	var changed struct{ Changed int }
	if code := s.call("POST", "/v1/queue/retry", s.WorkspaceKey, map[string]any{"messageId": id}, &changed); code != 200 || changed.Changed != 1 {
		s.t.Fatalf("trying %s now answered %d %+v", id, code, changed)
	}
}

// recipientState is what became of one recipient.
type recipientState struct {
	Recipient, Status, Why, Reason, EnhancedCode, Reply string
	Code                                                int
	AttemptsList                                        []attemptState
}

type attemptState struct {
	Number                                            int
	Host, Address, TLS, Verified, EnhancedCode, Reply string
	Code                                              int
}

// last is the last try.
func (r recipientState) last() attemptState {
	if len(r.AttemptsList) == 0 {
		return attemptState{}
	}
	return r.AttemptsList[len(r.AttemptsList)-1]
}

// delivery is what became of each recipient of a message.
func (s *sending) delivery(id string) []recipientState {
	s.t.Helper()
	var list struct{ Recipients []recipientState }
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages/"+id+"/delivery", s.WorkspaceKey, nil, &list); code != 200 {
		s.t.Fatalf("the delivery of %s answered %d", id, code)
	}
	return list.Recipients
}

// settled waits until every recipient of a message has one of the statuses, in the order of its recipients: "delivered
// bounced".
func (s *sending) settled(id, statuses string) []recipientState {
	s.t.Helper()
	var list []recipientState
	s.until("the message is "+statuses, func() bool {
		list = s.delivery(id)
		words := make([]string, len(list))
		for i, r := range list {
			words[i] = r.Status
		}
		return strings.Join(words, " ") == statuses
	}, func() string { return fmt.Sprintf("%+v", list) })
	return list
}

// outPatience is longer than a site is left alone that failed again and again, which is a minute.
const outPatience = 2 * patience

// until waits until something is so that news of the journal can change.
func (s *sending) until(what string, so func() bool, state func() string) {
	s.t.Helper()
	for deadline := time.Now().Add(outPatience); !so(); {
		if time.Now().After(deadline) {
			s.t.Fatalf("still not so after %v: %s; it is %s", outPatience, what, state())
		}
		_, s.cursor = s.events(s.cursor, "", 2) // what came before so was asked is not waited for
	}
}

// event is one line of the journal.
type event struct {
	Type    string
	InboxID string
	Data    struct {
		ID       string
		Delivery struct{ Recipient, Status, Reason string }
	}
}

// events reads the journal on from a cursor, and waits so many seconds if there is nothing.
func (s *sending) events(cursor, types string, wait int) (list []event, next string) {
	s.t.Helper()
	q := url.Values{"wait": {strconv.Itoa(wait)}, "limit": {"200"}}
	if types != "" {
		q.Set("types", types)
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	var page struct {
		Events     []event
		NextCursor string
	}
	if code := s.call("GET", "/v1/events?"+q.Encode(), s.WorkspaceKey, nil, &page); code != 200 {
		s.t.Fatalf("events answered %d", code)
	}
	return page.Events, page.NextCursor
}

// inbox lists the messages of the inbox's mailbox INBOX, newest first.
func (s *sending) inbox() (list []message) {
	s.t.Helper()
	var page struct{ Messages []message }
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages?mailbox=INBOX&limit=200", s.WorkspaceKey, nil, &page); code != 200 {
		s.t.Fatalf("the list answered %d", code)
	}
	return page.Messages
}

// suppressed is why nothing is sent to an address any more, or empty.
func (s *sending) suppressed(address string) string {
	s.t.Helper()
	var found struct{ Reason string }
	switch code := s.call("GET", "/v1/suppressions/"+url.PathEscape(address), s.WorkspaceKey, nil, &found); code {
	case 200:
		return found.Reason
	case 404:
		return ""
	default:
		s.t.Fatalf("the suppression of %s answered %d", address, code)
		return ""
	}
}
