package mcp

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

// repeated is so many octets of one text again and again, and then the last one. At its end it calls back.
type repeated struct {
	text string
	left int
	end  func()
}

func (r *repeated) Read(b []byte) (n int, err error) {
	if r.left < len(r.text) {
		r.end()
		return 0, io.EOF
	}
	for len(b)-n >= len(r.text) && r.left >= len(r.text) {
		n += copy(b[n:], r.text)
		r.left -= len(r.text)
	}
	return n, nil
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A tag of a few octets that is packed a thousand to one would cost twenty times as much if each that is open were remembered.
func TestADocumentOfNestedTagsIsReadInLittleMemory(t *testing.T) {
	before, at := heap(), uint64(0)
	text, err := paragraphs(io.MultiReader(strings.NewReader("<p><t>Hello</t></p>"), &repeated{"<a>", 8 << 20, func() { at = heap() }}))
	if text != "Hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if at > before+8<<20 {
		t.Errorf("the heap has grown by %d octets", at-before)
	}
}

func TestATagThatNeverEndsIsNotReadToItsEnd(t *testing.T) {
	in := &repeated{` a=""`, maxWordXML, func() { t.Error("all of it was read") }}
	text, err := paragraphs(io.MultiReader(strings.NewReader("<p"), in))
	if text != "" || !errors.Is(err, errLongToken) {
		t.Errorf("%q, %v", text, err)
	}
	if read := maxWordXML - in.left; read > maxWordToken+64<<10 {
		t.Errorf("%d octets were read", read)
	}
}
