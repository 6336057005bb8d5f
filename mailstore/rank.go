package mailstore

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/postroom/postroom/mailstore/query"
)

// Limits and weights of a ranked search.
const (
	MaxRanked = 1000 // messages, the newest that the index finds, that are ranked; the others follow them by time

	rankedPhrases = 8           // of a query that count
	halfLife      = 30 * 86_400 // seconds in which what a message's age adds to its score halves
	ageless       = 0.25        // the part of the score that does not age
)

// fieldPoints are what a phrase is worth where it stands.
var fieldPoints = []struct {
	columns []wordColumn
	points  float64
}{{[]wordColumn{subjectWords}, 5}, {[]wordColumn{fromWords}, 4}, {[]wordColumn{fileWords}, 3}, {[]wordColumn{toWords, ccWords, bccWords}, 2}, {[]wordColumn{bodyWords}, 1}}

// scored tells whether the query has phrases by which hits can be ranked: a phrase with a field stands there in every hit.
func (f *finder) scored() bool {
	return slices.ContainsFunc(f.phrases, func(n query.Node) bool { return n.Field == query.Any })
}

// rankedPage is page, the best hits first. Which rows are ranked is settled by the first page, and a score depends on the
// message, the query and that alone, so the order stays what it was. It says nothing of mail of others.
func (f *finder) rankedPage() (*SearchPlace, error) {
	after := f.search.After
	if after != nil && after.Score < 0 {
		return f.behindRanked(*after)
	}
	top, bottom := f.to, f.from
	if after != nil {
		top, bottom = min(top, after.Top), max(bottom, after.Bottom)
	}
	rows, err := f.span(bottom, top)
	if err != nil {
		return nil, err
	}
	place := SearchPlace{Row: math.MaxInt64, Top: math.MaxInt64, Bottom: math.MaxInt64, Score: math.MaxInt64}
	switch {
	case after != nil:
		place = *after
	case len(rows) > 0:
		place.Top, place.Bottom = rows[0], rows[len(rows)-1]
	}
	scores, err := f.scores(rows, place.Top)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b int64) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(b, a)) })
	rows = slices.DeleteFunc(rows, func(row int64) bool {
		return scores[row] > place.Score || scores[row] == place.Score && row >= place.Row
	})
	for chunk := range slices.Chunk(rows, searchStep) {
		last, more, err := f.take(chunk)
		if err != nil {
			return nil, err
		}
		if more {
			return &SearchPlace{Row: last, Top: place.Top, Bottom: place.Bottom, Score: scores[last]}, nil
		}
	}
	place.Row, place.Score = place.Bottom, -1
	return f.behindRanked(place)
}

// behindRanked goes on with the rows that are not ranked, behind the one of the place.
func (f *finder) behindRanked(place SearchPlace) (*SearchPlace, error) {
	ranked := len(f.rows)
	last, more, err := f.newest(min(f.to, place.Row-1))
	if err != nil || !more {
		return nil, err
	}
	if ranked < f.limit { // else the page was full before
		place.Row = last
	}
	return &place, nil
}

// span gives the rows that are ranked, the newest first: of the first page as many as there may be, and then what is left of
// them and has come among them.
func (f *finder) span(from, to int64) (rows []int64, err error) {
	most := MaxRanked
	if f.search.After != nil {
		most = f.most
	}
	err = f.candidates(from, to, func(row int64) error {
		if rows = append(rows, row); len(rows) == most {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

// scores rates rows by where the phrases stand and how old they are beside the newest.
func (f *finder) scores(rows []int64, newest int64) (map[int64]int64, error) {
	points := make(map[int64]float64, len(rows))
	if len(rows) == 0 {
		return nil, nil
	}
	var phrases []query.Node
	for _, n := range f.phrases {
		if n.Field == query.Any && len(phrases) < rankedPhrases {
			phrases = append(phrases, n)
		}
	}
	for _, n := range phrases {
		for _, field := range fieldPoints {
			found, err := f.matching(matchWords(field.columns, n.Phrase), rows[len(rows)-1], rows[0], MaxSearchSteps)
			if err != nil {
				return nil, err
			}
			for _, row := range found {
				points[row] += field.points / float64(len(phrases))
			}
		}
	}
	scores := make(map[int64]int64, len(rows))
	for _, row := range rows {
		age := float64(newest-row) / rowsPerSecond
		scores[row] = int64(1e6 * points[row] * (ageless + (1-ageless)*math.Exp2(-age/halfLife)))
	}
	return scores, nil
}

func encodeRows(rows []int64) string {
	b, _ := json.Marshal(rows) // numbers always encode
	return string(b)
}
