package resolver

import (
	"testing"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// Of a signed zone a validating server says that its answer is authentic; what it says is believed on this machine alone, where nobody can
// change it on the way (exchange_test.go).
func TestCheckTellsAServerThatValidatesFromOthers(t *testing.T) {
	const signed = "org. 300 NS a0.org.afilias-nst.info."
	for name, c := range map[string]struct {
		zone      string
		authentic bool
		fails     int
		validates bool
		temporary bool
	}{
		"validates":            {zone: signed, authentic: true, validates: true},
		"answers only":         {zone: signed},
		"finds the zone bogus": {zone: signed, authentic: true, fails: zonetest.ServFail, temporary: true},
		"refuses":              {zone: signed, authentic: true, fails: zonetest.Refused, temporary: true},
	} {
		t.Run(name, func(t *testing.T) {
			r, zones, _ := setUp(t, c.zone)
			zones.SetAuthentic(c.authentic)
			if c.fails != 0 {
				zones.Fail(signedZone, c.fails)
			}
			validates, err := r.Check(t.Context())
			if validates != c.validates || IsTemporary(err) != c.temporary || err != nil != c.temporary {
				t.Errorf("%v, %v", validates, err)
			}
			if zones.Queries(signedZone) == 0 {
				t.Error("nobody was asked")
			}
		})
	}
}

func TestCheckWantsAZoneThatIsThere(t *testing.T) {
	r, zones, _ := setUp(t, "other.test. A 192.0.2.1")
	zones.SetAuthentic(true)
	if validates, err := r.Check(t.Context()); err == nil || validates {
		t.Errorf("a server that knows no name in the world: %v, %v", validates, err)
	}
}
