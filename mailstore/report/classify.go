package report

import "strings"

const maxJudged = 4 << 10 // octets of a text that are searched for phrases

// Classify judges the reply of a server, or what a bounce says: code is the SMTP reply code or 0, status the enhanced
// status code or "", text the rest. The words of the text count most, as servers put many things into one code, then
// the status, then the code. Hard says that trying again with this message is of no use (see Failure.Hard): refused
// for good, and not for a reason that passes, such as a full mailbox, a reputation, a rate or the network.
func Classify(code int, status, text string) (reason Reason, hard bool) {
	status = cleanStatus(status)
	ruling := judgement{reason: Other}
	if strong, ok := strongStatuses[detail(status)]; ok {
		ruling.reason = strong
	} else if found, ok := judgeText(text); ok {
		ruling = found
	} else if found, ok := judgeStatus(status); ok {
		ruling = found
	} else if found, ok := codes[code]; ok {
		ruling = found
	}
	if ruling.reason == Policy && detail(status) == "4.1" && strings.Contains(normalize(text), " access denied ") {
		ruling.reason = UserUnknown // Exchange Online refuses so what its directory does not have
	}
	return ruling.reason, ruling.hard(code, status)
}

// judgement is a reason, and when it is final.
type judgement struct {
	reason Reason
	when   finality
}

type finality int

const (
	byCode finality = iota // if the code is 5xx
	always                 // but for a code of 4xx: some bounces have no code, and a status that says nothing, for what will not change
	never
)

// hard decides by the code, else by the status. Where there is neither, what names a fault of the address or the
// content is believed.
func (j judgement) hard(code int, status string) bool {
	switch j.reason {
	case MailboxFull, Blocked, RateLimited, NetworkError, Expired, Feedback, Vacation:
		return false
	}
	switch {
	case j.when == never, code >= 400 && code < 500:
		return false
	case j.when == always:
		return true
	case code >= 400:
		return code >= 500
	case status != "":
		return status[0] == '5'
	}
	return j.reason == UserUnknown || j.reason == Content
}

func judgeText(text string) (judgement, bool) {
	text = normalize(text)
	if len(text) < 3 {
		return judgement{}, false
	}
	for i := range phrases {
		for _, phrase := range phrases[i].words {
			if matches(text, phrase) {
				return phrases[i].judgement, true
			}
		}
	}
	return judgement{}, false
}

// matches tells whether the pieces of a phrase, which are separated by stars, occur one after the other.
func matches(text, phrase string) bool {
	for {
		piece, rest, more := strings.Cut(phrase, "*")
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		if !more {
			return true
		}
		text, phrase = text[i+len(piece):], rest
	}
}

// normalize makes text comparable: lower case, without punctuation, addresses, links, reply codes (which servers
// repeat on each line) and enhanced codes; one space between words, and around all.
func normalize(text string) string {
	text = strings.ToLower(clip(text, maxJudged))
	var out strings.Builder
	out.Grow(len(text) + 2)
	out.WriteByte(' ')
	for pos := 0; pos < len(text); {
		start, end, _ := nextWord(text, pos)
		word := text[start:end]
		pos = end
		if isNoise(word) {
			continue
		}
		before := out.Len()
		for _, r := range word {
			switch {
			case r == '’':
				out.WriteByte('\'')
			case strings.ContainsRune(",;:()[]{}<>\"!?*|#`", r):
				if out.Len() > before {
					out.WriteByte(' ')
					before = out.Len()
				}
			default:
				out.WriteRune(r)
			}
		}
		if out.Len() > before {
			out.WriteByte(' ')
		}
	}
	return sentenceEnds.Replace(out.String())
}

var sentenceEnds = strings.NewReplacer("... ", " ", ". ", " ", " '", " ", "' ", " ")

func isNoise(word string) bool {
	if strings.Contains(word, "@") || strings.Contains(word, "://") || cleanStatus(word) != "" {
		return true
	}
	if len(word) >= 3 && isReplyCode(word[:3]) {
		rest := strings.Trim(word[3:], "-:,.")
		return rest == "" || cleanStatus(rest) != ""
	}
	return false
}

// detail is a status without its class: "1.1" of "5.1.1".
func detail(status string) string {
	if len(status) < 5 {
		return ""
	}
	return status[2:]
}

// judgeStatus reads an enhanced status as RFC 3463 and its registry define it.
func judgeStatus(status string) (judgement, bool) {
	d := detail(status)
	if j, ok := statuses[d]; ok {
		if d == "4.4" && status[0] == '5' {
			return judgement{reason: UserUnknown}, true // there is no way to route to the domain
		}
		return j, true
	}
	subject, number, _ := strings.Cut(d, ".")
	switch {
	case subject == "6":
		return judgement{reason: Content}, true
	case subject == "7" && len(number) == 3 && (number[0] == '6' || number[0] == '7'):
		return judgement{reason: Blocked}, true // Exchange Online
	case subject == "7":
		return judgement{reason: Policy}, true
	case subject == "4":
		return judgement{reason: NetworkError}, true
	case subject == "1" && number != "0":
		return judgement{reason: UserUnknown}, true
	}
	return judgement{}, false
}
