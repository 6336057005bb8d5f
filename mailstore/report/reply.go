package report

import "strings"

// findReply finds the reply of a server in text: its code (RFC 5321, 4.2) and enhanced status (RFC 3463), each zero if
// absent, and the offset at which it begins, or -1. A code must stand where a reply begins: before an enhanced status,
// at the beginning of a line, or behind a colon or "said"; "450" alone may be anything.
func findReply(text string) (code int, status string, at int) {
	at = -1
	bare, bareAt := "", -1
	previous := ":" // what precedes the word
	for pos := 0; pos < len(text); {
		start, end, newline := nextWord(text, pos)
		if start == end {
			break
		}
		if newline {
			previous = ":"
		}
		whole := text[start:end]
		word := strings.TrimLeft(whole, "<>(['\"#:=-,")
		start = end - len(word)
		pos = end
		if strings.HasPrefix(whole, ":") {
			previous = ":"
		}
		if len(word) >= 3 && isReplyCode(word[:3]) && (len(word) == 3 || strings.IndexByte("-:,#)]>'\"", word[3]) >= 0) {
			after := strings.TrimLeft(word[3:], "-:,#")
			follow := cleanStatus(after)
			if follow == "" {
				nextStart, nextEnd, _ := nextWord(text, pos)
				follow = cleanStatus(text[nextStart:nextEnd])
			}
			if follow != "" && follow[0] == word[0] || introduces(previous) {
				code, at = int(word[0]-'0')*100+int(word[1]-'0')*10+int(word[2]-'0'), start
				if follow == "" {
					follow = statusIn(text[end:])
				}
				return code, follow, at
			}
		}
		if s := cleanStatus(word); bare == "" && s != "" {
			bare, bareAt = s, start
		}
		previous = whole
	}
	return 0, bare, bareAt
}

// introduces tells whether a reply may follow a word.
func introduces(word string) bool {
	return strings.HasSuffix(word, ":") || strings.HasSuffix(word, ";") || strings.HasSuffix(word, "said") || strings.HasPrefix(word, "<<<")
}

// cutReply gives the part of text that is the reply at an offset: from its code on, and, if it stands in square
// brackets, up to their end. A status alone begins a reply only if more follows on its line.
func cutReply(text string, code, at int) string {
	if at < 0 {
		return text
	}
	reply := text[at:]
	line, _, _ := strings.Cut(reply, "\n")
	if code == 0 && len(line) < 12 {
		return text
	}
	if at > 0 && text[at-1] == '[' {
		if end := strings.IndexByte(reply, ']'); end >= 0 {
			reply = reply[:end]
		}
	}
	return reply
}

// statusIn finds the first enhanced status.
func statusIn(text string) string {
	for pos := 0; pos < len(text); {
		start, end, _ := nextWord(text, pos)
		if start == end {
			return ""
		}
		if s := cleanStatus(text[start:end]); s != "" {
			return s
		}
		pos = end
	}
	return ""
}

// nextWord gives the bounds of the next run without white space, and whether a line ends before it.
func nextWord(text string, pos int) (start, end int, newline bool) {
	for pos < len(text) && (text[pos] == ' ' || text[pos] == '\t' || text[pos] == '\n' || text[pos] == '\r') {
		newline = newline || text[pos] == '\n'
		pos++
	}
	start = pos
	for pos < len(text) && text[pos] != ' ' && text[pos] != '\t' && text[pos] != '\n' && text[pos] != '\r' {
		pos++
	}
	return start, pos, newline
}

func isReplyCode(s string) bool {
	return len(s) == 3 && (s[0] == '4' || s[0] == '5') && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '9'
}

// cleanStatus gives the enhanced status that s is, apart from punctuation around it, or "".
func cleanStatus(s string) string {
	s = strings.Trim(s, "<>()[]'\"#:;,.-=")
	if len(s) < 5 || len(s) > 9 || s[0] != '2' && s[0] != '4' && s[0] != '5' || s[1] != '.' {
		return ""
	}
	subject, detail, ok := strings.Cut(s[2:], ".")
	if !ok || !isNumber(subject) || !isNumber(detail) {
		return ""
	}
	return s
}

func isNumber(s string) bool {
	if len(s) == 0 || len(s) > 3 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
