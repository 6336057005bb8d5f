package domains

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/dnsupdate"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

const operatorZone = "mail.op.test"

// withZone is a bed whose operator has a zone that takes updates, and shop.test verified with records that lead there.
func withZone(t *testing.T) (*bed, keeper, tenancy.Domain) {
	b := newBed(t)
	b.zones.Set("op.test", "1 SOA ns.op.test. me.op.test. 1 3600 600 86400 1")
	b.watch.cfg.Server.Zone = operatorZone
	b.watch.cfg.Primary = &dnsupdate.Primary{Server: b.zones.Addr(), KeyName: zonetest.KeyName, Algorithm: "hmac-sha256", Secret: zonetest.KeySecret}
	dom, _, err := b.dir.Operator().CreateDomain(t.Context(), b.ws, tenancy.NewDomain{Domain: "shop.test"})
	b.must(err)
	_, err = b.watch.Records(t.Context(), dom) // which makes its keys
	b.must(err)
	return b, keeper{b.watch, map[string]written{}}, dom
}

// verifies signs a message with the keys that sign now, and checks the signatures as a receiver does whose resolver remembers nothing.
func (b *bed) verifies() bool {
	b.t.Helper()
	l, err := b.dir.Leaving(b.t.Context(), b.ws, "", "shop.test")
	b.must(err)
	if len(l.Signatures) == 0 {
		b.t.Fatal("nothing signs")
	}
	names := resolver.New(resolver.Config{Servers: []string{b.zones.Addr()}})
	for _, s := range l.Signatures {
		var signed bytes.Buffer
		b.must(dkim.Sign(&signed, strings.NewReader("From: a@shop.test\r\nSubject: x\r\n\r\nx\r\n"), &dkim.SignOptions{Domain: s.Domain, Selector: s.Selector, Signer: s.Key}))
		checked, err := dkim.VerifyWithOptions(&signed, &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
			found, err := names.TXT(context.Background(), name)
			return found.Records, err
		}})
		b.must(err)
		if len(checked) != 1 || checked[0].Err != nil {
			return false
		}
	}
	return true
}

func TestKeysRotateWithoutTheCustomer(t *testing.T) {
	b, k, dom := withZone(t)
	b.publish(dom, dnscheck.PurposeDKIM) // once, by the customer
	customers := func() (list []string) {
		records, err := b.watch.Records(t.Context(), dom)
		b.must(err)
		for _, r := range records {
			if r.Purpose == dnscheck.PurposeDKIM {
				list = append(list, r.Type+" "+r.Name+" "+r.Value)
			}
		}
		slices.Sort(list)
		return list
	}
	first := customers()
	if len(first) != 4 || !strings.HasPrefix(first[0], "CNAME ") {
		t.Fatalf("%q", first)
	}
	if b.verifies() {
		t.Error("a signature is good whose key is nowhere")
	}
	b.must(k.round(t.Context()))
	for turn := range 4 {
		if !b.verifies() {
			t.Errorf("after %d rotations the signature is not good", turn)
		}
		_, err := b.g.RotateDKIM(t.Context(), "", "shop.test")
		b.must(err)
		if !b.verifies() { // at once: the other pair was there
			t.Errorf("just after rotation %d the signature is not good", turn+1)
		}
		b.pass(tenancy.DKIMOverlap)
		_, err = b.g.DKIM(t.Context(), "", "shop.test") // makes the pair anew that signed before
		b.must(err)
		b.must(k.round(t.Context()))
	}
	if again := customers(); !slices.Equal(again, first) {
		t.Errorf("the customer is asked for other records: %q", again)
	}
}

func TestTheOperatorsZoneIsWrittenOnlyWhenItChanges(t *testing.T) {
	b, k, _ := withZone(t)
	b.must(k.round(t.Context()))
	n := b.zones.Updates()
	asked := b.zones.Queries("_spf." + operatorZone)
	if n != 5 { // SPF and four keys
		t.Errorf("%d updates", n)
	}
	b.must(k.round(t.Context()))
	if b.zones.Updates() != n || b.zones.Queries("_spf."+operatorZone) != asked {
		t.Error("what has not changed is asked for or written")
	}
	b.zones.Set("_spf."+operatorZone, `1 TXT "v=spf1 -all"`)
	b.pass(keepAge)
	b.must(k.round(t.Context()))
	if b.zones.Updates() != n+1 {
		t.Errorf("%d updates after somebody changed one", b.zones.Updates()-n)
	}
	pending, _, err := b.g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "claimed.test"})
	b.must(err)
	_, err = b.watch.Records(t.Context(), pending)
	b.must(err)
	b.must(k.round(t.Context()))
	if b.zones.Updates() != n+1 {
		t.Error("keys of a claim are in the operator's zone, where another may have the domain")
	}
	b.watch.cfg.Server.IPs = nil
	if err := k.round(t.Context()); err == nil {
		t.Error("an SPF record was written without addresses")
	}
}

func TestDomainsThatLackAKeyAreCounted(t *testing.T) {
	b, k, dom := withZone(t)
	b.publish(dom, dnscheck.PurposeDKIM)
	b.zones.Set("pr-a-ed.shop.test.dkim."+operatorZone, `1 TXT "v=DKIM1; k=ed25519; p=old"`)
	check := func() int {
		b.t.Helper()
		b.pass(MinAge)
		_, err := b.watch.Check(t.Context(), dom)
		b.must(err)
		r, lacking, err := b.watch.Zone(t.Context())
		b.must(err)
		if len(r.Findings) != 1 || r.Findings[0].Record.Name != "_spf."+operatorZone {
			t.Errorf("%+v", r.Findings)
		}
		return lacking
	}
	if n := check(); n != 1 {
		t.Errorf("%d domains lack a key", n)
	}
	b.must(k.round(t.Context()))
	b.pass(time.Hour) // which no resolver remembers longer
	if n := check(); n != 0 {
		t.Errorf("%d domains lack a key that is there", n)
	}
}

func TestADomainIsPublishedWhereItsZoneIs(t *testing.T) {
	b, _, dom := withZone(t)
	actions := func(steps []dnsupdate.Step) string {
		var list []string
		for _, s := range steps {
			list = append(list, string(s.Action))
		}
		slices.Sort(list)
		return strings.Join(slices.Compact(list), " ")
	}
	steps, err := b.watch.PublishDomain(t.Context(), dom, true)
	if b.must(err); actions(steps) != "add" || b.zones.Updates() != 0 {
		t.Errorf("%s, %d updates by a dry run", actions(steps), b.zones.Updates())
	}
	_, err = b.watch.PublishDomain(t.Context(), dom, false)
	b.must(err)
	steps, err = b.watch.PublishDomain(t.Context(), dom, false)
	if b.must(err); actions(steps) != "keep" {
		t.Errorf("%+v", steps)
	}
	steps, err = b.watch.PublishOperator(t.Context(), false)
	if b.must(err); actions(steps) != "add refuse" { // the server's own name is in no zone of this primary
		t.Errorf("%+v", steps)
	}
	b.watch.cfg.Primary = nil
	if _, err := b.watch.PublishOperator(t.Context(), false); fault.KindOf(err) != fault.Conflict {
		t.Error(err)
	}
}

func TestARecordThatCannotBeWrittenIsTriedAgainLater(t *testing.T) {
	b, k, _ := withZone(t)
	const name = "_spf." + operatorZone
	b.zones.Set(name, "1 CNAME others.test.") // of somebody else
	b.must(k.round(t.Context()))
	n, asked := b.zones.Updates(), b.zones.Queries(name)
	if n != 4 { // the keys are written all the same
		t.Errorf("%d updates", n)
	}
	b.zones.Set(name)
	b.pass(lateAfter - time.Second)
	if b.must(k.round(t.Context())); b.zones.Updates() != n || b.zones.Queries(name) != asked {
		t.Error("it is tried again at once")
	}
	b.pass(time.Second)
	if b.must(k.round(t.Context())); b.zones.Updates() != n+1 {
		t.Errorf("%d updates later", b.zones.Updates()-n)
	}
}

func TestAZoneWhosePrimaryIsAwayIsWrittenOnceItIsBack(t *testing.T) {
	b, k, dom := withZone(t)
	b.watch.cfg.Primary.Server = "127.0.0.1:1"
	if err := k.round(t.Context()); fault.KindOf(err) != fault.Unavailable || len(k.written) != 0 {
		t.Errorf("%v, %d names", err, len(k.written))
	}
	if _, err := b.watch.PublishDomain(t.Context(), dom, false); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	b.watch.cfg.Primary.Server = b.zones.Addr()
	if b.must(k.round(t.Context())); b.zones.Updates() != 5 || len(k.written) != 5 {
		t.Errorf("%d updates, %d names", b.zones.Updates(), len(k.written))
	}
	b.must(b.dir.Operator().DeleteDomain(t.Context(), b.ws, string(dom.ID)))
	if b.must(k.round(t.Context())); len(k.written) != 1 {
		t.Errorf("%d names are remembered, of a domain that is gone", len(k.written))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.watch.KeepZone(ended); err != nil {
		t.Error(err)
	}
}
