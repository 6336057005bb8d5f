package peers

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lies are what a server could say wrongly, each as a change to what Dovecot says, with a dialogue that has to notice.
var lies = []struct {
	name     string
	dialogue string
	pattern  string
	instead  string
}{
	{"a flag is missing", "store/STORE_in_its_forms", `\\Answered `, ``},
	{"a flag too many", "store/STORE_in_its_forms", `FLAGS \(\\Recent\)`, `FLAGS (\Recent \Seen)`},
	{"a message is not told", "append/APPEND_to_the_selected_mailbox_is_seen_at_once", `^\* \d+ EXISTS$`, ``},
	{"an expunge is not told", "sessions/an_expunge_is_told_only_where_numbers_may_move", `^\* 2 EXPUNGE$`, ``},
	{"an expunge has the wrong number", "append/EXPUNGE_takes_only_what_is_deleted", `^\* 4 EXPUNGE$`, `* 5 EXPUNGE`},
	{"a size is wrong", "fetch/every_item_of_every_kind_of_message", `RFC822.SIZE 757`, `RFC822.SIZE 756`},
	{"an octet of a body is wrong", "fetch/every_item_of_every_kind_of_message", `Hello Bob,`, `Hello bob,`},
	{"NIL instead of an empty string", "fetch/parts_of_octets", `<10000> \{0\}\r\n`, `<10000> NIL`},
	{"an offset is not told", "fetch/parts_of_octets", `BODY\[\]<5>`, `BODY[]`},
	{"a part of an address is missing", "fetch/every_item_of_every_kind_of_message", `\("Ann Example" NIL "ann" "example.com"\)`, `("Ann Example" NIL "ann" NIL)`},
	{"a space between the parts of a multipart", "fetch/every_item_of_every_kind_of_message", `\)\("text" "html"`, `) ("text" "html"`},
	{"a moment is wrong", "fetch/every_item_of_every_kind_of_message", `01-Feb-2024 10:00:00 \+0000`, `01-Feb-2024 10:00:00 +0100`},
	{"a message is not found", "search/flags", `^(\* SEARCH .*) \d+$`, `$1`},
	{"an order is wrong", "search/SORT_by_every_key", `^\* SORT (\d+) (\d+) `, `* SORT $2 $1 `},
	{"a thread is torn", "search/THREAD", `^(\* THREAD \(\d+) `, `$1)(`},
	{"a minimum is wrong", "search/ESEARCH", ` MIN \d+`, ` MIN 4`},
	{"BAD becomes NO", "syntax/the_wrong_state", `^(A\d+) BAD`, `$1 NO`},
	{"a code is missing", "append/COPY_in_its_forms", `\[TRYCREATE\] `, ``},
	{"a UID of a copy is wrong", "append/COPY_in_its_forms", `\[COPYUID (\d+) 1:3 1:3\]`, `[COPYUID $1 1:3 2:4]`},
	{"two UIDs of a copy change places", "append/COPY_in_its_forms", `\[COPYUID (\d+) 1:5 1:5\]`, `[COPYUID $1 1:5 2,1,3:5]`},
	{"a mailbox has no children", "names/children_and_their_parents", `\\HasChildren`, `\HasNoChildren`},
	{"a mailbox is not listed", "names/a_new_account_has_its_mailboxes", `^\* LIST .* Junk$`, ``},
	{"a mailbox has lost its use", "names/a_new_account_has_its_mailboxes", ` \\Drafts`, ``},
	{"UIDNEXT is wrong", "select/a_filled_mailbox_is_selected", `UIDNEXT 16`, `UIDNEXT 15`},
	{"the mailbox is read-only", "select/a_filled_mailbox_is_selected", `READ-WRITE`, `READ-ONLY`},
	{"a change has no MODSEQ", "condstore/MODSEQ_turns_CONDSTORE_on", ` MODSEQ \(\d+\)`, ``},
	{"a change has the MODSEQ of before", "condstore/changes_since", `MODSEQ \(\d+\)`, `MODSEQ (1)`},
	{"a lost update is not told", "condstore/STORE_with_UNCHANGEDSINCE", `\[MODIFIED 1:3\]`, `[MODIFIED 1:2]`},
	{"a UID has not vanished", "condstore/a_client_comes_back", `VANISHED \(EARLIER\) 3,5:7`, `VANISHED (EARLIER) 3,5:6`},
	{"EXPUNGE instead of VANISHED", "condstore/QRESYNC_turns_EXPUNGE_into_VANISHED", `VANISHED 40`, `27 EXPUNGE`},
	{"HIGHESTMODSEQ is too low", "condstore/a_client_comes_back", `HIGHESTMODSEQ \d+`, `HIGHESTMODSEQ 1`},
	{"a line that no client can read", "select/a_filled_mailbox_is_selected", `^\* FLAGS \((.*)\)$`, `* FLAGS ($1`},
}

func TestEveryLieOfAServerIsADifference(t *testing.T) {
	honest := dovecotTarget(t)
	dialogues := readDialogues(t, filepath.Join("testdata", "imapdiff"))
	mail := standardMail(t)
	for _, lie := range lies {
		t.Run(strings.ReplaceAll(lie.name, " ", "_"), func(t *testing.T) {
			at := slices.IndexFunc(dialogues, func(d diffDialogue) bool { return d.title == lie.dialogue })
			if at < 0 {
				t.Fatalf("there is no dialogue %s", lie.dialogue)
			}
			pattern := regexp.MustCompile(lie.pattern)
			liar := honest
			told := false
			liar.alter = func(response string) string {
				told = told || pattern.MatchString(response)
				return pattern.ReplaceAllString(response, lie.instead)
			}
			a, b, err := bothSides(honest, liar, dialogues[at], mail)
			if err != nil {
				t.Fatal(err)
			}
			if list, _ := differences(a, b); !told || len(list) == 0 {
				t.Errorf("told %v, and no difference was found", told)
			}
			b.server = "another" // what is accepted of another server must not cover a lie either
			if list, _ := differences(a, b); len(list) == 0 {
				t.Error("the accepted differences cover it")
			}
		})
	}
}

func TestTwoDovecotsDoNotDiffer(t *testing.T) {
	one, other := dovecotTarget(t), dovecotTarget(t)
	dialogues := readDialogues(t, filepath.Join("testdata", "imapdiff"))
	for kind := range diffStreams {
		dialogues = append(dialogues, diffStream(kind, 1))
	}
	for _, d := range dialogues {
		t.Run(d.title, func(t *testing.T) { compare(t, one, other, d, false) })
	}
}

func TestAnswersThatMeanTheSameAreTheSame(t *testing.T) {
	for _, c := range []struct {
		name, command string
		one, other    []string
		same          bool
	}{
		{"flags in another order", "FETCH 1 (FLAGS)", []string{`* 1 FETCH (UID 1 FLAGS (\Seen a))`}, []string{`* 1 FETCH (FLAGS (a \SEEN) UID 1)`}, true},
		{"another flag", "FETCH 1 (FLAGS)", []string{`* 1 FETCH (FLAGS (\Seen a))`}, []string{`* 1 FETCH (FLAGS (\Seen b))`}, false},
		{"keywords have a case", "FETCH 1 (FLAGS)", []string{`* 1 FETCH (FLAGS (a))`}, []string{`* 1 FETCH (FLAGS (A))`}, false},
		{"a literal for a quoted string", "FETCH 1 (BODY[])", []string{`* 1 FETCH (BODY[] "abc")`}, []string{"* 1 FETCH (BODY[] {3}\r\nabc)"}, true},
		{"an empty string is not NIL", "FETCH 1 (BODY[])", []string{`* 1 FETCH (BODY[] "")`}, []string{`* 1 FETCH (BODY[] NIL)`}, false},
		{"NIL in quotes is a string", "FETCH 1 (BODY[])", []string{`* 1 FETCH (BODY[] "NIL")`}, []string{`* 1 FETCH (BODY[] NIL)`}, false},
		{"sections are echoed in any case", "FETCH 1 x", []string{`* 1 FETCH (BODY[HEADER.FIELDS ("From" TO)] "x")`}, []string{`* 1 FETCH (BODY[HEADER.FIELDS (FROM TO)] "x")`}, true},
		{"a name as an atom", "LIST", []string{`* LIST (\A \B) "/" INBOX`}, []string{`* LIST (\b \a) "/" "INBOX"`}, true},
		{"another name", "LIST", []string{`* LIST () "/" a`}, []string{`* LIST () "/" A`}, false},
		{"lists in another order", "LIST", []string{`* LIST () "/" a`, `* LIST () "/" b`}, []string{`* LIST () "/" b`, `* LIST () "/" a`}, true},
		{"a mailbox twice", "LIST", []string{`* LIST () "/" a`}, []string{`* LIST () "/" a`, `* LIST () "/" a`}, false},
		{"expunges in another order", "EXPUNGE", []string{`* 2 EXPUNGE`, `* 3 EXPUNGE`}, []string{`* 4 EXPUNGE`, `* 2 EXPUNGE`}, true},
		{"other expunges", "EXPUNGE", []string{`* 2 EXPUNGE`, `* 3 EXPUNGE`}, []string{`* 3 EXPUNGE`, `* 2 EXPUNGE`}, false},
		{"a change before or after an expunge", "NOOP", []string{`* 2 EXPUNGE`, `* 3 FETCH (FLAGS ())`}, []string{`* 4 FETCH (FLAGS ())`, `* 2 EXPUNGE`}, true},
		{"a change of another message", "NOOP", []string{`* 2 EXPUNGE`, `* 3 FETCH (FLAGS ())`}, []string{`* 3 FETCH (FLAGS ())`, `* 2 EXPUNGE`}, false},
		{"one FETCH or two", "FETCH", []string{`* 2 FETCH (UID 5)`, `* 2 FETCH (FLAGS ())`}, []string{`* 2 FETCH (FLAGS () UID 5)`}, true},
		{"EXISTS before or after an expunge", "NOOP", []string{`* 6 EXISTS`, `* 2 EXPUNGE`}, []string{`* 2 EXPUNGE`, `* 5 EXISTS`}, true},
		{"another EXISTS", "NOOP", []string{`* 6 EXISTS`, `* 2 EXPUNGE`}, []string{`* 2 EXPUNGE`, `* 6 EXISTS`}, false},
		{"the later flags hold", "FETCH", []string{`* 2 FETCH (FLAGS (a))`, `* 2 FETCH (FLAGS (b))`}, []string{`* 2 FETCH (FLAGS (a))`}, false},
		{"words for people", "NOOP", []string{`A1 OK Done.`}, []string{`A1 OK Noop completed (0.001 secs).`}, true},
		{"another code", "NOOP", []string{`A1 NO [CANNOT] Done.`}, []string{`A1 NO [LIMIT] Done.`}, false},
		{"sets", "EXPUNGE", []string{`* VANISHED 1:3,5`}, []string{`* VANISHED 5,3,2,1`}, true},
		{"VANISHED EARLIER is another thing", "EXPUNGE", []string{`* VANISHED (EARLIER) 1`}, []string{`* VANISHED 1`}, false},
		{"copies in pairs", "COPY", []string{`A1 OK [COPYUID 7 1:3 4:6] x`}, []string{`A1 OK [COPYUID 9 3,2,1 6,5,4] x`}, true},
		{"another pair", "COPY", []string{`A1 OK [COPYUID 7 1:2 4:5] x`}, []string{`A1 OK [COPYUID 7 2,1 4:5] x`}, false},
		{"a search result is a set", "SEARCH", []string{`* SEARCH 1 12 3`}, []string{`* SEARCH 1 3 12`}, true},
		{"a sort result is not", "SORT", []string{`* SORT 1 12 3`}, []string{`* SORT 1 3 12`}, false},
		{"MODSEQs of one step", "FETCH 1:2 (MODSEQ)", []string{`* 1 FETCH (MODSEQ (11))`, `* 2 FETCH (MODSEQ (12))`}, []string{`* 1 FETCH (MODSEQ (15))`, `* 2 FETCH (MODSEQ (15))`}, true},
		{"MODSEQs of two steps", "FETCH 1:2 (MODSEQ)", []string{`* 1 FETCH (MODSEQ (11))`}, []string{`* 1 FETCH (MODSEQ (21))`}, false},
		{"MODSEQ 0", "FETCH 1:2 (MODSEQ)", []string{`* 1 FETCH (MODSEQ (1))`}, []string{`* 1 FETCH (MODSEQ (0))`}, false},
		{"zones", "FETCH", []string{`* 1 FETCH (INTERNALDATE " 1-Jan-2024 10:00:00 +0100")`}, []string{`* 1 FETCH (INTERNALDATE "01-Jan-2024 09:00:00 +0000")`}, true},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			form := func(lines []string) []string {
				x := &diffExchange{step: diffStep{text: c.command}, command: commandWord(c.command)}
				x.take(&diffSession{selected: "INBOX"}, rawAnswer{tag: "A1", raw: lines})
				return written([]*diffExchange{x}, modseqClock{10, 20, 30})[0]
			}
			one, other := form(c.one), form(c.other)
			if slices.Equal(one, other) != c.same {
				t.Errorf("%q and %q: same is not %v", one, other, c.same)
			}
		})
	}
}
