package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mail is items written as "id<ref,ref subject": the first has number 1 and the earliest date.
func mail(lines ...string) []Item {
	items := make([]Item, len(lines))
	for i, line := range lines {
		ids, subject, _ := strings.Cut(line, " ")
		id, refs, _ := strings.Cut(ids, "<")
		items[i] = Item{Number: uint32(i + 1), UID: uint32(i + 1), Arrival: noon.Add(time.Duration(i) * time.Minute), MessageID: id, Subject: subject}
		if refs != "" {
			items[i].References = strings.Split(refs, ",")
		}
	}
	return items
}

func threaded(items []Item, algorithm string) string {
	return string(AppendThread(nil, Thread(items, algorithm)))
}

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		what  string
		items []Item
		want  string
	}{
		{"nothing", nil, ""},
		{"one message", mail("a"), "(1)"},
		{"no ids", mail("", "", ""), "(1)(2)(3)"},
		{"an answer", mail("a", "b<a"), "(1 2)"},
		{"two answers", mail("a", "b<a", "c<a"), "(1 (2)(3))"},
		{"an answer that came first", mail("b<a", "a"), "(2 1)"},
		{"a chain", mail("a", "b<a", "c<a,b", "d<a,b,c"), "(1 2 3 4)"},
		{"a chain that came backwards", mail("d<a,b,c", "c<a,b", "b<a", "a"), "(4 3 2 1)"},
		{"a message that is not there", mail("a", "c<a,b"), "(1 2)"},
		{"one answer to a message that is not there", mail("b<a"), "(1)"},
		{"two answers to a message that is not there", mail("b<a", "c<a"), "((1)(2))"},
		{"answers to several that are not there", mail("c<a,b", "d<a,b", "e<a"), "((1)(2)(3))"},
		{"a chain of those that are not there", mail("d<a,b,c", "e<a,b,c"), "((1)(2))"},
		{"a branch below a message that is there", mail("a", "c<a,b", "d<a,b", "e<d"), "(1 (2)(3 4))"},
		{"references that were cut short", mail("a", "b<a", "c<b", "d<a,c"), "(1 2 3 4)"},
		{"a wrong parent that the message itself sets right", mail("c<a,b", "a", "d", "b<d"), "(2)(3 4 1)"},
		{"a parent that the message does not have itself", mail("c<a,b", "a", "b"), "(2)(3 1)"},
		{"a message below itself", mail("a<a"), "(1)"},
		{"two below each other", mail("a<b", "b<a"), "(2 1)"},
		{"three in a ring", mail("a<c", "b<a", "c<b"), "(3 1 2)"},
		{"a ring in one list", mail("d<a,b,a,b"), "(1)"},
		{"the same reference twice", mail("a", "b<a,a"), "(1 2)"},
		{"an empty reference", mail("a", "b<a,"), "(1 2)"},
		{"the same id twice: the first has it", mail("a", "a", "b<a"), "(1 3)(2)"},
		{"the same id twice: the second is still an answer", mail("a", "b<a", "b<a", "c<b"), "(1 (2 4)(3))"},
		{"ids in another case", mail("a", "b<A"), "(1)(2)"},

		{"a subject twice", mail("a x", "b x"), "((1)(2))"},
		{"a subject three times", mail("a x", "b x", "c X"), "((1)(2)(3))"},
		{"a reply without references", mail("a x", "b Re: x"), "(1 2)"},
		{"a reply that came first", mail("b Re: x", "a x"), "(2 1)"},
		{"replies alone", mail("a Re: x", "b Re: x"), "((1)(2))"},
		{"replies, and then what they reply to", mail("a Re: x", "b Re: x", "c x", "d Fwd: x"), "(3 (1)(2)(4))"},
		{"a subject and a thread without its first message", mail("a x", "c<b x", "d<b y"), "((1)(2)(3))"},
		{"two threads without their first messages", mail("c<b x", "d<b y", "f<e x", "g<e z"), "((1)(2)(3)(4))"},
		{"a reply and a thread without its first message", mail("c<b x", "d<b y", "e Re: x"), "((1)(2)(3))"},
		{"empty subjects", mail("a", "b Re:", "c"), "(1)(2)(3)"},
		{"only the subject of the first message counts", mail("a x", "b<a y", "c y"), "(1 2)(3)"},
		{"a reply in a thread of its own", mail("a x", "b Re: x", "c<b z"), "(1 2 3)"},
	} {
		if got := threaded(c.items, "REFERENCES"); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		slices.Reverse(c.items)
		if got := threaded(c.items, "REFERENCES"); got != c.want {
			t.Errorf("%s, given backwards: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestThreadsAreInTheOrderOfTheirDates(t *testing.T) {
	items := mail("a", "b<a", "c<a", "d", "f<e", "g<e")
	for i, minutes := range []int{50, 40, 30, 20, 60, 10} {
		items[i].Date = noon.Add(time.Duration(minutes) * time.Minute)
	}
	if got := threaded(items, "REFERENCES"); got != "((6)(5))(4)(1 (3)(2))" {
		t.Error(got)
	}
	items[3].Date = noon.Add(50 * time.Minute) // as the first: then the UID decides
	items[0].UID, items[3].UID = 4, 1
	if got := threaded(items, "REFERENCES"); got != "((6)(5))(4)(1 (3)(2))" {
		t.Error(got)
	}
}

func TestOrderedSubject(t *testing.T) {
	for _, c := range []struct {
		items []Item
		want  string
	}{
		{nil, ""},
		{mail("a x"), "(1)"},
		{mail("a x", "b Re: X"), "(1 2)"},
		{mail("a x", "b y", "c [l] re: x", "d x (fwd)", "e Y"), "(1 (3)(4))(2 5)"},
		{mail("a", "b y", "c Re:", "d"), "(1 (3)(4))(2)"},
		{mail("a x", "b<a y"), "(1)(2)"},
	} {
		if got := threaded(c.items, "ORDEREDSUBJECT"); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	items := mail("a x", "b x", "c y")
	items[0].Date = noon.Add(time.Hour)
	items[2].Date = noon.Add(-time.Hour)
	if got := threaded(items, "ORDEREDSUBJECT"); got != "(3)(2 1)" {
		t.Error(got)
	}
}

func TestAnUnknownAlgorithmThreadsNothing(t *testing.T) {
	if got := Thread(mail("a"), "REFS"); got != nil {
		t.Errorf("%v", got)
	}
	for _, algorithm := range Algorithms {
		if got := Thread(mail("a"), algorithm); len(got) != 1 {
			t.Errorf("%s: %v", algorithm, got)
		}
	}
}

// TestThreadsAreWrittenAsInTheRFC has the examples of RFC 5256, 4.
func TestThreadsAreWrittenAsInTheRFC(t *testing.T) {
	leaf := func(n ...uint32) (nodes []*Node) {
		for _, n := range n {
			nodes = append(nodes, &Node{Number: n})
		}
		return nodes
	}
	chain := func(below []*Node, n ...uint32) *Node {
		for _, n := range slices.Backward(n) {
			below = []*Node{{Number: n, Children: below}}
		}
		return below[0]
	}
	for want, nodes := range map[string][]*Node{
		"":                                  nil,
		"(2)(3 6 (4 23)(44 7 96))":          {leaf(2)[0], chain([]*Node{chain(nil, 4, 23), chain(nil, 44, 7, 96)}, 3, 6)},
		"((3)(5))":                          {{Children: leaf(3, 5)}},
		"(3 (6)(4 7 (44)(8)))(1)":           {chain([]*Node{leaf(6)[0], chain(leaf(44, 8), 4, 7)}, 3), leaf(1)[0]},
		"(166)(174 (175)(176))(4294967295)": {leaf(166)[0], chain(leaf(175, 176), 174), leaf(1<<32 - 1)[0]},
	} {
		if got := string(AppendThread([]byte("* THREAD "), nodes)); got != "* THREAD "+want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// someMail is up to n messages whose references are made up: ids that are not there, twice, in rings, and lists cut short.
func someMail(rnd *rand.Rand, n int) []Item {
	items := make([]Item, 1+rnd.IntN(n))
	ids := 1 + rnd.IntN(2*len(items))
	subjects := 1 + rnd.IntN(2*len(items))
	for i := range items {
		it := &items[i]
		it.Number, it.UID = uint32(i+1), uint32(i+1)
		it.Arrival = noon.Add(time.Duration(rnd.IntN(len(items))) * time.Minute)
		if rnd.IntN(10) > 0 {
			it.MessageID = strconv.Itoa(rnd.IntN(ids))
		}
		for range rnd.IntN(4) {
			it.References = append(it.References, strconv.Itoa(rnd.IntN(ids)))
		}
		if s := rnd.IntN(subjects); s > 0 {
			it.Subject = []string{"", "Re: ", "[l] ", "Fwd: "}[rnd.IntN(4)] + strconv.Itoa(s)
		}
	}
	return items
}

func TestReferencesAgreesWithTheWordsOfTheRFC(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	rounds := 8000
	if testing.Short() {
		rounds = 2000
	}
	for range rounds {
		items := someMail(rnd, 3+rnd.IntN(30))
		nodes := Thread(items, "REFERENCES")
		got, want := string(AppendThread(nil, nodes)), string(AppendThread(nil, asNodes(naiveReferences(items))))
		if got != want {
			for _, it := range items {
				t.Logf("%d: id %q, references %q, subject %q, %v", it.Number, it.MessageID, it.References, it.Subject, it.Arrival)
			}
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		checkShape(t, nodes, len(items))
	}
}

// checkShape wants each message once, and nodes without a message at the top alone, with two children or more.
func checkShape(t *testing.T, roots []*Node, n int) {
	t.Helper()
	seen := map[uint32]bool{}
	open := slices.Clone(roots)
	for i := 0; i < len(open); i++ {
		node := open[i]
		switch {
		case node.Number == 0 && (i >= len(roots) || len(node.Children) < 2):
			t.Fatalf("a node without a message has %d children, at the top: %v", len(node.Children), i < len(roots))
		case node.Number != 0 && seen[node.Number]:
			t.Fatalf("%d is there twice", node.Number)
		case node.Number != 0:
			seen[node.Number] = true
		}
		open = append(open, node.Children...)
	}
	if len(seen) != n {
		t.Fatalf("%d of %d messages", len(seen), n)
	}
}

// chains are messages that answer one another, told in orders that are hard for algorithms that walk up a thread.
func chains(n int) map[string][]Item {
	forth := make([]string, n)
	for i := range forth {
		forth[i] = fmt.Sprintf("%d<%d x", i, i-1)
	}
	back := slices.Clone(forth)
	slices.Reverse(back)
	// Pieces of the chain grow, and then are joined at their ends.
	shuffled := slices.Clone(forth)
	rand.New(rand.NewPCG(7, 8)).Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	// One message refers to all others, which then say that they answer the one before the one before.
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	cut := []string{"last<" + strings.Join(all, ",") + " x"}
	for i := n - 1; i >= 0; i-- {
		cut = append(cut, fmt.Sprintf("%d<%d x", i, max(0, i-2)))
	}
	one := []string{"last<" + strings.Join(all, ",") + " x", "other<" + strings.Join(all, ",") + " x"}
	return map[string][]Item{"forth": mail(forth...), "back": mail(back...), "shuffled": mail(shuffled...), "cut": mail(cut...), "one list": mail(one...)}
}

func TestLongChainsTakeTimeInProportion(t *testing.T) {
	const n = 100_000
	for name, items := range chains(n) {
		start := time.Now()
		nodes := Thread(items, "REFERENCES")
		wire := AppendThread(nil, nodes)
		if took := time.Since(start); took > 30*time.Second { // it takes well below one
			t.Errorf("%s: %v", name, took)
		} else {
			t.Logf("%s: %v, %d octets", name, took, len(wire))
		}
		checkShape(t, nodes, len(items))
	}
}

func TestShortChainsAgreeWithTheWordsOfTheRFC(t *testing.T) {
	for name, items := range chains(50) {
		if got, want := threaded(items, "REFERENCES"), string(AppendThread(nil, asNodes(naiveReferences(items)))); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestForestsKnowTheirRoots(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		n := 2 + rnd.IntN(40)
		var f forest
		f.grow(n)
		parent := make([]int, n+1)
		root := func(x int) int {
			for parent[x] != 0 {
				x = parent[x]
			}
			return x
		}
		for range 200 {
			a, b := 1+rnd.IntN(n), 1+rnd.IntN(n)
			switch {
			case parent[b] != 0 && rnd.IntN(2) == 0:
				f.cut(b)
				parent[b] = 0
			case parent[b] == 0 && root(a) != b:
				f.link(a, b)
				parent[b] = a
			}
			if x := 1 + rnd.IntN(n); f.root(x) != root(x) {
				t.Fatalf("root of %d is %d, want %d", x, f.root(x), root(x))
			}
		}
	}
}
