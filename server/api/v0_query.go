package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxV0Values bounds a list in a query.
const maxV0Values = 100

// v0Query is what a query says. What cannot be read is noted, and told by err.
type v0Query struct {
	values url.Values
	wrong  mistakes
}

// parseV0Query reads a query that may hold the names that are known.
func parseV0Query(raw string, known []string) (*v0Query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errQuery("", "The query cannot be decoded; percent-encode what is special in it.")
	}
	for name, list := range values {
		switch text := strings.Join(list, ""); {
		case !slices.Contains(known, name):
			return nil, errQuery(name, "There is no such parameter.")
		case !utf8.ValidString(name+text) || strings.ContainsRune(text, 0):
			return nil, errQuery(name, "A value is UTF-8 without the character U+0000.")
		}
	}
	return &v0Query{values: values}, nil
}

// err tells all that could not be read.
func (q *v0Query) err() error { return q.wrong.err() }

// list gives a list however it is written: TypeScript writes one JSON string, Python the name again for each value, and people one value.
func (q *v0Query) list(name string) (all []string) {
	for _, v := range q.values[name] {
		var several []string
		if strings.HasPrefix(v, "[") && json.Unmarshal([]byte(v), &several) == nil {
			all = append(all, several...)
		} else {
			all = append(all, v)
		}
	}
	if len(all) > maxV0Values {
		q.wrong.add("query."+name, "At most %d values.", maxV0Values)
		return nil
	}
	for _, v := range all {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			q.wrong.add("query."+name, "A value is UTF-8 without the character U+0000.")
		}
	}
	return all
}

// text gives one value; "" for none.
func (q *v0Query) text(name string) string {
	if len(q.values[name]) > 1 {
		q.wrong.add("query."+name, "Give it once.")
	}
	return q.values.Get(name)
}

func (q *v0Query) flag(name string) bool {
	switch v := q.text(name); strings.ToLower(v) { // Python's True
	case "true":
		return true
	case "", "false":
	default:
		q.wrong.add("query."+name, "This is true or false.")
	}
	return false
}

func (q *v0Query) time(name string) (t time.Time) {
	v := q.text(name)
	if v == "" {
		return t
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		q.wrong.add("query."+name, "This is a time as in RFC 3339.")
	}
	return t
}

// number gives a whole number from 1 to most; byDefault for none. A larger one is most.
func (q *v0Query) number(name string, byDefault, most int) int {
	v := q.text(name)
	if v == "" {
		return byDefault
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil || n == 0 {
		q.wrong.add("query."+name, "This is a whole number from 1 on.")
	}
	return int(min(n, uint64(most)))
}

// v0Paged are the names of a list's query.
const v0Paged = "limit page_token ascending "

// v0Page is how a list is asked for.
type v0Page struct {
	limit       int
	list        string // which list it is, so that a token is good there alone
	at          place
	oldestFirst bool
}

// page reads how a list is asked for. A token is good for the same order only.
func (v *v0Request) page(list string) (p v0Page, err error) {
	p = v0Page{limit: v.query.number("limit", DefaultLimit, MaxLimit), oldestFirst: v.query.flag("ascending")}
	if p.list = fmt.Sprintf("v0:%s:%s", list, v.path["pod"]); p.oldestFirst {
		p.list += ":ascending"
	}
	if err = v.query.err(); err == nil {
		p.at, err = parsePlace(p.list, v.query.text("page_token"))
	}
	return p, err
}

// v0Counted is what every list answers beside its entries.
type v0Counted struct {
	Count         int    `json:"count"`
	Limit         int    `json:"limit"`
	NextPageToken string `json:"next_page_token,omitempty"`
}

func (p v0Page) counted(count int, token string) v0Counted { return v0Counted{count, p.limit, token} }

// words gives what is searched for.
func (q *v0Query) words(name string) string {
	v := strings.TrimSpace(q.text(name))
	if n := utf8.RuneCountInString(v); n < minV0Search || n > maxV0Search {
		q.wrong.add("query."+name, "What is searched for has %d to %d characters.", minV0Search, maxV0Search)
	}
	return v
}

// Characters of what is searched for.
const (
	minV0Search = 2
	maxV0Search = 256
)
