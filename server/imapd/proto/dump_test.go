package proto

import "encoding/json"

// dump shows a value with what its pointers point to.
func dump(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
