package sight

import (
	"fmt"
	"strings"
	"testing"
)

// newsletter is a document of about 50 KB as mail programs for newsletters write them.
func newsletter() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8"><title>News</title><!--[if mso]><style>table{border-collapse:collapse}</style><![endif]--><style type="text/css">`)
	for i := range 60 {
		fmt.Fprintf(&b, "#outlook a{padding:0} .col-%d, td.w%d > table .x{width:%dpx;max-width:100%%;color:#%06x} ", i, i, i*10, i*1111)
	}
	b.WriteString(`@media only screen and (max-width:600px){.full{width:100%!important}.hide{display:none!important}}</style></head><body style="margin:0;padding:0;background-color:#f4f4f4">
<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden">See what is new this week&#847;&zwnj;&nbsp;&#8199;&shy;</div><table width="100%" cellpadding="0" cellspacing="0">`)
	for i := 0; b.Len() < 50_000; i++ {
		fmt.Fprintf(&b, `<tr><td class="w%d full" align="center" bgcolor="#ffffff" style="padding:20px 30px;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;color:#333333">
<table class="x" role="presentation" border="0"><tr><td><h2 style="margin:0 0 10px;font-size:22px;color:#111">Story number %d</h2><p style="margin:0 0 16px">Some words about <b>the story</b>, which goes on for a while and has an <a href="https://click.news.example/t/%d?u=abc" style="color:#0066cc;text-decoration:underline">anchor</a> in it. Größe &amp; co.</p>
<a class="col-%d" href="https://click.news.example/r/%d" style="background:#0066cc;color:#ffffff;display:inline-block;padding:12px 24px"><img src="https://img.news.example/%d.png" alt="Read" width="200"> Read more</a></td></tr></table></td></tr>`, i%60, i, i, i%60, i, i)
	}
	b.WriteString(`</table></body></html>`)
	return b.String()
}

func BenchmarkReadNewsletter(b *testing.B) {
	document := newsletter()
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		Read(document, 1<<20)
	}
}

func BenchmarkTextOfNewsletter(b *testing.B) {
	document := newsletter()
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		Text(document, 1<<20)
	}
}

// What is done at delivery: the first words.
func BenchmarkPreviewOfNewsletter(b *testing.B) {
	document := newsletter()
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		Text(document, 1600)
	}
}
