package api

import (
	"encoding/json"
	"fmt"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// What a message is made of. The fields that a route has no use for are not in its body. The library looks into what is embedded under
// names that are exported alone.
type (
	V0Content struct {
		Labels      []string          `json:"labels,omitempty"`
		ReplyTo     people            `json:"reply_to,omitempty"`
		Text        string            `json:"text,omitempty"`
		HTML        string            `json:"html,omitempty"`
		Attachments []newV0Attachment `json:"attachments,omitempty"`
		Headers     map[string]string `json:"headers,omitempty"`
		TrackOpens  bool              `json:"track_opens,omitempty"`
	}
	V0Recipients struct {
		To  people `json:"to,omitempty"`
		Cc  people `json:"cc,omitempty"`
		Bcc people `json:"bcc,omitempty"`
	}
	v0Letter struct {
		V0Content
		V0Recipients
		Subject string `json:"subject,omitempty"`
	}
	v0Reply struct {
		V0Content
		V0Recipients
		ReplyAll bool `json:"reply_all,omitempty"`
	}
	newV0Attachment struct {
		Filename           string `json:"filename,omitempty"`
		ContentType        string `json:"content_type,omitempty"`
		ContentDisposition string `json:"content_disposition,omitempty" enum:"attachment,inline"`
		ContentID          string `json:"content_id,omitempty"`
		Content            string `json:"content,omitempty"`
		URL                string `json:"url,omitempty"`
	}
	v0Sent struct {
		MessageID string `json:"message_id"`
		ThreadID  string `json:"thread_id"`
	}
)

// letter is the same as /v1 has it.
func (c V0Content) letter(to V0Recipients, subject string) (Letter, error) {
	l := Letter{To: to.To, Cc: to.Cc, Bcc: to.Bcc, ReplyTo: c.ReplyTo, Subject: subject, Text: c.Text, HTML: c.HTML, Headers: c.Headers, Labels: c.Labels}
	if c.TrackOpens {
		return l, errTracking
	}
	for i, a := range c.Attachments {
		if a.URL != "" {
			return l, notBuilt(fmt.Sprintf("Fetching attachments[%d] from its url", i))
		}
		l.Attachments = append(l.Attachments, newAttachment{Filename: a.Filename, ContentType: a.ContentType, Content: a.Content, ContentID: a.ContentID, Disposition: a.ContentDisposition})
	}
	return l, nil
}

// v0Post is a request to send, as once wants it.
type v0Post struct {
	*v0Request
	letter Letter
}

func (p v0Post) written() Letter { return p.letter }

// send sends a letter from the inbox of the path. What is answered is known when the message is accepted: nothing can fail behind that.
func (v *v0Request) send(l Letter, err error, do func(*writing) (mailstore.Submitted, error)) (v0Answer, error) {
	if err != nil {
		return v0Answer{}, err
	}
	sent, err := v.srv.once(v.ctx, v0Post{v, l}, do)
	return v0Answer{body: v0Sent{sent.MessageID, string(sent.ThreadID)}, replayed: sent.Replayed}, err
}

// emptied is nobody where null was written.
func (p people) emptied() people {
	if string(p.raw) == "null" {
		p.raw = json.RawMessage("[]")
	}
	return p
}

// original names the message of the path for the functions of /v1.
func (v *v0Request) original() (MessagePath, error) {
	_, _, m, err := v.message(tenancy.MessagesRead)
	p := MessagePath{Message: string(m.ID)}
	p.WorkspaceID, p.Inbox = string(v.workspace()), v.inbox()
	return p, err
}

func (v *v0Request) reply(l Letter, err error, all bool) (v0Answer, error) {
	return v.send(l, err, func(w *writing) (sent mailstore.Submitted, err error) {
		var in newReply
		if in.MessagePath, err = v.original(); err != nil {
			return sent, err
		}
		return reply(v.ctx, v.grant, w, in, all)
	})
}

// heavy says of routes that their bodies may be large.
func heavy(need tenancy.Permission, routes []*v0Route) {
	for _, r := range routes {
		r.large = large{limit: MaxSendBytes, need: need, lift: true}
	}
}

// sends are the routes that send.
func (t *v0Table) sends(list string) {
	const one = "/messages/" + v0Long
	heavy(tenancy.MessagesSend, body(t, inInbox, "POST", list+"/send", func(v *v0Request, in v0Letter) (v0Answer, error) {
		l, err := in.letter(in.V0Recipients, in.Subject)
		return v.send(l, err, func(w *writing) (mailstore.Submitted, error) {
			return send(v.ctx, v.grant, w, newMessage{})
		})
	}))
	heavy(tenancy.MessagesSend, body(t, inInbox, "POST", one+"/reply", func(v *v0Request, in v0Reply) (v0Answer, error) {
		l, err := in.letter(in.V0Recipients, "")
		return v.reply(l, err, in.ReplyAll)
	}))
	heavy(tenancy.MessagesSend, body(t, inInbox, "POST", one+"/reply-all", func(v *v0Request, in V0Content) (v0Answer, error) {
		l, err := in.letter(V0Recipients{}, "")
		return v.reply(l, err, true)
	}))
	heavy(tenancy.MessagesSend, body(t, inInbox, "POST", one+"/forward", func(v *v0Request, in v0Letter) (v0Answer, error) {
		l, err := in.letter(in.V0Recipients, in.Subject)
		return v.send(l, err, func(w *writing) (sent mailstore.Submitted, err error) {
			var in newForward
			if in.MessagePath, err = v.original(); err != nil {
				return sent, err
			}
			return forward(v.ctx, v.grant, w, in)
		})
	}))
}
