package aggregate

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/postroom/postroom/mailstore/message"
)

// Read finds the DMARC report in a message whose tree is root, and reads it: a part that is XML, or gzip or an archive with XML
// in it. Messages within the message are not looked at. If several parts are reports, the first that can be read counts.
func Read(raw io.ReaderAt, root *message.Part) (Report, error) {
	return find(newSearch(raw, MaxUnpacked), root, looksLikeXML, parseXML)
}

// ReadTLS finds and reads the TLS report in a message, in the same way.
func ReadTLS(raw io.ReaderAt, root *message.Part) (TLSReport, error) {
	return find(newSearch(raw, MaxUnpacked), root, looksLikeJSON, parseJSON)
}

// find tries each part that may be a report. Of failures it gives the first.
func find[R any](s *search, root *message.Part, looks func([]byte) bool, parse func(io.Reader) (R, error)) (R, error) {
	var report R
	result := error(ErrNone)
	for _, part := range leaves(root, nil) {
		err := s.open(part, func(r io.Reader) (err error) {
			b := bufio.NewReaderSize(r, maxSniffed)
			start, err := b.Peek(maxSniffed)
			if !looks(start) {
				if err != nil && err != io.EOF {
					return err
				}
				return ErrNone
			}
			if report, err = parse(b); err != nil {
				return err
			}
			return checksum(b)
		})
		switch {
		case err == nil:
			return report, nil
		case errors.Is(result, ErrNone):
			result = err
		}
		if errors.Is(err, ErrTooLarge) || s.raw.err != nil {
			break
		}
	}
	var none R
	return none, result
}

// checksum reads to the end of what is packed, where its checksum is. Other failures do not matter behind a whole report: some
// reporters write more there, or too little.
func checksum(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, zip.ErrChecksum) {
		return ErrInvalid.Because(err)
	}
	return nil
}

// leaves lists the parts without parts of their own, at most maxParts. A message within the message is none.
func leaves(p *message.Part, list []*message.Part) []*message.Part {
	if p.Type == "message" || len(list) == maxParts {
		return list
	}
	if p.Type != "multipart" {
		return append(list, p)
	}
	for _, child := range p.Parts {
		list = leaves(child, list)
	}
	return list
}

// search reads the parts of one message.
type search struct {
	raw  *source
	left int64 // octets that may still be unpacked
}

func newSearch(raw io.ReaderAt, unpacked int64) *search {
	return &search{raw: &source{ReaderAt: raw}, left: unpacked}
}

// open gives a part's content to read, unpacked: each file of it until one is read without failure.
func (s *search) open(part *message.Part, read func(io.Reader) error) error {
	content := bufio.NewReader(message.Decode(s.raw, part))
	start, err := content.Peek(4)
	if err != nil && err != io.EOF {
		return s.damaged(err)
	}
	packed := &limited{r: content, left: MaxPacked}
	switch {
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return s.damaged(err)
		}
		return s.damaged(read(s.limit(unpacked, part.End-part.Body)))
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return s.openArchive(packed, read)
	}
	return s.damaged(read(s.limit(content, MaxUnpacked)))
}

// openArchive reads the files of a zip archive. An archive within it is no report.
func (s *search) openArchive(packed io.Reader, read func(io.Reader) error) error {
	data, err := io.ReadAll(packed)
	if err != nil {
		return s.damaged(err)
	}
	if bytes.Count(data, []byte("PK\x01\x02")) > maxMembers { // before the library makes something of each
		return ErrTooLarge
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return s.damaged(err)
	}
	result := error(ErrNone)
	for _, file := range archive.File {
		err := s.openFile(file, read)
		if err == nil || errors.Is(err, ErrTooLarge) {
			return err
		}
		if errors.Is(result, ErrNone) {
			result = err
		}
	}
	return result
}

func (s *search) openFile(file *zip.File, read func(io.Reader) error) error {
	if file.FileInfo().IsDir() {
		return ErrNone
	}
	content, err := file.Open()
	if err != nil {
		return s.damaged(err)
	}
	defer content.Close()
	return s.damaged(read(s.limit(content, int64(min(file.CompressedSize64, MaxPacked)))))
}

// limit bounds what is unpacked from packed octets, and what is unpacked of the message.
func (s *search) limit(r io.Reader, packed int64) io.Reader {
	return &limited{r: &limited{r: r, left: max(freeRatio, maxRatio*packed)}, shared: &s.left}
}

// limited fails with ErrTooLarge where more is read than it allows.
type limited struct {
	r      io.Reader
	left   int64
	shared *int64 // counts instead of left, if it is set
}

func (l *limited) Read(p []byte) (int, error) {
	left := &l.left
	if l.shared != nil {
		left = l.shared
	}
	if *left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > *left+1 {
		p = p[:*left+1]
	}
	n, err := l.r.Read(p)
	if *left -= int64(n); *left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

// damaged makes what unpackers and parsers say about bad data ErrInvalid. A failure of ours stays, and so does one to read the
// message.
func (s *search) damaged(err error) error {
	switch {
	case s.raw.err != nil:
		return s.raw.err
	case err == nil, errors.Is(err, ErrNone), errors.Is(err, ErrTooLarge), errors.Is(err, ErrInvalid):
		return err
	}
	return ErrInvalid.Because(err)
}

// source is the message, which remembers why it could not be read.
type source struct {
	io.ReaderAt
	err error
}

func (s *source) ReadAt(p []byte, at int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, at)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
