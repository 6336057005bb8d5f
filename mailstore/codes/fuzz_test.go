package codes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzFind(f *testing.F) {
	for _, s := range [][3]string{
		{"Your code is 123456", "Your verification code:\n\n1 2 3 4 5 6\n\n@a.example #123456", "<p>code <b>AB12-CD34</b> expires</p><a href='https://a.example/verify?token=ab12cd34'>Verify</a>"},
		{"Re: x", "> code 123456", "<blockquote><a href=\"http://a\">"}, {"认证", "验证码：１２３４５６，5分钟", "\ue000\ue001<a href=https://a.example/#/reset/abc12345xyz>重置密码</a>"},
		{"رمز التحقق", "٤٨٢٩١٣", "<a href='HTTPS://x.example/?k=12'><img alt='confirm'>"}, {"", "(0495) 555 (http://a.example/(x)).", "<a href=''><a href='http://%zz'>verify"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, subject, text, html string) {
		found := Find(subject, text, html)
		if len(found.Codes) > MaxCodes || len(found.Links) > MaxLinks {
			t.Errorf("%d codes, %d links", len(found.Codes), len(found.Links))
		}
		for _, c := range found.Codes {
			if len(c.Value) < minDigits || len(c.Value) > maxDashed+maxGroups || strings.ContainsFunc(c.Value, func(r rune) bool { return r != '-' && !isWordRune(r) || r > 0x7f }) || c.Rule == "" || c.Place == "" ||
				!utf8.ValidString(c.Excerpt) || utf8.RuneCountInString(c.Excerpt) > MaxExcerpt {
				t.Errorf("%+v", c)
			}
		}
		for _, l := range found.Links {
			if lower := strings.ToLower(l.URL); !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") || len(l.URL) > MaxURL || l.Kind == "" || l.Rule == "" || utf8.RuneCountInString(l.Text) > MaxExcerpt {
				t.Errorf("%+v", l)
			}
		}
	})
}

// hostile are texts that repeat what the rules look for.
var hostile = []string{
	"verification code 123456 ", "verification code", "123456\n", "1 ", "1\n", "a.", "x@", "http://", "https://a.example/verify?token=ab12cd34 ", "))))(", "code: ", "\n\n", "> ", "éé̈", "验证码",
	"<a href=https://a.example/verify?token=ab12cd34>verify", "<blockquote>", "<b>1</b>", "order number 1234567 ", "(123) ", "AB12-", "'", "www.", ":", "expires ", "\u200f1",
}

func TestHostileTextsGiveBoundedResults(t *testing.T) {
	for _, s := range hostile {
		long := strings.Repeat(s, MaxDocument/len(s))
		found := Find(long, long, long)
		if len(found.Codes) > MaxCodes || len(found.Links) > MaxLinks {
			t.Errorf("%q: %d codes, %d links", s, len(found.Codes), len(found.Links))
		}
	}
}

// The time for each octet must not grow with the text: compare the two.
func BenchmarkHostileText(b *testing.B) {
	for name, size := range map[string]int{"8K": 8 << 10, "64K": 64 << 10} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size * len(hostile)))
			for b.Loop() {
				for _, s := range hostile {
					Find("", strings.Repeat(s, size/len(s)), "")
				}
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	files, err := filepath.Glob("testdata/tune/*.eml")
	if err != nil || len(files) == 0 {
		b.Fatal("no messages", err)
	}
	var octets int64
	type input struct{ subject, text, html string }
	var inputs []input
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		subject, body := read(raw)
		inputs = append(inputs, input{subject, body.Text, body.HTML})
		octets += int64(len(body.Text) + len(body.HTML))
	}
	b.SetBytes(octets)
	for b.Loop() {
		for _, in := range inputs {
			Find(in.subject, in.text, in.html)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(inputs)), "µs/message")
}
