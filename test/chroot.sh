#!/bin/bash
# chroot.sh [SUITE]
#
# Prove that the two commands of the README do all the set-up: a fresh Debian
# made by debootstrap with only make added, a clean copy of HEAD, `make test`
# and `make demo` as root.  Needs root and debootstrap here.
#
#   MIRROR=url   where Debian comes from (default: this machine's own)
#   ROOT=dir     where the chroot is made (default: a temporary directory)
#   KEEP=1       do not delete it
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${1:-bookworm}
root=${ROOT:-$(mktemp -d /var/tmp/healthscore-chroot.XXXXXX)}
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null | head -n 1)}
mirror=${mirror:?name a mirror in MIRROR}

clean() {
	# the demo's server goes on in there: end what runs under this root only
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/root" 2>/dev/null)" != "$root" ] || kill -QUIT "${p#/proc/}" 2>/dev/null || true
	done
	for m in dev/shm proc; do umount -l "$root/$m" 2>/dev/null || true; done
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$root"
}
trap clean EXIT

echo "debootstrap $suite into $root"
debootstrap --variant=minbase --include=make "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
	{ tail -n 20 "$root.log" >&2; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# a mirror may lag behind
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99mirror"
for f in /etc/apt/apt.conf.d/*proxy*; do [ ! -e "$f" ] || cp "$f" "$root/etc/apt/apt.conf.d/"; done

# what is its / must be open to the user that the servers run as
chmod 755 "$root"
mkdir "$root/healthscore"
git archive HEAD | tar -x -C "$root/healthscore"

run() {
	echo "== $*"
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
		${http_proxy:+http_proxy="$http_proxy"} chroot "$root" "$@"
}
run make -C /healthscore test
run make -C /healthscore demo
echo "both commands work on a fresh $suite"
