package mailstore

import (
	"sync"

	"github.com/postroom/postroom/mailstore/internal/maildir"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// The names of files tell flags for other programs, and for the day the index is lost. They follow behind the commits: a
// few at once, many with the next round of care, so that flagging a thousand messages does not wait for a thousand renames.
const (
	renamedAtOnce  = 16     // files of one change that are renamed before it returns
	maxNamesBehind = 20_000 // files of one workspace whose names may be behind
)

// names knows the files whose names do not tell their flags yet. The zero value is ready.
type names struct {
	turn sync.Mutex // one renames at a time

	mu     sync.Mutex
	behind map[string]behind // by base name
	round  int               // of notes, so that one that comes while files are renamed is seen
}

// behind is a file with an old name.
type behind struct {
	folder  maildir.Folder
	mailbox int64
	uid     uint32
	disk    Flags // what its name tells
	round   int
}

// onDisk is what the name of a placement's file tells.
func (n *names) onDisk(p placement) Flags {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b, ok := n.behind[p.file]; ok {
		return b.disk
	}
	return p.flags
}

// note remembers that names are behind, and tells how many there are.
func (n *names) note(list []renamed) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.behind == nil {
		n.behind = map[string]behind{}
	}
	n.round++
	for _, r := range list {
		p := r.placement
		b, known := n.behind[p.file]
		if !known {
			b = behind{folder: p.folder(), mailbox: p.mailbox, uid: p.uid, disk: r.was}
		}
		b.round = n.round
		n.behind[p.file] = b
	}
	return len(n.behind)
}

func (n *names) taken() map[string]behind {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make(map[string]behind, len(n.behind))
	for base, b := range n.behind {
		list[base] = b
	}
	return list
}

// done notes what the name of a file tells now, unless its placement is gone.
func (n *names) done(base string, was behind, now Flags, gone bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.behind[base]
	if gone || b.round == was.round {
		delete(n.behind, base)
		return
	}
	b.disk = now
	n.behind[base] = b
}

// renameFiles is called behind the commit of a change that gave messages other flags.
func (w *workspace) renameFiles(list []renamed) {
	if len(list) == 0 {
		return
	}
	if n := w.names.note(list); len(list) <= renamedAtOnce || n > maxNamesBehind {
		w.catchUpNames()
	}
}

// catchUpNames gives all files that are behind the names that tell their flags as they are now.
func (w *workspace) catchUpNames() {
	w.names.turn.Lock()
	defer w.names.turn.Unlock()
	for base, b := range w.names.taken() {
		var flags Flags
		err := w.db.View(noCtx, func(tx *sqlite.Tx) error {
			return tx.Row("SELECT flags FROM placements WHERE mailbox_id = ? AND uid = ?", sqlite.Args(b.mailbox, b.uid), &flags)
		})
		gone := sqlite.NoRows(err)
		if err == nil { // also where they are the same: notes come in any order, so disk may be wrong
			err = w.tree.Rename(b.folder, base, fileFlags(b.disk), fileFlags(flags))
		}
		if err != nil && !gone {
			w.store.opts.Log.Warn("rename file", "workspace", w.id, "file", base, "err", err)
			gone = true // recovery puts it right
		}
		w.names.done(base, b, flags, gone)
	}
}
