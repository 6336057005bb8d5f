package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/tenancy"
)

// place is what a list's cursor says: which list it continues, and behind what.
type place struct {
	List string `json:"l"`
	ID   string `json:"i"`
	At   int64  `json:"t,omitempty"` // microseconds since 1970
}

// listOf names a list of one workspace's things, so that its cursors are good there alone: of the caller's own workspace,
// or of the one that an operator means.
func listOf(g *tenancy.Grant, kind string, ws mailstore.WorkspaceID) string {
	return kind + ":" + string(cmp.Or(g.WorkspaceID(), ws))
}

var errCursor = fault.New(fault.Invalid, "invalid_cursor", "This cursor is not of this list; take one from nextCursor of the same list.").At("query.cursor")

const cursorPrefix = "lc_"

func (p place) String() string {
	b, _ := json.Marshal(p) // strings and a number always encode
	return cursorPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// parsePlace reads a cursor of the given list; the zero place for none.
func parsePlace(list, cursor string) (p place, err error) {
	if cursor == "" {
		return place{}, nil
	}
	if len(cursor) < len(cursorPrefix) || cursor[:len(cursorPrefix)] != cursorPrefix {
		return place{}, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor[len(cursorPrefix):])
	if err != nil || json.Unmarshal(b, &p) != nil || p.List != list || p.ID == "" {
		return place{}, errCursor
	}
	return p, nil
}

// after is the place in a list of messages or threads.
func (p place) after() *mailstore.Place {
	if p.ID == "" {
		return nil
	}
	return &mailstore.Place{At: time.UnixMicro(p.At), ID: p.ID}
}

// next is the cursor behind the last entry of a page; "" if it was the last page.
func next(list, id string) string {
	if id == "" {
		return ""
	}
	return place{List: list, ID: id}.String()
}

func nextPlace(list string, p *mailstore.Place) string {
	if p == nil {
		return ""
	}
	return place{List: list, ID: p.ID, At: p.At.UnixMicro()}.String()
}
