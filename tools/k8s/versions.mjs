// What the manifests are rendered, validated and tried with.

/** Programs, built with `go install` into .cache/k8s. */
export const programs = {
  kustomize: { package: 'sigs.k8s.io/kustomize/kustomize/v5', version: 'v5.8.1' },
  kubeconform: { package: 'github.com/yannh/kubeconform/cmd/kubeconform', version: 'v0.7.0' },
  promtool: { package: 'github.com/prometheus/prometheus/cmd/promtool', version: 'v0.316.0' },
};

/** The oldest Kubernetes that is meant to run them. Kinds by the names of its definitions. */
export const kubernetes = {
  module: 'k8s.io/kubernetes',
  version: 'v1.35.4',
  kinds: [
    'io.k8s.api.apps.v1.Deployment',
    'io.k8s.api.apps.v1.StatefulSet',
    'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
    'io.k8s.api.core.v1.ConfigMap',
    'io.k8s.api.core.v1.Namespace',
    'io.k8s.api.core.v1.Service',
    'io.k8s.api.networking.v1.Ingress',
    'io.k8s.api.networking.v1.NetworkPolicy',
    'io.k8s.api.policy.v1.PodDisruptionBudget',
  ],
};

/** Go modules that carry their operators' CRDs. */
export const crdModules = [
  { module: 'github.com/cert-manager/cert-manager', version: 'v1.21.2', files: ['deploy/crds/cert-manager.io_certificates.yaml', 'deploy/crds/cert-manager.io_issuers.yaml'] },
  { module: 'github.com/mongodb/mongodb-kubernetes-operator', version: 'v0.9.0', files: ['config/crd/bases/mongodbcommunity.mongodb.com_mongodbcommunity.yaml'] },
  {
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    files: ['podmonitors', 'prometheusrules'].map((kind) => `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`),
  },
];

export const strimzi = {
  version: '1.2.0',
  artifacts: ['api', 'crd-generator'],
  classes: ['kafka.Kafka', 'nodepool.KafkaNodePool', 'topic.KafkaTopic', 'user.KafkaUser'].map((name) => `io.strimzi.api.kafka.model.${name}`),
};
