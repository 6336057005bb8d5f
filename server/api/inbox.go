package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// inbox is an address with its mail.
type inbox struct {
	ID          string         `json:"id" doc:"Begins with inb_."`
	WorkspaceID string         `json:"workspaceId" doc:"The workspace that owns it."`
	Address     string         `json:"address" doc:"The primary address."`
	Addresses   []address      `json:"addresses" doc:"All addresses, the primary one first."`
	Username    string         `json:"username" doc:"What stands before the @ of the primary address."`
	Domain      string         `json:"domain" doc:"What stands behind it."`
	DisplayName string         `json:"displayName" doc:"The name that people see."`
	Metadata    map[string]any `json:"metadata" doc:"Anything of your own."`
	UndoSeconds int            `json:"undoSeconds" doc:"How long a message waits before it leaves, so that it can be cancelled."`
	PausedAt    *stamp         `json:"pausedAt,omitempty" doc:"Since when it sends nothing; absent if it sends."`
	CreatedAt   stamp          `json:"createdAt" doc:"When it was made."`
	UpdatedAt   stamp          `json:"updatedAt" doc:"When it was last changed."`
	Existed     bool           `json:"existed,omitempty" doc:"It was there already."`
	Password    string         `json:"password,omitempty" doc:"For IMAP and SMTP, shown this once."`
}

type address struct {
	Address string `json:"address" doc:"In its canonical form."`
	Primary bool   `json:"primary" doc:"True for one address of the inbox."`
}

func addressOf(a tenancy.Address) address { return address(a) }

func inboxOf(in tenancy.Inbox) inbox {
	return inbox{ID: string(in.ID), WorkspaceID: string(in.WorkspaceID), Address: in.Address, Addresses: each(in.Addresses, addressOf), Username: in.Username,
		Domain: in.Domain, DisplayName: in.DisplayName, Metadata: in.Metadata, UndoSeconds: in.UndoSeconds, PausedAt: stampOf(in.PausedAt), CreatedAt: stamp{in.CreatedAt}, UpdatedAt: stamp{in.UpdatedAt}}
}

type inboxList struct {
	Inboxes    []inbox `json:"inboxes" doc:"Newest first."`
	NextCursor string  `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type addressList struct {
	Addresses []address `json:"addresses" doc:"The primary one first."`
}

type (
	newInbox struct {
		Idempotent
		Body struct {
			OperatorBody
			Username    string         `json:"username" doc:"What stands before the @."`
			Domain      string         `json:"domain" doc:"A verified domain of the workspace."`
			DisplayName string         `json:"displayName,omitempty" doc:"At most 256 characters."`
			Metadata    map[string]any `json:"metadata,omitempty" doc:"Anything of your own, at most 16 KiB."`
		}
	}
	inboxes struct {
		OperatorQuery
		Page
		Metadata string `query:"metadata" doc:"name:value, for inboxes alone whose metadata has this text or number under this name."`
	}
	inboxChange struct {
		InboxPath
		Body struct {
			DisplayName *string        `json:"displayName,omitempty" doc:"At most 256 characters."`
			Metadata    map[string]any `json:"metadata,omitempty" doc:"By name: a value replaces what is there, null removes it, and what is not named stays; 16 KiB in all."`
			UndoSeconds *int           `json:"undoSeconds,omitempty" doc:"How long a message waits before it leaves, 0 to 3600."`
		}
	}
	newAddress struct {
		InboxPath
		Idempotent
		Body struct {
			Address string `json:"address" doc:"At a verified domain of the workspace."`
			Primary bool   `json:"primary,omitempty" doc:"Make it the primary one."`
		}
	}
	addressPath struct {
		InboxPath
		Address string `path:"address" doc:"The address, percent-encoded where it must be."`
	}
	inboxAction struct {
		InboxPath
		Idempotent
	}
)

func (n newInbox) workspace() mailstore.WorkspaceID { return mailstore.WorkspaceID(n.Body.WorkspaceID) }

func (in inboxes) filter() (f tenancy.InboxFilter, err error) {
	if in.Metadata == "" {
		return f, nil
	}
	name, value, ok := strings.Cut(in.Metadata, ":")
	if !ok || name == "" {
		return f, errQuery("metadata", "Write it as name:value.")
	}
	return tenancy.InboxFilter{MetadataName: name, MetadataValue: value}, nil
}

// inBody says that a workspace that was not named is missing in the body.
func inBody(err error) error { return at(err, "body.") }

// at puts a place in front of the fields that have none.
func at(err error, where string) error {
	f := fault.From(err)
	if f == nil || len(f.Fields) == 0 || f.Fields[0].Path != "workspaceId" {
		return err
	}
	c := *f
	c.Fields = []fault.Field{{Path: where + "workspaceId", Message: f.Fields[0].Message}}
	return &c
}

func (s *Server) inboxRoutes(a huma.API) {
	const list, one = "/v1/inboxes", "/v1/inboxes/{inbox}"
	registerPost(s, a, orFind(route(http.MethodPost, list, "createInbox", "inboxes", "Make an inbox", 201)),
		func(ctx context.Context, g *tenancy.Grant, in newInbox) (made[inbox], error) {
			b := in.Body
			i, password, existed, err := g.CreateInbox(ctx, in.workspace(), tenancy.NewInbox{Username: b.Username, Domain: b.Domain, DisplayName: b.DisplayName, Metadata: b.Metadata})
			return madeInbox(i, password, existed), inBody(err)
		})
	register(s, a, route(http.MethodGet, list, "listInboxes", "inboxes", "List inboxes", 200),
		func(ctx context.Context, g *tenancy.Grant, in *inboxes) (*result[inboxList], error) {
			name := listOf(g, "inboxes", in.workspace())
			p, err := in.tenancyPage(name)
			if err != nil {
				return nil, err
			}
			f, err := in.filter()
			if err != nil {
				return nil, err
			}
			all, last, err := g.Inboxes(ctx, in.workspace(), f, p)
			return &result[inboxList]{inboxList{each(all, inboxOf), next(name, last)}}, err
		})
	register(s, a, route(http.MethodGet, one, "getInbox", "inboxes", "Get an inbox", 200),
		func(ctx context.Context, g *tenancy.Grant, in *InboxPath) (*result[inbox], error) {
			i, err := g.Inbox(ctx, in.workspace(), in.Inbox)
			return &result[inbox]{inboxOf(i)}, err
		})
	register(s, a, route(http.MethodPatch, one, "updateInbox", "inboxes", "Change an inbox", 200),
		func(ctx context.Context, g *tenancy.Grant, in *inboxChange) (*result[inbox], error) {
			i, err := g.UpdateInbox(ctx, in.workspace(), in.Inbox, tenancy.InboxChange{DisplayName: in.Body.DisplayName, Metadata: in.Body.Metadata, UndoSeconds: in.Body.UndoSeconds})
			return &result[inbox]{inboxOf(i)}, err
		})
	register(s, a, route(http.MethodDelete, one, "deleteInbox", "inboxes", "Delete an inbox with all its mail, for good", 204),
		func(ctx context.Context, g *tenancy.Grant, in *InboxPath) (*struct{}, error) {
			return nil, g.DeleteInbox(ctx, in.workspace(), in.Inbox)
		})
	s.addressRoutes(a, one+"/addresses")
	registerPost(s, a, route(http.MethodPost, one+"/credentials", "createInboxPassword", "inboxes", "Make a new password for IMAP and SMTP, shown once; the old one ends", 201),
		func(ctx context.Context, g *tenancy.Grant, in inboxAction) (made[inbox], error) {
			i, password, err := g.NewPassword(ctx, in.workspace(), in.Inbox)
			return madeInbox(i, password, false), err
		})
	s.pauseRoutes(a, one)
}

func (s *Server) pauseRoutes(a huma.API, one string) {
	pause := route(http.MethodPost, one+"/pause", "pauseInbox", "inboxes", "Keep an inbox from sending; mail still comes in", 200)
	pause.Description = "Whoever sends from it is refused, over the API and by submission. What waits in its outbox by then still leaves, unless POST /v1/queue/hold holds it."
	registerAction(s, a, pause, func(ctx context.Context, g *tenancy.Grant, in inboxAction) (int, inbox, error) {
		i, err := g.PauseInbox(ctx, in.workspace(), in.Inbox)
		return http.StatusOK, inboxOf(i), err
	})
	registerAction(s, a, route(http.MethodPost, one+"/resume", "resumeInbox", "inboxes", "Let an inbox send again", 200),
		func(ctx context.Context, g *tenancy.Grant, in inboxAction) (int, inbox, error) {
			i, err := g.ResumeInbox(ctx, in.workspace(), in.Inbox)
			return http.StatusOK, inboxOf(i), err
		})
}

func (s *Server) addressRoutes(a huma.API, path string) {
	register(s, a, route(http.MethodGet, path, "listAddresses", "inboxes", "List the addresses of an inbox", 200),
		func(ctx context.Context, g *tenancy.Grant, in *InboxPath) (*result[addressList], error) {
			i, err := g.Inbox(ctx, in.workspace(), in.Inbox)
			return &result[addressList]{addressList{each(i.Addresses, addressOf)}}, err
		})
	registerPost(s, a, route(http.MethodPost, path, "createAddress", "inboxes", "Give an inbox one more address", 201),
		func(ctx context.Context, g *tenancy.Grant, in newAddress) (made[inbox], error) {
			i, err := g.AddAddress(ctx, in.workspace(), in.Inbox, in.Body.Address, in.Body.Primary)
			return made[inbox]{body: inboxOf(i)}, err
		})
	register(s, a, route(http.MethodDelete, path+"/{address}", "deleteAddress", "inboxes", "Take an address from an inbox", 204),
		func(ctx context.Context, g *tenancy.Grant, in *addressPath) (*struct{}, error) {
			_, err := g.RemoveAddress(ctx, in.workspace(), in.Inbox, in.Address)
			return nil, err
		})
}

func madeInbox(i tenancy.Inbox, password string, existed bool) made[inbox] {
	public := inboxOf(i)
	public.Existed = existed
	body := public
	body.Password = password
	return made[inbox]{body: body, existed: existed, secretless: &public}
}
