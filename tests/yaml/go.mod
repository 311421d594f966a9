// Says what kubectl's own YAML reader makes of a document; yaml_differential compares ours with it.
module holdfast.dev/tests/yaml

go 1.25.0

require sigs.k8s.io/yaml v1.6.0

require go.yaml.in/yaml/v2 v2.4.2 // indirect
