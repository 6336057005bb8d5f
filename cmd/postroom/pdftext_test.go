package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// pdfOf writes a PDF with one page for each content stream.
func pdfOf(streams ...string) string {
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"}
	var kids []string
	for _, s := range streams {
		n := len(objects)
		kids = append(kids, fmt.Sprintf("%d 0 R", n+1))
		objects = append(objects, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", n+2),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(s), s))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
	file := "%PDF-1.4\n"
	var at []int
	for i, o := range objects {
		at = append(at, len(file))
		file += fmt.Sprintf("%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := len(file)
	file += fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range at {
		file += fmt.Sprintf("%010d 00000 n \n", offset)
	}
	return file + fmt.Sprintf("trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
}

func TestThePagesOfAPDFAreRead(t *testing.T) {
	text, err := readPDF([]byte(pdfOf("BT /F1 12 Tf (Invoice 42) Tj ET", "BT /F1 12 Tf (Total: 7) Tj ET")))
	if err != nil || text != "Invoice 42\n\nTotal: 7" {
		t.Errorf("read %q: %v", text, err)
	}
}

func TestAPDFThatIsNoneIsRefused(t *testing.T) {
	for _, file := range []string{"", "%PDF-1.4\n", "no PDF"} {
		if text, err := readPDF([]byte(file)); err == nil && text != "" {
			t.Errorf("%.20q gave %q", file, text)
		}
	}
}

// The library goes round for ever in a tree of pages that is a circle. The process is ended.
func TestTheProcessThatReadsAPDFIsBounded(t *testing.T) {
	c := exec.CommandContext(t.Context(), "postroom", "pdftext")
	c.Stdin = strings.NewReader(strings.Replace(pdfOf("x"), "/Kids [4 0 R]", "/Kids [2 0 R]", 1))
	if out, err := c.CombinedOutput(); err == nil {
		t.Errorf("it ended well: %s", out)
	}
	if used := c.ProcessState.UserTime() + c.ProcessState.SystemTime(); used > 2*maxPDFTime*time.Second {
		t.Errorf("it used %v of a processor", used)
	}
}

func TestAPDFThatIsTooLargeIsNotRead(t *testing.T) {
	c := exec.CommandContext(t.Context(), "postroom", "pdftext")
	c.Stdin = bytes.NewReader(make([]byte, maxPDF+1))
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "more than") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestTheTextOfAPDFEndsWhereItIsEnough(t *testing.T) {
	page := "BT /F1 12 Tf (" + strings.Repeat("1234\\344", 10_000) + ") Tj ET" // of Latin-1: two octets in UTF-8
	for _, first := range []string{"", "x"} {                                  // so that the cut is between characters, and within one
		var pages []string
		for range maxPDFText/60_000 + 1 {
			pages = append(pages, page)
		}
		text, err := readPDF([]byte(pdfOf(append([]string{"BT /F1 12 Tf (" + first + ") Tj ET"}, pages...)...)))
		if err != nil || len(text) > maxPDFText || len(text) < maxPDFText-1 || !utf8.ValidString(text) {
			t.Errorf("%d octets, UTF-8 %v, %v", len(text), utf8.ValidString(text), err)
		}
	}
}

func TestOnlySoManyPDFsAreReadAtOneTime(t *testing.T) {
	r := newPDFReader()
	for range pdfReaders {
		r <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.text(ctx, []byte(pdfOf("x"))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-r
	text, err := r.text(t.Context(), []byte(pdfOf("BT /F1 12 Tf (Invoice 42) Tj ET")))
	if err != nil || text != "Invoice 42" || len(r) != pdfReaders-1 {
		t.Errorf("%q, %v, %d places are taken", text, err, len(r))
	}
}
