/** Whether an image is not the application's own, such as a database. The doctor skips it. */
export function isForeignImage(image: string | undefined): boolean {
  if (image === undefined) return false
  const name = image.replace(/@.*$/, '').replace(/:[^/]*$/, '')
  const last = name.replace(/^.*\//, '')
  return (
    FOREIGN_NAMES.test(last) ||
    /^(bitnami|grafana|prom|hashicorp|elastic|confluentinc|jaegertracing|otel|istio|envoyproxy|linuxserver)\//.test(
      name.replace(/^[^/]*\.[^/]*\//, ''),
    )
  )
}

const FOREIGN_NAMES =
  /^(postgres|postgis|pgbouncer|pgadmin4?|timescaledb|pgvector|mysql|mariadb|phpmyadmin|mongo|mongodb|mongo-express|redis|redis-stack|valkey|keydb|dragonfly|memcached|rabbitmq|nats|nats-streaming|kafka|cp-kafka|redpanda|zookeeper|cp-zookeeper|nginx|nginx-unprivileged|traefik|caddy|haproxy|envoy|httpd|varnish|elasticsearch|opensearch|kibana|logstash|filebeat|fluentd|fluent-bit|grafana|prometheus|alertmanager|node-exporter|loki|promtail|tempo|jaeger|zipkin|otelcol|opentelemetry-collector.*|minio|mc|localstack|vault|consul|etcd|influxdb|cassandra|scylla|clickhouse-server|neo4j|couchdb|cockroach|adminer|mailhog|mailpit|maildev|busybox|alpine|curl|wait-for-it|watchtower|portainer-ce|cadvisor|registry|keycloak|qdrant|meilisearch|typesense|cloud-sql-proxy|cloudsql-proxy|linkerd-proxy|istio-proxy|proxyv2|docker|dind|certbot|cloudflared)$/
