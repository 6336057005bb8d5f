package mxtest

import (
	"encoding/base64"
	"strings"
)

// auth knows PLAIN and LOGIN, with and without an initial response.
func (x *session) auth(verb, arg string) error {
	if x.o.Auth == nil || x.hello == "" || x.user != "" {
		return x.say(verb, "", "", "503 5.5.1 no AUTH now")
	}
	mechanism, initial, _ := strings.Cut(arg, " ")
	ask := func(prompt string) (string, error) {
		line := initial
		if initial = ""; line == "" {
			if err := x.say(verb, mechanism, "", "334 "+prompt); err != nil {
				return "", err
			}
			var err error
			if line, err = x.line(); err != nil {
				return "", err
			}
		}
		text, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			text = nil
		}
		return string(text), nil
	}
	var user, password string
	var err error
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		var both string
		if both, err = ask(""); err == nil {
			if parts := strings.Split(both, "\x00"); len(parts) == 3 {
				user, password = parts[1], parts[2]
			}
		}
	case "LOGIN":
		if user, err = ask("VXNlcm5hbWU6"); err == nil {
			password, err = ask("UGFzc3dvcmQ6")
		}
	default:
		return x.say(verb, mechanism, "", "504 5.5.4 unknown mechanism")
	}
	switch {
	case err != nil:
		return err
	case user == "" || !x.o.Auth(user, password):
		return x.say(verb, mechanism, "", "535 5.7.8 wrong credentials")
	}
	x.user = user
	return x.say(verb, mechanism, "", "235 2.7.0 welcome")
}
