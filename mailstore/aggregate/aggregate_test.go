package aggregate

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/message"
)

var (
	dayBegin = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	dayEnd   = time.Date(2026, 11, 23, 23, 59, 59, 0, time.UTC)
	nextDay  = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
)

// TestReportsOfTheirFormsAreRead compares the forms that large reporters write, old and new, with what a person reads in them.
func TestReportsOfTheirFormsAreRead(t *testing.T) {
	for name, want := range map[string]Report{
		"google.xml": {
			Organization: "google.com", Email: "noreply-dmarc-support@google.com", Contact: "https://support.google.com/a/answer/2466580", ID: "1234567890123456789",
			Begin: dayBegin, End: dayEnd,
			Policy: Policy{Domain: "example.com", DKIM: Relaxed, SPF: Strict, Action: Quarantine, Subdomains: Reject, Absent: Reject, Percent: 50},
			Rows: []Row{
				{Source: netip.MustParseAddr("192.0.2.10"), Count: 12, Disposition: NoAction, DKIM: Pass, SPF: Fail, HeaderFrom: "example.com",
					DKIMResults: []DKIMResult{{"example.com", "pr1", Pass}, {"esp.example", "s1", Fail}}, SPFResults: []SPFResult{{"bounce.esp.example", "", Pass}}},
				{Source: netip.MustParseAddr("2001:db8::25"), Count: 3, Disposition: NoAction, DKIM: Fail, SPF: Fail, HeaderFrom: "example.com",
					Reasons: []Reason{{"local_policy", "arc=pass"}}, SPFResults: []SPFResult{{"list.example", "", SoftFail}}},
			},
		},
		"microsoft.xml": {
			Organization: "Enterprise Outlook", Email: "dmarcreport@microsoft.com", ID: "0123456789abcdef0123456789abcdef", Begin: dayBegin, End: nextDay,
			Policy: Policy{Domain: "example.com", DKIM: Relaxed, SPF: Relaxed, Action: NoAction, Subdomains: NoAction, Percent: 100},
			Rows: []Row{{Source: netip.MustParseAddr("203.0.113.7"), Count: 4, Disposition: NoAction, DKIM: Fail, SPF: Pass, HeaderFrom: "example.com", EnvelopeFrom: "example.com",
				EnvelopeTo: "recipient.example", DKIMResults: []DKIMResult{{"example.com", "pr1", PermError}}, SPFResults: []SPFResult{{"example.com", "mfrom", Pass}}}},
		},
		"old.xml": {
			Organization: "Café € & Co", Email: "postmaster@aol.example", ID: "example.com_1795478400", Begin: dayBegin, End: nextDay,
			Policy: Policy{Domain: "example.com", DKIM: Strict, SPF: Relaxed, Action: Reject, Percent: 100},
			Rows: []Row{{Source: netip.MustParseAddr("198.51.100.1"), Count: 2, Disposition: Reject, DKIM: Fail, SPF: Fail, HeaderFrom: "news.example.com",
				Reasons: []Reason{{"sampled_out", ""}, {"other", "two lines of it"}}, SPFResults: []SPFResult{{"news.example.com", "helo", Fail}, {"example.com", "", PermError}}}},
		},
		"rfc9990.xml": {
			Organization: "Reporter", Email: "dmarc@reporter.example", ID: "r-1", Begin: dayBegin, End: dayEnd, Errors: []string{"two records were found"}, Generator: "Reporter 2.0",
			Policy: Policy{Domain: "example.com", DKIM: Relaxed, SPF: Relaxed, Action: Reject, Subdomains: Quarantine, Absent: NoAction, Percent: 100, Testing: true, Discovery: "treewalk"},
			Rows: []Row{{Source: netip.MustParseAddr("192.0.2.10"), Count: 7, Disposition: Passed, DKIM: Pass, SPF: Pass, HeaderFrom: "example.com", EnvelopeFrom: "example.com",
				Reasons: []Reason{{"policy_test_mode", ""}}, DKIMResults: []DKIMResult{{"example.com", "pr1", Pass}}, SPFResults: []SPFResult{{"example.com", "mfrom", Pass}}}},
		},
		"bare.xml": {
			Policy: Policy{Domain: "example.com", DKIM: Relaxed, SPF: Relaxed, Percent: 100},
			Rows:   []Row{{Count: 1, DKIM: Fail, SPF: Fail}, {Count: 1, DKIM: Fail, SPF: Fail}},
		},
	} {
		got, err := read(mail(part{"Content-Type: application/xml", sample(t, name)}))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v\n%+v\nnot\n%+v", name, err, got, want)
		}
	}
}

func TestAReportIsFoundHoweverItIsPacked(t *testing.T) {
	document := sample(t, "google.xml")
	text := string(document)
	const octets = "Content-Type: application/octet-stream; name=report"
	for name, raw := range map[string][]byte{
		"gzip":                 mail(part{"Content-Type: application/gzip; name=\"google.com!example.com!1795392000!1795478399.xml.gz\"\r\nContent-Disposition: attachment", gzipped(document)}),
		"zip":                  mail(part{"Content-Type: application/zip", zipped("google.com!example.com!1795392000!1795478399.xml", text)}),
		"gzip called zip":      mail(part{"Content-Type: application/zip; name=report.zip", gzipped(document)}),
		"zip called gzip":      mail(part{"Content-Type: application/gzip", zipped("a.xml", text)}),
		"zip of any type":      mail(part{octets, zipped("report", text)}),
		"XML of any type":      mail(part{octets, document}),
		"XML as text":          mail(part{"Content-Type: text/xml; charset=us-ascii", document}),
		"XML as plain text":    mail(part{"Content-Type: text/plain", document}),
		"nothing but gzip":     bare(part{"Content-Type: application/gzip", gzipped(document)}),
		"nothing but zip":      bare(part{"Content-Type: application/x-zip-compressed", zipped("a.xml", text)}),
		"second file":          mail(part{octets, zipped("__MACOSX/._a.xml", "\x00\x05\x16\x07", "dir/", "", "readme.txt", "see <feedback>", "a.xml", text)}),
		"second part":          mail(part{"Content-Type: image/png", []byte("\x89PNG")}, part{octets, []byte("PK\x03\x04 none")}, part{octets, gzipped(document)}),
		"two gzips in a row":   mail(part{octets, append(gzipped(document[:500]), gzipped(document[500:])...)}),
		"octets after it":      mail(part{octets, append(gzipped(document), "junk"...)}),
		"byte order mark":      mail(part{octets, append([]byte("\xef\xbb\xbf\r\n"), document...)}),
		"text after the root":  mail(part{octets, append(bytes.Clone(document), "<<<"...)}),
		"UTF-16":               mail(part{octets, utf16(strings.Replace(text, "UTF-8", "UTF-16", 1))}),
		"comment and CDATA":    mail(part{octets, []byte(strings.Replace(text, "<domain>example.com", "<!-- a --><domain><![CDATA[example]]><!-- b -->.com", 1))}),
		"wrong octets in text": mail(part{octets, []byte(strings.Replace(text, "arc=pass", "arc=pass\xff\xfe", 1))}),
	} {
		r, err := read(raw)
		if err != nil || r.Organization != "google.com" || len(r.Rows) != 2 || r.Policy.Domain != "example.com" {
			t.Errorf("%s: %v %+v", name, err, r)
		}
	}
}

func utf16(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return b
}

func TestWhatIsNoReportIsTold(t *testing.T) {
	document := sample(t, "google.xml")
	text := string(document)
	const octets = "Content-Type: application/octet-stream"
	nested := mail(part{"Content-Type: application/xml", document})
	for name, raw := range map[string][]byte{
		"an empty message":    {},
		"only text":           mail(),
		"another attachment":  mail(part{octets, []byte("%PDF-1.7")}),
		"other XML":           mail(part{octets, []byte("<?xml version='1.0'?><invoice>feedback</invoice>")}),
		"HTML":                mail(part{"Content-Type: text/html", []byte("<html><p>your feedback</html>")}),
		"a forwarded report":  []byte("Content-Type: message/rfc822\r\n\r\n" + string(nested)),
		"an archive in it":    mail(part{octets, zipped("a.zip", string(zipped("a.xml", text)))}),
		"gzip in gzip":        mail(part{octets, gzipped(gzipped(document))}),
		"a TLS report":        mail(part{octets, gzipped(sample(t, "tls.json"))}),
		"an empty archive":    mail(part{octets, zipped()}),
		"an empty attachment": mail(part{octets, nil}),
	} {
		if r, err := read(raw); !errors.Is(err, ErrNone) || r.Policy.Domain != "" {
			t.Errorf("%s: %v %+v", name, err, r)
		}
	}
	cut := func(data []byte, n int) []byte { return data[:n] }
	flipped := gzipped(document)
	flipped[len(flipped)/2] ^= 0xff
	for name, raw := range map[string][]byte{
		"XML cut off":         mail(part{octets, cut(document, 1500)}),
		"gzip cut off":        mail(part{octets, cut(gzipped(document), 300)}),
		"gzip header alone":   mail(part{octets, cut(gzipped(document), 8)}),
		"gzip damaged":        mail(part{octets, flipped}),
		"zip cut off":         mail(part{octets, cut(zipped("a.xml", text), 300)}),
		"zip of no method":    mail(part{octets, bytes.ReplaceAll(zipped("a.xml", text), []byte{8, 0, 8, 0}, []byte{8, 0, 99, 0})}),
		"no domain":           mail(part{octets, []byte("<feedback><record/></feedback>")}),
		"tags that cross":     mail(part{octets, []byte("<feedback></a></feedback>")}),
		"a control character": mail(part{octets, []byte(strings.Replace(text, "arc", "\x00", 1))}),
		"nested too deeply":   mail(part{octets, []byte("<feedback>" + strings.Repeat("<a>", 1000))}),
		"a document type":     mail(part{octets, []byte("<!DOCTYPE feedback>" + text)}),
		"entities that grow":  mail(part{octets, []byte(`<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + strings.Replace(text, "arc=pass", "&b;&b;", 1))}),
		"a file's entity":     mail(part{octets, []byte(`<!DOCTYPE feedback [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + text)}),
	} {
		if r, err := read(raw); !errors.Is(err, ErrInvalid) || r.Policy.Domain != "" {
			t.Errorf("%s: %v %+v", name, err, r)
		}
	}
}

func TestAnEntityOfItsOwnStaysAsItIsWritten(t *testing.T) {
	r, err := parse("<feedback><report_metadata><org_name>a &b; &amp; &#x21;</org_name></report_metadata><policy_published><domain>x.example</domain></policy_published></feedback>")
	if err != nil || r.Organization != "a &b; & !" {
		t.Errorf("%v %q", err, r.Organization)
	}
}

// TestBombsAreRefused: what is small as it comes and large as it is kept ends at a bound.
func TestBombsAreRefused(t *testing.T) {
	begin := "<feedback><policy_published><domain>x.example</domain></policy_published>"
	spaces := begin + strings.Repeat("<a/>"+strings.Repeat(" ", 1000), 4<<10) // 4 MiB
	manyFiles := make([]string, 0, 200)
	for range 100 {
		manyFiles = append(manyFiles, "a.xml", "x")
	}
	for name, content := range map[string][]byte{
		"gzip of spaces":     gzipped([]byte(spaces)),
		"zip of spaces":      zipped("a.xml", spaces),
		"zip of many files":  zipped(manyFiles...),
		"a ratio":            gzipped([]byte(begin + strings.Repeat("<a/>", 1<<19))),
		"a ratio in a zip":   zipped("a.xml", begin+strings.Repeat("<a/>", 1<<19), "b.xml", begin),
		"a million rows":     gzipped([]byte(begin + strings.Repeat("<record/>", 1_000_000))),
		"a long text":        []byte(begin + "<a>" + strings.Repeat("x", maxToken+1)),
		"a long comment":     []byte(begin + "<!--" + strings.Repeat("<", maxToken+1)),
		"many attributes":    []byte(begin + "<a " + strings.Repeat(`a="" `, maxToken)),
		"a large attachment": append([]byte("PK\x03\x04"), make([]byte, MaxPacked)...),
	} {
		if r, err := readContent(content); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v %+v", name, err, r.Policy)
		}
	}
	large := []byte(begin + strings.Repeat("<a/>", 1<<10))
	if _, err := find(newSearch(bytes.NewReader(large), 4<<10), octets(large), looksLikeXML, parseXML); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large document: %v", err)
	}
	if r, err := parse(begin + strings.Repeat("<record/>", MaxRows) + "</feedback>"); err != nil || len(r.Rows) != MaxRows {
		t.Errorf("the most rows that may be: %v %d", err, len(r.Rows))
	}
}

// readContent reads a message that is nothing but octets.
func readContent(content []byte) (Report, error) {
	return Read(bytes.NewReader(content), octets(content))
}

func octets(content []byte) *message.Part {
	return &message.Part{Type: "application", Subtype: "octet-stream", Encoding: "binary", End: int64(len(content))}
}

// randomOctets do not compress, and are the same each time.
func randomOctets(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func TestManyPartsShareOneBound(t *testing.T) {
	spoilt := gzipped([]byte("<feedback>" + hex.EncodeToString(randomOctets(15_000)) + "<record>")) // 30 KB, cut off
	root := &message.Part{Type: "multipart", Subtype: "mixed"}
	for range 6 {
		root.Parts = append(root.Parts, octets(spoilt))
	}
	if _, err := find(newSearch(bytes.NewReader(spoilt), 100_000), root, looksLikeXML, parseXML); !errors.Is(err, ErrInvalid) {
		t.Errorf("six reports that are cut off: %v", err)
	}
	s := newSearch(bytes.NewReader(spoilt), 100_000)
	for i, p := range root.Parts {
		err := s.open(p, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err })
		if errors.Is(err, ErrTooLarge) != (i >= 3) {
			t.Errorf("part %d: %v", i, err)
		}
	}
}

func TestWhatIsTooMuchOfARowIsDropped(t *testing.T) {
	r, err := parse("<feedback><policy_published><domain>x.example</domain></policy_published><record><row><count>99999999999999999999</count><policy_evaluated>" +
		strings.Repeat("<reason><type>other</type></reason>", 30) + "</policy_evaluated></row><auth_results>" + strings.Repeat("<dkim/><spf/>", 3) +
		strings.Repeat("<dkim><selector>"+strings.Repeat("é", 400)+"</selector></dkim><spf><result>pass</result></spf>", 30) + "</auth_results></record></feedback>")
	if err != nil {
		t.Fatal(err)
	}
	row := r.Rows[0]
	if row.Count != MaxCount || len(row.Reasons) != MaxResults || len(row.DKIMResults) != MaxResults-3 || len(row.SPFResults) != MaxResults-3 {
		t.Errorf("%d messages, %d reasons, %d and %d results", row.Count, len(row.Reasons), len(row.DKIMResults), len(row.SPFResults))
	}
	if n := len(row.DKIMResults[0].Selector); n != MaxText-1 {
		t.Errorf("a text of %d octets", n)
	}
}

// failing is a message that cannot be read.
type failing struct{}

var errDisk = errors.New("the disk is gone")

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func TestAMessageThatCannotBeReadIsNoBadReport(t *testing.T) {
	raw := mail(part{"Content-Type: application/gzip", gzipped(sample(t, "google.xml"))})
	if _, err := Read(failing{}, message.Parse(raw).Structure); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
	if _, err := Read(breaking(raw), message.Parse(raw).Structure); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
}

// breaking is a message whose second half cannot be read.
type breaking []byte

func (b breaking) ReadAt(p []byte, at int64) (int, error) {
	half := int64(len(b) / 2)
	if at+int64(len(p)) > half {
		return copy(p, b[min(at, half):half]), errDisk
	}
	return copy(p, b[at:]), nil
}

func TestTheTimesThatOccurAreRead(t *testing.T) {
	for text, want := range map[string]time.Time{
		"1795392000": dayBegin, " 1795392000.0\n": dayBegin, "1795392000000": dayBegin, "2026-11-23T00:00:00Z": dayBegin, "2026-11-23T01:00:00+01:00": dayBegin,
		"2026-11-23 00:00:00": dayBegin, "2026-11-23": dayBegin, "": {}, "yesterday": {}, "0": {}, "-1": {}, "99999999999999999999": {}, "9223372036854775807": {},
	} {
		if got := moment(text); !got.Equal(want) {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestMailOfOtherKindsHoldsNoReport reads real messages that are kept beside the project.
func TestMailOfOtherKindsHoldsNoReport(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for parent := filepath.Dir(dir); parent != dir && len(names) == 0; dir, parent = parent, filepath.Dir(parent) {
		names, _ = filepath.Glob(filepath.Join(dir, "shared", "corpus", "*", "*.eml"))
	}
	if len(names) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("shared/corpus is absent, and in CI nothing may be")
		}
		t.Skip("corpus absent: shared/corpus")
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read(raw); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
		if _, err := readTLS(raw); !errors.Is(err, ErrNone) {
			t.Errorf("%s as a TLS report: %v", filepath.Base(name), err)
		}
	}
}
