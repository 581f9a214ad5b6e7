#!/bin/sh
# Run a command in another root as an ordinary user: enter_root.sh ROOT FOLDER COMMAND..., with FOLDER of this machine
# as /work in it. All mounts are in a namespace of their own, so none is left whatever becomes of the command.
set -eu
exec unshare --mount --propagation private sh -euc '
root=$1
folder=$2
shift 2
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/work" "$root/run/old"
mount --bind "$folder" "$root/work"
if [ -e /dev/fuse ]; then  # a node of our own, since only root may open that of some machines
    mknod -m 666 "$root/run/fuse" c 10 229
    mount --bind "$root/run/fuse" "$root/dev/fuse"
fi
cd "$root"
pivot_root . run/old
umount -l /run/old
cd /work
exec setpriv --reuid 1000 --regid 1000 --clear-groups \
    env -i HOME=/home/user USER=user LANG=C.UTF-8 PATH=/opt/snakemake/bin:/usr/bin:/bin "$@"
' sh "$@"
