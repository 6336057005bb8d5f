package dnscheck

import (
	"strings"
	"testing"
)

// zoned is the test's server with an operator's zone.
func zoned() Server {
	s := testServer()
	s.Zone, s.ReportAddress = "mail.op.test", ""
	return s
}

func TestWhatTheOperatorsZoneHoldsIsLookedAt(t *testing.T) {
	right := ZoneFile(OperatorRecords(zoned()))
	for name, c := range map[string]struct{ zone, spf, sts, advice string }{
		"all there":     {right, "ok", "ok", ""},
		"nothing there": {"", "missing", "missing", "Add a TXT record"},
		"old":           {"_spf.mail.op.test. TXT \"v=spf1 ip4:192.0.2.9 ?all\"\n_mta-sts.mail.op.test. TXT \"v=STSv1; id=1;\"\n", "different", "different", "replace the text by the one given here"},
		"another form":  {"_spf.mail.op.test. TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all\"\n_mta-sts.mail.op.test. TXT \"v=STSv1; id=20261124;\"\n", "ok", "ok", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, map[string]string{"127.0.0.51": zoneHead("op.test", "127.0.0.51") + c.zone}, "")
			r := b.CheckOperator(t.Context(), zoned())
			spf, sts := findingOf(t, r, PurposeSPF), findingOf(t, r, PurposeMTASTS)
			if len(r.Findings) != 2 || string(spf.Status) != c.spf || string(sts.Status) != c.sts || !strings.Contains(spf.Advice, c.advice) {
				t.Errorf("%+v", r.Findings)
			}
			if len(r.Problems) > 0 {
				t.Errorf("%+v", r.Problems)
			}
		})
	}
}

func TestAKeyThatTheOperatorLacksIsNotTheCustomersMistake(t *testing.T) {
	d := testDomain("example.test")
	d.TargetZone = true
	customers := zoneHead("example.test", "127.0.0.52") + ZoneFile(Records(d, zoned()))
	for name, keys := range map[string][]Domain{"there": {d}, "not there": nil} {
		b := setUp(t, map[string]string{
			"127.0.0.52": customers,
			"127.0.0.53": zoneHead("op.test", "127.0.0.53") + ZoneFile(OperatorRecords(zoned(), keys...)),
		}, "")
		for _, f := range b.Check(t.Context(), d, zoned()).Findings {
			if f.Record.Purpose != PurposeDKIM {
				continue
			}
			if there := keys != nil; f.Ours == there || (f.Status == OK) != there || f.Record.Type != "CNAME" {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

func TestWildcardsOfASharedDomainAreAskedForAtANameThatNobodyWrote(t *testing.T) {
	d := testDomain("shared.test")
	d.Shared = true
	s := testServer()
	records := Records(d, s)
	shared := len(sharedRecords(d, s))
	for name, zone := range map[string]string{
		"written": ZoneFile(records),
		"not":     ZoneFile(records[:len(records)-shared]),
	} {
		b := setUp(t, map[string]string{"127.0.0.54": zoneHead("shared.test", "127.0.0.54") + zone}, "")
		r := b.Check(t.Context(), d, s)
		for _, f := range r.Findings[len(records)-shared:] {
			want := OK
			if name == "not" {
				want = Missing
			}
			if f.Status != want || !strings.HasPrefix(f.Record.Name, "*.") {
				t.Errorf("%s: %+v", name, f)
			}
		}
		for _, p := range r.Problems {
			if p.Code == ProblemWildcard {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}
