package api

import (
	"bytes"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore/journal"
)

// asyncAPIVersion is that of the document at /asyncapi.json.
const asyncAPIVersion = "3.0.0"

// object is a part of a document.
type object = map[string]any

// serveAsyncAPI is GET /asyncapi.json: the streams of events, made of the table of types that the program itself uses, when it is
// first asked for.
func (s *Server) serveAsyncAPI() http.HandlerFunc {
	document := sync.OnceValues(func() ([]byte, error) {
		var b bytes.Buffer
		err := marshal(&b, s.asyncAPI())
		return b.Bytes(), err
	})
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := document()
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(text) // who went away is not told
	}
}

func (s *Server) asyncAPI() object {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	messages, sent := eventMessages(registry)
	frames := []frameOf{
		{"gap", "Events are gone between the cursor that was given and the next event.", object{"type": "object", "required": []string{"type"}, "properties": object{"type": object{"const": "gap"}}}},
		{"error", "Answers a frame that cannot be followed; what was subscribed to before goes on.", object{"allOf": []any{registry.Schema(reflect.TypeFor[errorFrame](), true, "errorFrame"), object{"properties": object{"type": object{"const": "error"}}}}}},
		{"subscribe", "Narrows the stream to types and inboxes, and replays from a cursor. It takes the place of what was subscribed to before.", subscribeSchema},
	}
	for _, f := range frames {
		messages[f.name] = object{"name": f.name, "summary": f.about, "contentType": "application/json", "payload": f.payload}
	}
	return object{
		"asyncapi":           asyncAPIVersion,
		"info":               object{"title": "Postroom events", "version": s.cfg.Version, "description": "What happens in a workspace, in order, at least once; id dedupes, cursor resumes."},
		"defaultContentType": "application/json",
		"servers":            s.asyncServers(),
		"channels": object{
			"socket": channel(socketPath, "WebSocket: one frame for each event.", append(sent, "gap", "error", "subscribe")),
			"stream": channel(streamPath, "Server-sent events: the data of each is the same frame, its id the cursor.", append(sent, "gap")),
		},
		"operations": object{
			"sendOverSocket": operationOf("send", "socket", "The server sends what happens.", append(sent, "gap", "error")),
			"subscribe":      operationOf("receive", "socket", "A client may narrow and replay. One that never speaks gets everything.", []string{"subscribe"}),
			"sendOverStream": operationOf("send", "stream", "The server sends what happens.", append(sent, "gap")),
		},
		"components": object{
			"messages": messages,
			"schemas":  registry.Map(),
			"securitySchemes": object{
				"key":    object{"type": "httpApiKey", "in": "header", "name": "X-API-Key"},
				"query":  object{"type": "httpApiKey", "in": "query", "name": "api_key"},
				"bearer": object{"type": "http", "scheme": "bearer"},
			},
		},
	}
}

type frameOf struct {
	name, about string
	payload     object
}

var subscribeSchema = object{
	"type": "object", "required": []string{"type"}, "additionalProperties": false,
	"properties": object{
		"type":       object{"const": "subscribe"},
		"eventTypes": object{"type": "array", "items": object{"type": "string"}, "description": "Only these types; none: all."},
		"inboxIds":   object{"type": "array", "items": object{"type": "string"}, "description": "Only events of these inboxes, ids or addresses; none: all."},
		"since":      object{"type": "string", "description": "A cursor: what lies behind it is sent again. Without one the stream goes on where it is."},
	},
}

// eventMessages are the messages of all types, and their names in order.
func eventMessages(registry huma.Registry) (messages object, names []string) {
	messages = object{}
	frame := registry.Schema(reflect.TypeFor[event](), true, "event")
	for _, t := range journal.Types {
		data, about := dataOf(t.Name)
		var shapes []any
		for _, d := range data {
			shapes = append(shapes, registry.Schema(reflect.TypeOf(d), true, reflect.TypeOf(d).Name()))
		}
		message := object{
			"name": t.Name, "summary": t.About, "contentType": "application/json", "description": "data: " + about + ".",
			"payload": object{"allOf": []any{frame, object{"properties": object{"type": object{"const": t.Name}, "data": object{"anyOf": shapes}}}}},
		}
		if t.Coming {
			message["x-coming"] = true
			message["description"] = "Not yet: nothing sends it."
		}
		messages[t.Name] = message
		names = append(names, t.Name)
	}
	return messages, names[:len(names):len(names)]
}

func channel(address, about string, names []string) object {
	messages := object{}
	for _, name := range names {
		messages[name] = object{"$ref": "#/components/messages/" + name}
	}
	query := object{}
	for _, p := range streamQuery {
		query[p.Name] = object{"type": p.Schema.Type, "description": p.Description}
		if p.Schema.Items != nil {
			query[p.Name].(object)["items"] = object{"type": p.Schema.Items.Type}
		}
	}
	c := object{"address": address, "description": about, "messages": messages, "servers": []any{object{"$ref": "#/servers/http"}}}
	if address == socketPath {
		c["servers"] = []any{object{"$ref": "#/servers/websocket"}}
		c["bindings"] = object{"ws": object{"method": "GET", "query": object{"type": "object", "properties": query}}}
	}
	return c
}

func operationOf(action, channel, about string, names []string) object {
	var messages []any
	for _, name := range names {
		messages = append(messages, object{"$ref": "#/channels/" + channel + "/messages/" + name})
	}
	return object{"action": action, "channel": object{"$ref": "#/channels/" + channel}, "summary": about, "messages": messages}
}

// asyncServers are where the streams are reached.
func (s *Server) asyncServers() object {
	host, secure := "localhost", false
	if u, err := url.Parse(s.cfg.PublicURL); err == nil && u.Host != "" {
		host, secure = u.Host, u.Scheme == "https"
	}
	protocol := func(name string) string {
		if secure {
			return name + "s"
		}
		return name
	}
	security := []any{object{"$ref": "#/components/securitySchemes/key"}, object{"$ref": "#/components/securitySchemes/query"}, object{"$ref": "#/components/securitySchemes/bearer"}}
	return object{
		"websocket": object{"host": host, "protocol": protocol("ws"), "security": security},
		"http":      object{"host": host, "protocol": protocol("http"), "security": security},
	}
}

// eventTypesPage is what people read: docs/events.md has it, and a test compares.
func eventTypesPage() string {
	var b strings.Builder
	b.WriteString("| type | what happened | data |\n| --- | --- | --- |\n")
	for _, t := range journal.Types {
		_, about := dataOf(t.Name)
		if t.Coming {
			about = "not yet"
		}
		b.WriteString("| `" + t.Name + "` | " + t.About + " | " + about + " |\n")
	}
	return b.String()
}
