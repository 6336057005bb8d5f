package sight

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// check checks what Read promises of every document.
func check(t *testing.T, v View, limit int) {
	t.Helper()
	if !utf8.ValidString(v.Text) || len(v.Text) > limit || strings.ContainsFunc(v.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		t.Errorf("text is not clean: %.100q", v.Text)
	}
	if len(v.Hidden) > len(order) || len(v.Links) > MaxLinks {
		t.Errorf("%d facts, %d links", len(v.Hidden), len(v.Links))
	}
	for _, h := range v.Hidden {
		if h.Times < 1 || h.Characters < 1 || !utf8.ValidString(h.Excerpt) || utf8.RuneCountInString(h.Excerpt) > MaxExcerpt || strings.ContainsFunc(h.Excerpt, unicode.IsControl) {
			t.Errorf("fact %+v", h)
		}
	}
	for _, l := range v.Links {
		if !utf8.ValidString(l.Text) || len(l.Text) > maxLinkText || strings.ContainsAny(l.Text, "\n\r\x00") || len(l.Target) > maxTarget {
			t.Errorf("link %+v", l)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"<p>a<br>b</p>", "<blockquote>a<blockquote>b", "<table><tr><td>a<td>b", "<pre>\n a", "<p hidden>a<p>b", "<style>.a{display:none}</style>&amp;&#0;<b class=a>x</p>y", "<a b='c'>\x00\xff",
		"<svg><title><p>a</svg>b", "<a href=x>y<a href=z><img alt=b>", "<select><option><table><input>", "<b><i><p></b>x</i>", "<!--[if mso]><p>a<![endif]-->", "<head><noscript><p>a", "<form action=a><button formaction=b>c",
		"<style>a>b+c~d:not(.e,#f)[g^='h' i]:nth-child(2n+1){color:hsl(1turn 2% 3%/4)}</style><d>", "<body text=fff><font size=1 color=white>a", "<dialog><template><td>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, document string) {
		const limit = 1 << 16
		v := Read(document, limit)
		check(t, v, limit)
		if text, _ := Text(document, limit); text != v.Text {
			t.Errorf("Text gives %q, Read %q", text, v.Text)
		}
	})
}

func FuzzStyle(f *testing.F) {
	for _, s := range []string{
		".a{display:none}", "@media screen and (min-width:1em){b{color:red}}", "a{b:c;{d:e}f:g}", "@import 'x';a,b{margin:1px 2px;background:url(x) #fff}", `.\61 {clip-path:inset(50%)}`, "a{transform:matrix(1,0,0,1,-999,0)}",
		"<!-- a{} -->", "a{color:rgb(1 2 3 / 40%);font:0/0 a}", "a{b:}}}c{d", ":is(a,b):where(c){e:f}", "a{color:#12345;width:1e9px;opacity:-.5}", "a{filter:opacity(0);inset:-9e3px;scale:0 1}",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, style, inline string) {
		var s sheet
		s.budget = maxMatches
		s.parse(style)
		newTokens(inline).declarations()
		appliesToScreen(newTokens(style).rest())
		check(t, Read("<style>"+style+"</style><p class=a id=b><b style='"+inline+"'>x", 1000), 1000)
	})
}

func FuzzCharacters(f *testing.F) {
	for _, s := range []string{"a\u200bb", "🏴\U000E0067\U000E007F", "\U000E0041", "👩\u200d💻", "a\ufe0f\ufe0f", "\u202ex", "\ue000\u00ad", "\xff\u200d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := Clean(s)
		for _, h := range Characters(clean) {
			if h.Kind != PrivateUse {
				t.Errorf("%q is left with %+v", clean, h)
			}
		}
		if utf8.ValidString(s) && len(clean) > len(s) || !utf8.ValidString(clean) {
			t.Errorf("%q becomes %q", s, clean)
		}
		Characters(s)
	})
}
