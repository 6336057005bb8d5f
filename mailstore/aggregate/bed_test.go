package aggregate

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/message"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// zipped makes an archive of files: names and contents in turn.
func zipped(files ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, _ := w.Create(files[i])
		f.Write([]byte(files[i+1]))
	}
	w.Close()
	return b.Bytes()
}

// part is the header and the content of a part.
type part struct {
	header  string // lines without the encoding
	content []byte
}

// mail makes a message of parts, with a text before them as reporters write it.
func mail(parts ...part) []byte {
	var b strings.Builder
	b.WriteString("From: noreply@reporter.example\r\nTo: dmarc@example.com\r\nSubject: Report Domain: example.com Submitter: reporter.example Report-ID: <1>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThis is a <feedback> report.\r\n")
	for _, p := range parts {
		b.WriteString("--b\r\n" + p.header + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(p.content))
	}
	b.WriteString("--b--\r\n")
	return []byte(b.String())
}

// bare makes a message that is nothing but its one part.
func bare(p part) []byte {
	return []byte("From: noreply@reporter.example\r\nSubject: Report\r\nMIME-Version: 1.0\r\n" + p.header + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(p.content))
}

func wrapped(content []byte) string {
	text := base64.StdEncoding.EncodeToString(content)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text + "\r\n"
}

func read(raw []byte) (Report, error) {
	return Read(bytes.NewReader(raw), message.Parse(raw).Structure)
}

func readTLS(raw []byte) (TLSReport, error) {
	return ReadTLS(bytes.NewReader(raw), message.Parse(raw).Structure)
}

func parse(document string) (Report, error) { return parseXML(strings.NewReader(document)) }
