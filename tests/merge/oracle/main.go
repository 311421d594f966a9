// Runs histories of writes through sigs.k8s.io/structured-merge-diff, with types made of OpenAPI by k8s.io/kube-openapi,
// as kube-apiserver does. One history a line in, one answer a line out; docs/merge-histories.md has the format.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/schemaconv"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

const apiVersion = fieldpath.APIVersion("v1")

type operation struct {
	Op      string          `json:"op"`
	Manager string          `json:"manager"`
	Force   bool            `json:"force"`
	Object  json.RawMessage `json:"object"`
	Ignored json.RawMessage `json:"ignored"`
	Type    string          `json:"type"`
}

type history struct {
	Definitions           json.RawMessage `json:"definitions"`
	PreserveUnknownFields bool            `json:"preserveUnknownFields"`
	Type                  string          `json:"type"`
	Operations            []operation     `json:"operations"`
}

// One version only: nothing is ever converted.
type identity struct{}

func (identity) Convert(object *typed.TypedValue, _ fieldpath.APIVersion) (*typed.TypedValue, error) {
	return object, nil
}
func (identity) IsMissingVersionError(error) bool { return false }

type manager struct {
	Applied bool            `json:"applied"`
	Fields  json.RawMessage `json:"fields"`
}

type answer struct {
	Object    json.RawMessage    `json:"object,omitempty"`
	Changed   *bool              `json:"changed,omitempty"`
	Managers  map[string]manager `json:"managers,omitzero"`
	Conflicts []string           `json:"conflicts,omitempty"`
	Invalid   []string           `json:"invalid,omitempty"`
	Failure   string             `json:"failure,omitempty"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Integers as int64 where they fit, everything else as float64: the API server's own reading of JSON.
func numbers(v any) any {
	switch typed := v.(type) {
	case json.Number:
		if integer, err := typed.Int64(); err == nil {
			return integer
		}
		return must(typed.Float64())
	case []any:
		for i := range typed {
			typed[i] = numbers(typed[i])
		}
	case map[string]any:
		for key := range typed {
			typed[key] = numbers(typed[key])
		}
	}
	return v
}

func decode(text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		panic(err)
	}
	return numbers(v)
}

func encode(v any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

// The types of the last history: those of many have the same.
type reader struct {
	raw      []byte
	preserve bool
	types    *schema.Schema
	failure  error
}

func (r *reader) read(h *history) {
	if bytes.Equal(r.raw, h.Definitions) && r.preserve == h.PreserveUnknownFields && (r.types != nil || r.failure != nil) {
		return
	}
	var models map[string]*spec.Schema
	if err := json.Unmarshal(h.Definitions, &models); err != nil {
		panic(err)
	}
	r.raw, r.preserve = slices.Clone(h.Definitions), h.PreserveUnknownFields
	r.types, r.failure = schemaconv.ToSchemaFromOpenAPI(models, h.PreserveUnknownFields)
}

type state struct {
	types    *schema.Schema
	live     any
	managers fieldpath.ManagedFields
}

func (s *state) typed(object any, name string, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	return typed.AsTyped(value.NewValueInterface(object), s.types, schema.TypeRef{NamedType: &name}, options...)
}

func refused(err error) answer {
	var many typed.ValidationErrors
	if !errors.As(err, &many) {
		return answer{Failure: err.Error()}
	}
	var out answer
	for _, one := range many {
		out.Invalid = append(out.Invalid, one.Error())
	}
	return out
}

func conflicted(err error) answer {
	var many merge.Conflicts
	if !errors.As(err, &many) {
		return answer{Failure: err.Error()}
	}
	byManager := map[string][]string{}
	for _, one := range many {
		byManager[one.Manager] = append(byManager[one.Manager], one.Manager+" "+one.Path.String())
	}
	names := []string{}
	for name := range byManager {
		names = append(names, name)
	}
	slices.Sort(names)
	var out answer
	for _, name := range names {
		out.Conflicts = append(out.Conflicts, byManager[name]...)
	}
	return out
}

func (s *state) step(op *operation) answer {
	live, err := s.typed(s.live, op.Type, typed.AllowDuplicates)
	if err != nil {
		return refused(err)
	}
	if op.Op == "extract" {
		fields := fieldpath.NewSet()
		if set, found := s.managers[op.Manager]; found {
			fields = set.Set()
		}
		return answer{Object: encode(live.ExtractItems(fields.Leaves(), typed.WithAppendKeyFields()).AsValue().Unstructured())}
	}
	builder := merge.UpdaterBuilder{Converter: identity{}}
	if op.Ignored != nil {
		ignored := fieldpath.NewSet()
		if err := ignored.FromJSON(bytes.NewReader(op.Ignored)); err != nil {
			panic(err)
		}
		builder.IgnoreFilter = map[fieldpath.APIVersion]fieldpath.Filter{apiVersion: fieldpath.NewExcludeSetFilter(ignored)}
	}
	updater := builder.BuildUpdater()
	var object *typed.TypedValue
	managers := s.managers.Copy()
	if op.Op == "apply" {
		config, err := s.typed(decode(op.Object), op.Type)
		if err != nil {
			return refused(err)
		}
		if object, managers, err = updater.Apply(live, config, apiVersion, managers, op.Manager, op.Force); err != nil {
			return conflicted(err)
		}
	} else {
		next, err := s.typed(decode(op.Object), op.Type, typed.AllowDuplicates)
		if err != nil {
			return refused(err)
		}
		if object, managers, err = updater.Update(live, next, apiVersion, managers, op.Manager); err != nil {
			return answer{Failure: err.Error()}
		}
		if value.Equals(live.AsValue(), next.AsValue()) {
			object = nil
		}
	}
	changed := object != nil
	if changed {
		s.live = object.AsValue().Unstructured()
	}
	s.managers = managers
	out := answer{Object: encode(s.live), Changed: &changed, Managers: map[string]manager{}}
	for name, set := range managers {
		out.Managers[name] = manager{Applied: set.Applied(), Fields: must(set.Set().ToJSON())}
	}
	return out
}

func (r *reader) answer(line []byte) []byte {
	var h history
	if err := json.Unmarshal(line, &h); err != nil {
		panic(err)
	}
	r.read(&h)
	if r.failure != nil {
		return encode(map[string]string{"schema": strings.Split(r.failure.Error(), "\n")[0]})
	}
	s := state{types: r.types, live: map[string]any{}, managers: fieldpath.ManagedFields{}}
	answers := []answer{}
	for i := range h.Operations {
		if h.Operations[i].Type == "" {
			h.Operations[i].Type = h.Type
		}
		answers = append(answers, s.step(&h.Operations[i]))
	}
	return encode(map[string]any{"answers": answers})
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	var r reader
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		fmt.Fprintf(out, "%s\n", r.answer(line))
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}
