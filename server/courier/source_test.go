package courier

import (
	"net/netip"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/tenancy"
)

func TestMailLeavesFromTheAddressThatItIsBoundTo(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("far.test", mxtest.Options{})
		b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Domain: "a.test"}, tenancy.Sending{SourceIP: netip.MustParseAddr("127.0.0.5"), Hostname: "out5.a.test"}))
		b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Inbox: "bob@a.test"}, tenancy.Sending{SourceIP: netip.MustParseAddr("127.0.0.6"), Hostname: "out6.a.test"}))
	})
	for _, from := range []string{"ann@a.test", "bob@a.test", "ann@a.test"} {
		b.wait(from, b.send(from, nil, "x@far.test"), mailstore.Delivered)
	}
	b.wait("cat@b.test", b.send("cat@b.test", nil, "x@far.test"), mailstore.Delivered)
	want := []struct{ remote, hello string }{{"127.0.0.5", "out5.a.test"}, {"127.0.0.6", "out6.a.test"}, {"127.0.0.5", "out5.a.test"}, {"127.0.0.1", ourHost}}
	for i, got := range mx.Transactions() {
		if got.Remote.String() != want[i].remote || got.Hello != want[i].hello {
			t.Errorf("message %d came from %s as %s, want %+v", i, got.Remote, got.Hello, want[i])
		}
	}
	b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Workspace: b.homes["b.test"]}, tenancy.Sending{SourceIP: netip.MustParseAddr("2001:db8::1")}))
	if list := b.wait("cat@b.test", b.send("cat@b.test", nil, "x@far.test"), mailstore.Deferred); list[0].Code/100 != 4 {
		t.Errorf("bound to an address of another family: %+v", list[0])
	}
}
