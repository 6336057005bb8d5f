package compose

import "strings"

// PassageField is the field that a message gets each time it leaves an inbox, so that the inbox knows it when it comes back. The
// newest one is in front.
const PassageField = "Postroom-Trace"

// SimulatedField is the field of a message that was simulated, with the name of its scenario. It is taken out of what comes in by SMTP and of
// what leaves, so that nobody outside can write it.
const SimulatedField = "Postroom-Simulated"

const simulatedLower = "postroom-simulated"

// MaxPassages bounds how many passages of a message are looked at, and handed on with a forward.
const MaxPassages = 50

// Passages gives the values of a header's Postroom-Trace fields in their order, the first MaxPassages. Those that are longer than
// any that we write are left out.
func Passages(header []byte) (list []string) {
	const longest = 64
	for f := range fields(header) {
		if !f.is("postroom-trace") {
			continue
		}
		_, value, _ := strings.Cut(string(f.lines), ":")
		if value = strings.TrimSpace(value); value != "" && len(value) <= longest && isPrintableASCII(value) && !strings.Contains(value, " ") {
			list = append(list, value)
		}
		if len(list) == MaxPassages {
			break
		}
	}
	return list
}

// passages are those of a message that is handed on. Of one that cannot be read there are none: that shows when the draft is written.
func (o Original) passages() []string {
	if o.Raw == nil {
		return nil
	}
	header, err := ReadHeader(o.Raw, o.Size)
	if err != nil {
		return nil
	}
	return Passages(header)
}
