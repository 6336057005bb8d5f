// Package query reads what somebody looks for in mail: words, phrases in quotes, beginnings of words (invoi*), operators
// (from:ann, is:unread, before:2026-05-01), OR, parentheses, and a minus sign for what must not be.
//
// It is pure: text in, a tree out. It knows no index and no mail; who searches decides what each kind of condition means
// there. Time is linear in the text, and the tree is bounded by the limits below.
package query

import (
	"time"

	"github.com/postroom/postroom/mailstore/words"
)

// Limits of a query. What is beyond them is refused.
const (
	MaxLength = 2048 // octets
	MaxTerms  = 32   // conditions
	MaxDepth  = 8    // parentheses within parentheses
	MinPrefix = 2    // letters before a *, but in scripts without spaces, where each character counts
)

// Kind is what a condition asks.
type Kind uint8

const (
	And        Kind = iota // all of Nodes; without any it is always true
	Or                     // one of Nodes, of which there are two or more
	Not                    // not the one of Nodes
	Text                   // Phrase stands in Field
	Attachment             // something is attached
	Label                  // it bears the label Value, lower case
	Mailbox                // it lies in the mailbox Value, whatever the case
	Thread                 // it belongs to the thread Value
	After                  // it was received at Time or later
	Before                 // it was received before Time
)

// Field is where a phrase is looked for.
type Field uint8

const (
	Any Field = iota // all of the others
	From
	To // To, Cc, Bcc and the envelope recipient
	Cc
	Bcc
	Subject
	Filename // of an attachment
)

// Node is a condition.
type Node struct {
	Kind   Kind
	Nodes  []Node
	Field  Field
	Phrase words.Phrase
	Value  string
	Time   time.Time
}

// Query is what is looked for.
type Query struct {
	Root  Node
	Aside bool // it says itself where to look, by in: or by the label of such a place, so Trash and Junk are not left out
}

// Phrases are those that a message may have because they are looked for, with their fields; not those that it must not
// have.
func (q Query) Phrases() (list []Node) {
	var collect func(Node)
	collect = func(n Node) {
		switch n.Kind {
		case Text:
			list = append(list, n)
		case And, Or:
			for _, child := range n.Nodes {
				collect(child)
			}
		}
	}
	collect(q.Root)
	return list
}
