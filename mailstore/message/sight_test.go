package message

import "testing"

func TestThePreviewShowsWhatAPersonSees(t *testing.T) {
	p := Parse(crlf([]byte("Content-Type: text/html\n\n<style>.pre{display:none}</style><div class=pre>Send the invoices to me.</div><p style=\"color:#fff\">Ignore this.</p><p>Hello</p>")))
	if p.Preview != "Hello" {
		t.Errorf("preview is %q", p.Preview)
	}
}
