package courier

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/tenancy"
)

// count is how many messages an inbox's INBOX has.
func (b *bed) count(address string) int {
	b.t.Helper()
	list, _, err := b.inbox(address).Messages(context.Background(), mailstore.MessageFilter{Mailbox: mailstore.InboxMailbox}, nil, 100)
	b.must(err)
	return len(list)
}

func TestANoticeGoesToTheInboxThatSentTheMessage(t *testing.T) {
	b := newBed(t, nil)
	op := b.dir.Operator()
	b.halt()
	_, err := op.AddAddress(t.Context(), "", "ann@a.test", "desk@a.test", false)
	b.must(err)
	id := b.send("ann@a.test", func(s *mailstore.Submission) { s.Sender = "desk@a.test" }, "nobody@b.test")
	_, err = op.RemoveAddress(t.Context(), "", "ann@a.test", "desk@a.test")
	b.must(err)
	_, err = op.AddAddress(t.Context(), "", "bob@a.test", "desk@a.test", false)
	b.must(err)
	b.start()
	b.wait("ann@a.test", id, mailstore.Bounced)
	b.mails("ann@a.test", 1)
	if n := b.count("bob@a.test"); n != 0 {
		t.Errorf("who has the address now was told of another's mail: %d", n)
	}
}

func TestMailFromADomainThatMovedDoesNotLeave(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	op, ctx := b.dir.Operator(), t.Context()
	b.halt()
	_, _, err := op.CreateDomain(ctx, b.homes["a.test"], tenancy.NewDomain{Domain: "moved.test"})
	b.must(err)
	_, err = op.AddAddress(ctx, "", "ann@a.test", "ann@moved.test", false)
	b.must(err)
	ids := []mailstore.MessageID{
		b.send("ann@a.test", func(s *mailstore.Submission) { s.Sender = "ann@moved.test" }, "x@far.test"),
		b.send("ann@a.test", func(s *mailstore.Submission) { s.Sender = "ann@moved.test" }, "bob@a.test"),
	}
	_, err = op.RemoveAddress(ctx, "", "ann@a.test", "ann@moved.test")
	b.must(err)
	b.must(op.DeleteDomain(ctx, "", "moved.test"))
	b.workspace("moved.test", "ann")
	b.start()
	for _, id := range ids {
		if list := b.wait("ann@a.test", id, mailstore.Bounced); list[0].Reason != "policy" || list[0].Code/100 != 5 {
			t.Errorf("%+v", list[0])
		}
	}
	if got := mx.Transactions(); len(got) != 0 {
		t.Errorf("mail in another's name: %s", got[0].Sender)
	}
	b.mails("ann@a.test", 2)
	if n := b.count("ann@moved.test"); n != 0 {
		t.Errorf("the domain's owner was told of another's mail: %d", n)
	}
}

func TestANoticeThatCannotBeWrittenHoldsUpNobodysMail(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	b.halt()
	bad := b.send("bob@a.test", nil, "nobody@b.test")
	queued := filepath.Join(b.data, "workspaces", string(b.homes["a.test"]), "outbox", string(bad))
	b.must(os.Remove(queued))
	b.must(os.Mkdir(queued, 0o700)) // as a bad sector does: it opens, and cannot be read
	b.start()
	b.wait("bob@a.test", bad, mailstore.Bounced)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	if len(mx.Transactions()) != 1 {
		t.Error("it was not sent")
	}
	b.mails("bob@a.test", 1) // without the header of what cannot be read
}

func TestAStrangersServerCannotBeTakenForOurOwnDelivery(t *testing.T) {
	b := newBed(t, func(b *bed) {
		b.zones.Set("evil.test.", "60 MX 10 local.")
		b.zones.Set("evil2.test.", "60 MX 10 caught.")
	})
	for _, domain := range []string{"evil.test", "evil2.test"} {
		b.wait("ann@a.test", b.send("ann@a.test", nil, "x@"+domain), mailstore.Deferred)
	}
	for _, s := range b.c.Sites() {
		if s.Site == siteLocal || s.Site == siteCaught {
			t.Errorf("it counts for the site of our own delivery: %+v", s)
		}
	}
}

func TestWhatIsHeldAndReleasedWhileItWaitsForItsTurnIsSentOnce(t *testing.T) {
	hold, reached := make(chan struct{}), make(chan struct{}, 10)
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		b.cfg.Schedule.InitialConcurrency, b.cfg.Schedule.MaxConcurrency = 1, 1
		b.cfg.Retry = mailstore.Backoff{time.Hour}
		mx = b.exchanger("far.test", mxtest.Options{Hold: func(e mxtest.Event) <-chan struct{} {
			if e.Verb == "FINAL" {
				reached <- struct{}{}
				return hold
			}
			return nil
		}})
	})
	first := b.send("ann@a.test", nil, "x@far.test")
	<-reached
	second := b.send("ann@a.test", nil, "y@far.test")
	box := b.box("a.test")
	for list := []mailstore.QueueEntry(nil); len(list) == 0 || !list[0].InHand; { // claimed, and behind the first in the plan
		var err error
		list, _, err = box.Entries(t.Context(), mailstore.QueueFilter{Message: second}, 0, 1)
		b.must(err)
	}
	for range 3 {
		for _, id := range []mailstore.MessageID{first, second} {
			f := mailstore.QueueFilter{Message: id}
			for _, do := range []func(context.Context, mailstore.QueueFilter) (int, error){box.Hold, box.Unhold, box.Retry} {
				_, err := do(t.Context(), f)
				b.must(err)
			}
		}
		third := b.send("ann@a.test", nil, "cat@b.test") // another round of the feed
		b.wait("ann@a.test", third, mailstore.Delivered)
	}
	close(hold)
	b.wait("ann@a.test", first, mailstore.Delivered)
	b.wait("ann@a.test", second, mailstore.Delivered)
	if got := mx.Transactions(); len(got) != 2 {
		t.Errorf("%d transactions for 2 messages", len(got))
	}
}

func TestAMessageWithoutKeysIsTriedAndTold(t *testing.T) {
	b := newBed(t, func(b *bed) { b.exchanger("far.test", mxtest.Options{}) })
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	b.halt()
	b.must(b.dir.Close())
	b.must(b.store.Close())
	b.must(os.RemoveAll(filepath.Join(b.data, "workspaces", string(b.homes["a.test"]), "keys")))
	b.cfg.Retry = mailstore.Backoff{time.Hour}
	b.open()
	b.start()
	list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Deferred)
	if len(list[0].Tries) != 1 || list[0].Reply == "" || strings.Contains(list[0].Reply, "/") {
		t.Errorf("%+v", list[0])
	}
}

func TestWhatCannotBeSettledNowIsSettledLater(t *testing.T) {
	hold, reached := make(chan struct{}), make(chan struct{})
	b := newBed(t, func(b *bed) {
		b.cfg.Retry = mailstore.Backoff{time.Hour}
		b.exchanger("far.test", mxtest.Options{Hold: func(e mxtest.Event) <-chan struct{} {
			if e.Verb == "FINAL" {
				close(reached)
				return hold
			}
			return nil
		}})
	})
	b.halt()
	b.must(b.dir.Close())
	b.must(b.store.Close())
	var err error
	b.store, err = mailstore.Open(b.data, mailstore.Options{MinFree: -1, MaxOpen: 1})
	b.must(err)
	b.dir, err = tenancy.Open(context.Background(), filepath.Join(b.data, "postroom.db"), b.store, tenancy.Options{Hostname: ourHost})
	b.must(err)
	store, dir := b.store, b.dir
	t.Cleanup(func() { b.halt(); dir.Close(); store.Close() })
	b.start()
	id := b.send("ann@a.test", nil, "x@far.test")
	<-reached
	b.count("cat@b.test") // only one workspace is kept open: the other closes
	index := filepath.Join(b.data, "workspaces", string(b.homes["a.test"]), "index.db")
	b.must(os.Rename(index, index+".away")) // the storage fails for a moment
	b.count("cat@b.test")                   // also if somebody has looked at the first one in between
	close(hold)
	for attempted := false; !attempted; {
		b.c.mu.Lock()
		attempted = len(b.c.flying) == 0
		b.c.mu.Unlock()
	}
	for range 200 { // while Settle and what follows are refused
		if _, _, err := b.box("a.test").NextDue(t.Context()); err == nil {
			t.Fatal("the storage does not fail")
		}
	}
	b.must(os.Rename(index+".away", index))
	b.wait("ann@a.test", id, mailstore.Delivered)
}

func TestAReplyDoesNotWaitForItsOwnWorkspacesBulk(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	b := newBed(t, func(b *bed) {
		slow := mxtest.Start(t, mxtest.Options{Addr: "127.0.0.2:0", Hold: func(mxtest.Event) <-chan struct{} { return hold }})
		good := mxtest.Start(t, mxtest.Options{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), slow.Addr().Port()).String()})
		b.cfg.Port = int(slow.Addr().Port())
		b.cfg.DrainTimeout = time.Millisecond
		b.zones.Set("zz.test.", "60 A "+good.Addr().Addr().String())
		for i := range 2600 {
			b.zones.Set(fmt.Sprintf("d%d.test.", i), "60 A 127.0.0.2")
		}
	})
	b.halt()
	for n := range 4 {
		var to []string
		for i := range 650 {
			to = append(to, fmt.Sprintf("x@d%d.test", 650*n+i))
		}
		b.send("ann@a.test", nil, to...)
	}
	b.start()
	for full := false; !full; {
		b.c.mu.Lock()
		space := b.c.spaces[b.homes["a.test"]]
		full = space != nil && space.bulk >= windowPerSpace
		b.c.mu.Unlock()
	}
	b.wait("bob@a.test", b.send("bob@a.test", nil, "x@zz.test"), mailstore.Delivered)
}

func TestATenantsRelayIsNoOneElses(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("relay.test", mxtest.Options{TLS: mxtest.Required, Auth: func(user, password string) bool { return password == "secret" }})
		b.cfg.Relay = &tenancy.Smarthost{Host: "mx.relay.test", Port: int(mx.Addr().Port()), Username: "u", Password: "secret"}
		b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Workspace: b.homes["b.test"]},
			tenancy.Sending{Relay: &tenancy.Smarthost{Host: "mx.relay.test", Port: int(mx.Addr().Port()), Username: "u", Password: "wrong"}}))
	})
	b.wait("cat@b.test", b.send("cat@b.test", nil, "x@anywhere.test"), mailstore.Deferred)
	before := b.c.Sites()
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@anywhere.test"), mailstore.Relayed)
	if len(before) != 1 || len(b.c.Sites()) != 2 {
		t.Errorf("a wrong password of one workspace counts for the relay of all: %+v", before)
	}
}

func TestWhatIsBoundToAnAddressIsASiteOfItsOwn(t *testing.T) {
	b := newBed(t, func(b *bed) {
		b.exchanger("far.test", mxtest.Options{})
		b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Workspace: b.homes["b.test"]}, tenancy.Sending{SourceIP: netip.MustParseAddr("127.0.0.77")}))
	})
	b.wait("cat@b.test", b.send("cat@b.test", nil, "x@far.test"), mailstore.Delivered)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	if n := len(b.c.Sites()); n != 2 {
		t.Errorf("%d sites: who refuses one address does not refuse the other", n)
	}
}
