package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/tenancy"
)

// rejection is the record of mail that was refused or put aside.
type rejection struct {
	ID         string `json:"id" doc:"rej_…"`
	Action     string `json:"action" enum:"refused,quarantined" doc:"refused: it was not taken, and its sender knows; quarantined: it lies in Junk and can be released."`
	Reason     string `json:"reason" enum:"unknownUser,notServed,forged,blocked,notAllowed,unwanted,dnsbl,spam,later,loop,tooLarge,malformed,tooFast,policy" doc:"Why."`
	Detail     string `json:"detail,omitempty" doc:"What was answered, or found."`
	InboxID    string `json:"inboxId,omitempty" doc:"Whose mail it would have been; absent if nobody has the address."`
	Source     string `json:"source,omitempty" doc:"IP address of the client."`
	HELO       string `json:"helo,omitempty" doc:"How it greeted; its own claim."`
	Sender     string `json:"sender,omitempty" doc:"Envelope sender; absent: the null one."`
	Author     string `json:"author,omitempty" doc:"Address in From; absent if the message was not read."`
	Recipient  string `json:"recipient,omitempty" doc:"Envelope recipient."`
	Subject    string `json:"subject,omitempty" doc:"Of what was read."`
	MessageID  string `json:"messageId,omitempty" doc:"Id of the message that lies in Junk, msg_…"`
	Count      int    `json:"count" doc:"How often the same came within an hour."`
	CreatedAt  stamp  `json:"createdAt" doc:"The first time."`
	LastAt     stamp  `json:"lastAt" doc:"The last time."`
	ReleasedAt *stamp `json:"releasedAt,omitempty" doc:"When it was released, or moved out of Junk."`
}

func rejectionOf(r mailstore.Rejection) rejection {
	return rejection{r.ID, r.Action, r.Reason, r.Detail, string(r.Inbox), r.Source, r.HELO, r.Sender, r.Author, r.Recipient, r.Subject, string(r.Message), r.Count,
		stamp{r.FirstAt}, stamp{r.LastAt}, timeOf(r.ReleasedAt)}
}

type rejectionList struct {
	Rejections []rejection `json:"rejections" doc:"The latest first. Kept for 30 days, at most 10,000."`
	NextCursor string      `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type (
	rejections struct {
		OperatorQuery
		Page
		Inbox  string `query:"inboxId" doc:"Only of this inbox; its id or address."`
		Action string `query:"action" enum:"refused,quarantined" doc:"Only what was refused, or only what was put aside."`
		Reason string `query:"reason" doc:"Only for this reason."`
	}
	RejectionPath struct {
		OperatorQuery
		ID string `path:"rejection" doc:"Of the record, rej_…"`
	}
	releaseRejection struct {
		RejectionPath
		Idempotent
	}
)

func (s *Server) rejectionRoutes(a huma.API) {
	const list, one = "/v1/rejections", "/v1/rejections/{rejection}"
	what := route(http.MethodGet, list, "listRejections", "operation", "List mail that was refused or put aside", 200)
	what.Description = "An operator who names no workspace sees what was refused and is no workspace's: mail for domains that are not served here, and clients that came too fast."
	register(s, a, what, listRejections)
	register(s, a, route(http.MethodGet, one, "getRejection", "operation", "Get the record of mail that was refused or put aside", 200),
		func(ctx context.Context, g *tenancy.Grant, in *RejectionPath) (*result[rejection], error) {
			_, r, err := in.find(ctx, g)
			return &result[rejection]{rejectionOf(r)}, err
		})
	registerAction(s, a, route(http.MethodPost, one+"/release", "releaseRejection", "operation", "Put a message that was put aside into INBOX", 200),
		func(ctx context.Context, g *tenancy.Grant, in releaseRejection) (status int, o messageObject, err error) {
			ws, r, err := in.find(ctx, g)
			if err != nil {
				return 0, o, err
			}
			if r.Inbox == "" {
				return 0, o, mailstore.ErrNothingStored
			}
			box, err := g.Mail(ctx, ws, string(r.Inbox), tenancy.MessagesUpdate)
			if err != nil {
				return 0, o, err
			}
			m, err := box.Release(ctx, r.ID)
			if err != nil {
				return 0, o, err
			}
			return http.StatusOK, asReadBy(ctx, g, box, m), nil
		})
}

func listRejections(ctx context.Context, g *tenancy.Grant, in *rejections) (*result[rejectionList], error) {
	f := mailstore.RejectionFilter{Action: in.Action, Reason: in.Reason}
	read := func(after *mailstore.Place) ([]mailstore.Rejection, *mailstore.Place, error) {
		return g.ServerRejections(ctx, f, after, in.Limit)
	}
	if g.Kind() != tenancy.Operator || in.WorkspaceID != "" || in.Inbox != "" {
		records, inbox, err := g.Rejections(ctx, in.workspace(), in.Inbox)
		if err != nil {
			return nil, at(err, "query.")
		}
		f.Inbox = inbox
		read = func(after *mailstore.Place) ([]mailstore.Rejection, *mailstore.Place, error) {
			return records.List(ctx, f, after, in.Limit)
		}
	}
	name := listOf(g, "rejections:"+string(f.Inbox), in.workspace())
	place, err := parsePlace(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, behind, err := read(place.after())
	return &result[rejectionList]{rejectionList{each(all, rejectionOf), nextPlace(name, behind)}}, err
}

// find gives the record, if the caller may see it, and its workspace.
func (p RejectionPath) find(ctx context.Context, g *tenancy.Grant) (mailstore.WorkspaceID, mailstore.Rejection, error) {
	records, inbox, err := g.Rejections(ctx, p.workspace(), "")
	if err != nil {
		return "", mailstore.Rejection{}, at(err, "query.")
	}
	r, err := records.Get(ctx, p.ID)
	if err == nil && inbox != "" && r.Inbox != inbox {
		err = mailstore.ErrNotFound
	}
	return records.Workspace(), r, err
}

// junkObject is why a message lies in Junk, or what was found in one that does not.
type junkObject struct {
	Reason   string       `json:"reason,omitempty" enum:"forged,blocked,notAllowed,unwanted,dnsbl,spam" doc:"Why it was put aside; absent if it was not."`
	Detail   string       `json:"detail,omitempty" doc:"The same in words."`
	Spared   string       `json:"spared,omitempty" enum:"allowed,written,wanted" doc:"Why it was not put aside all the same: an allow list has the author, the inbox has written to the author, or mail of the author was moved out of Junk or answered."`
	Score    float64      `json:"score,omitempty" doc:"Of rspamd."`
	Required float64      `json:"required,omitempty" doc:"The score from which rspamd rejects."`
	Action   string       `json:"action,omitempty" doc:"What rspamd proposes, such as add header."`
	Symbols  []junkSymbol `json:"symbols,omitempty" doc:"What rspamd saw."`
	Lists    []junkList   `json:"lists,omitempty" doc:"DNS lists that have the client's address."`
	Failed   []string     `json:"failed,omitempty" doc:"What could not be asked."`
}

type junkSymbol struct {
	Name        string  `json:"name" doc:"Of the rule that matched."`
	Score       float64 `json:"score" doc:"What it adds."`
	Description string  `json:"description,omitempty" doc:"What it means."`
}

type junkList struct {
	Name   string `json:"name" doc:"Of the list."`
	Reason string `json:"reason,omitempty" doc:"What it says."`
}

func junkOf(j *mailstore.Junk) *junkObject {
	if j == nil {
		return nil
	}
	return &junkObject{j.Reason, j.Detail, j.Spared, j.Score, j.Required, j.Action, each(j.Symbols, func(x mailstore.JunkSymbol) junkSymbol { return junkSymbol(x) }),
		each(j.Lists, func(x mailstore.JunkList) junkList { return junkList(x) }), j.Failed}
}
