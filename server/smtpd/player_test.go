package smtpd

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/tenancy"
)

var blank = regexp.MustCompile(`\$(plain|base64)\(([^)]*)\)`)

// filled fills in what a client encodes: $plain(USER SECRET) or $plain(OTHER USER SECRET) is what PLAIN sends, $base64(WORD) a
// word. A SECRET or WORD such as password:ADDRESS or key:NAME stands for that secret.
func (k *talk) filled(text string) string {
	return blank.ReplaceAllStringFunc(text, func(found string) string {
		part := blank.FindStringSubmatch(found)
		words := strings.Split(part[2], " ")
		if part[1] == "plain" && len(words) == 2 {
			words = append([]string{""}, words...)
		}
		words[len(words)-1] = k.secret(words[len(words)-1])
		return base64.StdEncoding.EncodeToString([]byte(strings.Join(words, "\x00")))
	})
}

func (k *talk) secret(word string) string {
	if s, ok := k.secrets[word]; ok {
		return s
	}
	return word
}

// actions are steps that only submissions have.
var actions = map[string]func(k *talk, at, text string){
	// AS: ADDRESS begins a session and logs in.
	"AS:": func(k *talk, at, text string) {
		k.match(at, k.c.line(), "220 ")
		k.c.do("EHLO client.example", "250 ")
		k.c.do(k.filled(fmt.Sprintf("AUTH PLAIN $plain(%[1]s password:%[1]s)", text)), "235 ")
	},
	// KEY: NAME OWNER PERMISSION... makes a key of an inbox, or of the workspace that has the domain.
	"KEY:": func(k *talk, _, text string) {
		words := strings.Fields(text)
		owner := tenancy.KeyOwner{Workspace: k.home(words[1])}
		if strings.Contains(words[1], "@") {
			owner.Inbox = words[1]
		}
		key, secret, err := k.dir.Operator().CreateKey(context.Background(), owner, tenancy.NewKey{Name: words[0], Permissions: words[2:]})
		k.must(err)
		k.secrets["key:"+words[0]], k.keys[words[0]] = secret, key.ID
	},
	// REVOKE: DOMAIN NAME ends a key of the workspace.
	"REVOKE:": func(k *talk, _, text string) {
		domain, name, _ := strings.Cut(text, " ")
		k.must(k.dir.Operator().DeleteKey(context.Background(), tenancy.KeyOwner{Workspace: k.homes[domain]}, k.keys[name]))
	},
	// PASSWORD: ADDRESS ends the password that the inbox had.
	"PASSWORD:": func(k *talk, _, text string) {
		_, _, err := k.dir.Operator().NewPassword(context.Background(), k.home(text), text)
		k.must(err)
	},
	// ALIAS: and UNALIAS: ADDRESS OTHER give an inbox another address, and take it away.
	"ALIAS:": func(k *talk, _, text string) {
		inbox, other, _ := strings.Cut(text, " ")
		_, err := k.dir.Operator().AddAddress(context.Background(), k.home(inbox), inbox, other, false)
		k.must(err)
	},
	"UNALIAS:": func(k *talk, _, text string) {
		inbox, other, _ := strings.Cut(text, " ")
		_, err := k.dir.Operator().RemoveAddress(context.Background(), k.home(inbox), inbox, other)
		k.must(err)
	},
	// SUPPRESS: DOMAIN ADDRESS REASON has its workspace send nothing to the address any more.
	"SUPPRESS:": func(k *talk, _, text string) {
		words := strings.Fields(text)
		_, err := k.store.Workspace(k.homes[words[0]]).Outbox().Suppress(context.Background(), []mailstore.Suppression{{Address: words[1], Reason: words[2]}})
		k.must(err)
	},
	// EVENTS: DOMAIN TYPE N is how many lines of that type the workspace's journal has.
	"EVENTS:": func(k *talk, at, text string) {
		words := strings.Fields(text)
		p, err := k.store.Workspace(k.homes[words[0]]).Journal().Read(context.Background(), journal.Cursor{}, words[1:2], nil, 0)
		k.must(err)
		if want := k.number(at, words[2]); len(p.Lines) != want {
			k.t.Errorf("%s: the journal has %d lines of %s, want %d", at, len(p.Lines), words[1], want)
		}
	},
	// SENT: ADDRESS N is how many messages are in the inbox's Sent.
	"SENT:": func(k *talk, at, text string) {
		address, number, _ := strings.Cut(text, " ")
		if got, want := len(k.sent(address)), k.number(at, number); got != want {
			k.t.Errorf("%s: %s has sent %d messages, want %d", at, address, got, want)
		}
	},
	// QUEUED: ADDRESS SENDER RECIPIENT=STATUS... is what the outbox has of the newest message that the inbox sent.
	"QUEUED:": func(k *talk, at, text string) {
		address, want, _ := strings.Cut(text, " ")
		if got := k.queued(address); got != want {
			k.t.Errorf("%s: the outbox has %q, want %q", at, got, want)
		}
	},
	// WAITING: DOMAIN N is how many recipients the workspace's outbox has.
	"WAITING:": func(k *talk, at, text string) {
		domain, number, _ := strings.Cut(text, " ")
		list, _, err := k.store.Workspace(k.homes[domain]).Outbox().Entries(context.Background(), mailstore.QueueFilter{}, 0, 0)
		k.must(err)
		if want := k.number(at, number); len(list) != want {
			k.t.Errorf("%s: %d recipients are in the outbox, want %d", at, len(list), want)
		}
	},
	// LIKE: and UNLIKE: ADDRESS "expression" look for it in the newest message of the address.
	"LIKE:": func(k *talk, at, text string) {
		if raw, expression, found := k.looked(at, text); !found {
			k.t.Errorf("%s: no %q in %q", at, expression, raw)
		}
	},
	"UNLIKE:": func(k *talk, at, text string) {
		if raw, expression, found := k.looked(at, text); found {
			k.t.Errorf("%s: %q is in %q", at, expression, raw)
		}
	},
}

func (k *talk) sent(address string) []mailstore.Message {
	k.t.Helper()
	list, _, err := k.inbox(address).Messages(context.Background(), mailstore.MessageFilter{Mailbox: mailstore.SentMailbox}, nil, 100)
	k.must(err)
	return list
}

func (k *talk) queued(address string) string {
	k.t.Helper()
	sent := k.sent(address)
	if len(sent) == 0 {
		return ""
	}
	list, err := k.inbox(address).Delivery(context.Background(), sent[0].ID)
	k.must(err)
	words := []string{list[0].Sender}
	for _, e := range list {
		words = append(words, e.Recipient+"="+string(e.Status))
	}
	return strings.Join(words, " ")
}

func (k *talk) looked(at, text string) (raw, expression string, found bool) {
	k.t.Helper()
	address, quoted, _ := strings.Cut(text, " ")
	expression = k.unquote(at, quoted)
	mail := k.mail(address)
	if len(mail) == 0 {
		k.t.Fatalf("%s: %s has no mail", at, address)
	}
	raw = mail[len(mail)-1]
	return raw, expression, regexp.MustCompile(expression).MatchString(raw)
}
