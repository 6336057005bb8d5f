package query

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/fault"
)

// write gives a tree in one line.
func write(n Node) string {
	each := func() string {
		var list []string
		for _, child := range n.Nodes {
			list = append(list, write(child))
		}
		return strings.Join(list, " ")
	}
	switch n.Kind {
	case And:
		return "(" + each() + ")"
	case Or:
		return "or(" + each() + ")"
	case Not:
		return "not " + each()
	case Text:
		text := strings.Join(n.Phrase.Tokens, "+")
		if n.Phrase.Prefix {
			text += "*"
		}
		if n.Field != Any {
			return []string{"", "from", "to", "cc", "bcc", "subject", "filename"}[n.Field] + "=" + text
		}
		return text
	case Attachment:
		return "attachment"
	case After, Before:
		return fmt.Sprintf("%s=%s", map[Kind]string{After: "after", Before: "before"}[n.Kind], n.Time.Format("2006-01-02T15:04:05Z07:00"))
	}
	return map[Kind]string{Label: "label", Mailbox: "mailbox", Thread: "thread"}[n.Kind] + "=" + n.Value
}

func TestQueriesAreReadAsPeopleMeanThem(t *testing.T) {
	for text, want := range map[string]string{
		"invoice":                              "(invoice)",
		"Invoice  März":                        "(invoice marz)",
		`"quick brown" fox`:                    "(quick+brown fox)",
		"invoi* subject:in*":                   "(invoi* subject=in*)",
		`"my invoi"*`:                          "(my+invoi*)",
		"from:ann@a.example to:bob cc:x bcc:y": "(from=ann+a+example to=bob cc=x bcc=y)",
		`From:"Ann Lee" SUBJECT:(big deal)`:    "(from=ann+lee (subject=big subject=deal))",
		"from:(ann OR bob)":                    "(or(from=ann from=bob))",
		"a b OR c":                             "(a or(b c))",
		"a OR b OR -c d":                       "(or(a b not c) d)",
		"(a b) OR c":                           "(or((a b) c))",
		"-a -(b OR c) -from:x":                 "(not a not or(b c) not from=x)",
		"a AND b":                              "(a b)",
		"a or b":                               "(a or b)",
		"OR a OR":                              "(a)",
		"a - b -":                              "(a b)",
		"e-mail":                               "(e+mail)",
		"label:ToDo is:unread is:READ is:starred": "(label=todo label=unread label=read label=starred)",
		"in:inbox in:spam in:Sent":                "(mailbox=inbox mailbox=Junk mailbox=Sent)",
		`in:"My Folder/2026" in:anywhere`:         "(mailbox=My Folder/2026 ())",
		"has:attachment filename:pdf":             "(attachment filename=pdf)",
		"before:2026-05-31 after:2026/5/1":        "(before=2026-05-31T00:00:00Z after=2026-05-01T00:00:00Z)",
		"after:2026-05-01T12:00:00+02:00":         "(after=2026-05-01T10:00:00Z)",
		"older:2026-05-31 newer:2026-05-01":       "(before=2026-05-31T00:00:00Z after=2026-05-01T00:00:00Z)",
		"thread:thr_1":                            "(thread=thr_1)",
		"https://a.example/x re:invoice 10:30":    "(https+a+example+x re+invoice 10+30)",
		"foo:bar":                                 "(foo+bar)",
		`"from:ann"`:                              "(from+ann)",
		"会議 会":                                    "(会議 会*)",
		"会議*":                                     "(会議)",
		"“smart quotes” x":                        "(smart+quotes x)",
		`"not closed`:                             "(not+closed)",
		"(not closed":                             "((not closed))",
		"closed) too often":                       "(closed too often)",
		`foo"bar"`:                                "(foo bar)",
		"!!! a ... (( ))":                         "(a)",
		"subject:() b":                            "(b)",
		"a　b":                                     "(a b)",
		"🎉":                                       "(🎉)",
		"* a*b":                                   "(a+b)",
	} {
		q, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := write(q.Root); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestTrashAndJunkAreLookedIntoOnlyIfTheyAreNamed(t *testing.T) {
	for text, want := range map[string]bool{"a": false, "in:inbox a": true, "label:spam": true, "label:todo": false, "-in:spam a": false, "-(label:trash a) b": false, "in:anywhere x": true, "is:unread": false} {
		if q, err := Parse(text); err != nil || q.Aside != want {
			t.Errorf("%s: %v, %v", text, q.Aside, err)
		}
	}
}

func TestWhatCannotBeReadIsRefusedWithWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		"": "nothing to look for", " ": "nothing", "!!!": "nothing", `""`: "nothing", "-": "nothing", "()": "nothing", "*": "nothing",
		"from:": "from:ann@example.com", "subject: x": "subject:invoice", `is:""`: "needs a value", "before:": "2026-05-31",
		"is:important": "label:important", "has:drive": "filename:pdf", "before:yesterday": "2026-05-31", "after:31.5.2026": "2026-05-31", "after:2026-13-01": "2026",
		"newer_than:2d": "before: and after:", "a larger:5M": "not known here", "a*": "at least 2 letters",
		strings.Repeat("a ", MaxTerms+1): "at most 32 conditions", strings.Repeat("x", MaxLength+1): "at most 2048 octets",
		strings.Repeat("(", MaxDepth+1) + "a": "flatter", "\xff": "UTF-8",
	} {
		_, err := Parse(text)
		if f := fault.From(err); f == nil || f.Kind != fault.Invalid || !strings.Contains(f.Message, want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, fine := range []string{strings.Repeat("a ", MaxTerms), strings.Repeat("(", MaxDepth) + "a", strings.Repeat("x", MaxLength)} {
		if _, err := Parse(fine); err != nil {
			t.Errorf("%.40q: %v", fine, err)
		}
	}
}

func TestOnlyWhatIsLookedForIsMarked(t *testing.T) {
	q, err := Parse("a -b (from:c OR -d) is:unread -(e f)")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range q.Phrases() {
		got = append(got, write(n))
	}
	if strings.Join(got, " ") != "a from=c" {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`from:"Ann Lee" -(a OR b*) in:spam`, "((((", "))))", `"" "" -"" *`, "before:2026-05-01 after:x", "日本* OR -会", "from:(to:(x))", "--- OR AND - OR", "is: has: in:", "\xff“”", "a:b:c:d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		leaves := 0
		var walk func(n Node, depth int)
		walk = func(n Node, depth int) {
			if depth > 4*MaxDepth {
				t.Fatalf("%q is %d deep", text, depth)
			}
			switch {
			case n.Kind > Not:
				leaves++
			case n.Kind == Not && len(n.Nodes) != 1, n.Kind == Or && len(n.Nodes) < 2:
				t.Errorf("%q has %+v", text, n)
			}
			if n.Kind == Text && len(n.Phrase.Tokens) == 0 {
				t.Errorf("%q has an empty phrase", text)
			}
			for _, child := range n.Nodes {
				walk(child, depth+1)
			}
		}
		walk(q.Root, 0)
		if leaves > MaxTerms {
			t.Errorf("%q has %d conditions", text, leaves)
		}
	})
}
