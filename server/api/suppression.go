package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of the suppressions' routes.
const (
	MaxSuppressedAtOnce = 1000 // addresses that one POST names
	maxNote             = 500  // characters
)

// suppression is an address that nothing is sent to any more.
type suppression struct {
	Address   string `json:"address" doc:"Lower case, domain in A-labels."`
	Reason    string `json:"reason" enum:"bounce,complaint,unsubscribe,manual" doc:"How it came to it."`
	Note      string `json:"note,omitempty" doc:"What was said: by the other server, or by who added it."`
	InboxID   string `json:"inboxId,omitempty" doc:"The inbox whose message led to it."`
	MessageID string `json:"messageId,omitempty" doc:"Id of the message that led to it, msg_…"`
	CreatedAt stamp  `json:"createdAt" doc:"Since when."`
}

func suppressionOf(s mailstore.Suppression) suppression {
	return suppression{s.Address, s.Reason, s.Detail, string(s.Inbox), string(s.Message), stamp{s.At}}
}

type suppressionList struct {
	Suppressions []suppression `json:"suppressions" doc:"Newest first."`
	NextCursor   string        `json:"nextCursor,omitempty" doc:"Ask for the next page with it; absent on the last one."`
}

type suppressed struct {
	Added        int           `json:"added" doc:"How many were not suppressed before."`
	Suppressions []suppression `json:"suppressions" doc:"As they are now; those that were there keep their reason."`
}

type (
	suppressions struct {
		OperatorQuery
		Page
	}
	suppressionPath struct {
		OperatorQuery
		Address string `path:"address" doc:"The address, percent-encoded where it must be."`
	}
	newSuppression struct {
		Idempotent
		Body struct {
			OperatorBody
			Address   string   `json:"address,omitempty" doc:"One address."`
			Addresses []string `json:"addresses,omitempty" maxItems:"1000" doc:"Several; give either this or address."`
			Reason    string   `json:"reason,omitempty" enum:"bounce,complaint,unsubscribe,manual" doc:"manual by default."`
			Note      string   `json:"note,omitempty" maxLength:"500" doc:"Anything of your own."`
		}
	}
)

func (n newSuppression) workspace() mailstore.WorkspaceID {
	return mailstore.WorkspaceID(n.Body.WorkspaceID)
}

// suppressionsOf hands out the outbox of a whole workspace: a key of an inbox sees nothing of its suppressions.
func suppressionsOf(ctx context.Context, g *tenancy.Grant, ws mailstore.WorkspaceID, need tenancy.Permission, where string) (mailstore.Outbox, error) {
	out, inbox, err := g.Queue(ctx, ws, need)
	if err == nil && inbox != "" {
		err = tenancy.ErrNotFound
	}
	return out, at(err, where)
}

func (s *Server) suppressionRoutes(a huma.API) {
	const list, one = "/v1/suppressions", "/v1/suppressions/{address}"
	register(s, a, route(http.MethodGet, list, "listSuppressions", "routing", "List addresses that nothing is sent to any more", 200),
		func(ctx context.Context, g *tenancy.Grant, in *suppressions) (*result[suppressionList], error) {
			out, err := suppressionsOf(ctx, g, in.workspace(), tenancy.SuppressionsRead, "query.")
			if err != nil {
				return nil, err
			}
			name := listOf(g, "suppressions", in.workspace())
			place, err := parsePlace(name, in.Cursor)
			if err != nil {
				return nil, err
			}
			all, behind, err := out.Suppressions(ctx, place.after(), in.Limit)
			return &result[suppressionList]{suppressionList{each(all, suppressionOf), nextPlace(name, behind)}}, err
		})
	registerAction(s, a, orFind(route(http.MethodPost, list, "createSuppression", "routing", "Have nothing be sent to addresses any more", 201)), suppress)
	register(s, a, route(http.MethodGet, one, "getSuppression", "routing", "Why nothing is sent to an address", 200),
		func(ctx context.Context, g *tenancy.Grant, in *suppressionPath) (*result[suppression], error) {
			out, err := suppressionsOf(ctx, g, in.workspace(), tenancy.SuppressionsRead, "query.")
			if err != nil {
				return nil, err
			}
			x, err := out.Suppression(ctx, in.canonical())
			return &result[suppression]{suppressionOf(x)}, err
		})
	register(s, a, route(http.MethodDelete, one, "deleteSuppression", "routing", "Let mail be sent to an address again", 204),
		func(ctx context.Context, g *tenancy.Grant, in *suppressionPath) (*struct{}, error) {
			out, err := suppressionsOf(ctx, g, in.workspace(), tenancy.SuppressionsDelete, "query.")
			if err != nil {
				return nil, err
			}
			return nil, out.Unsuppress(ctx, in.canonical())
		})
	s.suppressionFileRoutes(a, list)
}

// canonical is the address as it is kept; what is no address is kept nowhere.
func (p suppressionPath) canonical() string {
	canonical, _ := tenancy.Canonical(p.Address)
	return strings.ToLower(canonical)
}

func suppress(ctx context.Context, g *tenancy.Grant, in newSuppression) (status int, done suppressed, err error) {
	out, err := suppressionsOf(ctx, g, in.workspace(), tenancy.SuppressionsCreate, "body.")
	if err != nil {
		return 0, done, err
	}
	list, err := in.list()
	if err != nil {
		return 0, done, err
	}
	if done.Added, err = out.Suppress(ctx, list); err != nil {
		return 0, done, err
	}
	done.Suppressions = []suppression{}
	for _, x := range list {
		now, err := out.Suppression(ctx, x.Address)
		if errors.Is(err, mailstore.ErrNotFound) {
			continue // it was taken out again meanwhile
		}
		if err != nil {
			return 0, done, err
		}
		done.Suppressions = append(done.Suppressions, suppressionOf(now))
	}
	status = http.StatusCreated
	if done.Added == 0 {
		status = http.StatusOK
	}
	return status, done, nil
}

// list is what is to be suppressed, each once.
func (n newSuppression) list() (list []mailstore.Suppression, err error) {
	b := n.Body
	if (b.Address != "") == (len(b.Addresses) > 0) {
		return nil, fault.New(fault.Invalid, validationFailed, "Give address, or addresses with at least one.").At("body.address")
	}
	var m mistakes
	known := map[string]bool{}
	add := func(place, address string) {
		x := m.suppression(place, mailstore.Suppression{Address: address, Reason: b.Reason, Detail: b.Note})
		if !known[x.Address] {
			known[x.Address] = true
			list = append(list, x)
		}
	}
	if b.Address != "" {
		add("body.address", b.Address)
	}
	for i, address := range b.Addresses {
		add(fmt.Sprintf("body.addresses[%d]", i), address)
	}
	return list, m.err()
}

// suppression checks one that is to be added.
func (m *mistakes) suppression(place string, x mailstore.Suppression) mailstore.Suppression {
	canonical, ok := tenancy.Canonical(strings.TrimSpace(x.Address))
	if !ok {
		m.add(place, "This is no address; one is written as local@domain.")
	}
	x.Address = strings.ToLower(canonical)
	switch x.Reason {
	case "":
		x.Reason = mailstore.SuppressedByHand
	case mailstore.SuppressedByBounce, mailstore.SuppressedByComplaint, mailstore.SuppressedByUnsubscribe, mailstore.SuppressedByHand:
	default:
		m.add(place, "The reason is bounce, complaint, unsubscribe or manual.")
	}
	if len([]rune(x.Detail)) > maxNote {
		m.add(place, "A note has at most %d characters.", maxNote)
	}
	return x
}
