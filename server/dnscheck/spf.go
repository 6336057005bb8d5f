package dnscheck

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/postroom/postroom/server/mailauth"
)

// Bounds of looking at an SPF record.
const (
	maxSenders  = 8  // addresses of the server that it is evaluated for
	maxSPFCount = 30 // look-ups that are counted, of the ten that are allowed (RFC 7208, 4.6.4)
	spfLookups  = 10
)

// judgeSPF evaluates the record of a name: mail from each address of the server has to pass. What else it allows is the domain's affair.
func (k *check) judgeSPF(ctx context.Context, v statement, r Record) verdict {
	texts := v.texts()
	record, other := only(texts, "SPF", isSPF)
	if record == "" {
		if other.status == Missing {
			other.found = nil // other texts of a domain are nobody's business
		}
		return other
	}
	one := different(bounded([]string{record}), "")
	terms := spfTerms(record)
	lookups := k.countLookups(ctx, terms)
	result, reason, ip := k.mayAllSend(ctx, r.Name, texts)
	switch {
	case result == mailauth.Pass:
		one.status = OK
	case result == mailauth.TempError:
		return verdict{status: Failed, advice: reason}
	case result == mailauth.PermError && lookups > spfLookups:
		one.advice = "The record needs more than ten look-ups, and receivers use none that does: take out what is not needed."
	case result == mailauth.PermError:
		one.advice = "Correct the record, which receivers cannot use: " + oneLine(reason) + "."
	case r.Name == spfName(k.server):
		one.advice = fmt.Sprintf("Mail from %s does not pass: replace the text by the one given here.", ip)
	default:
		one.advice = fmt.Sprintf("Mail from %s does not pass: %s.", ip, withTerm(record, ourTerm(k.server)))
	}
	k.remarkSPF(terms, lookups)
	return one
}

// remarkSPF notes what works and is no good.
func (k *check) remarkSPF(terms []spfPart, lookups int) {
	if slices.ContainsFunc(terms, func(t spfPart) bool { return t.name == "all" && t.qualifier == '+' }) {
		k.problem(ProblemSPF, k.domain.Name, "The SPF record ends with +all, which lets the whole world send for the domain: write ~all or -all.")
	}
	if lookups > spfLookups {
		k.problem(ProblemSPF, k.domain.Name, fmt.Sprintf("The SPF record needs %s look-ups and only %d are allowed: some mail will not pass.", countText(lookups), spfLookups))
	}
	if slices.ContainsFunc(terms, func(t spfPart) bool { return t.name == "ptr" }) {
		k.problem(ProblemSPF, k.domain.Name, "The SPF record uses ptr, which is slow and not to be used any more (RFC 7208, 5.5).")
	}
}

func countText(n int) string {
	if n >= maxSPFCount {
		return fmt.Sprintf("%d or more", maxSPFCount)
	}
	return fmt.Sprint(n)
}

// mayAllSend evaluates the record of a name for the server's addresses, and gives the first result that is no pass.
func (k *check) mayAllSend(ctx context.Context, name string, texts []string) (mailauth.Result, string, netip.Addr) {
	ips := k.server.IPs
	if len(ips) == 0 {
		found, err := k.resolver.Addresses(ctx, k.server.Hostname)
		if err != nil {
			return mailauth.TempError, "the addresses of this server could not be looked up", netip.Addr{}
		}
		ips = slices.Concat(found.IPv4, found.IPv6)
	}
	for _, ip := range ips[:min(len(ips), maxSenders)] {
		result, reason := mailauth.CheckSender(ctx, k.resolver, mailauth.SenderQuestion{IP: ip, HELO: k.server.Hostname, Domain: name, Texts: texts})
		if result != mailauth.Pass {
			return result, reason, ip
		}
	}
	return mailauth.Pass, "", netip.Addr{}
}

// isSPF reports whether a text is an SPF record (RFC 7208, 4.5).
func isSPF(text string) bool {
	version, _, _ := strings.Cut(text, " ")
	return strings.EqualFold(version, "v=spf1")
}

// spfPart is a mechanism or a modifier.
type spfPart struct {
	qualifier byte   // '+' where there is none
	name      string // in lower case
	argument  string // behind the colon or the equals sign, "" if there is none
}

func spfTerms(record string) (list []spfPart) {
	for _, word := range strings.Fields(record)[1:] {
		t := spfPart{qualifier: '+'}
		if strings.IndexByte("+-~?", word[0]) >= 0 {
			t.qualifier, word = word[0], word[1:]
		}
		end := strings.IndexAny(word, ":/=")
		if end < 0 {
			end = len(word)
		}
		t.name = strings.ToLower(word[:end])
		if end < len(word) && word[end] != '/' {
			t.argument = word[end+1:]
		}
		list = append(list, t)
	}
	return list
}

// countLookups counts the terms of a record that receivers may have to look up, with those of records that it refers to, in
// all branches, up to maxSPFCount. What cannot be looked up counts as it stands.
func (k *check) countLookups(ctx context.Context, terms []spfPart) int {
	n := 0
	k.count(ctx, terms, map[string]bool{k.domain.Name: true}, &n)
	return n
}

// count adds the look-ups of a record to n. above are the domains whose records lead there.
func (k *check) count(ctx context.Context, terms []spfPart, above map[string]bool, n *int) {
	all := slices.ContainsFunc(terms, func(t spfPart) bool { return t.name == "all" })
	for _, t := range terms {
		if *n >= maxSPFCount {
			return
		}
		switch t.name {
		case "all":
			return // what follows is not used (RFC 7208, 5.1)
		case "a", "mx", "ptr", "exists", "include":
			*n++
		case "redirect":
			if all { // it is not used either (RFC 7208, 6.1)
				continue
			}
			*n++
		default:
			continue
		}
		if t.name == "include" || t.name == "redirect" {
			k.countBelow(ctx, host(t.argument), above, n)
		}
	}
}

func (k *check) countBelow(ctx context.Context, domain string, above map[string]bool, n *int) {
	if strings.Contains(domain, "%") || above[domain] || len(above) > spfLookups || !k.budget.take() {
		return
	}
	found, err := k.resolver.TXT(ctx, domain)
	if err != nil {
		return
	}
	above[domain] = true
	defer delete(above, domain)
	for _, text := range found.Records {
		if isSPF(text) {
			k.count(ctx, spfTerms(text), above, n)
			return
		}
	}
}

// withTerm says how to put a term into a record: first, where nothing before it can keep it from matching.
func withTerm(record, term string) string {
	if len(record) > MaxFoundText {
		return "write " + term + " behind v=spf1"
	}
	return "change the record to " + oneLine(strings.Join(slices.Insert(strings.Fields(record), 1, term), " "))
}
