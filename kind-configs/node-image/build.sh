#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes a node image for kind of Debian's packages and Go modules alone, where no registry is reached:
#   kind-configs/node-image/build.sh VERSION IMAGE        for example v1.34.4 chainlint/node:v1.34.4
# It takes root, Go, debootstrap and a container engine. What is built is kept in the user's cache. CoreDNS is left
# out: nothing that is tested here resolves names.
set -eu
version=$1 image=$2
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)

KIND=v0.33.0
CONTAINERD=v2.2.9
ETCD=v3.6.16
PLUGINS=v1.9.1
PAUSE=registry.k8s.io/pause:3.10 # kind's configuration of containerd names it
SUITE=bookworm
PACKAGES=systemd,dbus,conntrack,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod,libseccomp2,pigz,bash,ca-certificates,curl,jq,procps,runc,hostname

cache=${XDG_CACHE_HOME:-$HOME/.cache}/chainlint/node-image
mkdir -p "$cache"
work=$(mktemp -d "$cache/building-XXXXXX")
container=
trap '[ -z "$container" ] || docker rm -f "$container" > /dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
say() { echo "node image: $*" >&2; }
# quietly COMMAND...: what it says on standard error is shown where it fails.
quietly() { "$@" 2> "$work/said" || { tail -n 20 "$work/said" >&2; return 1; }; }
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOOS=linux

dir_of() { (cd "$work" && go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'; }

# built NAME: what NAME built is in the cache under that name, whole or not at all.
built() {
  [ -d "$cache/$1" ] || { say "building $1"; mkdir "$work/out"; "$2" "$work/out"; mv "$work/out" "$cache/$1"; }
}

# Kubernetes' module points to its staging directory, which its zip lacks: each is a module of its own, too.
kubernetes() {
  dir=$(dir_of "k8s.io/kubernetes@$version")
  mkdir "$work/k8s" && cd "$work/k8s"
  sed -E -e 's#^module .*#module node-image#' -e "s#=> ./staging/src/(.*)#=> \1 v0.${version#v1.}#" "$dir/go.mod" > go.mod
  cat "$dir/go.sum" > go.sum
  go mod edit -require "k8s.io/kubernetes@$version"
  minor=${version#v1.} minor=${minor%%.*}
  stamp=k8s.io/component-base/version
  for command in kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do
    set -- "$@" "k8s.io/kubernetes/cmd/$command"
  done
  out=$1 && shift
  quietly go build -mod=mod -trimpath -ldflags "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor" -o "$out/" "$@"
}

# module OUT MODULE@VERSION PACKAGE...: commands of a module that go install refuses because of its replacements.
module() {
  out=$1 required=$2 && shift 2
  mkdir "$work/module" && cd "$work/module"
  quietly go mod init node-image
  quietly go get "$required"
  quietly go build -mod=mod -trimpath -ldflags "-s -w" -o "$out/" "$@"
  cd "$work" && rm -rf "$work/module"
}

containerd() {
  m=github.com/containerd/containerd/v2
  module "$1" "$m@$CONTAINERD" "$m/cmd/containerd" "$m/cmd/containerd-shim-runc-v2" "$m/cmd/ctr"
}

etcd() {
  module "$1" "go.etcd.io/etcd/server/v3@$ETCD" go.etcd.io/etcd/server/v3
  mv "$1"/* "$1/etcd"
}

plugins() {
  m=github.com/containernetworking/plugins
  module "$1" "$m@$PLUGINS" "$m/plugins/ipam/host-local" "$m/plugins/main/loopback" "$m/plugins/main/ptp" "$m/plugins/meta/portmap"
}

# The mirror is the one that this machine uses.
root() {
  mirror=$(sed -nE -e 's/^URIs: *([^ ]+).*/\1/p' -e 's/^deb (\[[^]]*\] )?([^ ]+).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1)
  debootstrap --variant=minbase "--include=$PACKAGES" "$SUITE" "$1" "$mirror" > "$work/said" 2>&1 || { tail -n 20 "$work/said" >&2; return 1; }
  rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
}

# What kind's own base image does with a Debian (images/base/Dockerfile of kind).
base() {
  cp -a "$cache/root-$SUITE/." "$1"
  files=$(dir_of "sigs.k8s.io/kind@$KIND")/images/base/files
  cp -r --no-preserve=mode,ownership "$files/." "$1"
  chmod 755 "$1/kind" "$1/kind/bin" "$1"/kind/bin/* "$1"/usr/local/bin/*
  wants=$1/lib/systemd/system
  rm -f "$wants/sysinit.target.wants/systemd-tmpfiles-setup.service" "$wants"/multi-user.target.wants/* "$1"/etc/systemd/system/*.wants/* \
    "$wants"/local-fs.target.wants/* "$wants"/sockets.target.wants/*udev* "$wants"/sockets.target.wants/*initctl* "$wants"/basic.target.wants/*
  echo "ReadKMsg=no" >> "$1/etc/systemd/journald.conf"
  ln -sf /usr/lib/systemd/systemd "$1/sbin/init"
  chroot "$1" systemctl enable kubelet.service containerd.service undo-mount-hacks.service 2> /dev/null
  chroot "$1" systemctl mask systemd-binfmt.service 2> /dev/null
  mkdir -p "$1/etc/kubernetes/manifests" "$1/kind/manifests" "$1/opt/cni/bin"
  cp "$cache/containerd-$CONTAINERD"/* "$1/usr/local/bin/"
  ln -sf /usr/sbin/runc "$1/usr/local/sbin/runc"
  cp "$cache/plugins-$PLUGINS"/* "$1/opt/cni/bin/"
  for command in kubeadm kubelet kubectl; do cp "$cache/kubernetes-$version/$command" "$1/usr/bin/"; done
  # Without kind's hook that shows pods a made-up product UUID: it runs shell and jq for every container.
  chroot "$1" sh -c "ctr oci spec | jq 'del(.process.rlimits)'" > "$1/etc/containerd/cri-base.json"
  echo "$version" > "$1/kind/version"
  cat > "$1/kind/manifests/default-storage.yaml" << 'END'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard}
provisioner: none
END
  echo > "$1/kind/manifests/default-cni.yaml"
}

# image_of NAME DIR [CHANGE]...: an image of what is in a directory, as an archive on standard output.
image_of() {
  name=$1 from=$2 && shift 2
  tar -C "$from" -c . | docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$@" - "$name" > /dev/null
  docker save "$name"
  docker rmi "$name" > /dev/null
}

# with_firewall DIR: the tools that kube-proxy runs, with the libraries that they need.
with_firewall() {
  r=$cache/root-$SUITE
  for file in xtables-nft-multi xtables-legacy-multi nft conntrack; do
    for path in "/usr/sbin/$file" $(chroot "$r" ldd "/usr/sbin/$file" | sed -nE 's/.* (\/[^ ]+) \(.*/\1/p; s/^\t(\/[^ ]+) \(.*/\1/p'); do
      mkdir -p "$1$(dirname "$path")" && cp -L "$r$path" "$1$path"
    done
  done
  mkdir -p "$1/usr/lib/x86_64-linux-gnu" && cp -r "$r/usr/lib/x86_64-linux-gnu/xtables" "$1/usr/lib/x86_64-linux-gnu/"
  for tool in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do ln -s xtables-nft-multi "$1/usr/sbin/$tool"; done
  cp "$r/bin/kmod" "$1/usr/sbin/kmod" && ln -s kmod "$1/usr/sbin/modprobe"
  for path in $(chroot "$r" ldd /bin/kmod | sed -nE 's/.* (\/[^ ]+) \(.*/\1/p'); do mkdir -p "$1$(dirname "$path")" && cp -L "$r$path" "$1$path"; done
}

# archives: what runs on the control plane, in the names that kubeadm gives them, and the image that holds pods.
archives() {
  "$cache/kubernetes-$version/kubeadm" config images list --kubernetes-version "$version" 2> /dev/null | while read -r name; do
    command=${name##*/} command=${command%%:*}
    case $command in coredns | pause) continue ;; esac
    dir=$work/rootfs-$command && mkdir -p "$dir/usr/local/bin"
    if [ "$command" = etcd ]; then cp "$cache/etcd-$ETCD/etcd" "$dir/usr/local/bin/"; else cp "$cache/kubernetes-$version/$command" "$dir/usr/local/bin/"; fi
    [ "$command" != kube-proxy ] || with_firewall "$dir"
    image_of "$name" "$dir" > "$work/$command.tar"
    rm -rf "$dir"
  done
  mkdir -p "$work/pause/"
  (cd "$repository" && go build -trimpath -ldflags "-s -w" -o "$work/pause/pause" ./kind-configs/node-image/pause)
  image_of "$PAUSE" "$work/pause" --change 'ENTRYPOINT ["/pause"]' > "$work/pause.tar"
}

# load: containerd in the image imports them, as kind's own builder has it done.
load() {
  docker exec -d "$container" containerd
  for _ in $(seq 50); do docker exec "$container" ctr version > /dev/null 2>&1 && break || sleep 0.2; done
  for archive in "$work"/*.tar; do
    quietly docker exec -i "$container" ctr --namespace=k8s.io images import --label=io.cri-containerd.pinned=pinned --all-platforms --no-unpack --digests - < "$archive" > /dev/null
  done
  docker exec "$container" pkill containerd
}

recipe=$(cat "$here/build.sh" "$here/pause/main.go" | sha256sum | cut -c1-16)
if [ "$(docker image inspect --format '{{index .Config.Labels "dev.chainlint.recipe"}}' "$image" 2> /dev/null)" = "$recipe" ]; then
  say "$image is there"
  exit 0
fi
[ "$(id -u)" = 0 ] || { say "it takes root, for debootstrap: or pull kindest/node:$version"; exit 1; }
built "kubernetes-$version" kubernetes
built "containerd-$CONTAINERD" containerd
built "etcd-$ETCD" etcd
built "plugins-$PLUGINS" plugins
built "root-$SUITE" root
say "putting $image together"
mkdir "$work/base"
base "$work/base"
tar -C "$work/base" -c . | docker import - "$image-base" > /dev/null
rm -rf "$work/base"
archives
container=$(docker run -d --stop-signal SIGRTMIN+3 --entrypoint sleep "$image-base" infinity)
load
docker commit --change 'ENV container=docker' --change 'CMD []' --change 'LABEL dev.chainlint.without=coredns' --change "LABEL dev.chainlint.recipe=$recipe" \
  --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$container" "$image" > /dev/null
docker rm -f "$container" > /dev/null && container=
docker rmi "$image-base" > /dev/null 2>&1 || true # its layer is the image's, too
say "$image is made"
