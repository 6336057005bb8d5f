package sight

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// void takes an element without content.
func (w *walker) void(f *frame) {
	w.push(f)
	w.stack = w.stack[:len(w.stack)-1]
	f.open = false
	defer w.discard(f)
	shown := f.style.why() == ""
	if f.style.hidden == "" {
		w.separate(f.kind)
		switch f.tag {
		case atom.Br:
			w.newline(w.breaks + 1)
		case atom.Input:
			if label := buttonLabel(f); label != "" && shown {
				w.space = true
				w.text(label)
				w.space = true
			}
		}
	}
	if !w.collect {
		return
	}
	w.alternatives(f)
	switch f.tag {
	case atom.Img, atom.Image:
		w.picture(f, "src")
		if alt, _ := f.attr("alt"); w.link != nil && f.style.hidden == "" {
			w.link.picture = true
			if w.link.alt.Len() < maxLinkText {
				w.link.alt.WriteString(" " + alt)
			}
		}
	case atom.Input:
		if target, ok := f.attr("formaction"); ok {
			w.addLink(Link{Text: line(buttonLabel(f), maxLinkText), Target: target, Form: true, Hidden: !shown})
		}
		if kind, _ := f.attr("type"); strings.EqualFold(kind, "image") {
			w.picture(f, "src")
		}
	case atom.Area:
		if target, ok := f.attr("href"); ok {
			alt, _ := f.attr("alt")
			w.addLink(Link{Text: line(alt, maxLinkText), Target: target, Hidden: !shown})
		}
	case atom.Base:
		if target, ok := f.attr("href"); ok && w.base == "" {
			w.base = clip(target, maxTarget)
		}
	}
}

// buttonLabel is what an input element shows as the label of a button.
func buttonLabel(f *frame) string {
	kind, _ := f.attr("type")
	switch strings.ToLower(kind) {
	case "submit", "button", "reset":
		value, _ := f.attr("value")
		return value
	}
	return ""
}

// alternatives notes the texts that an element has in attributes.
func (w *walker) alternatives(f *frame) {
	for _, a := range f.attrs {
		switch a.key {
		case "alt", "title", "aria-label", "placeholder":
			if !isBlank(a.value) {
				w.hidden.text(Alternative, a.value, true)
			}
		case "style":
			if lower := strings.ToLower(a.value); strings.Contains(lower, "url(") && strings.Contains(lower, "//") {
				w.pictures++
			}
		}
	}
}

// picture counts an attribute that names a picture elsewhere.
func (w *walker) picture(f *frame, attr string) {
	target, _ := f.attr(attr)
	target = strings.ToLower(strings.TrimSpace(target[:min(len(target), 20)]))
	if strings.HasPrefix(target, "http:") || strings.HasPrefix(target, "https:") || strings.HasPrefix(target, "//") {
		w.pictures++
	}
}

// startLink notes that a link begins, or a form.
func (w *walker) startLink(f *frame) {
	attr := ""
	switch f.tag {
	case atom.A:
		attr = "href"
	case atom.Button:
		attr = "formaction"
	case atom.Form:
		if target, ok := f.attr("action"); ok {
			w.addLink(Link{Target: target, Form: true, Hidden: f.style.hidden != ""})
		}
		return
	}
	if target, ok := f.attr(attr); ok && attr != "" {
		w.endLink()
		w.link = &openLink{frame: f, target: target, start: -1, form: f.tag == atom.Button}
	}
}

func (w *walker) endLink() {
	if w.link == nil {
		return
	}
	l := Link{Text: line(w.link.text.String(), maxLinkText), Target: w.link.target, Form: w.link.form}
	if l.Text == "" {
		l.Text = line(w.link.alt.String(), maxLinkText)
		l.Hidden = l.Text == "" && !w.link.picture
	}
	if l.Start, l.End = w.link.start, w.out.Len(); l.Start < 0 {
		l.Start = l.End
	}
	w.link = nil
	w.addLink(l)
}

func (w *walker) addLink(l Link) {
	if len(w.links) >= MaxLinks {
		w.truncated = true
		return
	}
	if l.End == 0 {
		l.Start, l.End = w.out.Len(), w.out.Len()
	}
	l.Target, l.Base = clip(l.Target, maxTarget), w.base
	w.links = append(w.links, l)
}

// line brings text onto one line of at most limit octets, without characters that have no shape.
func line(s string, limit int) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(strings.Map(visible, Clean(s))) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		if b.Len() >= limit {
			return strings.TrimSpace(clip(b.String(), limit))
		}
	}
	return b.String()
}
