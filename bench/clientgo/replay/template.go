package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

const (
	jsonType     = "application/json"
	protobufType = "application/vnd.kubernetes.protobuf"
)

// A rendered text with holes: copy it, fill the holes, send it.
type template struct {
	text               []byte
	name, uid, version []int // where the placeholders are
	buffer             []byte
}

func newTemplate(text []byte) *template {
	return &template{text: text, buffer: make([]byte, len(text)), name: positions(text, placeOfName),
		uid: positions(text, placeOfUID), version: positions(text, placeOfVersion)}
}

func positions(text []byte, place string) []int {
	var found []int
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(place))
		if at < 0 {
			return found
		}
		found = append(found, from+at)
		from += at + len(place)
	}
}

// Valid until the next call.
func (t *template) fill(number int, version int64) []byte {
	copy(t.buffer, t.text)
	putDigits(t.buffer, t.name, int64(number), len(placeOfName))
	putDigits(t.buffer, t.uid, int64(number), len(placeOfUID))
	putDigits(t.buffer, t.version, version, len(placeOfVersion))
	return t.buffer
}

func putDigits(into []byte, at []int, value int64, width int) {
	for _, position := range at {
		rest := value
		for i := position + width - 1; i >= position; i-- {
			into[i] = byte('0' + rest%10)
			rest /= 10
		}
	}
}

// One encoding of the objects: how a watch frames them, and how a list item looks.
type encoding struct {
	events [][2]*template // of each application, in both variants of the status
	items  []*template    // of each application
}

// With the codecs of the API server itself, framed as its watch handler frames them.
func newEncoding(apps int, mediaType string) (*encoding, error) {
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
	if !ok {
		return nil, fmt.Errorf("no serializer for %s", mediaType)
	}
	made := &encoding{}
	for app := range apps {
		var events [2]*template
		for variant := range events {
			object, err := render(appName(app), variant)
			if err != nil {
				return nil, err
			}
			var text, frame bytes.Buffer
			if err := info.Serializer.Encode(object, &text); err != nil {
				return nil, err
			}
			event := &metav1.WatchEvent{Type: "MODIFIED", Object: runtime.RawExtension{Raw: bytes.TrimSuffix(text.Bytes(), []byte("\n"))}}
			writer := info.StreamSerializer.Framer.NewFrameWriter(&frame)
			if err := info.StreamSerializer.Serializer.Encode(event, writer); err != nil {
				return nil, err
			}
			events[variant] = newTemplate(frame.Bytes())
		}
		item, err := renderItem(appName(app), mediaType)
		if err != nil {
			return nil, err
		}
		made.events = append(made.events, events)
		made.items = append(made.items, newTemplate(item))
	}
	return made, nil
}

// An item of an ordinary list carries neither kind nor apiVersion.
func renderItem(app, mediaType string) ([]byte, error) {
	object, err := render(app, 0)
	if err != nil {
		return nil, err
	}
	object.TypeMeta = metav1.TypeMeta{}
	if mediaType == protobufType {
		return object.Marshal()
	}
	return json.Marshal(object)
}

func appName(app int) string { return "a" + strings.Repeat("b", 3) + fmt.Sprintf("%04d", app) }
