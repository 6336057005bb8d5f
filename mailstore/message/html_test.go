package message

import (
	"strings"
	"testing"
)

func TestTextOfHTML(t *testing.T) {
	for _, tc := range []struct{ name, html, want string }{
		{"paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo"},
		{"white space", "  one \r\n\t two  <b>three</b>four ", "one two threefour"},
		{"breaks", "one<br>two<br/><br>three", "one\ntwo\n\nthree"},
		{"Gmail's blank lines", "<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"},
		{"divs within divs", "<div><div>one</div></div><div>two</div>", "one\ntwo"},
		{"list", "<ul><li>one</li><li><p>two</p></li></ul>after", "- one\n\n- two\n\nafter"},
		{"table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		{"quote", "new<blockquote>old<p>older</blockquote>end", "new\n> old\n>\n> older\nend"},
		{"nested quotes", "<blockquote>a<blockquote>b</blockquote>c</blockquote>", "> a\n> > b\n> c"},
		{"entities", "a &amp; b &lt;c&gt; &eacute;&#8364;&nbsp;d &bogus;", "a & b <c> é€ d &bogus;"},
		{"not shown", "<head><title>t</title><style>p{}</style></head><body>a<script>b</script><!-- c -->d", "ad"},
		{"hidden", `a<div style="Display : none">b<div>c</div></div><span hidden>d</span>e`, "ae"},
		{"hidden paragraph that is not closed", `<p style="display:none">a<p>b`, "b"},
		{"hidden void element", `<img style="display:none">a`, "a"},
		{"preformatted", "<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\nd"},
		{"link", `<a href="https://example.com">here</a>`, "here"},
		{"head that is not closed", "<head><title>t</title><body>a", "a"},
		{"fillers", "a\u200b\u00ad&#847; &zwnj;&nbsp;&zwnj; b", "a b"},
		{"joiners in words stay", "می\u200cخواهم", "می\u200cخواهم"},
		{"broken", "<p<b>a</i></p></div><a", "a"},
		{"not HTML", "1 < 2 & 3", "1 < 2 & 3"},
		{"controls", "a\x00b&#0;c&#7;", "ab\uFFFDc"},
		{"nothing", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := TextOf(tc.html); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestHostileHTMLEnds(t *testing.T) {
	for _, unit := range []string{"<blockquote>a ", "<div>", "<p>a", "<a b", "<", "&", "<!--", "<table><tr><td>", "<p hidden>", "<pre>\n", "a\u0300", "<li>", "\xff"} {
		if text := TextOf(strings.Repeat(unit, 1<<20/len(unit))); len(text) > maxText {
			t.Errorf("%q gives %d octets", unit, len(text))
		}
	}
}
