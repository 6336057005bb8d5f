package compose

import (
	"regexp"
	"testing"
)

func TestWhatASubmissionLacksIsMade(t *testing.T) {
	date, id := `Date: Tue, 24 Nov 2026 12:30:00 \+0100\r\n`, `Message-ID: <[a-z2-7]{26}@example\.com>\r\n`
	for _, tc := range []struct{ header, want string }{
		{"From: a\r\n\r\n", date + id},
		{"", date + id},
		{"DATE: x\r\n\r\n", id},
		{"From: a\r\nmessage-id:\r\n <x@y>\r\n\r\n", date},
		{"Date: x\r\nMessage-ID: y\r\nMIME-Version: 1.0\r\n\r\n", ""},
		{"Date :\r\nMessage-ID\t: y\r\n\r\n", ""},
		{"Subject: x\r\n Date: y\r\n\r\nMessage-ID: z\r\n", date + id},
		{"From: a\nDate: x\n\n", id},
	} {
		if got := Complete([]byte(tc.header), "example.com", noon); !regexp.MustCompile("^(?:" + tc.want + ")$").Match(got) {
			t.Errorf("%q: %q", tc.header, got)
		}
	}
}
