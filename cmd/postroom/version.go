package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand prints what is running.
type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// build says which source this binary was made from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints one line.
func (c *versionCommand) Run(t terminal) error {
	b := thisBuild()
	if c.JSON {
		return json.NewEncoder(t.out).Encode(b)
	}
	_, err := fmt.Fprintf(t.out, "postroom %s (%s, %s)\n", b.Version, b.Go, b.Platform)
	return err
}

// thisBuild reads what the Go toolchain stamped into the binary.
func thisBuild() build {
	b := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}
