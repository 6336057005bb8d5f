package report

import (
	"slices"
	"strings"
)

// recipient has the fields of RFC 3464, 2.3, of one recipient, as written.
type recipient struct {
	final, original, actual, action, status, diagnostic, remote string
}

func (r *recipient) named() bool { return r.final != "" || r.original != "" }

// parseStatus reads per-recipient fields. It does not need the blank lines that should separate them: a field that
// comes a second time begins the next recipient. Other lines are skipped, so that fields within a text are found too.
func parseStatus(text string) []recipient {
	var list []recipient
	var r recipient
	var last *string
	emit := func() {
		if r.named() && len(list) < MaxFailures {
			list = append(list, r)
		}
		r, last = recipient{}, nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			emit()
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last != nil && len(*last) < maxField {
				*last += " " + strings.TrimSpace(clip(line, maxField))
			}
			continue
		}
		name, value, ok := strings.Cut(clip(line, maxField), ":")
		last = nil
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "final-recipient":
			last = &r.final
		case "original-recipient":
			last = &r.original
		case "x-actual-recipient":
			last = &r.actual
		case "action":
			last = &r.action
		case "status":
			last = &r.status
		case "diagnostic-code":
			last = &r.diagnostic
		case "remote-mta":
			last = &r.remote
		default:
			continue
		}
		if *last != "" {
			keep := last
			emit()
			last = keep
		}
		*last = strings.TrimSpace(value)
	}
	emit()
	return list
}

// typed takes the type off a value: "rfc822; a@b", "smtp; 550 no".
func typed(value string) (kind, rest string) {
	kind, rest, ok := strings.Cut(value, ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); !ok || strings.ContainsAny(kind, " <@") {
		return "", strings.TrimSpace(value)
	}
	return kind, strings.TrimSpace(rest)
}

func typedAddress(value string) string {
	_, address := typed(value)
	return cleanAddress(address)
}

// statusFailures reads the recipients of delivery-status parts, and completes them from the text.
func (m *mail) statusFailures(texts []string) []Failure {
	var failures []Failure
	for _, text := range texts {
		for _, r := range parseStatus(text) {
			if f, ok := m.statusFailure(&r); ok && len(failures) < MaxFailures {
				failures = append(failures, f)
			}
		}
	}
	return m.complete(failures)
}

func (m *mail) statusFailure(r *recipient) (Failure, bool) {
	f := Failure{Action: statusAction(r)}
	// Where an alias was expanded, Postfix puts the alias into Original-Recipient and what it became into
	// Final-Recipient, and sendmail puts the alias into Final-Recipient and the other into X-Actual-Recipient.
	original, final, actual := typedAddress(r.original), typedAddress(r.final), typedAddress(r.actual)
	f.Recipient, f.Final = final, final
	if original != "" {
		f.Recipient = original
	}
	if actual != "" {
		f.Final = actual
	}
	if f.Final == "" {
		f.Final = f.Recipient
	}
	_, diagnostic := typed(r.diagnostic)
	status, comment, _ := strings.Cut(r.status, " ")
	f.Status = cleanStatus(status)
	if diagnostic == "" {
		diagnostic = strings.Trim(comment, " ()")
	}
	f.Diagnostic = oneLine(diagnostic, MaxDiagnostic)
	_, remote := typed(r.remote)
	if i := strings.IndexAny(remote, " ("); i >= 0 {
		remote = remote[:i]
	}
	f.RemoteMTA = strings.TrimRight(oneLine(strings.Trim(remote, "[]"), maxAddress), ".")
	return f, f.Recipient != "" || r.named()
}

// statusAction gives the action (RFC 3464, 2.3.3) in one of its five words.
func statusAction(r *recipient) string {
	action := strings.ToLower(r.action)
	if i := strings.IndexAny(action, " ;("); i >= 0 {
		action = action[:i]
	}
	switch action {
	case "failed", "delayed", "delivered", "relayed", "expanded":
		return action
	case "deliverable": // Postfix, of an address that it was asked to verify
		return "delivered"
	case "":
		if strings.HasPrefix(r.status, "2") {
			return "delivered"
		}
	}
	return "failed"
}

// complete names the recipients that the fields do not name, finds what was said of each, and judges it. Those that
// nothing names are dropped.
func (m *mail) complete(failures []Failure) []Failure {
	if len(failures) == 0 {
		return nil
	}
	found := m.findCandidates()
	unnamed := m.namesBeside(failures, found)
	for i := range failures {
		f := &failures[i]
		if f.Recipient == "" && len(unnamed) > 0 {
			f.Recipient, unnamed = unnamed[0], unnamed[1:]
		}
		if f.Final == "" {
			f.Final = f.Recipient
		}
		text := f.Diagnostic
		code, status, _ := findReply(text)
		if said := saidOf(found, f); code == 0 && said != "" {
			if textCode, textStatus, at := findReply(said); textCode != 0 || f.Diagnostic == "" {
				code, status = textCode, textStatus
				said = cutReply(said, code, at)
				text = said
				if f.Diagnostic == "" || textCode != 0 {
					f.Diagnostic = oneLine(said, MaxDiagnostic)
				}
			}
		}
		f.Code = code
		if status != "" {
			f.Status = status
		}
		m.judge(f, text, len(failures) == 1)
	}
	return slices.DeleteFunc(failures, func(f Failure) bool { return f.Recipient == "" })
}

// judge sets Reason and Hard by what was said of a recipient, or, where that tells nothing and the recipient is the
// only one, by the whole text.
func (m *mail) judge(f *Failure, text string, only bool) {
	f.Reason, f.Hard = Other, false
	if f.Action != "failed" && f.Action != "delayed" {
		return
	}
	if only && strings.TrimSpace(text) == "" {
		text = m.notice()
	}
	f.Reason, f.Hard = Classify(f.Code, f.Status, text)
	// What sendmail says of itself below the reply that it got tells nothing.
	vague := f.Code == 0 || strings.Contains(normalize(text), " service unavailable ")
	if _, told := judgeText(text); only && vague && !told && f.Reason == Other {
		if found, ok := judgeText(m.notice()); ok {
			f.Reason, f.Hard = found.reason, found.hard(f.Code, f.Status)
		}
	}
	if f.Action == "delayed" {
		f.Hard = false
	}
}
