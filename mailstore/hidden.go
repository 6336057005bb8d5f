package mailstore

// hides is the condition under which a message is hidden with a label. Of what lies in Junk, spam hides only what is there for no
// reason that has a label of its own.
func hides(label string) (string, []any) {
	clause, args := labelClause(label)
	if label != LabelSpam {
		return clause, args
	}
	for _, reason := range []string{LabelBlocked, LabelUnauthenticated} {
		other, more := labelClause(reason)
		clause, args = clause+" AND NOT "+other, append(args, more...)
	}
	return "(" + clause + ")", args
}
