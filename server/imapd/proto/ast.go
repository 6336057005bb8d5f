// Package proto is the grammar of IMAP (RFC 9051, RFC 3501 and the extensions that imapd serves): a command's octets in,
// a value out, and the forms in which a server writes names, strings and sets.
//
// It is pure: it knows no connection, no mailbox and no message. Who reads the octets of a command together (a line, its
// literals, the rest) bounds them; nothing here allocates more than a small multiple of what it is given.
package proto

import "time"

// Command is one command of a client.
type Command struct {
	Tag  string
	Name string // upper case, without the prefix UID: "FETCH"
	UID  bool   // it was written with the prefix UID
	Args any    // a pointer to one of the types below; nil for a command without arguments
}

// Range is a part of a set: First <= Last, unless one of them is Star. Star stands for "*".
type Range struct{ First, Last uint32 }

// Star is "*" in a Range: the largest number that there is.
const Star uint32 = 0

// Set is a sequence set as written (RFC 9051, sequence-set).
type Set struct {
	Ranges []Range
	Saved  bool // "$": what the last SEARCH saved (RFC 5182)
}

// IDArgs are the fields of ID (RFC 2971), in the order given; nil for NIL.
type IDArgs struct{ Fields [][2]string }

// LoginArgs are those of LOGIN.
type LoginArgs struct{ User, Password string }

// AuthenticateArgs are those of AUTHENTICATE. Initial is the decoded initial response of SASL-IR, nil if none was sent
// ("=" is an empty one, which is not nil).
type AuthenticateArgs struct {
	Mechanism string // upper case
	Initial   []byte
}

// EnableArgs are the capabilities of ENABLE, upper case.
type EnableArgs struct{ Capabilities []string }

// SelectArgs are those of SELECT and EXAMINE.
type SelectArgs struct {
	Mailbox   string // as written: see DecodeMailbox
	Condstore bool
	QResync   *QResync
}

// QResync is what a client knows of a mailbox (RFC 7162, 3.2.5).
type QResync struct {
	UIDValidity uint32
	Modseq      uint64
	Known       *Set // UIDs; nil if not given
	MatchSeq    *Set // message numbers and their UIDs; nil if not given
	MatchUID    *Set
}

// MailboxArgs are those of commands with one mailbox name: DELETE, SUBSCRIBE, UNSUBSCRIBE, GETQUOTAROOT.
type MailboxArgs struct{ Mailbox string }

// CreateArgs are those of CREATE (RFC 6154, 3).
type CreateArgs struct {
	Mailbox string
	Use     []string // special uses, as written, with their backslash
}

// RenameArgs are those of RENAME.
type RenameArgs struct{ From, To string }

// MaxPatterns is how many patterns one LIST has.
const MaxPatterns = 20

// ListArgs are those of LIST, LSUB and XLIST (RFC 5258, RFC 5819).
type ListArgs struct {
	Extended                                                          bool // selection options, several patterns or return options were given
	SelectSubscribed, SelectRemote, SelectRecursive, SelectSpecialUse bool
	Reference                                                         string
	Patterns                                                          []string
	ReturnSubscribed, ReturnChildren, ReturnSpecialUse                bool
	ReturnStatus                                                      []string // status items, upper case; nil: none
}

// StatusArgs are those of STATUS. Items are upper case: "MESSAGES".
type StatusArgs struct {
	Mailbox string
	Items   []string
}

// AppendArgs are what precedes a message's literal in APPEND and REPLACE; see ParseAppend.
type AppendArgs struct {
	Mailbox string    // of the first message; empty for those that follow (MULTIAPPEND)
	Number  uint32    // REPLACE only: the message that is replaced, Star for "*"
	Flags   []string  // as written
	Date    time.Time // zero if not given
	Size    int64
	Binary  bool // literal8
	UTF8    bool // UTF8 (~{n} … ) of RFC 6855: a closing parenthesis follows the literal
	NonSync bool // the client does not wait for a continuation
}

// QuotaArgs are those of GETQUOTA and SETQUOTA.
type QuotaArgs struct {
	Root   string
	Limits []QuotaLimit // SETQUOTA only
}

// QuotaLimit is a resource and its limit.
type QuotaLimit struct {
	Resource string // upper case
	Limit    uint64
}

// UIDExpungeArgs are those of UID EXPUNGE.
type UIDExpungeArgs struct{ Set Set }

// CopyArgs are those of COPY and MOVE.
type CopyArgs struct {
	Set     Set
	Mailbox string
}

// StoreArgs are those of STORE.
type StoreArgs struct {
	Set               Set
	UnchangedSince    uint64
	HasUnchangedSince bool
	Op                StoreOp
	Silent            bool
	Flags             []string // as written, each once
}

// StoreOp says what STORE does with the flags.
type StoreOp uint8

const (
	StoreReplace StoreOp = iota
	StoreAdd
	StoreRemove
)

// FetchArgs are those of FETCH.
type FetchArgs struct {
	Set             Set
	Items           []FetchItem // macros are spelled out, each item once, in the order given
	ChangedSince    uint64
	HasChangedSince bool
	Vanished        bool
}

// Bounds of the items of one FETCH.
const (
	MaxFetchItems    = 1000
	MaxFetchBinaries = 50 // BINARY and BINARY.SIZE, for each of which a part is decoded
)

// FetchItem is one thing that FETCH asks for.
type FetchItem struct {
	Kind    FetchKind
	Peek    bool     // does not set \Seen: .PEEK, and RFC822.PEEK and RFC822.HEADER
	Section Section  // of BODY[], BINARY[] and BINARY.SIZE[]
	Partial *Partial // of BODY[] and BINARY[]
}

// FetchKind is the kind of a FetchItem.
type FetchKind uint8

const (
	FetchUID FetchKind = iota
	FetchFlags
	FetchInternalDate
	FetchSize      // RFC822.SIZE
	FetchEnvelope  // ENVELOPE
	FetchBodyBasic // BODY without brackets
	FetchStructure // BODYSTRUCTURE
	FetchBody      // BODY[…]
	FetchRFC822    // RFC822: the whole message
	FetchRFC822Header
	FetchRFC822Text
	FetchBinary     // BINARY[…] (RFC 3516)
	FetchBinarySize // BINARY.SIZE[…]
	FetchModseq     // RFC 7162
	FetchEmailID    // RFC 8474
	FetchThreadID
	FetchSaveDate // RFC 8514
	FetchPreview  // RFC 8970
	FetchPreviewLazy
)

// Partial is <offset.length>; the length is at least 1.
type Partial struct{ Offset, Length int64 }

// Section is what stands in the brackets of BODY[…].
type Section struct {
	Part   []uint32 // "1.2"; empty for the message itself
	What   SectionWhat
	Fields []string // of HEADER.FIELDS and HEADER.FIELDS.NOT, as written
}

// SectionWhat is the text part of a section.
type SectionWhat uint8

const (
	SectionAll SectionWhat = iota
	SectionHeader
	SectionHeaderFields
	SectionHeaderFieldsNot
	SectionText
	SectionMIME
)

// SearchArgs are those of SEARCH.
type SearchArgs struct {
	Return  *SearchReturn // nil: the untagged SEARCH of old
	Charset string        // upper case, "" if not given
	Key     *SearchKey    // an And of all keys
}

// SearchReturn is what RETURN asks for (RFC 9051, 6.4.4; RFC 5182; RFC 9394). "RETURN ()" is All.
type SearchReturn struct {
	Min, Max, All, Count, Save bool
	Partial                    *PartialRange
}

// PartialRange is PARTIAL: results First to Last, counted from the start, or from the end if FromEnd.
type PartialRange struct {
	First, Last uint32 // 1 <= First <= Last
	FromEnd     bool   // written with minus signs
}

// SearchKey is a node of a search. Its tree is at most MaxSearchDepth deep.
type SearchKey struct {
	Op    SearchOp
	Keys  []*SearchKey // And: any number; Or: two; Not: one
	Set   Set          // SearchSeq, SearchUID
	Text  string       // what is looked for, as the client wrote it (in Charset); the keyword, for SearchKeyword; the id, for SearchEmailID and SearchThreadID
	Field string       // SearchHeader: the field's name, as written
	Date  time.Time    // midnight of the date, UTC
	N     uint64       // SearchLarger, SearchSmaller: octets; SearchOlder, SearchYounger: seconds; SearchModseq
}

// Bounds of a search.
const (
	MaxSearchDepth = 100    // how deep keys may be nested
	MaxSearchKeys  = 50_000 // keys; numbers and UIDs go into sets, of which each is one key
	MaxSearchTexts = 500    // keys that look for text; HEADER, of which some clients send long lists of Message-IDs, is none
)

// SearchOp is the kind of a SearchKey.
type SearchOp uint8

const (
	SearchAnd SearchOp = iota
	SearchOr
	SearchNot
	SearchAll
	SearchSeq
	SearchUID
	SearchAnswered // UNANSWERED and the like are Not of these
	SearchDeleted
	SearchDraft
	SearchFlagged
	SearchSeen
	SearchRecent // NEW is And of Recent and Not Seen, OLD is Not Recent
	SearchKeyword
	SearchBefore // internal date
	SearchOn
	SearchSince
	SearchSentBefore // Date field
	SearchSentOn
	SearchSentSince
	SearchSavedBefore // RFC 8514
	SearchSavedOn
	SearchSavedSince
	SearchSaveDateSupported
	SearchLarger
	SearchSmaller
	SearchOlder // RFC 5032
	SearchYounger
	SearchFrom
	SearchTo
	SearchCc
	SearchBcc
	SearchSubject
	SearchHeader
	SearchBody
	SearchText
	SearchModseq
	SearchEmailID // RFC 8474
	SearchThreadID
)

// SortArgs are those of SORT (RFC 5256, RFC 5267).
type SortArgs struct {
	Return  *SearchReturn
	Keys    []SortKey
	Charset string
	Search  *SearchKey
}

// SortKey is one criterion of SORT.
type SortKey struct {
	By      SortBy
	Reverse bool
}

// SortBy is what SORT goes by.
type SortBy uint8

const (
	SortArrival SortBy = iota
	SortCc
	SortDate
	SortFrom
	SortSize
	SortSubject
	SortTo
	SortDisplayFrom // RFC 5957
	SortDisplayTo
)

// ThreadArgs are those of THREAD (RFC 5256).
type ThreadArgs struct {
	Algorithm string // upper case: "REFERENCES"
	Charset   string
	Search    *SearchKey
}

// CompressArgs are those of COMPRESS.
type CompressArgs struct{ Mechanism string } // upper case

// NotifyArgs are those of NOTIFY (RFC 5465). Without groups it is NOTIFY NONE.
type NotifyArgs struct {
	Status bool
	Groups []NotifyGroup
}

// NotifyGroup is one event group.
type NotifyGroup struct {
	Filter    string      // upper case: "SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED", "SUBTREE", "MAILBOXES"
	Mailboxes []string    // of SUBTREE and MAILBOXES, as written
	Events    []string    // as written in the RFC: "MessageNew"; nil for NONE
	Fetch     []FetchItem // of MessageNew
}
