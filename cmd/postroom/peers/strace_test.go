package peers

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// call is one system call: the lines of the trace on which it began and ended.
type call struct {
	text       string
	begun, end int
}

// readTrace joins what strace splits when threads interleave.
func readTrace(t *testing.T, name string) []call {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var calls []call
	pending := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 0; lines.Scan(); n++ {
		pid, text, ok := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if !ok {
			continue
		}
		text = strings.TrimSpace(text)
		switch {
		case strings.HasSuffix(text, "<unfinished ...>"):
			pending[pid] = len(calls)
			calls = append(calls, call{text: text, begun: n, end: 1 << 30})
		case strings.HasPrefix(text, "<... "):
			if i, ok := pending[pid]; ok {
				calls[i].end = n
				calls[i].text += text
				delete(pending, pid)
			}
		default:
			calls = append(calls, call{text: text, begun: n, end: n})
		}
	}
	return calls
}

// whole reports whether the trace reaches to the end of the process.
func whole(calls []call) bool {
	return len(calls) > 0 && strings.HasPrefix(calls[len(calls)-1].text, "+++ exited")
}

// find gives the first call that matches and begins at or behind a line of the trace.
func find(t *testing.T, calls []call, what, pattern string, from int) call {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for _, c := range calls {
		if c.begun >= from && re.MatchString(c.text) {
			return c
		}
	}
	t.Fatalf("the trace has no %s (%s) behind line %d", what, pattern, from)
	return call{}
}

// The bytes are synced before they get their name, the name before the commit, the commit before the answer.
func TestBytesNameAndCommitAreSyncedBeforeTheAnswer(t *testing.T) {
	strace := need(t, "strace")
	dir := t.TempDir()
	trace := filepath.Join(t.TempDir(), "trace")
	s := start(t, dir, strace, "-D", "-f", "-y", "-s", "200", "-o", trace, "-e", "trace=write,pwrite64,writev,sendto,fsync,fdatasync,rename,renameat,renameat2")
	curl := need(t, "curl")
	for range 3 {
		run(t, "Subject: traced\r\n\r\nbody\r\n", curl, "-sS", "smtp://"+s.SMTP, "--mail-from", "a@sender.example", "--mail-rcpt", s.Inbox.Address, "--upload-file", "-")
	}
	s.waitFor(3)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	calls := readTrace(t, trace)
	for deadline := time.Now().Add(patience); !whole(calls) && time.Now().Before(deadline); { // strace ends a moment after the server
		calls = readTrace(t, trace)
	}
	from := 0
	for range 3 {
		sync := find(t, calls, "sync of the bytes", `^f(data)?sync\(\d+<[^>]*/tmp/msg_`, from)
		name := find(t, calls, "rename", `^rename\w*\(.*tmp/msg_.*new/msg_|^renameat\w*\(\d+<[^>]*>, "(tmp/)?msg_`, from)
		folder := find(t, calls, "sync of the name", `^f(data)?sync\(\d+<[^>]*/new>`, name.begun)
		commit := find(t, calls, "sync of the commit", `^f(data)?sync\(\d+<[^>]*/index\.db-wal>`, folder.begun)
		answer := find(t, calls, "answer", `^(write|writev|sendto)\(\d+<[^>]*>, "250 2\.6\.0`, from)
		for i, pair := range [][2]call{{sync, name}, {name, folder}, {folder, commit}, {commit, answer}} {
			if pair[0].end >= pair[1].begun {
				t.Errorf("step %d: %q had not ended when %q began", i+1, pair[0].text, pair[1].text)
			}
		}
		from = answer.end + 1
	}
}
