package message

import (
	"strings"
	"testing"
)

func TestHeaderLinesComeInTheirOrder(t *testing.T) {
	const header = "Subject: one\r\n two\r\nGARBAGE\r\n folded\r\nTo : a@b\r\nX: y\r\nsubject: again\r\n: nameless\r\nFrom: c@d\r\n\r\nSubject: body\r\n"
	for _, tc := range []struct {
		fields string
		not    bool
		want   string
	}{
		{"SUBJECT from", false, "Subject: one\r\n two\r\nsubject: again\r\nFrom: c@d\r\n"},
		{"subject FROM", true, "GARBAGE\r\n folded\r\nTo : a@b\r\nX: y\r\n: nameless\r\n"},
		{"to", false, "To : a@b\r\n"},
		{"garbage folded", false, ""},
		{"", false, ""},
		{"", true, "Subject: one\r\n two\r\nGARBAGE\r\n folded\r\nTo : a@b\r\nX: y\r\nsubject: again\r\n: nameless\r\nFrom: c@d\r\n"},
	} {
		if got := string(FilterHeader([]byte(header), strings.Fields(tc.fields), tc.not)); got != tc.want {
			t.Errorf("%s, not %v: %q", tc.fields, tc.not, got)
		}
	}
	if got := string(FilterHeader([]byte("A: b\nTo: c"), []string{"to", ""}, false)); got != "To: c\r\n" {
		t.Errorf("a line without its end is %q", got)
	}
}

func TestCommonLinesAreReadyUnlessTheyAreTooMany(t *testing.T) {
	w := wire("Received: x\nSubject: a\n b\nX-Unknown: c\nTO: d@e\ngarbage\nList-Id: <f>\n\nSubject: body\n")
	if want := "Subject: a\r\n b\r\nTO: d@e\r\nList-Id: <f>\r\n"; string(w.Header) != want {
		t.Errorf("%q", w.Header)
	}
	for field, want := range map[string]bool{"Subject": true, "SUBJECT": true, "message-id": true, "Received": false, "": false} {
		if IsCommon(field) != want {
			t.Errorf("%s is common: %v", field, !want)
		}
	}
	if w := wire("X: y\n\n"); w.Header == nil {
		t.Error("no common lines is not too many")
	}
	if w := wire("References: " + strings.Repeat("<1234567890@a.example>\n ", 1000) + "\n\n"); w.Header != nil {
		t.Errorf("%d octets are ready", len(w.Header))
	}
}
