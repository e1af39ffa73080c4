#!/usr/bin/env bash
# Kafka wants key and certificate in one file; the folder that holds them is not ours to write in.
set -eu
umask 077
cat /tls/key.pem /tls/cert.pem > /tmp/keystore.pem
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --standalone --cluster-id "$CLUSTER_ID" --config /docker/server.properties
exec /opt/kafka/bin/kafka-server-start.sh /docker/server.properties
