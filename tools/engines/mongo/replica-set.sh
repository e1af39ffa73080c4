#!/usr/bin/env bash
# A replica set of three in one container: replica-set.sh PORT PORT PORT. Says `replica set is ready` when it has a primary.
# Test commands are on: failover tests stop replication and step members up by them.
set -eu
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 0' TERM INT
for port in "$@"; do
  mkdir -p "/data/db/$port"
  mongod --replSet tillid --bind_ip_all --port "$port" --dbpath "/data/db/$port" --wiredTigerCacheSizeGB 0.25 \
    --setParameter enableTestCommands=1 --logpath "/data/db/$port.log" &
done
ask() { mongosh --quiet --port "$1" --eval "$2" >/dev/null 2>&1; }
for port in "$@"; do until ask "$port" 'db.hello()'; do sleep 0.2; done; done
# A container that is started again has its set already.
ask "$1" 'rs.status()' || ask "$1" "rs.initiate({ _id: 'tillid', members: [$1, $2, $3].map((port, index) => ({ _id: index, host: '127.0.0.1:' + port, priority: index === 0 ? 2 : 1 })) })"
until ask "$1" 'quit(rs.status().members.filter(({ stateStr }) => ["PRIMARY", "SECONDARY"].includes(stateStr)).length === 3 && db.hello().isWritablePrimary ? 0 : 1)'; do sleep 0.2; done
echo 'replica set is ready'
wait
