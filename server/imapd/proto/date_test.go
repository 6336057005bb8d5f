package proto

import (
	"testing"
	"time"
)

func TestDateTimesAreRead(t *testing.T) {
	zone := func(hours, minutes int) *time.Location { return time.FixedZone("", (hours*60+minutes)*60) }
	for s, want := range map[string]time.Time{
		"01-Feb-2026 13:14:15 +0100": time.Date(2026, 2, 1, 13, 14, 15, 0, zone(1, 0)),
		" 1-feb-2026 00:00:00 -0930": time.Date(2026, 2, 1, 0, 0, 0, 0, zone(-9, -30)),
		"1-FEB-2026 23:59:59 +0000":  time.Date(2026, 2, 1, 23, 59, 59, 0, zone(0, 0)),
		"31-Dec-2016 23:59:60 +0000": time.Date(2017, 1, 1, 0, 0, 0, 0, zone(0, 0)),
		"31-Feb-2026 00:00:00 +0000": time.Date(2026, 3, 3, 0, 0, 0, 0, zone(0, 0)),
		"01-Jan-0000 00:00:00 +2359": time.Date(0, 1, 1, 0, 0, 0, 0, zone(23, 59)),
		"31-Dec-9999 23:59:59 -2359": time.Date(9999, 12, 31, 23, 59, 59, 0, zone(-23, -59)),
	} {
		got, ok := ParseDateTime(s)
		if !ok || !got.Equal(want) || got.Format("-0700") != want.Format("-0700") {
			t.Errorf("%q: %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", " ", "1-Feb-2026", "01-Feb-2026 13:14:15", "01-Feb-2026 13:14:15 0100", "01-Feb-2026 13:14:15 +100", "01-Feb-2026 13:14:15 +01000",
		"01-Feb-2026 24:00:00 +0000", "01-Feb-2026 13:60:00 +0000", "01-Feb-2026 13:00:61 +0000", "01-Feb-2026 13:00:00 +2400", "01-Feb-2026 13:00:00 +0060",
		"32-Jan-2026 13:00:00 +0000", "00-Jan-2026 13:00:00 +0000", "01-Xyz-2026 13:00:00 +0000", "01-Feb-26 13:00:00 +0000", "  1-Feb-2026 13:00:00 +0000",
		"01-Feb-2026  13:00:00 +0000", "01-Feb-2026 13:00:00  0000", "01/Feb/2026 13:00:00 +0000", "01-Feb-2026 1a:00:00 +0000", "01-Feb-2026 13-00-00 +0000",
		"01-Feb-2026 13:00:00 +0000 ", "+1-Feb-2026 13:00:00 +0000", "01-anf-2026 13:00:00 +0000", "01-F\u00e9b-2026 13:00:00 +0000"} {
		if got, ok := ParseDateTime(s); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestDateTimesAreAppended(t *testing.T) {
	for want, when := range map[string]time.Time{
		`"01-Feb-2026 13:14:15 +0130"`: time.Date(2026, 2, 1, 13, 14, 15, 999, time.FixedZone("X", 5400)),
		`"31-Dec-1999 23:59:59 +0000"`: time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
		`"01-Jan-0000 00:00:00 +0000"`: time.Date(-5, 3, 4, 5, 6, 7, 0, time.UTC),
		`"31-Dec-9999 23:59:59 +0000"`: time.Date(12026, 3, 4, 5, 6, 7, 0, time.UTC),
	} {
		got := string(AppendDateTime(nil, when))
		if got != want {
			t.Errorf("%v: %s, want %s", when, got, want)
		}
		if _, ok := ParseDateTime(got[1 : len(got)-1]); !ok {
			t.Errorf("%s is not read back", got)
		}
	}
}
