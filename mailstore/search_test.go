package mailstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// mailbox is the id of a mailbox of the bed's inbox.
func (b *bed) mailbox(name string) (id MailboxID) {
	b.t.Helper()
	err := b.in.ws.view(b.t.Context(), func(tx *sqlite.Tx) error {
		return tx.Row("SELECT id FROM mailboxes WHERE inbox_id = ? AND name = ?", sqlite.Args(string(b.in.id), name), &id)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bed) search(mailbox string, field TextField, needle string) []uint32 {
	b.t.Helper()
	uids, err := b.in.SearchText(b.t.Context(), b.mailbox(mailbox), field, needle)
	if err != nil {
		b.t.Fatalf("search %q: %v", needle, err)
	}
	return uids
}

// count runs a query that gives one number.
func (b *bed) count(query string, args ...any) (n int) {
	b.t.Helper()
	if err := b.in.ws.view(b.t.Context(), func(tx *sqlite.Tx) error { return tx.Row(query, args, &n) }); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// naive is a search as it is defined, over the files.
type naive map[uint32]message.SearchText

func (b *bed) naive(mailbox string) naive {
	b.t.Helper()
	uids := map[MessageID][]uint32{}
	err := b.in.ws.view(b.t.Context(), func(tx *sqlite.Tx) error {
		return tx.Each("SELECT uid, message_id FROM placements WHERE mailbox_id = ?", sqlite.Args(int64(b.mailbox(mailbox))), func(scan func(...any) error) error {
			var uid uint32
			var id MessageID
			err := scan(&uid, &id)
			uids[id] = append(uids[id], uid)
			return err
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	texts := naive{}
	for id, list := range uids {
		f, size, root, err := b.in.open(b.t.Context(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		text := message.NewSearchText(f, size, root)
		f.Close()
		for _, uid := range list {
			texts[uid] = text
		}
	}
	return texts
}

func (n naive) search(field TextField, needle string) (uids []uint32) {
	header, body := message.Needles(needle)
	for uid, t := range n {
		in := func(column, needle string) bool { return column != "" && strings.Contains(column, needle) }
		if needle == "" && field >= HeaderText || field == FromText && in(t.From, header) || field == ToText && in(t.To, header) || field == CcText && in(t.Cc, header) ||
			field == BccText && in(t.Bcc, header) || field == SubjectText && in(t.Subject, header) ||
			(field == HeaderText || field == AnyText) && in(t.Header, header) || (field == BodyText || field == AnyText) && in(t.Body, body) {
			uids = append(uids, uid)
		}
	}
	slices.Sort(uids)
	return uids
}

// needles gives some that are in the texts, and some that are not.
func (n naive) needles(r *rand.Rand, count int) (list []string) {
	var texts []string
	for _, t := range n {
		texts = append(texts, t.From, t.To, t.Cc, t.Subject, t.Header, t.Body)
	}
	slices.Sort(texts)
	for len(list) < count {
		runes := []rune(texts[r.IntN(len(texts))])
		if len(runes) == 0 {
			continue
		}
		start := r.IntN(len(runes))
		length := []int{1, 1, 2, 2, 3, 4, 7, 12, 40, 200, 900}[r.IntN(11)]
		needle, _, _ := strings.Cut(string(runes[start:min(len(runes), start+length)]), message.TextBreak)
		switch r.IntN(12) {
		case 0:
			needle = strings.ToUpper(needle)
		case 1:
			needle += string(runes[r.IntN(len(runes))])
		case 2:
			needle = needle[:len(needle)/2] + needle // may cut a character, too
		}
		list = append(list, needle)
	}
	return list
}

func sharedCorpus(t *testing.T, folder string) (files []string) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		names, _ := filepath.Glob(filepath.Join(dir, "shared", "corpus", folder, "*.*"))
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(filepath.Base(name), "LICENSE") {
				files = append(files, strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n"))
			}
		}
		if len(files) > 0 {
			return files
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("shared/corpus/%s is absent, and in CI nothing may be", folder)
	}
	t.Skip("corpus absent: shared/corpus/" + folder)
	return nil
}

var foreign = []string{
	"Subject: 日本語の件名\r\nFrom: 山田 <y@a.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n会議は明日です。\r\n本日は晴天なり",
	"Subject: Café \"crème\" naïve\r\nFrom: René <r@a.example>\r\nCc:\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nÜber \"alles\" {body}:* NOT AND OR a* ^x - + ( ) ' ''\r\nends in zq",
	"Subject: 한국어 제목\r\nTo: =?utf-8?q?J=C3=B6rg?= <j@a.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n안녕하세요\x01\x00 𝄞𝄞 \ufdd0 x",
	"Subject: x\r\n\r\n", "\r\nab", "Subject:\r\n\r\nb",
}

func TestASearchFindsExactlyWhatContainsTheNeedle(t *testing.T) {
	b := newBed(t)
	r := rand.New(rand.NewPCG(5, 6))
	mime, bounces := sharedCorpus(t, "mime"), sharedCorpus(t, "bounces")
	for i, raw := range slices.Concat(foreign, mime[:60], bounces[:40]) {
		b.deliver(fmt.Sprintf("X-Number: %d\r\n", i) + raw)
	}
	b.deliver("Subject: long\r\nTo: " + strings.Repeat("Ann <ann@a.example>, ", 3000) + "\r\n\r\n" + strings.Repeat(prose(r, 999)+"日本é\r\n", 100) + "the end")
	texts := b.naive(InboxMailbox)
	check := func(field TextField, needle string) {
		if got, want := b.search(InboxMailbox, field, needle), texts.search(field, needle); !slices.Equal(got, want) {
			t.Errorf("field %d, needle %+q: found %v, not %v", field, needle, got, want)
		}
	}
	for field := range AnyText + 1 {
		for _, needle := range []string{"", " ", "\"", "\"\"", "*", "a", "日", "日本", "本語", "é", "cafe", "\x00", "\ufdd0", "\ufdd0\ufdd0", "\xff", "'", "''", "} : (", "NOT", "zq", "q", "x", "\r\n", "\n", "ab", "가", "𝄞", "en\r\nd", "nd"} {
			check(field, needle)
		}
	}
	for _, needle := range texts.needles(r, 600) {
		check(TextField(r.IntN(int(AnyText)+1)), needle)
	}
	if n := b.count("SELECT COUNT(*) FROM search_queue"); n != 0 {
		t.Errorf("%d messages are still queued", n)
	}
}

func TestWhatIsDeletedMovedOrCopiedIsFoundWhereItIs(t *testing.T) {
	b := newBed(t)
	one, two := b.deliver(mail("<1@x>", "", "apple", "a@b", "first fruit")), b.deliver(mail("<2@x>", "", "banana", "a@b", "second fruit"))
	if got := b.search(InboxMailbox, AnyText, "fruit"); !slices.Equal(got, []uint32{1, 2}) {
		t.Fatal(got)
	}
	if err := b.in.DeleteMessage(t.Context(), one.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := b.search(InboxMailbox, AnyText, "fruit"); !slices.Equal(got, []uint32{2}) {
		t.Error(got)
	}
	if got := b.search(TrashMailbox, AnyText, "fruit"); !slices.Equal(got, []uint32{1}) {
		t.Error(got)
	}
	if err := b.in.DeleteMessage(t.Context(), two.ID, true); err != nil {
		t.Fatal(err)
	}
	if got := b.search(InboxMailbox, BodyText, ""); len(got) != 0 {
		t.Error(got)
	}
	if n := b.count("SELECT COUNT(*) FROM search_text WHERE search_text MATCH '\"second fruit\"'"); n != 0 {
		t.Errorf("the text of a removed message is in %d rows", n)
	}
	if _, err := b.in.SearchText(t.Context(), 999, BodyText, "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a mailbox that is not there: %v", err)
	}
	other := b.Workspace(b.in.ws.id).Inbox(InboxID(ident.New("inb", b.now)))
	if _, err := other.SearchText(t.Context(), b.mailbox(InboxMailbox), BodyText, "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a mailbox of another inbox: %v", err)
	}
	if err := b.in.ws.RemoveInbox(t.Context(), b.in.id); err != nil {
		t.Fatal(err)
	}
	if n := b.count("SELECT (SELECT COUNT(*) FROM search_rows) + (SELECT COUNT(*) FROM search_queue) + (SELECT COUNT(*) FROM search_text)"); n != 0 {
		t.Errorf("a removed inbox leaves %d rows", n)
	}
}

func TestARebuiltIndexCanBeSearched(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "apple", "a@b", "first fruit"))
	before := b.search(InboxMailbox, SubjectText, "apple")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Rebuild(t.Context(), b.dir, "", b.opt); err != nil {
		t.Fatal(err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	if got := b.search(InboxMailbox, SubjectText, "apple"); !slices.Equal(got, before) || len(got) != 1 {
		t.Errorf("found %v, before %v", got, before)
	}
}

func TestALongMessageIsSearchedToItsEnd(t *testing.T) {
	b := newBed(t)
	b.deliver(mail("<1@x>", "", "short", "a@b", "nothing"))
	m := b.deliver(mail("<2@x>", "", "long", "a@b", strings.Repeat("0123456789abcde\r\n", message.MaxSearchText/17+50000)+"the last words"))
	for needle, want := range map[string][]uint32{"last words": {2}, "st": {2}, "nothing": {1}, "0123": {2}, "first words": {}, "e\r\n0": {2}, "long": {}} {
		if got := b.search(InboxMailbox, BodyText, needle); !slices.Equal(got, want) {
			t.Errorf("%q: found %v, not %v", needle, got, want)
		}
	}
	if got := b.search(InboxMailbox, SubjectText, "long"); !slices.Equal(got, []uint32{2}) {
		t.Errorf("found %v", got)
	}
	for _, name := range b.files("maildir/*/new/" + string(m.ID)) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.search(InboxMailbox, BodyText, "last words"); len(got) != 0 {
		t.Errorf("found %v without its file", got)
	}
}

func TestANeedleMayBeLongButNotEndless(t *testing.T) {
	b := newBed(t)
	r := rand.New(rand.NewPCG(7, 8))
	text := prose(r, 40000)
	b.deliver(mail("<1@x>", "", "a", "a@b", text))
	b.deliver(mail("<2@x>", "", "b", "a@b", text[:20000]+"x"+text[20000:]))
	for needle, want := range map[string][]uint32{text[19000:21000]: {1}, text[1000:15000]: {1, 2}, text[23000:23129]: {1, 2}, text[23000:23128]: {1, 2}} {
		if got := b.search(InboxMailbox, BodyText, needle); !slices.Equal(got, want) {
			t.Errorf("%d octets: found %v, not %v", len(needle), got, want)
		}
	}
	if _, err := b.in.SearchText(t.Context(), b.mailbox(InboxMailbox), BodyText, strings.Repeat("x", MaxNeedle+1)); fault.From(err) == nil || fault.From(err).Kind != fault.Invalid {
		t.Error(err)
	}
}

func TestPiecesOfALongTextOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	letters := []rune("aé日𝄞")
	for range 20 {
		runes := make([]rune, segmentText/2+r.IntN(segmentText))
		for i := range runes {
			runes[i] = letters[r.IntN(len(letters))]
		}
		text := string(runes)
		rows := textRows(message.SearchText{From: text[:len(text)/8*8], Header: text, Body: text})
		for range 200 {
			start := r.IntN(len(runes))
			needle := clipText(string(runes[start:min(len(runes), start+maxPhrase)]), maxPhrase)
			if !slices.ContainsFunc(rows, func(row textRow) bool { return strings.Contains(row[BodyText], needle) }) {
				t.Fatalf("%q is in no row", needle)
			}
		}
		for _, row := range rows {
			if row.size() > segmentText || !utf8.ValidString(row[BodyText]) {
				t.Errorf("a row has %d octets", row.size())
			}
		}
	}
}
