package sight

import "golang.org/x/net/html/atom"

// element says how an element is laid out, and how the parser treats it.
type element uint16

const (
	block      element = 1 << iota // on lines of its own
	paragraph                      // with a blank line before and after
	cell                           // apart from its neighbours on the line
	unseen                         // not shown
	void                           // without content
	closesP                        // its start ends a paragraph
	formatting                     // stays open across blocks
	special                        // ends the search for the element that an end tag means
	scope                          // what is outside of it cannot be ended from within
	table                          // part of a table
	headOnly                       // may stand in the head
)

const (
	plainBlock = block | closesP | special
	paragraphs = block | paragraph | closesP | special
	tablePart  = block | table | special
)

var elements = map[atom.Atom]element{
	atom.P: paragraphs, atom.H1: paragraphs, atom.H2: paragraphs, atom.H3: paragraphs, atom.H4: paragraphs, atom.H5: paragraphs, atom.H6: paragraphs,
	atom.Ul: paragraphs, atom.Ol: paragraphs, atom.Dl: paragraphs, atom.Menu: paragraphs, atom.Dir: paragraphs, atom.Hr: paragraphs | void,
	atom.Div: plainBlock, atom.Blockquote: plainBlock, atom.Pre: plainBlock, atom.Listing: plainBlock, atom.Li: plainBlock, atom.Dt: plainBlock, atom.Dd: plainBlock,
	atom.Section: plainBlock, atom.Article: plainBlock, atom.Header: plainBlock, atom.Footer: plainBlock, atom.Main: plainBlock, atom.Nav: plainBlock,
	atom.Aside: plainBlock, atom.Address: plainBlock, atom.Center: plainBlock, atom.Form: plainBlock, atom.Fieldset: plainBlock, atom.Figure: plainBlock,
	atom.Figcaption: plainBlock, atom.Details: plainBlock, atom.Summary: plainBlock, atom.Hgroup: plainBlock, atom.Dialog: plainBlock, atom.Search: plainBlock,
	atom.Xmp: plainBlock, atom.Plaintext: plainBlock,

	atom.Table: plainBlock | scope | table, atom.Caption: tablePart | scope, atom.Tr: tablePart, atom.Tbody: tablePart, atom.Thead: tablePart, atom.Tfoot: tablePart,
	atom.Td: cell | table | special | scope, atom.Th: cell | table | special | scope, atom.Colgroup: table | special, atom.Col: void | table | special,

	atom.Option: cell, atom.Button: cell | special, atom.Marquee: block | special | scope, atom.Applet: special | scope,
	atom.Body: block | special, atom.Html: special | scope, atom.Head: unseen | special,

	atom.A: formatting, atom.B: formatting, atom.Big: formatting, atom.Code: formatting, atom.Em: formatting, atom.Font: formatting, atom.I: formatting, atom.Nobr: formatting,
	atom.S: formatting, atom.Small: formatting, atom.Strike: formatting, atom.Strong: formatting, atom.Tt: formatting, atom.U: formatting,

	atom.Script: unseen | headOnly | special, atom.Style: unseen | headOnly | special, atom.Title: unseen | headOnly | special, atom.Template: unseen | headOnly | special | scope,
	atom.Noscript: unseen | headOnly | special, atom.Iframe: unseen | special, atom.Object: unseen | special | scope, atom.Noembed: unseen | special, atom.Noframes: unseen | headOnly | special,
	atom.Textarea: unseen | special, atom.Select: unseen | special, atom.Datalist: unseen, atom.Svg: unseen, atom.Math: unseen, atom.Audio: unseen, atom.Video: unseen, atom.Canvas: unseen,
	atom.Rp: unseen, atom.Progress: unseen, atom.Meter: unseen,

	atom.Br: void | special, atom.Img: void | special, atom.Image: void | special, atom.Input: void | special, atom.Meta: void | headOnly | special, atom.Link: void | headOnly | special, atom.Base: void | headOnly | special,
	atom.Wbr: void | special, atom.Area: void | special, atom.Embed: void | special, atom.Source: void | special, atom.Track: void | special, atom.Param: void | special,
}

// breakOut are the elements whose start ends SVG and MathML (HTML standard, 13.2.6.5).
var breakOut = setOf(atom.B, atom.Big, atom.Blockquote, atom.Body, atom.Br, atom.Center, atom.Code, atom.Dd, atom.Div, atom.Dl, atom.Dt, atom.Em, atom.Embed, atom.H1, atom.H2, atom.H3,
	atom.H4, atom.H5, atom.H6, atom.Head, atom.Hr, atom.I, atom.Img, atom.Li, atom.Listing, atom.Menu, atom.Meta, atom.Nobr, atom.Ol, atom.P, atom.Pre, atom.Ruby, atom.S, atom.Small,
	atom.Span, atom.Strong, atom.Strike, atom.Sub, atom.Sup, atom.Table, atom.Tt, atom.U, atom.Ul, atom.Var)

// integration are the elements within SVG and MathML that hold HTML again.
var integration = setOf(atom.Foreignobject, atom.ForeignObject, atom.Desc, atom.Title, atom.AnnotationXml, atom.Mi, atom.Mo, atom.Mn, atom.Ms, atom.Mtext)

func setOf(list ...atom.Atom) map[atom.Atom]bool {
	m := make(map[atom.Atom]bool, len(list))
	for _, a := range list {
		m[a] = true
	}
	return m
}

// unseenKind is why an element that mail clients do not show is not shown.
func unseenKind(tag atom.Atom) Kind {
	switch tag {
	case atom.Title:
		return Title
	case atom.Noscript:
		return NoScript
	}
	return NotRendered
}

// attribute is one attribute of an element.
type attribute struct{ key, value string }

// frame is an open element.
type frame struct {
	tag      atom.Atom
	name     string
	kind     element
	attrs    []attribute
	id       string
	classes  []string
	index    int // among its parent's elements, from 1
	children int
	before   []*frame // its parent's last elements before it, the nearest last
	last     []*frame // its own last elements

	declared []declaration // what styles say of it
	style    style
	foreign  bool // within SVG or MathML
	open     bool // on the stack
}

func (f *frame) attr(key string) (string, bool) {
	for _, a := range f.attrs {
		if a.key == key {
			return a.value, true
		}
	}
	return "", false
}

// fixed are the frames at the bottom of the stack: html and body.
const fixed = 2
