package aggregate

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

func TestManyReportsMakeOnePicture(t *testing.T) {
	var reports []Report
	for _, name := range []string{"google.xml", "microsoft.xml", "old.xml", "rfc9990.xml", "google.xml"} { // one came twice
		r, err := read(mail(part{"Content-Type: application/gzip", gzipped(sample(t, name))}))
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, r)
	}
	reports[3].Begin = reports[3].Begin.Add(-48 * time.Hour)
	early := dayBegin.Add(-48 * time.Hour)
	want := Summary{Reports: 4, Messages: 28, Passed: 23, Failed: 5, First: early, Last: dayBegin, Sources: []Source{
		{IP: netip.MustParseAddr("192.0.2.10"), Messages: 19, Passed: 19, PassedDKIM: 19, PassedSPF: 7, First: early, Last: dayBegin,
			DKIM: []Domain{{"example.com", 19, 19}, {"esp.example", 12, 0}}, SPF: []Domain{{"bounce.esp.example", 12, 12}, {"example.com", 7, 7}}},
		{IP: netip.MustParseAddr("203.0.113.7"), Messages: 4, Passed: 4, PassedSPF: 4, First: dayBegin, Last: dayBegin,
			DKIM: []Domain{{"example.com", 4, 0}}, SPF: []Domain{{"example.com", 4, 4}}},
		{IP: netip.MustParseAddr("2001:db8::25"), Messages: 3, Failed: 3, First: dayBegin, Last: dayBegin, SPF: []Domain{{"list.example", 3, 0}}},
		{IP: netip.MustParseAddr("198.51.100.1"), Messages: 2, Failed: 2, Rejected: 2, First: dayBegin, Last: dayBegin,
			SPF: []Domain{{"example.com", 2, 0}, {"news.example.com", 2, 0}}},
	}}
	if got := Summarize(reports); !reflect.DeepEqual(got, want) {
		t.Errorf("the picture is\n%+v\nnot\n%+v", got, want)
	}
}

func TestAPictureOfNothingIsEmpty(t *testing.T) {
	if got := Summarize(nil); !reflect.DeepEqual(got, Summary{}) {
		t.Errorf("%+v", got)
	}
	twice := Report{Policy: Policy{Domain: "x.example"}, Rows: []Row{{Count: 1, Disposition: Quarantine}}}
	got := Summarize([]Report{twice, twice}) // without an id nobody can say that it is the same
	if got.Reports != 2 || got.Failed != 2 || got.Sources[0].Quarantined != 2 || !got.First.IsZero() || got.Sources[0].IP.IsValid() {
		t.Errorf("%+v", got)
	}
}

func TestADomainCountsOnceARowAndTheMostAreShown(t *testing.T) {
	r := Report{Policy: Policy{Domain: "x.example"}}
	for i := range 50 {
		name := fmt.Sprintf("d%02d.example", i)
		r.Rows = append(r.Rows, Row{Count: int64(i + 1), DKIM: Pass, DKIMResults: []DKIMResult{{name, "a", Fail}, {name, "b", Pass}}})
	}
	got := Summarize([]Report{r}).Sources[0].DKIM
	if len(got) != MaxDomains || got[0] != (Domain{"d49.example", 50, 50}) {
		t.Errorf("%d domains, first %+v", len(got), got[0])
	}
}

// Reports are strangers': however many addresses and names they invent, the picture has its bounds.
func TestAPictureIsBounded(t *testing.T) {
	var p Picture
	for n := range 4 {
		r := Report{ID: fmt.Sprint(n), Policy: Policy{Domain: "x.example"}}
		for i := range MaxSources / 2 {
			ip := netip.AddrFrom4([4]byte{198, byte(n), byte(i >> 8), byte(i)})
			row := Row{Source: ip, Count: MaxCount}
			for k := range MaxResults {
				row.DKIMResults = append(row.DKIMResults, DKIMResult{Domain: fmt.Sprintf("%d-%d-%d.example", n, i, k)})
			}
			r.Rows = append(r.Rows, row)
		}
		p.Add(&r)
	}
	s := p.Summary()
	if want := int64(2 * MaxSources * MaxCount); s.Messages != want || s.Failed != want {
		t.Errorf("%d of %d messages, %d failed", s.Messages, want, s.Failed)
	}
	if len(s.Sources) != MaxSources+1 || s.Sources[0].IP.IsValid() || s.Sources[0].Messages != MaxSources*MaxCount {
		t.Errorf("%d sources, first %+v", len(s.Sources), s.Sources[0])
	}
	if p.names != maxNames {
		t.Errorf("%d names", p.names)
	}
}

func TestATLSReportThatCameTwiceCountsOnce(t *testing.T) {
	p := TLSPicture{Domain: "x.example"}
	r := TLSReport{Organization: "big", ID: "1", Policies: []TLSPolicy{{Domain: "x.example", Successes: 5, Failed: 2}, {Domain: "other.example", Successes: 9}}}
	p.Add(&r)
	p.Add(&r)
	r.ID = "2"
	p.Add(&r)
	r.ID = ""
	p.Add(&r)
	p.Add(&r) // without an id nobody can say that it is the same
	if got := p.Summary(); got != (TLSSummary{Reports: 4, Successes: 20, Failed: 8}) {
		t.Errorf("%+v", got)
	}
}
