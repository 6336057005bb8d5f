package order

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestBaseSubjects(t *testing.T) {
	for _, c := range []struct {
		subject, base string
		isReply       bool
	}{
		{"", "", false},
		{"   ", "", false},
		{"hello", "hello", false},
		{"  hello \t\r\n world  ", "hello world", false},
		{"Re: hello", "hello", true},
		{"RE:hello", "hello", true},
		{"re :hello", "hello", true},
		{"Fw: hello", "hello", true},
		{"FWD: hello", "hello", true},
		{"Re: Re: fwd: hello", "hello", true},
		{"Re[2]: hello", "hello", true},
		{"Re [x] : hello", "hello", true},
		{"Re [x] [y]: hello", "Re [x] [y]: hello", false},
		{"[list] hello", "hello", false},
		{"[list] Re: hello", "hello", true},
		{"Re: [list] hello", "hello", true},
		{"[a] [b][c]Re: [d] hello", "hello", true},
		{"[a][b]", "[b]", false},
		{"[a]", "[a]", false},
		{"[a] ", "[a]", false},
		{"Re: [a]", "[a]", true},
		{"[a] [b] x", "x", false},
		{"[a[b] x", "[a[b] x", false},
		{"[a", "[a", false},
		{"[]x", "x", false},
		{"a] x", "a] x", false},
		{"hello (fwd)", "hello", true},
		{"hello(FWD) (fwd)  ", "hello", true},
		{"(fwd)", "", true},
		{"hello (fwd) x", "hello (fwd) x", false},
		{"[fwd: hello]", "hello", true},
		{"[Fwd: [FWD: Re: hello (fwd)] ]", "hello", true},
		{"[fwd: hello", "[fwd: hello", false},
		{"[fwd:]", "", true},
		{"[fwd: a] b]", "b]", false},
		{"Re:", "", true},
		{"Re: Re:", "", true},
		{"Reply: hello", "Reply: hello", false},
		{"Fwdx: hello", "Fwdx: hello", false},
		{"Re hello", "Re hello", false},
		{"re", "re", false},
		{"Antw: hello", "Antw: hello", false},
		{"Re: É", "É", true},
	} {
		base, isReply := BaseSubject(c.subject)
		if base != c.base || isReply != c.isReply {
			t.Errorf("%q: %q, %v; want %q, %v", c.subject, base, isReply, c.base, c.isReply)
		}
	}
}

// literalBase follows the words of RFC 5256, 2.1, one step at a time.
func literalBase(s string) string {
	s = spaces.ReplaceAllString(s, " ")
	for {
		for trailer.MatchString(s) {
			s = trailer.ReplaceAllString(s, "")
		}
		for before := ""; before != s; {
			before = s
			for leader.MatchString(s) {
				s = leader.ReplaceAllString(s, "")
			}
			if rest := blob.ReplaceAllString(s, ""); strings.Trim(rest, " ") != "" {
				s = rest
			}
		}
		m := forward.FindStringSubmatch(s)
		if m == nil {
			return s
		}
		s = m[1]
	}
}

var (
	spaces  = regexp.MustCompile(`[ \t\r\n]+`)
	trailer = regexp.MustCompile(`(?i)(\(fwd\)| )$`)
	leader  = regexp.MustCompile(`(?i)^((\[[^\[\]]*\] *)*(re|fwd?) *(\[[^\[\]]*\] *)?:| )`)
	blob    = regexp.MustCompile(`^\[[^\[\]]*\] *`)
	forward = regexp.MustCompile(`(?is)^\[fwd:(.*)\]$`)
)

// TestBaseSubjectsFollowTheWordsOfTheRFC tries all short strings of what the rules know.
func TestBaseSubjectsFollowTheWordsOfTheRFC(t *testing.T) {
	parts := []string{"re", "fwd", ":", "[", "]", " ", "(fwd)", "x", "[fwd:"}
	var try func(s string, more int)
	try = func(s string, more int) {
		if got, _ := BaseSubject(s); got != literalBase(s) {
			t.Errorf("%q: %q, want %q", s, got, literalBase(s))
		}
		if more > 0 {
			for _, p := range parts {
				try(s+p, more-1)
			}
		}
	}
	depth := 5
	if testing.Short() {
		depth = 4
	}
	try("", depth)
}

func TestHostileSubjectsTakeLinearTime(t *testing.T) {
	const n = 1 << 20
	for name, part := range map[string][3]string{
		"blobs":          {"", "[a]", "x"},
		"only blobs":     {"", "[a]", ""},
		"open blobs":     {"", "[a", ""},
		"replies":        {"", "re:", ""},
		"blobs, replies": {"", "[a]re:", "x"},
		"re and blobs":   {"", "re[a]", ""},
		"trailers":       {"x", "(fwd)", ""},
		"forwards":       {"", "[fwd:", strings.Repeat("]", n/5)},
		"open forwards":  {"", "[fwd:", ""},
		"spaces":         {"", " \t", "x"},
		"re and open":    {"", "re: [", ""},
		"words":          {"", "é ", ""},
	} {
		s := part[0] + strings.Repeat(part[1], n/len(part[1])) + part[2]
		start := time.Now()
		foldedSubject(s)
		if took := time.Since(start); took > 10*time.Second { // it takes well below one
			t.Errorf("%s: %v", name, took)
		}
	}
}
