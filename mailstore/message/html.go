package message

import "github.com/postroom/postroom/mailstore/sight"

const maxText = 1 << 20 // octets that TextOf gives

// TextOf gives the readable text of an HTML document as sight.Text does: what a person sees of it. At most 1 MiB, of the
// first sight.MaxDocument octets. Linear.
func TextOf(document string) string {
	text, _ := sight.Text(document, maxText)
	return text
}
