package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	api "github.com/postroom/postroom/server/api/client"
)

// page is what every list takes.
type page struct {
	Limit  int64  `help:"How many to show, at most 200." default:"50" placeholder:"N"`
	Cursor string `help:"Go on where the list before ended." placeholder:"CURSOR"`
}

// column is one column of a table: its title, and what of a row it shows.
type column[R any] struct {
	title string
	of    func(R) any
}

// show asks for one object and prints it, a member to a line.
func show[T any](r remote, t terminal, ask func(*api.Client) (*T, error)) error {
	raw, _, err := answered(r, ask)
	if err != nil {
		return err
	}
	return r.print(t, raw)
}

// answered is an answer of the API as it came, and as what it is.
func answered[T any](r remote, ask func(*api.Client) (*T, error)) (raw json.RawMessage, answer *T, err error) {
	c := r.client()
	c.Answered = func(b json.RawMessage) { raw = b }
	if answer, err = ask(c); err != nil {
		return nil, nil, r.failed(err)
	}
	return raw, answer, nil
}

// list shows one page of a list of the API; rows are its rows, and the cursor of the next page.
func list[T, R any](r remote, t terminal, ask func(*api.Client) (*T, error), rows func(*T) ([]R, string), columns ...column[R]) error {
	raw, answer, err := answered(r, ask)
	if err != nil {
		return err
	}
	if r.JSON {
		return printJSON(t.out, raw)
	}
	all, next := rows(answer)
	if err := printTable(t.out, columns, all); err != nil {
		return err
	}
	if next != "" {
		fmt.Fprintf(t.err, "There are more: --cursor %s\n", next)
	}
	return nil
}

// print shows an object that the API answered.
func (r remote) print(t terminal, raw json.RawMessage) error {
	if r.JSON {
		return printJSON(t.out, raw)
	}
	return printObject(t.out, raw)
}

// remove deletes one thing and says so.
func (r remote) remove(t terminal, what string, do func(*api.Client) error) error {
	if err := do(r.client()); err != nil {
		return r.failed(err)
	}
	if !r.JSON {
		fmt.Fprintf(t.out, "%s is deleted.\n", printable(what))
	}
	return nil
}

func printJSON(w io.Writer, raw json.RawMessage) error {
	_, err := w.Write(append(bytes.TrimRight(raw, "\n"), '\n'))
	return err
}

func printTable[R any](w io.Writer, columns []column[R], rows []R) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.title
	}
	fmt.Fprintln(tw, strings.Join(cells, "\t"))
	for _, row := range rows {
		for i, c := range columns {
			cells[i] = shorten(cell(c.of(row)), maxCell)
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}

// cell is a value as a table shows it. A time that is not is empty.
func cell(value any) string {
	if at, ok := value.(time.Time); ok && at.IsZero() {
		return ""
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return plain(raw)
}

const maxCell = 60 // characters; longer ones would push the columns off the screen

// member is a name and a value of an object, in the order in which the API wrote them.
type member struct {
	name  string
	value json.RawMessage
}

// members reads an object without losing its order.
func members(raw json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	var list []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read answer: %w", err)
		}
		m := member{name: fmt.Sprint(name)}
		if err := d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("read answer: %w", err)
		}
		list = append(list, m)
	}
	return list, nil
}

func printObject(w io.Writer, raw json.RawMessage) error {
	list, err := members(raw)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range list {
		if text := plain(m.value); text != "" && !strings.HasPrefix(m.name, "$") {
			fmt.Fprintf(tw, "%s\t%s\n", printable(m.name), text)
		}
	}
	return tw.Flush()
}

// plain is a JSON value for a person, on one line: strings bare, lists with commas, people as "Name <address>".
func plain(raw json.RawMessage) string {
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return ""
	}
	return printable(plainValue(value))
}

func plainValue(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = plainValue(item)
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		return plainMap(v)
	default:
		return fmt.Sprint(v)
	}
}

func plainMap(m map[string]any) string {
	address, hasAddress := m["address"].(string)
	name, _ := m["name"].(string)
	switch {
	case len(m) == 0:
		return ""
	case hasAddress && name != "":
		return name + " <" + address + ">"
	case hasAddress:
		return address
	}
	if file, ok := m["filename"].(string); ok {
		return fmt.Sprintf("%s (%v, %v octets)", file, m["contentType"], m["size"])
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	return string(encoded)
}

func shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}

// printable makes a stranger's text safe for a terminal: what would move the cursor, change colours or turn the
// direction of writing is replaced.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return '\ufffd'
		}
		return r
	}, text)
}

// printableText is printable for text of several lines.
func printableText(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = printable(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}
