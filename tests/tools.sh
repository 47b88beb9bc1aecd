#!/usr/bin/env bash
# Fetches two generations of the monitoring tools, side by side, and installs nothing:
#
#   DIR/old/bin   what Debian bookworm ships: Prometheus 2.42, Alertmanager 0.25, Redis 7.0, …
#   DIR/new/bin   what Debian testing ships: Prometheus 3, the newest Alertmanager, Redis 8, …
#
# The packages come from the mirror that this machine's apt already uses (else deb.debian.org), signatures are verified as
# usual. They are unpacked below DIR; neither root nor the system's package database is touched.
#
# usage: tests/tools.sh DIR

set -euo pipefail

say() { printf 'tools: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

dir=${1:?usage: tests/tools.sh DIR}

# What each generation is made of. Bookworm has only Compose 1, which knows nothing of the Compose specification: the old
# generation takes version 2.26 from trixie. Testing and not sid, because its dependencies always fit together.
old_suites='bookworm:prometheus,prometheus-alertmanager,prometheus-redis-exporter,prometheus-blackbox-exporter,redis-server,redis-sentinel,redis-tools trixie:docker-compose'
new_suites='testing:prometheus,promtool,prometheus-alertmanager,prometheus-redis-exporter,prometheus-blackbox-exporter,redis-server,redis-sentinel,redis-tools,docker-compose'

tools='promtool amtool prometheus alertmanager redis-server redis-cli redis-sentinel redis_exporter blackbox_exporter docker-compose'

for command in apt-get dpkg; do
  command -v "$command" >/dev/null || die "\`$command\` is not in PATH: these packages can only be fetched with apt"
done

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# A generation is complete when its stamp names this very script and this very place (the wrappers hold absolute paths).
recipe="$(cksum <"${BASH_SOURCE[0]}") $dir"
complete() { [[ -f $dir/$1/stamp && $(<"$dir/$1/stamp") == "$recipe" ]]; }
if complete old && complete new; then
  exit 0
fi

exec 9>"$dir/lock"
flock 9

work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Mirrors fail now and then; a whole command is worth two more attempts.
retry() {
  local attempt
  for attempt in 1 2 3; do
    "$@" >"$work/log" 2>&1 && return 0
    if ((attempt < 3)); then
      say "failed, trying again: ${*: -1}"
      sleep $((attempt * 3))
    fi
  done
  cat "$work/log" >&2
  return 1
}

mirror() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m1 -E '/debian/?$' || true)
  printf '%s' "${uri:-http://deb.debian.org/debian}"
}

# Debian has its keys installed; its descendants offer them as a package of their own.
keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    if [[ -r $file ]]; then
      printf '%s' "$file"
      return
    fi
  done
  mkdir "$work/keyring"
  (cd "$work/keyring" && retry apt-get download debian-archive-keyring) \
    || die 'the keys of the Debian archive are missing: install the package debian-archive-keyring'
  dpkg -x "$work"/keyring/*.deb "$work/keyring"
  printf '%s' "$work/keyring/usr/share/keyrings/debian-archive-keyring.gpg"
}

# `apt-get` with a configuration, lists and package database of its own, in which nothing is installed.
apt() {
  local suite=$1
  shift
  local state=$work/apt/$suite
  if [[ ! -d $state ]]; then
    mkdir -p "$state"/{etc,none,lists/partial,cache/archives/partial}
    : >"$state/status"
    printf 'deb [signed-by=%s target=Packages] %s %s main\n' "$keys" "$mirror" "$suite" >"$state/etc/sources.list"
  fi
  apt-get --quiet \
    -o Dir::Etc::SourceList="$state/etc/sources.list" -o Dir::Etc::SourceParts="$state/none" \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$state/none" \
    -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::Status="$state/status" \
    -o Dir::Cache="$state/cache" -o APT::Sandbox::User= \
    -o APT::Update::Error-Mode=any -o Acquire::Languages=none -o Acquire::PDiffs=false -o Acquire::Retries=2 -o Acquire::http::Timeout=30 "$@"
}

# Libraries of what is linked to more than libc, with the loader that fits them.
libraries() {
  apt "$1" --simulate --no-install-recommends install redis-tools | awk '$1 == "Inst" && $2 ~ /^(lib|lua|zlib)/ { print $2 }'
}

unpack() {
  local generation=$1 part suite packages libraries deb
  shift
  local root=$work/$generation/root
  mkdir -p "$root" "$work/$generation/bin"
  for part in "$@"; do
    suite=${part%%:*}
    IFS=, read -ra packages <<<"${part#*:}"
    say "$generation: reading the package lists of $suite"
    retry apt "$suite" update || die "the package lists of $suite cannot be fetched from $mirror"
    if [[ $part == *redis-tools* ]]; then
      libraries=$(libraries "$suite") || die "the libraries of redis-tools in $suite are not to be had"
      # shellcheck disable=SC2206 # a list of words
      packages+=($libraries)
    fi
    say "$generation: fetching ${#packages[@]} packages of $suite"
    mkdir -p "$work/debs/$suite"
    cd "$work/debs/$suite"
    retry apt "$suite" download "${packages[@]}" || die "packages of $suite cannot be fetched from $mirror"
    for deb in *.deb; do
      dpkg -x "$deb" "$root"
    done
    cd "$dir"
    rm -r "$work/debs/$suite"
  done
  # Compose is once a link to the plugin, once a second copy of it.
  if [[ ! -L $root/usr/bin/docker-compose ]]; then
    rm -rf "$root/usr/libexec"
  fi
  rm -rf "$root"/{etc,var,usr/share}
}

# One entry in bin/ for one tool. The Go programs need nothing but libc: a link, where the host's is new enough. For the
# rest a script that calls the unpacked loader, because libraries need the libc they were built with.
offer() {
  local generation=$1 tool=$2 name=$2 candidate linked loader libraries
  local final=$dir/$generation/root root=$work/$generation/root
  for candidate in "$tool" "prometheus-${tool//_/-}"; do
    [[ ! -e $root/usr/bin/$candidate ]] || name=$candidate
  done
  [[ -x $root/usr/bin/$name ]] || die "$generation: no package brought \`$tool\`"
  if [[ $tool != redis-* ]] && linked=$(ldd "$root/usr/bin/$name" 2>&1) && [[ $linked != *'not found'* ]]; then
    ln -s "../root/usr/bin/$name" "$work/$generation/bin/$tool"
    return
  fi
  loader=$(cd "$root" && find . -path '*-linux-gnu*/ld-linux*.so.*' | head -n 1)
  libraries=$(cd "$root" && find . -type d -path '*lib/*-linux-gnu*' -prune | sed "s|^\\.|$final|" | paste -sd :)
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
    "$final/${loader#./}" "$libraries" "$final/usr/bin/$name" >"$work/$generation/bin/$tool"
  chmod +x "$work/$generation/bin/$tool"
}

mirror=$(mirror)
keys=$(keyring)
for generation in old new; do
  complete "$generation" && continue
  suites=${generation}_suites
  # shellcheck disable=SC2086 # a list of words
  unpack "$generation" ${!suites}
  for tool in $tools; do
    offer "$generation" "$tool"
  done
  printf '%s\n' "$recipe" >"$work/$generation/stamp"
  rm -rf "${dir:?}/$generation"
  mv "$work/$generation" "$dir/$generation"
  say "$generation: ready"
done
