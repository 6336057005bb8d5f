package peers

import (
	"regexp"
	"slices"
	"strings"
)

// acceptedDifference is something that we answer otherwise than Dovecot on purpose, wherever it comes. What differs in one
// place only is marked there, by its name. Each is explained in docs/imap-differences.md.
type acceptedDifference struct {
	name string
	// accept takes from both answers to a command what the difference explains.
	accept func(command string, theirs, ours []string) ([]string, []string)
}

var acceptedDifferences = []acceptedDifference{
	{"mailboxid", mailboxID},
	{"highestmodseq-always", highestModseqAlways},
	{"added-codes", addedCodes},
	{"clientbug", clientBug},
	{"recent-told", recentTold},
	{"list-attributes", listAttributes},
	{"store-echo", storeEcho},
	{"uid-always", uidAlways},
	{"unused-keyword", unusedKeyword},
	{"highestmodseq-told", highestModseqTold},
	{"copy-of-nothing", copyOfNothing},
	{"rename-twice-wrong", renameTwiceWrong},
	{"nil-part", nilPart},
	{"closing-boundary", closingBoundary},
}

// mailboxID: we have OBJECTID (RFC 8474).
func mailboxID(_ string, theirs, ours []string) ([]string, []string) {
	form := regexp.MustCompile(`^\* OK \(MAILBOXID \(mbx_[0-9a-z]{26}\)\)$`)
	ours = slices.DeleteFunc(slices.Clone(ours), form.MatchString)
	for i, line := range ours {
		if strings.HasPrefix(line, "tagged OK (MAILBOXID (mbx_") {
			ours[i] = "tagged OK"
		}
	}
	return theirs, ours
}

// highestModseqAlways: Dovecot begins to count changes of a mailbox when a client first asks for them.
func highestModseqAlways(_ string, theirs, ours []string) ([]string, []string) {
	const line = "* OK (HIGHESTMODSEQ "
	has := func(s string) bool { return strings.HasPrefix(s, line) }
	if !slices.ContainsFunc(theirs, has) {
		ours = slices.DeleteFunc(slices.Clone(ours), has)
	}
	return theirs, ours
}

// addedCodes: where Dovecot refuses without a code we may say more.
func addedCodes(_ string, theirs, ours []string) ([]string, []string) {
	n := len(ours) - 1
	if n < 0 || len(theirs) == 0 {
		return theirs, ours
	}
	for _, code := range []string{"NONEXISTENT", "CANNOT", "ALREADYEXISTS"} {
		if ours[n] == "tagged NO ("+code+")" && theirs[len(theirs)-1] == "tagged NO" {
			return theirs[:len(theirs)-1], ours[:n]
		}
	}
	return theirs, ours
}

// clientBug: Dovecot tells clients that they need not have asked.
func clientBug(_ string, theirs, ours []string) ([]string, []string) {
	n := len(theirs) - 1
	if n >= 0 && theirs[n] == "tagged OK (CLIENTBUG)" && slices.Contains(ours, "tagged OK") {
		theirs = append(theirs[:n:n], "tagged OK")
	}
	return theirs, ours
}

// recentTold: RECENT is of the past (RFC 9051, appendix E); outside of SELECT it may be told later, or not. If both tell it, it is the same.
func recentTold(command string, theirs, ours []string) ([]string, []string) {
	recent := regexp.MustCompile(`^\* \d+ RECENT$`).MatchString
	if command == "SELECT" || command == "EXAMINE" || slices.ContainsFunc(theirs, recent) == slices.ContainsFunc(ours, recent) {
		return theirs, ours
	}
	return slices.DeleteFunc(slices.Clone(theirs), recent), slices.DeleteFunc(slices.Clone(ours), recent)
}

// listAttributes: the children and the use of a mailbox are told in each LIST of ours, Dovecot tells them where they are asked for (RFC
// 5258, 4 and RFC 6154, 2 allow both), and the use also in LSUB.
func listAttributes(_ string, theirs, ours []string) ([]string, []string) {
	theirs, ours = slices.Clone(theirs), slices.Clone(ours)
	form := regexp.MustCompile(`^\* (LIST|LSUB) \((.*?)\) (.*)$`)
	free := strings.Fields(`\archive \drafts \haschildren \hasnochildren \junk \sent \trash`)
	byName := map[string]int{}
	for i, line := range theirs {
		if m := form.FindStringSubmatch(line); m != nil {
			byName[m[1]+m[3]] = i
		}
	}
	for i, line := range ours {
		m := form.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at, ok := byName[m[1]+m[3]]
		if !ok {
			continue
		}
		mine, other := strings.Fields(m[2]), strings.Fields(form.FindStringSubmatch(theirs[at])[2])
		if m[1] == "LSUB" {
			mine, other = other, mine
		}
		for _, gone := range []string{`\noselect`, `\nonexistent`} { // of a mailbox that was deleted and has children, Dovecot's list index forgets it
			if slices.Contains(mine, `\haschildren`) && slices.Contains(mine, gone) && !slices.Contains(other, gone) {
				other = append(other, gone)
			}
		}
		extra := slices.DeleteFunc(slices.Clone(mine), func(a string) bool { return slices.Contains(other, a) })
		less := slices.ContainsFunc(other, func(a string) bool { return !slices.Contains(mine, a) })
		if !less && !slices.ContainsFunc(extra, func(a string) bool { return !slices.Contains(free, a) }) {
			theirs[at], ours[i] = "* "+m[1]+" "+m[3], "* "+m[1]+" "+m[3]
		}
	}
	if len(byName) > 0 {
		slices.Sort(theirs)
		slices.Sort(ours)
	}
	return theirs, ours
}

// storeEcho: we answer STORE with the flags of each message that it names (RFC 9051, 6.4.6), Dovecot of each that it changed.
func storeEcho(command string, theirs, ours []string) ([]string, []string) {
	if command != "STORE" {
		return theirs, ours
	}
	fetch := regexp.MustCompile(`^\* \d+ FETCH `)
	return theirs, slices.DeleteFunc(slices.Clone(ours), func(line string) bool {
		about := fetch.FindString(line)
		return about != "" && !slices.ContainsFunc(theirs, func(t string) bool { return strings.HasPrefix(t, about) })
	})
}

// uidAlways: with QRESYNC on, each FETCH of ours has the UID (RFC 7162, 3.2.4, asks for it where nobody asked for the FETCH).
func uidAlways(_ string, theirs, ours []string) ([]string, []string) {
	uid := regexp.MustCompile(`^(\* \d+ FETCH \(.*) UID \d+\)$`)
	ours = slices.Clone(ours)
	for i, line := range ours {
		if short := uid.ReplaceAllString(line, "$1)"); short != line && !slices.Contains(theirs, line) && slices.Contains(theirs, short) {
			ours[i] = short
		}
	}
	return theirs, ours
}

// unusedKeyword: Dovecot tells of a keyword that was only named, by a SEARCH or by a STORE that changed nothing.
func unusedKeyword(_ string, theirs, ours []string) ([]string, []string) {
	flags := regexp.MustCompile(`^\* (FLAGS|OK \(PERMANENTFLAGS) `).MatchString
	fetch := regexp.MustCompile(`^\* \d+ FETCH `).MatchString
	if slices.ContainsFunc(ours, flags) || slices.ContainsFunc(theirs, fetch) {
		return theirs, ours
	}
	return slices.DeleteFunc(slices.Clone(theirs), flags), ours
}

// highestModseqTold: HIGHESTMODSEQ may be told after any news; after an EXPUNGE that tells of some it must (RFC 7162, 3.2.9).
func highestModseqTold(command string, theirs, ours []string) ([]string, []string) {
	const told = "OK (HIGHESTMODSEQ "
	tells := func(line string) bool { return strings.Contains(line, told) }
	expunged := func(line string) bool { return strings.HasPrefix(line, "* VANISHED") }
	if command == "SELECT" || command == "EXAMINE" || command == "EXPUNGE" && slices.ContainsFunc(theirs, expunged) ||
		slices.ContainsFunc(theirs, tells) == slices.ContainsFunc(ours, tells) {
		return theirs, ours
	}
	without := func(lines []string) []string {
		lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.HasPrefix(line, "* "+told) })
		for i, line := range lines {
			if strings.HasPrefix(line, "tagged "+told) {
				lines[i] = "tagged OK"
			}
		}
		return lines
	}
	return without(theirs), without(ours)
}

// copyOfNothing: to copy or move no message to a mailbox that is not there succeeds at Dovecot's.
func copyOfNothing(command string, theirs, ours []string) ([]string, []string) {
	if (command == "COPY" || command == "MOVE") && slices.Equal(theirs, []string{"tagged OK"}) && slices.Equal(ours, []string{"tagged NO (TRYCREATE)"}) {
		return nil, nil
	}
	return theirs, ours
}

// renameTwiceWrong: where the old name is not there and the new one is, either can be told.
func renameTwiceWrong(command string, theirs, ours []string) ([]string, []string) {
	if command == "RENAME" && slices.Equal(theirs, []string{"tagged NO (NONEXISTENT)"}) && slices.Equal(ours, []string{"tagged NO (ALREADYEXISTS)"}) {
		return nil, nil
	}
	return theirs, ours
}

// nilPart: a part that is not there is NIL to us and an empty string to Dovecot (RFC 9051, 7.5.2, nstring).
func nilPart(command string, theirs, ours []string) ([]string, []string) {
	if command != "FETCH" {
		return theirs, ours
	}
	part := regexp.MustCompile(`(?:BODY|BINARY)\[[0-9][^\]]*\](?:<\d+>)? NIL`)
	ours = slices.Clone(ours)
	for i, line := range ours {
		ours[i] = part.ReplaceAllStringFunc(line, func(item string) string {
			empty := strings.TrimSuffix(item, "NIL") + `""`
			if slices.ContainsFunc(theirs, func(t string) bool { return subject(t) == subject(line) && strings.Contains(t, empty) }) {
				return empty
			}
			return item
		})
	}
	return theirs, ours
}

// closingBoundary: the line end before a boundary belongs to the boundary (RFC 2046, 5.1.1); where a multipart ends within another,
// Dovecot takes it for a part of the inner one.
func closingBoundary(command string, theirs, ours []string) ([]string, []string) {
	if command != "FETCH" {
		return theirs, ours
	}
	short := func(lines []string) []string {
		lines = slices.Clone(lines)
		for i, line := range lines {
			lines[i] = strings.ReplaceAll(line, `--\r\n"`, `--"`)
		}
		return lines
	}
	if left, right := short(theirs), short(ours); slices.Equal(left, right) {
		return left, right
	}
	return theirs, ours
}

// accepted applies all of them.
func accepted(command string, theirs, ours []string) ([]string, []string) {
	for _, d := range acceptedDifferences {
		theirs, ours = d.accept(command, theirs, ours)
	}
	return theirs, ours
}
