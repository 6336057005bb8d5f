package mailstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/query"
	"github.com/postroom/postroom/mailstore/sqlite"
)

func parsed(t *testing.T, text string) query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

// found runs a search of one page.
func (b *bed) found(m Mail, s Search) (hits []Hit, next *SearchPlace) {
	b.t.Helper()
	hits, next, _, err := m.Search(b.t.Context(), s)
	if err != nil {
		b.t.Fatalf("search %+v: %v", s, err)
	}
	return hits, next
}

func subjects(hits []Hit) (list []string) {
	for _, h := range hits {
		list = append(list, h.Message.Envelope.Subject)
	}
	return list
}

// all runs a search to its end, in pages.
func (b *bed) all(m Mail, s Search) (list []string) {
	b.t.Helper()
	for pages := 0; pages < 100; pages++ {
		hits, next := b.found(m, s)
		if list = append(list, subjects(hits)...); next == nil {
			return list
		}
		s.After = next
	}
	b.t.Fatal("the list does not end")
	return nil
}

// letter is a message in UTF-8.
func letter(from, to, subject, body string, more ...string) string {
	return "From: " + from + "\r\nTo: " + to + "\r\nSubject: " + subject + "\r\n" + strings.Join(more, "") + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + body + "\r\n"
}

func attached(subject, filename string) string {
	return "From: Files <files@f.example>\r\nSubject: " + subject + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\n" +
		"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''" + filename + "\r\n\r\nnobody reads attachmentword\r\n--b--\r\n"
}

// fillLanguages delivers letters, an hour after one another.
func (b *bed) fillLanguages() map[string]Message {
	b.t.Helper()
	sent := map[string]Message{}
	for _, x := range []struct{ name, raw string }{
		{"en", letter("Ann Lee <ann.lee@acme.example>", "team@b.example", "en: Your Invoice 4711", "The invoice for November is due. A quick, brown fox.", "Cc: Carl <carl@c.example>\r\n")},
		{"sv", letter("Åsa Öberg <asa@sverige.example>", "team@b.example", "sv: Faktura för Räksmörgås", "Hej! Fakturan är på väg till Göteborg.")},
		{"ja", letter("山田 <yamada@j.example>", "team@b.example", "ja: 会議の件", "明日の会議は中止になりました。データをご確認ください。")},
		{"zh", letter("李 <li@z.example>", "team@b.example", "zh: 发票已开", "您好，您的发票已经开具，请查收附件。")},
		{"ko", letter("김 <kim@k.example>", "team@b.example", "ko: 회의 일정", "회의는 내일 오후 3시에 시작합니다. 송장을 첨부합니다.")},
		{"ar", letter("محمد <m@ar.example>", "team@b.example", "ar: الفاتورة", "مَرْحَبًا، الفاتورة رقم ١٢٣ مستحقة.")},
		{"th", letter("Somchai <s@th.example>", "team@b.example", "th: ใบแจ้งหนี้", "สวัสดีครับ กรุณาชำระใบแจ้งหนี้ภายในวันศุกร์")},
		{"he", letter("Dana <d@he.example>", "team@b.example", "he: חשבונית", "שָׁלוֹם רב, מצורפת חשבונית.")},
		{"pdf", attached("pdf: the report", "Rechnung%20M%C3%A4rz_2026.pdf")},
		{"html", "From: News <n@n.example>\r\nSubject: html: news\r\nContent-Type: text/html\r\n\r\n<style>.stylish{}</style><p>Only <b>html</b>words here</p>\r\n"},
	} {
		b.pass(time.Hour)
		sent[x.name] = b.deliver(x.raw)
	}
	return sent
}

func short(list []string) string {
	for i, s := range list {
		list[i], _, _ = strings.Cut(s, ":")
	}
	return strings.Join(list, " ")
}

func TestMailIsFoundInAnyLanguageByWhatPeopleWrite(t *testing.T) {
	b := newBed(t)
	sent := b.fillLanguages()
	b.label(sent["sv"].ID, MessageChange{AddLabels: []string{"starred", "todo"}, RemoveLabels: []string{"unread"}})
	b.label(sent["he"].ID, MessageChange{AddLabels: []string{"trash"}})
	b.label(sent["html"].ID, MessageChange{AddLabels: []string{"spam"}})
	for text, want := range map[string]string{
		"invoice": "en", "INVOICE": "en", "invoi*": "en", "invoi": "", `"quick brown"`: "en", `"brown quick"`: "", "quick fox november": "en", "invoice -fox": "",
		"faktura": "sv", "fakturan": "sv", "faktura*": "sv", "raksmorgas": "sv", "RÄKSMÖRGÅS": "sv", "goteborg": "sv", "Go\u0308teborg": "sv", "asa": "sv", "öberg": "sv",
		"会議": "ja", "会議の": "ja", "議": "ja", "データ": "ja", "ﾃﾞｰﾀ": "ja", "中止になりました": "ja", "議会": "", "会": "ja", "山田": "ja", "-会議 件": "zh", "確認 会議": "ja",
		"发票": "zh", "您的发票": "zh", "票": "zh", "发票 -请查收": "", "回議": "",
		"회의": "ko", "송장": "ko", "송장을": "ko", "의는": "ko", "회의 일정": "ko", "3시": "ko",
		"الفاتورة": "ar", "الفاتوره": "ar", "مرحبا": "ar", "123": "ar", "١٢٣": "ar", "محمد": "ar",
		"ใบแจ้งหนี้": "th", "แจ้งหนี้": "th", "สวัสดี": "th", "วันศุกร์": "th", "ศุกร์วัน": "",
		"חשבונית": "", "חשבונית in:trash": "he", "שלום in:anywhere": "he", "htmlwords": "", "htmlwords in:spam": "html", "stylish in:anywhere": "", "label:spam": "html", "label:trash": "he", "-in:inbox": "",
		"from:ann": "en", "from:ann.lee@acme.example": "en", "from:acme": "en", "from:Lee": "en", `from:"ann lee"`: "en", "from:carl": "", "cc:carl": "en", "to:carl": "en", "cc:ann": "", "to:team from:yamada": "ja",
		"to:me": "pdf th ar ko zh ja sv en", "from:(yamada OR kim)": "ko ja", "from:yamada OR from:kim": "ko ja", "subject:invoice": "en", "subject:due": "", "subject:(invoice 4711)": "en", "subject:4711*": "en",
		"has:attachment": "pdf", "-has:attachment in:inbox": "th ar ko zh ja sv en", "filename:pdf": "pdf", "filename:märz": "pdf", "rechnung": "pdf", "rechnung*": "pdf", "attachmentword": "", "filename:report": "", "filename:2026": "pdf",
		"is:read": "sv", "is:starred": "sv", "label:todo": "sv", "label:TODO team": "sv", "is:unread from:acme": "en", "-is:unread": "sv", "label:other": "", "is:sent": "", "is:received from:acme": "en",
		"is:starred OR invoice": "sv en", "is:starred OR invoi*": "sv en", "(is:starred 会議) OR from:kim": "ko", "-(is:unread OR invoice)": "sv", "is:starred -faktura": "", "(label:todo OR in:trash) -raksmorgas": "he",
		"in:inbox is:read": "sv", "in:INBOX from:li": "zh", "in:sent": "", "in:nowhere": "",
		"after:2026-03-01T14:30:00Z before:2026-03-01T16:30:00Z": "zh ja", "before:2026-03-01": "", "after:2026-03-02": "", "before:2026-03-01T14:00:00Z team": "en",
		"thread:" + string(sent["ko"].ThreadID): "ko", "thread:thr_none": "", "-thread:" + string(sent["ko"].ThreadID) + " 회의": "",
	} {
		for _, ranked := range []bool{false, true} {
			hits, next := b.found(b.in.Mail(), Search{Query: parsed(t, text), Ranked: ranked})
			got := subjects(hits)
			if ranked {
				slices.SortFunc(hits, func(a, c Hit) int { return c.Message.ReceivedAt.Compare(a.Message.ReceivedAt) })
				got = subjects(hits)
			}
			if short(got) != want || next != nil {
				t.Errorf("%s (ranked: %v): found %q, not %q", text, ranked, short(got), want)
			}
		}
	}
	hits, _ := b.found(b.in.Mail(), Search{Query: parsed(t, "htmlwords"), Filter: MessageFilter{IncludeTrash: true, IncludeSpam: true}})
	if short(subjects(hits)) != "html" {
		t.Errorf("with Trash and Junk: %q", subjects(hits))
	}
	hits, _ = b.found(b.in.Mail(), Search{Query: parsed(t, "team"), Filter: MessageFilter{Labels: []string{"todo"}, From: "sverige", Mailbox: InboxMailbox, MessageID: sent["sv"].Envelope.MessageID, IDs: []MessageID{sent["sv"].ID}, ThreadID: sent["sv"].ThreadID}})
	if short(subjects(hits)) != "sv" {
		t.Errorf("with a filter: %q", subjects(hits))
	}
}

// marked writes a highlight with its ranges in brackets.
func marked(h Highlight) string {
	var b strings.Builder
	at := 0
	for _, r := range h.Ranges {
		b.WriteString(h.Text[at:r.Start] + "[" + h.Text[r.Start:r.End] + "]")
		at = r.End
	}
	return h.Field + ": " + b.String() + h.Text[at:]
}

func TestHighlightsShowWhatWasFoundAndWhere(t *testing.T) {
	b := newBed(t)
	b.fillLanguages()
	b.pass(time.Hour)
	b.deliver(letter("Bob <b@b.example>", "x@y.example", "long: a story", strings.Repeat("nothing to see here.\r\n", 50)+"At last\tthe needle,\r\nand a haystack. "+strings.Repeat("more of it ", 50)))
	b.deliver(letter("Eve <e@e.example>", "x@y.example", "tags: <b>needles</b>", "<script>alert('needle2')</script> & more"))
	for text, want := range map[string][]string{
		"invoice":              {"subject: en: Your [Invoice] 4711", "text: The [invoice] for November is due. A quick, brown fox."},
		"from:lee":             {"from: Ann [Lee] <ann.[lee]@acme.example>"},
		"to:carl":              {"cc: [Carl] <[carl]@c.example>"},
		"subject:invoice fox":  {"subject: en: Your [Invoice] 4711", "text: The invoice for November is due. A quick, brown [fox]."},
		"\"quick brown\"":      {"text: The invoice for November is due. A [quick, brown] fox."},
		"goteborg":             {"text: Hej! Fakturan är på väg till [Göteborg]."},
		"会議":                   {"subject: ja: [会議]の件", "text: 明日の[会議]は中止になりました。データをご確認ください。"},
		"회의":                   {"subject: ko: [회의] 일정", "text: [회의]는 내일 오후 3시에 시작합니다. 송장을 첨부합니다."},
		"rechnung -x":          {"attachment: [Rechnung] März_2026.pdf"},
		"filename:pdf":         {"attachment: Rechnung März_2026.[pdf]"},
		"has:attachment":       nil,
		"needle haystack":      {"text: …here. nothing to see here. At last the [needle], and a [haystack]. " + strings.Repeat("more of it ", 12) + "more…"},
		"needles":              {"subject: tags: <b>[needles]</b>"},
		"needle2":              {"text: <script>alert('[needle2]')</script> & more"},
		"to:me from:acme":      {"from: Ann Lee <ann.lee@[acme].example>", "deliveredTo: [me]@demo.localhost"},
		"bob OR from:(x OR b)": {"from: [Bob] <[b]@[b].example>"},
	} {
		hits, _ := b.found(b.in.Mail(), Search{Query: parsed(t, text)})
		if len(hits) != 1 {
			t.Errorf("%s: found %q", text, subjects(hits))
			continue
		}
		var got []string
		for _, h := range hits[0].Highlights {
			got = append(got, marked(h))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestOfALongMessageTheBeginningIsFoundAndShown(t *testing.T) {
	b := newBed(t)
	var people []string
	for i := range 2 * MaxHighlights {
		people = append(people, fmt.Sprintf("needle%d@x.example", i))
	}
	m := b.deliver(letter("Ann <a@b.example>", strings.Join(people, ",\r\n "), "long", "needle "+strings.Repeat("needles ", 3*maxMarks)+strings.Repeat("hay\r\n", MaxWordText/5)+"behind"))
	search := func(text string) []Hit {
		hits, _ := b.found(b.in.Mail(), Search{Query: parsed(t, text)})
		return hits
	}
	if hits := search("behind"); len(hits) != 0 {
		t.Errorf("what stands behind MaxWordText is found: %+v", hits)
	}
	if hits := search("needle*"); len(hits) != 1 || len(hits[0].Highlights) != MaxHighlights {
		t.Fatalf("%+v", hits)
	}
	hits := search("needles OR needle")
	if len(hits) != 1 || len(hits[0].Highlights) != 1 || len(hits[0].Highlights[0].Ranges) != maxMarks || len(hits[0].Highlights[0].Text) > MaxExcerpt+len("…") {
		t.Fatalf("%+v", hits)
	}
	b.inside(func(w *workspace) {
		f := newFinder(t.Context(), w, b.in.id, Search{Query: parsed(t, "needle")})
		for f.text < MaxHighlightText {
			if before := f.text; len(f.highlights(&m)) != 1 || f.text == before || f.text > before+MaxWordText {
				t.Fatalf("%d octets were read, then %d", before, f.text)
			}
		}
		if h := f.highlights(&m); len(h) != 0 {
			t.Errorf("when enough was read: %+v", h)
		}
	})
}

// Of each field no more tokens are kept than the limit says.
func TestARowOfTheIndexIsBounded(t *testing.T) {
	m := Message{InboxID: "inb_1", DeliveredTo: "last@x.example"}
	for i := range 5000 {
		a := message.Address{Name: fmt.Sprintf("Number %d", i), Address: fmt.Sprintf("n%d@somewhere.example", i)}
		m.Envelope.To, m.Attachments = append(m.Envelope.To, a), append(m.Attachments, message.Attachment{Filename: a.Name})
	}
	m.Envelope.From, m.Envelope.Cc, m.Envelope.Bcc, m.Envelope.Subject = m.Envelope.To, m.Envelope.To, m.Envelope.To, strings.Repeat("word ", 1<<16)
	r := newWordRow(&m, strings.Repeat("会議", MaxWordText/6))
	for column, text := range r {
		most := maxWordHead
		if wordColumn(column) == bodyWords {
			most = maxWordIndex
		}
		if len(text) > most || wordColumn(column) != markWords && len(text) < most/2 {
			t.Errorf("%s has %d octets", wordColumnNames[column], len(text))
		}
	}
	if r.size() > 7*maxWordHead+maxWordIndex {
		t.Errorf("%d octets", r.size())
	}
}

func TestPagesGiveEachHitOnceWhateverComesAndGoes(t *testing.T) {
	b := newBed(t)
	var sent []Message
	deliver := func(i int) {
		b.pass(time.Minute)
		sent = append(sent, b.deliver(letter("Ann <a@b.example>", "x@y.example", fmt.Sprintf("%d: plain", i), "needle "+strings.Repeat("hay ", i%5))))
	}
	for i := range 25 {
		deliver(i)
	}
	b.pass(24 * 60 * time.Hour)
	b.deliver(letter("Needle <a@b.example>", "x@y.example", "late: other", "needle"))
	b.deliver(letter("Ann <a@b.example>", "x@y.example", "best: needle", "x"))
	for _, ranked := range []bool{false, true} {
		s := Search{Query: parsed(t, "needle"), Ranked: ranked, Limit: 4}
		before := b.all(b.in.Mail(), s)
		if len(before) != len(sent)+2 || before[0] != "best: needle" || before[1] != "late: other" {
			t.Fatalf("ranked %v: %q", ranked, before)
		}
		var got []string
		for i := 0; ; i++ {
			hits, next := b.found(b.in.Mail(), s)
			got = append(got, subjects(hits)...)
			if s.After = next; next == nil {
				break
			}
			b.pass(time.Minute)
			b.deliver(letter("Ann <a@b.example>", "x@y.example", "needle needle", "needle"))
			if i == 1 { // it was shown already
				if err := b.in.DeleteMessage(t.Context(), hits[len(hits)-1].Message.ID, true); err != nil {
					t.Fatal(err)
				}
				sent = slices.DeleteFunc(sent, func(m Message) bool { return m.ID == hits[len(hits)-1].Message.ID })
			}
		}
		if !slices.Equal(got, before) {
			t.Errorf("ranked %v: pages gave %q, not %q", ranked, got, before)
		}
		for _, m := range b.list(MessageFilter{Subject: "needle needle"}) {
			if err := b.in.DeleteMessage(t.Context(), m.ID, true); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Of many hits only the newest are ranked; the others come behind them.
func TestMoreHitsThanAreRankedAreAllGiven(t *testing.T) {
	b := newBed(t)
	const n = MaxRanked + 150
	b.bulk(n, func(i int) string { return fmt.Sprintf("%d: needle", i) })
	for _, ranked := range []bool{false, true} {
		list := b.all(b.in.Mail(), Search{Query: parsed(t, "needle"), Ranked: ranked, Limit: 100})
		if len(list) != n || list[0] != fmt.Sprintf("%d: needle", n-1) || list[n-1] != "0: needle" {
			t.Errorf("ranked %v: %d hits, from %q to %q", ranked, len(list), list[0], list[len(list)-1])
		}
		if slices.Sort(list); len(slices.Compact(list)) != n {
			t.Errorf("ranked %v: some are given twice", ranked)
		}
	}
}

// bulk delivers many small messages a minute after one another.
func (b *bed) bulk(n int, subject func(i int) string) {
	b.t.Helper()
	for i := range n {
		b.pass(time.Minute)
		sp := NewSpool(b.in)
		fmt.Fprint(sp, letter("Ann <a@b.example>", "x@y.example", subject(i), fmt.Sprint("body ", i)))
		if _, err := Deliver(b.t.Context(), Arrival{Sender: "a@b", Spool: sp, To: []Recipient{{Inbox: b.in, Address: "x@y"}}}); err != nil {
			b.t.Fatal(err)
		}
		sp.Close()
	}
}

func TestThreadsAreFoundByAnyOfTheirMessages(t *testing.T) {
	b := newBed(t)
	for i, x := range []struct{ id, ref, subject, body string }{
		{"<1@x>", "", "Lunch", "pizza"}, {"<2@x>", "", "Dinner", "pasta"}, {"<3@x>", "<1@x>", "Re: Lunch", "pizza again"}, {"<4@x>", "", "Supper", "pizza too"}, {"<5@x>", "<2@x>", "Re: Dinner", "salad"}, {"<6@x>", "<1@x>", "Re: Lunch", "soup"},
	} {
		b.pass(time.Duration(i+1) * time.Minute)
		b.deliver(mail(x.id, x.ref, x.subject, "a@b.example", x.body))
	}
	s := Search{Query: parsed(t, "pizza"), Limit: 1}
	var got []string
	for {
		hits, next, _, err := b.in.Mail().SearchThreads(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			got = append(got, fmt.Sprintf("%s/%d/%s", h.Thread.Subject, h.Thread.MessageCount, marked(h.Highlights[0])))
		}
		if s.After = next; next == nil {
			break
		}
	}
	if want := []string{"Supper/1/text: [pizza] too", "Lunch/3/text: [pizza] again"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestASearchSeesItsInboxAndNoOther(t *testing.T) {
	b := newBed(t)
	other := b.Workspace(b.in.ws.id).Inbox(InboxID(ident.New("inb", b.now)))
	b.deliver(letter("Ann <a@b.example>", "x@y.example", "mine: needle", "needle"))
	sp := NewSpool(other)
	defer sp.Close()
	fmt.Fprint(sp, letter("Ann <a@b.example>", "x@y.example", "theirs: needle", "needle secret"))
	if _, err := Deliver(t.Context(), Arrival{Spool: sp, To: []Recipient{{Inbox: other, Address: "b@c"}}}); err != nil {
		t.Fatal(err)
	}
	stranger := b.Workspace(WorkspaceID(ident.New("ws", b.now)))
	if err := stranger.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"needle", "needle OR is:unread", "-nothing", "is:unread", "-(is:read nothing)", "secret OR needle", "in:anywhere", "needle OR \"} : x", `"every" OR needle`} {
		for _, ranked := range []bool{false, true} {
			for m, want := range map[Mail]string{b.in.Mail(): "mine", other.Mail(): "theirs", b.in.ws.Mail(""): "theirs mine", stranger.Mail(""): "", b.in.ws.Mail("inb_none"): "", stranger.Mail(b.in.id): ""} {
				hits, _ := b.found(m, Search{Query: parsed(t, text), Ranked: ranked})
				slices.SortFunc(hits, func(a, c Hit) int { return strings.Compare(c.Message.Envelope.Subject, a.Message.Envelope.Subject) })
				if got := short(subjects(hits)); got != want {
					t.Errorf("%s in %v: %q, not %q", text, m, got, want)
				}
			}
		}
	}
}

func TestAMessageIsFoundAsSoonAsItIsAnnounced(t *testing.T) {
	b := newBed(t)
	for i := range 20 {
		word := fmt.Sprintf("word%dx", i)
		m := b.deliver(letter("Ann <a@b.example>", "x@y.example", word, "text"))
		lines := b.lines()
		if last := lines[len(lines)-1]; last.MessageID != string(m.ID) {
			t.Fatalf("the last line is %+v", last)
		}
		if hits, _ := b.found(b.in.Mail(), Search{Query: parsed(t, word)}); len(hits) != 1 || hits[0].Message.ID != m.ID {
			t.Fatalf("%s: %q", word, subjects(hits))
		}
	}
}

func TestWhatIsRemovedOrMovedIsFoundNoMoreOrThere(t *testing.T) {
	b := newBed(t)
	one, two := b.deliver(letter("Ann <a@b.example>", "x@y.example", "one: fruit", "apple")), b.deliver(letter("Ann <a@b.example>", "x@y.example", "two: fruit", "pear"))
	search := func(text string) string {
		hits, _ := b.found(b.in.Mail(), Search{Query: parsed(t, text)})
		return short(subjects(hits))
	}
	if got := search("fruit"); got != "two one" {
		t.Fatal(got)
	}
	if err := b.in.DeleteMessage(t.Context(), one.ID, false); err != nil {
		t.Fatal(err)
	}
	if got, trash := search("fruit"), search("fruit in:trash"); got != "two" || trash != "one" {
		t.Errorf("%q, in Trash %q", got, trash)
	}
	for _, id := range []MessageID{one.ID, two.ID} {
		if err := b.in.DeleteMessage(t.Context(), id, true); err != nil {
			t.Fatal(err)
		}
	}
	if got := search("fruit in:anywhere"); got != "" {
		t.Error(got)
	}
	if n := b.count("SELECT (SELECT COUNT(*) FROM word_rows) + (SELECT COUNT(*) FROM word_text WHERE word_text MATCH 'fruit') + (SELECT COUNT(*) FROM word_backlog)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestWordsSurviveACrashAndARebuild(t *testing.T) {
	b := newBed(t)
	b.fillLanguages()
	search := func() string {
		hits, _ := b.found(b.in.Mail(), Search{Query: parsed(t, "会議 OR faktura OR rechnung")})
		return short(subjects(hits))
	}
	b.crash()
	if got := search(); got != "pdf ja sv" {
		t.Errorf("after a crash %q", got)
	}
	b.crash()
	if got := search(); got != "pdf ja sv" {
		t.Errorf("after another %q", got)
	}
	b.rebuild()
	if got := search(); got != "pdf ja sv" {
		t.Errorf("after a rebuild %q", got)
	}
}

// A directory of before this index can be searched at once, and is indexed behind that, the newest messages first.
func TestOlderMailBecomesSearchableInTheBackground(t *testing.T) {
	b := newBed(t)
	b.fillLanguages()
	b.found(b.in.Mail(), Search{Query: parsed(t, "x")})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := schema.ReadFile(wordsMigration(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(b.wsDir(), "index.db"), migrations())
	if err != nil {
		t.Fatal(err)
	}
	err = db.Change(func(tx *sqlite.Tx) error { // as if it had been there without, and came now
		for _, q := range []string{"DROP TRIGGER words_place", "DROP TRIGGER words_forget", "DROP TRIGGER words_renew", "DROP TABLE word_text", "DROP TABLE word_rows", "DROP TABLE word_backlog", string(text)} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		var waiting int
		if err := tx.Row("SELECT COUNT(*) FROM word_backlog", nil, &waiting); err != nil || waiting != 10 {
			t.Errorf("%d messages wait for it, %v", waiting, err)
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	b.openStore()
	b.in = b.Workspace(b.in.ws.id).Inbox(b.in.id)
	if n := b.count("SELECT COUNT(*) FROM word_rows"); n != 10 {
		t.Errorf("%d messages have their place", n)
	}
	for { // the test's own deadline ends it
		hits, _, partial, err := b.in.Mail().Search(t.Context(), Search{Query: parsed(t, "会議 OR faktura OR rechnung")})
		if err != nil {
			t.Fatal(err)
		}
		if got := short(subjects(hits)); !partial {
			if got != "pdf ja sv" {
				t.Errorf("found %q", got)
			}
			break
		} else if !strings.HasPrefix("pdf ja sv", got) {
			t.Errorf("on the way it finds %q", got)
		}
	}
}

func wordsMigration(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("schema/*_words.sql")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	return names[0]
}

func TestMessagesOfOneSecondKeepTheirPlaces(t *testing.T) {
	b := newBed(t)
	for i := range 30 {
		b.deliver(letter("Ann <a@b.example>", "x@y.example", fmt.Sprintf("%02d: same", i), "second"))
	}
	list := b.all(b.in.Mail(), Search{Query: parsed(t, "second"), Limit: 7})
	if len(list) != 30 || !slices.IsSortedFunc(list, func(a, c string) int { return strings.Compare(c, a) }) {
		t.Errorf("%q", list)
	}
}

func TestASearchEndsWithItsContext(t *testing.T) {
	b := newBed(t)
	b.deliver(letter("Ann <a@b.example>", "x@y.example", "one", "apple"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := b.in.Mail().Search(ctx, Search{Query: parsed(t, "apple")}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	if _, _, _, err := b.in.Mail().Search(late, Search{Query: parsed(t, "apple")}); fault.From(err) != nil {
		t.Errorf("the caller's own deadline became %v", err)
	}
}

func TestASecondThatIsFullTakesMore(t *testing.T) {
	b := newBed(t)
	b.deliver(letter("Ann <a@b.example>", "x@y.example", "first", "needle"))
	base := b.now.Unix() * rowsPerSecond
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		return w.db.Change(func(tx *sqlite.Tx) error {
			_, err := tx.Exec("INSERT INTO word_rows (id, message_id) VALUES (?, 'msg_last')", base+rowsPerSecond-1)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"second", "third"} {
		b.deliver(letter("Ann <a@b.example>", "x@y.example", subject, "needle"))
	}
	b.pass(time.Second)
	b.deliver(letter("Ann <a@b.example>", "x@y.example", "fourth", "needle"))
	list := b.all(b.in.Mail(), Search{Query: parsed(t, "needle"), Limit: 1})
	if want := []string{"fourth", "third", "second", "first"}; !slices.Equal(list, want) {
		t.Errorf("%q", list)
	}
}

func TestASearchThatIsLateSaysWhatToDo(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want error
	}{
		{t.Context(), context.DeadlineExceeded, errSearchSlow}, {t.Context(), fmt.Errorf("read: %w", context.DeadlineExceeded), errSearchSlow}, {gone, context.DeadlineExceeded, context.DeadlineExceeded}, {t.Context(), ErrNotFound, ErrNotFound}, {t.Context(), nil, nil},
	} {
		if got := late(c.ctx, c.err, errSearchSlow); !errors.Is(got, c.want) {
			t.Errorf("%v became %v", c.err, got)
		}
	}
}

// Wherever the time of a page ends, it is an error, and highlights, which are for show, are left out.
func TestAPageEndsWithItsTime(t *testing.T) {
	b := newBed(t)
	m := b.deliver(letter("Ann <a@b.example>", "x@y.example", "one", "needle"))
	b.found(b.in.Mail(), Search{Query: parsed(t, "needle")})
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	b.inside(func(w *workspace) {
		for _, s := range []Search{{Query: parsed(t, "needle")}, {Query: parsed(t, "needle is:unread")}, {Query: parsed(t, "needle"), Ranked: true}} {
			f := newFinder(late, w, b.in.id, s)
			err := w.db.View(t.Context(), func(tx *sqlite.Tx) error {
				f.tx = tx
				_, err := f.page()
				return err
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("ranked %v: %v", s.Ranked, err)
			}
			if h := f.highlights(&m); len(h) != 0 {
				t.Errorf("%+v", h)
			}
		}
	})
}

func TestOfALongQueryTheFirstPhrasesRank(t *testing.T) {
	b := newBed(t)
	var list []string
	for i := range query.MaxTerms {
		list = append(list, fmt.Sprintf("word%dx", i))
	}
	b.deliver(letter("Ann <a@b.example>", "x@y.example", "first", list[0]))
	b.deliver(letter("Ann <a@b.example>", "x@y.example", list[rankedPhrases], "x"))
	if got := b.all(b.in.Mail(), Search{Query: parsed(t, strings.Join(list, " OR ")), Ranked: true}); !slices.Equal(got, []string{"first", list[rankedPhrases]}) {
		t.Errorf("%q", got)
	}
}

// A page that has looked at enough ends, and the next one goes on.
func TestAPageThatLookedAtEnoughEnds(t *testing.T) {
	b := newBed(t)
	rare := b.deliver(letter("Ann <a@b.example>", "x@y.example", "rare", "needle"))
	b.label(rare.ID, MessageChange{AddLabels: []string{"rare"}})
	const n = 20
	b.bulk(n, func(i int) string { return "common" })
	b.found(b.in.Mail(), Search{Query: parsed(t, "common")}) // all is indexed now
	err := b.in.ws.use(t.Context(), func(w *workspace) error {
		return w.db.View(t.Context(), func(tx *sqlite.Tx) error {
			s := Search{Query: parsed(t, "in:inbox label:rare")}
			for pages := 1; ; pages++ {
				f := newFinder(t.Context(), w, b.in.id, s)
				f.tx, f.most = tx, 6
				place, err := f.page()
				if err != nil {
					return err
				}
				if place == nil {
					if len(f.rows) != 1 || pages != n/6+1 {
						t.Errorf("page %d has %d hits", pages, len(f.rows))
					}
					return nil
				}
				if len(f.rows) != 0 || pages > n {
					t.Errorf("page %d has %d hits", pages, len(f.rows))
				}
				s.After = place
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestADraftIsFoundAtTheTimeOfItsLastChange(t *testing.T) {
	b := newBed(t)
	d := b.draft(draftMail("Plan", "penguin"), nil)
	b.pass(24 * time.Hour)
	between := b.opt.Clock().UTC().Format(time.RFC3339)
	b.deliver(mail("<1@x>", "", "Between", "ann@x.example", "penguin ostrich"))
	b.pass(24 * time.Hour)
	b.changeDraft(d.ID, DraftChange{Spool: b.spool(draftMail("Plan", "ostrich"))})
	m := b.in.Mail()
	for text, want := range map[string]string{
		"ostrich": "Plan Between", "penguin": "Between", "ostrich after:" + between: "Plan Between", "ostrich before:" + between: "", "is:draft after:" + between: "Plan",
	} {
		if got := strings.Join(b.all(m, Search{Query: parsed(t, text), Limit: 1}), " "); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	b.reopen()
	b.rebuild()
	if got := strings.Join(b.all(b.in.Mail(), Search{Query: parsed(t, "ostrich after:"+between)}), " "); got != "Plan Between" {
		t.Errorf("after a rebuild: %s", got)
	}
}
