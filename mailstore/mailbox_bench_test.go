package mailstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
)

// BenchmarkMailbox measures what IMAP does with a mailbox of 10,000 messages, each as the client waits for it. Compare the
// operations with each other in one run; "per-message-µs" is for one message.
func BenchmarkMailbox(b *testing.B) {
	const size = 10_000
	s, err := Open(b.TempDir(), Options{MinFree: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	in := s.Workspace(WorkspaceID(ident.New("ws", time.Now()))).Inbox(InboxID(ident.New("inb", time.Now())))
	ctx := context.Background()
	raw := mail("<%s@bench.example>", "", "Quarterly figures", "Ann <ann@bench.example>", strings.Repeat("The quick brown fox jumps over the lazy dog, twice.\r\n", 100))
	appendMany := func(n int) (Mailbox, []uint32) {
		a, err := in.Append(ctx, InboxMailbox)
		if err != nil {
			b.Fatal(err)
		}
		for i := range n {
			sp := NewSpool(in)
			fmt.Fprintf(sp, raw, fmt.Sprint(i, time.Now().UnixNano()))
			if err := a.Add(ctx, sp, Uploaded{}); err != nil {
				b.Fatal(err)
			}
			sp.Close()
		}
		m, uids, err := a.Commit(ctx)
		if err != nil {
			b.Fatal(err)
		}
		return m, uids
	}
	var box Mailbox
	var uids []uint32
	for len(uids) < size {
		m, more := appendMany(1000)
		box, uids = m, append(uids, more...)
	}
	measure := func(name string, messages int, do func(i int) error) {
		b.Run(name, func(b *testing.B) {
			for i := range b.N {
				if err := do(i); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*messages), "per-message-µs")
		})
	}
	rows := func(want Want) func(int) error {
		return func(int) error {
			for left := uids; len(left) > 0; {
				_, done, err := in.Rows(ctx, box.ID, left, want)
				if err != nil {
					return err
				}
				left = left[done:]
			}
			return nil
		}
	}
	measure("Changes", size, func(int) error {
		_, err := in.Changes(ctx, box.ID, 0, func(Entry) {})
		return err
	})
	measure("Rows/wire", size, rows(WantWireEnvelope))
	measure("Rows/header", size, rows(WantWireHeader))
	measure("Rows/envelope", size, rows(WantEnvelope))
	measure("Open", 1000, func(int) error {
		for left := uids[:1000]; len(left) > 0; {
			list, done, err := in.Rows(ctx, box.ID, left, WantPlace)
			if err != nil {
				return err
			}
			for k := range list {
				f, err := in.OpenRow(ctx, &list[k])
				if err != nil {
					return err
				}
				f.Close()
			}
			left = left[done:]
		}
		return nil
	})
	measure("StoreFlags", 1000, func(i int) error {
		c := FlagChange{Op: FlagOp(1 + i%2), Flags: Flagged}
		_, err := in.StoreFlags(ctx, box.ID, uids[:1000], c, nil)
		return err
	})
	measure("Copy", 500, func(i int) error {
		_, err := in.Transfer(ctx, box.ID, uids[:500], ArchiveMailbox, false)
		return err
	})
	measure("Move", 500, func(i int) error {
		t, err := in.Transfer(ctx, box.ID, uids[len(uids)-500:], TrashMailbox, true)
		uids = uids[:len(uids)-500]
		if len(t.To) != 500 {
			b.Fatalf("%d moved", len(t.To))
		}
		_, more := appendMany(500)
		uids = append(uids, more...)
		return err
	})
	measure("Append", 1, func(int) error {
		_, more := appendMany(1)
		uids = append(uids, more...)
		return nil
	})
	measure("Expunge", 1000, func(int) error {
		last := slices.Clone(uids[len(uids)-1000:])
		if _, err := in.StoreFlags(ctx, box.ID, last, FlagChange{Op: AddFlags, Flags: Deleted}, nil); err != nil {
			return err
		}
		gone, err := in.Expunge(ctx, box.ID, last)
		uids = uids[:len(uids)-1000]
		if len(gone) != 1000 {
			b.Fatalf("%d expunged", len(gone))
		}
		_, more := appendMany(1000)
		uids = append(uids, more...)
		return err
	})
}
