#!/bin/sh
# podman.sh import|pod|end WORK: what the bench compares podctl with. `import` makes an image of WORK/busybox; `pod` plays
# WORK/play.json to its end and forgets it, as one
# `podctl run` does; `end` clears its store and the process it leaves running.
set -eu
work=$2
podman() { command podman --log-level error --cgroup-manager cgroupfs "$@" >/dev/null; }
case $1 in
  import) tar -C "$work/busybox" -c . | podman import -q - localhost/bench:1 ;;
  pod)
    podman kube play --network none "$work/play.json"
    podman wait bench-a bench-b
    podman pod rm -f bench
    ;;
  end)
    podman system reset -f
    podman system migrate
    ;;
esac
