package api

import (
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// v0Highlights show where a hit has what was looked for: there it stands between **.
type v0Highlights struct {
	From       []string `json:"from,omitempty"`
	Recipients []string `json:"recipients,omitempty"`
	Subject    []string `json:"subject,omitempty"`
	Text       []string `json:"text,omitempty"` // with the names of attachments
}

func v0HighlightsOf(list []mailstore.Highlight) *v0Highlights {
	if len(list) == 0 {
		return nil
	}
	var h v0Highlights
	for _, x := range list {
		to := &h.Text
		switch x.Field {
		case "from":
			to = &h.From
		case "subject":
			to = &h.Subject
		case "to", "cc", "bcc", "deliveredTo":
			to = &h.Recipients
		}
		*to = append(*to, v0Marked(highlightOf(x)))
	}
	return &h
}

func v0Marked(h highlight) string {
	var b strings.Builder
	for _, f := range h.Fragments {
		if f.Match {
			b.WriteString("**" + f.Text + "**")
		} else {
			b.WriteString(f.Text)
		}
	}
	return b.String()
}

type (
	v0MessageHit struct {
		v0MessageItem
		Highlights *v0Highlights `json:"highlights,omitempty"`
	}
	v0MessageHits struct {
		v0Counted
		Messages []v0MessageHit `json:"messages"`
	}
	v0ThreadHit struct {
		v0ThreadItem
		Highlights *v0Highlights `json:"highlights,omitempty"`
	}
	v0ThreadHits struct {
		v0Counted
		Threads []v0ThreadHit `json:"threads"`
	}
)

// found reads what is searched for, and in what. What was put aside is never found.
func (v *v0Request) found(kind string, need tenancy.Permission, ranked bool) (mail mailstore.Mail, s mailstore.Search, name string, err error) {
	t := textQuery{q: v.query.words("q"), ranked: ranked}
	t.filter = mailstore.MessageFilter{Before: v.query.time("before"), After: v.query.time("after"), Hidden: []string{mailstore.LabelBlocked, mailstore.LabelUnauthenticated, mailstore.LabelDraft}}
	t.page = Page{Limit: v.query.number("limit", DefaultLimit, maxV0Hits), Cursor: v.query.text("page_token")}
	if err = v.query.err(); err != nil {
		return mail, s, "", err
	}
	if mail, err = v.mail(need); err == nil {
		s, name, err = t.search(kind, mail)
	}
	return mail, s, name, err
}

// maxV0Hits bounds the hits of a page.
const maxV0Hits = 100

const v0SearchQuery = "q limit page_token before after"

func (v *v0Request) searchMessages() (v0Answer, error) {
	mail, s, name, err := v.found("v0-messages", tenancy.MessagesRead, true)
	if err != nil {
		return v0Answer{}, err
	}
	hits, next, _, err := mail.Search(v.ctx, s)
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(each(hits, func(h mailstore.Hit) mailstore.InboxID { return h.Message.InboxID })...)
	return answered(v0MessageHits{v0Counted{len(hits), s.Limit, searchCursor(name, next)}, each(hits, func(h mailstore.Hit) v0MessageHit {
		return v0MessageHit{v0ItemOf(messageOf(h.Message), addresses[h.Message.InboxID]), v0HighlightsOf(h.Highlights)}
	})}, err)
}

func (v *v0Request) searchThreads() (v0Answer, error) {
	mail, s, name, err := v.found("v0-threads", tenancy.ThreadsRead, false)
	if err != nil {
		return v0Answer{}, err
	}
	hits, next, _, err := mail.SearchThreads(v.ctx, s)
	if err != nil {
		return v0Answer{}, err
	}
	addresses, err := v.addresses(each(hits, func(h mailstore.ThreadHit) mailstore.InboxID { return h.Thread.InboxID })...)
	return answered(v0ThreadHits{v0Counted{len(hits), s.Limit, searchCursor(name, next)}, each(hits, func(h mailstore.ThreadHit) v0ThreadHit {
		return v0ThreadHit{v0ThreadOf(h.Thread, addresses[h.Thread.InboxID]), v0HighlightsOf(h.Highlights)}
	})}, err)
}
