package compose

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// paramWords writes one parameter of a header value (RFC 2045, 5.1). One that is too long for a line or not ASCII takes
// the forms of RFC 2231; its pieces are parted between characters.
func paramWords(name, value string) []string {
	const room = foldAt - 2 // of a word, with the space before it and the semicolon behind
	if isPlain(value) {     // many decode encoded words in parameters, against RFC 2047, 5
		if isWord(value) && len(name)+1+len(value) <= room {
			return []string{name + "=" + value}
		}
		if word := name + "=" + quote(value); len(word) <= room {
			return []string{word}
		}
	}
	if word := name + "*=utf-8''" + escape(value); len(word) <= room {
		return []string{word}
	}
	words := []string{""}
	prefix := name + "*0*=utf-8''"
	piece := strings.Builder{}
	for _, r := range value {
		next := escape(string(r))
		if len(prefix)+piece.Len()+len(next) > room {
			words[len(words)-1] = prefix + piece.String()
			prefix = name + "*" + strconv.Itoa(len(words)) + "*="
			words = append(words, "")
			piece.Reset()
		}
		piece.WriteString(next)
	}
	words[len(words)-1] = prefix + piece.String()
	return words
}

// escape writes the characters that RFC 2231, 7 does not let stand as octets in hexadecimal.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`{|}~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// isWord tells whether a value needs no quotes for any reader: those of RFC 2231 have their trouble with * ' and %.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._", r))
	})
}

// isToken tells whether s is a token (RFC 2045, 5.1).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?=`, r) })
}

// plainName makes a short ASCII name of a file name, for readers that know nothing of RFC 2231: accents go, what is left
// of other scripts becomes "_", the extension stays. It is the name itself if that is short ASCII.
func plainName(name string) string {
	const longest = 60
	var b strings.Builder
	blank := false
	for _, r := range norm.NFKD.String(name) {
		switch {
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
			blank = false
		case unicode.Is(unicode.M, r):
		case !blank:
			b.WriteByte('_')
			blank = true
		}
	}
	plain := b.String()
	if plain != name {
		plain = strings.NewReplacer("/", "_", `\`, "_", `"`, "_", ":", "_").Replace(plain) // what a compatibility form may have become
	}
	if len(plain) > longest {
		extension := extensionOf(plain)
		plain = strings.TrimRight(plain[:longest-len(extension)], " .") + extension
	}
	return plain
}

// extensionOf gives the end of a file name from its last dot on, if that is short.
func extensionOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 12 {
		return name[i:]
	}
	return ""
}

// typeOf goes by the end of a file name. The table is short: a type that is not known is told as such.
func typeOf(filename string) string {
	if t := types[strings.ToLower(extensionOf(filename))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

var types = map[string]string{
	".txt": "text/plain", ".csv": "text/csv", ".html": "text/html", ".htm": "text/html", ".md": "text/markdown", ".ics": "text/calendar", ".vcf": "text/vcard",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".svg": "image/svg+xml", ".heic": "image/heic",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".mp4": "video/mp4", ".mov": "video/quicktime", ".eml": "message/rfc822",
	".pdf": "application/pdf", ".json": "application/json", ".xml": "application/xml", ".zip": "application/zip", ".gz": "application/gzip",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint", ".rtf": "application/rtf",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
