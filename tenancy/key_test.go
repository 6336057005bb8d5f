package tenancy

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

func TestAKeyIsShownOnceAndKeptAsAHash(t *testing.T) {
	w := newWorld(t)
	ws := w.workspace("A")
	k, secret, err := w.op.CreateKey(w.ctx(), KeyOwner{Workspace: ws.ID}, NewKey{Name: "A production key"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "pr_ws_") || !strings.HasPrefix(secret, k.Prefix) || len(k.Prefix) != 12 || len(secret) != 53 {
		t.Errorf("secret %q, prefix %q", secret, k.Prefix)
	}
	if !reflect.DeepEqual(k.Permissions, all()) || k.WorkspaceID != ws.ID || k.Kind != WorkspaceKey {
		t.Errorf("key is %+v", k)
	}
	g := w.authenticate(secret)
	if me := g.Me(); me.KeyID != k.ID || me.KeyName != "A production key" || me.WorkspaceName != "A" || me.Kind != WorkspaceKey {
		t.Errorf("Me is %+v", me)
	}
	for _, wrong := range []string{"", "x", secret[:52], secret + "0", strings.Replace(secret, "pr_ws_", "pr_op_", 1), strings.ToUpper(secret), "pr_ws_" + strings.Repeat("0", 47)} {
		_, err := w.dir.Authenticate(w.ctx(), wrong, netip.Addr{})
		refused(t, wrong, err, fault.Forbidden, "unauthenticated")
	}
	stranger, _ := newSecret(WorkspaceKey) // well formed, but nobody's
	_, err = w.dir.Authenticate(w.ctx(), stranger, netip.Addr{})
	refused(t, "a stranger's key", err, fault.Forbidden, "unauthenticated")
}

func TestAKeyCannotGiveMoreThanItHas(t *testing.T) {
	w := newWorld(t)
	ws := w.workspace("A")
	end := w.clock.now().Add(24 * time.Hour)
	owner := KeyOwner{Workspace: ws.ID}
	_, secret, err := w.op.CreateKey(w.ctx(), owner, NewKey{Name: "parent", Permissions: []string{"read", "manage"}, ExpiresAt: &end, Networks: []string{"192.0.2.0/24", "2001:db8::/32"}})
	if err != nil {
		t.Fatal(err)
	}
	parent, err := w.dir.Authenticate(w.ctx(), secret, netip.MustParseAddr("192.0.2.7"))
	if err != nil {
		t.Fatal(err)
	}
	later, sooner := end.Add(time.Microsecond), end.Add(-time.Hour)
	for what, n := range map[string]NewKey{
		"permission":  {Permissions: []string{"send"}},
		"fine":        {Permissions: []string{"messages:send"}},
		"expiry":      {ExpiresAt: &later},
		"network":     {Networks: []string{"192.0.2.0/23"}},
		"one network": {Networks: []string{"192.0.2.1", "198.51.100.1"}},
		"v4 in v6":    {Networks: []string{"::/0"}},
	} {
		n.Name = what
		refused(t, what, err3(parent.CreateKey(w.ctx(), owner, n)), fault.Forbidden, "exceeds_own_permissions")
	}
	child, _, err := parent.CreateKey(w.ctx(), owner, NewKey{Name: "as the parent"})
	if err != nil || !reflect.DeepEqual(child.Permissions, []Permission{Read, Manage}) || !child.ExpiresAt.Equal(end) || len(child.Networks) != 2 {
		t.Errorf("a child that asks for nothing gets %+v, %v", child, err)
	}
	child, _, err = parent.CreateKey(w.ctx(), owner, NewKey{Name: "less", Permissions: []string{"messages:read", "drafts:create"}, ExpiresAt: &sooner, Networks: []string{"::ffff:192.0.2.9"}})
	if err != nil || child.Networks[0].String() != "192.0.2.9/32" {
		t.Errorf("a smaller child gets %+v, %v", child, err)
	}

	_, _, strong := w.key(w.op, owner)
	refused(t, "rotate a stronger key", err3(parent.RotateKey(w.ctx(), owner, strong.ID, 0)), fault.Forbidden, "exceeds_own_permissions")
	refused(t, "widen a key", err2(parent.UpdateKey(w.ctx(), owner, child.ID, KeyChange{Permissions: &[]string{"send"}})), fault.Forbidden, "exceeds_own_permissions")
	refused(t, "free a key of its networks", err2(parent.UpdateKey(w.ctx(), owner, child.ID, KeyChange{Networks: &[]string{}})), fault.Forbidden, "exceeds_own_permissions")
	refused(t, "free a key of its expiry", err2(parent.UpdateKey(w.ctx(), owner, child.ID, KeyChange{ExpiresAt: new(*time.Time)})), fault.Forbidden, "exceeds_own_permissions")
	if k, err := parent.UpdateKey(w.ctx(), owner, strong.ID, KeyChange{Name: ptr("renamed")}); err != nil || k.Name != "renamed" {
		t.Errorf("rename: %+v, %v", k, err)
	}
}

func TestAllThatIsWrongWithAKeyIsSaidAtOnce(t *testing.T) {
	w := newWorld(t)
	past := w.clock.now()
	_, _, err := w.op.CreateKey(w.ctx(), KeyOwner{}, NewKey{Permissions: []string{"read", "fly", "messages:fly"}, ExpiresAt: &past, Networks: []string{"10.0.0.0/8", "10.0.0.0/33", "fe80::1%eth0"}})
	refused(t, "create", err, fault.Invalid, "validation_failed")
	want := []string{"body.name", "body.permissions[1]", "body.permissions[2]", "body.networks[1]", "body.networks[2]", "body.expiresAt"}
	if got := paths(err); !reflect.DeepEqual(got, want) {
		t.Errorf("says %v, want %v", got, want)
	}
}

func TestAKeyWorksOnlyInItsTimeAndFromItsNetworks(t *testing.T) {
	w := newWorld(t)
	end := w.clock.now().Add(time.Hour)
	k, secret, err := w.op.CreateKey(w.ctx(), KeyOwner{}, NewKey{Name: "bound", ExpiresAt: &end, Networks: []string{"192.0.2.0/24"}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := w.dir.Authenticate(w.ctx(), secret, netip.MustParseAddr("::ffff:192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []netip.Addr{{}, netip.MustParseAddr("192.0.3.1"), netip.MustParseAddr("2001:db8::1")} {
		_, err := w.dir.Authenticate(w.ctx(), secret, from)
		refused(t, from.String(), err, fault.Forbidden, "network_not_allowed")
	}
	if err := g.Check(w.ctx()); err != nil {
		t.Error(err)
	}
	w.clock.advance(time.Hour)
	_, err = w.dir.Authenticate(w.ctx(), secret, netip.MustParseAddr("192.0.2.1"))
	refused(t, "at its end", err, fault.Forbidden, "unauthenticated")
	refused(t, "check at its end", g.Check(w.ctx()), fault.Forbidden, "unauthenticated")
	refused(t, "rotate at its end", err3(w.op.RotateKey(w.ctx(), KeyOwner{}, k.ID, 0)), fault.Conflict, "key_replaced")
}

func TestADeletedOrChangedKeyNoLongerStandsBehindItsGrant(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	other, secret, k := w.key(w.op, KeyOwner{Workspace: ws.ID})
	if _, err := w.op.UpdateKey(w.ctx(), KeyOwner{Workspace: ws.ID}, k.ID, KeyChange{Permissions: &[]string{"read"}}); err != nil {
		t.Fatal(err)
	}
	refused(t, "changed", other.Check(w.ctx()), fault.Forbidden, "unauthenticated")
	if err := g.DeleteKey(w.ctx(), KeyOwner{}, k.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.dir.Authenticate(w.ctx(), secret, netip.Addr{})
	refused(t, "deleted", err, fault.Forbidden, "unauthenticated")
	if err := g.DeleteKey(w.ctx(), KeyOwner{}, g.KeyID()); err != nil {
		t.Errorf("the last key of its own: %v", err)
	}
	refused(t, "check", g.Check(w.ctx()), fault.Forbidden, "unauthenticated")
}

func TestARotatedKeyWorksForTheOverlapAndIsThenRevoked(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	_, old, k := w.key(g, KeyOwner{}, "read", "manage")
	fresh, secret, err := g.RotateKey(w.ctx(), KeyOwner{}, k.ID, time.Hour)
	if err != nil || fresh.ID == k.ID || fresh.Name != k.Name || !reflect.DeepEqual(fresh.Permissions, k.Permissions) {
		t.Fatalf("rotated to %+v, %v", fresh, err)
	}
	refused(t, "rotate twice", err3(g.RotateKey(w.ctx(), KeyOwner{}, k.ID, time.Hour)), fault.Conflict, "key_replaced")
	refused(t, "prolong what was rotated", err2(g.UpdateKey(w.ctx(), KeyOwner{}, k.ID, KeyChange{ExpiresAt: new(*time.Time)})), fault.Conflict, "key_replaced")
	refused(t, "too long", err3(g.RotateKey(w.ctx(), KeyOwner{}, fresh.ID, MaxOverlap+1)), fault.Invalid, "validation_failed")
	w.authenticate(old)
	w.authenticate(secret)
	w.clock.advance(time.Hour)
	_, err = w.dir.Authenticate(w.ctx(), old, netip.Addr{})
	refused(t, "after the overlap", err, fault.Forbidden, "unauthenticated")
	if err := w.dir.endReplacedKeys(w.ctx()); err != nil {
		t.Fatal(err)
	}
	refused(t, "show", err2(g.Key(w.ctx(), KeyOwner{}, k.ID)), fault.NotFound, "not_found")
	lines, _, err := w.dir.pendingNews(w.ctx(), ws.ID)
	if err != nil || lines[len(lines)-1].Type != KeyRevoked || strings.Contains(string(lines[len(lines)-1].Data), old) {
		t.Errorf("news are %v, %v", lines, err)
	}
	if _, third, err := g.RotateKey(w.ctx(), KeyOwner{}, fresh.ID, 0); err != nil {
		t.Error(err)
	} else if _, err := w.dir.Authenticate(w.ctx(), secret, netip.Addr{}); err == nil {
		t.Error("rotated without overlap, the old key still works")
	} else {
		w.authenticate(third)
	}
}

func TestTheFirstOperatorKeyIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	secret, created, err := w.dir.EnsureOperatorKey(w.ctx())
	if err != nil || !created {
		t.Fatal(created, err)
	}
	if g := w.authenticate(secret); g.Kind() != Operator || g.WorkspaceID() != "" {
		t.Errorf("grant is %+v", g.Me())
	}
	w.reopen()
	if secret, created, err := w.dir.EnsureOperatorKey(w.ctx()); err != nil || created || secret != "" {
		t.Error(secret, created, err)
	}
}

func TestLastUseIsWrittenBehindAndOncePerMinute(t *testing.T) {
	w := newWorld(t)
	_, secret, k := w.key(w.op, KeyOwner{})
	lastUse := func() *time.Time { return must(w.op.Key(w.ctx(), KeyOwner{}, k.ID)).LastUsedAt }
	first := w.clock.now()
	if lastUse() != nil {
		t.Error("noted on the request's path")
	}
	must(0, w.dir.flushLastUsed(w.ctx()))
	if got := lastUse(); got == nil || !got.Equal(first) {
		t.Errorf("last use %v, want %v", got, first)
	}
	w.clock.advance(59 * time.Second)
	w.authenticate(secret)
	if len(w.dir.used.pending) != 0 {
		t.Error("a second use in the same minute is to be written")
	}
	w.clock.advance(time.Second)
	w.authenticate(secret)
	w.reopen() // Close writes what is held back
	if got := lastUse(); !got.Equal(first.Add(time.Minute)) {
		t.Errorf("last use %v", got)
	}
}

func TestKeysAreListedNewestFirstInPages(t *testing.T) {
	w := newWorld(t)
	ws := w.workspace("A")
	var ids []KeyID
	for range 5 {
		_, _, k := w.key(w.op, KeyOwner{Workspace: ws.ID})
		ids = append([]KeyID{k.ID}, ids...)
	}
	var got []KeyID
	page := Page{Limit: 2}
	for pages := 1; ; pages++ {
		list, next, err := w.op.Keys(w.ctx(), KeyOwner{Workspace: ws.ID}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			got = append(got, k.ID)
		}
		if page.After = next; next == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !reflect.DeepEqual(got, ids) {
		t.Errorf("listed %v, want %v", got, ids)
	}
	for _, cursor := range []string{"x", string(ws.ID), "key_'; DROP TABLE keys"} {
		refused(t, cursor, err3(w.op.Keys(w.ctx(), KeyOwner{Workspace: ws.ID}, Page{After: cursor})), fault.Invalid, "invalid_cursor")
	}
}

func TestBroadPermissionsHoldTheFineOnes(t *testing.T) {
	for p, broad := range fine {
		resource, verb, _ := strings.Cut(string(p), ":")
		want := map[string][]Permission{"read": {Read}, "send": {Send}, "create": {Manage}, "update": {Manage}, "delete": {Manage}}[verb]
		if resource == "drafts" && verb != "read" && verb != "send" {
			want = append(want, Draft)
		}
		if !reflect.DeepEqual(broad, want) {
			t.Errorf("%s is held by %v, want %v", p, broad, want)
		}
		if !allows(broad[:1], p) || allows([]Permission{"x"}, p) || !allows([]Permission{p}, p) || allows([]Permission{p}, broad[0]) {
			t.Errorf("%s is not allowed as it should be", p)
		}
	}
}
