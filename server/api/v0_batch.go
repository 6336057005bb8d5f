package api

import (
	"fmt"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

type (
	v0BatchGet struct {
		MessageIDs []string `json:"message_ids" minItems:"1" maxItems:"500" nullable:"false"`
	}
	v0BatchUpdate struct {
		MessageIDs []string `json:"message_ids" minItems:"1" maxItems:"50" nullable:"false"`
		V0LabelChange
	}
	v0BatchMessages struct {
		v0Counted
		Messages []v0Message `json:"messages"`
	}
	v0BatchUpdates struct {
		v0Counted
		Updates []v0MessageLabels `json:"updates"`
	}
)

// Messages that one batch reads, and changes.
const (
	maxV0BatchGet    = 500
	maxV0BatchUpdate = 50
)

func (t *v0Table) batches(list string) {
	body(t, inInbox, "POST", list+"/batch-get", (*v0Request).batchGet)
	body(t, inInbox, "POST", list+"/batch-update", (*v0Request).batchUpdate)
}

// batchGet reads messages, in the order given; those that are not there are left out. The text of all is bounded.
func (v *v0Request) batchGet(in v0BatchGet) (v0Answer, error) {
	box, address, err := v.box(tenancy.MessagesRead)
	if err != nil {
		return v0Answer{}, err
	}
	found, err := box.Enveloped(v.ctx, in.MessageIDs)
	if err != nil {
		return v0Answer{}, err
	}
	out := v0BatchMessages{Messages: []v0Message{}}
	left := maxBatchText
	for _, id := range in.MessageIDs {
		m, ok := found[id]
		if !ok {
			continue
		}
		delete(found, id) // each once
		o, err := messageOf(m).withBody(v.ctx, box, min(MaxTextBytes, left/2))
		if fault.KindOf(err) == fault.NotFound { // it went meanwhile
			continue
		}
		if err != nil {
			return v0Answer{}, err
		}
		left -= len(o.Text) + len(o.HTML)
		out.Messages = append(out.Messages, v0MessageOf(o, address))
	}
	out.Count, out.Limit = len(out.Messages), maxV0BatchGet
	return answered(out, nil)
}

// batchUpdate changes the labels of messages that are all there, in one commit.
func (v *v0Request) batchUpdate(in v0BatchUpdate) (v0Answer, error) {
	box, _, err := v.box(tenancy.MessagesUpdate)
	if err != nil {
		return v0Answer{}, err
	}
	change, err := in.change()
	if err != nil {
		return v0Answer{}, err
	}
	found, err := box.Enveloped(v.ctx, in.MessageIDs)
	if err != nil {
		return v0Answer{}, err
	}
	var missing mistakes
	ids := make([]mailstore.MessageID, len(in.MessageIDs))
	for i, id := range in.MessageIDs {
		m, ok := found[id]
		if ids[i] = m.ID; !ok {
			missing.add(fmt.Sprintf("%s.message_ids[%d]", asWritten, i), "There is no such message here.")
		}
	}
	if err := missing.err(); err != nil {
		return v0Answer{}, err
	}
	return v0OnceBeside(v, func() (any, error) {
		list, err := box.ChangeMessages(v.ctx, ids, change)
		out := v0BatchUpdates{v0Counted{Count: len(list), Limit: maxV0BatchUpdate}, each(list, func(o mailstore.Outcome) v0MessageLabels { return v0LabelsNow(o.Message) })}
		for _, o := range list {
			if err == nil {
				err = o.Err
			}
		}
		return out, err
	})
}
