package junk

import (
	"context"
	"fmt"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/tenancy"
)

// MaxReturns is how often a message, and what it was handed on as, may have left an inbox and still come back to it. Once happens to
// who writes to a mailing list; twice and three times to people who forward each other's mail.
const MaxReturns = 3

// InCircles tells which recipients' inboxes a message with this header has left more than MaxReturns times.
func InCircles(ctx context.Context, dir *tenancy.Directory, header []byte, to []mailstore.Recipient) (circles []bool, all bool, err error) {
	list := compose.Passages(header)
	circles, all = make([]bool, len(to)), true
	for i, r := range to {
		if r.Bounce == "" && !r.Report && len(list) > MaxReturns { // these have a place of their own
			n, err := dir.Passages(ctx, r.Inbox.ID(), list)
			if err != nil {
				return nil, false, fmt.Errorf("look for a loop: %w", err)
			}
			circles[i] = n > MaxReturns
		}
		all = all && circles[i]
	}
	return circles, all, nil
}

// PutAside puts a message aside for those recipients that it comes to in circles, while others get it.
func PutAside(e Evidence, circles []bool, to []mailstore.Recipient) {
	for i := range to {
		if circles[i] {
			e.aside(mailstore.ReasonInCircles, fmt.Sprintf("it has left this inbox more than %d times, and came back", MaxReturns)).Apply(&to[i])
		}
	}
}
