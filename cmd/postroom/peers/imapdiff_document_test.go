package peers

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// The document explains each form and each accepted difference under its name, and no others.
func TestEachDifferenceIsExplained(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "imap-differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\|").FindAllStringSubmatch(string(raw), -1) {
		explained = append(explained, m[1])
	}
	used := []string{"broken-parts", "broken-mail"}
	for _, form := range normalForms {
		used = append(used, form.name)
	}
	for _, d := range acceptedDifferences {
		used = append(used, d.name)
	}
	for _, d := range readDialogues(t, filepath.Join("testdata", "imapdiff")) {
		for _, step := range d.steps {
			if step.accepted != "" {
				used = append(used, step.accepted)
			}
		}
	}
	slices.Sort(used)
	for _, name := range slices.Compact(used) {
		if !slices.Contains(explained, name) {
			t.Errorf("%s is used and not explained", name)
		}
	}
	for _, name := range explained {
		if !slices.Contains(used, name) {
			t.Errorf("%s is explained and not used", name)
		}
	}
}
