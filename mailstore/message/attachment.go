package message

import (
	"path"
	"strconv"
	"strings"
)

// attachments lists the parts that are not the message's own text: files, pictures, and messages within it as a
// whole. What is in the list is never in the result of Read, and the other way round.
func attachments(raw []byte, root *Part) (list []Attachment) {
	walk(root, func(l leaf) {
		if l.isBody() {
			return
		}
		a := Attachment{
			ID:          l.id,
			Filename:    filename(l.Part),
			ContentType: l.Type + "/" + l.Subtype,
			Size:        DecodedSize(raw, l.Part),
			ContentID:   strings.Trim(l.ID, "<>"),
			Disposition: "attachment",
		}
		if a.Filename == "" {
			location, _, _ := strings.Cut(l.Location, "?")
			a.Filename = baseName(location)
		}
		if l.Disposition == "inline" || l.Disposition == "" && l.ID != "" && l.parent != nil && l.parent.Subtype == "related" {
			a.Disposition = "inline"
		}
		list = append(list, a)
	})
	return list
}

// leaf is a part without parts of its own, or a message within the message.
type leaf struct {
	*Part
	id     string
	parent *Part // nil for the root
	first  bool

	alternative *Part // the outermost multipart/alternative it is in, or nil
	branch      *Part // the child of it that the leaf is, or is in
}

// walk visits the leaves of a tree in their order.
func walk(root *Part, visit func(leaf)) {
	first := true
	var descend func(l leaf)
	descend = func(l leaf) {
		if l.Type != "multipart" {
			if l.id == "" {
				l.id = "1"
			}
			l.first, first = first, false
			visit(l)
			return
		}
		for i, part := range l.Parts {
			child := leaf{Part: part, id: strconv.Itoa(i + 1), parent: l.Part, alternative: l.alternative, branch: l.branch}
			if l.id != "" {
				child.id = l.id + "." + child.id
			}
			if l.alternative == nil && l.Subtype == "alternative" {
				child.alternative, child.branch = l.Part, part
			}
			descend(child)
		}
	}
	descend(leaf{Part: root})
}

// isBody tells whether the leaf is text that a mail client shows as the message's own, or the machine's part of a
// report: nothing that a person would call an attachment.
func (l leaf) isBody() bool {
	if l.Disposition != "" && l.Disposition != "inline" {
		return false // RFC 2183, 2.8: an unknown disposition is an attachment
	}
	if filename(l.Part) != "" && (l.Disposition != "" || !l.first) {
		return false
	}
	switch l.Type {
	case "text":
		switch l.Subtype {
		case "plain", "html", "enriched", "richtext", "watch-html", "x-amp-html", "rfc822-headers":
			return true
		}
	case "message":
		return l.parent != nil && l.parent.Subtype == "report" && !isMessage(l.Part)
	}
	return false
}

// filename is the name the sender gave to a part, without any path, of at most maxFilename octets; the extension is
// kept when it is cut.
func filename(p *Part) string {
	name := p.DispositionParams["filename"]
	if name == "" {
		name = p.Params["name"]
	}
	if name == "" {
		name = p.DispositionParams["name"] // against the standard, but written
	}
	return baseName(name)
}

func baseName(name string) string {
	name = strings.TrimSpace(name[strings.LastIndexAny(name, `/\`)+1:])
	if strings.Trim(name, ".") == "" {
		return ""
	}
	if len(name) > maxFilename {
		extension := path.Ext(name)
		if len(extension) > 20 {
			extension = ""
		}
		name = clip(name, maxFilename-len(extension)) + extension
	}
	return name
}
