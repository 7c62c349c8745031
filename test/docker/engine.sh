#!/usr/bin/env bash
# engine.sh start FOLDER: a Docker engine for the suites, where one can be had: the one that answers, or Debian's,
# started by hand. engine.sh stop FOLDER ends what start began. Never fails: it says what will not be tested.
set -uo pipefail
folder=$2
pid_file=$folder/dockerd.pid

start() {
  if timeout 10 docker info >/dev/null 2>&1; then
    echo "a Docker engine answers"
    return
  fi
  if ! command -v dockerd >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    timeout 60 apt-get update -q >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive timeout 180 apt-get install -y -q --no-install-recommends docker.io iptables >/dev/null 2>&1
  fi
  if ! command -v dockerd >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "NOT TESTED: nothing on Docker (no engine, and none could be installed)"
    return
  fi
  mkdir -p "$folder"
  # A session of its own; it is ended by its number.
  setsid dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$pid_file" \
    >"$folder/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 60); do
    if timeout 5 docker info >/dev/null 2>&1; then
      echo "started a Docker engine"
      return
    fi
    sleep 0.5
  done
  echo "NOT TESTED: nothing on Docker (dockerd did not answer within 30 s); its last lines:"
  tail -n 5 "$folder/dockerd.log"
  stop
}

stop() {
  [ -s "$pid_file" ] || return 0
  local pid
  pid=$(cat "$pid_file")
  kill "$pid" 2>/dev/null
  for _ in $(seq 40); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.25
  done
  kill -9 "$pid" 2>/dev/null
  rm -rf "$folder" 2>/dev/null
  return 0
}

case $1 in
  start | stop) "$1" ;;
  *) echo "engine.sh start|stop FOLDER" >&2; exit 64 ;;
esac
