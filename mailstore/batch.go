package mailstore

import (
	"context"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of batches.
const (
	MaxBatchRead   = 100  // messages that one batch reads (limit messagesPerBatchGet)
	MaxBatchChange = 1000 // messages that one batch changes or deletes (limit messagesPerBatchChange)
)

var (
	errBatchRead   = fault.New(fault.Invalid, "batch_too_large", "One batch reads at most %d messages (limit messagesPerBatchGet).", MaxBatchRead).At("body.ids")
	errBatchChange = fault.New(fault.Invalid, "batch_too_large", "One batch changes at most %d messages (limit messagesPerBatchChange).", MaxBatchChange).At("body.ids")
)

// Outcome is what became of one message of a batch: Err says why nothing did, and is a fault that concerns this message
// alone.
type Outcome struct {
	ID      MessageID
	Message Message // as it is now; of a deletion only if it is still there
	Err     error
}

// MessagesNamed reads messages of the inbox by their ids, each once, in the order given.
func (in Inbox) MessagesNamed(ctx context.Context, ids []MessageID) (list []Outcome, err error) {
	if len(ids) > MaxBatchRead {
		return nil, errBatchRead
	}
	ids = once(ids)
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		list, err = in.outcomes(tx, ids, nil)
		return err
	})
	return list, err
}

// ChangeMessages changes the labels of messages of the inbox, each once, in one commit. What cannot be done to one of
// them is told of it, and the others are changed.
func (in Inbox) ChangeMessages(ctx context.Context, ids []MessageID, c MessageChange) ([]Outcome, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return in.batch(ctx, ids, c.wants(LabelTrash) == 1, func(e *edit, id MessageID) error { return e.change(id, c) })
}

// DeleteMessages deletes messages of the inbox as DeleteMessage does, each once, in one commit.
func (in Inbox) DeleteMessages(ctx context.Context, ids []MessageID, permanent bool) ([]Outcome, error) {
	return in.batch(ctx, ids, true, func(e *edit, id MessageID) error { return e.delete(id, permanent) })
}

// batch runs do for each of the messages in one commit. do leaves a message whole that it refuses. cancel says that those which
// wait for a time are cancelled before.
func (in Inbox) batch(ctx context.Context, ids []MessageID, cancel bool, do func(*edit, MessageID) error) (list []Outcome, err error) {
	if len(ids) > MaxBatchChange {
		return nil, errBatchChange
	}
	ids = once(ids)
	if cancel {
		if err := in.cancelThose(ctx, MessageFilter{IDs: ids}); err != nil {
			return nil, err
		}
	}
	err = in.edit(ctx, func(e *edit) error {
		refused := map[MessageID]error{}
		for _, id := range ids {
			err := do(e, id)
			switch fault.KindOf(err) {
			case fault.NotFound, fault.Exhausted:
				refused[id] = err
			default:
				if err != nil {
					return err
				}
			}
		}
		list, err = in.outcomes(e.tx, ids, refused)
		return err
	})
	return list, err
}

// outcomes reads messages as they are now. Those that are not there are ErrNotFound, unless something else is known.
func (in Inbox) outcomes(tx *sqlite.Tx, ids []MessageID, refused map[MessageID]error) ([]Outcome, error) {
	there, err := messagesByID(tx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Outcome, len(ids))
	for i, id := range ids {
		list[i] = Outcome{ID: id, Err: refused[id]}
		if m, known := there[id]; known && m.InboxID == in.id {
			list[i].Message = m
		} else if refused == nil {
			list[i].Err = ErrNotFound
		}
	}
	return list, nil
}

// once gives each id once, in the order of the first.
func once(ids []MessageID) []MessageID {
	seen := make(map[MessageID]bool, len(ids))
	list := make([]MessageID, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	return list
}
