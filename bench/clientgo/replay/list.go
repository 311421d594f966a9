package main

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	firstObjectVersion = 1_000_000_000
	listVersion        = 1_900_000_000
	firstEventVersion  = 2_000_000_000
)

// The whole list, or a page where the request wants one. The continue token is the number of the next object.
func (s *server) list(w http.ResponseWriter, r *http.Request, mediaType string) {
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("continue"))
	until := s.objects
	if limit, _ := strconv.Atoi(query.Get("limit")); limit > 0 {
		until = min(until, from+limit)
	}
	next := ""
	if until < s.objects {
		next = strconv.Itoa(until)
	}
	encoding := s.encodings[mediaType]
	w.Header().Set("Content-Type", mediaType)
	if mediaType == protobufType {
		w.Write(encoding.protobufList(from, until, next))
		return
	}
	fmt.Fprintf(w, `{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"%d","continue":%q},"items":[`,
		listVersion, next)
	for number := from; number < until; number++ {
		if number != from {
			w.Write([]byte(","))
		}
		w.Write(encoding.item(number))
	}
	w.Write([]byte("]}\n"))
}

func (e *encoding) item(number int) []byte {
	return e.items[number%len(e.items)].fill(number, int64(firstObjectVersion+number))
}

// Field 2 of a DeploymentList is an item; the envelope is that of the protobuf serializer: "k8s", then a
// runtime.Unknown.
func (e *encoding) protobufList(from, until int, next string) []byte {
	head := appsv1.DeploymentList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(listVersion), Continue: next}}
	raw, _ := head.Marshal()
	for number := from; number < until; number++ {
		item := e.item(number)
		raw = append(raw, 2<<3|2)
		raw = binary.AppendUvarint(raw, uint64(len(item)))
		raw = append(raw, item...)
	}
	unknown := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "apps/v1", Kind: "DeploymentList"}, Raw: raw}
	body, _ := unknown.Marshal()
	return append([]byte{'k', '8', 's', 0}, body...)
}
