package imapd

import "testing"

func TestPatternsMeanNames(t *testing.T) {
	for _, x := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a/b/c", true}, {"%", "a", true}, {"%", "a/b", false}, {"%/%", "a/b", true}, {"a/*", "a/b/c", true}, {"a*", "a", true},
		{"a%", "ab/c", false}, {"*c", "a/b/c", true}, {"%c", "a/b/c", false}, {"%/%/%", "a/b/c", true}, {"*/c%", "a/b/cd", true},
		{"", "a", false}, {"", "", true}, {"a", "a", true}, {"a", "b", false}, {"%a%b%", "xaxbx", true}, {"%a%b%", "xbxax", false},
		{"*%", "a/b", true}, {"%*", "a/b", true}, {"%%", "a/b", false}, {"a%/b", "ax/b", true}, {"*a*a*a*", "aaa", true}, {"*a*a*a*", "aa", false},
	} {
		if got := matches(collapse(x.pattern), x.name); got != x.want {
			t.Errorf("%q and %q: %v", x.pattern, x.name, got)
		}
	}
}
