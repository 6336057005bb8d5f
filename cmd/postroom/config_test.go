package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const exampleFile = "../../config.example.toml"

func TestTheExampleIsAConfigurationThatCanBeLoaded(t *testing.T) {
	cfg, err := LoadConfig(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Hostname = "mail.example.com"
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("the example differs from the defaults:\n got %+v\nwant %+v", cfg, want)
	}
}

func TestTheExampleNamesEveryKeyWithACommentAndItsDefault(t *testing.T) {
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	explained := explainedKeys(t, string(data))
	for _, key := range configKeys(nil, reflect.TypeFor[Config]()) {
		comment, ok := explained[key]
		switch {
		case !ok:
			t.Errorf("%s is missing", key)
		case comment.text == "":
			t.Errorf("%s has no comment", key)
		case comment.fallback != comment.value && key != "hostname":
			t.Errorf("%s: the comment says the default is %q, the value is %q", key, comment.fallback, comment.value)
		}
		delete(explained, key)
	}
	for key := range explained {
		t.Errorf("%s is no key of Config", key)
	}
}

// explanation is what the example says of a key.
type explanation struct{ text, fallback, value string }

// explainedKeys reads the example by its lines: comments, then "key = value", a table's name in between.
func explainedKeys(t *testing.T, data string) map[string]explanation {
	t.Helper()
	found := map[string]explanation{}
	var table, comment, fallback string
	for line := range strings.Lines(data) {
		line = strings.TrimSpace(line)
		key, value, isValue := strings.Cut(line, " = ")
		switch {
		case strings.HasPrefix(line, "# Default: "):
			fallback = strings.TrimPrefix(line, "# Default: ")
		case strings.HasPrefix(line, "#"):
			comment += line
		case strings.HasPrefix(line, "["):
			table, comment, fallback = strings.Trim(line, "[]")+".", "", ""
		case isValue:
			found[table+key] = explanation{text: comment, fallback: fallback, value: value}
			comment, fallback = "", ""
		case line == "":
			comment, fallback = "", ""
		default:
			t.Errorf("the example has an odd line: %q", line)
		}
	}
	return found
}

// configKeys is every key of Config, spelled whole.
func configKeys(path toml.Key, typ reflect.Type) []string {
	var keys []string
	for i := range typ.NumField() {
		key := append(slices.Clone(path), typ.Field(i).Tag.Get("toml"))
		if typ.Field(i).Type.Kind() == reflect.Struct {
			keys = append(keys, configKeys(key, typ.Field(i).Type)...)
		} else {
			keys = append(keys, key.String())
		}
	}
	return keys
}

func loadText(t *testing.T, text string) (Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "postroom.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadConfig(file)
}

func TestMistakesAreReportedWithTheirLine(t *testing.T) {
	const host = "hostname = \"mail.example.com\"\n"
	for _, c := range []struct {
		name, text string
		want       string // "line: key"
		says       string
	}{
		{"unknown key", host + "\nport = 25\n", ":3: port", "the keys here are data_dir"},
		{"unknown key in a table", host + "[smtp]\nlisten = \":0\"\nListen = \":26\"\n", ":4: smtp.Listen", "listen"},
		{"unknown table", host + "[smpt]\nlisten = \":25\"\n", ":2: smpt", "there is no such key"},
		{"unknown dotted table", host + "a.b.c = 1\n", ":2: a", "there is no such key"},
		{"key in another case", "Hostname = \"mail.example.com\"\n", ":1: Hostname", "there is no such key"},
		{"wrong type", host + "[smtp]\nmax_connections = \"many\"\n", ":3: smtp.max_connections", "expected a whole number without quotes, found text"},
		{"fraction", host + "[smtp]\nmax_connections = 1.5\n", ":3: smtp.max_connections", "found a number with a fraction"},
		{"table expected", host + "smtp = 25\n", ":2: smtp", "write [smtp] on a line"},
		{"list of tables", host + "[[smtp]]\nlisten = \":25\"\n", ":2: smtp", "write [smtp] on a line"},
		{"duration without unit", host + "drain_timeout = \"30\"\n", ":2: drain_timeout", "a duration in quotes"},
		{"duration as number", host + "drain_timeout = 30\n", ":2: drain_timeout", "a duration in quotes"},
		{"duration out of range", host + "drain_timeout = \"2h\"\n", ":2: drain_timeout", "choose from 1s to 10m0s"},
		{"number out of range", host + "[smtp]\nmax_message_bytes = 12\n", ":3: smtp.max_message_bytes", "choose from 1024 to"},
		{"negative floor", host + "[storage]\nmin_free_bytes = -1\n", ":3: storage.min_free_bytes", "choose from 0"},
		{"no choice", host + "[log]\nlevel = \"loud\"\n", ":3: log.level", "debug, info, warn, error"},
		{"missing hostname", "[log]\nlevel = \"info\"\n", ": hostname", "this key is needed"},
		{"odd hostname", "hostname = \"mail_1\"\n", ":1: hostname", "no host name"},
		{"relative directory", host + "data_dir = \"data\"\n", ":2: data_dir", "must begin with /"},
		{"long directory", host + "data_dir = \"/" + strings.Repeat("d", 100) + "\"\n", ":2: data_dir", "too long for the socket"},
		{"key file alone", host + "[tls]\nkey_file = \"/k\"\n", ":3: tls.key_file", "set tls.cert_file too"},
		{"certificate alone", host + "[tls]\ncert_file = \"/c\"\n", ":3: tls.cert_file", "set tls.key_file too"},
		{"unreadable certificate", host + "[tls]\ncert_file = \"/no/c\"\nkey_file = \"/no/k\"\n", ":3: tls.cert_file", "no such file"},
		{"no address", host + "[smtp]\nlisten = \"25\"\n", ":3: smtp.listen", "is no address"},
		{"no port", host + "[smtp]\nlisten = \":smtp\"\n", ":3: smtp.listen", "is no port"},
		{"no IP address", host + "[smtp]\nlisten = \"mail.example.com:25\"\n", ":3: smtp.listen", "is no IP address"},
		{"overlap", host + "[smtp]\nlisten = \":8080\"\n", ": http.listen", "is taken by smtp.listen (:8080)"},
		{"open plain HTTP", host + "[http]\nlisten = \":8080\"\n", ":3: http.listen", "keys would travel unencrypted"},
		{"both", host + "[http]\ntls = true\ninsecure = true\n", ":4: http.insecure", "remove one"},
		{"TLS without certificate", host + "[http]\ntls = true\n", ":3: http.tls", "there is no certificate"},
		{"events for a moment", host + "[events]\nkeep_for = \"1s\"\n", ":3: events.keep_for", "choose from 1h"},
		{"held for less than others", host + "[events]\nkeep_held_for = \"24h\"\n", ":3: events.keep_held_for", "choose from 720h"},
		{"fewer held than others", host + "[events]\nkeep_held_lines = 1000\n", ":3: events.keep_held_lines", "1000000"},
		{"no rspamd", host + "[junk]\nrspamd = \"127.0.0.1:11333\"\n", ":3: junk.rspamd", "http://127.0.0.1:11333"},
		{"password alone", host + "[junk]\nrspamd_password = \"x\"\n", ":3: junk.rspamd_password", "set junk.rspamd"},
		{"long wait", host + "[junk]\nrspamd_timeout = \"5m\"\n", ":3: junk.rspamd_timeout", "choose from 1s to 2m0s"},
		{"no list", host + "[junk]\ndnsbl = [\"bl.example.org\", \"bl\"]\n", ":3: junk.dnsbl", "is no name of a list"},
		{"no answer", host + "[junk]\ndnsbl_domains = [\"bl.example.org=1\"]\n", ":3: junk.dnsbl_domains", "is no answer of a list"},
		{"no action", host + "[junk]\ndnsbl_action = \"drop\"\n", ":3: junk.dnsbl_action", "junk, reject"},
		{"further certificates alone", host + "[tls]\nmore_cert_files = [\"/c\"]\nmore_key_files = [\"/k\"]\n", ":3: tls.more_cert_files", "set tls.cert_file"},
		{"a key too few", host + "[tls]\nmore_cert_files = [\"/c\"]\n", ": tls.more_key_files", "0 keys for 1 certificates"},
		{"no e-mail address", host + "[tls]\nacme_email = \"me\"\n", ":3: tls.acme_email", "is no e-mail address"},
		{"no validation", host + "[tls]\nacme_email = \"me@example.com\"\n", ":3: tls.acme_email", "set http.listen_plain"},
		{"no directory", host + "[tls]\nacme_directory = \"http://ca.example.com\"\n", ":3: tls.acme_directory", "an https address"},
		{"no root file", host + "[tls]\nacme_root_file = \"/no/file\"\n", ":3: tls.acme_root_file", "no such file"},
		{"names alone", host + "[tls]\nnames = [\"imap.example.com\"]\n", ":3: tls.names", "without tls.acme_email"},
		{"no name", host + "[tls]\nnames = [\"*.example.com\"]\n", ":3: tls.names", "is no host name"},
		{"a host that nobody certifies", "hostname = \"localhost\"\n[tls]\nacme_email = \"me@example.com\"\n", ":1: hostname", "no authority certifies localhost"},
		{"no provider", host + "[tls]\ndns_provider = \"route53\"\n", ":3: tls.dns_provider", "rfc2136"},
		{"no list", host + "[health]\nblock_lists = [\"list\"]\n", ":3: health.block_lists", "no name of a list"},
		{"an account without a key", host + "[tls]\nacme_email = \"me@example.com\"\nacme_eab_kid = \"1\"\n", ":4: tls.acme_eab_kid", "set both"},
		{"no key of an account", host + "[tls]\nacme_email = \"me@example.com\"\nacme_eab_kid = \"1\"\nacme_eab_hmac_file = \"none\"\n", ":5: tls.acme_eab_hmac_file", "read the key"},
		{"no program", host + "[health]\ninbound_probe = [\"nc\"]\n", ":3: health.inbound_probe", "whole path"},
		{"no zone", host + "[domains]\nzone = \"Mail\"\n", ":3: domains.zone", "no zone"},
		{"a zone that is the sandbox", host + "[domains]\nzone = \"a.example.com\"\nsandbox = \"a.example.com\"\n", ":3: domains.zone", "choose another name"},
		{"nothing to write", host + "[domains]\nzone_publish = true\n", ":3: domains.zone_publish", "domains.zone"},
		{"nowhere to write", host + "[domains]\nzone = \"a.example.com\"\nzone_publish = true\n", ":4: domains.zone_publish", "tls.dns_provider"},
		{"a server alone", host + "[tls]\ndns_server = \"127.0.0.1\"\n", ":3: tls.dns_server", "without tls.dns_provider"},
		{"no key", host + "[tls]\nacme_email = \"me@example.com\"\ndns_provider = \"rfc2136\"\ndns_server = \"127.0.0.1\"\n", ": tls.dns_key_name", "the name server knows"},
		{"no secret", host + "[tls]\nacme_email = \"me@example.com\"\ndns_provider = \"rfc2136\"\ndns_key_secret = \"?\"\n", ":5: tls.dns_key_secret", "base64"},
		{"no algorithm", host + "[tls]\ndns_key_algorithm = \"hmac-md5\"\n", ":3: tls.dns_key_algorithm", "hmac-sha256"},
		{"no proxy", host + "[proxy]\ntrusted = [\"proxy\"]\n", ":3: proxy.trusted", "is no network"},
		{"everybody a proxy", host + "[proxy]\ntrusted = [\"0.0.0.0/0\"]\nforwarded = true\n", ":3: proxy.trusted", "claim to be anybody"},
		{"an idle proxy", host + "[proxy]\ntrusted = [\"192.0.2.1\"]\n", ":3: proxy.trusted", "set proxy.wires"},
		{"wires of nobody", host + "[proxy]\nwires = [\"smtp\"]\n", ":3: proxy.wires", "set that too"},
		{"no wire", host + "[proxy]\ntrusted = [\"192.0.2.1\"]\nwires = [\"pop3\"]\n", ":4: proxy.wires", "http_plain"},
		{"plain on a taken port", host + "[http]\nlisten_plain = \":25\"\n", ":3: http.listen_plain", "is taken by smtp.listen"},
		{"no TOML", "hostname = mail.example.com\n", ":1: ", "this is not TOML"},
		{"twice", host + host, ":2: ", "this is not TOML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadText(t, c.text)
			var bad *configError
			if !errors.As(err, &bad) {
				t.Fatalf("error is %v", err)
			}
			if got := err.Error(); !strings.Contains(got, "postroom.toml"+c.want) || !strings.Contains(got, c.says) {
				t.Errorf("error is %q, want %q and %q", got, c.want, c.says)
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnceInTheOrderOfTheLines(t *testing.T) {
	_, err := loadText(t, `colour = "red"
data_dir = "data"
[smtp]
listen = 25
max_connections = 0
[http]
tls = true
spdy = true
`)
	var bad *configError
	if !errors.As(err, &bad) {
		t.Fatalf("error is %v", err)
	}
	var got []string
	for _, m := range bad.mistakes {
		got = append(got, m.key)
	}
	want := []string{"hostname", "colour", "data_dir", "smtp.listen", "smtp.max_connections", "http.tls", "http.spdy"}
	if !slices.Equal(got, want) {
		t.Errorf("mistakes at %v, want %v", got, want)
	}
}

func TestPlainHTTPBeyondLoopbackMustBeSpelledOut(t *testing.T) {
	cfg, err := loadText(t, "hostname = \"mail.example.com\"\n[http]\nlisten = \"0.0.0.0:8080\"\ninsecure = true\n")
	if err != nil || !cfg.HTTP.Insecure {
		t.Fatalf("config %+v, error %v", cfg, err)
	}
}

func TestAnAuthorityNeedsAnAddressAndAWay(t *testing.T) {
	for _, way := range []string{
		"[http]\nlisten_plain = \":80\"\n", "[http]\nlisten = \":443\"\ntls = true\n",
		"dns_provider = \"rfc2136\"\ndns_server = \"[::1]:5353\"\ndns_key_name = \"postroom\"\ndns_key_secret = \"c2VjcmV0\"\ndns_delegate = \"_acme-challenge.example.net\"\n",
	} {
		if _, err := loadText(t, "hostname = \"mail.example.com\"\n[tls]\nacme_email = \"postmaster@example.com\"\nnames = [\"imap.example.com\"]\n"+way); err != nil {
			t.Errorf("%s: %v", way, err)
		}
	}
}

func TestDottedKeysAreKeys(t *testing.T) {
	cfg, err := loadText(t, "hostname = \"mail.example.com\"\nsmtp.listen = \"127.0.0.1:2525\"\nlog.level = \"warn\"\n")
	if err != nil || cfg.SMTP.Listen != "127.0.0.1:2525" || cfg.Log.Level != "warn" {
		t.Fatalf("config %+v, error %v", cfg, err)
	}
}

func TestAMissingFileSaysWhatToDo(t *testing.T) {
	_, err := LoadConfig(filepath.Join(t.TempDir(), "none.toml"))
	if err == nil || !strings.Contains(err.Error(), "config.example.toml") {
		t.Fatalf("error is %v", err)
	}
}
