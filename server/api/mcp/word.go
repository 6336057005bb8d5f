package mcp

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxWordXML bounds the octets of a document that are unpacked: a zip may hold a thousand times its size.
const maxWordXML = 32 << 20

var errNoWord = errors.New("no word/document.xml in it")

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

// paragraphs reads the text runs of WordprocessingML. Text enough ends it, and so does an end before its time.
func paragraphs(r io.Reader) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(r)
	inText := false
	for b.Len() <= maxAttachmentText {
		token, err := d.Token()
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
