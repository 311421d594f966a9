// One client-go informer against the replay server: what it costs to keep a cache of what a watch shows.
//
//	informer --kubeconfig FILE --kind dynamic|typed --objects N --events N
//
// dynamic: unstructured objects from JSON. typed: generated types from protobuf. The handler only counts. Prints one
// JSON object: name, events, cpu_s_per_million (of the whole process: getrusage) and bytes_per_object (the resident
// set once all objects are cached and the heap was collected and given back, less what it was before the list).
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func newInformer(kind string, config *rest.Config) (cache.SharedIndexInformer, error) {
	switch kind {
	case "dynamic":
		client, err := dynamic.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
		return dynamicinformer.NewDynamicSharedInformerFactory(client, 0).ForResource(deployments).Informer(), nil
	case "typed":
		config.ContentType = "application/vnd.kubernetes.protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf"
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		return informers.NewSharedInformerFactory(client, 0).Apps().V1().Deployments().Informer(), nil
	}
	return nil, fmt.Errorf("--kind %s is neither dynamic nor typed", kind)
}

func residentBytes() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		log.Fatal(err)
	}
	pages, err := strconv.ParseInt(string(bytes.Fields(text)[1]), 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func until(what string, patience time.Duration, done func() bool) {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			log.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "written by the replay server")
	kind := flag.String("kind", "", "dynamic or typed")
	objects := flag.Int64("objects", 0, "in the list")
	events := flag.Int64("events", 0, "to ask for")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	control, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	informer, err := newInformer(*kind, rest.CopyConfig(config))
	if err != nil {
		log.Fatal(err)
	}
	var added, updated atomic.Int64
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { added.Add(1) },
		UpdateFunc: func(any, any) { updated.Add(1) },
	})
	if err != nil {
		log.Fatal(err)
	}

	before := residentBytes()
	go informer.Run(make(chan struct{}))
	until("the list", 5*time.Minute, func() bool { return informer.HasSynced() && added.Load() == *objects })
	begin := control.Discovery().RESTClient().Get().AbsPath("/begin").Param("events", strconv.FormatInt(*events, 10))
	time.Sleep(time.Second) // the watch is being opened
	held := residentBytes() - before

	began := cpuSeconds()
	if err := begin.Do(context.Background()).Error(); err != nil {
		log.Fatal(err)
	}
	until("the events", 30*time.Minute, func() bool { return updated.Load() >= *events })
	used := cpuSeconds() - began
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"name":              "client-go " + *kind,
		"events":            *events,
		"cpu_s_per_million": used * 1e6 / float64(*events),
		"bytes_per_object":  float64(held) / float64(*objects),
	})
}
