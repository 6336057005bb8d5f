package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// benchMail makes the messages of a measured mailbox. Message i is the same whenever it is made from the same seed, and
// needs none of the others, so that a mailbox filled by one run can be measured by another.
type benchMail struct {
	seed  uint64
	words []string // the commonest first
}

const (
	benchWords   = 4000
	benchPeople  = 64
	benchDomains = 8
)

// benchEpoch is the date of message 0; each is seven minutes after the one before.
var benchEpoch = time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)

func newBenchMail(seed uint64) *benchMail {
	m := &benchMail{seed: seed}
	r := m.rand(0, "words")
	seen := map[string]bool{}
	for len(m.words) < benchWords {
		if w := benchWord(r); !seen[w] {
			seen[w] = true
			m.words = append(m.words, w)
		}
	}
	return m
}

// benchWord is a word that can be spoken, of two to four syllables.
func benchWord(r *rand.Rand) string {
	var b strings.Builder
	for range 2 + r.IntN(3) {
		b.WriteString([]string{"b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "gl"}[r.IntN(16)])
		b.WriteString([]string{"a", "e", "i", "o", "u", "ai", "ou", "en", "ar", "is"}[r.IntN(10)])
	}
	return b.String()
}

// rand is the chance that belongs to one message and one purpose.
func (m *benchMail) rand(i int, purpose string) *rand.Rand {
	h := uint64(14695981039346656037) // FNV-1a
	for _, c := range []byte(purpose) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(m.seed^h, uint64(i)))
}

// word picks words as often as a language has them: the word of rank n about 1/n times as often as the first.
func (m *benchMail) word(r *rand.Rand) string {
	rank := math.Exp(r.Float64()*math.Log(benchWords)) - 1
	return m.words[min(int(rank), benchWords-1)]
}

// subjectTerm and bodyTerm are words to search for, others in each round; few messages have them.
func (m *benchMail) subjectTerm(round int) string { return m.words[40+11*(round%100)] }
func (m *benchMail) bodyTerm(round int) string    { return m.words[600+31*(round%100)] }

// fromTerm is an address to search for.
func (m *benchMail) fromTerm(round int) string { return m.address(round % benchPeople) }

func (m *benchMail) address(person int) string {
	return fmt.Sprintf("%s.%s@%s.example", m.words[200+person], m.words[300+person*3], m.words[100+person%benchDomains])
}

func (m *benchMail) person(person int) string {
	name := []string{m.words[200+person], m.words[300+person*3]}
	for i, n := range name {
		name[i] = strings.ToUpper(n[:1]) + n[1:]
	}
	return strings.Join(name, " ") + " <" + m.address(person) + ">"
}

// parent is the message that message i answers, or -1: a third of them do.
func (m *benchMail) parent(i int) int {
	r := m.rand(i, "parent")
	if i == 0 || r.IntN(3) > 0 {
		return -1
	}
	return i - 1 - r.IntN(min(i, 50))
}

func (m *benchMail) messageID(i int) string {
	return fmt.Sprintf("<%d.%x@%s.example>", i, m.rand(i, "id").Uint32(), m.words[100+i%benchDomains])
}

func (m *benchMail) date(i int) time.Time { return benchEpoch.Add(time.Duration(i) * 7 * time.Minute) }

// flags are the flags that message i is stored with, separated by spaces.
func (m *benchMail) flags(i int) string {
	r := m.rand(i, "flags")
	var flags []string
	for _, f := range []struct {
		flag    string
		percent int
	}{{`\Seen`, 60}, {`\Answered`, 10}, {`\Flagged`, 5}, {`$Label1`, 5}} {
		if r.IntN(100) < f.percent {
			flags = append(flags, f.flag)
		}
	}
	return strings.Join(flags, " ")
}

// message is message i, with CRLF: 2 to 20 KB, plain text, text with HTML beside it, or text with a file.
func (m *benchMail) message(i int) []byte {
	r := m.rand(i, "message")
	var b bytes.Buffer
	m.header(&b, i, r)
	boundary := fmt.Sprintf("=_%016x", r.Uint64())
	switch kind := r.IntN(100); {
	case kind < 45:
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n")
		m.text(&b, r, 1500+r.IntN(7000), "")
	case kind < 80:
		b.WriteString("Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n")
		size := 700 + r.IntN(4000)
		b.WriteString("--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
		m.text(&b, r, size, "")
		b.WriteString("--" + boundary + "\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n")
		m.text(&b, r, size*3/2, "<p>")
		b.WriteString("</body></html>\r\n--" + boundary + "--\r\n")
	default:
		b.WriteString("Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n")
		b.WriteString("--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
		m.text(&b, r, 500+r.IntN(3000), "")
		name := m.word(r) + ".pdf"
		b.WriteString("--" + boundary + "\r\nContent-Type: application/pdf; name=\"" + name + "\"\r\nContent-Disposition: attachment; filename=\"" + name +
			"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		m.attachment(&b, r, 2000+r.IntN(9000))
		b.WriteString("--" + boundary + "--\r\n")
	}
	return b.Bytes()
}

func (m *benchMail) header(b *bytes.Buffer, i int, r *rand.Rand) {
	date := m.date(i).Format(time.RFC1123Z)
	domain := m.words[100+r.IntN(benchDomains)] + ".example"
	fmt.Fprintf(b, "Return-Path: <%s>\r\nReceived: from mx.%s (mx.%s [192.0.2.%d])\r\n\tby mail.example.com with ESMTPS id %08x\r\n\tfor <bench@example.com>; %s\r\n",
		m.address(r.IntN(benchPeople)), domain, domain, 1+r.IntN(254), r.Uint32(), date)
	fmt.Fprintf(b, "From: %s\r\nTo: Bench <bench@example.com>\r\n", m.person(r.IntN(benchPeople)))
	if r.IntN(4) == 0 {
		fmt.Fprintf(b, "Cc: %s,\r\n %s\r\n", m.person(r.IntN(benchPeople)), m.person(r.IntN(benchPeople)))
	}
	root, references := i, ""
	if parent := m.parent(i); parent >= 0 {
		for p := parent; p >= 0; p = m.parent(p) {
			root, references = p, "\r\n "+m.messageID(p)+references
		}
		fmt.Fprintf(b, "Subject: Re: %s\r\nIn-Reply-To: %s\r\nReferences:%s\r\n", m.subject(root), m.messageID(parent), references)
	} else {
		fmt.Fprintf(b, "Subject: %s\r\n", m.subject(root))
	}
	fmt.Fprintf(b, "Date: %s\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nX-Mailer: %s %d.%d\r\n", date, m.messageID(i), m.words[50+i%5], 1+i%4, i%10)
}

func (m *benchMail) subject(i int) string {
	r := m.rand(i, "subject")
	words := make([]string, 3+r.IntN(5))
	for j := range words {
		words[j] = m.word(r)
	}
	return strings.Join(words, " ")
}

// text writes lines of words up to a size; each paragraph begins with the mark.
func (m *benchMail) text(b *bytes.Buffer, r *rand.Rand, size int, mark string) {
	for end := b.Len() + size; b.Len() < end; {
		b.WriteString(mark)
		for range 2 + r.IntN(8) {
			for range 6 + r.IntN(6) {
				b.WriteString(m.word(r) + " ")
			}
			b.WriteString("\r\n")
		}
		b.WriteString("\r\n")
	}
}

func (m *benchMail) attachment(b *bytes.Buffer, r *rand.Rand, size int) {
	raw := make([]byte, size)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	text := base64.StdEncoding.EncodeToString(raw)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
}
