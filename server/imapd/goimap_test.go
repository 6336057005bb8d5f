package imapd

import (
	"bytes"
	"errors"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const report = "From: =?utf-8?Q?J=C3=B6rg?= <joerg@elsewhere.example>\r\nTo: Ann <ann@example.com>, bob@example.com\r\nSubject: =?utf-8?Q?Bericht_f=C3=BCr_Mai?=\r\n" +
	"Message-ID: <report@elsewhere.example>\r\nIn-Reply-To: <asked@example.com>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=\"cut\"\r\n\r\npreamble\r\n--cut\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsee the file\r\n" +
	"--cut\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"may.bin\"\r\n\r\n" +
	"aGVsbG8gd29ybGQ=\r\n--cut--\r\n"

// goIMAP is go-imap's client, logged in as an address; handler is told what the server says unasked. A wait that never ends fails with its connection.
func goIMAP(b *bed, address string, handler *imapclient.UnilateralDataHandler) *imapclient.Client {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr)
	b.must(err)
	c := imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: handler})
	limit := time.AfterFunc(patience, func() { conn.Close() })
	b.t.Cleanup(func() {
		limit.Stop()
		c.Close()
	})
	b.must(c.Login(address, b.passwords[address]).Wait())
	return c
}

// got is the result of a command that must succeed.
func got[T any](t *testing.T, what string, wait func() (T, error)) T {
	t.Helper()
	v, err := wait()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return v
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v; want %+v", what, got, want)
	}
}

func holds(t *testing.T, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

func refused(t *testing.T, err error, code imap.ResponseCode) {
	t.Helper()
	if e, ok := errors.AsType[*imap.Error](err); !ok || e.Type != imap.StatusResponseTypeNo || e.Code != code {
		t.Errorf("the answer is %v; want NO [%s]", err, code)
	}
}

func TestGoIMAPReadsWhatWasDelivered(t *testing.T) {
	b := newBed(t, nil)
	plain := mail("first", "0123456789")
	b.deliver("ann@example.com", plain)
	b.deliver("ann@example.com", report)
	b.deliver("ann@example.com", mail("third", "x"))
	c := goIMAP(b, "ann@example.com", nil)

	caps := got(t, "CAPABILITY", c.Capability().Wait)
	for _, name := range []imap.Cap{imap.CapIMAP4rev1, imap.CapIMAP4rev2, imap.CapCondStore, imap.CapMove, imap.CapUIDPlus, imap.CapESearch, imap.CapListStatus, imap.CapBinary} {
		holds(t, caps.Has(name), "%s is not offered", name)
	}

	sel := got(t, "SELECT", c.Select("INBOX", &imap.SelectOptions{CondStore: true}).Wait)
	holds(t, sel.NumMessages == 3 && sel.UIDNext == 4 && sel.UIDValidity != 0 && sel.HighestModSeq != 0 && slices.Contains(sel.PermanentFlags, imap.FlagWildcard), "SELECT: %+v", sel)

	whole := &imap.FetchItemBodySection{Peek: true}
	part := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Partial: &imap.SectionPartial{Offset: 3, Size: 4}, Peek: true}
	fields := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Subject"}, Peek: true}
	all := got(t, "FETCH", c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{
		UID: true, Flags: true, Envelope: true, InternalDate: true, RFC822Size: true, ModSeq: true,
		BodyStructure: &imap.FetchItemBodyStructure{Extended: true}, BodySection: []*imap.FetchItemBodySection{whole, part, fields},
	}).Collect)
	holds(t, len(all) == 3, "FETCH told of %d messages", len(all))
	for i, m := range all {
		holds(t, m.SeqNum == uint32(i+1) && m.UID == imap.UID(i+1) && m.ModSeq != 0 && m.ModSeq <= sel.HighestModSeq && time.Since(m.InternalDate) <= patience, "message %d is %+v", i+1, m)
		holds(t, m.RFC822Size == int64(len(m.FindBodySection(whole))) && !slices.Contains(m.Flags, imap.FlagSeen), "message %d is %+v", i+1, m)
	}
	holds(t, bytes.HasSuffix(all[0].FindBodySection(whole), []byte(plain)), "BODY[] is not what was delivered")
	same(t, "BODY[TEXT]<3.4>", string(all[0].FindBodySection(part)), "3456")
	same(t, "BODY[HEADER.FIELDS (Subject)]", string(all[0].FindBodySection(fields)), "Subject: first\r\n\r\n")

	env := all[1].Envelope
	same(t, "the subject", env.Subject, "Bericht für Mai")
	same(t, "From", env.From, []imap.Address{{Name: "Jörg", Mailbox: "joerg", Host: "elsewhere.example"}})
	same(t, "Reply-To", env.ReplyTo, env.From)
	same(t, "To", env.To, []imap.Address{{Name: "Ann", Mailbox: "ann", Host: "example.com"}, {Mailbox: "bob", Host: "example.com"}})
	same(t, "ids", append(env.InReplyTo, env.MessageID), []string{"asked@example.com", "report@elsewhere.example"})
	same(t, "Date", env.Date.UTC(), time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	var parts []string
	all[1].BodyStructure.Walk(func(_ []int, p imap.BodyStructure) bool {
		parts = append(parts, p.MediaType())
		return true
	})
	same(t, "parts", parts, []string{"multipart/mixed", "text/plain", "application/octet-stream"})
	file := all[1].BodyStructure.(*imap.BodyStructureMultiPart).Children[1].(*imap.BodyStructureSinglePart)
	holds(t, file.Filename() == "may.bin" && file.Disposition().Value == "attachment" && file.Size == 16 && strings.EqualFold(file.Encoding, "base64"), "the file is %+v", file)

	text := &imap.FetchItemBodySection{Part: []int{1}}
	decoded := &imap.FetchItemBinarySection{Part: []int{2}, Peek: true}
	one := got(t, "UID FETCH", c.Fetch(imap.UIDSetNum(2), &imap.FetchOptions{
		Flags: true, BodySection: []*imap.FetchItemBodySection{text}, BinarySection: []*imap.FetchItemBinarySection{decoded},
		BinarySectionSize: []*imap.FetchItemBinarySectionSize{{Part: []int{2}}},
	}).Collect)
	holds(t, len(one) == 1 && string(one[0].FindBodySection(text)) == "see the file" && string(one[0].FindBinarySection(decoded)) == "hello world", "UID FETCH: %+v", one)
	size, ok := one[0].FindBinarySectionSize([]int{2})
	same(t, "BINARY.SIZE[2]", []any{size, ok}, []any{uint32(11), true})
	holds(t, slices.Contains(one[0].Flags, imap.FlagSeen), "after BODY[1] flags are %q", one[0].Flags)
	changed := got(t, "FETCH CHANGEDSINCE", c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{
		UID: true, ChangedSince: sel.HighestModSeq,
	}).Collect)
	holds(t, len(changed) == 1 && changed[0].UID == 2 && changed[0].ModSeq > sel.HighestModSeq, "changed since %d: %+v", sel.HighestModSeq, changed)
	b.must(c.Logout().Wait())
}

func TestGoIMAPSearches(t *testing.T) {
	b := newBed(t, nil)
	for _, raw := range []string{mail("apple", "red"), report, mail("pear", "green"), mail("plum", "red wine")} {
		b.deliver("ann@example.com", raw)
	}
	c := goIMAP(b, "ann@example.com", nil)
	sel := got(t, "SELECT", c.Select("INBOX", nil).Wait)
	b.must(c.Store(imap.SeqSetNum(3), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged}}, nil).Close())
	for _, x := range []struct {
		name     string
		criteria imap.SearchCriteria
		want     []imap.UID
	}{
		{"all", imap.SearchCriteria{}, []imap.UID{1, 2, 3, 4}},
		{"a body", imap.SearchCriteria{Body: []string{"red"}}, []imap.UID{1, 4}},
		{"a subject beyond ASCII", imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "FÜR"}}}, []imap.UID{2}},
		{"a flag", imap.SearchCriteria{Flag: []imap.Flag{imap.FlagFlagged}}, []imap.UID{3}},
		{"neither", imap.SearchCriteria{Not: []imap.SearchCriteria{{Body: []string{"red"}}}, NotFlag: []imap.Flag{imap.FlagFlagged}}, []imap.UID{2}},
		{"either", imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{{UID: []imap.UIDSet{imap.UIDSetNum(1)}}, {Text: []string{"green"}}}}}, []imap.UID{1, 3}},
		{"sent later", imap.SearchCriteria{SentSince: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}, nil},
		{"changed", imap.SearchCriteria{ModSeq: &imap.SearchCriteriaModSeq{ModSeq: sel.HighestModSeq + 1}}, []imap.UID{3}},
	} {
		found := got(t, x.name, c.UIDSearch(&x.criteria, nil).Wait)
		same(t, x.name, found.AllUIDs(), x.want)
	}
	red := &imap.SearchCriteria{Body: []string{"red"}}
	found := got(t, "ESEARCH", c.Search(red, &imap.SearchOptions{ReturnMin: true, ReturnMax: true, ReturnAll: true, ReturnCount: true}).Wait)
	same(t, "ESEARCH", found, &imap.SearchData{All: imap.SeqSetNum(1, 4), Min: 1, Max: 4, Count: 2})
	found = got(t, "ESEARCH of UIDs", c.UIDSearch(red, &imap.SearchOptions{ReturnMax: true, ReturnCount: true}).Wait)
	same(t, "ESEARCH of UIDs", found, &imap.SearchData{Max: 4, Count: 2})
}

func TestGoIMAPChangesMessages(t *testing.T) {
	b := newBed(t, nil)
	c := goIMAP(b, "ann@example.com", nil)
	sel := got(t, "SELECT", c.Select("INBOX", &imap.SelectOptions{CondStore: true}).Wait)
	when := time.Date(2019, 3, 4, 5, 6, 7, 0, time.FixedZone("", 2*60*60))
	for i, raw := range []string{mail("one", "1"), report, mail("three", strings.Repeat("long\r\n", 2000)), mail("four", "4")} {
		cmd := c.Append("INBOX", int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen, "$Work"}, Time: when})
		_, err := cmd.Write([]byte(raw))
		b.must(err)
		b.must(cmd.Close())
		same(t, "APPENDUID", got(t, "APPEND", cmd.Wait), &imap.AppendData{UID: imap.UID(i + 1), UIDValidity: sel.UIDValidity})
	}
	kept := got(t, "FETCH", c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{Flags: true, InternalDate: true, ModSeq: true}).Collect)
	holds(t, len(kept) == 1 && kept[0].InternalDate.Equal(when) && slices.Contains(kept[0].Flags, imap.FlagSeen) && slices.Contains(kept[0].Flags, "$Work"), "what was appended is %+v", kept)

	set := func(op imap.StoreFlagsOp, unchangedSince uint64, flags ...imap.Flag) []*imapclient.FetchMessageBuffer {
		return got(t, "STORE", c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: op, Flags: flags}, &imap.StoreOptions{UnchangedSince: unchangedSince}).Collect)
	}
	stored := set(imap.StoreFlagsSet, kept[0].ModSeq, imap.FlagFlagged, imap.FlagDraft)
	holds(t, len(stored) == 1 && stored[0].ModSeq > kept[0].ModSeq && slices.Contains(stored[0].Flags, imap.FlagDraft) && !slices.Contains(stored[0].Flags, imap.FlagSeen), "STORE FLAGS: %+v", stored)
	set(imap.StoreFlagsAdd, kept[0].ModSeq, imap.FlagAnswered) // RFC 7162 section 3.1.3: the condition fails, which is told as OK [MODIFIED]
	stored = set(imap.StoreFlagsDel, 0, imap.FlagDraft)
	holds(t, len(stored) == 1 && !slices.Contains(stored[0].Flags, imap.FlagDraft) && !slices.Contains(stored[0].Flags, imap.FlagAnswered) && slices.Contains(stored[0].Flags, imap.FlagFlagged), "STORE -FLAGS: %+v", stored)

	b.must(c.Create("Old", nil).Wait())
	old := got(t, "STATUS", c.Status("Old", &imap.StatusOptions{UIDValidity: true}).Wait).UIDValidity
	copied := got(t, "COPY", c.Copy(imap.SeqSetNum(1, 2), "Old").Wait)
	same(t, "COPYUID", copied, &imap.CopyData{UIDValidity: old, SourceUIDs: imap.UIDSetNum(1, 2), DestUIDs: imap.UIDSetNum(1, 2)})
	moved := got(t, "MOVE", c.Move(imap.UIDSetNum(3), "Old").Wait)
	same(t, "COPYUID of MOVE", moved, &imapclient.MoveData{UIDValidity: old, SourceUIDs: imap.UIDSetNum(3), DestUIDs: imap.UIDSetNum(3)})

	b.must(c.Store(imap.UIDSetNum(1, 2), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close())
	gone := got(t, "UID EXPUNGE", c.UIDExpunge(imap.UIDSetNum(2, 4)).Collect)
	same(t, "UID EXPUNGE", gone, []uint32{2})
	left := got(t, "UID SEARCH", c.UIDSearch(&imap.SearchCriteria{}, nil).Wait)
	same(t, "what is left", left.AllUIDs(), []imap.UID{1, 4})
	same(t, "the mailbox as told", c.Mailbox().NumMessages, uint32(2))
}

func TestGoIMAPManagesMailboxes(t *testing.T) {
	b := newBed(t, nil)
	b.deliver("ann@example.com", report)
	c := goIMAP(b, "ann@example.com", nil)
	space := got(t, "NAMESPACE", c.Namespace().Wait)
	same(t, "NAMESPACE", space, &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: '/'}}})

	enabled := got(t, "ENABLE", c.Enable(imap.CapIMAP4rev2).Wait)
	holds(t, enabled.Caps.Has(imap.CapIMAP4rev2), "enabled are %v", enabled.Caps)
	b.must(c.Create("Entwürfe & mehr/2026", nil).Wait())
	refused(t, c.Create("Starred", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttrFlagged}}).Wait(), "USEATTR") // RFC 6154 section 3
	b.must(c.Rename("Entwürfe & mehr/2026", "Entwürfe & mehr/2027", nil).Wait())
	b.must(c.Subscribe("Entwürfe & mehr/2027").Wait())
	b.must(c.Unsubscribe("INBOX").Wait())

	counts := &imap.StatusOptions{NumMessages: true, NumUnseen: true, UIDNext: true, UIDValidity: true, Size: true, NumDeleted: true, HighestModSeq: true}
	list := got(t, "LIST", c.List("", "*", &imap.ListOptions{ReturnStatus: counts, ReturnSpecialUse: true, ReturnSubscribed: true, ReturnChildren: true}).Collect)
	boxes := map[string]*imap.ListData{}
	for _, l := range list {
		boxes[l.Mailbox] = l
		ghost := slices.Contains(l.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(l.Attrs, imap.MailboxAttrNonExistent)
		holds(t, l.Delim == '/' && ghost == (l.Status == nil), "LIST told %+v", l)
	}
	for name, attr := range map[string]imap.MailboxAttr{
		"Trash": imap.MailboxAttrTrash, "Drafts": imap.MailboxAttrDrafts, "Entwürfe & mehr/2027": imap.MailboxAttrSubscribed, "Entwürfe & mehr": imap.MailboxAttrHasChildren,
	} {
		holds(t, boxes[name] != nil && slices.Contains(boxes[name].Attrs, attr), "%s is %+v, without %s", name, boxes[name], attr)
	}
	holds(t, boxes["Entwürfe & mehr/2026"] == nil, "the old name is listed")
	inbox := boxes["INBOX"]
	holds(t, inbox != nil && inbox.Status != nil && !slices.Contains(inbox.Attrs, imap.MailboxAttrSubscribed), "INBOX is %+v", inbox)
	alone := got(t, "STATUS", c.Status("INBOX", counts).Wait)
	same(t, "STATUS and LIST-STATUS", alone, inbox.Status)
	holds(t, *alone.NumMessages == 1 && *alone.NumUnseen == 1 && *alone.NumDeleted == 0 && alone.UIDNext == 2 && *alone.Size >= int64(len(report)) && alone.HighestModSeq != 0, "STATUS: %+v", alone)

	sel := got(t, "EXAMINE", c.Select("Entwürfe & mehr/2027", &imap.SelectOptions{ReadOnly: true}).Wait)
	holds(t, sel.List != nil && sel.List.Mailbox == "Entwürfe & mehr/2027", "EXAMINE: %+v", sel) // RFC 9051 section 6.3.2
	b.must(c.Unselect().Wait())
	b.must(c.Delete("Entwürfe & mehr/2027").Wait())
	refused(t, c.Delete("Entwürfe & mehr/2027").Wait(), imap.ResponseCodeNonExistent)
	b.must(c.Logout().Wait())
	same(t, "the state", c.State(), imap.ConnStateLogout)
}

func TestGoIMAPIsToldOfADeliveryInIdle(t *testing.T) {
	b := newBed(t, nil)
	counts := make(chan uint32, 8)
	c := goIMAP(b, "ann@example.com", &imapclient.UnilateralDataHandler{Mailbox: func(d *imapclient.UnilateralDataMailbox) {
		if d.NumMessages != nil {
			counts <- *d.NumMessages
		}
	}})
	got(t, "SELECT", c.Select("INBOX", nil).Wait)
	idle := got(t, "IDLE", c.Idle)
	b.deliver("ann@example.com", report)
	select {
	case n := <-counts:
		same(t, "EXISTS", n, uint32(1))
	case <-c.Closed():
		t.Fatal("the connection ended")
	}
	b.must(idle.Close())
	b.must(idle.Wait())
	b.must(c.Noop().Wait())
}
