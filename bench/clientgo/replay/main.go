// Serves a list of Deployments and then, as fast as the client reads, a number of MODIFIED events about them: what an
// API server sends when the status of everything churns. Every event is rendered beforehand, in JSON and in protobuf,
// by the API server's own serializers, and written through Go's HTTP server as the API server writes it under load,
// that is without a flush between events. HTTP/1.1 over TLS, on a loopback address.
//
//	replay --kubeconfig FILE [--objects 50000] [--apps 500]
//
// Writes the kubeconfig when it listens, and runs until it is ended. A watch stays silent until GET /begin?events=N
// (so that a client can look at its memory first), sends N events, and ends.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

type server struct {
	objects   int
	encodings map[string]*encoding
	mutex     sync.Mutex
	begin     chan int // of the newest watch
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/begin":
		events, err := strconv.Atoi(r.URL.Query().Get("events"))
		if err != nil {
			http.Error(w, "events is no number", http.StatusBadRequest)
			return
		}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.begin == nil {
			http.Error(w, "nobody watches", http.StatusConflict)
			return
		}
		s.begin <- events
		s.begin = nil
	case r.URL.Path != "/apis/apps/v1/deployments":
		status(w, http.StatusNotFound, "NotFound")
	case r.URL.Query().Get("sendInitialEvents") != "":
		status(w, http.StatusUnprocessableEntity, "Invalid") // as servers without WatchList: every client lists here
	default:
		mediaType := jsonType
		if strings.HasPrefix(r.Header.Get("Accept"), protobufType) {
			mediaType = protobufType
		}
		if r.URL.Query().Get("watch") != "" {
			s.watch(w, r, mediaType)
		} else {
			s.list(w, r, mediaType)
		}
	}
}

func status(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","reason":%q,"code":%d}`, reason, code)
}

func (s *server) watch(w http.ResponseWriter, r *http.Request, mediaType string) {
	if mediaType == protobufType {
		mediaType += ";stream=watch"
	}
	encoding := s.encodings[strings.TrimSuffix(mediaType, ";stream=watch")]
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	begin := make(chan int, 1)
	s.mutex.Lock()
	s.begin = begin
	s.mutex.Unlock()
	events := 0
	select {
	case events = <-begin:
	case <-r.Context().Done():
		return
	}
	for event := range events {
		// A stride that is no divisor visits all objects in turn, and neighbours in no order.
		number := event * 7919 % s.objects
		variant := (event/s.objects + 1) % 2
		text := encoding.events[number%len(encoding.events)][variant].fill(number, int64(firstEventVersion+event))
		if _, err := w.Write(text); err != nil {
			return
		}
	}
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "where to write how to reach this server")
	objects := flag.Int("objects", 50_000, "Deployments in the list")
	apps := flag.Int("apps", 500, "applications that they belong to, each with managedFields of its own")
	flag.Parse()
	served := &server{objects: *objects, encodings: map[string]*encoding{}}
	for _, mediaType := range []string{jsonType, protobufType} {
		made, err := newEncoding(*apps, mediaType)
		if err != nil {
			log.Fatal(err)
		}
		served.encodings[mediaType] = made
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	config, err := serverTLS(*kubeconfig, listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	http11 := &http.Protocols{}
	http11.SetHTTP1(true)
	web := &http.Server{Handler: served, TLSConfig: config, Protocols: http11}
	log.Fatal(web.ServeTLS(listener, "", ""))
}
