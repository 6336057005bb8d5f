package peers

import "testing"

func TestPythonImaplibFindsItsWholeRepertoire(t *testing.T) {
	python := need(t, "/usr/bin/python3")
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		t.Log(newClient(t).script(at, python, "imaplib_repertoire.py"))
	})
}
