package dnsupdate

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"

	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver/zonetest"
)

const top = `
	shop.test. 60 SOA ns.shop.test. me.shop.test. 1 3600 600 86400 60
	shop.test. 60 NS ns.shop.test.
	op.test. 60 SOA ns.op.test. me.op.test. 1 3600 600 86400 60
`

type bed struct {
	*Primary
	t     *testing.T
	zones *zonetest.Server
}

func newBed(t *testing.T, zone string) bed {
	zones := zonetest.Start(t, top+zone)
	return bed{&Primary{Server: zones.Addr(), KeyName: "updates.test", Algorithm: "hmac-sha256", Secret: zonetest.KeySecret}, t, zones}
}

func server() dnscheck.Server {
	return dnscheck.Server{Hostname: "mail.op.test", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, PolicyID: "1", ReportAddress: "mail-reports@shop.test", Zone: "mail.op.test"}
}

func domain(pub string) dnscheck.Domain {
	return dnscheck.Domain{Name: "shop.test", Token: "token", DKIM: []dnscheck.Key{{Selector: "pr-a-rsa", Record: "v=DKIM1; k=rsa; p=" + pub, Active: true}}}
}

// actions are those of a plan, by purpose.
func (b bed) actions(records []dnscheck.Record) string {
	b.t.Helper()
	plan, err := b.Plan(b.t.Context(), records, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var list []string
	for _, s := range plan {
		list = append(list, s.Record.Purpose+" "+string(s.Action))
		if (s.Action == Refuse) != (s.Advice != "") || s.Action == Refuse && len(s.Found) == 0 && !strings.Contains(s.Advice, "no zone") {
			b.t.Errorf("%+v", s)
		}
	}
	return strings.Join(slices.Compact(list), ", ")
}

func (b bed) publish(records []dnscheck.Record) []Step {
	b.t.Helper()
	plan, err := b.Plan(b.t.Context(), records, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Publish(b.t.Context(), plan)
}

// texts are what is at a name.
func (b bed) found(name string, kind uint16) string {
	b.t.Helper()
	list, err := b.look(b.t.Context(), name, kind)
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, rr := range list {
		all = append(all, text(rr))
	}
	slices.Sort(all)
	return strings.Join(all, " | ")
}

func TestAllRecordsAreWrittenOnce(t *testing.T) {
	b := newBed(t, "")
	records := dnscheck.Records(domain(strings.Repeat("k", 400)), server())
	for _, s := range b.publish(records) {
		if s.Action != Add {
			t.Errorf("%+v", s)
		}
	}
	written := b.zones.Updates()
	if written != len(records) {
		t.Errorf("%d updates for %d records", written, len(records))
	}
	if got := b.found("_imaps._tcp.shop.test.", dns.TypeSRV); got != "SRV 0 0 993 mail.op.test." {
		t.Errorf("%q", got)
	}
	for _, s := range b.publish(records) {
		if s.Action != Keep {
			t.Errorf("the second time: %+v", s)
		}
	}
	if b.zones.Updates() != written {
		t.Error("the second time something was written")
	}
}

func TestWhatOthersWroteStays(t *testing.T) {
	records := dnscheck.Records(domain("new"), server())
	for name, c := range map[string]struct{ zone, want string }{
		"another SPF":              {"shop.test. TXT \"v=spf1 include:_spf.others.test -all\"\nshop.test. TXT \"other=1\"", "spf refuse"},
		"an SPF with ours":         {"shop.test. TXT \"v=spf1 include:_spf.others.test include:_spf.mail.op.test -all\"", "spf keep"},
		"a text beside":            {"shop.test. TXT \"other=1\"", "spf add"},
		"mail elsewhere":           {"shop.test. MX 5 mx.others.test.", "mx refuse"},
		"ours with another number": {"shop.test. MX 5 mail.op.test.", "mx keep"},
		"a policy":                 {"_dmarc.shop.test. TXT \"v=DMARC1; p=reject\"", "dmarc keep"},
		"no policy":                {"_dmarc.shop.test. TXT \"v=DMARC1\"", "dmarc refuse"},
		"another claim":            {"_postroom.shop.test. TXT \"postroom-verification=old\"", "ownership add"},
		"an alias":                 {"_dmarc.shop.test. CNAME policy.others.test.", "dmarc refuse"},
		"another alias":            {"autoconfig.shop.test. CNAME www.others.test.", "autoconfig refuse"},
		"addresses":                {"autoconfig.shop.test. A 192.0.2.7", "autoconfig refuse"},
		"another service":          {"_imaps._tcp.shop.test. SRV 0 0 993 imap.others.test.", "srv-imaps refuse"},
		"an old key of ours":       {"pr-a-rsa._domainkey.shop.test. TXT \"v=DKIM1; k=rsa; p=old\"", "dkim replace"},
		"another MTA-STS policy":   {"_mta-sts.shop.test. TXT \"v=STSv1; id=others\"", "mta-sts refuse"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, c.zone)
			if got := b.actions(records); !strings.Contains(", "+got+",", ", "+c.want+",") {
				t.Errorf("%s, want %s", got, c.want)
			}
			words := strings.Fields(c.zone)
			before := b.found(words[0], dns.StringToType[words[1]])
			b.publish(records)
			after := b.found(words[0], dns.StringToType[words[1]])
			switch _, action, _ := strings.Cut(c.want, " "); {
			case action == "add" && (!strings.Contains(after, strings.Split(before, " | ")[0]) || after == before):
				t.Errorf("%s became %s", before, after)
			case action == "replace" && (strings.Contains(after, "old") || !strings.Contains(after, "p=new")):
				t.Errorf("%s became %s", before, after)
			case (action == "keep" || action == "refuse") && after != before:
				t.Errorf("%s became %s", before, after)
			}
		})
	}
}

func TestTheOperatorsOwnRecordsFollow(t *testing.T) {
	b := newBed(t, "_spf.mail.op.test. TXT \"v=spf1 ip4:192.0.2.9 ?all\"\n_spf.mail.op.test. TXT \"something else\"")
	records := dnscheck.OperatorRecords(server(), domain("one"))
	b.publish(records)
	if got := b.found("_spf.mail.op.test.", dns.TypeTXT); got != `TXT "something else" | TXT "v=spf1 ip4:192.0.2.1 ?all"` {
		t.Error(got)
	}
	b.publish(dnscheck.OperatorRecords(server(), domain("two")))
	if got := b.found("pr-a-rsa.shop.test.dkim.mail.op.test.", dns.TypeTXT); got != `TXT "v=DKIM1; k=rsa; p=two"` {
		t.Error(got)
	}
}

func TestAZoneThatIsElsewhereIsSaid(t *testing.T) {
	b := newBed(t, "")
	d := domain("x")
	d.Name = "elsewhere.test"
	for _, s := range b.publish(dnscheck.Records(d, server())) {
		if s.Action != Refuse || !strings.Contains(s.Advice, "no zone") {
			t.Errorf("%+v", s)
		}
	}
}

func TestWhatIsFineIsNotAskedFor(t *testing.T) {
	b := newBed(t, "shop.test. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"")
	plan, err := b.Plan(t.Context(), dnscheck.Records(domain("x"), server()), func(r dnscheck.Record) bool { return r.Purpose == dnscheck.PurposeSPF })
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan {
		if (s.Record.Purpose == dnscheck.PurposeSPF) != (s.Action == Keep) {
			t.Errorf("%+v", s)
		}
	}
}

func TestAPlanThatIsOldChangesNothing(t *testing.T) {
	b := newBed(t, "")
	records := dnscheck.OperatorRecords(server(), domain("one"))
	mx := dnscheck.Records(domain("one"), server())[1:2]
	b.publish(records)
	replaced, err := b.Plan(t.Context(), dnscheck.OperatorRecords(server(), domain("two")), nil)
	if err != nil {
		t.Fatal(err)
	}
	added, err := b.Plan(t.Context(), mx, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.zones.Set("shop.test", "60 SOA ns.shop.test. me.shop.test. 1 3600 600 86400 60", "MX 5 mx.others.test.")
	b.zones.Set("pr-a-rsa.shop.test.dkim.mail.op.test", `TXT "v=DKIM1; k=rsa; p=three"`)
	for _, s := range append(b.Publish(t.Context(), replaced), b.Publish(t.Context(), added)...) {
		if s.Action != Keep && (s.Action != Refuse || !strings.Contains(s.Advice, "meanwhile")) {
			t.Errorf("%+v", s)
		}
	}
	if got := b.found("shop.test.", dns.TypeMX); got != "MX 5 mx.others.test." {
		t.Error(got)
	}
}

func TestAPrimaryThatRefusesOrIsSilentIsSaid(t *testing.T) {
	b := newBed(t, "")
	records := dnscheck.Records(domain("x"), server())
	b.Secret = base64.StdEncoding.EncodeToString([]byte("another secret"))
	if _, err := b.Plan(t.Context(), records, nil); err == nil {
		t.Error("a wrong key is taken")
	}
	if _, err := b.AppendRecords(t.Context(), "shop.test.", []libdns.Record{libdns.Address{Name: "a", IP: netip.MustParseAddr("192.0.2.1")}}); err == nil || !strings.Contains(err.Error(), "type A") {
		t.Error(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	b.Server = silent.Addr().String()
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Plan(soon, records, nil); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Error(err)
	}
	b.Server = "127.0.0.1:1"
	if _, err := b.Plan(t.Context(), records, nil); err == nil || !strings.Contains(err.Error(), "does not answer") || errors.Is(err, errNoZone) {
		t.Error(err)
	}
}
