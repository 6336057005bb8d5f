package peers

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// diffMessage is a message as both servers get it.
type diffMessage struct {
	name  string // file name or what it is like, in lower case
	flags string
	date  time.Time
	text  string // with CRLF
}

// diffMail is what dialogues can fill mailboxes with, by the name of the set.
type diffMail struct {
	sets   map[string][]diffMessage
	byName map[string]diffMessage
}

var diffMailOnce struct {
	sync.Once
	mail diffMail
}

// standardMail makes the sets: "small" has a message of each kind that matters, "thread" conversations, "many" short ones,
// "odd" what mail should not be; "corpus" and "bounces" are real ones from the shared folder, none if it is absent, and
// "broken-corpus" and "broken-bounces" those that are broken in a way that servers may repair differently.
func standardMail(t testing.TB) diffMail {
	t.Helper()
	if os.Getenv("CI") != "" {
		shared(t, "corpus")
	}
	diffMailOnce.Do(func() {
		m := diffMail{sets: map[string][]diffMessage{}, byName: map[string]diffMessage{}}
		m.add("small", smallMail())
		m.add("thread", threadMail())
		m.add("many", manyMail(60))
		m.add("odd", oddMail())
		for set, list := range map[string][]diffMessage{"corpus": corpusMail("mime", "*.raw", "*.eml"), "bounces": corpusMail("bounces", "*.eml")} {
			whole, broken := sorted(list)
			m.add(set, whole)
			m.add("broken-"+set, broken)
		}
		diffMailOnce.mail = m
	})
	return diffMailOnce.mail
}

func (m diffMail) add(set string, list []diffMessage) {
	for i := range list {
		if list[i].date.IsZero() {
			list[i].date = time.Date(2024, 2, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(i) * 31 * time.Hour)
		}
		m.byName[list[i].name] = list[i]
	}
	m.sets[set] = list
}

// corpusMail reads real messages, their lines ended as a client would send them.
func corpusMail(folder string, kinds ...string) []diffMessage {
	var files []string
	for _, kind := range kinds {
		some, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "corpus", folder, kind))
		files = append(files, some...)
	}
	var list []diffMessage
	for i, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
		if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
			continue // Dovecot drops the CR (accepted difference bare-cr)
		}
		flags := []string{``, `\Seen`, `\Seen \Flagged`, `\Answered \Seen $work`}[i%4]
		list = append(list, diffMessage{name: strings.ToLower(filepath.Base(file)), flags: flags, text: text})
	}
	return list
}

// manyMail makes short messages with random flags.
func manyMail(n int) []diffMessage {
	r := rand.New(rand.NewPCG(3, 1))
	words := strings.Fields("apple banana cherry dolphin engine forest garden harbour island jacket kettle lemon mountain needle orange")
	var list []diffMessage
	for i := range n {
		var flags []string
		for _, f := range []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`, `$work`, `later`} {
			if r.IntN(4) == 0 {
				flags = append(flags, f)
			}
		}
		word := func() string { return words[r.IntN(len(words))] }
		text := fmt.Sprintf("From: %s <%s@example.com>\r\nTo: %s@example.net\r\nSubject: %s %s\r\nDate: %s\r\nMessage-ID: <m%d@example.com>\r\n\r\n%s %s\r\n%s\r\n",
			word(), word(), word(), word(), word(), time.Date(2023, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, 0, time.UTC).Format(time.RFC1123Z),
			i, word(), word(), strings.Repeat(word()+" ", r.IntN(40)))
		list = append(list, diffMessage{name: fmt.Sprintf("many-%d", i), flags: strings.Join(flags, " "), text: text})
	}
	return list
}

// threadMail has replies, forks, a missing parent, a dummy root, equal subjects without references, and a loop.
func threadMail() []diffMessage {
	make := func(id, subject, references, date string) diffMessage {
		text := "From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: " + subject + "\r\nDate: " + date + "\r\nMessage-ID: <" + id + "@t.example>\r\n"
		if references != "" {
			var ids []string
			for id := range strings.FieldsSeq(references) {
				ids = append(ids, "<"+id+"@t.example>")
			}
			text += "References: " + strings.Join(ids, " ") + "\r\n"
		}
		return diffMessage{name: "thread-" + id, text: text + "\r\nHello " + id + ".\r\n"}
	}
	return []diffMessage{
		make("a", "Plans", "", "Mon, 1 Jan 2024 10:00:00 +0000"),
		make("b", "Re: Plans", "a", "Mon, 1 Jan 2024 11:00:00 +0000"),
		make("c", "Re: Plans", "a b", "Mon, 1 Jan 2024 12:00:00 +0000"),
		make("d", "Re: Plans", "a", "Mon, 1 Jan 2024 10:30:00 +0000"),
		make("e", "Re: [list] Plans (fwd)", "", "Tue, 2 Jan 2024 10:00:00 +0000"),
		make("f", "Other", "gone", "Wed, 3 Jan 2024 10:00:00 +0000"),
		make("g", "Other too", "gone", "Wed, 3 Jan 2024 09:00:00 +0000"),
		make("h", "Alone", "", "Sun, 31 Dec 2023 23:00:00 -0500"),
		make("i", "Loop", "j", "Thu, 4 Jan 2024 10:00:00 +0000"),
		make("j", "Loop", "i", "Thu, 4 Jan 2024 11:00:00 +0000"),
		make("k", "fwd: alone", "", "Fri, 5 Jan 2024 10:00:00 +0000"),
		make("l", "", "", "Fri, 5 Jan 2024 12:00:00 +0000"),
		make("m", "Re:", "", "Fri, 5 Jan 2024 11:00:00 +0000"),
		make("a", "Plans", "", "Sat, 6 Jan 2024 10:00:00 +0000"), // the same id again
		make("n", "Deep", "a b c d gone2", "Sat, 6 Jan 2024 11:00:00 +0000"),
	}
}
