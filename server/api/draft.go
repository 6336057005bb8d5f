package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

type draftList struct {
	Drafts     []messageObject `json:"drafts" doc:"Those last changed first, without html and with text cut to preview."`
	NextCursor string          `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

// draftAnswer is a draft with its version as an entity tag (RFC 9110, 8.8.3).
type draftAnswer struct {
	ETag string `header:"ETag" doc:"The version, for If-Match."`
	Body messageObject
}

// createdDraft is what a POST of a draft answers.
type createdDraft struct {
	Status   int
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer that was given before."`
	ETag     string `header:"ETag" doc:"The version, for If-Match."`
	Body     messageObject
}

// IfMatch is the header of a change that is to be made to one version alone (RFC 9110, 13.1.1).
type IfMatch struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that is meant: its ETag, or version as it is. If the draft was changed since, the answer is 412 and nothing is done; without it the change is made to whatever is there."`
}

// version is the one that is meant; "" is any.
func (m IfMatch) version() string {
	switch v := strings.TrimSpace(m.IfMatch); v {
	case "*":
		return ""
	case `""`: // the tag of nothing
		return v
	default:
		return strings.Trim(v, `"`)
	}
}

// precondition answers 412 where the change was for another version.
func (m IfMatch) precondition(err error) error {
	if m.version() != "" && errors.Is(err, mailstore.ErrDraftChanged) {
		f := fault.From(err)
		return newProblem(http.StatusPreconditionFailed, f.Code, f.Message)
	}
	return err
}

type (
	draftQuery struct {
		InboxPath
		Page
	}
	allDraftsQuery struct {
		OperatorQuery
		Page
	}
	DraftPath struct {
		InboxPath
		Draft string `path:"draft" doc:"Id of the draft."`
	}
	draftAttachmentPath struct {
		DraftPath
		Attachment string `path:"attachment" doc:"Id of the attachment, as this version of the draft has it."`
	}
	newDraft struct {
		InboxPath
		Idempotent
		Body NewDraft
	}
	draftPatch struct {
		DraftPath
		IfMatch
		Body draftChange
	}
	draftDelete struct {
		DraftPath
		IfMatch
		Permanent bool `query:"permanent" doc:"Remove for good instead of moving to Trash."`
	}
	draftSend struct {
		DraftPath
		Idempotent
		IfMatch
	}
)

func (p DraftPath) id() mailstore.MessageID { return mailstore.MessageID(p.Draft) }

func (s *Server) draftRoutes(a huma.API) {
	const list, one = "/v1/inboxes/{inbox}/drafts", "/v1/inboxes/{inbox}/drafts/{draft}"
	register(s, a, route(http.MethodGet, "/v1/drafts", "listAllDrafts", "drafts", "List the drafts of all inboxes", 200), listAllDrafts)
	register(s, a, route(http.MethodGet, list, "listDrafts", "drafts", "List drafts", 200), listDrafts)
	s.createDraftRoute(a, list)
	register(s, a, route(http.MethodGet, one, "getDraft", "drafts", "Get a draft", 200),
		func(ctx context.Context, g *tenancy.Grant, in *DraftPath) (*draftAnswer, error) {
			box, err := in.mail(ctx, g, tenancy.DraftsRead)
			if err != nil {
				return nil, err
			}
			d, err := box.Draft(ctx, in.id())
			if err != nil {
				return nil, err
			}
			o, err := draftOf(d).withBody(ctx, box, MaxTextBytes)
			return &draftAnswer{entityTag(d), o}, err
		})
	s.changeDraftRoute(a, one)
	remove := route(http.MethodDelete, one, "deleteDraft", "drafts", "Move a draft to Trash; if it was scheduled it is not sent", 204)
	remove.Errors = append(remove.Errors, http.StatusPreconditionFailed)
	register(s, a, remove, func(ctx context.Context, g *tenancy.Grant, in *draftDelete) (*struct{}, error) {
		box, err := in.mail(ctx, g, tenancy.DraftsDelete)
		if err != nil {
			return nil, err
		}
		return nil, in.precondition(box.DeleteDraft(ctx, in.id(), in.version(), in.Permanent))
	})
	part := route(http.MethodGet, one+"/attachments/{attachment}", "getDraftAttachment", "drafts", "Get an attachment of a draft, decoded", 200)
	part.Responses = bytesOf("*/*")
	register(s, a, part, func(ctx context.Context, g *tenancy.Grant, in *draftAttachmentPath) (*huma.StreamResponse, error) {
		box, err := in.mail(ctx, g, tenancy.DraftsRead)
		if err != nil {
			return nil, err
		}
		if _, err := box.Draft(ctx, in.id()); err != nil {
			return nil, err
		}
		return attachmentOfMessage(ctx, box, in.id(), in.Attachment)
	})
	s.sendDraftRoute(a, one+"/send")
}

// createDraftRoute adds a POST whose answer is kept in the commit of the draft, in the workspace's own store.
func (s *Server) createDraftRoute(a huma.API, path string) {
	op := route(http.MethodPost, path, "createDraft", "drafts", "Make a draft", 201)
	op.Description = "A draft with sendAt, which must lie ahead, is sent by itself when that time comes, unless it is changed or deleted before. Mail clients see it in Drafts and can change it there; they put a new draft in its place."
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusServiceUnavailable)
	op.MaxBodyBytes = MaxLetterBytes
	s.large[op.Method+" "+op.Path] = large{limit: MaxSendBytes, need: tenancy.DraftsCreate, lift: true}
	huma.Register(a, op, func(ctx context.Context, in *newDraft) (*createdDraft, error) {
		out, err := s.postDraft(ctx, *in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return out, nil
	})
}

func (s *Server) postDraft(ctx context.Context, in newDraft) (*createdDraft, error) {
	c := callOf(ctx)
	sender, err := c.grant.MayDraft(ctx, in.workspace(), in.Inbox, tenancy.DraftsCreate)
	if err != nil {
		return nil, err
	}
	w := s.writing(c, sender, in.Body.Letter)
	if w.request, err = c.repeatable(in); err != nil {
		return nil, err
	}
	d, replayed, err := sender.Mail.RecallDraft(ctx, w.request)
	if err == nil && !replayed {
		if err = w.read(ctx); err == nil {
			d, replayed, err = createDraft(ctx, c.grant, w, in.InboxPath, in.Body)
		}
	}
	if err != nil {
		return nil, err
	}
	out := &createdDraft{Status: http.StatusCreated, ETag: entityTag(d), Body: draftAsReadBy(ctx, c.grant, sender.Mail, d)}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

func (s *Server) changeDraftRoute(a huma.API, path string) {
	op := route(http.MethodPatch, path, "updateDraft", "drafts", "Change a draft; what is not given stays", 200)
	op.Description = "Its id stays. In IMAP it is a new message with a new UID, and the old one is expunged. A draft that is scheduled is changed by who may send; who may only draft can take the time away."
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusPreconditionFailed, http.StatusServiceUnavailable)
	op.MaxBodyBytes = MaxLetterBytes
	s.large[op.Method+" "+op.Path] = large{limit: MaxSendBytes, need: tenancy.DraftsUpdate, lift: true}
	register(s, a, op, func(ctx context.Context, g *tenancy.Grant, in *draftPatch) (*draftAnswer, error) {
		sender, err := g.MayDraft(ctx, in.workspace(), in.Inbox, tenancy.DraftsUpdate)
		if err != nil {
			return nil, err
		}
		w := s.writing(callOf(ctx), sender, in.Body.letter())
		w.attachedAs = addedAttachments
		if err := w.read(ctx); err != nil {
			return nil, err
		}
		d, err := changeDraft(ctx, g, w, in.id(), in.version(), in.Body)
		if err != nil {
			return nil, in.precondition(err)
		}
		return &draftAnswer{entityTag(d), draftAsReadBy(ctx, g, sender.Mail, d)}, nil
	})
}

// sendDraftRoute adds a POST like registerSend's, without a letter: it lies there already.
func (s *Server) sendDraftRoute(a huma.API, path string) {
	op := route(http.MethodPost, path, "sendDraft", "drafts", "Send a draft as it is", 202)
	op.Description = "It leaves Drafts, and the message that goes out has an id of its own. A draft with sendAt is sent now. A key that may only draft cannot send."
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusPreconditionFailed, http.StatusServiceUnavailable)
	huma.Register(a, op, func(ctx context.Context, in *draftSend) (*created[accepted], error) {
		c := callOf(ctx)
		sent, err := postDraftSend(ctx, c, *in)
		if err != nil {
			return nil, s.fail(ctx, in.precondition(err))
		}
		out := &created[accepted]{Status: http.StatusAccepted, Body: acceptedOf(sent)}
		if sent.Replayed {
			out.Replayed = "true"
		}
		return out, nil
	})
}

func postDraftSend(ctx context.Context, c *call, in draftSend) (sent mailstore.Submitted, err error) {
	sender, err := c.grant.MaySendDraft(ctx, in.workspace(), in.Inbox)
	if err != nil {
		return sent, err
	}
	r, sent, err := c.recall(ctx, sender.Mail, in)
	if err != nil || sent.Replayed {
		return sent, err
	}
	return sender.SendDraft(ctx, mailstore.DraftRef{ID: in.id(), Version: in.version()}, r)
}

func listDrafts(ctx context.Context, g *tenancy.Grant, in *draftQuery) (*result[draftList], error) {
	box, err := in.mail(ctx, g, tenancy.DraftsRead)
	if err != nil {
		return nil, err
	}
	return pageOfDrafts(ctx, box.Drafts(), "drafts:"+string(box.ID()), in.Page)
}

func listAllDrafts(ctx context.Context, g *tenancy.Grant, in *allDraftsQuery) (*result[draftList], error) {
	drafts, err := g.Drafts(ctx, in.workspace())
	if err != nil {
		return nil, at(err, "query.")
	}
	return pageOfDrafts(ctx, drafts, listOf(g, "drafts", in.workspace()), in.Page)
}

func pageOfDrafts(ctx context.Context, drafts mailstore.Drafts, name string, p Page) (*result[draftList], error) {
	place, err := parsePlace(name, p.Cursor)
	if err != nil {
		return nil, err
	}
	list, behind, err := drafts.List(ctx, place.after(), p.Limit)
	return &result[draftList]{draftList{each(list, draftOf), nextPlace(name, behind)}}, err
}

// draftOf is the form that lists give.
func draftOf(d mailstore.DraftMessage) messageObject {
	o := messageOf(d.Message)
	o.Version, o.Unsubscribe, o.Failure = d.Version, d.Unsubscribe, d.Failure
	return o
}

// draftAsReadBy is a draft that was made or changed, as the caller may read it. That is done, so a text that cannot be read, or
// that is another one by now, is no failure: it is cut.
func draftAsReadBy(ctx context.Context, g *tenancy.Grant, box mailstore.Inbox, d mailstore.DraftMessage) messageObject {
	o := draftOf(d)
	if g.Allows(tenancy.DraftsRead) {
		if now, err := box.Draft(ctx, d.ID); err == nil && now.Version == d.Version {
			if whole, err := o.withBody(ctx, box, MaxTextBytes); err == nil {
				return whole
			}
		}
	}
	o.Truncated = true
	return o
}

func entityTag(d mailstore.DraftMessage) string { return `"` + d.Version + `"` }
