package compose

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
)

// dice makes random values that a draft can hold and message.Parse gives back as they are.
type dice struct{ *rand.Rand }

var alphabets = []string{
	"abcdefgh XYZ 0123456789", "  .,;:!?\"'()<>[]{}@\\/=?_-+*&%$#~^|`", "äöüßéèñçøåÄÖÜ", "日本語中文字漢仮名交じり文", "한국어", "привет мир", "مرحبا שלום", "😀👩‍👩‍👧🇩🇪e\u0301", "=?utf-8?q?=41?= ",
}

func (d dice) text(most int, extra string) string {
	var b strings.Builder
	letters := []rune(alphabets[d.IntN(len(alphabets))] + alphabets[d.IntN(len(alphabets))] + extra)
	for range d.IntN(most + 1) {
		if d.IntN(20) == 0 {
			letters = []rune(alphabets[d.IntN(len(alphabets))] + extra)
		}
		r := letters[d.IntN(len(letters))]
		if d.IntN(100) == 0 {
			if r = rune(d.IntN(unicode.MaxRune)); !utf8.ValidRune(r) || unicode.IsControl(r) || unicode.IsSpace(r) || r == '\ufeff' {
				r = 'x'
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (d dice) line(most int) string { return strings.TrimSpace(d.text(most, "")) }

// name leaves out the quotes around a name that message.Parse takes away, as Outlook writes them twice.
func (d dice) name() string { return strings.TrimSpace(strings.Trim(d.line(60), "'")) }

func (d dice) filename() string {
	name := strings.TrimSpace(strings.NewReplacer("/", "-", `\`, "-").Replace(d.line(50)))
	if strings.Trim(name, ".") == "" || len(name) > MaxFilename {
		return "file.bin"
	}
	return name
}

func (d dice) address() message.Address {
	locals := []string{"ann", "o'brien", `"a,b"`, "a+b", "用户", "x..y", strings.Repeat("l", 64)}
	domains := []string{"example.com", "bücher.example", "[192.0.2.1]", "sub." + strings.Repeat("d", 63) + ".example"}
	return message.Address{Name: d.name(), Address: locals[d.IntN(len(locals))] + "@" + domains[d.IntN(len(domains))]}
}

func (d dice) addresses(most int) (list []message.Address) {
	for range d.IntN(most + 1) {
		list = append(list, d.address())
	}
	return list
}

func (d dice) draft() *Draft {
	m := &Draft{
		From: d.address(), To: append(d.addresses(8), bob), Cc: d.addresses(3), Bcc: d.addresses(2), ReplyTo: d.addresses(2),
		Subject: d.line(200), Text: strings.Trim(d.text(2000, "\n\n \t"), "\n"), Date: noon, MessageID: "<1@example.com>",
	}
	if d.IntN(2) == 0 {
		m.HTML = "<p>" + strings.ReplaceAll(d.text(500, "\n"), "<", "&lt;") + "</p>"
	}
	for i := range d.IntN(4) {
		a := Attachment{Filename: d.filename(), Content: []byte(d.text(3000, "\n\r\x00")), ContentType: "application/x-test"}
		if d.IntN(2) == 0 {
			a.ContentID = string(rune('a'+i)) + "@example.com"
			if m.HTML != "" && d.IntN(2) == 0 {
				m.HTML += `<img src="cid:` + a.ContentID + `">`
			}
		}
		m.Attachments = append(m.Attachments, a)
	}
	return m
}

func TestRandomMessagesReadBack(t *testing.T) {
	runs := 600
	if testing.Short() {
		runs = 60
	}
	for seed := range runs {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 5322))}.draft()
		readsBack(t, d)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
