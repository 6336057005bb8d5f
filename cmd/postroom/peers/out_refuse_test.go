package peers

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/postroom/postroom/server/courier/mxtest"
)

// takenFor are the messages that a sink has for a domain.
func takenFor(sink *mxtest.Server, domain string) (list []mxtest.Transaction) {
	for _, m := range sink.Transactions() {
		if strings.HasSuffix(m.Recipients[0], "@"+domain) {
			list = append(list, m)
		}
	}
	return list
}

// onceEach waits until a sink has n messages for a domain, and wants each recipient once.
func onceEach(t *testing.T, sink *mxtest.Server, domain string, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d messages for %s are there", n, domain), func() bool { return len(takenFor(sink, domain)) >= n })
	count := map[string]int{}
	for _, m := range takenFor(sink, domain) {
		for _, r := range m.Recipients {
			count[r]++
		}
	}
	for r, times := range count {
		if times != 1 {
			t.Errorf("%s got the message %d times", r, times)
		}
	}
	if len(count) != n {
		t.Errorf("%d of %d recipients have it", len(count), n)
	}
}

// notices are the reports in the inbox that tell of one recipient.
func (s *sending) notices(recipient string) (list []string) {
	s.t.Helper()
	for _, m := range s.inbox() {
		if raw := s.raw(m.ID); strings.Contains(raw, "\r\nFinal-Recipient: rfc822;"+recipient+"\r\n") || strings.Contains(raw, "\r\nFinal-Recipient: rfc822; "+recipient+"\r\n") {
			list = append(list, raw)
		}
	}
	return list
}

// sendEach sends one message to each of n recipients of a domain.
func (s *sending) sendEach(n int, domain string) (ids []string) {
	s.t.Helper()
	for i := range n {
		ids = append(ids, s.send(nil, fmt.Sprintf("bob%d@%s", i, domain)))
	}
	return ids
}

// Postfix refuses for now, for good, in part, for the size, and because there is too much at once; each has the outcome
// that its reply asks for. All are sent at the beginning: none waits for another.
func TestPostfixRefusesInEachWayItHas(t *testing.T) {
	s := newSending(t)
	sink := mxtest.Start(t, mxtest.Options{})
	asked := map[string]int{}
	var mu sync.Mutex
	decide := startPolicy(t, func(recipient string) string {
		mu.Lock()
		defer mu.Unlock()
		switch asked[recipient]++; {
		case recipient == "bob@later.test" && asked[recipient] == 1:
			return "451 4.7.1 come back in a moment"
		case recipient == "nobody@mixed.test":
			return "550 5.1.1 there is nobody of that name"
		}
		return ""
	})
	doors := []door{
		{"127.0.0.11", "mx.later.test", []string{decide.setting()}},
		{"127.0.0.21", "mx.mixed.test", []string{decide.setting()}},
		{"127.0.0.31", "mx.small.test", []string{"message_size_limit = 20000"}},
		{"127.0.0.41", "mx.silent.test", []string{"message_size_limit = 20000", "smtpd_discard_ehlo_keywords = size"}},
		{"127.0.0.51", "mx.narrow.test", []string{"smtpd_client_connection_count_limit = 2"}},
		{"127.0.0.61", "mx.slow.test", []string{"smtpd_client_message_rate_limit = 3"}},
	}
	for _, d := range doors {
		s.receiver(strings.TrimPrefix(d.hostname, "mx."), d.address)
	}
	p := startPostfix(t, s.port, sink.Addr().String(), doors, "anvil_rate_time_unit = 60s")
	s.run()

	large := map[string]any{"text": strings.Repeat("All work and no play makes Jack a dull boy.\n", 1000)}
	slow := s.sendEach(8, "slow.test")
	narrow := s.sendEach(40, "narrow.test")
	later := s.send(nil, "bob@later.test")
	mixed := s.send(nil, "bob@mixed.test", "nobody@mixed.test")
	small, silent := s.send(large, "bob@small.test"), s.send(large, "bob@silent.test")

	t.Run("451 and then 250", func(t *testing.T) {
		r := s.settled(later, "delivered")[0]
		if len(r.AttemptsList) != 2 {
			t.Fatalf("the attempts are %+v", r.AttemptsList)
		}
		first, second := r.AttemptsList[0], r.AttemptsList[1]
		if first.Code != 451 || first.EnhancedCode != "4.7.1" || !strings.Contains(first.Reply, "come back in a moment") || second.Code != 250 {
			t.Errorf("the attempts are %+v", r.AttemptsList)
		}
		onceEach(t, sink, "later.test", 1)
	})
	t.Run("550 for one of two recipients", func(t *testing.T) {
		list := s.settled(mixed, "delivered bounced")
		if bad := list[1]; bad.Code != 550 || bad.EnhancedCode != "5.1.1" || bad.Reason != "userUnknown" || !strings.Contains(bad.Reply, "nobody of that name") {
			t.Errorf("the refused one is %+v", bad)
		}
		onceEach(t, sink, "mixed.test", 1)
		if got := s.suppressed("nobody@mixed.test") + s.suppressed("bob@mixed.test"); got != "bounce" {
			t.Errorf("suppressed: %q", got)
		}
		s.bounceTold(t, "nobody@mixed.test", "nobody of that name")
		var again struct {
			Rejected []struct{ Address, Reason string }
		}
		body := map[string]any{"to": []string{"bob@mixed.test", "nobody@mixed.test"}, "subject": "Again", "text": "x"}
		if code := s.call("POST", "/v1/inboxes/"+s.Inbox.ID+"/messages", s.WorkspaceKey, body, &again); code != 202 || len(again.Rejected) != 1 || again.Rejected[0].Address != "nobody@mixed.test" || again.Rejected[0].Reason != "bounce" {
			t.Errorf("sending once more answered %d %+v", code, again)
		}
	})
	t.Run("too large", func(t *testing.T) {
		for name, id := range map[string]string{"small": small, "silent": silent} {
			r := s.settled(id, "bounced")[0]
			if r.Code != 552 || !strings.HasPrefix(r.EnhancedCode, "5.3.4") || len(r.AttemptsList) != 1 {
				t.Errorf("%s: %+v", name, r)
			}
			if got := s.suppressed("bob@" + name + ".test"); got != "" {
				t.Errorf("%s: the recipient is suppressed: %q", name, got)
			}
			s.bounceTold(t, "bob@"+name+".test", "")
			if n := len(takenFor(sink, name+".test")); n != 0 {
				t.Errorf("%s: %d were taken", name, n)
			}
		}
	})
	t.Run("two connections at a time", func(t *testing.T) {
		for _, id := range narrow {
			s.settled(id, "delivered")
		}
		onceEach(t, sink, "narrow.test", len(narrow))
		refused := strings.Count(p.log(), "Connection concurrency limit exceeded")
		t.Logf("%d connections too many for %d messages", refused, len(narrow))
		if refused > len(narrow)/2 {
			t.Errorf("%d connections too many for %d messages", refused, len(narrow))
		}
	})
	t.Run("three messages in a minute", func(t *testing.T) { // the others wait until the site has rested, which takes a minute
		refused := func() (n int) {
			for _, id := range slow {
				if r := s.delivery(id)[0]; r.Status == "deferred" && r.Code == 450 && r.Reason == "rateLimited" && r.EnhancedCode == "4.7.1" {
					n++
				}
			}
			return n
		}
		s.until("some are refused for now", func() bool { return refused() > 0 }, func() string { return "no" })
		delivered := len(takenFor(sink, "slow.test"))
		if refused()+delivered > len(slow) {
			t.Errorf("%d refused, %d delivered", refused(), delivered)
		}
	})
	t.Run("no report but those", func(t *testing.T) {
		var subjects []string
		for _, m := range s.inbox() {
			subjects = append(subjects, m.Subject)
		}
		slices.Sort(subjects)
		if len(subjects) != 3 {
			t.Errorf("the inbox holds %q", subjects)
		}
	})
}

// bounceTold wants exactly one report of a recipient's failure in the inbox, with some text in it.
func (s *sending) bounceTold(t *testing.T, recipient, text string) {
	t.Helper()
	s.until("a report tells of "+recipient, func() bool { return len(s.notices(recipient)) > 0 }, func() string { return "absent" })
	list := s.notices(recipient)
	if len(list) != 1 {
		t.Errorf("%d reports tell of %s", len(list), recipient)
	}
	for _, want := range []string{"Return-Path: <>\r\n", "Content-Type: multipart/report", "\r\nAction: failed\r\n", "\r\nStatus: 5.", "Auto-Submitted: auto-", text} {
		if !strings.Contains(list[0], want) {
			t.Errorf("the report has no %q:\n%s", want, list[0])
		}
	}
}
