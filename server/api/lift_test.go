package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestContentIsTakenOutWhereItStandsAndNowhereElse(t *testing.T) {
	for in, want := range map[string]struct {
		rest     string
		contents []string
	}{
		`{"attachments":[{"content":"aGk="},{"filename":"x","content":"aG8"}]}`:       {`{"attachments":[{"content":"#0"},{"filename":"x","content":"#1"}]}`, []string{"hi", "ho"}},
		` { "attachments" : [ { "content" : "aGk=" } ] } `:                            {` { "attachments" : [ { "content" : "#0" } ] } `, []string{"hi"}},
		`{"attach\u006dents":[{"con\u0074ent":"aGk="}]}`:                              {`{"attach\u006dents":[{"con\u0074ent":"#0"}]}`, []string{"hi"}},
		`{"attachments":[{"content":"#0"}]}`:                                          {`{"attachments":[{"content":"#0"}]}`, []string{"!"}},
		`{"attachments":[{"content":"\/\/\/+"},{"content":"\u002b___"}]}`:             {`{"attachments":[{"content":"#0"},{"content":"#1"}]}`, []string{"\xff\xff\xfe", "\xfb\xff\xff"}},
		`{"attachments":[{"content":"aG\r\nk=\n"},{"content":""}]}`:                   {`{"attachments":[{"content":"#0"},{"content":"#1"}]}`, []string{"hi", ""}},
		`{"attachments":[{"content":"a"},{"content":"aGk=="},{"content":"aG=k"}]}`:    {`{"attachments":[{"content":"#0"},{"content":"#1"},{"content":"#2"}]}`, []string{"!", "!", "!"}},
		`{"attachments":[{"content":"a\u00e9Gk"},{"content":"aé"},{"content":"\""}]}`: {`{"attachments":[{"content":"#0"},{"content":"#1"},{"content":"#2"}]}`, []string{"!", "!", "!"}},
		`{"content":"aGk=","attachments":"content","text":"\"attachments\":[{\"content\":\"aGk=\""}`: {
			`{"content":"aGk=","attachments":"content","text":"\"attachments\":[{\"content\":\"aGk=\""}`, nil},
		`{"attachments":[{"filename":"content","content":7,"x":{"content":"aGk="}}]}`: {`{"attachments":[{"filename":"content","content":7,"x":{"content":"aGk="}}]}`, nil},
		`{"attachments":{"a":{"content":"aGk="}},"b":[{"content":"aGk="}]}`:           {`{"attachments":{"a":{"content":"aGk="}},"b":[{"content":"aGk="}]}`, nil},
		`[{"attachments":[{"content":"aGk="}]}]`:                                      {`[{"attachments":[{"content":"aGk="}]}]`, nil},
		`{"attachments":[{"content":"aGk=`:                                            {`{"attachments":[{"content":"aGk=`, nil},
		`{"attachments":[{"content":`:                                                 {`{"attachments":[{"content":`, nil},
		`}}]]{"attachments":[{"content":"aGk="}]}`:                                    {`}}]]{"attachments":[{"content":"#0"}]}`, []string{"hi"}},
		strings.Repeat("[", 100) + `{"attachments":[{"content":"aGk="}]}`:             {strings.Repeat("[", 100) + `{"attachments":[{"content":"aGk="}]}`, nil},
		``: {``, nil},
	} {
		rest, contents := lift([]byte(in))
		var got []string
		for _, c := range contents {
			if c.bad {
				got = append(got, "!")
			} else {
				got = append(got, string(c.octets))
			}
		}
		if string(rest) != want.rest || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want.contents) {
			t.Errorf("%s gives %s and %q", in, rest, got)
		}
	}
}

// What is taken out is what a reader of JSON would find there, and the rest is what it was.
func FuzzLift(f *testing.F) {
	f.Add(`{"to":"a","attachments":[{"content":"aGk=","filename":"\"x"},{"content":"\/w\u003d="}],"x":[{"content":"aGk="}]}`)
	f.Add(`{"attachments":[[{"content":"a"}],{"content":{"content":"b"}},{"content":"aGk"}],"attachments":[{"content":"#7"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if checkJSON([]byte(text)) != nil || !json.Valid([]byte(text)) {
			lift([]byte(text)) // it must end
			return
		}
		rest, contents := lift([]byte(text))
		if err := checkJSON(rest); err != nil {
			t.Fatalf("%q becomes %q: %v", text, rest, err)
		}
		var before, after any
		if json.Unmarshal([]byte(text), &before) != nil || json.Unmarshal(rest, &after) != nil {
			t.Fatalf("%q becomes %q", text, rest)
		}
		n := 0
		top, _ := before.(map[string]any)
		list, _ := top["attachments"].([]any)
		topAfter, _ := after.(map[string]any)
		listAfter, _ := topAfter["attachments"].([]any)
		for i, a := range list {
			object, _ := a.(map[string]any)
			written, is := object["content"].(string)
			if !is {
				continue
			}
			if n >= len(contents) {
				t.Fatalf("%q: %q was left", text, written)
			}
			plain := strings.NewReplacer("\n", "", "\r", "", "\t", "", " ", "", "-", "+", "_", "/").Replace(written)
			want, err := base64.StdEncoding.DecodeString(plain)
			if err != nil {
				want, err = base64.RawStdEncoding.DecodeString(plain)
			}
			if (err != nil) != contents[n].bad || err == nil && !bytes.Equal(want, contents[n].octets) {
				t.Errorf("%q is %q, want %q, %v", written, contents[n].octets, want, err)
			}
			listAfter[i].(map[string]any)["content"] = written
			n++
		}
		if n != len(contents) {
			t.Errorf("%d were taken out of %q", len(contents), text)
		}
		a, _ := json.Marshal(before)
		b, _ := json.Marshal(after)
		if !bytes.Equal(a, b) {
			t.Errorf("%q becomes %q", text, rest)
		}
	})
}

func BenchmarkLift(b *testing.B) {
	body := []byte(`{"to":"ann@x.example","attachments":[{"content":"` + strings.Repeat("Ym9keQ+/", 4<<20) + `"}]}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		b.StopTimer()
		c := bytes.Clone(body)
		b.StartTimer()
		lift(c)
	}
}
