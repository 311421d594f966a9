//go:build tools

// Package helm only names the program to build, so that go.mod keeps it.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
