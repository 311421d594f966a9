//go:build tools

// Package sops only names the programs to build, so that go.mod keeps them.
package sops

import (
	_ "filippo.io/age/cmd/age-keygen"
	_ "github.com/getsops/sops/v3/cmd/sops"
)
