#!/usr/bin/env bash
# Makes stand-ins for the base images that Dockerfile and docker-compose.yml name, from Debian's and npm's packages, for
# machines that cannot pull images. They are under the same names, so the real files are used as they are.
# Not the same: Debian's own PostgreSQL 15, Redis 7.0 and HAProxy 2.6.
set -euo pipefail

node_version=$(cat "$(dirname "${BASH_SOURCE[0]}")/../../.nvmrc")
node_image=docker.io/library/node:$node_version-bookworm-slim
# The images of the compose file, whatever versions it names.
image_of() { sed -n "s|^ *image: \($1:.*\)|docker.io/library/\1|p" "$(dirname "${BASH_SOURCE[0]}")/../../docker-compose.yml"; }
postgres_image=$(image_of postgres)
redis_image=$(image_of redis)
haproxy_image=$(image_of haproxy)
postgres_bin=/usr/lib/postgresql/15/bin

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

exists() { podman image exists "$1"; }

# Runs a command in the working container $1.
in_container() { buildah run --isolation chroot "$1" -- sh -ec "$2"; }

debian() {
  debootstrap --variant=minbase --include=ca-certificates bookworm "$work/debian" > "$work/debootstrap.log"
  # Networks that inspect TLS have a certificate authority of their own, which the machine already trusts.
  cp /etc/ssl/certs/ca-certificates.crt "$work/debian/etc/ssl/certs/"
  local container
  container=$(buildah from scratch)
  buildah add -q "$container" "$work/debian" / > /dev/null
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
  buildah commit -q --rm "$container" localhost/debian-stand-in > /dev/null
}

node() {
  local container architecture
  architecture=$(dpkg --print-architecture | sed 's/amd64/x64/')
  (cd "$work" && npm pack --silent "node-linux-$architecture@$node_version" npm@11 > /dev/null)
  mkdir "$work/node" "$work/npm"
  tar -xzf "$work"/node-linux-*.tgz -C "$work/node"
  tar -xzf "$work"/npm-*.tgz -C "$work/npm"
  container=$(buildah from localhost/debian-stand-in)
  buildah add -q "$container" "$work/node/package/bin/node" /usr/local/bin/node > /dev/null
  buildah add -q "$container" "$work/npm/package" /usr/local/lib/node_modules/npm > /dev/null
  in_container "$container" '
    ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node'
  buildah config --cmd node "$container"
  buildah commit -q --rm "$container" "$node_image" > /dev/null
}

postgres() {
  local container
  container=$(buildah from localhost/debian-stand-in)
  in_container "$container" 'apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql > /dev/null 2>&1
    rm -rf /var/lib/postgresql/* /var/lib/apt/lists/*
    install -d -o postgres -g postgres -m 3777 /run/postgresql
    install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data'
  cat > "$work/entrypoint.sh" <<'SCRIPT'
#!/bin/bash
# What the official image does on its first start, as far as the compose file uses it: as the user that it names.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") --auth=scram-sha-256 > /dev/null
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  postgres --single -j postgres > /dev/null <<< "CREATE DATABASE \"$POSTGRES_DB\""
fi
exec "$@"
SCRIPT
  chmod +x "$work/entrypoint.sh"
  buildah add -q "$container" "$work/entrypoint.sh" /usr/local/bin/docker-entrypoint.sh > /dev/null
  buildah config --env "PATH=$postgres_bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    --env PGDATA=/var/lib/postgresql/data --volume /var/lib/postgresql/data --stop-signal SIGINT \
    --entrypoint '["docker-entrypoint.sh"]' --cmd "postgres -c listen_addresses=*" "$container"
  buildah commit -q --rm "$container" "$postgres_image" > /dev/null
}

redis() {
  local container
  container=$(buildah from localhost/debian-stand-in)
  in_container "$container" 'apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server > /dev/null 2>&1
    rm -rf /var/lib/apt/lists/*; install -d -o redis /data'
  # The official image is built without protected mode, in which a Redis without a password answers its own machine alone.
  buildah config --user redis --workingdir /data --volume /data \
    --entrypoint '["sh", "-c", "exec \"$@\" --protected-mode no", "--"]' --cmd redis-server "$container"
  buildah commit -q --rm "$container" "$redis_image" > /dev/null
}

haproxy() {
  local container
  container=$(buildah from localhost/debian-stand-in)
  in_container "$container" 'apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends haproxy > /dev/null 2>&1
    rm -rf /var/lib/apt/lists/*; install -d /usr/local/etc/haproxy'
  buildah config --user haproxy --stop-signal SIGUSR1 --entrypoint '[]' \
    --cmd 'haproxy -W -db -f /usr/local/etc/haproxy/haproxy.cfg' "$container"
  buildah commit -q --rm "$container" "$haproxy_image" > /dev/null
}

exists localhost/debian-stand-in || { echo 'Base image: Debian'; debian; }
exists "$node_image" || { echo 'Base image: Node'; node; }
exists "$postgres_image" || { echo 'Base image: PostgreSQL'; postgres; }
exists "$redis_image" || { echo 'Base image: Redis'; redis; }
exists "$haproxy_image" || { echo 'Base image: HAProxy'; haproxy; }
