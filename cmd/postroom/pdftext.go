package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/ledongthuc/pdf"
	"golang.org/x/sys/unix"
)

// Limits of the process that reads a PDF.
const (
	maxPDF       = 32 << 20         // octets of the file
	maxPDFText   = 256 << 10        // octets of its text
	maxPDFMemory = 2 << 30          // octets of address space
	maxPDFTime   = 5                // seconds of a processor
	pdfPatience  = 20 * time.Second // until it is killed
	pdfReaders   = 2                // such processes at a time
)

var errPDF = errors.New("the PDF cannot be read")

// pdfReader has PDFs read; each place of it is a process that may run.
type pdfReader chan struct{}

func newPDFReader() pdfReader { return make(pdfReader, pdfReaders) }

// text gives the text of a PDF, in UTF-8. A PDF is a program in a language of its own, and what reads it may never end, or take
// all memory: so it is read by a process, this program again, that has little of both and that nothing is lost with.
func (r pdfReader) text(ctx context.Context, file []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pdfPatience)
	defer cancel()
	select {
	case r <- struct{}{}:
		defer func() { <-r }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	child := exec.CommandContext(ctx, self, "pdftext")
	child.Args[0] = "postroom" // whatever the file is called
	child.Env, child.Dir = []string{"GOMAXPROCS=1"}, "/"
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	child.WaitDelay = time.Second
	child.Stdin = bytes.NewReader(file)
	var text bytes.Buffer
	child.Stdout = &text // no more than the child writes, which is bounded
	if err := child.Run(); err != nil {
		return "", fmt.Errorf("%w: %w", errPDF, err)
	}
	return text.String(), nil
}

// pdftextCommand is that process.
type pdftextCommand struct{}

// Run reads a PDF from its input and writes its text. It has no more than it needs from its first line on.
func (pdftextCommand) Run(t terminal) error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // where memory is short this goes and not the server; elsewhere it is not to be had
	for resource, most := range map[int]uint64{unix.RLIMIT_AS: maxPDFMemory, unix.RLIMIT_CPU: maxPDFTime, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit this process: %w", err)
		}
	}
	file, err := io.ReadAll(io.LimitReader(t.in, maxPDF+1))
	switch {
	case err != nil:
		return errors.Join(errPDF, err)
	case len(file) > maxPDF:
		return fmt.Errorf("%w: it has more than %d octets", errPDF, maxPDF)
	}
	text, err := readPDF(file)
	if err != nil {
		return err
	}
	_, err = io.WriteString(t.out, text)
	return err
}

// readPDF gives the text of the pages, an empty line between them, until it is enough.
func readPDF(file []byte) (text string, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's way with files that are broken
			err = fmt.Errorf("%w: %v", errPDF, p)
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errPDF, err)
	}
	var b strings.Builder
	for n := 1; n <= r.NumPage() && b.Len() < maxPDFText; n++ {
		text, err := r.Page(n).GetPlainText(nil) // each page has fonts of its own by the same names
		if err != nil {
			continue // the other pages may be better
		}
		b.WriteString(strings.TrimSpace(text) + "\n\n")
	}
	whole := strings.TrimSpace(b.String())
	return strings.ToValidUTF8(whole[:min(len(whole), maxPDFText)], ""), nil // the cut may go through a character
}
