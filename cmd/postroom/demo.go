package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

const (
	demoName   = "demo"
	demoDomain = "demo.localhost"
	demoUser   = "hello"
)

// demo is the workspace that a server for development has, with its secrets. They are kept in a file beside the data,
// for the directory of tenants knows only their hashes: what a developer has pasted somewhere stays valid over restarts. The file is as
// private as the data directory itself, and only dev writes one.
type demo struct {
	OperatorKey  string   `json:"operatorKey"`
	WorkspaceID  string   `json:"workspaceId"`
	WorkspaceKey string   `json:"workspaceKey"`
	Inbox        devInbox `json:"inbox"`
}

// ensureDemo makes what is missing of the demo and keeps what still works, whatever the developer has deleted since.
func ensureDemo(ctx context.Context, dir *tenancy.Directory, file string) (demo, error) {
	d, err := readDemo(file)
	if err != nil {
		return d, err
	}
	b := demoBuilder{demo: d, dir: dir, operator: dir.Operator()}
	for _, step := range []func(context.Context) error{b.operatorKey, b.workspace, b.domain, b.inbox, b.password, b.workspaceKey} {
		if err := step(ctx); err != nil {
			return b.demo, err
		}
	}
	return b.demo, b.write(file)
}

// readDemo reads what a start before this one kept; nothing is there at the first.
func readDemo(file string) (d demo, err error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return demo{}, nil
	}
	if err != nil {
		return demo{}, fmt.Errorf("read kept keys: %w", err)
	}
	if json.Unmarshal(raw, &d) != nil {
		return demo{}, nil // cut off by a crash: new keys are made
	}
	return d, nil
}

func (d demo) write(file string) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keep keys: %w", err)
	}
	if err := os.WriteFile(file, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep keys: %w", err)
	}
	return nil
}

// demoBuilder makes a demo step by step, in the order in which one thing needs the other.
type demoBuilder struct {
	demo
	dir      *tenancy.Directory
	operator *tenancy.Grant
}

// works reports whether a key still opens what it should.
func (b *demoBuilder) works(ctx context.Context, key string, kind tenancy.Kind, ws string) bool {
	grant, err := b.dir.Authenticate(ctx, key, netip.IPv6Loopback())
	return err == nil && grant.Kind() == kind && string(grant.WorkspaceID()) == ws
}

func (b *demoBuilder) operatorKey(ctx context.Context) (err error) {
	if b.works(ctx, b.OperatorKey, tenancy.Operator, "") {
		return nil
	}
	_, b.OperatorKey, err = b.operator.CreateKey(ctx, tenancy.KeyOwner{}, tenancy.NewKey{Name: "dev"})
	return err
}

// workspace keeps the one of the file, else the one that has the domain: the file may be lost.
func (b *demoBuilder) workspace(ctx context.Context) error {
	if b.WorkspaceID != "" {
		_, err := b.operator.Workspace(ctx, b.id())
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	domain, err := b.operator.Domain(ctx, "", demoDomain)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		b.WorkspaceID = string(domain.WorkspaceID)
		return err
	}
	ws, err := b.operator.CreateWorkspace(ctx, tenancy.NewWorkspace{Name: demoName})
	b.WorkspaceID = string(ws.ID)
	return err
}

func (b *demoBuilder) domain(ctx context.Context) error {
	_, _, err := b.operator.CreateDomain(ctx, b.id(), tenancy.NewDomain{Domain: demoDomain})
	return err
}

func (b *demoBuilder) inbox(ctx context.Context) error {
	in, password, existed, err := b.operator.CreateInbox(ctx, b.id(), tenancy.NewInbox{Username: demoUser, Domain: demoDomain, DisplayName: "Demo"})
	if err != nil {
		return err
	}
	b.Inbox.ID, b.Inbox.Address = string(in.ID), in.Address
	if !existed {
		b.Inbox.Password = password
	}
	return nil
}

func (b *demoBuilder) password(ctx context.Context) (err error) {
	if _, err := b.dir.Login(ctx, b.Inbox.Address, b.Inbox.Password, netip.IPv6Loopback()); err == nil {
		return nil
	}
	_, b.Inbox.Password, err = b.operator.NewPassword(ctx, b.id(), b.Inbox.ID)
	return err
}

func (b *demoBuilder) workspaceKey(ctx context.Context) (err error) {
	if b.works(ctx, b.WorkspaceKey, tenancy.WorkspaceKey, b.WorkspaceID) {
		return nil
	}
	_, b.WorkspaceKey, err = b.operator.CreateKey(ctx, tenancy.KeyOwner{Workspace: b.id()}, tenancy.NewKey{Name: "dev"})
	return err
}

func (b *demoBuilder) id() mailstore.WorkspaceID { return mailstore.WorkspaceID(b.WorkspaceID) }
