package smtpd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// give sends a message of an author.
func (c *client) give(answer, author string, to ...string) {
	c.t.Helper()
	c.envelope("x"+author[strings.IndexByte(author, '@'):], to...)
	c.do("DATA", "354 ")
	c.send("From: <" + author + ">\r\nSubject: hello\r\nMessage-ID: <" + fmt.Sprint(len(author), to) + "@x>\r\n\r\ntext of " + author + "\r\n.\r\n")
	c.want(answer)
}

// rejections are the records of a workspace, or with "" of the server, oldest first. What waits is written before.
func (b *bed) rejections(domain string) (list []mailstore.Rejection) {
	b.t.Helper()
	var err error
	b.records()
	if domain == "" {
		list, _, err = b.dir.Operator().ServerRejections(context.Background(), mailstore.RejectionFilter{}, nil, 0)
	} else {
		var r mailstore.Rejections
		r, _, err = b.dir.Operator().Rejections(context.Background(), b.homes[domain], "")
		b.must(err)
		list, _, err = r.List(context.Background(), mailstore.RejectionFilter{}, nil, 0)
	}
	b.must(err)
	slices.Reverse(list)
	return list
}

func reasons(list []mailstore.Rejection) (all []string) {
	for _, r := range list {
		all = append(all, fmt.Sprintf("%s %s %s %d", r.Action, r.Reason, r.Recipient, r.Count))
	}
	slices.Sort(all)
	return all
}

func TestListsDecideWhereMailGoes(t *testing.T) {
	b := newJudge(t)
	ctx := t.Context()
	lists, _, err := b.dir.Operator().Lists(ctx, b.homes["example.com"], "", tenancy.ListsCreate)
	b.must(err)
	_, _, err = lists.Add(ctx, mailstore.ListEntry{List: mailstore.List{Direction: mailstore.ListReceive, Kind: mailstore.ListBlock}, Entry: "open.test"})
	b.must(err)
	c := b.dial().hello()
	c.give("250 ", "a@open.test", "ann@example.com", "cat@example.net")
	c.give("250 ", "a@good.test", "ann@example.com")
	junk := b.messages("ann@example.com", mailstore.JunkMailbox)
	if len(junk) != 1 || !slices.Contains(junk[0].Labels, mailstore.LabelBlocked) || junk[0].Junk.Reason != mailstore.ReasonBlocked || !strings.Contains(junk[0].Junk.Detail, "open.test") {
		t.Errorf("%+v", junk)
	}
	if in := b.messages("ann@example.com", mailstore.InboxMailbox); len(in) != 1 || in[0].Junk != nil {
		t.Errorf("%+v", in)
	}
	if in := b.messages("cat@example.net", mailstore.InboxMailbox); len(in) != 1 {
		t.Errorf("another workspace's list holds here: %+v", in)
	}
	list := b.rejections("example.com")
	if len(list) != 1 || list[0].Message != junk[0].ID || list[0].Source != "127.0.0.1" || list[0].HELO == "" || list[0].Sender != "x@open.test" || list[0].Author != "a@open.test" || list[0].Recipient != "ann@example.com" {
		t.Errorf("%+v", list)
	}
}

func TestWhoWasMovedToJunkGoesThereUnlessHeWasWrittenTo(t *testing.T) {
	b := newJudge(t)
	c := b.dial().hello()
	c.give("250 ", "first@open.test", "ann@example.com")
	in := b.inbox("ann@example.com")
	_, err := in.ChangeMessage(t.Context(), b.messages("ann@example.com", mailstore.InboxMailbox)[0].ID, mailstore.MessageChange{AddLabels: []string{mailstore.LabelSpam}})
	b.must(err)
	c.give("250 ", "FIRST@open.test", "ann@example.com")
	c.give("250 ", "FIRST@OPEN.test", "bob@example.com") // what one has shown holds for the workspace
	if n := len(b.messages("ann@example.com", mailstore.JunkMailbox)); n != 2 {
		t.Errorf("%d in Junk", n)
	}
	if junk := b.messages("bob@example.com", mailstore.JunkMailbox); len(junk) != 1 || junk[0].Junk.Reason != mailstore.ReasonUnwanted {
		t.Errorf("%+v", junk)
	}
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	fmt.Fprint(sp, "From: ann@example.com\r\nTo: first@open.test\r\nSubject: hi\r\n\r\nx\r\n")
	_, err = in.Submit(t.Context(), mailstore.Submission{Sender: "ann@example.com", To: []string{"first@open.test"}, Spool: sp})
	b.must(err)
	c.give("250 ", "fIRST@open.test", "ann@example.com")
	if n := len(b.messages("ann@example.com", mailstore.InboxMailbox)); n != 1 {
		t.Errorf("%d in INBOX", n)
	}
	c.give("250 ", "first@quarantine.test", "ann@example.com")
	if junk := b.messages("ann@example.com", mailstore.JunkMailbox); len(junk) != 3 || junk[0].Junk.Reason != mailstore.ReasonForged {
		t.Errorf("%d in Junk", len(junk))
	}
}

func TestWhatIsRefusedIsRecorded(t *testing.T) {
	b := newJudge(t)
	c := b.dial().hello()
	c.do("MAIL FROM:<x@envelope.test>", "250 ")
	for range 3 {
		c.do("RCPT TO:<nobody@example.com>", "550 5.1.1")
	}
	c.do("RCPT TO:<a@elsewhere.example>", "550 5.7.1")
	c.do("RSET", "250 ")
	c.give("550 5.7.26", "a@reject.test", "ann@example.com", "cat@example.net")
	c.envelope("x@envelope.test", "ann@example.com")
	c.do("DATA", "354 ")
	c.send("Subject: bare\r\n\r\na\nb\r\n.\r\n")
	c.want("554 5.6.0")
	c.do("MAIL FROM:<x@envelope.test> SIZE=999999999", "552 ")
	if got := reasons(b.rejections("example.com")); !slices.Equal(got, []string{"refused forged ann@example.com 1", "refused malformed ann@example.com 1", "refused unknownUser nobody@example.com 3"}) {
		t.Errorf("%q", got)
	}
	for _, r := range b.rejections("example.com") {
		if r.Source != "127.0.0.1" || r.HELO == "" || !strings.HasPrefix(r.Sender, "x@") || r.Detail == "" || r.Reason == mailstore.ReasonForged && (r.Author != "a@reject.test" || r.Subject != "hello" || r.Inbox == "") {
			t.Errorf("%+v", r)
		}
	}
	if got := reasons(b.rejections("example.net")); !slices.Equal(got, []string{"refused forged cat@example.net 1"}) {
		t.Errorf("%q", got)
	}
	if got := reasons(b.rejections("")); !slices.Equal(got, []string{"refused notServed a@elsewhere.example 1", "refused tooLarge  1"}) {
		t.Errorf("%q", got)
	}
}

func TestClientsThatAreTooFastAreToldSo(t *testing.T) {
	b := newBed(t, func(c *Config) {
		c.Connections, c.Messages, c.RejectedRecipients = Rate{PerSource: 3}, Rate{PerSource: 2}, Rate{PerNetwork: 2}
	}).listen()
	c := b.dial().hello()
	c.do("MAIL FROM:<x@envelope.test>", "250 ")
	c.do("RSET", "250 ")
	c.do("MAIL FROM:<x@envelope.test>", "250 ")
	for range 2 {
		c.do("RCPT TO:<nobody@example.com>", "550 5.1.1")
	}
	c.do("RCPT TO:<nobody@example.com>", "421 4.7.0")
	c = b.dial().hello()
	c.do("MAIL FROM:<x@envelope.test>", "450 4.7.1")
	b.dial().hello()
	b.dial().want("421 4.7.0")
	if got := reasons(b.rejections("")); !slices.Equal(got, []string{"refused tooFast  1", "refused tooFast  1"}) {
		t.Errorf("%q", got)
	}
}

func TestRecordsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r records
		for i := range maxRecords + 5 {
			r.add("", mailstore.Rejection{Recipient: fmt.Sprint(i)})
			r.add("", mailstore.Rejection{Recipient: "0"})
		}
		if len(r.list) != maxRecords || r.more != 5 || r.list[recordKey{recipient: "0"}].Count != maxRecords+6 {
			t.Errorf("%d, %d more, %+v", len(r.list), r.more, r.list[recordKey{recipient: "0"}])
		}
	})
}
