package smtpd

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

const (
	recordEvery   = time.Second      // records are written so often, so that who is refused costs no commit of its own
	recordTimeout = 10 * time.Second // for those of one workspace
	maxRecords    = 10_000           // that wait; what comes beyond is counted and told to the log
)

// records are what was refused since it was last written. Up to recordEvery of them are lost with the process; its log has them.
type records struct {
	dir *tenancy.Directory
	log *slog.Logger

	mu   sync.Mutex
	list map[recordKey]*mailstore.Rejection
	more int // that found no room
}

// recordKey is what two records have in common that tell the same.
type recordKey struct {
	ws                                        mailstore.WorkspaceID
	inbox                                     mailstore.InboxID
	reason, source, sender, author, recipient string
}

// add notes one refusal.
func (r *records) add(ws mailstore.WorkspaceID, x mailstore.Rejection) {
	key := recordKey{ws, x.Inbox, x.Reason, x.Source, x.Sender, x.Author, x.Recipient}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.list[key]; known != nil {
		known.Count, known.LastAt = known.Count+1, now
		return
	}
	if len(r.list) >= maxRecords {
		r.more++
		return
	}
	if r.list == nil {
		r.list = map[recordKey]*mailstore.Rejection{}
	}
	x.Action, x.Count, x.FirstAt, x.LastAt = mailstore.Refused, 1, now, now
	r.list[key] = &x
}

// keep writes what was noted until done is closed, and then the rest.
func (r *records) keep(done <-chan struct{}) {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	for open := true; open; {
		select {
		case <-tick.C:
		case <-done:
			open = false
		}
		r.write()
	}
}

func (r *records) write() {
	r.mu.Lock()
	list, more := r.list, r.more
	r.list, r.more = nil, 0
	r.mu.Unlock()
	if more > 0 {
		r.log.Warn("refusals without a record", "count", more)
	}
	byWorkspace := map[mailstore.WorkspaceID][]mailstore.Rejection{}
	for key, x := range list {
		byWorkspace[key.ws] = append(byWorkspace[key.ws], *x)
	}
	for ws, list := range byWorkspace {
		ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
		if err := r.dir.RecordRejections(ctx, ws, list); err != nil {
			r.log.Error("record refusals", "workspace", ws, "count", len(list), "err", err)
		}
		cancel()
	}
}
