package aggregate

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// line makes a text one line of valid UTF-8 without control characters, of at most MaxText octets, in memory of its own.
func line(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return clip(strings.Join(strings.Fields(s), " "), MaxText)
}

// clip cuts a text to at most limit octets, between characters.
func clip(s string, limit int) string {
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = strings.TrimSpace(s[:limit])
	}
	return strings.Clone(s)
}

// word is a text of few letters, in lower case.
func word(s string) string { return line(strings.ToLower(line(s))) }

// domain gives a domain in lower case without the dot at its end, or "". The return path of bounces is written "<>" by some.
func domain(s string) string {
	s = word(s)
	if at := strings.LastIndexByte(s, '@'); at >= 0 { // an address where its domain should be
		s = s[at+1:]
	}
	s = strings.Trim(s, "<>. ")
	if strings.ContainsAny(s, " <>\"'&") {
		return ""
	}
	return s
}

// address gives an IP address, IPv4 as such, or the zero Addr.
func address(s string) netip.Addr {
	addr, err := netip.ParseAddr(strings.Trim(line(s), "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// count gives a number from 0 to MaxCount.
func count(s string) int64 {
	s = line(s)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && strings.Trim(s, "0123456789") == "" && s != "" {
		return MaxCount
	}
	return min(max(n, 0), MaxCount)
}

// percent gives a number from 0 to 100, and 100 for none.
func percent(s string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(line(s), "%"))
	if err != nil || n < 0 || n > 100 {
		return 100
	}
	return n
}

// The time of what is reported: before DMARC there was none, and who is far ahead has no clock.
var (
	earliest = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// moment gives a time in UTC from seconds since 1970, as the schema has it, or from the other forms that occur; the zero Time
// for what is none.
func moment(s string) time.Time {
	s = line(s)
	var t time.Time
	whole, _, _ := strings.Cut(s, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
		if n > latest.Unix() {
			n /= 1000 // milliseconds
		}
		t = time.Unix(n, 0)
	} else {
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02"} {
			if t, err = time.Parse(form, s); err == nil {
				break
			}
		}
	}
	if t.Before(earliest) || t.After(latest) {
		return time.Time{}
	}
	return t.UTC()
}

func alignment(s string) Alignment {
	switch word(s) {
	case "s", "strict":
		return Strict
	}
	return Relaxed
}

func disposition(s string) Disposition {
	switch d := Disposition(word(s)); d {
	case NoAction, Passed, Quarantine, Reject:
		return d
	}
	return ""
}

// verdict is Pass or Fail: what is not a pass is none.
func verdict(s string) Result {
	if word(s) == "pass" {
		return Pass
	}
	return Fail
}

// result knows the words of RFC 8601 and those of before.
func result(s string) Result {
	switch r := Result(word(s)); r {
	case Pass, Fail, None, Neutral, SoftFail, PolicyBad, TempError, PermError:
		return r
	case "hardfail":
		return Fail
	case "unknown", "invalid":
		return PermError
	case "error":
		return TempError
	}
	return ""
}
