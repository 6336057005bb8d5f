package mailstore

import (
	"strings"

	"github.com/postroom/postroom/mailstore/query"
	"github.com/postroom/postroom/mailstore/words"
)

// condition of the index of words: match finds all messages that a part of a query may mean, and if it is exact no others.
type wordCondition struct {
	match string // a query of FTS5
	exact bool
}

var everything = wordCondition{matchMark(everyMark), false}

// anyWords are the columns that a phrase without a field is looked for in.
var anyWords = []wordColumn{fromWords, toWords, ccWords, bccWords, subjectWords, bodyWords, fileWords}

var fieldWords = map[query.Field][]wordColumn{
	query.Any: anyWords, query.From: {fromWords}, query.To: {toWords, ccWords, bccWords}, query.Cc: {ccWords}, query.Bcc: {bccWords},
	query.Subject: {subjectWords}, query.Filename: {fileWords},
}

// matchWords writes that a phrase stands in one of some columns.
func matchWords(columns []wordColumn, p words.Phrase) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(wordColumnNames[c])
	}
	b.WriteString(`} : "` + strings.Join(p.Tokens, " ") + `"`) // tokens hold no quotation mark
	if p.Prefix {
		b.WriteString(" *")
	}
	return b.String()
}

func matchMark(mark string) string { return `{marks} : "` + mark + `"` }

// wordConditionOf is what the index can say of a condition.
func wordConditionOf(n query.Node) wordCondition {
	switch n.Kind {
	case query.Text:
		return wordCondition{matchWords(fieldWords[n.Field], n.Phrase), true}
	case query.Attachment:
		return wordCondition{matchMark(attachmentMark), true}
	case query.And:
		return allOf(n.Nodes)
	case query.Or:
		return anyOf(n.Nodes)
	case query.Not:
		if c := wordConditionOf(n.Nodes[0]); c.exact {
			return wordCondition{"(" + matchMark(everyMark) + " NOT " + c.match + ")", true}
		}
	}
	return everything
}

func allOf(nodes []query.Node) wordCondition {
	var matches []string
	exact := true
	for _, n := range nodes {
		c := wordConditionOf(n)
		if exact = exact && c.exact; c != everything {
			matches = append(matches, c.match)
		}
	}
	if len(matches) == 0 {
		return wordCondition{everything.match, exact}
	}
	return wordCondition{"(" + strings.Join(matches, " AND ") + ")", exact}
}

func anyOf(nodes []query.Node) wordCondition {
	var matches []string
	exact := true
	for _, n := range nodes {
		c := wordConditionOf(n)
		if c == everything {
			return everything
		}
		exact = exact && c.exact
		matches = append(matches, c.match)
	}
	return wordCondition{"(" + strings.Join(matches, " OR ") + ")", exact}
}

// sqlOf writes a condition as SQL over a row r of word_rows and its message. What the index has said exactly is left out.
func sqlOf(n query.Node) (clause string, args []any) {
	if wordConditionOf(n).exact {
		return "", nil
	}
	if n.Kind != query.And {
		return wholeSQL(n)
	}
	var parts []string
	for _, child := range n.Nodes {
		if part, more := sqlOf(child); part != "" {
			parts, args = append(parts, part), append(args, more...)
		}
	}
	return strings.Join(parts, " AND "), args
}

// wholeSQL writes all of a condition as SQL.
func wholeSQL(n query.Node) (clause string, args []any) {
	switch n.Kind {
	case query.And:
		return joinSQL(n.Nodes, " AND ", "TRUE")
	case query.Or:
		return joinSQL(n.Nodes, " OR ", "FALSE")
	case query.Not:
		clause, args = wholeSQL(n.Nodes[0])
		return "NOT " + clause, args
	case query.Label:
		return labelClause(n.Value)
	case query.Mailbox:
		return inMailbox("b.name = ? COLLATE NOCASE"), []any{n.Value}
	case query.Thread:
		return "thread_id IN (SELECT ? UNION SELECT merged_into FROM threads WHERE id = ? AND merged_into <> '')", []any{n.Value, n.Value}
	case query.After:
		return "received_at >= ?", []any{n.Time.UnixMicro()}
	case query.Before:
		return "received_at < ?", []any{n.Time.UnixMicro()}
	}
	if n.Phrase.Prefix { // for which FTS5 reads all words with this beginning before it looks at rowid: once for all rows, then
		return "r.id IN (SELECT rowid FROM word_text WHERE word_text MATCH ?)", []any{wordConditionOf(n).match}
	}
	return "EXISTS (SELECT 1 FROM word_text WHERE word_text MATCH ? AND rowid = r.id)", []any{wordConditionOf(n).match}
}

func joinSQL(nodes []query.Node, word, none string) (clause string, args []any) {
	if len(nodes) == 0 {
		return none, nil
	}
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		part, more := wholeSQL(n)
		parts[i], args = part, append(args, more...)
	}
	return "(" + strings.Join(parts, word) + ")", args
}
