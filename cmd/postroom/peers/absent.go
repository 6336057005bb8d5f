package peers

import (
	"os"
	"testing"
)

// Absent skips a test that needs something this machine does not have, by its name; in CI it is a failure.
func Absent(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is absent, and in CI nothing may be", what)
	}
	t.Skipf("%s is absent", what)
}
