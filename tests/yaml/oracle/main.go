// Reads one YAML document a line, in base64, and answers one line each: "error", or (behind a "!" where the library's
// strict reader refuses the document for a key that is set twice) the value in the canonical form of
// yaml_differential.cc (strings in hex, keys sorted), so that no second JSON reader can blur a difference.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"
)

func write(out *strings.Builder, value any) {
	switch typed := value.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		fmt.Fprintf(out, "%t", typed)
	case json.Number:
		text := typed.String()
		if text == "-0" {
			text = "0"
		}
		out.WriteString(text)
	case string:
		out.WriteString("'" + hex.EncodeToString([]byte(typed)))
	case []any:
		out.WriteString("[")
		for _, item := range typed {
			write(out, item)
			out.WriteString(",")
		}
		out.WriteString("]")
	case map[string]any:
		keys := make([]string, 0, len(typed))
		for key := range typed {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		out.WriteString("{")
		for _, key := range keys {
			out.WriteString(hex.EncodeToString([]byte(key)) + ":")
			write(out, typed[key])
			out.WriteString(",")
		}
		out.WriteString("}")
	}
}

func answer(line []byte) string {
	document, err := base64.StdEncoding.DecodeString(string(line))
	if err != nil {
		panic(err)
	}
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		return "error"
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	var out strings.Builder
	if _, err := yaml.YAMLToJSONStrict(document); err != nil {
		out.WriteString("!")
	}
	write(&out, value)
	return out.String()
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		fmt.Fprintln(out, answer(bytes.TrimSpace(line)))
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}
