package proto

import (
	"math"
	"strings"
	"testing"
)

var setOf1 = Set{Ranges: []Range{{1, 1}}}

func items(items ...FetchItem) *FetchArgs { return &FetchArgs{Set: setOf1, Items: items} }

func TestFetch(t *testing.T) {
	body := func(s Section) FetchItem { return FetchItem{Kind: FetchBody, Section: s} }
	fast := []FetchItem{{Kind: FetchFlags}, {Kind: FetchInternalDate}, {Kind: FetchSize}}
	reads(t, map[string]any{
		"FETCH 1 FAST": items(fast...),
		"FETCH 1 all":  items(append(fast[:3:3], FetchItem{Kind: FetchEnvelope})...),
		"FETCH 1 FULL": items(append(fast[:3:3], FetchItem{Kind: FetchEnvelope}, FetchItem{Kind: FetchBodyBasic})...),
		"FETCH 1 (uid FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE MODSEQ EMAILID THREADID SAVEDATE)": items(
			FetchItem{Kind: FetchUID}, FetchItem{Kind: FetchFlags}, FetchItem{Kind: FetchInternalDate}, FetchItem{Kind: FetchSize},
			FetchItem{Kind: FetchEnvelope}, FetchItem{Kind: FetchBodyBasic}, FetchItem{Kind: FetchStructure}, FetchItem{Kind: FetchModseq},
			FetchItem{Kind: FetchEmailID}, FetchItem{Kind: FetchThreadID}, FetchItem{Kind: FetchSaveDate}),
		"FETCH 1 RFC822":        items(FetchItem{Kind: FetchRFC822}),
		"FETCH 1 RFC822.PEEK":   items(FetchItem{Kind: FetchRFC822, Peek: true}),
		"FETCH 1 RFC822.HEADER": items(FetchItem{Kind: FetchRFC822Header, Peek: true}),
		"FETCH 1 RFC822.TEXT":   items(FetchItem{Kind: FetchRFC822Text}),

		"FETCH 1 BODY[]":                     items(body(Section{})),
		"FETCH 1 body.peek[]":                items(FetchItem{Kind: FetchBody, Peek: true}),
		"FETCH 1 BODY[1]":                    items(body(Section{Part: []uint32{1}})),
		"FETCH 1 BODY[1.20.3]":               items(body(Section{Part: []uint32{1, 20, 3}})),
		"FETCH 1 BODY[header]":               items(body(Section{What: SectionHeader})),
		"FETCH 1 BODY[TEXT]":                 items(body(Section{What: SectionText})),
		"FETCH 1 BODY[2.MIME]":               items(body(Section{Part: []uint32{2}, What: SectionMIME})),
		"FETCH 1 BODY[2.text]":               items(body(Section{Part: []uint32{2}, What: SectionText})),
		"FETCH 1 BODY[HEADER.FIELDS (From)]": items(body(Section{What: SectionHeaderFields, Fields: []string{"From"}})),
		"FETCH 1 BODY[HEADER.FIELDS(From)]":  items(body(Section{What: SectionHeaderFields, Fields: []string{"From"}})),
		`FETCH 1 BODY[1.HEADER.FIELDS.NOT (From "x y" {1}` + "\r\nz)]<5.6>": items(FetchItem{Kind: FetchBody,
			Section: Section{Part: []uint32{1}, What: SectionHeaderFieldsNot, Fields: []string{"From", "x y", "z"}}, Partial: &Partial{5, 6}}),
		"FETCH 1 BODY[]<0.1>": items(FetchItem{Kind: FetchBody, Partial: &Partial{0, 1}}),
		"FETCH 1 BODY[]<7>":   items(FetchItem{Kind: FetchBody, Partial: &Partial{7, math.MaxInt64 - 7}}),
		"FETCH 1 BODY[]<9223372036854775806.9223372036854775807>": items(FetchItem{Kind: FetchBody, Partial: &Partial{math.MaxInt64 - 1, 1}}),

		"FETCH 1 BINARY[]":               items(FetchItem{Kind: FetchBinary}),
		"FETCH 1 BINARY[1.2]<3.4>":       items(FetchItem{Kind: FetchBinary, Section: Section{Part: []uint32{1, 2}}, Partial: &Partial{3, 4}}),
		"FETCH 1 BINARY.PEEK[1]":         items(FetchItem{Kind: FetchBinary, Peek: true, Section: Section{Part: []uint32{1}}}),
		"FETCH 1 BINARY.SIZE[1]":         items(FetchItem{Kind: FetchBinarySize, Peek: true, Section: Section{Part: []uint32{1}}}),
		"FETCH 1 PREVIEW":                items(FetchItem{Kind: FetchPreview}),
		"FETCH 1 (PREVIEW UID)":          items(FetchItem{Kind: FetchPreview}, FetchItem{Kind: FetchUID}),
		"FETCH 1 PREVIEW (LAZY)":         items(FetchItem{Kind: FetchPreviewLazy}),
		"FETCH 1 (PREVIEW ( lazy ) UID)": items(FetchItem{Kind: FetchPreviewLazy}, FetchItem{Kind: FetchUID}),

		"FETCH 1 FLAGS ()":                                              items(FetchItem{Kind: FetchFlags}),
		"FETCH 1 FLAGS (CHANGEDSINCE 0)":                                &FetchArgs{Set: setOf1, Items: fast[:1], HasChangedSince: true},
		"FETCH 1 PREVIEW (CHANGEDSINCE 5)":                              &FetchArgs{Set: setOf1, Items: []FetchItem{{Kind: FetchPreview}}, HasChangedSince: true, ChangedSince: 5},
		"FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 5)":                       &FetchArgs{Set: setOf1, Items: []FetchItem{{Kind: FetchPreviewLazy}}, HasChangedSince: true, ChangedSince: 5},
		"UID FETCH 1 FLAGS (changedsince 9223372036854775807 vanished)": &FetchArgs{Set: setOf1, Items: fast[:1], HasChangedSince: true, ChangedSince: 1<<63 - 1, Vanished: true},
		"UID FETCH 1 FLAGS (VANISHED CHANGEDSINCE 1)":                   &FetchArgs{Set: setOf1, Items: fast[:1], HasChangedSince: true, ChangedSince: 1, Vanished: true},
		"FETCH $ FLAGS":                                                 &FetchArgs{Set: Set{Saved: true}, Items: fast[:1]},
	})
	refuses(t, map[string]string{
		"FETCH":                                 "missing",
		"FETCH 1":                               "missing",
		"FETCH x FLAGS":                         "set",
		"FETCH 1 FOO":                           "Unknown FETCH item FOO",
		"FETCH 1 ()":                            "empty",
		"FETCH 1 (ALL)":                         "Unknown FETCH item ALL",
		"FETCH 1 (FLAGS":                        "not closed",
		"FETCH 1 FLAGS)":                        "Not understood",
		"FETCH 1 FLAGS UID":                     "parentheses",
		"FETCH 1 ALL[]":                         "Unknown FETCH item ALL",
		"FETCH 1 BODY.PEEK":                     "needs a section",
		"FETCH 1 BINARY":                        "needs a section",
		"FETCH 1 BODY[":                         "missing",
		"FETCH 1 BODY[TEXT":                     "not closed",
		"FETCH 1 BODY[0]":                       "0",
		"FETCH 1 BODY[1.]":                      "missing",
		"FETCH 1 BODY[1.2.]":                    "missing",
		"FETCH 1 BODY[.TEXT]":                   "Unknown section",
		"FETCH 1 BODY[1TEXT]":                   "not closed",
		"FETCH 1 BODY[MIME]":                    "Unknown section MIME",
		"FETCH 1 BODY[FOO]":                     "Unknown section FOO",
		"FETCH 1 BODY[4294967296]":              "too large",
		"FETCH 1 BODY[HEADER.FIELDS]":           "parentheses",
		"FETCH 1 BODY[HEADER.FIELDS ()]":        "empty",
		`FETCH 1 BODY[HEADER.FIELDS ("")]`:      "empty",
		"FETCH 1 BODY[HEADER (From)]":           "bracket",
		"FETCH 1 BODY[]<0.0>":                   "0",
		"FETCH 1 BODY[]<1.2":                    "offset.length",
		"FETCH 1 BODY[]<.2>":                    "number",
		"FETCH 1 BODY[]<-1.2>":                  "number",
		"FETCH 1 BODY[]<9223372036854775808.1>": "too large",
		"FETCH 1 BINARY[1.TEXT]":                "BINARY",
		"FETCH 1 BINARY[TEXT]":                  "BINARY",
		"FETCH 1 BINARY.SIZE[1]<0.1>":           "Not understood",
		"FETCH 1 PREVIEW (LAZY":                 "not closed",
		"FETCH 1 (PREVIEW (FOO))":               "keyword",
		"FETCH 1 FLAGS (FOO)":                   "Unknown FETCH modifier FOO",
		"FETCH 1 FLAGS (CHANGEDSINCE)":          "space",
		"FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)": "too large",
		"FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)":          "UID FETCH",
		"UID FETCH 1 FLAGS (VANISHED)":                     "CHANGEDSINCE",
		"FETCH 1 FLAGS (CHANGEDSINCE 1) x":                 "Too many arguments",
	})
}

func TestAnItemIsFetchedOnce(t *testing.T) {
	reads(t, map[string]any{
		"FETCH 1 (FLAGS UID FLAGS flags)": items(FetchItem{Kind: FetchFlags}, FetchItem{Kind: FetchUID}),
		"FETCH 1 (BODY.PEEK[1] UID BODY[1] BODY[1]<0.1>)": items(
			FetchItem{Kind: FetchBody, Section: Section{Part: []uint32{1}}}, FetchItem{Kind: FetchUID},
			FetchItem{Kind: FetchBody, Section: Section{Part: []uint32{1}}, Partial: &Partial{0, 1}}),
		"FETCH 1 (RFC822.PEEK RFC822)":          items(FetchItem{Kind: FetchRFC822}),
		"FETCH 1 (BODY[] BODY.PEEK[] BINARY[])": items(FetchItem{Kind: FetchBody}, FetchItem{Kind: FetchBinary}),
		// Names of fields that could be taken for one another if they were only strung together.
		`FETCH 1 (BODY.PEEK[HEADER.FIELDS (a "b c")] BODY.PEEK[HEADER.FIELDS (a b c)])`: items(
			FetchItem{Kind: FetchBody, Peek: true, Section: Section{What: SectionHeaderFields, Fields: []string{"a", "b c"}}},
			FetchItem{Kind: FetchBody, Peek: true, Section: Section{What: SectionHeaderFields, Fields: []string{"a", "b", "c"}}}),
	})
	many := parse(t, "a FETCH 1 ("+strings.Repeat("FLAGS BODY[1] BODY[2] RFC822 ", 10000)+")")
	if n := len(many.Args.(*FetchArgs).Items); n != 4 {
		t.Errorf("%d items", n)
	}
}

func TestStoreAndCopy(t *testing.T) {
	store := func(op StoreOp, silent bool, flags ...string) *StoreArgs {
		return &StoreArgs{Set: setOf1, Op: op, Silent: silent, Flags: append([]string{}, flags...)}
	}
	conditional := store(StoreAdd, true, `\Deleted`)
	conditional.UnchangedSince, conditional.HasUnchangedSince = 5, true
	zero := store(StoreReplace, false, "x")
	zero.HasUnchangedSince = true
	reads(t, map[string]any{
		`STORE 1 FLAGS (\Seen $Junk)`:                         store(StoreReplace, false, `\Seen`, "$Junk"),
		`STORE 1 FLAGS ()`:                                    store(StoreReplace, false),
		`STORE 1 +flags.silent \Seen`:                         store(StoreAdd, true, `\Seen`),
		`UID STORE 1 -FLAGS \Seen a b`:                        store(StoreRemove, false, `\Seen`, "a", "b"),
		`STORE 1 +FLAGS (\Seen \SEEN a A b)`:                  store(StoreAdd, false, `\Seen`, "a", "b"),
		`STORE 1 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\Deleted)`: conditional,
		`STORE 1 (unchangedsince 0) FLAGS (x)`:                zero,
		`STORE 1 () FLAGS x`:                                  store(StoreReplace, false, "x"),
		"COPY 1 Sent":                                         &CopyArgs{Set: setOf1, Mailbox: "Sent"},
		`UID MOVE 1 "a b"`:                                    &CopyArgs{Set: setOf1, Mailbox: "a b"},
		"UID COPY 1 {1}\r\nx":                                 &CopyArgs{Set: setOf1, Mailbox: "x"},
		"MOVE $ x":                                            &CopyArgs{Set: Set{Saved: true}, Mailbox: "x"},
		"UID EXPUNGE 3:*":                                     &UIDExpungeArgs{Set: Set{Ranges: []Range{{3, Star}}}},
		"UID EXPUNGE $":                                       &UIDExpungeArgs{Set: Set{Saved: true}},
	})
	refuses(t, map[string]string{
		"STORE":                          "missing",
		"STORE 1":                        "missing",
		"STORE 1 +FLAGS":                 "missing",
		"STORE 1 FOO (a)":                "STORE knows",
		"STORE 1 + FLAGS (a)":            "keyword",
		"STORE 1 FLAGS.LOUD (a)":         "STORE knows",
		`STORE 1 FLAGS ("a")`:            "flag",
		"STORE 1 FLAGS (a])":             "not closed",
		`STORE 1 FLAGS (\)`:              "flag",
		`STORE 1 FLAGS (\*)`:             "flag",
		`STORE 1 FLAGS (\\Seen)`:         "flag",
		"STORE 1 FLAGS (a) b":            "Too many arguments",
		"STORE 1 FLAGS (a":               "not closed",
		"STORE 1 (FOO 1) FLAGS (a)":      "Unknown STORE modifier FOO",
		"STORE 1 (UNCHANGEDSINCE) FLAGS": "space",
		"COPY 1":                         "missing",
		"COPY x y":                       "set",
		"UID EXPUNGE":                    "missing",
		"UID EXPUNGE x":                  "set",
	})
}
