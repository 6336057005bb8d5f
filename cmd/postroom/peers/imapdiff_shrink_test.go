package peers

import (
	"slices"
	"time"
)

const (
	shrinkTries   = 250
	shrinkTimeout = 40 * time.Second
)

// shrink takes steps out of a dialogue as long as two servers still disagree about it, and gives the shortest that it found
// with its first difference.
func shrink(left, right diffTarget, d diffDialogue, first difference, mail diffMail) (diffDialogue, difference) {
	d.steps = slices.Clone(d.steps)
	end := time.Now().Add(shrinkTimeout)
	if cut := (diffDialogue{title: d.title, steps: d.steps[:first.step+1]}); stillDiffers(left, right, cut, first, mail) {
		d = cut
	}
	tries := 0
	for size := len(d.steps) / 2; size >= 1; size /= 2 {
		for at := len(d.steps) - 1 - size; at >= 0; at -= size {
			if tries++; tries > shrinkTries || time.Now().After(end) {
				return d, first
			}
			shorter := diffDialogue{title: d.title, steps: slices.Delete(slices.Clone(d.steps), at, at+size)}
			a, b, err := bothSides(left, right, shorter, mail)
			if err != nil {
				continue
			}
			if list, _ := differences(a, b); len(list) > 0 && list[0].text == first.text {
				first = list[0]
				d.steps = shorter.steps[:first.step+1]
				at = min(at, len(d.steps)-1)
			}
		}
	}
	return d, first
}

func stillDiffers(left, right diffTarget, d diffDialogue, first difference, mail diffMail) bool {
	a, b, err := bothSides(left, right, d, mail)
	if err != nil {
		return false
	}
	list, _ := differences(a, b)
	return len(list) > 0 && list[0].text == first.text
}
