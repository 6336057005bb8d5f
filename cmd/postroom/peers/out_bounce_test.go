package peers

import (
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// A Postfix takes a message for two, cannot hand it on for one of them, and tells the return path. The message is bounced for
// that one, its address is suppressed, the inbox gets Postfix's report and nothing else, and nobody answers a report.
func TestALateBounceFromPostfixComesHome(t *testing.T) {
	s := newSending(t)
	sink := mxtest.Start(t, mxtest.Options{})
	refuser := mxtest.Start(t, mxtest.Options{Rcpt: func(_, recipient string) string { return "550 5.1.1 there is nobody of that name" }})
	s.receiver("accept.test", "127.0.0.11")
	s.run()
	next := func(address string) string {
		host, port, _ := net.SplitHostPort(address)
		return "smtp:[" + host + "]:" + port
	}
	p := startPostfix(t, s.port, sink.Addr().String(), []door{{"127.0.0.11", "mx.accept.test", nil}},
		fmt.Sprintf("transport_maps = inline:{ { gone@accept.test = %s }, { sender.test = %s } }", next(refuser.Addr().String()), next(s.SMTP)))

	id := s.send(nil, "bob@accept.test", "gone@accept.test")
	list := s.settled(id, "delivered bounced")
	if r := list[1]; r.Reason != "userUnknown" || r.EnhancedCode != "5.1.1" || !strings.Contains(r.Reply, "nobody of that name") || r.last().Code != 250 {
		t.Errorf("the bounced one is %+v", r)
	}
	onceEach(t, sink, "accept.test", 1)
	if got := s.suppressed("gone@accept.test") + s.suppressed("bob@accept.test"); got != "" {
		t.Errorf("suppressed: %q, by a report that each recipient of the message could have written", got)
	}
	returnPath := takenFor(sink, "accept.test")[0].Sender

	// What was sent afterwards has arrived, and Postfix has nothing left: there is no more to come.
	s.settled(s.send(nil, "bob@accept.test"), "delivered")
	until(t, "two messages are with the sink", func() bool { return len(takenFor(sink, "accept.test")) == 2 })
	until(t, "Postfix has nothing left", p.idle)
	s.bouncedOnce(t, id)
	inbox := s.inbox()
	if len(inbox) != 1 {
		t.Fatalf("the inbox holds %+v", inbox)
	}
	raw := s.raw(inbox[0].ID)
	if inbox[0].DeliveredTo != returnPath || !strings.HasPrefix(raw, "Return-Path: <>\r\n") || !strings.Contains(raw, "This is the mail system at host mx.accept.test") && !strings.Contains(raw, "Postfix") {
		t.Errorf("it is, for %s,\n%s", inbox[0].DeliveredTo, raw)
	}
	for _, line := range strings.Split(p.log(), "\n") {
		if strings.Contains(line, " to=<") && !strings.Contains(line, "to=<bob@accept.test>") && !strings.Contains(line, "to=<gone@accept.test>") && !strings.Contains(line, "to=<"+returnPath+">") {
			t.Errorf("Postfix had to send to another: %s", line)
		}
	}

	// The same report once more changes nothing, and a return path that nobody was given takes none.
	_, report, _ := strings.Cut(raw, "\r\nReceived: from mx.") // what Postfix sent begins there or earlier
	report = "Received: from mx." + report
	if err := s.report(returnPath, report); err != nil {
		t.Error(err)
	}
	local, domain, _ := strings.Cut(returnPath, "@")
	end := "0"
	if strings.HasSuffix(local, end) {
		end = "1"
	}
	forged := local[:len(local)-1] + end + "@" + domain
	if err := s.report(forged, report); err == nil || !strings.Contains(err.Error(), "5.1.1 no such user") {
		t.Errorf("a forged return path is answered %v", err)
	}
	until(t, "the second report is there", func() bool { return len(s.inbox()) == 2 })
	s.bouncedOnce(t, id)
	if total, _, _ := refuser.Connections(); total != 1 || len(refuser.Transactions()) != 0 {
		t.Errorf("the refusing server saw %d connections", total)
	}
	if n := len(s.find(s.Inbox.ID, "mailbox=Sent")); n != 2 {
		t.Errorf("Sent holds %d messages", n)
	}

	// Of a message to one alone, a bounce suppresses the address.
	s.settled(s.send(nil, "gone@accept.test"), "bounced")
	if got := s.suppressed("gone@accept.test"); got != "bounce" {
		t.Errorf("suppressed: %q", got)
	}
}

// bouncedOnce wants exactly one event of a bounce, of one message and its recipient gone@accept.test.
func (s *sending) bouncedOnce(t *testing.T, id string) {
	t.Helper()
	list, _ := s.events("", "message.bounced", 0)
	if len(list) != 1 || list[0].Data.ID != id || list[0].Data.Delivery.Recipient != "gone@accept.test" || list[0].Data.Delivery.Status != "bounced" {
		t.Errorf("the bounces are %+v", list)
	}
}

// report sends a report in, as other servers do: from the null sender.
func (s *sending) report(to, text string) error {
	c, err := smtp.Dial(s.SMTP)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := submit(c, "", to, text); err != nil {
		return err
	}
	return c.Quit()
}
