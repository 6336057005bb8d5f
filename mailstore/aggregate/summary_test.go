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
