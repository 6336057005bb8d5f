package proto

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func and(keys ...*SearchKey) *SearchKey { return &SearchKey{Op: SearchAnd, Keys: keys} }

func or(a, b *SearchKey) *SearchKey { return &SearchKey{Op: SearchOr, Keys: []*SearchKey{a, b}} }

func is(op SearchOp) *SearchKey { return &SearchKey{Op: op} }

func text(op SearchOp, s string) *SearchKey { return &SearchKey{Op: op, Text: s} }

func TestSearchKeys(t *testing.T) {
	date := func(op SearchOp, y int, m time.Month, d int) *SearchKey {
		return &SearchKey{Op: op, Date: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	}
	number := func(op SearchOp, n uint64) *SearchKey { return &SearchKey{Op: op, N: n} }
	seq := func(r ...Range) *SearchKey { return &SearchKey{Op: SearchSeq, Set: Set{Ranges: r}} }
	for command, want := range map[string]*SearchKey{
		"ALL":        is(SearchAll),
		"answered":   is(SearchAnswered),
		"DELETED":    is(SearchDeleted),
		"DRAFT":      is(SearchDraft),
		"FLAGGED":    is(SearchFlagged),
		"SEEN":       is(SearchSeen),
		"RECENT":     is(SearchRecent),
		"UNANSWERED": negated(is(SearchAnswered)),
		"UNDELETED":  negated(is(SearchDeleted)),
		"UNDRAFT":    negated(is(SearchDraft)),
		"UNFLAGGED":  negated(is(SearchFlagged)),
		"UNSEEN":     negated(is(SearchSeen)),
		"OLD":        negated(is(SearchRecent)),
		"NEW":        and(is(SearchRecent), negated(is(SearchSeen))),
		"KEYWORD a":  text(SearchKeyword, "a"), "UNKEYWORD $x": negated(text(SearchKeyword, "$x")),

		"BEFORE 1-Feb-2026":            date(SearchBefore, 2026, 2, 1),
		`ON "01-feb-2026"`:             date(SearchOn, 2026, 2, 1),
		"SINCE 31-DEC-1999":            date(SearchSince, 1999, 12, 31),
		"SENTBEFORE 1-Jan-0000":        date(SearchSentBefore, 0, 1, 1),
		"SENTON 29-Feb-2024":           date(SearchSentOn, 2024, 2, 29),
		"SENTSINCE 31-Feb-2023":        date(SearchSentSince, 2023, 3, 3),
		"SAVEDBEFORE 1-Jan-2000":       date(SearchSavedBefore, 2000, 1, 1),
		"SAVEDON 1-Jan-2000":           date(SearchSavedOn, 2000, 1, 1),
		"SAVEDSINCE 1-Jan-2000":        date(SearchSavedSince, 2000, 1, 1),
		"SAVEDATESUPPORTED":            is(SearchSaveDateSupported),
		"LARGER 0":                     number(SearchLarger, 0),
		"SMALLER 9223372036854775807":  number(SearchSmaller, 1<<63-1),
		"OLDER 1":                      number(SearchOlder, 1),
		"YOUNGER 4294967295":           number(SearchYounger, 1<<32-1),
		"MODSEQ 0":                     number(SearchModseq, 0),
		`MODSEQ "/flags/\\Seen" all 7`: number(SearchModseq, 7),
		`MODSEQ "/flags/$x" priv 7`:    number(SearchModseq, 7),
		"FROM a@b":                     text(SearchFrom, "a@b"),
		`TO "a b"`:                     text(SearchTo, "a b"),
		"CC a%*":                       text(SearchCc, "a%*"),
		"BCC {3}\r\na\r\n":             text(SearchBcc, "a\r\n"),
		`SUBJECT ""`:                   text(SearchSubject, ""),
		"BODY \"\u00e9\"":              text(SearchBody, "\u00e9"),
		"TEXT NIL":                     text(SearchText, "NIL"),
		"HEADER Message-ID <a@b>":      {Op: SearchHeader, Field: "Message-ID", Text: "<a@b>"},
		`HEADER {1}` + "\r\nx \"\"":    {Op: SearchHeader, Field: "x"},
		"EMAILID M6d99ac3275bb4e":      text(SearchEmailID, "M6d99ac3275bb4e"),
		"THREADID T64b478a75b7ea9":     text(SearchThreadID, "T64b478a75b7ea9"),
		"1,3:*":                        seq(Range{1, 1}, Range{3, Star}),
		"*":                            seq(Range{Star, Star}),
		"$":                            {Op: SearchSeq, Set: Set{Saved: true}},
		"UID 5:4":                      {Op: SearchUID, Set: Set{Ranges: []Range{{4, 5}}}},
		"UID $":                        {Op: SearchUID, Set: Set{Saved: true}},
		"NOT SEEN":                     negated(is(SearchSeen)),
		"NOT NOT UNSEEN":               negated(negated(negated(is(SearchSeen)))),
		"NOT (SEEN DRAFT)":             negated(and(is(SearchSeen), is(SearchDraft))),
		"OR SEEN DRAFT":                or(is(SearchSeen), is(SearchDraft)),
		"OR (SEEN DRAFT) NOT 1":        or(and(is(SearchSeen), is(SearchDraft)), negated(seq(Range{1, 1}))),
		"OR OR SEEN DRAFT ALL":         or(or(is(SearchSeen), is(SearchDraft)), is(SearchAll)),
		"OR SEEN OR DRAFT ALL":         or(is(SearchSeen), or(is(SearchDraft), is(SearchAll))),
		"OR SEEN OR DRAFT OR ALL 1":    or(or(is(SearchSeen), is(SearchDraft)), or(is(SearchAll), seq(Range{1, 1}))),
		"OR SEEN ( OR DRAFT ALL )":     or(is(SearchSeen), and(or(is(SearchDraft), is(SearchAll)))),
	} {
		for _, uid := range []string{"", "UID "} {
			reads(t, map[string]any{
				uid + "SEARCH " + command:                      &SearchArgs{Key: and(want)},
				uid + "SEARCH UNSEEN " + command + " SEEN":     &SearchArgs{Key: and(negated(is(SearchSeen)), want, is(SearchSeen))},
				uid + "SEARCH charset utf-8 (" + command + ")": &SearchArgs{Charset: "UTF-8", Key: and(and(want))},
				uid + "THREAD references us-ascii " + command:  &ThreadArgs{Algorithm: "REFERENCES", Charset: "US-ASCII", Search: and(want)},
				uid + "SORT (date) \"utf-8\" " + command:       &SortArgs{Keys: []SortKey{{By: SortDate}}, Charset: "UTF-8", Search: and(want)},
				uid + "SEARCH RETURN () NOT " + command:        &SearchArgs{Return: &SearchReturn{All: true}, Key: and(negated(want))},
			})
		}
	}
	for command, words := range map[string]string{
		"":                           "missing",
		"FOO":                        "Unknown search key FOO",
		"ALL FOO":                    "Unknown search key FOO",
		"()":                         "empty",
		"(ALL":                       "not closed",
		"ALL)":                       "Not understood",
		"NOT":                        "missing",
		"OR ALL":                     "missing",
		"OR ALL OR ALL":              "missing",
		"KEYWORD":                    "missing",
		`KEYWORD \Seen`:              "string",
		"BEFORE":                     "missing",
		"BEFORE 1-Foo-2026":          "date",
		"BEFORE 1-ebm-2026":          "date",
		"BEFORE 32-Jan-2026":         "date",
		"BEFORE 0-Jan-2026":          "date",
		"BEFORE 001-Jan-2026":        "date",
		"BEFORE 1-Jan-26":            "date",
		"BEFORE 1-Jan-12026":         "date",
		"BEFORE 1-Jan 2026":          "date",
		"BEFORE -1-Jan-2026":         "date",
		"BEFORE \"1-Jan-2026":        "quote",
		"LARGER":                     "missing",
		"LARGER -1":                  "number",
		"LARGER x":                   "number",
		"LARGER 9223372036854775808": "too large",
		"LARGER 1x":                  "Not understood",
		"OLDER 0":                    "0",
		"OLDER 4294967296":           "too large",
		`MODSEQ "foo" all 7`:         "/flags/",
		`MODSEQ "/flags/x" some 7`:   "all, priv or shared",
		`MODSEQ "/flags/x" 7`:        "all, priv or shared",
		"MODSEQ":                     "missing",
		`HEADER "" x`:                "empty",
		"HEADER x":                   "missing",
		"FROM":                       "missing",
		"FROM (a)":                   "string",
		"FROM a\"b":                  "Not understood",
		"FROM \u00e9":                "above 127",
		"TEXT {1}\r\n\x00":           "NUL",
		"UID":                        "missing",
		"UID x":                      "set",
		"1,$":                        "Not understood",
		"$,1":                        "Not understood",
		"SEEN CHARSET UTF-8":         "Unknown search key CHARSET",
	} {
		refuses(t, map[string]string{"SEARCH " + command: words, "UID SORT (DATE) UTF-8 " + command: words})
	}
}

func TestSearchReturn(t *testing.T) {
	all := and(is(SearchAll))
	for options, want := range map[string]*SearchReturn{
		"()":                      {All: true},
		"(ALL)":                   {All: true},
		"(min MAX Count SAVE)":    {Min: true, Max: true, Count: true, Save: true},
		"(SAVE)":                  {Save: true},
		"(PARTIAL 1:500)":         {Partial: &PartialRange{First: 1, Last: 500}},
		"(COUNT PARTIAL 500:401)": {Count: true, Partial: &PartialRange{First: 401, Last: 500}},
		"(PARTIAL -1:-100)":       {Partial: &PartialRange{First: 1, Last: 100, FromEnd: true}},
		"(PARTIAL -100:-1)":       {Partial: &PartialRange{First: 1, Last: 100, FromEnd: true}},
	} {
		reads(t, map[string]any{
			"SEARCH RETURN " + options + " ALL":               &SearchArgs{Return: want, Key: all},
			"UID SEARCH return " + options + " CHARSET x ALL": &SearchArgs{Return: want, Charset: "X", Key: all},
			"SORT RETURN " + options + " (SIZE) UTF-8 ALL":    &SortArgs{Return: want, Keys: []SortKey{{By: SortSize}}, Charset: "UTF-8", Search: all},
		})
	}
	refuses(t, map[string]string{
		"SEARCH RETURN":                               "missing",
		"SEARCH RETURN ALL":                           "parentheses",
		"SEARCH RETURN (ALL)":                         "missing",
		"SEARCH RETURN (FOO) ALL":                     "Unknown result option FOO",
		"SEARCH RETURN (PARTIAL) ALL":                 "space",
		"SEARCH RETURN (PARTIAL 1) ALL":               "PARTIAL is written",
		"SEARCH RETURN (PARTIAL 0:1) ALL":             "0",
		"SEARCH RETURN (PARTIAL 1:-1) ALL":            "number",
		"SEARCH RETURN (PARTIAL -1:1) ALL":            "PARTIAL is written",
		"SEARCH RETURN (PARTIAL 1:*) ALL":             "number",
		"SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL": "twice",
		"SEARCH RETURN (PARTIAL 1:2 ALL) ALL":         "exclude",
		"SEARCH CHARSET UTF-8 RETURN (ALL) ALL":       "Unknown search key RETURN",
		"SEARCH CHARSET":                              "missing",
		"SEARCH CHARSET UTF-8":                        "missing",
		"THREAD REFERENCES UTF-8":                     "missing",
		"THREAD REFERENCES":                           "missing",
		"THREAD":                                      "missing",
	})
}

func TestSortCriteria(t *testing.T) {
	reads(t, map[string]any{
		"SORT (ARRIVAL CC date FROM SIZE SUBJECT TO DISPLAYFROM reverse DISPLAYTO) UTF-8 SEEN": &SortArgs{Charset: "UTF-8", Search: and(is(SearchSeen)),
			Keys: []SortKey{{By: SortArrival}, {By: SortCc}, {By: SortDate}, {By: SortFrom}, {By: SortSize}, {By: SortSubject}, {By: SortTo},
				{By: SortDisplayFrom}, {By: SortDisplayTo, Reverse: true}}},
		"SORT (REVERSE DATE DATE SUBJECT REVERSE DATE) UTF-8 SEEN": &SortArgs{Charset: "UTF-8", Search: and(is(SearchSeen)),
			Keys: []SortKey{{By: SortDate, Reverse: true}, {By: SortSubject}}},
	})
	refuses(t, map[string]string{
		"SORT":                                  "missing",
		"SORT () UTF-8 ALL":                     "empty",
		"SORT DATE UTF-8 ALL":                   "parentheses",
		"SORT (FOO) UTF-8 ALL":                  "Unknown sort criterion FOO",
		"SORT (REVERSE) UTF-8 ALL":              "space",
		"SORT (REVERSE REVERSE DATE) UTF-8 ALL": "Unknown sort criterion REVERSE",
		"SORT (DATE) UTF-8":                     "missing",
		"SORT (DATE)":                           "missing",
	})
}

func TestSearchKeysAreNestedUpToTheLimit(t *testing.T) {
	for _, c := range []struct {
		open, last, close string
		most              int // how often open may stand
	}{
		{"(", "ALL", ")", MaxSearchDepth - 2},
		{"(", "UNSEEN", ")", MaxSearchDepth - 3},
		{"(", "NEW", ")", MaxSearchDepth - 4},
		{"(", "OR ALL ALL", ")", MaxSearchDepth - 3},
		{"NOT ", "ALL", "", MaxSearchDepth - 2},
		{"OR ", "ALL", " ALL", MaxSearchDepth - 2},
		{"NOT (", "ALL", ")", (MaxSearchDepth - 2) / 2},
	} {
		for n, ok := range map[int]bool{c.most: true, c.most + 1: false, 100_000: false} {
			command := "a SEARCH " + strings.Repeat(c.open, n) + c.last + strings.Repeat(c.close, n)
			cmd, err := Parse([]byte(command), nil, Options{})
			switch {
			case (err == nil) != ok:
				t.Errorf("%d times %q: %v", n, c.open, err)
			case ok && height(cmd.Args.(*SearchArgs).Key) > MaxSearchDepth:
				t.Errorf("%d times %q: %d levels", n, c.open, height(cmd.Args.(*SearchArgs).Key))
			case !ok && !strings.Contains(err.Error(), "nested too deeply"):
				t.Errorf("%d times %q: %v", n, c.open, err)
			}
		}
	}
}

func TestALongChoiceIsNotDeep(t *testing.T) {
	const n = 10_000
	var b strings.Builder
	for range n - 1 {
		b.WriteString("OR HEADER Message-ID <a@b> ")
	}
	key := parse(t, "a SEARCH "+b.String()+"HEADER Message-ID <a@b>").Args.(*SearchArgs).Key
	if h := height(key); h > 17 {
		t.Errorf("%d levels", h)
	}
	leaves := 0
	var walk func(*SearchKey)
	walk = func(k *SearchKey) {
		if k.Op == SearchHeader {
			leaves++
		} else if k.Op == SearchOr && len(k.Keys) != 2 {
			t.Fatalf("Or of %d", len(k.Keys))
		}
		for _, sub := range k.Keys {
			walk(sub)
		}
	}
	if walk(key); leaves != n {
		t.Errorf("%d keys of %d", leaves, n)
	}
}

func TestAChoiceKeepsItsOrder(t *testing.T) {
	key := parse(t, "a SEARCH OR 1 OR 2 OR 3 OR 4 5").Args.(*SearchArgs).Key
	var got []uint32
	var walk func(*SearchKey)
	walk = func(k *SearchKey) {
		for _, r := range k.Set.Ranges {
			got = append(got, r.First)
		}
		for _, sub := range k.Keys {
			walk(sub)
		}
	}
	if walk(key); !reflect.DeepEqual(got, []uint32{1, 2, 3, 4, 5}) {
		t.Errorf("%v", got)
	}
}
