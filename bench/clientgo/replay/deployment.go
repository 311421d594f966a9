package main

import (
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What differs between the objects of one application, and between two events of one object, has a fixed width, so that
// an event is a copy of a rendered text with some bytes put in. The placeholders occur in nothing else.
const (
	placeOfName    = "@@@@@@"       // the object's number, in metadata.name
	placeOfUID     = "############" // its number again, in metadata.uid
	placeOfVersion = "$$$$$$$$$$"   // metadata.resourceVersion
)

// A Deployment of some 3.3 KB as an API server shows it, with the managedFields of three managers. APP is the name of
// the application: it names the container too, so that each application has managedFields of its own.
const deployment = `{
 "kind": "Deployment", "apiVersion": "apps/v1",
 "metadata": {
  "name": "APP-@@@@@@", "namespace": "team-APP", "uid": "6f1c2b3a-9d4e-4c5b-8a7f-############",
  "resourceVersion": "$$$$$$$$$$", "generation": 4, "creationTimestamp": "2026-01-05T09:12:44Z",
  "labels": {"app.kubernetes.io/name": "APP", "team": "APP",
   "applyset.kubernetes.io/part-of": "applyset-Jx3QrXwM8sN5uYk2Tq0aVbLpZc9dEfGh7iKoRtUvWxY-v1",
   "holdfast.dev/installation": "bench"},
  "annotations": {"deployment.kubernetes.io/revision": "4"},
  "managedFields": [
   {"manager": "holdfast", "operation": "Apply", "apiVersion": "apps/v1", "time": "2026-01-05T09:12:44Z",
    "fieldsType": "FieldsV1", "fieldsV1": {
     "f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {},
      "f:applyset.kubernetes.io/part-of": {}, "f:holdfast.dev/installation": {}, "f:team": {}}},
     "f:spec": {"f:replicas": {}, "f:selector": {},
      "f:template": {"f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {}, "f:team": {}}},
       "f:spec": {"f:containers": {"k:{\"name\":\"APP\"}": {".": {}, "f:args": {},
        "f:env": {"k:{\"name\":\"LOG_LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}}},
        "f:image": {}, "f:name": {},
        "f:ports": {"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:name": {}}},
        "f:resources": {"f:requests": {"f:cpu": {}, "f:memory": {}}},
        "f:volumeMounts": {"k:{\"mountPath\":\"/tmp\"}": {".": {}, "f:mountPath": {}, "f:name": {}}}}},
       "f:volumes": {"k:{\"name\":\"tmp\"}": {".": {}, "f:emptyDir": {}, "f:name": {}}}}}}}},
   {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1", "time": "STATUS_TIME",
    "fieldsType": "FieldsV1", "fieldsV1": {
     "f:metadata": {"f:annotations": {".": {}, "f:deployment.kubernetes.io/revision": {}}},
     "f:status": {"f:availableReplicas": {}, "f:conditions": {".": {},
      "k:{\"type\":\"Available\"}": {".": {}, "f:lastTransitionTime": {}, "f:lastUpdateTime": {}, "f:message": {},
       "f:reason": {}, "f:status": {}, "f:type": {}}},
      "f:observedGeneration": {}, "f:readyReplicas": {}, "f:replicas": {}, "f:updatedReplicas": {}}},
    "subresource": "status"},
   {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-02-11T16:40:02Z",
    "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:progressDeadlineSeconds": {}, "f:revisionHistoryLimit": {}}}}]},
 "spec": {
  "replicas": 3, "selector": {"matchLabels": {"app.kubernetes.io/name": "APP"}},
  "template": {"metadata": {"creationTimestamp": null, "labels": {"app.kubernetes.io/name": "APP", "team": "APP"}},
   "spec": {
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "containers": [{
     "name": "APP", "image": "registry.example/APP/server:1.42.7", "args": ["--listen=:8080", "--drain=15s"],
     "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
     "env": [{"name": "LOG_LEVEL", "value": "info"}],
     "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
     "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
     "imagePullPolicy": "IfNotPresent"}],
    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {},
    "schedulerName": "default-scheduler"}},
  "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
  "revisionHistoryLimit": 5, "progressDeadlineSeconds": 300},
 "status": {
  "observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "readyReplicas": READY, "availableReplicas": READY,
  "conditions": [{"type": "Available", "status": "True", "lastUpdateTime": "STATUS_TIME",
   "lastTransitionTime": "2026-01-05T09:13:02Z", "reason": "MinimumReplicasAvailable",
   "message": "Deployment has minimum availability."}]}}`

// The status of the even and of the odd rounds of events.
var statusVariants = []struct{ ready, time string }{{"3", "2026-03-01T10:00:00Z"}, {"2", "2026-03-01T10:00:05Z"}}

func render(app string, variant int) (*appsv1.Deployment, error) {
	status := statusVariants[variant]
	text := strings.NewReplacer("APP", app, "READY", status.ready, "STATUS_TIME", status.time).Replace(deployment)
	made := &appsv1.Deployment{}
	if err := json.Unmarshal([]byte(text), made); err != nil {
		return nil, fmt.Errorf("the template of the Deployment: %w", err)
	}
	made.Status.Conditions[0].LastUpdateTime = metav1.Time{Time: made.Status.Conditions[0].LastUpdateTime.UTC()}
	return made, nil
}
