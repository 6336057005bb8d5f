package tenancy

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// When a smarthost is used.
const (
	RelayOnly     = "only"     // always
	RelayFallback = "fallback" // when the recipient's own servers cannot be reached
)

// Smarthost is a server that mail for others is handed to.
type Smarthost struct {
	Host     string `json:"host"`
	Port     int    `json:"port"` // 0 means 587
	Username string `json:"username,omitempty"`
	Mode     string `json:"mode"` // RelayOnly or RelayFallback
	TLS      string `json:"tls"`  // "required" (verified, the default), "implicit" (verified, from the first octet), "none"
	Password string `json:"-"`    // write only
}

// Sending is how mail of an inbox, a domain or a workspace leaves. Zero fields leave it to the next wider one, and at last
// to the configuration.
type Sending struct {
	Relay    *Smarthost `json:"relay,omitempty"`
	SourceIP netip.Addr `json:"sourceIp,omitzero"`  // a local address to connect from
	Hostname string     `json:"hostname,omitempty"` // EHLO name that goes with it
}

// SendingOwner names whose settings are meant: one field is set.
type SendingOwner struct {
	Workspace mailstore.WorkspaceID
	Domain    string // name or id
	Inbox     string // id or address
}

// findOwner finds the id that settings are kept under, and the workspace that it belongs to.
func (g *Grant) findOwner(tx *sqlite.Tx, ws mailstore.WorkspaceID, o SendingOwner) (id string, owner mailstore.WorkspaceID, err error) {
	s, err := g.wide(ws)
	if err != nil {
		return "", "", err
	}
	switch {
	case o.Inbox != "":
		at, err := findInbox(tx, s, o.Inbox)
		return string(at.inbox), at.ws, err
	case o.Domain != "":
		dom, err := findDomain(tx, s, o.Domain)
		return string(dom.ID), dom.WorkspaceID, err
	}
	if s.ws != "" && o.Workspace != s.ws {
		return "", "", ErrNotFound
	}
	return string(o.Workspace), o.Workspace, workspaceExists(tx, o.Workspace)
}

// Sending shows the settings of an inbox, a domain or a workspace, without the relay's password.
func (g *Grant) Sending(ctx context.Context, ws mailstore.WorkspaceID, o SendingOwner) (s Sending, err error) {
	if err := g.need(WorkspacesRead); err != nil {
		return s, err
	}
	err = g.dir.view(ctx, func(tx *sqlite.Tx) error {
		id, _, err := g.findOwner(tx, ws, o)
		if err != nil {
			return err
		}
		s, _, err = readSending(tx, id)
		return err
	})
	if s.Relay != nil {
		s.Relay.Password = ""
	}
	return s, err
}

// SetSending replaces the settings. A relay without a password keeps the one that it has, if host and user are the same.
// Only an operator binds to a local address; from others the binding stays as it is, with the name that goes with it.
func (g *Grant) SetSending(ctx context.Context, ws mailstore.WorkspaceID, o SendingOwner, s Sending) error {
	if err := g.need(WorkspacesUpdate); err != nil {
		return err
	}
	s, wrong := checkSending(s)
	return g.dir.change(ctx, func(tx *sqlite.Tx) error {
		id, owner, err := g.findOwner(tx, ws, o)
		if err != nil {
			return err
		}
		was, _, err := readSending(tx, id)
		if err != nil {
			return err
		}
		checked, p := s, slices.Clone(wrong)
		if g.Kind() != Operator {
			if s.SourceIP.IsValid() && s.SourceIP != was.SourceIP {
				p.add("body.sourceIp", "Only an operator binds mail to an address of the machine.")
			}
			if checked.SourceIP = was.SourceIP; was.SourceIP.IsValid() {
				checked.Hostname = was.Hostname
			}
		}
		if err := p.err(); err != nil {
			return err
		}
		password := ""
		if r := checked.Relay; r != nil {
			if password = r.Password; password == "" && r.Username != "" && was.Relay != nil && was.Relay.Host == r.Host && was.Relay.Username == r.Username {
				password = was.Relay.Password
			}
		}
		text, err := json.Marshal(checked)
		if err != nil {
			return fmt.Errorf("keep sending: %w", err)
		}
		if _, err := tx.Exec("INSERT OR REPLACE INTO sending (owner_id, workspace_id, settings, password, updated_at) VALUES (?, ?, ?, ?, ?)", id, owner, string(text), password, g.dir.now().UnixMicro()); err != nil {
			return fmt.Errorf("keep sending: %w", err)
		}
		return nil
	})
}

func checkSending(s Sending) (Sending, problems) {
	var p problems
	if r := s.Relay; r != nil {
		c := *r
		if c.Host = strings.ToLower(strings.TrimSpace(r.Host)); c.Host == "" || len(c.Host) > maxDomain || strings.ContainsAny(c.Host, " /\r\n\t@") {
			p.add("body.relay.host", "A host name or an IP address is needed.")
		}
		if c.Port == 0 {
			c.Port = 587
		}
		if c.Port < 1 || c.Port > 65535 {
			p.add("body.relay.port", "1 to 65535.")
		}
		if c.Mode == "" {
			c.Mode = RelayOnly
		}
		if c.Mode != RelayOnly && c.Mode != RelayFallback {
			p.add("body.relay.mode", `"only" or "fallback".`)
		}
		if c.TLS == "" {
			c.TLS = "required"
		}
		if c.TLS != "required" && c.TLS != "implicit" && c.TLS != "none" {
			p.add("body.relay.tls", `"required", "implicit" or "none".`)
		}
		if c.TLS == "none" && c.Username != "" {
			p.add("body.relay.tls", "A password needs TLS.")
		}
		if len(c.Username) > maxCredential || len(c.Password) > maxCredential || strings.ContainsAny(c.Username+c.Password, "\x00\r\n") {
			p.add("body.relay.password", "At most %d octets, on one line.", maxCredential)
		}
		s.Relay = &c
	}
	if s.Hostname != "" {
		name, reason := parseDomain(s.Hostname)
		if reason != "" {
			p.add("body.hostname", "%s", reason)
		}
		s.Hostname = name
	}
	return s, p
}

const maxCredential = 512 // octets of a relay's user name or password

func readSending(tx *sqlite.Tx, id string) (s Sending, found bool, err error) {
	var text, password string
	err = tx.Row("SELECT settings, password FROM sending WHERE owner_id = ?", sqlite.Args(id), &text, &password)
	if sqlite.NoRows(err) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	if s.Relay != nil {
		s.Relay.Password = password
	}
	return s, true, err
}

// Signature is what a message is signed with.
type Signature struct {
	Domain   string
	Selector string
	Key      crypto.Signer
}

// SourceIPs are the addresses that operators have bound mail to, of all workspaces, at most limit, in an order that stays.
func (d *Directory) SourceIPs(ctx context.Context, limit int) (list []netip.Addr, err error) {
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT DISTINCT json_extract(settings, '$.sourceIp') AS ip FROM sending WHERE ip IS NOT NULL ORDER BY ip LIMIT ?", sqlite.Args(limit), func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			if ip, err := netip.ParseAddr(text); err == nil { // it was checked
				list = append(list, ip.Unmap())
			}
			return nil
		})
	})
	return list, err
}

// Leaving is how one message leaves. It holds secrets and is for the courier alone.
type Leaving struct {
	Sending    Sending
	Owned      bool        // the sender's domain is the workspace's, verified; false: it was when the message was accepted
	Signatures []Signature // RSA first; none if it is not Owned. Of a sandbox domain they are those of the domain above
}

// Leaving finds how a message of an inbox leaves that is from an address at domain.
func (d *Directory) Leaving(ctx context.Context, ws mailstore.WorkspaceID, inbox mailstore.InboxID, domain string) (l Leaving, err error) {
	var dom, signing Domain
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		owners := []string{string(inbox)}
		switch dom, err = verifiedDomain(tx, domain); {
		case err == nil && dom.WorkspaceID == ws:
			owners = append(owners, string(dom.ID))
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		}
		for _, id := range append(owners, string(ws)) {
			s, _, err := readSending(tx, id)
			if err != nil {
				return err
			}
			l.Sending.inherit(s)
		}
		if signing = dom; dom.Sandbox {
			if signing, err = aboveSandbox(tx, dom); errors.Is(err, ErrNotFound) {
				signing, err = Domain{}, nil
			}
			return err
		}
		return nil
	})
	if err != nil || dom.ID == "" || dom.WorkspaceID != ws {
		return l, err
	}
	if l.Owned = true; signing.ID == "" { // the domain above a sandbox domain is there no more
		return l, nil
	}
	keys, err := d.dkimKeys(ctx, signing)
	if err != nil {
		return l, err
	}
	for _, k := range keys {
		if !k.Active {
			continue
		}
		s, err := d.signer(ctx, signing.WorkspaceID, k)
		if err != nil {
			return l, err
		}
		l.Signatures = append(l.Signatures, Signature{Domain: signing.Name, Selector: k.Selector, Key: s})
	}
	return l, nil
}

// inherit takes from a wider owner what is not set.
func (s *Sending) inherit(wider Sending) {
	if s.Relay == nil {
		s.Relay = wider.Relay
	}
	if !s.SourceIP.IsValid() {
		s.SourceIP = wider.SourceIP
		if s.Hostname == "" {
			s.Hostname = wider.Hostname
		}
	}
}

// Outbox hands out what a workspace has to send, to the courier and to links of our own; others ask their Grant.
func (d *Directory) Outbox(ctx context.Context, ws mailstore.WorkspaceID) (b mailstore.Outbox, err error) {
	if !ident.Valid("ws", string(ws)) {
		return b, ErrNotFound
	}
	err = d.view(ctx, func(tx *sqlite.Tx) error { return workspaceExists(tx, ws) })
	return d.store.Workspace(ws).Outbox(), err
}

// Queued tells when each workspace that has mail waiting to leave is to be looked at; rung is closed when that changes.
func (d *Directory) Queued() (due map[mailstore.WorkspaceID]time.Time, rung <-chan struct{}) {
	return d.store.Queued()
}

// Queue hands out the outbox of a workspace, which an operator must name, to who has the permission need there.
func (g *Grant) Queue(ctx context.Context, ws mailstore.WorkspaceID, need Permission) (b mailstore.Outbox, inbox mailstore.InboxID, err error) {
	s, err := g.inside(ctx, ws, need)
	if err != nil {
		return b, "", err
	}
	return g.dir.store.Workspace(s.ws).Outbox(), s.inbox, nil
}
