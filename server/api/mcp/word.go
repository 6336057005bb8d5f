package mcp

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a document: a zip may hold a thousand times its size.
const (
	maxWordXML   = 32 << 20 // octets that are unpacked
	maxWordToken = 4 << 20  // octets of one tag, or of one run of text: what is read is in memory
)

var (
	errNoWord    = errors.New("no word/document.xml in it")
	errLongToken = fmt.Errorf("a tag or a text of more than %d octets", maxWordToken)
)

// wordText is the text of a Word document (ECMA-376): its paragraphs, one on a line. What lies behind maxWordXML octets
// is left out.
func wordText(octets []byte) (string, error) {
	archive, err := zip.NewReader(bytes.NewReader(octets), int64(len(octets)))
	if err != nil {
		return "", fmt.Errorf("read zip: %w", err)
	}
	for _, f := range archive.File {
		if f.Name != "word/document.xml" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return "", fmt.Errorf("open document: %w", err)
		}
		defer r.Close()
		return paragraphs(io.LimitReader(r, maxWordXML))
	}
	return "", errNoWord
}

// paragraphs reads the text runs of WordprocessingML. Text enough ends it, and so does an end before its time. Which tag ends which
// is not looked at, so however deep they are nested, only one is in memory.
func paragraphs(r io.Reader) (string, error) {
	var b strings.Builder
	in := &tokenReader{Reader: bufio.NewReader(r)}
	d := xml.NewDecoder(in)
	inText := false
	for b.Len() <= maxAttachmentText {
		in.left = maxWordToken
		token, err := d.RawToken()
		if err != nil {
			if b.Len() > 0 || errors.Is(err, io.EOF) {
				break
			}
			return "", fmt.Errorf("read document: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				inText = true
			case "tab":
				b.WriteByte('\t')
			case "br", "cr":
				b.WriteByte('\n')
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				inText = false
			case "p":
				b.WriteByte('\n')
			}
		case xml.CharData:
			if inText {
				b.Write(t)
			}
		}
	}
	return strings.TrimSpace(b.String()), nil
}

// tokenReader gives as many octets as are left for the token that is being read.
type tokenReader struct {
	*bufio.Reader
	left int
}

// ReadByte is io.ByteReader's, by which a decoder reads.
func (t *tokenReader) ReadByte() (byte, error) {
	if t.left == 0 {
		return 0, errLongToken
	}
	t.left--
	return t.Reader.ReadByte()
}
