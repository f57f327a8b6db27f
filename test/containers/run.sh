#!/usr/bin/env bash
# Proves Dockerfile and docker-compose.yml where no Docker engine is: builds the images and runs the whole product from them with
# `docker-compose up --build`, as docs/operation.md says, on podman's Docker-compatible socket, and holds a conversation.
#
#   sudo test/containers/run.sh
#
# What it cannot show: the official base images themselves (stand-ins take their names, see base-images.sh), BuildKit and the
# second Compose (this is docker-compose 1.29; the file is checked against the Compose Specification's schema by hand), the
# engine's own timing of health checks, and other processors than this machine's.
#
# Needs root on Debian and: apt-get install podman buildah runc debootstrap docker-compose netavark aardvark-dns iptables
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source_folder=$PWD
work=$(mktemp -d)

say() { printf '\n── %s ──\n' "$*"; }
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

finish() {
  local status=$?
  if [ -n "${DOCKER_HOST:-}" ]; then
    [ $status -eq 0 ] || docker-compose logs --tail 40 || true
    docker-compose --profile sandbox down --volumes --remove-orphans > /dev/null 2>&1 || true
  fi
  for pid in ${ticker:-} ${service:-}; do kill "$pid" 2> /dev/null || true; done
  cd /
  rm -rf "$work"
}
trap finish EXIT

# crun refuses in many sandboxes where runc doesn't, and the engine's own limits are higher than root's there.
cat > "$work/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
[engine]
runtime = "runc"
CONF
export CONTAINERS_CONF=$work/containers.conf

test/containers/base-images.sh

say 'Engine'
BUILDAH_ISOLATION=chroot podman system service --time=0 "unix://$work/engine.sock" 2> "$work/engine.log" &
service=$!
until [ -S "$work/engine.sock" ]; do sleep 0.1; done
export DOCKER_HOST=unix://$work/engine.sock

# An engine checks health by itself; podman leaves that to systemd's timers.
while sleep 2; do
  for container in $(podman ps --quiet); do podman healthcheck run "$container" > /dev/null 2>&1 || true; done
done &
ticker=$!

say 'A clone, and its .env'
mkdir "$work/gemini-chat-backend"
git ls-files --cached --others --exclude-standard -z | tar --null --files-from=- --create | tar -x -C "$work/gemini-chat-backend"
cd "$work/gemini-chat-backend"
cp .env.example .env

say 'docker-compose up --build'
docker-compose up --build --detach > "$work/up.log" 2>&1 || { tail -n 60 "$work/up.log"; fail 'docker-compose up'; }
docker-compose ps

container_of() { docker-compose ps --quiet "$1" | head -n 1; }
inspect() { podman inspect --format "$2" "$(container_of "$1")"; }

until_healthy() {
  local health
  for _ in $(seq 90); do
    health=$(inspect "$1" '{{.State.Health.Status}}')
    [ "$health" = healthy ] && return
    sleep 1
  done
  fail "$1 is $health"
}

say 'Everything is healthy and nothing is root'
for name in api worker sandbox postgres redis proxy; do
  [ $name = proxy ] || until_healthy $name
  uid=$(podman exec "$(container_of $name)" id -u)
  [ "$uid" != 0 ] || fail "$name runs as root"
  [ "$(inspect $name '{{.HostConfig.ReadonlyRootfs}}')" = true ] || fail "$name may write its file system"
  [ "$(inspect $name '{{.EffectiveCaps}}')" = '[]' ] || fail "$name has capabilities: $(inspect $name '{{.EffectiveCaps}}')"
  podman exec "$(container_of $name)" sh -c 'grep -q "^NoNewPrivs:.*1" /proc/self/status' || fail "$name may gain privileges"
  [ "$(inspect $name '{{.HostConfig.Memory}}')" -gt 0 ] || fail "$name has no limit of memory"
  [ "$(inspect $name '{{.HostConfig.PidsLimit}}')" -gt 0 ] || fail "$name has no limit of processes"
done
for name in api worker; do
  [ "$(docker-compose ps --quiet $name | wc -l)" -ge 2 ] || fail "there is one $name only"
done
# The proxy counts an API that it has just found as up, until its checks say otherwise, and takes turns among them: so each must be ready.
until_ready() {
  local in_a_row=0
  for _ in $(seq 120); do
    if curl --silent --fail --output /dev/null http://localhost:8000/health/ready; then in_a_row=$((in_a_row + 1)); else in_a_row=0 && sleep 1; fi
    [ "$in_a_row" -lt 10 ] || return 0
  done
  fail 'the APIs are not ready'
}
until_ready
[ "$(inspect roles '{{.State.ExitCode}}')" = 0 ] || fail 'the roles were not made'
[ "$(inspect migrate '{{.State.ExitCode}}')" = 0 ] || fail 'migrations failed'
migrated=$(docker-compose logs --no-color migrate)
for migration in prisma/migrations/*/; do
  [[ $migrated == *"$(basename "$migration")"* ]] || fail "$migration was not applied: $migrated"
done
! podman inspect --format '{{.Config.Env}}' "$(container_of worker)" | grep -q JWT_SECRET || fail 'the worker is told the JWT secret'
! podman inspect --format '{{.Config.Env}}' "$(container_of api)" | grep -q GEMINI_API_KEY || fail 'the API is told the Gemini key'
! podman inspect --format '{{.Config.Env}}' "$(container_of api)" | grep -q REPLY_ || fail 'the API is told what only the worker reads'
say 'Refused: Redis without its password, changes of tables by the API, another host at the sandbox'
in_app() { podman exec "$(container_of api)" node --input-type=module --eval "$1"; }
in_app 'import pg from "pg";
const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
for (const refused of ["DROP TABLE message", "TRUNCATE message", "CREATE TABLE x ()", "CREATE ROLE x"]) {
  await client.query(refused).then(() => process.exit(1), ({ message }) => console.log(refused + ": " + message));
}
await client.end();' || fail 'the API may change tables'
[ "$(podman exec --env REDISCLI_AUTH= "$(container_of redis)" redis-cli ping | head -n 1)" != PONG ] || fail 'Redis takes no password'
[ "$(curl --silent --output /dev/null --write-out '%{http_code}' --header 'Host: rebound.example' http://localhost:9200/sms)" = 403 ] ||
  fail 'the sandbox answers another host'
for port in 8000 9200; do
  podman ps --format '{{.Ports}}' | grep -q "127.0.0.1:$port->" || fail "port $port is not published on this machine alone"
done
! podman ps --format '{{.Ports}}' | grep -qE '(5432|6379|9464|8081)' || fail 'a port that is for operators or our own is published'

say 'The images have what they need, and no more'
for name in api worker migrate; do
  found=$(podman run --rm "docker.io/library/gemini-chat-backend_$name" \
    find . -path ./dist/sandbox -prune -print -o -path ./node_modules/qs -prune -print)
  [ -z "$found" ] || fail "the image $name has what only the sandbox needs: $found"
done
podman images --format '{{.Repository}} {{.Size}}' | grep gemini-chat-backend

say 'A conversation'
node "$source_folder/scripts/demo.mjs"

say 'One command has more APIs behind the proxy, and each answers'
docker-compose up --detach --no-recreate --scale api=3 api > "$work/scale.log" 2>&1 || { cat "$work/scale.log"; fail '--scale api=3'; }
served() {
  for container in $(docker-compose ps --quiet api); do
    podman logs "$container" 2>&1 | grep -c '"route":"/problems/:code"' || true
  done | grep -vc '^0$'
}
for _ in $(seq 60); do
  for _ in 1 2 3; do curl --silent --output /dev/null http://localhost:8000/problems/not_found; done
  [ "$(served)" = 3 ] && break
  sleep 1
done
[ "$(served)" = 3 ] || fail "requests reach $(served) of 3 APIs"

say 'With PostgreSQL away nothing is unhealthy, and nothing is sent to an API'
docker-compose stop postgres > /dev/null 2>&1
until [ "$(curl --silent --output /dev/null --write-out '%{http_code}' http://localhost:8000/health/ready)" = 503 ]; do sleep 1; done
for name in api worker; do [ "$(inspect $name '{{.State.Health.Status}}')" = healthy ] || fail "$name is unhealthy"; done
docker-compose start postgres > /dev/null 2>&1
until_ready

say 'Everything is killed and comes back with what it had'
docker-compose kill postgres redis api worker proxy > /dev/null 2>&1
docker-compose up --detach > "$work/up-again.log" 2>&1 || { cat "$work/up-again.log"; fail 'docker-compose up again'; }
until_ready
node "$source_folder/scripts/demo.mjs" > /dev/null

say 'Without configuration a process says what it lacks, and no stand-in helps it in production'
lacks=$(podman run --rm --env SANDBOX_URL=http://sandbox:9200 docker.io/library/gemini-chat-backend_api \
  node --import ./scripts/use-sandbox.mjs dist/api/main.js 2>&1) && fail 'the API started without configuration'
echo "$lacks" | grep JWT_SECRET || fail "$lacks"

say 'In production the passwords of .env.example are refused'
public=$(NODE_ENV=production docker-compose run --rm roles 2>&1) && fail 'the roles were made with public passwords'
echo "$public" | grep 'POSTGRES_PASSWORD\|DATABASE_OWNER_PASSWORD' || fail "$public"

say 'SIGTERM ends API and workers in order'
stopped=$(docker-compose ps --quiet api worker)
docker-compose stop api worker > /dev/null 2>&1
for container in $stopped; do
  code=$(podman inspect --format '{{.State.ExitCode}}' "$container")
  [ "$code" = 0 ] || fail "$(podman inspect --format '{{.Name}}' "$container") ended with code $code"
done

say 'All is well'
