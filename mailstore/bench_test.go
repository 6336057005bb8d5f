package mailstore

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/ident"
)

// BenchmarkDeliver stores 16 KB messages from 1, 10 and 50 sessions into one inbox, and in the same run has as many
// writers write, fsync, rename and fsync the directory with the same bytes. "ratio" is our rate by theirs (the goal at
// 10 sessions is 0.5), "user-ms/op" and "sys-ms/op" our processor time for
// a message (the goal is under 1 together; on some disks the kernel alone takes more to make a file, theirs as ours).
func BenchmarkDeliver(b *testing.B) {
	raw := mail("<%s@bench.example>", "", "Quarterly figures", "Ann <ann@bench.example>", strings.Repeat("The quick brown fox jumps over the lazy dog, twice.\r\n", 300))
	top := b.TempDir() // one for all: creating files is slow for some seconds after many were deleted
	fresh := func(b *testing.B) string {
		dir, err := os.MkdirTemp(top, "")
		if err != nil {
			b.Fatal(err)
		}
		return dir
	}
	for _, sessions := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("sessions=%d", sessions), func(b *testing.B) {
			s, err := Open(fresh(b), Options{MinFree: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			in := s.Workspace(WorkspaceID(ident.New("ws", time.Now()))).Inbox(InboxID(ident.New("inb", time.Now())))
			deliver := func(i int64) error {
				sp := NewSpool(in)
				defer sp.Close()
				fmt.Fprintf(sp, raw, fmt.Sprint(i))
				r, err := Deliver(context.Background(), Arrival{Sender: "a@bench.example", Spool: sp, To: []Recipient{{Inbox: in, Address: "x@y"}}})
				if err == nil {
					r.Confirm()
				}
				return err
			}
			loop := bareLoop(b, fresh(b), []byte(raw))
			var ours, bare, user, system time.Duration
			for from := int64(0); from < int64(b.N); from += slice { // by turns, so that the disk's moods strike both
				to := min(from+slice, int64(b.N))
				u, k := processorTime()
				ours += spread(b, sessions, from, to, deliver)
				u2, k2 := processorTime()
				user, system = user+u2-u, system+k2-k
				bare += spread(b, sessions, from, to, loop)
			}
			b.ReportMetric(float64(bare)/float64(ours), "ratio")
			b.ReportMetric(float64(b.N)/ours.Seconds(), "msg/s")
			b.ReportMetric(float64(b.N)/bare.Seconds(), "bare/s")
			b.ReportMetric(user.Seconds()*1000/float64(b.N), "user-ms/op")
			b.ReportMetric(system.Seconds()*1000/float64(b.N), "sys-ms/op")
		})
	}
}

// BenchmarkThreadsWithARareLabel lists threads by a label that none has, in inboxes of 500 and 2,000 threads. "growth" is
// how much longer the larger one takes: about 4 if the work is linear, about 16 if each thread looks through the inbox.
func BenchmarkThreadsWithARareLabel(b *testing.B) {
	took := map[int]time.Duration{}
	for _, size := range []int{500, 2000} {
		s, err := Open(b.TempDir(), Options{MinFree: -1})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		in := s.Workspace(WorkspaceID(ident.New("ws", time.Now()))).Inbox(InboxID(ident.New("inb", time.Now())))
		spread(b, 20, 0, int64(size), func(i int64) error {
			sp := NewSpool(in)
			defer sp.Close()
			fmt.Fprintf(sp, "Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\nx\r\n", i, i)
			_, err := Deliver(context.Background(), Arrival{Sender: "a@b", Spool: sp, To: []Recipient{{Inbox: in, Address: "x@y"}}})
			return err
		})
		start := time.Now()
		for range b.N {
			if _, _, err := in.Threads(b.Context(), MessageFilter{Labels: []string{"rare"}}, nil, 50); err != nil {
				b.Fatal(err)
			}
		}
		took[size] = time.Since(start)
	}
	b.ReportMetric(float64(took[2000])/float64(took[500]), "growth")
}

// bareLoop is the least that a durable delivery costs on this disk.
func bareLoop(b *testing.B, dir string, raw []byte) func(int64) error {
	for _, d := range []string{"tmp", "new"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			b.Fatal(err)
		}
	}
	return func(i int64) error {
		name := fmt.Sprint(i)
		f, err := os.Create(filepath.Join(dir, "tmp", name))
		if err != nil {
			return err
		}
		if _, err := bytes.NewReader(raw).WriteTo(f); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(dir, "tmp", name), filepath.Join(dir, "new", name)); err != nil {
			return err
		}
		return syncPath(filepath.Join(dir, "new"), (*os.File).Sync)
	}
}

const slice = 250 // messages before the other one's turn

// spread runs do for from to to-1, from n goroutines, and tells how long all of it took.
func spread(b *testing.B, n int, from, to int64, do func(i int64) error) time.Duration {
	var next atomic.Int64
	next.Store(from)
	var wg sync.WaitGroup
	start := time.Now()
	for range n {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < to; i = next.Add(1) - 1 {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func processorTime() (user, system time.Duration) {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}
