#!/bin/sh
# Make a root folder with Apptainer and Snakemake, of Debian sid, where Apptainer is: make_root.sh FOLDER
# It has an ordinary user of number 1000, and a Python of its own for Snakemake, in requirements.txt's versions.
set -eu
root=$1
requirements=$(dirname "$0")/../../requirements.txt
debootstrap --variant=minbase \
    --include=apptainer,squashfuse,ca-certificates,gcc,libc6-dev,python3-dev,python3-venv \
    sid "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$requirements" "$root/root/requirements.txt"
if [ -n "${PIP_CERT:-}" ]; then cp "$PIP_CERT" "$root/root/certificate"; fi
chroot "$root" useradd --create-home --uid 1000 user
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ${PIP_CERT:+PIP_CERT=/root/certificate} sh -euc '
    python3 -m venv /opt/snakemake
    /opt/snakemake/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check \
        --constraint /root/requirements.txt snakemake jsonschema PyYAML
'
