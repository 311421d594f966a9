// Reads requests of three words a line: "text" or "object" ("strict " before either where unset variables are errors),
// "=" and the text in base64, and the variables as base64 of JSON. Answers one line each: "error", or the result in base64. Of
// an object, given as JSON, that is the JSON of what its YAML says after the variables are filled in: how Flux'
// kustomize-controller does it.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"sigs.k8s.io/yaml"
)

func decoded(word string) []byte {
	bytes, err := base64.StdEncoding.DecodeString(word)
	if err != nil {
		panic(err)
	}
	return bytes
}

// Keys sorted, numbers as they are.
func canonical(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes()), err
}

func answer(words []string) ([]byte, error) {
	strict := words[0] == "strict"
	if strict {
		words = words[1:]
	}
	var variables map[string]string
	if err := json.Unmarshal(decoded(words[2]), &variables); err != nil {
		panic(err)
	}
	text := decoded(words[1][1:])
	if words[0] == "object" {
		var err error
		if text, err = yaml.JSONToYAML(text); err != nil {
			return nil, err
		}
	}
	made, err := envsubst.Eval(string(text), func(name string) (string, bool) {
		value, exists := variables[name]
		return value, exists || !strict
	})
	if err != nil || words[0] != "object" {
		return []byte(made), err
	}
	read, err := yaml.YAMLToJSON([]byte(made))
	if err != nil {
		return nil, err
	}
	return canonical(read)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		made, err := answer(strings.Fields(line))
		if err != nil {
			out.WriteString("error\n")
		} else {
			out.WriteString("=" + base64.StdEncoding.EncodeToString(made) + "\n")
		}
		out.Flush()
	}
}
