package rspamd

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestAnswersOfAllVersionsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Verdict
	}{
		"the least":              {`{"action":"no action"}`, Verdict{Action: NoAction}},
		"GTUBE of version 3.4":   {`{"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject","symbols":{"GTUBE":{"name":"GTUBE","score":0.0,"metric_score":0.0}},"messages":{"smtp_message":"Gtube pattern"},"message-id":"undef","time_real":0.00036}`, Verdict{Action: Reject, Score: 15, Required: 15, Skipped: true, Symbols: []Symbol{{Name: "GTUBE"}}, Message: "Gtube pattern"}},
		"an action of their own": {`{"action":"our\tplace"}`, Verdict{Action: "our place"}},
		"no numbers":             {`{"action":"reject","score":null,"required_score":"nan"}`, Verdict{Action: Reject}},
		"empty lists":            {`{"action":"reject","symbols":[],"messages":[],"message-id":{}}`, Verdict{Action: Reject}},
		"odd symbols":            {`{"action":"reject","symbols":{"A":{"score":null,"options":{},"description":1},"B":{"options":["x",1,null,"\u0000"," y "]},"C":null}}`, Verdict{Action: Reject, Symbols: []Symbol{{Name: "A"}, {Name: "B", Options: []string{"x", "y"}}, {Name: "C"}}}},
		"one that is no object":  {`{"action":"reject","symbols":{"A":1}}`, Verdict{Action: Reject}},
		"fields of tomorrow":     {`{"action":"greylist","new":{"a":[1,{}]},"thresholds":{"reject":15}}`, Verdict{Action: Greylist}},
		"a Message-ID":           {`{"action":"reject","message-id":"<a@b>\r\n"}`, Verdict{Action: Reject, MessageID: "a@b"}},
	} {
		got, err := parseAnswer([]byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestOfManySymbolsTheGravestStay(t *testing.T) {
	symbols := map[string]any{}
	for i := range 1000 {
		symbols[fmt.Sprintf("S%d%s", i, strings.Repeat("ü", 200))] = map[string]any{"score": i - 500, "description": strings.Repeat("d", 1000), "options": strings.Split(strings.Repeat("o,", 50), ",")}
	}
	text, err := json.Marshal(map[string]any{"action": strings.Repeat("a", 1000), "symbols": symbols, "messages": map[string]string{"smtp_message": strings.Repeat("ü", 1000)}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseAnswer(text)
	if err != nil {
		t.Fatal(err)
	}
	bounded(t, v)
	if len(v.Symbols) != MaxSymbols || v.Symbols[0].Score != -500 || v.Symbols[1].Score != -499 || v.Symbols[MaxSymbols-1].Score != -400 || len(v.Symbols[0].Options) != MaxOptions {
		t.Errorf("%d symbols, the first %+v, the last %+v", len(v.Symbols), v.Symbols[0], v.Symbols[len(v.Symbols)-1])
	}
}

// bounded checks that a verdict is within its bounds, and its texts are printable.
func bounded(t *testing.T, v Verdict) {
	t.Helper()
	text := func(s string, most int) {
		t.Helper()
		if len(s) > most || !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
			t.Errorf("%q is no text of at most %d octets", s, most)
		}
	}
	text(string(v.Action), MaxName)
	text(v.Message, MaxText)
	text(v.MessageID, MaxText)
	if v.Action == "" || len(v.Symbols) > MaxSymbols || math.IsNaN(v.Score) || math.IsInf(v.Score, 0) {
		t.Errorf("%+v", v)
	}
	for _, s := range v.Symbols {
		text(s.Name, MaxName)
		text(s.Description, MaxText)
		for _, o := range s.Options {
			text(o, MaxText)
		}
		if len(s.Options) > MaxOptions {
			t.Errorf("%d options", len(s.Options))
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, text := range []string{good, `{"action":"reject","symbols":[],"score":"nan"}`, `{"action":"\ud800\u0000 x","symbols":{"":{"options":[[],"\u202e"]}}}`, "null", "{"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := parseAnswer(text)
		if err != nil {
			if !reflect.DeepEqual(v, Verdict{}) {
				t.Errorf("%v with %+v", err, v)
			}
			return
		}
		bounded(t, v)
	})
}
