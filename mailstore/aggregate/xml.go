package aggregate

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var (
	rootTag     = regexp.MustCompile(`(?i)[<:]feedback[\s/>]`)
	declaration = regexp.MustCompile(`(?i)^\s*<\?xml[^>]*\bencoding\s*=\s*["']([a-z0-9_.:-]+)["']`)
)

// looksLikeXML tells whether a document begins like a DMARC report.
func looksLikeXML(start []byte) bool {
	text := strings.ReplaceAll(string(start), "\x00", "") // UTF-16
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = strings.TrimPrefix(text, mark)
	}
	return strings.HasPrefix(strings.TrimSpace(text), "<") && rootTag.MatchString(text)
}

var errShape = errors.New("the document is no feedback")

// parseXML reads a DMARC report from a document. It refuses a document type, and with it every entity of its own.
func parseXML(r io.Reader) (Report, error) {
	input := &tokens{r: bufio.NewReader(asUTF8(r))}
	decoder := xml.NewDecoder(input)
	decoder.Strict = false // a bare & in a name
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	b := &builder{report: Report{Policy: Policy{DKIM: Relaxed, SPF: Relaxed, Percent: 100}}, known: map[string]string{}}
	for !b.done {
		input.read = 0
		token, err := decoder.Token()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return Report{}, invalid(err)
		}
		if err := b.take(token); err != nil {
			return Report{}, invalid(err)
		}
	}
	if b.report.Policy.Domain == "" {
		return Report{}, invalid(errors.New("the report names no domain"))
	}
	return b.report, nil
}

// invalid makes an error of a parser ErrInvalid, unless it is that something is too large.
func invalid(err error) error {
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	return ErrInvalid.Because(err)
}

// asUTF8 decodes a document: by its byte order mark, else as it declares, else as UTF-8. What is wrong in it becomes U+FFFD.
func asUTF8(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, maxSniffed)
	start, _ := b.Peek(maxSniffed)
	var from encoding.Encoding = unicode.UTF8
	if m := declaration.FindSubmatch(start); m != nil {
		if named, err := htmlindex.Get(string(m[1])); err == nil && isByOctets(named) {
			from = named
		}
	}
	return transform.NewReader(b, unicode.BOMOverride(from.NewDecoder()))
}

// isByOctets tells whether a declaration in ASCII can be in an encoding.
func isByOctets(e encoding.Encoding) bool {
	name, err := htmlindex.Name(e)
	return err == nil && name != "replacement" && !strings.HasPrefix(name, "utf-16")
}

// tokens hands octets to the XML decoder and bounds how many it may take for one piece of the document, so that what it keeps
// of a piece is bounded.
type tokens struct {
	r    *bufio.Reader
	read int // since the last piece
}

func (t *tokens) ReadByte() (byte, error) {
	if t.read++; t.read > maxToken {
		return 0, ErrTooLarge
	}
	return t.r.ReadByte()
}

// Read is never used by the decoder, which reads octet by octet.
func (t *tokens) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := t.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// builder makes a report of the pieces of a document. Elements are known by their own name and their parent's, in any case and
// of any namespace; those that are not known are passed over with all that is in them.
type builder struct {
	report Report
	row    Row
	path   []string // local names, lower case
	text   strings.Builder
	done   bool              // the root has ended
	known  map[string]string // one copy of each text
}

func (b *builder) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("the document has a document type")
	case xml.StartElement:
		return b.start(strings.ToLower(t.Name.Local))
	case xml.EndElement:
		return b.end()
	case xml.CharData:
		if room := 4*MaxText - b.text.Len(); room > 0 {
			b.text.Write(t[:min(len(t), room)])
		}
	}
	return nil
}

func (b *builder) start(name string) error {
	switch {
	case len(b.path) == 0 && name != "feedback":
		return errShape
	case len(b.path) == maxDepth:
		return errors.New("the document is nested too deeply")
	}
	b.path = append(b.path, name)
	b.text.Reset()
	switch b.place() {
	case "feedback/record":
		b.row = Row{DKIM: Fail, SPF: Fail}
	case "auth_results/dkim":
		b.row.DKIMResults = grow(b.row.DKIMResults)
	case "auth_results/spf":
		b.row.SPFResults = grow(b.row.SPFResults)
	case "policy_evaluated/reason":
		b.row.Reasons = grow(b.row.Reasons)
	}
	return nil
}

// grow adds an empty value, or clears the last one where there are as many as may be: what comes too late is written there and
// not kept apart, which loses no more than dropping it.
func grow[T any](list []T) []T {
	var empty T
	if len(list) > MaxResults {
		list[MaxResults] = empty
		return list
	}
	return append(list, empty)
}

// place is the innermost two elements: "row/count".
func (b *builder) place() string {
	n := len(b.path)
	if n < 2 {
		return ""
	}
	return b.path[n-2] + "/" + b.path[n-1]
}

func (b *builder) end() error {
	place := b.place()
	text := b.text.String()
	b.text.Reset()
	if len(b.path) == 0 {
		return errShape
	}
	b.path = b.path[:len(b.path)-1]
	b.done = len(b.path) == 0
	switch parent, _, _ := strings.Cut(place, "/"); parent {
	case "report_metadata", "date_range":
		b.metadata(place, text)
	case "policy_published":
		b.policy(place, text)
	case "row", "policy_evaluated", "reason", "identifiers":
		b.rowField(place, text)
	case "dkim", "spf":
		b.result(place, text)
	}
	if place == "feedback/record" {
		return b.endRow()
	}
	return nil
}

func (b *builder) endRow() error {
	if len(b.report.Rows) == MaxRows {
		return ErrTooLarge
	}
	r := &b.row
	r.Count = max(r.Count, 1)
	r.DKIMResults = kept(r.DKIMResults)
	r.SPFResults = kept(r.SPFResults)
	r.Reasons = kept(r.Reasons)
	b.report.Rows = append(b.report.Rows, *r)
	return nil
}

// kept gives the values that say something, at most MaxResults.
func kept[T comparable](list []T) []T {
	var empty T
	var out []T
	for _, v := range list[:min(len(list), MaxResults)] {
		if v != empty {
			out = append(out, v)
		}
	}
	return out
}

func (b *builder) metadata(place, text string) {
	r := &b.report
	switch place {
	case "report_metadata/org_name":
		r.Organization = line(text)
	case "report_metadata/email":
		r.Email = line(text)
	case "report_metadata/extra_contact_info":
		r.Contact = line(text)
	case "report_metadata/report_id":
		r.ID = line(text)
	case "report_metadata/generator":
		r.Generator = line(text)
	case "report_metadata/error":
		if text = line(text); text != "" && len(r.Errors) < MaxResults {
			r.Errors = append(r.Errors, text)
		}
	case "date_range/begin":
		r.Begin = moment(text)
	case "date_range/end":
		r.End = moment(text)
	}
}

func (b *builder) policy(place, text string) {
	p := &b.report.Policy
	switch place {
	case "policy_published/domain":
		p.Domain = domain(text)
	case "policy_published/adkim":
		p.DKIM = alignment(text)
	case "policy_published/aspf":
		p.SPF = alignment(text)
	case "policy_published/p":
		p.Action = disposition(text)
	case "policy_published/sp":
		p.Subdomains = disposition(text)
	case "policy_published/np":
		p.Absent = disposition(text)
	case "policy_published/pct":
		p.Percent = percent(text)
	case "policy_published/testing":
		p.Testing = word(text) == "y"
	case "policy_published/discovery_method":
		p.Discovery = b.once(word(text))
	}
}

func (b *builder) rowField(place, text string) {
	r := &b.row
	switch place {
	case "row/source_ip":
		r.Source = address(text)
	case "row/count":
		r.Count = count(text)
	case "policy_evaluated/disposition":
		r.Disposition = disposition(text)
	case "policy_evaluated/dkim":
		r.DKIM = verdict(text)
	case "policy_evaluated/spf":
		r.SPF = verdict(text)
	case "identifiers/header_from":
		r.HeaderFrom = b.once(domain(text))
	case "identifiers/envelope_from":
		r.EnvelopeFrom = b.once(domain(text))
	case "identifiers/envelope_to":
		r.EnvelopeTo = b.once(domain(text))
	case "reason/type":
		if n := len(r.Reasons); n > 0 {
			r.Reasons[n-1].Type = b.once(word(text))
		}
	case "reason/comment":
		if n := len(r.Reasons); n > 0 {
			r.Reasons[n-1].Comment = b.once(line(text))
		}
	}
}

// result fills in the last check that auth_results began.
func (b *builder) result(place, text string) {
	if n := len(b.path); n < 2 || b.path[n-2] != "auth_results" {
		return
	}
	if n := len(b.row.DKIMResults); n > 0 {
		d := &b.row.DKIMResults[n-1]
		switch place {
		case "dkim/domain":
			d.Domain = b.once(domain(text))
		case "dkim/selector":
			d.Selector = b.once(line(text))
		case "dkim/result":
			d.Result = result(text)
		}
	}
	if n := len(b.row.SPFResults); n > 0 {
		s := &b.row.SPFResults[n-1]
		switch place {
		case "spf/domain":
			s.Domain = b.once(domain(text))
		case "spf/scope":
			s.Scope = b.once(word(text))
		case "spf/result":
			s.Result = result(text)
		}
	}
}

// once gives one copy of equal texts, as the same domains stand in most rows.
func (b *builder) once(text string) string {
	if text == "" {
		return ""
	}
	if same, ok := b.known[text]; ok {
		return same
	}
	b.known[text] = text
	return text
}
