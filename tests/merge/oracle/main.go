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
	"runtime/debug"
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
	// Of "own".
	Managers map[string]manager `json:"managers"`
}

type history struct {
	Definitions           json.RawMessage `json:"definitions"`
	PreserveUnknownFields bool            `json:"preserveUnknownFields"`
	Type                  string          `json:"type"`
	Ignored               json.RawMessage `json:"ignored"`
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
	Version string          `json:"version,omitempty"`
}

// What a forced apply would change.
type would struct {
	Object bool `json:"object"`
	Own    bool `json:"own"`
	Others bool `json:"others"`
}

type answer struct {
	Object    json.RawMessage    `json:"object,omitempty"`
	Changed   *bool              `json:"changed,omitempty"`
	Managers  map[string]manager `json:"managers,omitzero"`
	Would     *would             `json:"would,omitempty"`
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

func fieldSet(text json.RawMessage) *fieldpath.Set {
	set := fieldpath.NewSet()
	if text != nil {
		if err := set.FromJSON(bytes.NewReader(text)); err != nil {
			panic(err)
		}
	}
	return set
}

// Somebody writes metadata.managedFields itself: from here on it says what is given.
func (s *state) own(op *operation) answer {
	s.managers = fieldpath.ManagedFields{}
	for name, given := range op.Managers {
		version := apiVersion
		if given.Version != "" {
			version = fieldpath.APIVersion(given.Version)
		}
		if set := fieldSet(given.Fields); !set.Empty() {
			s.managers[name] = fieldpath.NewVersionedSet(set, version, given.Applied)
		}
	}
	return s.written(false)
}

func (s *state) written(changed bool) answer {
	out := answer{Object: encode(s.live), Changed: &changed, Managers: map[string]manager{}}
	for name, set := range s.managers {
		out.Managers[name] = manager{Applied: set.Applied(), Fields: must(set.Set().ToJSON())}
	}
	return out
}

// What the forced apply that left `managers` would change of them.
func (s *state) wouldChange(name string, object bool, managers fieldpath.ManagedFields) answer {
	one := func(all fieldpath.ManagedFields) (own, others fieldpath.ManagedFields) {
		own, others = fieldpath.ManagedFields{}, all.Copy()
		if set, found := others[name]; found {
			own[name] = set
			delete(others, name)
		}
		return own, others
	}
	ownBefore, othersBefore := one(s.managers)
	ownAfter, othersAfter := one(managers)
	return answer{Would: &would{Object: object, Own: !ownBefore.Equals(ownAfter), Others: !othersBefore.Equals(othersAfter)}}
}

func (s *state) step(op *operation) answer {
	if op.Op == "own" {
		return s.own(op)
	}
	if op.Op == "forget" {
		return answer{Object: encode(s.live)}
	}
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
		ignored := fieldSet(op.Ignored)
		builder.IgnoreFilter = map[fieldpath.APIVersion]fieldpath.Filter{apiVersion: fieldpath.NewExcludeSetFilter(ignored)}
	}
	updater := builder.BuildUpdater()
	var object *typed.TypedValue
	managers := s.managers.Copy()
	if op.Op == "apply" || op.Op == "probe" {
		force := op.Force || op.Op == "probe"
		config, err := s.typed(decode(op.Object), op.Type)
		if err != nil {
			return refused(err)
		}
		if object, managers, err = updater.Apply(live, config, apiVersion, managers, op.Manager, force); err != nil {
			return conflicted(err)
		}
		if op.Op == "probe" {
			return s.wouldChange(op.Manager, object != nil, managers)
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
	return s.written(changed)
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
		if h.Operations[i].Ignored == nil {
			h.Operations[i].Ignored = h.Ignored
		}
		answers = append(answers, s.step(&h.Operations[i]))
	}
	return encode(map[string]any{"answers": answers})
}

func main() {
	// Little lives for long, and nothing but speed is wanted of this program.
	debug.SetGCPercent(800)
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
