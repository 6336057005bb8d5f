package trust

import (
	"io"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sight"
)

const maxContent = 3072 // octets of an attachment, decoded, from which its type is told

// Attachment is what an attachment is, beside what it says of itself.
type Attachment struct {
	ID              string // the attachment's within the message
	Filename        string // as written, for those who show it
	Declared        string // the type that the sender gave it
	Detected        string // the type of its content; application/octet-stream if that has no known form
	Extension       string // of its name, lower case with the dot; "" is none
	Differs         bool   // the content is of another type than declared, or than the extension stands for
	DoubleExtension bool   // an extension stands before the last one, as in "a.pdf.exe"
	HiddenInName    bool   // the name has characters without a shape, or such that turn its order around
}

// attachmentsOf looks at the beginning of each attachment. Archives are not opened.
func attachmentsOf(r io.ReaderAt, root *message.Part, list []message.Attachment) []Attachment {
	var found []Attachment
	for _, a := range list[:min(len(list), MaxAttachments)] {
		one := Attachment{ID: a.ID, Filename: a.Filename, Declared: cut(a.ContentType, maxDeclared), HiddenInName: len(sight.Characters(a.Filename)) > 0}
		one.Extension, one.DoubleExtension = extensions(a.Filename)
		if part := message.Find(root, a.ID); part != nil {
			content, _ := io.ReadAll(io.LimitReader(message.Decode(r, part), maxContent)) // what cannot be read has no form
			one.detect(content)
		}
		found = append(found, one)
	}
	return found
}

func (a *Attachment) detect(content []byte) {
	if len(content) == 0 {
		return
	}
	m := mimetype.Detect(content)
	a.Detected = bare(m.String())
	a.Differs = !fits(m, a.Declared)
	if expected := typesByExtension[a.Extension]; len(expected) > 0 && !a.Differs {
		a.Differs = !slices.ContainsFunc(expected, func(name string) bool { return fits(m, name) })
	}
}

// fits tells whether content can be of a type that is named: it is that, or the library knows it as a form of what was
// found, or both are text.
func fits(m *mimetype.MIME, name string) bool {
	name = bare(name)
	if name == "application/octet-stream" || name == "" || m.Is(name) || slices.ContainsFunc(looseNames[name], m.Is) {
		return true
	}
	named := mimetype.Lookup(name)
	if m.Is("application/octet-stream") {
		return named == nil // a form that the library does not know
	}
	for up := m; up != nil; up = up.Parent() {
		if up.Is(name) && !up.Is("text/plain") && !up.Is("application/zip") {
			return true // found a special form of what is named
		}
	}
	for up := named; up != nil; up = up.Parent() {
		if m.Is(bare(up.String())) {
			return true // named a special form of what was found
		}
	}
	return (m.Is("text/plain") || m.Is("message/rfc822")) && isText(name) || sameFamily(m, name, named == nil)
}

// looseNames are types that programs give to content of others, as many do.
var looseNames = map[string][]string{
	"application/vnd.ms-excel":      {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv", "text/tab-separated-values", "text/plain"},
	"application/msword":            {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "text/rtf"},
	"application/vnd.ms-powerpoint": {"application/vnd.openxmlformats-officedocument.presentationml.presentation"},
}

// isText tells of types that are text to anybody who does not know them.
func isText(name string) bool {
	top, sub, _ := strings.Cut(name, "/")
	if top == "text" || top == "message" || strings.HasSuffix(sub, "+xml") || strings.HasSuffix(sub, "+json") {
		return true
	}
	switch sub {
	case "json", "xml", "javascript", "x-javascript", "ecmascript", "yaml", "x-yaml", "toml", "sql", "x-sh", "x-shellscript", "pgp-signature", "pgp-keys", "pgp-encrypted", "x-pem-file", "x-x509-ca-cert",
		"pkix-cert", "x-patch", "x-diff", "ics", "x-tex", "x-subrip", "x-ndjson", "csv", "x-httpd-php", "postscript", "mbox":
		return true
	}
	return false
}

// sameFamily tells whether content is of the same family as a type that is named. A type that the library does not know is often
// another name of what was found, and of application/… it may be anything but what runs or is shown.
func sameFamily(m *mimetype.MIME, name string, unknown bool) bool {
	found, _, _ := strings.Cut(m.String(), "/")
	named, _, _ := strings.Cut(name, "/")
	switch {
	case isRecording(found) && isRecording(named): // one container holds either
		return true
	case named == "application":
		return unknown && !m.Is("text/html") && !slices.ContainsFunc(runs, m.Is)
	}
	return unknown && found == named
}

func isRecording(family string) bool { return family == "audio" || family == "video" }

// runs are types of content that a system runs.
var runs = []string{"application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary", "application/x-ms-shortcut", "application/x-ms-installer", "application/java-archive",
	"application/vnd.android.package-archive", "text/x-shellscript", "text/javascript"}

// bare is a type without its parameters.
func bare(name string) string {
	name, _, _ = strings.Cut(name, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// typesByExtension are the types of content that a person expects behind an extension.
var typesByExtension = map[string][]string{
	".pdf": {"application/pdf"}, ".png": {"image/png"}, ".jpg": {"image/jpeg"}, ".jpeg": {"image/jpeg"}, ".gif": {"image/gif"}, ".webp": {"image/webp"}, ".bmp": {"image/bmp"},
	".tif": {"image/tiff"}, ".tiff": {"image/tiff"}, ".svg": {"image/svg+xml"}, ".heic": {"image/heic"}, ".ico": {"image/x-icon"}, ".psd": {"image/vnd.adobe.photoshop"},
	".doc": {"application/msword", "application/x-ole-storage"}, ".xls": {"application/vnd.ms-excel", "application/x-ole-storage"}, ".ppt": {"application/vnd.ms-powerpoint", "application/x-ole-storage"},
	".docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}, ".xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	".pptx": {"application/vnd.openxmlformats-officedocument.presentationml.presentation"}, ".odt": {"application/vnd.oasis.opendocument.text"}, ".ods": {"application/vnd.oasis.opendocument.spreadsheet"},
	".rtf": {"text/rtf"}, ".zip": {"application/zip"}, ".gz": {"application/gzip"}, ".7z": {"application/x-7z-compressed"}, ".rar": {"application/x-rar-compressed"}, ".tar": {"application/x-tar"},
	".iso": {"application/x-iso9660-image"}, ".exe": {"application/vnd.microsoft.portable-executable"}, ".dll": {"application/vnd.microsoft.portable-executable"}, ".msi": {"application/x-ms-installer", "application/x-ole-storage"},
	".mp3": {"audio/mpeg"}, ".wav": {"audio/wav"}, ".mp4": {"video/mp4"}, ".mov": {"video/quicktime"}, ".txt": {"text/plain"}, ".csv": {"text/csv", "text/plain"}, ".htm": {"text/html", "text/plain"}, ".html": {"text/html", "text/plain"},
	".xml": {"text/xml", "text/plain"}, ".json": {"application/json", "text/plain"}, ".ics": {"text/calendar", "text/plain"}, ".vcf": {"text/vcard", "text/plain"}, ".eml": {"message/rfc822", "text/plain"}, ".js": {"text/javascript", "text/plain"},
	".vbs": nil, ".bat": nil, ".cmd": nil, ".scr": nil, ".com": nil, ".lnk": nil, ".jar": nil, ".ps1": nil, ".hta": nil, ".apk": nil, ".dmg": nil, ".img": nil, ".wsf": nil, ".pif": nil, ".docm": nil, ".xlsm": nil, ".one": nil,
}

// extensions gives the last extension of a name, and whether a known one stands before it. Of what is packed ("a.tar.gz",
// "a.csv.zip") and signed two are usual.
func extensions(name string) (last string, double bool) {
	name = strings.ToLower(strings.TrimRight(sight.Clean(name), ". "))
	last = path.Ext(name)
	if len(last) > 10 || strings.ContainsAny(last, " \t") {
		return "", false
	}
	before := path.Ext(strings.TrimRight(strings.TrimSuffix(name, last), " _"))
	if _, known := typesByExtension[before]; !known || before == last {
		return last, false
	}
	switch last {
	case ".gz", ".zip", ".7z", ".bz2", ".xz", ".zst", ".rar", ".asc", ".sig", ".p7m", ".p7s", ".pgp", ".gpg":
		return last, false
	}
	_, known := typesByExtension[last]
	return last, known
}
