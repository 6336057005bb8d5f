package mailstore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/query"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// BenchmarkFind searches in 4,000 messages of 2 KB, in 100,000 with POSTROOM_LONG=1, in one inbox, 50 hits a page with their
// highlights. "p50-ms" and "p99-ms" are of the searches of a run.
func BenchmarkFind(b *testing.B) {
	n := 4000
	if os.Getenv("POSTROOM_LONG") != "" {
		n = 100_000
	}
	in := fillWords(b, n)
	for _, bench := range []struct {
		name    string
		ranked  bool
		queries []string
	}{
		{"typical/newest", false, typicalQueries}, {"typical/ranked", true, typicalQueries},
		{"common-word", false, []string{"quarterly"}}, {"common-word/ranked", true, []string{"quarterly"}}, {"half/ranked", true, []string{"halfway"}},
		{"wide-prefix", false, []string{"con*"}}, {"never-together", false, []string{"halfway otherhalf"}}, {"unread-of-none", false, []string{"quarterly is:starred"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				for _, text := range bench.queries {
					q, err := query.Parse(text)
					if err != nil {
						b.Fatal(err)
					}
					start := time.Now()
					if _, _, _, err := in.Mail().Search(b.Context(), Search{Query: q, Ranked: bench.ranked, Limit: 50}); err != nil {
						b.Fatal(text, err)
					}
					took = append(took, time.Since(start))
				}
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
		})
	}
}

// typicalQueries are what people and programs look for.
var typicalQueries = []string{
	"seldomword", "figure 77", `"quarterly figure"`, "from:bob halfway", "from:ann@a.example", "subject:figure is:unread", "seldomwo*", "has:attachment", "label:todo", "after:2026-01-10 before:2026-01-12 halfway",
	"会議", "halfway -otherhalf from:bob", "nothinglikethis", "from:ann OR seldomword",
}

// fillWords stores n messages in the INBOX without waiting for the disk, and indexes their words alone.
func fillWords(b *testing.B, n int) Inbox {
	s, err := Open(b.TempDir(), Options{MinFree: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	in := s.Workspace(WorkspaceID(ident.New("ws", time.Now()))).Inbox(InboxID(ident.New("inb", time.Now())))
	err = in.ws.use(b.Context(), func(w *workspace) error {
		w.indexer.stop() // it does nothing here
		filler := newWordFiller(in)
		for at := 0; at < n; at += filler.together {
			if err := w.db.Change(func(tx *sqlite.Tx) error { return filler.some(tx, w, at, min(n, at+filler.together)) }); err != nil {
				return err
			}
		}
		for more := true; more; {
			if err := w.db.Change(func(tx *sqlite.Tx) (err error) {
				more, err = mergedSome(tx)
				return err
			}); err != nil {
				return err
			}
		}
		return w.db.Change(func(tx *sqlite.Tx) error { _, err := tx.Exec("DELETE FROM search_queue"); return err })
	})
	if err != nil {
		b.Fatal(err)
	}
	return in
}

func mergedSome(tx *sqlite.Tx) (bool, error) {
	var before, after int64
	if err := tx.Row("SELECT total_changes()", nil, &before); err != nil {
		return false, err
	}
	if err := mergeStep(tx); err != nil {
		return false, err
	}
	err := tx.Row("SELECT total_changes()", nil, &after)
	return after-before >= 3, err
}

type wordFiller struct {
	in       Inbox
	bodies   []string
	start    time.Time
	together int // in one commit
}

func newWordFiller(in Inbox) *wordFiller {
	f := &wordFiller{in: in, bodies: make([]string, 256), start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), together: 50}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range f.bodies {
		f.bodies[i] = prose(r, 1500)
	}
	return f
}

// raw is a message: every one is quarterly, one of two halfway, one of 500 has the seldomword.
func (f *wordFiller) raw(i int) string {
	from, extra := "Ann Lee <ann@a.example>", " otherhalf "
	if i%2 == 0 {
		from, extra = "Bob Ray <bob@b.example>", " halfway "
	}
	if i%500 == 0 {
		extra += " seldomword "
	}
	if i%50 == 0 {
		extra += "明日の会議は中止になりました。"
	}
	return letter(from, "Team <team@b.example>", fmt.Sprintf("Quarterly figure %d again", i), f.bodies[i%len(f.bodies)]+extra, fmt.Sprintf("Message-ID: <%d@bench.example>\r\n", i))
}

// some stores messages [from, to).
func (f *wordFiller) some(tx *sqlite.Tx, w *workspace, from, to int) error {
	mailbox, err := w.mailboxID(tx, f.in.id, InboxMailbox, f.start)
	if err != nil {
		return err
	}
	dir := filepath.Join(w.store.workspaceDir(w.id), "maildir", string(f.in.id), "new")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i := from; i < to; i++ {
		at := f.start.Add(time.Duration(i) * 10 * time.Minute)
		raw, id := []byte(f.raw(i)), ident.New("msg", at)
		rec, err := newRecord(raw)
		if err != nil {
			return err
		}
		if i%200 == 0 {
			rec.attachments = `[{"id":"2","filename":"a.pdf","contentType":"application/pdf","size":1,"disposition":"attachment"}]`
			rec.parsed.Attachments = []message.Attachment{{Filename: "a.pdf", Disposition: "attachment"}}
		}
		if err := os.WriteFile(filepath.Join(dir, id), raw, 0o600); err != nil {
			return err
		}
		if err := f.rows(tx, mailbox, i, at.UnixMicro(), MessageID(id), rec); err != nil {
			return err
		}
		m := &Message{InboxID: f.in.id, Envelope: rec.parsed.Envelope, Attachments: rec.parsed.Attachments}
		if err := newWordRow(m, string(raw[rec.parsed.Structure.Body:])).insert(tx, MessageID(id)); err != nil {
			return err
		}
	}
	return mergeStep(tx)
}

func (f *wordFiller) rows(tx *sqlite.Tx, mailbox int64, i int, at int64, id MessageID, rec *record) error {
	keywords := ""
	if i%100 == 0 {
		keywords = `["todo"]`
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO messages (id, inbox_id, thread_id, direction, size, message_id, subject, preview, envelope, structure, attachments, received_at, created_at, updated_at)
			VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, sqlite.Args(string(id), string(f.in.id), "thr_"+string(id), rec.size, rec.parsed.Envelope.MessageID, rec.parsed.Envelope.Subject, rec.parsed.Preview,
			rec.envelope, rec.structure, rec.attachments, at, at, at)},
		{"INSERT INTO placements (mailbox_id, uid, message_id, modseq, flags, keywords, file, saved_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?)", sqlite.Args(mailbox, i+1, string(id), i%3%2, keywords, string(id), at)},
	} {
		if _, err := tx.Exec(step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}
