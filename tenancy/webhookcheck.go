package tenancy

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// Limits of a webhook.
const (
	MaxWebhooksPerWorkspace = 50
	MaxWebhookURL           = 2048 // octets
	MaxWebhookTypes         = 100
	MaxWebhookInboxes       = 1000
	MaxWebhookDescription   = 500 // characters
	MaxWebhookHeaders       = 20
	MaxWebhookHeaderBytes   = 4096 // of one header's name and value
)

// NewWebhook is what a webhook is made from.
type NewWebhook struct {
	URL         string
	EventTypes  []string // empty: all
	InboxIDs    []string // ids or addresses; empty: all
	Description string
	Headers     map[string]string // sent with each request
	Ordered     bool
	Dialect     string // in whose words it is told; see Webhook
	ClientID    string // another call with the same word gives the same webhook, whatever else it asks for; "" = none
}

// WebhookChange says what to change; nil fields stay.
type WebhookChange struct {
	URL         *string
	EventTypes  *[]string
	InboxIDs    *[]string
	Description *string
	Headers     *map[string]string // replaces all of them
	Merge       map[string]*string // put into the headers that are there; nil takes one away
	Ordered     *bool
	Enabled     *bool
}

func (n NewWebhook) check() (p problems) {
	p.checkWebhookURL(n.URL)
	p.checkEventTypes(n.EventTypes)
	p.checkWebhookInboxes(n.InboxIDs)
	p.checkDescription(n.Description)
	p.checkHeaders(n.Headers)
	p.checkClientID(n.ClientID)
	return p
}

func (c WebhookChange) check() (p problems) {
	if c.URL != nil {
		p.checkWebhookURL(*c.URL)
	}
	if c.EventTypes != nil {
		p.checkEventTypes(*c.EventTypes)
	}
	if c.InboxIDs != nil {
		p.checkWebhookInboxes(*c.InboxIDs)
	}
	if c.Description != nil {
		p.checkDescription(*c.Description)
	}
	if c.Headers != nil {
		p.checkHeaders(*c.Headers)
	}
	return p
}

// headers are what is kept after the change, nil if that stays. Names of headers have no case.
func (c WebhookChange) headers(e Endpoint) (*string, error) {
	if c.Merge == nil {
		return orStay(c.Headers, asObject), nil
	}
	all := maps.Clone(e.Headers)
	if all == nil {
		all = map[string]string{}
	}
	for name, value := range c.Merge {
		maps.DeleteFunc(all, func(other, _ string) bool { return strings.EqualFold(name, other) })
		if value != nil {
			all[name] = *value
		}
	}
	var p problems
	p.checkHeaders(all)
	text := asObject(all)
	return &text, p.err()
}

// inboxes is the new list of inboxes as it is kept, nil if it stays.
func (c WebhookChange) inboxes(tx *sqlite.Tx, ws mailstore.WorkspaceID) (*string, error) {
	if c.InboxIDs == nil {
		return nil, nil
	}
	list, err := ownInboxes(tx, ws, *c.InboxIDs)
	text := asList(list)
	return &text, err
}

// checkWebhookURL looks at its form; whether we connect there is for those to say who know the network.
func (p *problems) checkWebhookURL(text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil, len(text) > MaxWebhookURL, !isLine(text), u.Host == "", u.Hostname() == "", u.Scheme != "https" && u.Scheme != "http":
		p.add("body.url", "A URL such as https://example.com/mail, of at most %d octets.", MaxWebhookURL)
	case u.User != nil:
		p.add("body.url", "A URL without a user name or password; put a secret into a header.")
	case u.Fragment != "":
		p.add("body.url", "A URL without a fragment (#), which is never sent.")
	}
}

func (p *problems) checkEventTypes(list []string) {
	if len(list) > MaxWebhookTypes {
		p.add("body.eventTypes", "At most %d types.", MaxWebhookTypes)
		return
	}
	for i, t := range list {
		if !journal.Known(t) { // it would be waited for in vain
			p.add(fmt.Sprintf("body.eventTypes[%d]", i), "There is no event type %.60q; GET /asyncapi.json lists them.", t)
		}
	}
}

func (p *problems) checkWebhookInboxes(list []string) {
	if len(list) > MaxWebhookInboxes {
		p.add("body.inboxIds", "At most %d inboxes; give none for all.", MaxWebhookInboxes)
	}
}

func (p *problems) checkDescription(text string) {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxWebhookDescription || strings.ContainsRune(text, 0) {
		p.add("body.description", "A description is at most %d characters.", MaxWebhookDescription)
	}
}

// ourHeaders are those that say what a request is and how it is carried: nobody else writes them.
var ourHeaders = []string{"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "proxy-authorization", "proxy-connection"}

// checkHeaders looks at a webhook's own headers (RFC 9110, 5.1 and 5.5).
func (p *problems) checkHeaders(headers map[string]string) {
	if len(headers) > MaxWebhookHeaders {
		p.add("body.headers", "At most %d headers.", MaxWebhookHeaders)
		return
	}
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lower, value := strings.ToLower(name), headers[name]
		path := "body.headers." + name
		switch {
		case name == "" || strings.ContainsFunc(name, func(c rune) bool {
			return c <= ' ' || c > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
		}):
			p.add("body.headers", "The name of a header is letters, digits and hyphens.")
		case known[lower]:
			p.add(path, "This header is there twice.")
		case slices.Contains(ourHeaders, lower) || strings.HasPrefix(lower, "webhook-") || strings.HasPrefix(lower, "svix-"):
			p.add(path, "This header is the server's own.")
		case len(name)+len(value) > MaxWebhookHeaderBytes || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c > '~' }):
			p.add(path, "A header's value is printable ASCII; with its name at most %d octets.", MaxWebhookHeaderBytes)
		}
		known[lower] = true
	}
}

// asList writes a list as JSON, never null.
func asList[T ~string](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(list) // texts always encode
	return string(text)
}

// asObject writes headers as JSON, never null.
func asObject(headers map[string]string) string {
	if len(headers) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(headers) // texts always encode
	return string(text)
}

// orStay is a new value as it is kept, nil if it stays.
func orStay[T any](v *T, write func(T) string) *string {
	if v == nil {
		return nil
	}
	text := write(*v)
	return &text
}

// signingBytes is the length of a secret that signs (Standard Webhooks: 24 to 64 octets).
const signingBytes = 32

// newSigningSecret makes a secret as Standard Webhooks writes it: whsec_ and base64.
func newSigningSecret() string {
	b := make([]byte, signingBytes)
	rand.Read(b) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}
