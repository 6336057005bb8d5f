package api

import (
	"slices"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

// Labels that /v0 gives beside those of /v1: what became of what was sent.
const (
	v0Scheduled = "scheduled"
	v0Bounced   = "bounced"
)

// v0LabelsOf adds read to what is not unread, and what became of what was sent.
func v0LabelsOf(labels []string, status string) []string {
	all := slices.Clone(labels)
	if !slices.Contains(all, mailstore.LabelUnread) {
		all = append(all, mailstore.LabelRead)
	}
	if status == v0Scheduled || status == v0Bounced {
		all = append(all, status)
	}
	return all
}

// V0LabelChange is what a client may change about labels.
type V0LabelChange struct {
	AddLabels    oneOrMore `json:"add_labels,omitempty"`
	RemoveLabels oneOrMore `json:"remove_labels,omitempty"`
}

func (c V0LabelChange) change() (mailstore.MessageChange, error) {
	m := mailstore.MessageChange{AddLabels: lower(c.AddLabels), RemoveLabels: lower(c.RemoveLabels)}
	for _, l := range slices.Concat(m.AddLabels, m.RemoveLabels) {
		if l == v0Scheduled || l == v0Bounced {
			return m, fault.New(fault.Invalid, "fixed_label", "The label %q follows from what became of the message and cannot be added or removed.", l)
		}
	}
	if len(m.AddLabels)+len(m.RemoveLabels) == 0 {
		var wrong mistakes
		wrong.add("body", "Give add_labels or remove_labels.")
		return m, wrong.err()
	}
	return m, nil
}

// v0Hidden are the labels that a list leaves out unless it is asked for them, by the name of a parameter or as a label; drafts have lists of their own.
var v0Hidden = map[string]string{
	mailstore.LabelSpam: "include_spam", mailstore.LabelBlocked: "include_blocked", mailstore.LabelUnauthenticated: "include_unauthenticated", mailstore.LabelTrash: "include_trash",
	mailstore.LabelDraft: "",
}

// v0Filters are the names of the parameters that narrow lists.
const v0Filters = v0Paged + "labels before after include_spam include_blocked include_unauthenticated include_trash "

// filter reads what a list is narrowed to.
func (q *v0Query) filter() mailstore.MessageFilter {
	f := mailstore.MessageFilter{IncludeTrash: true, IncludeSpam: true, Before: q.time("before"), After: q.time("after")}
	for _, l := range q.list("labels") {
		switch l = strings.ToLower(l); l {
		case v0Scheduled, v0Bounced:
			if f.Status != "" && string(f.Status) != l {
				q.wrong.add("query.labels", "No message is both scheduled and bounced.")
			}
			f.Status = mailstore.Status(l)
		default:
			f.Labels = append(f.Labels, l)
		}
	}
	for label, parameter := range v0Hidden {
		if (parameter == "" || !q.flag(parameter)) && !slices.Contains(f.Labels, label) {
			f.Hidden = append(f.Hidden, label)
		}
	}
	slices.Sort(f.Hidden)
	return f
}
