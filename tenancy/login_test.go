package tenancy

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/postroom/postroom/mailstore/fault"
)

var anywhere = netip.MustParseAddr("203.0.113.5")

func TestPeopleLogInWithAPasswordOrAnyKeyThatCoversTheInbox(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	_, other := w.tenant("B", "b.test")
	in, password := w.inbox(g, "", "one", "a.test")
	two, twos := w.inbox(g, "", "two", "a.test")
	must(g.AddAddress(w.ctx(), "", in.Address, "alias@a.test", false))
	_, wsSecret, _ := w.key(g, KeyOwner{}, "read", "drafts:create")
	_, inSecret, _ := w.key(g, KeyOwner{Inbox: in.Address})
	_, opSecret, _ := w.key(w.op, KeyOwner{})
	for what, secret := range map[string]string{"password": password, "workspace key": wsSecret, "inbox key": inSecret, "operator key": opSecret} {
		for _, user := range []string{"one@a.test", "ALIAS@A.test"} {
			l, err := w.dir.Login(w.ctx(), user, secret, anywhere)
			if err != nil {
				t.Errorf("%s as %s: %v", what, user, err)
				continue
			}
			if me := l.Me(); me.Kind != InboxKey || me.InboxID != in.ID || me.WorkspaceID != ws.ID || me.Address != "one@a.test" || me.WorkspaceName != "A" {
				t.Errorf("%s is %+v", what, me)
			}
			if _, err := l.Mail(w.ctx(), "", string(in.ID), Read); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			refused(t, what+" at another inbox", err2(l.Mail(w.ctx(), "", string(two.ID), Read)), fault.NotFound, "not_found")
			if err := l.Check(w.ctx()); err != nil {
				t.Errorf("%s: check: %v", what, err)
			}
		}
	}
	if l := must(w.dir.Login(w.ctx(), "one@a.test", wsSecret, anywhere)); !reflect.DeepEqual(l.Me().Permissions, []Permission{Read, DraftsCreate}) {
		t.Errorf("a key that logs in may %v", l.Me().Permissions)
	}
	_, strangers, _ := w.key(other, KeyOwner{})
	for what, try := range map[string][2]string{
		"another's password": {"one@a.test", twos}, "no password": {"one@a.test", ""}, "nobody": {"nobody@a.test", password}, "an id": {string(in.ID), password},
		"a suffix": {"one+x@a.test", password}, "a stranger's key": {"one@a.test", strangers}, "a broken key": {"one@a.test", inSecret + "x"}, "another inbox's key": {"two@a.test", inSecret}, "nothing": {"", ""},
	} {
		_, err := w.dir.Login(w.ctx(), try[0], try[1], anywhere)
		if !reflect.DeepEqual(fault.From(err), ErrUnauthenticated) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestANewPasswordEndsTheOldOne(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	in, old := w.inbox(g, "", "one", "a.test")
	l := must(w.dir.Login(w.ctx(), in.Address, old, anywhere))
	_, fresh, err := g.NewPassword(w.ctx(), "", in.Address)
	if err != nil || fresh == old {
		t.Fatal(err)
	}
	refused(t, "the old one", err2(w.dir.Login(w.ctx(), in.Address, old, anywhere)), fault.Forbidden, "unauthenticated")
	refused(t, "its grant", l.Check(w.ctx()), fault.Forbidden, "unauthenticated")
	must(w.dir.Login(w.ctx(), in.Address, fresh, anywhere))
}

func TestAPasswordMayNoMoreThanWhoMadeIt(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	clerk, _, _ := w.key(g, KeyOwner{}, "inboxes:create", "messages:read")
	in, password := w.inbox(clerk, "", "one", "a.test")
	l := must(w.dir.Login(w.ctx(), in.Address, password, anywhere))
	if got := l.Me().Permissions; !reflect.DeepEqual(got, []Permission{MessagesRead}) {
		t.Errorf("the password may %v", got)
	}
	_, password, err := g.NewPassword(w.ctx(), "", in.Address)
	if err != nil {
		t.Fatal(err)
	}
	l = must(w.dir.Login(w.ctx(), in.Address, password, anywhere))
	for _, p := range []Permission{Read, Draft, Send, MessagesDelete} {
		if !l.Allows(p) {
			t.Errorf("a person may not %s", p)
		}
	}
	for _, p := range []Permission{Manage, KeysCreate, InboxesDelete, CredentialsCreate} {
		if l.Allows(p) {
			t.Errorf("a person may %s", p)
		}
	}
}
