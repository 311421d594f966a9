//go:build tools

// Package nodes only names the program to build, so that go.mod keeps it.
package nodes

import _ "sigs.k8s.io/kwok/cmd/kwok"
