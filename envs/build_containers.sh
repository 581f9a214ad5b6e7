#!/usr/bin/env bash
# Build the steps' images from envs/*.Containerfile: all of them, or those that are named (media, torch).
# podman makes the images deepfake-media and deepfake-torch, apptainer resources/containers/{media,torch}.sif; where
# both are there, apptainer takes podman's. These variables change how:
#   BASE              another base with Python 3.11 or later: an image's name; for apptainer alone also a file or folder
#   APPTAINER_BUILD   more words for `apptainer build`, such as: --mksquashfs-args "-comp zstd"
#   PIP_CERT, PIP_CONFIG_FILE   what pip needs for a mirror; the images don't keep them
set -euo pipefail
cd "$(dirname "$0")/.."
eval "more=(${APPTAINER_BUILD:-})"

with_podman() {
    podman build \
        ${BASE:+--build-arg "BASE=$BASE"} \
        ${PIP_CERT:+--secret "id=certificate,src=$PIP_CERT"} \
        ${PIP_CONFIG_FILE:+--secret "id=pip.conf,src=$PIP_CONFIG_FILE"} \
        --file "envs/$1.Containerfile" \
        --tag "deepfake-$1" \
        .
}

# The Containerfile in apptainer's own words, for machines without podman; HOME is the caller's there.
definition() {
    local file=envs/$1.Containerfile
    local base=${BASE:-$(sed -n 's/^ARG BASE=//p' "$file")}
    local from=docker
    if [ -e "$base" ]; then from=localimage; fi
    cat <<END
Bootstrap: $from
From: $base
Stage: build
%files
    requirements.txt /build/requirements.txt
    envs/install.sh /build/install.sh
    ${PIP_CERT:+$PIP_CERT /build/certificate}
    ${PIP_CONFIG_FILE:+$PIP_CONFIG_FILE /build/pip.conf}
%post
    sh /build/install.sh $(sed -n 's/^ARG PACKAGES="\(.*\)"/\1/p' "$file")

Bootstrap: $from
From: $base
Stage: final
%files from build
    /opt/env /opt/env
%environment
$(sed -n '/^ENV HOME=/d; s/^ENV /    export /p' "$file")
END
}

has() { command -v "$1" > /dev/null; }

if ! has podman && ! has apptainer; then
    echo "neither podman nor apptainer is on the PATH: install one of them to build images" >&2
    exit 1
fi
mkdir -p resources/containers
if [ $# = 0 ]; then set -- media torch; fi
trap 'rm -f resources/containers/.*.tar resources/containers/.*.def resources/containers/.*.sif' EXIT
for stack in "$@"; do
    part=resources/containers/.$stack
    if has podman; then with_podman "$stack"; fi
    if has apptainer; then
        if has podman; then
            podman save --quiet --format oci-archive --output "$part.tar" "localhost/deepfake-$stack"
            source=oci-archive:$part.tar
        else
            definition "$stack" > "$part.def"
            source=$part.def
        fi
        apptainer build --force "${more[@]}" "$part.sif" "$source"
        mv "$part.sif" "resources/containers/$stack.sif"  # whole or not at all
        du -h "resources/containers/$stack.sif"
    else
        podman image inspect --format "deepfake-$stack: {{.Size}} bytes" "localhost/deepfake-$stack"
    fi
done
