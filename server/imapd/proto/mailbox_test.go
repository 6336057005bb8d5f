package proto

import "testing"

func TestMailboxCommands(t *testing.T) {
	one := &Set{Ranges: []Range{{1, 1}}}
	reads(t, map[string]any{
		"SELECT INBOX":                   &SelectArgs{Mailbox: "INBOX"},
		`EXAMINE "a b"`:                  &SelectArgs{Mailbox: "a b"},
		"SELECT {3}\r\na\"b":             &SelectArgs{Mailbox: `a"b`},
		"SELECT a]b[c&-":                 &SelectArgs{Mailbox: "a]b[c&-"},
		"SELECT 100%*":                   &SelectArgs{Mailbox: "100%*"},
		"SELECT \"\u00e9\"":              &SelectArgs{Mailbox: "\u00e9"},
		"SELECT NIL":                     &SelectArgs{Mailbox: "NIL"},
		"SELECT x ()":                    &SelectArgs{Mailbox: "x"},
		"SELECT x (condstore)":           &SelectArgs{Mailbox: "x", Condstore: true},
		"SELECT x (QRESYNC (7 8))":       &SelectArgs{Mailbox: "x", QResync: &QResync{UIDValidity: 7, Modseq: 8}},
		"SELECT x (QRESYNC (0 0))":       &SelectArgs{Mailbox: "x", QResync: &QResync{}},
		"SELECT x (QRESYNC (7 8 2,9:5))": &SelectArgs{Mailbox: "x", QResync: &QResync{UIDValidity: 7, Modseq: 8, Known: &Set{Ranges: []Range{{2, 2}, {5, 9}}}}},
		"SELECT x (QRESYNC (7 8 (1 1)))": &SelectArgs{Mailbox: "x", QResync: &QResync{UIDValidity: 7, Modseq: 8, MatchSeq: one, MatchUID: one}},
		"SELECT x (QRESYNC (7 8 1 (1 1)) CONDSTORE)": &SelectArgs{Mailbox: "x", Condstore: true,
			QResync: &QResync{UIDValidity: 7, Modseq: 8, Known: one, MatchSeq: one, MatchUID: one}},
		"SELECT x (QRESYNC (4294967295 9223372036854775807))": &SelectArgs{Mailbox: "x", QResync: &QResync{UIDValidity: 1<<32 - 1, Modseq: 1<<63 - 1}},

		"CREATE a/b":                   &CreateArgs{Mailbox: "a/b"},
		`CREATE a (USE (\Sent \junk))`: &CreateArgs{Mailbox: "a", Use: []string{`\Sent`, `\junk`}},
		"CREATE a (USE ())":            &CreateArgs{Mailbox: "a"},
		"DELETE a":                     &MailboxArgs{Mailbox: "a"},
		"SUBSCRIBE a":                  &MailboxArgs{Mailbox: "a"},
		`UNSUBSCRIBE ""`:               &MailboxArgs{},
		"RENAME a {1}\r\nb":            &RenameArgs{From: "a", To: "b"},

		"STATUS x (MESSAGES)": &StatusArgs{Mailbox: "x", Items: []string{"MESSAGES"}},
		"STATUS x (messages RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ APPENDLIMIT MAILBOXID DELETED-STORAGE UNSEEN)": &StatusArgs{Mailbox: "x",
			Items: []string{"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "HIGHESTMODSEQ", "APPENDLIMIT", "MAILBOXID", "DELETED-STORAGE"}},
	})
	refuses(t, map[string]string{
		"SELECT":                                     "missing",
		"SELECT a b":                                 "parentheses",
		"SELECT a (FOO)":                             "Unknown parameter FOO",
		"SELECT a (CONDSTORE":                        "not closed",
		"SELECT a (QRESYNC)":                         "space",
		"SELECT a (QRESYNC 1 2)":                     "parentheses",
		"SELECT a (QRESYNC (1))":                     "space",
		"SELECT a (QRESYNC (1 2 1:*))":               "not allowed",
		"SELECT a (QRESYNC (1 2 $))":                 "not allowed",
		"SELECT a (QRESYNC (1 2 (1:* 1)))":           "not allowed",
		"SELECT a (QRESYNC (1 2 (1)))":               "space",
		"SELECT a (QRESYNC (1 2 (1 1) 3))":           "not closed",
		"SELECT a (QRESYNC (4294967296 2))":          "too large",
		"SELECT a (QRESYNC (1 2) QRESYNC (1 2))":     "twice",
		"SELECT a (QRESYNC (1 9223372036854775808))": "too large",
		"SELECT \u00e9":                              "above 127",
		"SELECT ~{1}\r\na":                           "literal8",
		`CREATE a (USE (Sent))`:                      "backslash",
		`CREATE a (USE \Sent)`:                       "parentheses",
		`CREATE a (FOO (\Sent))`:                     "Unknown parameter FOO",
		"CREATE a b":                                 "parentheses",
		"DELETE":                                     "missing",
		"RENAME a":                                   "missing",
		"STATUS x":                                   "missing",
		"STATUS x ()":                                "empty",
		"STATUS x MESSAGES":                          "parentheses",
		"STATUS x (FOO)":                             "Unknown STATUS item FOO",
		"STATUS x (MESSAGES":                         "not closed",
		"STATUS x (MESSAGES) y":                      "Too many arguments",
	})
}

func TestListCommands(t *testing.T) {
	reads(t, map[string]any{
		`LIST "" *`:                    &ListArgs{Patterns: []string{"*"}},
		`LIST "" ""`:                   &ListArgs{Patterns: []string{""}},
		`LIST a/% "%/b c"`:             &ListArgs{Reference: "a/%", Patterns: []string{"%/b c"}},
		`LIST {1}` + "\r\na {1+}\r\n%": &ListArgs{Reference: "a", Patterns: []string{"%"}},
		`LIST () "" *`:                 &ListArgs{Extended: true, Patterns: []string{"*"}},
		`LIST "" (INBOX "%" Sent/*)`:   &ListArgs{Extended: true, Patterns: []string{"INBOX", "%", "Sent/*"}},
		`LIST (subscribed REMOTE RECURSIVEMATCH SPECIAL-USE) "" %`: &ListArgs{Extended: true, Patterns: []string{"%"},
			SelectSubscribed: true, SelectRemote: true, SelectRecursive: true, SelectSpecialUse: true},
		`LIST (RECURSIVEMATCH SPECIAL-USE) "" %`: &ListArgs{Extended: true, Patterns: []string{"%"}, SelectRecursive: true, SelectSpecialUse: true},
		`LIST "" * RETURN ()`:                    &ListArgs{Extended: true, Patterns: []string{"*"}},
		`LIST "" "*" return (SPECIAL-USE)`:       &ListArgs{Extended: true, Patterns: []string{"*"}, ReturnSpecialUse: true},
		`LIST "" % RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES unseen) SPECIAL-USE)`: &ListArgs{Extended: true, Patterns: []string{"%"},
			ReturnSubscribed: true, ReturnChildren: true, ReturnSpecialUse: true, ReturnStatus: []string{"MESSAGES", "UNSEEN"}},
		`LSUB "" *`:  &ListArgs{Patterns: []string{"*"}},
		`XLIST "" *`: &ListArgs{Patterns: []string{"*"}},
	})
	refuses(t, map[string]string{
		`LIST ""`:                           "missing",
		`LIST`:                              "missing",
		`LIST (FOO) "" *`:                   "Unknown selection option FOO",
		`LIST (RECURSIVEMATCH) "" *`:        "RECURSIVEMATCH needs",
		`LIST (RECURSIVEMATCH REMOTE) "" *`: "RECURSIVEMATCH needs",
		`LIST (SUBSCRIBED`:                  "not closed",
		`LIST "" ()`:                        "empty",
		`LIST "" * RETURN`:                  "missing",
		`LIST "" * FOO ()`:                  "RETURN is expected",
		`LIST "" * RETURN (FOO)`:            "Unknown return option FOO",
		`LIST "" * RETURN (STATUS)`:         "space",
		`LIST "" * RETURN (STATUS ())`:      "empty",
		`LIST "" * RETURN (CHILDREN) x`:     "Too many arguments",
		`LSUB (SUBSCRIBED) "" *`:            "string",
		`LSUB "" (a b)`:                     "string",
		`LSUB "" * RETURN ()`:               "Too many arguments",
	})
}

func TestNotify(t *testing.T) {
	both := []string{"MessageNew", "MessageExpunge"}
	reads(t, map[string]any{
		"NOTIFY NONE":                       &NotifyArgs{},
		"notify set (selected none)":        &NotifyArgs{Groups: []NotifyGroup{{Filter: "SELECTED"}}},
		"NOTIFY SET STATUS (PERSONAL NONE)": &NotifyArgs{Status: true, Groups: []NotifyGroup{{Filter: "PERSONAL"}}},
		"NOTIFY SET (SELECTED-DELAYED (messagenew MessageExpunge FlagChange)) (inboxes (MailboxName SubscriptionChange))": &NotifyArgs{Groups: []NotifyGroup{
			{Filter: "SELECTED-DELAYED", Events: []string{"MessageNew", "MessageExpunge", "FlagChange"}},
			{Filter: "INBOXES", Events: []string{"MailboxName", "SubscriptionChange"}}}},
		"NOTIFY SET (SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge))": &NotifyArgs{Groups: []NotifyGroup{{
			Filter: "SELECTED", Events: both,
			Fetch: []FetchItem{{Kind: FetchUID}, {Kind: FetchBody, Peek: true, Section: Section{What: SectionHeaderFields, Fields: []string{"From"}}}}}}},
		`NOTIFY SET (SUBTREE a NONE) (MAILBOXES ("b c" d) (MessageExpunge MessageNew)) (SUBSCRIBED NONE)`: &NotifyArgs{Groups: []NotifyGroup{
			{Filter: "SUBTREE", Mailboxes: []string{"a"}},
			{Filter: "MAILBOXES", Mailboxes: []string{"b c", "d"}, Events: []string{"MessageExpunge", "MessageNew"}},
			{Filter: "SUBSCRIBED"}}},
		"NOTIFY SET (PERSONAL (FooBar ServerMetadataChange MailboxMetadataChange))": &NotifyArgs{Groups: []NotifyGroup{
			{Filter: "PERSONAL", Events: []string{"FooBar", "ServerMetadataChange", "MailboxMetadataChange"}}}},
	})
	refuses(t, map[string]string{
		"NOTIFY":                                   "missing",
		"NOTIFY FOO":                               "SET or NONE",
		"NOTIFY NONE x":                            "Too many arguments",
		"NOTIFY SET":                               "missing",
		"NOTIFY SET STATUS":                        "missing",
		"NOTIFY SET SELECTED":                      "parentheses",
		"NOTIFY SET (FOO NONE)":                    "Unknown mailbox filter FOO",
		"NOTIFY SET (SELECTED)":                    "space",
		"NOTIFY SET (SELECTED ())":                 "empty",
		"NOTIFY SET (SELECTED NONE":                "not closed",
		"NOTIFY SET (MAILBOXES () NONE)":           "empty",
		"NOTIFY SET (SELECTED (MessageNew))":       "go together",
		"NOTIFY SET (SELECTED (MessageExpunge))":   "go together",
		"NOTIFY SET (SELECTED (FlagChange))":       "need both",
		"NOTIFY SET (SELECTED (AnnotationChange))": "need both",
		"NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))": "Only for the selected",
		"NOTIFY SET (SELECTED (MessageNew () MessageExpunge))":    "empty",
		"NOTIFY SET (SELECTED (MessageNew (FOO) MessageExpunge))": "Unknown FETCH item FOO",
		"NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)":      "once",
	})
}
