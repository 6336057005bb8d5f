package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The laws of the house, which the architecture states, as a checker over parsed source. Breaking one fails
// TestTheHouseKeepsItsLaws; TestTheCheckerSeesEveryBreach shows that the checker can see.

const module = "github.com/postroom/postroom/"

// goFile is one file of the module, by the folder that it lies in ("server/smtpd").
type goFile struct {
	dir  string
	name string
	ast  *ast.File
}

func (f goFile) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// in reports whether the file lies in a folder or below it.
func (f goFile) in(dir string) bool { return within(f.dir, dir) }

func within(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }

// homes says where a library may be imported: its types stay inside the wire that speaks its protocol. Tests may use
// them elsewhere, as clients.
var homes = map[string][]string{
	"github.com/emersion/go-smtp":            {"server/smtpd"},
	"github.com/emersion/go-sasl":            {"server/smtpd"},
	"github.com/emersion/go-imap":            {"server/imapd"},
	"github.com/miekg/dns":                   {"server/resolver", "server/dnscheck", "server/dnsupdate", "server/certs"},
	"github.com/emersion/go-msgauth":         {"server/mailauth", "server/courier"},
	"github.com/caddyserver/certmagic":       {"server/certs"},
	"github.com/mholt/acmez":                 {"server/certs"},
	"github.com/libdns/libdns":               {"server/dnsupdate"},
	"go.uber.org/zap":                        {"server/certs"},
	"github.com/pires/go-proxyproto":         {"server/proxy"},
	"github.com/danielgtaylor/huma":          {"server/api"},
	"github.com/coder/websocket":             {"server/api"},
	"github.com/modelcontextprotocol/go-sdk": {"server/api/mcp"},
	"github.com/alecthomas/kong":             {"cmd"},
	"github.com/BurntSushi/toml":             {"cmd"},
	"modernc.org/sqlite":                     {"mailstore/sqlite"},
}

// shared are packages below server that are no wires: what several wires use.
var shared = []string{"dnsbl", "dnscheck", "dnsupdate", "domains", "health", "junk", "mailauth", "outbound", "resolver", "rspamd", "simulation"}

// storeNames are the names of mailstore that hold a whole store or a whole workspace. Those who serve are handed an
// inbox or a journal by tenancy.
var storeNames = []string{"Open", "Options", "Store", "Workspace", "Rebuild"}

// rank is a package's place in cmd -> server -> tenancy -> mailstore; it looks only to higher ones. -1: no place.
func rank(dir string) int {
	return slices.IndexFunc([]string{"cmd", "server", "tenancy", "mailstore"}, func(root string) bool { return within(dir, root) })
}

// wire is the folder right under server that a folder belongs to, or "".
func wire(dir string) string {
	rest, ok := strings.CutPrefix(dir, "server/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// breaches is every place where the files break a law, sorted.
func breaches(files []goFile) []string {
	var found []string
	for _, f := range files {
		place := path.Join(f.dir, f.name)
		for _, spec := range f.ast.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				target = spec.Path.Value
			}
			for _, breach := range importBreaches(f, target) {
				found = append(found, place+": "+breach)
			}
		}
		found = append(found, storeBreaches(f, place)...)
	}
	found = append(found, journalBreaches(files)...)
	found = append(found, commentBreaches(files)...)
	slices.Sort(found)
	return found
}

// importBreaches checks laws 1 to 3 on one import.
func importBreaches(f goFile, target string) []string {
	var found []string
	if ours, ok := strings.CutPrefix(target, module); ok {
		found = ownImportBreaches(f, ours)
	}
	if (f.in("server") || f.in("cmd")) && (target == "database/sql" || strings.HasPrefix(target, "modernc.org/sqlite") || within(target, module+"mailstore/sqlite")) {
		found = append(found, "law 2: "+target+" is for the stores: what only runs owns no table")
	}
	if f.isTest() {
		return found
	}
	for library, allowed := range homes {
		if within(target, library) && !slices.ContainsFunc(allowed, f.in) {
			found = append(found, "law 3: "+target+" stays inside "+strings.Join(allowed, " and "))
		}
	}
	return found
}

// ownImportBreaches checks an import of one of our own packages.
func ownImportBreaches(f goFile, target string) []string {
	var found []string
	from, to := rank(f.dir), rank(target)
	switch {
	case within(target, "web"):
		if !f.in("server/api") {
			found = append(found, "law 1: web is imported by server/api alone")
		}
	case f.in("web"):
		found = append(found, "law 1: web imports nothing of ours")
	case from < 0 || to < 0:
		found = append(found, "law 1: "+f.dir+" or "+target+" has no place in cmd -> server -> tenancy -> mailstore")
	case to < from:
		found = append(found, "law 1: "+target+" lies to the left of "+f.dir)
	}
	if a, b := wire(f.dir), wire(target); b != "" && a != b && f.in("server") && !slices.Contains(shared, b) {
		found = append(found, "law 3: wires never know each other: "+target)
	}
	return found
}

// storeBreaches checks law 5: who serves cannot name a store, and so never a mailbox. Their tests set up real stores.
func storeBreaches(f goFile, place string) []string {
	if !f.in("server") || f.isTest() {
		return nil
	}
	local := importName(f.ast, module+"mailstore")
	if local == "" {
		return nil
	}
	if local == "." {
		return []string{place + ": law 5: mailstore is imported with a dot, which hides what is named"}
	}
	var found []string
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == local && slices.Contains(storeNames, sel.Sel.Name) {
			found = append(found, place+": law 5: mailstore."+sel.Sel.Name+" is for tenancy and cmd: a mailbox is handed out by a grant")
		}
		return true
	})
	return found
}

// importName is the name under which a file knows a package, "" if it does not import it.
func importName(f *ast.File, target string) string {
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err != nil || p != target {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(target)
	}
	return ""
}

// journalBreaches checks law 4: the journal's only way in takes the transaction that makes the change.
func journalBreaches(files []goFile) []string {
	const dir = "mailstore/journal"
	there := false
	for _, f := range files {
		if f.dir != dir || f.isTest() {
			continue
		}
		there = true
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Recv == nil && fn.Name.Name == "Append" {
				if takesTransaction(fn, f.ast) {
					return nil
				}
				return []string{dir + ": law 4: Append's first parameter must be *sqlite.Tx"}
			}
		}
	}
	if !there {
		return nil
	}
	return []string{dir + ": law 4: there is no Append"}
}

func takesTransaction(fn *ast.FuncDecl, file *ast.File) bool {
	if len(fn.Type.Params.List) == 0 {
		return false
	}
	pointer, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := pointer.X.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Tx" {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == importName(file, module+"mailstore/sqlite")
}

// commentBreaches wants one paragraph for each package that says what it is for.
func commentBreaches(files []goFile) []string {
	said := map[string]bool{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		begins := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			begins = "Command " + path.Base(f.dir) + " "
		}
		said[f.dir] = said[f.dir] || f.ast.Doc != nil && strings.HasPrefix(f.ast.Doc.Text(), begins)
	}
	var found []string
	for _, dir := range slices.Sorted(maps.Keys(said)) {
		if !said[dir] {
			found = append(found, dir+": no package comment")
		}
	}
	return found
}

// houseFiles parses every Go file of the module.
func houseFiles(t *testing.T, root string) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		files = append(files, goFile{dir: filepath.ToSlash(dir), name: d.Name(), ast: parsed})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheHouseKeepsItsLaws(t *testing.T) {
	files := houseFiles(t, "../..")
	for _, dir := range []string{"cmd/postroom", "server", "tenancy", "mailstore", "mailstore/journal"} {
		if !slices.ContainsFunc(files, func(f goFile) bool { return f.dir == dir && !f.isTest() }) {
			t.Errorf("no source was found in %s: the checker looked in the wrong place", dir)
		}
	}
	for _, breach := range breaches(files) {
		t.Error(breach)
	}
}

func TestTheCheckerSeesEveryBreach(t *testing.T) {
	const ok = "" // no breach
	for _, c := range []struct {
		name, file, source string
		breach             string
	}{
		{"to the right", "cmd/postroom/serve.go", `import "MODULE/server/api"`, ok},
		{"server to tenancy", "server/api/api.go", `import "MODULE/tenancy"`, ok},
		{"server to mailstore", "server/api/api.go", `import "MODULE/mailstore/fault"`, ok},
		{"to the left", "tenancy/key.go", `import "MODULE/server/api"`, "law 1: server/api lies to the left of tenancy"},
		{"to the left from the store", "mailstore/deliver.go", `import "MODULE/tenancy"`, "law 1: tenancy lies to the left of mailstore"},
		{"to the left in a test", "mailstore/deliver_test.go", `import "MODULE/tenancy"`, "law 1: tenancy lies to the left"},
		{"server to cmd", "server/api/api.go", `import "MODULE/cmd/postroom"`, "law 1: cmd/postroom lies to the left"},
		{"a new house", "util/strings.go", `import "MODULE/mailstore"`, "law 1: util or mailstore has no place"},
		{"web by the API", "server/api/ui.go", `import "MODULE/web"`, ok},
		{"web by another", "server/smtpd/ui.go", `import "MODULE/web"`, "law 1: web is imported by server/api alone"},
		{"web imports ours", "web/web.go", `import "MODULE/mailstore/fault"`, "law 1: web imports nothing of ours"},
		{"sql under server", "server/api/x.go", `import "database/sql"`, "law 2: database/sql is for the stores"},
		{"sql under cmd", "cmd/postroom/x.go", `import "database/sql"`, "law 2: database/sql"},
		{"our sqlite under server", "server/courier/x.go", `import "MODULE/mailstore/sqlite"`, "law 2: "},
		{"sqlite in a test of a wire", "server/smtpd/x_test.go", `import _ "modernc.org/sqlite"`, "law 2: modernc.org/sqlite"},
		{"sql in a store", "tenancy/x.go", `import "database/sql"`, ok},
		{"wire to wire", "server/api/x.go", `import "MODULE/server/smtpd"`, "law 3: wires never know each other"},
		{"life cycle to wire", "server/server.go", `import "MODULE/server/smtpd"`, "law 3: wires never know each other"},
		{"wire to life cycle", "server/smtpd/x.go", `import "MODULE/server"`, ok},
		{"wire to its own part", "server/api/x.go", `import "MODULE/server/api/schema"`, ok},
		{"go-smtp at home", "server/smtpd/x.go", `import "github.com/emersion/go-smtp"`, ok},
		{"go-smtp abroad", "server/api/x.go", `import "github.com/emersion/go-smtp"`, "law 3: github.com/emersion/go-smtp stays inside server/smtpd"},
		{"go-smtp in a test", "cmd/postroom/x_test.go", `import "github.com/emersion/go-smtp"`, ok},
		{"huma abroad", "cmd/postroom/x.go", `import "github.com/danielgtaylor/huma/v2/adapters/humago"`, "law 3: "},
		{"websocket abroad", "tenancy/x.go", `import "github.com/coder/websocket"`, "law 3: "},
		{"toml abroad", "server/smtpd/x.go", `import "github.com/BurntSushi/toml"`, "law 3: "},
		{"kong abroad", "server/smtpd/x.go", `import "github.com/alecthomas/kong"`, "law 3: "},
		{"the driver abroad", "mailstore/x.go", `import _ "modernc.org/sqlite"`, "law 3: modernc.org/sqlite stays inside mailstore/sqlite"},
		{"an id of the store", "server/api/x.go", `import "MODULE/mailstore"; var x mailstore.WorkspaceID`, ok},
		{"a workspace under server", "server/api/x.go", `import "MODULE/mailstore"; func f(s *mailstore.Store) {}`, "law 5: mailstore.Store"},
		{"opening under server", "server/api/x.go", `import ms "MODULE/mailstore"; var s, _ = ms.Open("", ms.Options{})`, "law 5: mailstore.Open"},
		{"hidden by a dot", "server/api/x.go", `import . "MODULE/mailstore"`, "law 5: mailstore is imported with a dot"},
		{"a store in a wire's test", "server/smtpd/x_test.go", `import "MODULE/mailstore"; var s, _ = mailstore.Open("", mailstore.Options{})`, ok},
		{"a store in cmd", "cmd/postroom/x.go", `import "MODULE/mailstore"; var s, _ = mailstore.Open("", mailstore.Options{})`, ok},
		{"append with a transaction", "mailstore/journal/x.go", `import "MODULE/mailstore/sqlite"; func Append(tx *sqlite.Tx, l int) error { return nil }`, ok},
		{"append without", "mailstore/journal/x.go", `func Append(l int) error { return nil }`, "law 4: Append's first parameter"},
		{"append with another", "mailstore/journal/x.go", `import "database/sql"; func Append(tx *sql.Tx) error { return nil }`, "law 4: Append's first parameter"},
		{"no append", "mailstore/journal/x.go", `func Write() {}`, "law 4: there is no Append"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, name := path.Split(c.file)
			dir = strings.TrimSuffix(dir, "/")
			pkg := path.Base(dir)
			source := fmt.Sprintf("// Package %s is made up.\npackage %s\n%s\n", pkg, pkg, strings.ReplaceAll(c.source, "MODULE/", module))
			parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(breaches([]goFile{{dir: dir, name: name, ast: parsed}}), "\n")
			if c.breach == ok && got != "" || !strings.Contains(got, c.breach) {
				t.Errorf("breaches %q, want %q", got, c.breach)
			}
		})
	}
}

func TestTheCheckerMissesPackageComments(t *testing.T) {
	for source, want := range map[string]bool{
		"package fault\n":                                   true,
		"// Something else.\npackage fault\n":               true,
		"// Package fault is a leaf.\npackage fault\n":      false,
		"// Package fault is far.\n\npackage fault\n":       true,
		"/*\nPackage fault is a leaf.\n*/\npackage fault\n": false,
	} {
		parsed, err := parser.ParseFile(token.NewFileSet(), "x.go", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(breaches([]goFile{{dir: "mailstore/fault", name: "x.go", ast: parsed}})) > 0; got != want {
			t.Errorf("%q: breach %v, want %v", source, got, want)
		}
	}
}
