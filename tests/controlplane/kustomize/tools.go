//go:build tools

// Package kustomize only names the program to build, so that go.mod keeps it.
package kustomize

import _ "sigs.k8s.io/kustomize/kustomize/v5"
