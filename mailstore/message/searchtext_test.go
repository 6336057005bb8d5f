package message

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFoldTakesCaseAndCompositionAway(t *testing.T) {
	for _, tc := range []struct{ text, needle string }{
		{"Café", "cafe"}, {"CAFÉ", "café"}, {"cafe\u0301", "É"}, {"ﬁsh", "FISH"}, {"Ａ①", "a1"}, {"σς", "ΣΣ"}, {"ıİſK", "ii"},
		{"STRAẞE", "straße"}, {"각", "가"}, {"がぎ", "か"}, {"日本語", "本語"}, {"a\u00a0b", "A B"}, {"Ǆ", "ǆ"}, {"a\x01b", "A\x01B"}, {"a\x00b", "\x00"},
	} {
		if text, needle := Fold(tc.text), Fold(tc.needle); !strings.Contains(text, needle) {
			t.Errorf("%q (%+q) does not contain %q (%+q)", tc.text, text, tc.needle, needle)
		}
	}
	for _, tc := range []struct{ text, needle string }{{"naïve", "naive"}, {"straße", "strasse"}, {"cafe", "café"}, {"a b", "ab"}} {
		if strings.Contains(Fold(tc.text), Fold(tc.needle)) {
			t.Errorf("%q contains %q", tc.text, tc.needle)
		}
	}
}

func TestFoldWorksOnOneCharacterAtATime(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		one := string(r)
		folded := Fold(one)
		if again := Fold(folded); again != folded {
			t.Errorf("%U folds to %+q and then to %+q", r, folded, again)
		}
		if two := Fold("x" + one + one); two != "x"+folded+folded {
			t.Errorf("%U alone folds to %+q, twice to %+q", r, folded, two)
		}
		if strings.Contains(folded, TextBreak) || strings.Contains(folded, "\x00") || !utf8.ValidString(folded) {
			t.Errorf("%U folds to %+q", r, folded)
		}
	}
}

// searchMail has something in each place that a search may or may not look at.
var searchMail = "From: =?utf-8?q?Caf=C3=A9?= René <a@b>\nSubject: =?utf-8?q?stra=C3=9Fe?= naïve\n\t  one\nTo: Bob\n  Smith <bob@x>\nSubject: second\nEmpty:\nX-Custom: folded\n value\nGARBAGE\n" +
	"Content-Type: multipart/mixed; boundary=b\n\npreamble\n" +
	"--b\nX-Part: partfield\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nna=C3=AFve long li=\nne soft\n  double  space\ttab\n" +
	"--b\nContent-Type: text/html; charset=iso-8859-1\n\n<p>hel<b>lo</b> &eacute;</p><style>hidden</style>\n" +
	"--b\nContent-Type: application/octet-stream; name=attname\n\nbinarycontent\n" +
	"--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=csvname\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("csvcontent,1\r\n")) + "\n" +
	"--b\nContent-Type: message/rfc822\n\nSubject: innersubject =?utf-8?q?caf=C3=A9?=\nFrom: innerfrom@x\n\ninnerbody\n" +
	"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: mtaname\n" +
	"--b\nContent-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\8l\x1b(B\n" +
	"--b\nContent-Type: text/plain\n\nlatin caf\xe9 one\n--b--\nepilogue\n"

func TestASearchSeesWhatDovecotSees(t *testing.T) {
	raw := crlf([]byte(searchMail))
	root := Parse(raw).Structure
	text := NewSearchText(bytes.NewReader(raw), int64(len(raw)), root)
	if text.Partial {
		t.Error("a small message is partial")
	}
	columns := map[TextField]string{FromText: text.From, ToText: text.To, CcText: text.Cc, BccText: text.Bcc, SubjectText: text.Subject, HeaderText: text.Header, BodyText: text.Body}
	for _, tc := range []struct {
		field  TextField
		found  []string
		absent []string
	}{
		{FromText, []string{"René <A@B", "café rené", "Rene", "cafe", ""}, []string{"from", "=?utf", "innerfrom", "bob"}},
		{ToText, []string{"bob smith", "Bob  Smith"}, []string{"bobsmith"}},
		{CcText, nil, []string{"", "a"}},
		{BccText, nil, []string{""}},
		{SubjectText, []string{"STRAßE", "naïve one", "naïve\t one", "second"}, []string{"naive", "subject", "innersubject", "one second"}},
		{HeaderText, []string{"subject: second", "x-custom: folded value", "garbage", "empty:", "partfield", "innersubject café", "innerfrom", "attname", "csvname"},
			[]string{"innerbody", "preamble", "second garbage", "mtaname", "empty: x"}},
		{BodyText, []string{"naïve long line soft\r\n  double  space\ttab", "hel<b>lo", "hidden", "&EACUTE", "csvcontent", "innerbody", "reporting-mta: mtaname", "日本", "本語", "語", "latin café one", ""},
			[]string{"naive", "hello", "preamble", "epilogue", "partfield", "binarycontent", "attname", "csvname", "innersubject", "innerfrom", "double space", "soft <p>", "soft\r\n<p>"}},
		{AnyText, []string{"csvcontent", "partfield", "second", "double  space"}, []string{"preamble", "binarycontent", "tab <p>"}},
	} {
		for _, found := range []bool{true, false} {
			list := tc.absent
			if found {
				list = tc.found
			}
			for _, s := range list {
				got, err := Contains(bytes.NewReader(raw), int64(len(raw)), root, tc.field, s)
				if err != nil || got != found {
					t.Errorf("field %d contains %q: %v, %v", tc.field, s, got, err)
				}
				if column, ok := columns[tc.field]; ok {
					header, body := Needles(s)
					if tc.field == BodyText {
						header = body
					}
					if got := column != "" && strings.Contains(column, header); got != found {
						t.Errorf("column %d contains %q: %v", tc.field, s, got)
					}
				}
			}
		}
	}
}

func TestAHeaderKeyLooksAtTheValuesOfItsField(t *testing.T) {
	header := crlf([]byte("Subject: one\n  two\nX-Empty:\nSUBJECT : =?utf-8?q?Caf=C3=A9?=\nGARBAGE: \n\nX-Body: x\n"))
	for _, tc := range []struct {
		field, s string
		want     bool
	}{
		{"subject", "one two", true}, {"Subject", "ONE\r\n TWO", true}, {"subject", "café", true}, {"subject", "subject", false}, {"subject", "two café", false},
		{"x-empty", "", true}, {"x-empty", "x", false}, {"x-none", "", false}, {"x-body", "", false}, {"", "", false},
	} {
		if got := HeaderContains(header, tc.field, Fold(tc.s)); got != tc.want {
			t.Errorf("%s contains %q: %v", tc.field, tc.s, got)
		}
	}
}

func TestATextThatIsTooLongIsPartialAndStillSearched(t *testing.T) {
	raw := crlf([]byte("Subject: long\n\n" + strings.Repeat("0123456789abcdé\n", MaxSearchText/16) + "needle Ende\n"))
	root := Parse(raw).Structure
	text := NewSearchText(bytes.NewReader(raw), int64(len(raw)), root)
	if !text.Partial || len(text.Body) > MaxSearchText+4*textChunk || len(text.Body) < MaxSearchText-textChunk || strings.Contains(text.Body, "needle") {
		t.Errorf("partial %v with %d octets", text.Partial, len(text.Body))
	}
	for s, want := range map[string]bool{"Needle Ende": true, "needle x": false, "0123456789abcdé\r\n0123": true} {
		if got, err := Contains(bytes.NewReader(raw), int64(len(raw)), root, BodyText, s); got != want || err != nil {
			t.Errorf("contains %q: %v, %v", s, got, err)
		}
	}
}

func TestTextIsTheSameHoweverItIsCutIntoChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, set := range []string{"utf-8", "", "iso-2022-jp", "shift_jis", "windows-1252", "utf-16"} {
		for range 8 {
			var b strings.Builder
			for b.Len() < textChunk-8+r.IntN(16) {
				b.WriteString([]string{"a", "é", "日", "\r\n", "\r", "𝄞", "\xff", "\xe6\x97", "\x1b$B", "\x1b(B"}[r.IntN(10)])
			}
			b.WriteString(strings.Repeat("é\r\n日", r.IntN(3)*textChunk/5))
			raw := []byte("Content-Type: text/plain; charset=" + set + "\r\n\r\n" + b.String())
			p := Parse(raw).Structure
			got := NewSearchText(bytes.NewReader(raw), int64(len(raw)), p).Body
			text := string(raw[p.Body:])
			if set != "utf-8" { // there Fold replaces what is not valid
				text = toUTF8(raw[p.Body:], set)
			}
			want := Fold(strings.ReplaceAll(text, "\r\n", "\n")) + TextBreak
			if got != want {
				t.Fatalf("%s: %d octets and %d differ", set, len(got), len(want))
			}
		}
	}
}

func TestAMessageThatCannotBeReadIsPartial(t *testing.T) {
	raw := crlf([]byte("Subject: x\n\n" + strings.Repeat("body\n", 20000)))
	root := Parse(raw).Structure
	broken := brokenReader{bytes.NewReader(raw), 70000}
	if text := NewSearchText(broken, int64(len(raw)), root); !text.Partial || !strings.Contains(text.Body, "body\nbody") {
		t.Errorf("partial: %v", text.Partial)
	}
	if _, err := Contains(broken, int64(len(raw)), root, BodyText, "none"); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if text := NewSearchText(bytes.NewReader(nil), 0, root); !text.Partial {
		t.Error("what is cut off is whole")
	}
}

type brokenReader struct {
	io.ReaderAt
	end int64
}

func (b brokenReader) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > b.end {
		return 0, io.ErrClosedPipe
	}
	return b.ReaderAt.ReadAt(p, at)
}

func TestTextsOfTheCorpusHoldWhatTheirMessagesContain(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, folder := range []string{"mime", "bounces"} {
		for name, raw := range corpus(t, folder) {
			t.Run(name, func(t *testing.T) {
				raw = crlf(raw)
				root := Parse(raw).Structure
				text := NewSearchText(bytes.NewReader(raw), int64(len(raw)), root)
				if text.Partial {
					t.Error("partial")
				}
				for field, column := range map[TextField]string{FromText: text.From, ToText: text.To, SubjectText: text.Subject, HeaderText: text.Header, BodyText: text.Body} {
					if !utf8.ValidString(column) || strings.ContainsRune(column, 0) || column != "" && !strings.HasSuffix(column, TextBreak) {
						t.Errorf("field %d is no clean text", field)
					}
					for range 5 {
						runes := []rune(column)
						if len(runes) == 0 {
							break
						}
						start := r.IntN(len(runes))
						needle, _, _ := strings.Cut(string(runes[start:min(len(runes), start+1+r.IntN(20))]), TextBreak)
						if strings.Contains(needle, "\r") {
							continue // of CR CR LF: in what a client looks for, CR LF is a line end
						}
						if found, err := Contains(bytes.NewReader(raw), int64(len(raw)), root, field, needle); err != nil || !found {
							t.Errorf("field %d does not contain its %q: %v", field, needle, err)
						}
					}
				}
			})
		}
	}
}

func BenchmarkNewSearchText(b *testing.B) {
	raw := message16K()
	root := Parse(raw).Structure
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		NewSearchText(bytes.NewReader(raw), int64(len(raw)), root)
	}
}
