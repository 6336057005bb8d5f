package words

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextIsPartedIntoWordsWithoutCaseAndAccents(t *testing.T) {
	for text, want := range map[string]string{
		"Invoice No. 42":             "invoice no 42",
		"ann.lee@a.example":          "ann lee a example",
		"Übergrößen":                 "ubergrossen",
		"U\u0308bergro\u0308ße":      "ubergrosse",
		"Ångström räksmörgås ÅÄÖ":    "angstrom raksmorgas aao",
		"smørrebrød Łódź Œuvre":      "smorrebrod lodz oeuvre",
		"ΣΊΣΥΦΟΣ Σίσυφος":            "σισυφοσ σισυφοσ",
		"Й и й Ё":                    "и и и е",
		"مُحَمَّد الفاتورة ١٢٣":      "محمد الفاتوره 123",
		"شـــكرا":                    "شكرا",
		"שָׁלוֹם":                    "שלום",
		"日本語":                        "日本 本語 語",
		"ﾃﾞｰﾀ データ":                   "デー ータ タ デー ータ タ",
		"か\u3099":                    "が",
		"회의록":                        "회의 의록 록",
		"\u1112\u116c\u110b\u1174":   "회의 의",
		"สวัสดี":                     "สว วั ัส สด ดี ี",
		"Excel会議3月":                  "excel 会議 議 3 月",
		"ＡＢＣ１２":                      "abc12",
		"don't l'été":                "don t l ete",
		"हिन्दी":                     "हिन्दी",
		"a\u00adb c\u200bd":          "ab c d",
		"party 🎉 €5":                 "party 🎉 € 5",
		"":                           "",
		" .,;-_\t\n":                 "",
		"\xff\xfea":                  "a",
		"x\u0301":                    "x",
		strings.Repeat("a", 100):     strings.Repeat("a", MaxToken),
		strings.Repeat("é", 100):     strings.Repeat("e", MaxToken),
		strings.Repeat("д", 100):     strings.Repeat("д", MaxToken/2),
		"a" + strings.Repeat("é", 3): "aeee",
	} {
		if got := Index(text, 1000); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
	if got := Index("one two three", 8); got != "one two" {
		t.Errorf("cut to %q", got)
	}
}

func TestTokensTellTheirPlaceInTheText(t *testing.T) {
	text := "Re: Été 日本語 x"
	var got []string
	Scan(text, func(tok Token) bool {
		got = append(got, text[tok.Start:tok.End])
		return true
	})
	if want := []string{"Re", "Été", "日本", "本語", "語", "x"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestPhrasesAreFoundWhereTheyStand(t *testing.T) {
	for _, c := range []struct {
		text, phrase string
		prefix       bool
		want         []string
	}{
		{"Your Invoice, invoices", "invoice", false, []string{"Invoice"}},
		{"Your Invoice, invoices", "invoi", true, []string{"Invoice", "invoices"}},
		{"the quick, brown fox", "Quick Brown", false, []string{"quick, brown"}},
		{"the quick, red fox", "quick brown", false, nil},
		{"明日の会議は中止です。会議", "会議", false, []string{"会議", "会議"}},
		{"明日の会議は中止です", "会", false, []string{"会"}},
		{"会", "会", false, []string{"会"}},
		{"大会", "会", false, []string{"会"}},
		{"大会x", "会x", false, []string{"会x"}},
		{"大会議x", "会x", false, nil},
		{"第3回会議", "第3回", false, []string{"第3回"}},
		{"급한 회의는 내일", "회의", false, []string{"회의"}},
		{"ใบแจ้งหนี้ของคุณ", "แจ้งหนี้", false, []string{"แจ้งหนี้"}},
		{"a a a", "a a", false, []string{"a a", "a a"}},
		{"anything", "!!", false, nil},
	} {
		p := NewPhrase(c.phrase, c.prefix)
		var got []string
		for _, m := range Find(c.text, []Phrase{p}, 10) {
			got = append(got, c.text[m.Start:m.End])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: %q, not %q", c.phrase, c.text, got, c.want)
		}
	}
	two := Find("new york city", []Phrase{NewPhrase("new", false), NewPhrase("new york", false), NewPhrase("york", false)}, 10)
	if want := []Match{{1, 0, 8}, {2, 4, 8}}; !slices.Equal(two, want) {
		t.Errorf("%v", two)
	}
	if got := Find("a a a a", []Phrase{NewPhrase("a", false)}, 2); len(got) != 2 {
		t.Errorf("%d are given", len(got))
	}
}

// A phrase that is made of any part of a text's own characters is found in it.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"Invoice No. 42, ann@a.example", "明日の会議は中止です。x会", "สวัสดี ครับ", "e\u0301\u0301\u0301 ÅÄÖ", "\xff日\xff本", "안녕하세요 3월 회의", "مُحَمَّد ١٢٣", "㍿ ﬁ ½ 🎉", "か\u3099か\u3099"} {
		f.Add(s, 1, 5)
		f.Add(s, 0, len(s))
	}
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		Scan(text, func(tok Token) bool {
			if tok.Start < 0 || tok.Start >= tok.End || tok.End > len(text) || tok.Text == "" || len(tok.Text) > MaxToken || !utf8.ValidString(tok.Text) {
				t.Fatalf("%q gives %+v", text, tok)
			}
			return true
		})
		whole := NewPhrase(text, false)
		if len(whole.Tokens) > 0 && len(Find(text, []Phrase{whole}, 1)) == 0 {
			t.Errorf("%q is not found in itself: %q", text, whole.Tokens)
		}
		if from < 0 || to > len(text) || from > to {
			return
		}
		part := NewPhrase(text[from:to], true)
		for _, m := range Find(text, []Phrase{part}, 5) {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End {
				t.Errorf("%+v", m)
			}
		}
	})
}

func BenchmarkIndex(b *testing.B) {
	for name, text := range map[string]string{"latin": "The quarterly figures are here, see the attached document. ", "swedish": "Räksmörgåsar är på väg till Åre, på söndag. ", "japanese": "明日の会議は中止になりました。データをご確認ください。", "marks": "e\u0301\u0301\u0301"} {
		long := strings.Repeat(text, 10<<10/len(text))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(long)))
			for b.Loop() {
				Index(long, 1<<20)
			}
		})
	}
}
