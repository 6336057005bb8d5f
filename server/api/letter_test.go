package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"github.com/postroom/postroom/mailstore/fault"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

func TestLargeAttachmentsGoThrough(t *testing.T) {
	w := newWorld(t, Config{})
	octets := make([]byte, 12<<20)
	for i := range octets {
		octets[i] = byte(i * 7 >> 3)
	}
	a := w.send(w.a, `{"to":"ann@x.example","attachments":[{"filename":"a.bin","content":"`+base64.StdEncoding.EncodeToString(octets)+`"},{"filename":"b.txt","content":"aGk="}]}`)
	m := w.get(w.a, a.ID)
	if len(m.Attachments) != 2 || m.Attachments[0].Size != int64(len(octets)) {
		t.Fatalf("%+v", m.Attachments)
	}
	part := w.must(200, "GET", "/v1/inboxes/"+w.a.inbox+"/messages/"+a.ID+"/attachments/"+m.Attachments[0].ID, w.a.key, "", nil)
	if part.body != string(octets) {
		t.Error("the attachment is not as it was sent")
	}
	if w.api.room.used != 0 || len(w.api.room.by) != 0 {
		t.Errorf("%d octets were not given back", w.api.room.used)
	}
}

func TestBodiesAreBoundedInAllAndForEachWorkspace(t *testing.T) {
	w := newWorld(t, Config{MaxMessageBytes: 3 << 20})
	path := "/v1/inboxes/" + w.a.inbox + "/messages"
	with := func(octets int) string {
		return `{"to":"ann@x.example","attachments":[{"content":"` + strings.Repeat("AAAA", octets/3) + `"}]}`
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"a body that is too large":      {strings.Repeat(" ", MaxSendBytes) + `{}`, 413, "body_too_large"},
		"a text that is too large":      {`{"to":"ann@x.example","text":"` + strings.Repeat("x", MaxLetterBytes) + `"}`, 413, "body_too_large"},
		"a message that is too large":   {with(3 << 20), 413, "message_too_large"},
		"a large body of another route": {"", 413, "body_too_large"},
		"a good one":                    {with(2 << 20), 202, ""},
	} {
		to := path
		if c.body == "" {
			to, c.body = "/v1/inboxes/"+w.a.inbox+"/addresses", with(1<<20)
		}
		if a := w.do("POST", to, w.a.key, c.body); a.status != c.status || c.code != "" && a.problem(t).Code != c.code {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
	}
	if a := w.do("POST", path, "", with(2<<20)); a.status != 401 {
		t.Errorf("a stranger: %d", a.status)
	}
	give, err := w.api.room.take(mailstore.WorkspaceID(w.a.id), MaxWorkspaceLargeBodies-1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.do("POST", path, w.a.key, with(2<<20)); a.status != 429 || a.problem(t).Code != "limit_reached" || a.header.Get("Retry-After") == "" {
		t.Errorf("beyond the workspace's share: %d %s", a.status, a.body)
	}
	w.must(202, "POST", path, w.a.key, with(1<<18), nil) // small ones always have room
	w.must(202, "POST", "/v1/inboxes/"+w.b.inbox+"/messages", w.b.key, with(2<<20), nil)
	give()
	give, err = newFull(w.api.room)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.do("POST", path, w.a.key, with(2<<20)); a.status != 503 || a.problem(t).Code != "server_busy" || a.header.Get("Retry-After") == "" {
		t.Errorf("beyond all room: %d %s", a.status, a.body)
	}
	give()
	w.must(202, "POST", path, w.a.key, with(2<<20), nil)
}

// newFull fills the room by many workspaces.
func newFull(r *room) (func(), error) {
	var all []func()
	for i := range MaxLargeBodies / MaxWorkspaceLargeBodies {
		give, err := r.take(mailstore.WorkspaceID(fmt.Sprint(i)), MaxWorkspaceLargeBodies)
		if err != nil {
			return nil, err
		}
		all = append(all, give)
	}
	give, err := r.take("rest", MaxLargeBodies%MaxWorkspaceLargeBodies)
	return func() {
		for _, give := range append(all, give) {
			give()
		}
	}, err
}

func TestWrongLettersAreRefusedWithTheirPlace(t *testing.T) {
	w := newWorld(t, Config{})
	path := "/v1/inboxes/" + w.a.inbox + "/messages"
	many := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("r%d@x.example", i)
		}
		b, _ := json.Marshal(list)
		return string(b)
	}
	for name, c := range map[string]struct {
		body, field string
		status      int
		code        string
	}{
		"no recipient":                   {`{"text":"x"}`, "body.to", 400, "no_recipients"},
		"an empty list":                  {`{"to":[]}`, "body.to", 400, "no_recipients"},
		"no address":                     {`{"to":"ann"}`, "body.to", 400, ""},
		"an empty string":                {`{"to":""}`, "body.to", 400, ""},
		"null":                           {`{"to":null}`, "body.to", 400, ""},
		"a number":                       {`{"to":7}`, "body.to", 400, ""},
		"a list in a list":               {`{"to":[["a@x.example"]]}`, "body.to[0]", 400, ""},
		"the third":                      {`{"to":["a@x.example","b@x.example","c@"]}`, "body.to[2]", 400, ""},
		"two in one string":              {`{"to":"a@x.example, b@x.example"}`, "body.to", 400, ""},
		"two in one string, with a name": {`{"to":"a@x.example, Bob <b@x.example>"}`, "body.to", 400, ""},
		"an open bracket":                {`{"to":"Bob b@x.example>"}`, "body.to", 400, ""},
		"an unknown name in an address":  {`{"cc":[{"address":"a@x.example","nick":"x"}]}`, "body.cc[0].nick", 400, ""},
		"an address of a wrong type":     {`{"cc":[{"address":7}]}`, "body.cc[0].address", 400, ""},
		"an address without an address":  {`{"cc":[{"name":"x"}]}`, "body.cc[0]", 400, ""},
		"a space in a local part":        {`{"to":"a b@x.example"}`, "body.to", 400, ""},
		"a host without a dot":           {`{"bcc":["a@localhost"]}`, "body.bcc[0]", 400, ""},
		"an IP address":                  {`{"to":["a@[127.0.0.1]"]}`, "body.to[0]", 400, ""},
		"an answer's address":            {`{"to":"a@x.example","replyTo":"none"}`, "body.replyTo", 400, ""},
		"two senders":                    {`{"to":"a@x.example","from":["one@a.example","one@a.example"]}`, "body.from", 400, ""},
		"too many recipients":            {`{"to":` + many(1001) + `}`, "body.to", 429, "limit_reached"},
		"too many in all":                {`{"to":` + many(600) + `,"bcc":` + many(401) + `}`, "body.to", 429, "limit_reached"},
		"a line end in a subject":        {`{"to":"a@x.example","subject":"x\r\nBcc: e@evil.example"}`, "body.subject", 400, ""},
		"a lone LF in a subject":         {`{"to":"a@x.example","subject":"x\nBcc: e@evil.example"}`, "body.subject", 400, ""},
		"a line separator in a subject":  {`{"to":"a@x.example","subject":"x\u2028y"}`, "body.subject", 400, ""},
		"a line end in a name":           {`{"to":["a@x.example",{"name":"x\r\nBcc: e@evil.example","address":"b@x.example"}]}`, "body.to[1]", 400, ""},
		"a line end in a written name":   {`{"to":"x\r\nBcc: e@evil.example <b@x.example>"}`, "body.to", 400, ""},
		"a line end in an address":       {`{"to":{"address":"b@x.example\r\nBcc: e@evil.example"}}`, "body.to", 400, ""},
		"a line end in a sender's name":  {`{"to":"a@x.example","from":{"name":"x\ny","address":"one@a.example"}}`, "body.from", 400, ""},
		"a line end in a header":         {`{"to":"a@x.example","headers":{"X-A":"x\r\nBcc: e@evil.example"}}`, "body.headers.X-A", 400, ""},
		"a line end in a header's name":  {`{"to":"a@x.example","headers":{"X-A: x\r\nBcc":"e@evil.example"}}`, "body.headers.X-A: x\r\nBcc", 400, ""},
		"a header twice":                 {`{"to":"a@x.example","unsubscribe":true,"headers":{"List-Unsubscribe":"<https://x.example>"}}`, "body.headers.List-Unsubscribe", 400, ""},
		"a header of ours":               {`{"to":"a@x.example","headers":{"DKIM-Signature":"x"}}`, "body.headers.DKIM-Signature", 400, ""},
		"a header that is a field":       {`{"to":"a@x.example","headers":{"bcc":"x"}}`, "body.headers.bcc", 400, ""},
		"a header of a wrong type":       {`{"to":"a@x.example","headers":{"X-A":7}}`, "body.headers.X-A", 400, ""},
		"a line end in a file name":      {`{"to":"a@x.example","attachments":[{"filename":"a\r\nb","content":""}]}`, "body.attachments[0].filename", 400, ""},
		"a path as a file name":          {`{"to":"a@x.example","attachments":[{"filename":"../x","content":""}]}`, "body.attachments[0].filename", 400, ""},
		"a line end in a type":           {`{"to":"a@x.example","attachments":[{"contentType":"text/plain\r\nX: y","content":""}]}`, "body.attachments[0].contentType", 400, ""},
		"a line end in a content id":     {`{"to":"a@x.example","attachments":[{"contentId":"a\r\nb","content":""}]}`, "body.attachments[0].contentId", 400, ""},
		"content that is no base64":      {`{"to":"a@x.example","attachments":[{"content":"aGk="},{"content":"a*"}]}`, "body.attachments[1].content", 400, ""},
		"content that is a number":       {`{"to":"a@x.example","attachments":[{"content":7}]}`, "body.attachments[0].content", 400, ""},
		"an attachment by its address":   {`{"to":"a@x.example","attachments":[{"url":"http://127.0.0.1/","content":""}]}`, "body.attachments[0].url", 400, ""},
		"an attachment of nothing":       {`{"to":"a@x.example","attachments":[{"filename":"a"}]}`, "body.attachments[0].content", 400, ""},
		"content and an address":         {`{"to":"a@x.example","attachments":[{"url":"https://x.example/","content":"aGk="}]}`, "body.attachments[0].url", 400, ""},
		"an unknown disposition":         {`{"to":"a@x.example","attachments":[{"content":"","disposition":"x"}]}`, "body.attachments[0].disposition", 400, ""},
		"an unknown name":                {`{"to":"a@x.example","body":"x"}`, "body.body", 400, ""},
		"a name in another case":         {`{"To":"a@x.example"}`, "", 400, ""},
		"a name twice":                   {`{"to":"a@x.example","to":"b@x.example"}`, "body", 400, ""},
		"a time that is none":            {`{"to":"a@x.example","sendAt":"tomorrow"}`, "body.sendAt", 400, ""},
		"a time far ahead":               {`{"to":"a@x.example","sendAt":"2126-01-01T00:00:00Z"}`, "body.sendAt", 400, ""},
		"an answered id that is none":    {`{"to":"a@x.example","inReplyTo":"<a b>"}`, "body.inReplyTo", 400, ""},
		"a message's id as one":          {`{"to":"a@x.example","inReplyTo":"msg_1"}`, "body.inReplyTo", 400, ""},
		"a label of ours":                {`{"to":"a@x.example","labels":["unread"]}`, "", 400, ""},
		"a label of two words":           {`{"to":"a@x.example","labels":["two words"]}`, "", 400, ""},
		"text with a NUL":                {`{"to":"a@x.example","text":"x\u0000"}`, "", 400, ""},
		"no JSON":                        {`{"to":`, "", 400, ""},
		"a list":                         {`[]`, "", 400, ""},
	} {
		a := w.do("POST", path, w.a.key, c.body)
		p := a.problem(t)
		if a.status != c.status || c.code != "" && p.Code != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		named := c.field == ""
		for _, f := range p.Errors {
			named = named || f.Path == c.field
		}
		if !named {
			t.Errorf("%s does not name %s: %s", name, c.field, a.body)
		}
	}
	var list queueList
	w.must(200, "GET", "/v1/queue", w.a.key, "", &list)
	if len(list.Entries) != 0 {
		t.Errorf("something was queued: %+v", list.Entries)
	}
	if to, _ := w.queued(w.a, w.send(w.a, `{"to":`+many(1000)+`}`).ID); len(to) != 200 { // a page
		t.Errorf("%d of 1000 recipients", len(to))
	}
	if a := w.do("POST", path, w.a.key, `{"to":"a@x.example"}`, "Content-Type", "text/plain"); a.status != 415 {
		t.Errorf("another type: %d %s", a.status, a.body)
	}
}

func TestATimeThatHasPassedIsAtOnce(t *testing.T) {
	w := newWorld(t, Config{})
	if a := w.send(w.a, `{"to":"a@x.example","sendAt":"2001-01-01T00:00:00+02:00"}`); a.Status != "queued" {
		t.Errorf("%+v", a)
	}
}

func TestNamesAndAddressesOfAllScriptsAreKept(t *testing.T) {
	w := newWorld(t, Config{})
	for written, want := range map[string]struct {
		person
		envelope string
	}{
		`"Jörg Müßig <jörg@bücher.example>"`:                                  {person{"Jörg Müßig", "jörg@xn--bcher-kva.example"}, "jörg@xn--bcher-kva.example"},
		`{"name":"山田 太郎","address":"taro@例え.example"}`:                        {person{"山田 太郎", "taro@xn--r8jz45g.example"}, "taro@xn--r8jz45g.example"},
		`"O'Neil, Ann (Sales) <ann@x.example>"`:                               {person{"O'Neil, Ann (Sales)", "ann@x.example"}, "ann@x.example"},
		`"\"Ann \\\"A\\\" Lee\" <ann@x.example>"`:                             {person{`Ann "A" Lee`, "ann@x.example"}, "ann@x.example"},
		`"<ann@x.example>"`:                                                   {person{"", "ann@x.example"}, "ann@x.example"},
		`" ann+tag@X.Example "`:                                               {person{"", "ann+tag@x.example"}, "ann+tag@x.example"},
		`{"name":"😀 =?utf-8?q?x?= ann@evil.example","address":"a@x.example"}`: {person{"😀 =?utf-8?q?x?= ann@evil.example", "a@x.example"}, "a@x.example"},
	} {
		a := w.send(w.a, `{"to":`+written+`}`)
		to, _ := w.queued(w.a, a.ID)
		if m := w.get(w.a, a.ID); len(m.To) != 1 || m.To[0] != want.person || len(to) != 1 || to[0] != want.envelope {
			t.Errorf("%s is %+v, sent to %q", written, m.To, to)
		}
	}
}

// A client that does not say how long its body is takes the room of the longest.
func TestALargeBodyOfUnknownLengthIsTaken(t *testing.T) {
	w := newWorld(t, Config{})
	post := func(content string) int {
		body := `{"to":"ann@x.example","attachments":[{"content":"` + content + `"}]}`
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.http.URL+"/v1/inboxes/"+w.a.inbox+"/messages", io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-Key", w.a.key)
		req.Header.Set("Content-Type", "application/json")
		res, err := w.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if status := post(strings.Repeat("AAAA", 1<<19)); status != 202 {
		t.Errorf("%d", status)
	}
	give, err := w.api.room.take(mailstore.WorkspaceID(w.a.id), MaxWorkspaceLargeBodies-MaxSendBytes+1)
	if err != nil {
		t.Fatal(err)
	}
	if status := post(strings.Repeat("AAAA", 1<<19)); status != 429 {
		t.Errorf("without room: %d", status)
	}
	if status := post("AAAA"); status != 202 {
		t.Errorf("a small one: %d", status)
	}
	give()
	if w.api.room.used != 0 || len(w.api.room.by) != 0 {
		t.Errorf("%d octets were not given back", w.api.room.used)
	}
}

func TestLinksToUnsubscribeNeedAPublicAddress(t *testing.T) {
	w := &writing{letter: Letter{Unsubscribe: true}, noLinks: true, fetch: fetcher{srv: &Server{}}}
	err := w.read(t.Context())
	if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Path != "body.unsubscribe" {
		t.Errorf("got %v", err)
	}
}
