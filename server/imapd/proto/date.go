package proto

import (
	"strings"
	"time"
)

// months in the order of the year, three letters each.
const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// parseDate reads 1-Feb-2026 (RFC 9051, date-text). The time is midnight in UTC. A day up to 31 that
// its month does not have, which clients come to by counting, is one of the next month.
func parseDate(s string) (time.Time, bool) {
	day, s, ok := strings.Cut(s, "-")
	if !ok || len(s) != len("Feb-2026") || s[3] != '-' {
		return time.Time{}, false
	}
	d, dok := digits(day, 1, 2)
	m, mok := month(s[:3])
	y, yok := digits(s[4:], 4, 4)
	if !dok || !mok || !yok || d < 1 || d > 31 {
		return time.Time{}, false
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), true
}

// month is the number of an abbreviated month.
func month(s string) (time.Month, bool) {
	at := strings.Index(months, strings.ToLower(s))
	if len(s) != 3 || at < 0 || at%3 != 0 {
		return 0, false
	}
	return time.Month(at/3 + 1), true
}

// digits is a decimal number that has from least to most digits.
func digits(s string, least, most int) (int, bool) {
	if len(s) < least || len(s) > most {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// ParseDateTime reads what stands between the quotes of a date-time: 01-Feb-2026 13:00:00 +0100 (RFC 9051, date-time).
// A day of one digit may stand with or without a space in front.
func ParseDateTime(s string) (t time.Time, ok bool) {
	date, s, ok := strings.Cut(strings.TrimPrefix(s, " "), " ")
	if !ok || len(s) != len("13:00:00 +0100") || s[2] != ':' || s[5] != ':' || s[8] != ' ' || s[9] != '+' && s[9] != '-' {
		return time.Time{}, false
	}
	day, ok := parseDate(date)
	hour, hok := digits(s[:2], 2, 2)
	minute, mok := digits(s[3:5], 2, 2)
	second, sok := digits(s[6:8], 2, 2)
	zoneHour, zhok := digits(s[10:12], 2, 2)
	zoneMinute, zmok := digits(s[12:], 2, 2)
	// A minute may have a second 60: a leap second is the first one of the next minute.
	if !ok || !hok || !mok || !sok || !zhok || !zmok || hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59 {
		return time.Time{}, false
	}
	offset := (zoneHour*60 + zoneMinute) * 60
	if s[9] == '-' {
		offset = -offset
	}
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, second, 0, time.FixedZone("", offset)), true
}

// AppendDateTime appends t in its zone, with quotes: "01-Feb-2026 13:00:00 +0100". A year that has not four digits is told
// as the nearest that has.
func AppendDateTime(dst []byte, t time.Time) []byte {
	switch {
	case t.Year() < 0:
		t = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case t.Year() > 9999:
		t = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return t.AppendFormat(dst, `"02-Jan-2006 15:04:05 -0700"`)
}
