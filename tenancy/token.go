package tenancy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/ident"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// A return path is bounce+<message><mac>@<the sender's domain>: bounces come home, and nobody else can write one. Its
// letters are lower case, for some servers fold the case of local parts.
const (
	bounceLocal = "bounce" + suffixMark
	macOctets   = 8 // of the HMAC-SHA256 that is told: who guesses must ask us each time
	macLength   = 13
)

var lowerBase32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// secret is what tokens are signed with. It never changes.
func (d *Directory) secret(ctx context.Context) ([]byte, error) {
	if s := d.tokens.Load(); s != nil {
		return *s, nil
	}
	var s []byte
	err := d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Row("SELECT value FROM secrets WHERE name = 'tokens'", nil, &s)
	})
	if err != nil {
		return nil, fmt.Errorf("read the secret of tokens: %w", err)
	}
	d.tokens.Store(&s)
	return s, nil
}

// mac signs words for one purpose.
func mac(secret []byte, purpose string, words ...string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(purpose + "\x00" + strings.Join(words, "\x00")))
	return lowerBase32.EncodeToString(h.Sum(nil)[:macOctets])
}

// ReturnPath is the envelope sender of a message that leaves from an address at domain: what comes back to it is known to
// be about that message.
func (d *Directory) ReturnPath(ctx context.Context, ws mailstore.WorkspaceID, id mailstore.MessageID, domain string) (string, error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return "", err
	}
	word := strings.TrimPrefix(string(id), "msg_")
	return bounceLocal + word + mac(secret, "bounce", string(ws), word, domain) + "@" + domain, nil
}

// isReturnPath reports whether a local part has the form of a return path, be it ours or forged.
func isReturnPath(local string) bool {
	word, ok := strings.CutPrefix(fold(local), bounceLocal)
	return ok && len(word) == ident.Length+macLength && ident.Valid("msg", "msg_"+word[:ident.Length])
}

// bounced finds the message that a return path at dom was made for; ErrNotFound for a forged one.
func (d *Directory) bounced(secret []byte, dom Domain, local string) (mailstore.MessageID, error) {
	token := strings.TrimPrefix(fold(local), bounceLocal)
	word := token[:ident.Length]
	if !hmac.Equal([]byte(mac(secret, "bounce", string(dom.WorkspaceID), word, dom.Name)), []byte(token[ident.Length:])) {
		return "", ErrNotFound
	}
	return mailstore.MessageID("msg_" + word), nil
}

// Passage is what a message is given that leaves an inbox: only this directory can tell from it which inbox that was.
func (d *Directory) Passage(ctx context.Context, inbox mailstore.InboxID, id mailstore.MessageID) (string, error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return "", err
	}
	word := strings.TrimPrefix(string(id), "msg_")
	return word + mac(secret, "passage", string(inbox), word), nil
}

// Passages counts how many messages of a list of passages have left an inbox, each once. Those of other inboxes and servers, and
// what is none, do not count.
func (d *Directory) Passages(ctx context.Context, inbox mailstore.InboxID, list []string) (int, error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return 0, err
	}
	own := map[string]bool{}
	for _, passage := range list {
		if at := len(passage) - macLength; at > 0 && hmac.Equal([]byte(mac(secret, "passage", string(inbox), passage[:at])), []byte(passage[at:])) {
			own[passage] = true
		}
	}
	return len(own), nil
}

// Unsubscription is what a link to unsubscribe stands for.
type Unsubscription struct {
	Workspace mailstore.WorkspaceID
	Inbox     mailstore.InboxID
	Message   mailstore.MessageID
	Address   string // who does not want to get mail any more
}

// UnsubscribeToken is the part of a link to unsubscribe that tells who and from what. It is good for ever, and only as
// this directory made it.
func (d *Directory) UnsubscribeToken(ctx context.Context, u Unsubscription) (string, error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return "", err
	}
	words := []string{string(u.Workspace), string(u.Inbox), string(u.Message), u.Address}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(append(words, mac(secret, "unsubscribe", words...)), "\x00"))), nil
}

// maxToken bounds what is looked at.
const maxToken = 2048

// Unsubscription tells what a link to unsubscribe stands for, and changes nothing. ErrNotFound for what is no token of ours.
func (d *Directory) Unsubscription(ctx context.Context, token string) (u Unsubscription, err error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return u, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	words := strings.Split(string(raw), "\x00")
	if err != nil || len(token) > maxToken || len(words) != 5 || !hmac.Equal([]byte(mac(secret, "unsubscribe", words[:4]...)), []byte(words[4])) {
		return u, ErrNotFound
	}
	return Unsubscription{mailstore.WorkspaceID(words[0]), mailstore.InboxID(words[1]), mailstore.MessageID(words[2]), words[3]}, nil
}

// Unsubscribe has nothing be sent any more by the workspace to the address of a link. It may be repeated. ErrNotFound for
// what is no token of ours, or if the workspace is gone.
func (d *Directory) Unsubscribe(ctx context.Context, token string) (u Unsubscription, err error) {
	if u, err = d.Unsubscription(ctx, token); err != nil {
		return u, err
	}
	box, err := d.Outbox(ctx, u.Workspace)
	if err != nil {
		return u, err
	}
	_, err = box.Suppress(ctx, []mailstore.Suppression{{Address: u.Address, Reason: mailstore.SuppressedByUnsubscribe, Inbox: u.Inbox, Message: u.Message}})
	return u, err
}

// SetupToken is the part of a link that shows the DNS records of a claim, and what is found of them, to who has no key: whoever runs
// the domain's DNS. It is good until a time.
func (g *Grant) SetupToken(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string, until time.Time) (token string, err error) {
	s, err := g.reach(DomainsUpdate, ws)
	if err != nil {
		return "", err
	}
	secret, err := g.dir.secret(ctx)
	if err != nil {
		return "", err
	}
	var dom Domain
	if err := g.dir.view(ctx, func(tx *sqlite.Tx) error { dom, err = findDomain(tx, s, nameOrID); return err }); err != nil {
		return "", err
	}
	if dom.Sandbox {
		return "", errSandboxDomain
	}
	return link(secret, "setup", until, strings.TrimPrefix(string(dom.ID), "dom_")), nil
}

// link is the secret part of a link that is good until a time. Its words hold no dot.
func link(secret []byte, purpose string, until time.Time, words ...string) string {
	words = append(words, strconv.FormatInt(until.Unix(), 36))
	return strings.Join(append(words, mac(secret, purpose, words...)), ".")
}

// opened gives the words of a link that was made for a purpose, and when it ends. ErrNotFound for what is none or has ended.
func (d *Directory) opened(ctx context.Context, purpose, token string, count int) (words []string, until time.Time, err error) {
	secret, err := d.secret(ctx)
	if err != nil {
		return nil, until, err
	}
	words = strings.Split(token[:min(len(token), maxToken)], ".")
	if len(words) != count+2 || !hmac.Equal([]byte(mac(secret, purpose, words[:count+1]...)), []byte(words[count+1])) {
		return nil, until, ErrNotFound
	}
	seconds, err := strconv.ParseInt(words[count], 36, 64)
	if until = time.Unix(seconds, 0).UTC(); err != nil || !until.After(d.now()) {
		return nil, until, ErrNotFound
	}
	return words[:count], until, nil
}

// Setup gives the claim that a link of SetupToken is for, and when it ends. ErrNotFound for what is none, has ended, or whose claim is gone.
func (d *Directory) Setup(ctx context.Context, token string) (dom Domain, until time.Time, err error) {
	words, until, err := d.opened(ctx, "setup", token, 1)
	if err != nil {
		return dom, until, err
	}
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		dom, err = selectDomain(tx, "id = ?", "dom_"+words[0])
		return err
	})
	return dom, until, err
}

// Download is what a link to download stands for: a message as it lies on the disk, or one attachment of it.
type Download struct {
	Message    mailstore.MessageID
	Attachment string // "" is the whole message
}

// DownloadToken is the part of a link that gives some bytes of an inbox to who has no key, until a time. Who makes one has
// MessagesRead there.
func (g *Grant) DownloadToken(ctx context.Context, ws mailstore.WorkspaceID, inbox string, what Download, until time.Time) (token string, err error) {
	at, err := g.find(ctx, ws, inbox, MessagesRead)
	if err != nil {
		return "", err
	}
	secret, err := g.dir.secret(ctx)
	if err != nil {
		return "", err
	}
	part := base64.RawURLEncoding.EncodeToString([]byte(what.Attachment)) // which may hold dots
	return link(secret, "download", until, string(at.ws), string(at.inbox), string(what.Message), part), nil
}

// Download gives the inbox and the bytes that a link of DownloadToken is for. ErrNotFound for what is none, has ended, or whose inbox is gone.
func (d *Directory) Download(ctx context.Context, token string) (box mailstore.Inbox, what Download, err error) {
	words, _, err := d.opened(ctx, "download", token, 4)
	if err != nil {
		return box, what, err
	}
	part, err := base64.RawURLEncoding.DecodeString(words[3])
	if err != nil {
		return box, what, ErrNotFound
	}
	var at place
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		at, err = findInbox(tx, scope{ws: mailstore.WorkspaceID(words[0])}, words[1])
		return err
	})
	return d.store.Workspace(at.ws).Inbox(at.inbox), Download{mailstore.MessageID(words[2]), string(part)}, err
}
