package tenancy

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/ident"
)

// things are the names of what one tenant has.
type things struct {
	ws       mailstore.WorkspaceID
	inbox    string
	address  string
	alias    string
	domain   string
	domainID string
	key      KeyID
	inboxKey KeyID
	webhook  WebhookID
}

func (w *world) things(ws mailstore.WorkspaceID, username, domain string) things {
	w.t.Helper()
	d := w.domain(w.op, ws, domain)
	in, _ := w.inbox(w.op, ws, username, domain)
	must(w.op.AddAddress(w.ctx(), ws, string(in.ID), username+".alias@"+domain, false))
	_, _, k := w.key(w.op, KeyOwner{Workspace: ws})
	_, _, ik := w.key(w.op, KeyOwner{Inbox: string(in.ID)})
	hook, _, err := w.op.CreateWebhook(w.ctx(), ws, NewWebhook{URL: "https://hooks.example/" + username})
	must(hook, err)
	return things{ws, string(in.ID), in.Address, username + ".alias@" + domain, domain, string(d.ID), k.ID, ik.ID, hook.ID}
}

// nothing are names of the same forms that were never anybody's.
func nothing() things {
	now := time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)
	return things{mailstore.WorkspaceID(ident.New("ws", now)), ident.New("inb", now), "nobody@nowhere.test", "no.alias@nowhere.test",
		"nowhere.test", ident.New("dom", now), KeyID(ident.New("key", now)), KeyID(ident.New("key", now)), WebhookID(ident.New("whk", now))}
}

// wallCall calls one method for what is another's (of), perhaps by way of what is the caller's own (own). The answer must
// be want; "" stands for not found.
type wallCall struct {
	what string
	call func(ctx context.Context, g *Grant, own, of things) error
	want map[Kind]fault.Kind // where it is not NotFound for a kind of caller; fine where the call tells nothing
}

const fineCall = fault.Kind(255) // the call succeeds, and says nothing of what is another's

func err2[T any](_ T, err error) error                 { return err }
func err3[T, U any](_ T, _ U, err error) error         { return err }
func err4[T, U, V any](_ T, _ U, _ V, err error) error { return err }

var onlyOperators = map[Kind]fault.Kind{WorkspaceKey: fault.Forbidden, InboxKey: fault.Forbidden}

// inboxCalls makes the calls that name an inbox: by id and by address, without and with its workspace.
func inboxCalls(f func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error) []wallCall {
	return []wallCall{
		{what: "by id", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, "", of.inbox, of) }},
		{what: "by address", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, "", of.address, of) }},
		{what: "by alias", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, "", of.alias, of) }},
		{what: "in its workspace", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, of.ws, of.inbox, of) }},
		{what: "in my workspace", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, own.ws, of.inbox, of) }},
	}
}

func domainCalls(f func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error) []wallCall {
	return []wallCall{
		{what: "by id", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, "", of.domainID) }},
		{what: "by name", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, "", of.domain) }},
		{what: "in its workspace", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, of.ws, of.domain) }},
		{what: "in my workspace", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, own.ws, of.domainID) }},
	}
}

// ownerCalls makes the calls that name an owner of keys.
func ownerCalls(f func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error) []wallCall {
	return []wallCall{
		{what: "workspace", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, KeyOwner{Workspace: of.ws}, of.key)
		}},
		{what: "inbox", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, KeyOwner{Inbox: of.inbox}, of.inboxKey)
		}},
		{what: "address", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, KeyOwner{Inbox: of.address}, of.inboxKey)
		}},
		{what: "both", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, KeyOwner{own.ws, of.inbox}, of.inboxKey)
		}},
	}
}

// keyCalls are ownerCalls, and those that name another's key below an owner that is the caller's own.
func keyCalls(f func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error) []wallCall {
	return append(ownerCalls(f),
		wallCall{what: "below me", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, KeyOwner{}, of.key) }},
		wallCall{what: "inbox key below me", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, KeyOwner{}, of.inboxKey) }},
		wallCall{what: "below my inbox", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, KeyOwner{Inbox: own.inbox}, of.inboxKey)
		}})
}

// sendingCalls makes the calls that name an owner of settings.
func sendingCalls(f func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, o SendingOwner) error) []wallCall {
	calls := []wallCall{
		{what: "workspace", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, "", SendingOwner{Workspace: of.ws})
		}},
		{what: "workspace in itself", call: func(ctx context.Context, g *Grant, own, of things) error {
			return f(ctx, g, of.ws, SendingOwner{Workspace: of.ws})
		}},
	}
	calls = append(calls, domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return f(ctx, g, ws, SendingOwner{Domain: domain})
	})...)
	return append(calls, inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return f(ctx, g, ws, SendingOwner{Inbox: inbox})
	})...)
}

// webhookCalls makes the calls that name a webhook.
func webhookCalls(f func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error) []wallCall {
	return []wallCall{
		{what: "by id", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, "", of.webhook) }},
		{what: "in its workspace", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, of.ws, of.webhook) }},
		{what: "in my workspace", call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, own.ws, of.webhook) }},
	}
}

func workspaceCall(f func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error, want map[Kind]fault.Kind) []wallCall {
	return []wallCall{{want: want, call: func(ctx context.Context, g *Grant, own, of things) error { return f(ctx, g, of.ws, of) }}}
}

// walls has an entry for every exported method of *Grant. nil is for those that tell of the caller alone.
var walls = map[string][]wallCall{
	"Kind": nil, "Allows": nil, "WorkspaceID": nil, "InboxID": nil, "KeyID": nil, "Me": nil, "Check": nil,

	"CreateWorkspace": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.CreateWorkspace(ctx, NewWorkspace{Name: "mine"}))
	}, onlyOperators),
	"Workspaces": {{want: map[Kind]fault.Kind{WorkspaceKey: fineCall}, call: func(ctx context.Context, g *Grant, own, of things) error {
		list, _, err := g.Workspaces(ctx, Page{})
		if err == nil && (len(list) != 1 || list[0].ID != own.ws) {
			return fmt.Errorf("lists %v", list)
		}
		return err
	}}},
	"Workspace": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.Workspace(ctx, ws))
	}, nil),
	"UpdateWorkspace": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.UpdateWorkspace(ctx, ws, WorkspaceChange{Name: ptr("mine")}))
	}, nil),
	"DeleteWorkspace": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return g.DeleteWorkspace(ctx, ws)
	}, nil),

	"CreateKey": ownerCalls(func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error {
		return err3(g.CreateKey(ctx, o, NewKey{Name: "mine"}))
	}),
	"Keys": ownerCalls(func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error { return err3(g.Keys(ctx, o, Page{})) }),
	"Key":  keyCalls(func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error { return err2(g.Key(ctx, o, id)) }),
	"UpdateKey": keyCalls(func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error {
		return err2(g.UpdateKey(ctx, o, id, KeyChange{Name: ptr("mine")}))
	}),
	"DeleteKey": keyCalls(func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error { return g.DeleteKey(ctx, o, id) }),
	"RotateKey": keyCalls(func(ctx context.Context, g *Grant, o KeyOwner, id KeyID) error {
		return err3(g.RotateKey(ctx, o, id, 0))
	}),

	"CreateDomain": append(workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.CreateDomain(ctx, ws, NewDomain{"new.test"}))
	}, nil), wallCall{what: "for myself", want: map[Kind]fault.Kind{WorkspaceKey: fineCall}, call: func(ctx context.Context, g *Grant, own, of things) error {
		d, existed, err := g.CreateDomain(ctx, "", NewDomain{of.domain})
		if err == nil && (d.WorkspaceID != own.ws || d.Status != Pending || existed || string(d.ID) == of.domainID) {
			return fmt.Errorf("claimed %v", d)
		}
		return errors.Join(err, g.DeleteDomain(ctx, "", of.domain))
	}}),
	"Domains": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.Domains(ctx, ws, Page{}))
	}, nil),
	"Domain": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err2(g.Domain(ctx, ws, domain))
	}),
	"UpdateDomain": append(domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err2(g.UpdateDomain(ctx, ws, domain, DomainChange{CatchAll: ptr("")}))
	}), wallCall{what: "to another's inbox", call: func(ctx context.Context, g *Grant, own, of things) error {
		return err2(g.UpdateDomain(ctx, "", own.domain, DomainChange{CatchAll: &of.inbox}))
	}}, wallCall{what: "to another's address", call: func(ctx context.Context, g *Grant, own, of things) error {
		return err2(g.UpdateDomain(ctx, "", own.domain, DomainChange{CatchAll: &of.address}))
	}}),
	"DeleteDomain": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return g.DeleteDomain(ctx, ws, domain)
	}),

	"CreateInbox": {
		{what: "at another's domain", call: func(ctx context.Context, g *Grant, own, of things) error {
			return err4(g.CreateInbox(ctx, "", NewInbox{Username: "mine", Domain: of.domain}))
		}},
		{what: "that another has", call: func(ctx context.Context, g *Grant, own, of things) error {
			local, domain, _ := splitAddress(of.address)
			return err4(g.CreateInbox(ctx, "", NewInbox{Username: local, Domain: domain}))
		}},
		{what: "in another's workspace", call: func(ctx context.Context, g *Grant, own, of things) error {
			return err4(g.CreateInbox(ctx, of.ws, NewInbox{Username: "mine", Domain: of.domain}))
		}},
	},
	"Inboxes": append(workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.Inboxes(ctx, ws, InboxFilter{}, Page{}))
	}, nil), wallCall{what: "by its address", want: map[Kind]fault.Kind{WorkspaceKey: fineCall, InboxKey: fineCall}, call: func(ctx context.Context, g *Grant, own, of things) error {
		list, _, err := g.Inboxes(ctx, "", InboxFilter{Words: of.address}, Page{})
		if err == nil && len(list) > 0 && string(list[0].ID) == of.inbox {
			return fmt.Errorf("found %v", list)
		}
		return err
	}}),
	"WebhookSecret": webhookCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error {
		return err2(g.WebhookSecret(ctx, ws, id))
	}),
	"PrimaryAddresses": {{want: map[Kind]fault.Kind{WorkspaceKey: fineCall, InboxKey: fineCall}, call: func(ctx context.Context, g *Grant, own, of things) error {
		all, err := g.PrimaryAddresses(ctx, []mailstore.InboxID{mailstore.InboxID(of.inbox)})
		if err == nil && len(all) > 0 && own.inbox != of.inbox {
			return fmt.Errorf("tells %v", all)
		}
		return err
	}}},
	"DefaultDomain": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.DefaultDomain(ctx, ws))
	}, nil),
	"DownloadToken": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.DownloadToken(ctx, ws, inbox, Download{}, time.Now()))
	}),
	"Totals": {{want: map[Kind]fault.Kind{WorkspaceKey: fineCall}, call: func(ctx context.Context, g *Grant, own, of things) error {
		t, err := g.Totals(ctx)
		if err == nil && t.Workspaces != 1 {
			return fmt.Errorf("counts %+v", t)
		}
		return err
	}}},
	"Inbox": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.Inbox(ctx, ws, inbox))
	}),
	"UpdateInbox": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.UpdateInbox(ctx, ws, inbox, InboxChange{DisplayName: ptr("mine")}))
	}),
	"PauseInbox": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.PauseInbox(ctx, ws, inbox))
	}),
	"ResumeInbox": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.ResumeInbox(ctx, ws, inbox))
	}),
	"DeleteInbox": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return g.DeleteInbox(ctx, ws, inbox)
	}),
	"AddAddress": append(inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.AddAddress(ctx, ws, inbox, of.alias, true))
	}), wallCall{what: "another's to mine", want: map[Kind]fault.Kind{InboxKey: fault.Forbidden}, call: func(ctx context.Context, g *Grant, own, of things) error {
		return err2(g.AddAddress(ctx, "", own.inbox, of.address, true))
	}}),
	"RemoveAddress": append(inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.RemoveAddress(ctx, ws, inbox, of.alias))
	}), wallCall{what: "another's from mine", want: map[Kind]fault.Kind{InboxKey: fault.Forbidden}, call: func(ctx context.Context, g *Grant, own, of things) error {
		return err2(g.RemoveAddress(ctx, "", own.inbox, of.alias))
	}}),
	"NewPassword": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err3(g.NewPassword(ctx, ws, inbox))
	}),
	"Mail": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.Mail(ctx, ws, inbox, MessagesRead))
	}),
	"MailOf": append(inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.MailOf(ctx, ws, inbox, MessagesRead))
	}), workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.MailOf(ctx, ws, "", MessagesRead))
	}, nil)...),
	"MaySend": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.MaySend(ctx, ws, inbox))
	}),
	"MaySendDraft": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.MaySendDraft(ctx, ws, inbox))
	}),
	"MayDraft": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err2(g.MayDraft(ctx, ws, inbox, DraftsCreate))
	}),
	"Drafts": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.Drafts(ctx, ws))
	}, nil),
	"DKIM": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err2(g.DKIM(ctx, ws, domain))
	}),
	"DomainReports": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err3(g.DomainReports(ctx, ws, domain, time.Time{}))
	}),
	"SetupToken": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err2(g.SetupToken(ctx, ws, domain, time.Now()))
	}),
	"CheckDomain": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err2(g.CheckDomain(ctx, ws, domain))
	}),
	"RotateDKIM": domainCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, domain string) error {
		return err2(g.RotateDKIM(ctx, ws, domain))
	}),
	"Sending": sendingCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, o SendingOwner) error {
		return err2(g.Sending(ctx, ws, o))
	}),
	"SetSending": sendingCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, o SendingOwner) error {
		return g.SetSending(ctx, ws, o, Sending{Hostname: "mail.mine.test"})
	}),
	"Lists": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err3(g.Lists(ctx, ws, inbox, ListsRead))
	}),
	"Rejections": inboxCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, inbox string, of things) error {
		return err3(g.Rejections(ctx, ws, inbox))
	}),
	"ServerRejections": {{"what is nobody's", func(ctx context.Context, g *Grant, own, of things) error {
		return err3(g.ServerRejections(ctx, mailstore.RejectionFilter{}, nil, 1))
	}, map[Kind]fault.Kind{Operator: fineCall}}},
	"ServerRejection": {{"what is nobody's", func(ctx context.Context, g *Grant, own, of things) error {
		return err2(g.ServerRejection(ctx, "rej_00000000000000000000000000"))
	}, map[Kind]fault.Kind{Operator: fault.NotFound}}},
	"Queue": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.Queue(ctx, ws, MessagesSend))
	}, nil),
	"Live": {{what: "what happens everywhere", want: map[Kind]fault.Kind{Operator: fineCall}, call: func(ctx context.Context, g *Grant, own, of things) error {
		live, err := g.Live(ctx)
		if err == nil {
			live.Close()
		}
		return err
	}}},
	"Journal": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.Journal(ctx, ws))
	}, nil),
	"CreateWebhook": append(workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.CreateWebhook(ctx, ws, NewWebhook{URL: "https://mine.example/"}))
	}, nil), wallCall{what: "for another's inbox", call: func(ctx context.Context, g *Grant, own, of things) error {
		return err3(g.CreateWebhook(ctx, "", NewWebhook{URL: "https://mine.example/", InboxIDs: []string{of.inbox}}))
	}}),
	"Webhooks": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.Webhooks(ctx, ws, Page{}))
	}, nil),
	"Webhook": webhookCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error {
		return err2(g.Webhook(ctx, ws, id))
	}),
	"UpdateWebhook": append(webhookCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error {
		return err2(g.UpdateWebhook(ctx, ws, id, WebhookChange{URL: ptr("https://mine.example/")}))
	}), wallCall{what: "to another's inbox", call: func(ctx context.Context, g *Grant, own, of things) error {
		return err2(g.UpdateWebhook(ctx, "", own.webhook, WebhookChange{InboxIDs: &[]string{of.address}}))
	}}),
	"DeleteWebhook": webhookCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error {
		return g.DeleteWebhook(ctx, ws, id)
	}),
	"RotateWebhookSecret": webhookCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error {
		return err3(g.RotateWebhookSecret(ctx, ws, id))
	}),
	"Following": webhookCalls(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, id WebhookID) error {
		return err4(g.Following(ctx, ws, id, WebhooksRead))
	}),
	"Repeatable": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err2(g.Repeatable(Request{Method: "POST", Path: "/v1/inboxes", Key: "k", Workspace: ws}))
	}, nil),
	"Once": workspaceCall(func(ctx context.Context, g *Grant, ws mailstore.WorkspaceID, of things) error {
		return err3(g.Once(ctx, Request{Method: "POST", Path: "/v1/inboxes", Key: "k", Workspace: ws}, func(context.Context) (Answer, error) {
			return Answer{Status: 201}, nil
		}))
	}, nil),
}

func TestEveryMethodHidesWhatIsAnothers(t *testing.T) {
	w := newWorld(t)
	wsA, wsB := w.workspace("A"), w.workspace("B")
	mine := w.things(wsA.ID, "mine", "a.test")
	sibling := w.things(wsA.ID, "sibling", "a.test")
	another := w.things(wsB.ID, "another", "b.test")
	wsKey, _, _ := w.key(w.op, KeyOwner{Workspace: wsA.ID})
	inKey, _, _ := w.key(w.op, KeyOwner{Inbox: mine.inbox})

	before := w.snapshot()
	methods := reflect.TypeFor[*Grant]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		calls, known := walls[name]
		if !known {
			t.Errorf("Grant.%s has no entry in walls", name)
		}
		for _, c := range calls {
			t.Run(name+" "+c.what, func(t *testing.T) {
				w.wall(t, before, c, wsKey, mine, another)
				w.wall(t, before, c, inKey, mine, another)
				if !strings.Contains(c.what, "my workspace") {
					sibling.ws = another.ws // the workspace of an inbox key's sibling is its own
				} else {
					sibling.ws = mine.ws
				}
				w.wall(t, before, c, inKey, mine, sibling)
			})
		}
	}
	if len(walls) != methods.NumMethod() {
		t.Errorf("walls has %d entries for %d methods", len(walls), methods.NumMethod())
	}
}

// wall checks that a call tells nothing and changes nothing of what is another's.
func (w *world) wall(t *testing.T, before []any, c wallCall, g *Grant, own, of things) {
	t.Helper()
	theirs, nobodys := c.call(w.ctx(), g, own, of), c.call(w.ctx(), g, own, nothing())
	want, special := c.want[g.Kind()]
	switch {
	case special && want == fineCall:
		if theirs != nil || nobodys != nil {
			t.Errorf("%s key: %v and %v, want success", g.Kind(), theirs, nobodys)
		}
	case !special && !reflect.DeepEqual(fault.From(theirs), ErrNotFound):
		t.Errorf("%s key: got %v, want not found", g.Kind(), theirs)
	case special && fault.KindOf(theirs) != want:
		t.Errorf("%s key: got %v, want %v", g.Kind(), theirs, want)
	}
	if !reflect.DeepEqual(fault.From(theirs), fault.From(nobodys)) {
		t.Errorf("%s key: what is another's gets %v, what is nobody's %v", g.Kind(), theirs, nobodys)
	}
	if after := w.snapshot(); !reflect.DeepEqual(before, after) {
		t.Errorf("%s key: the call changed what is there:\n%v\n%v", g.Kind(), before, after)
	}
}

// snapshot is all that the directory holds, as an operator sees it.
func (w *world) snapshot() (all []any) {
	w.t.Helper()
	spaces, _, err := w.op.Workspaces(w.ctx(), Page{Limit: MaxPage})
	must(spaces, err)
	inboxes, _, err := w.op.Inboxes(w.ctx(), "", InboxFilter{}, Page{Limit: MaxPage})
	must(inboxes, err)
	domains, _, err := w.op.Domains(w.ctx(), "", Page{Limit: MaxPage})
	must(domains, err)
	hooks, _, err := w.op.Webhooks(w.ctx(), "", Page{Limit: MaxPage})
	must(hooks, err)
	all = append(all, spaces, inboxes, domains, hooks)
	for _, ws := range spaces {
		keys, _, err := w.op.Keys(w.ctx(), KeyOwner{Workspace: ws.ID}, Page{Limit: MaxPage})
		all = append(all, must(keys, err))
	}
	for _, in := range inboxes {
		keys, _, err := w.op.Keys(w.ctx(), KeyOwner{Inbox: string(in.ID)}, Page{Limit: MaxPage})
		all = append(all, must(keys, err))
	}
	return all
}

func TestAnInboxKeySeesItsInboxAndNoMore(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	w.inbox(g, "", "two", "a.test")
	key, _, _ := w.key(g, KeyOwner{Inbox: in.Address})
	list, next, err := key.Inboxes(w.ctx(), "", InboxFilter{}, Page{})
	if err != nil || next != "" || len(list) != 1 || list[0].ID != in.ID {
		t.Errorf("lists %v, %v", list, err)
	}
	me := key.Me()
	if me.Kind != InboxKey || me.WorkspaceID != ws.ID || me.WorkspaceName != "A" || me.InboxID != in.ID || me.Address != "one@a.test" {
		t.Errorf("Me is %+v", me)
	}
	if mail, err := key.Mail(w.ctx(), ws.ID, "one@a.test", Read); err != nil || mail.ID() != in.ID || mail.WorkspaceID() != ws.ID {
		t.Errorf("Mail gives %v, %v", mail, err)
	}
	refused(t, "its workspace", err2(key.Workspace(w.ctx(), ws.ID)), fault.NotFound, "not_found")
	refused(t, "its domain", err2(key.Domain(w.ctx(), "", "a.test")), fault.NotFound, "not_found")
	refused(t, "an address for itself", err2(key.AddAddress(w.ctx(), "", in.Address, "ceo@a.test", true)), fault.Forbidden, "permission_denied")
}

func TestAPermissionThatIsMissingIsSaidOfEverythingAlike(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	reader, _, _ := w.key(g, KeyOwner{Workspace: ws.ID}, "messages:read")
	for _, name := range []string{string(in.ID), nothing().inbox} {
		refused(t, "delete", reader.DeleteInbox(w.ctx(), "", name), fault.Forbidden, "permission_denied")
		refused(t, "show", err2(reader.Inbox(w.ctx(), "", name)), fault.Forbidden, "permission_denied")
		refused(t, "change mail", err2(reader.Mail(w.ctx(), "", name, MessagesUpdate)), fault.Forbidden, "permission_denied")
	}
	if _, err := reader.Mail(w.ctx(), "", string(in.ID), MessagesRead); err != nil {
		t.Error(err)
	}
}
