#!/bin/busybox sh
# The guest's first process, from the initial file system: lays the root of vm.sh's guest together and
# gives way to session.sh on it. Knows no case and no command.
set -e
bb=/bin/busybox
$bb --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /host /layer /root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# The kernel loads a module by itself when a mount asks for it, if it finds a program to do so.
echo /bin/modprobe >/proc/sys/kernel/modprobe
# What nothing asks for by itself. btrfs, which measures for a second as it starts, waits for a mount.
for module in $(cat /loaded); do modprobe $module; done

# root: the host's. run: what vm.sh wants done, and its outcome. results: the caller's directory.
mount -t virtiofs host /host
mount -t tmpfs tmpfs /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host/root,upperdir=/layer/upper,workdir=/layer/work root /root

cd /root
mkdir -p proc sys dev run lib/modules mnt/results
mount -t proc proc proc
mount -t sysfs sys sys
mount -t devtmpfs dev dev
mkdir -p dev/pts dev/shm
mount -t devpts devpts dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs tmpfs run
mount -t cgroup2 cgroup2 sys/fs/cgroup
for link in fd: stdin:/0 stdout:/1 stderr:/2; do ln -sf /proc/self/fd${link#*:} dev/${link%:*}; done

mkdir run/vm run/vm/host run/vm/bin
mount --bind /host/run run/vm/host
mount --bind /host/results mnt/results
. run/vm/host/settings
# First disk on /mnt/disk, second on /mnt/disk2 and so on; vm.sh attaches them in this order.
number=1 letters=abcdefgh
for kind in $disks; do
  point=mnt/disk
  [ $number = 1 ] || point=mnt/disk$number
  mkdir -p $point
  mount -t $kind /dev/vd$(echo $letters | cut -c$number) $point
  number=$((number + 1))
done

# The initial file system goes away; modules and their program move over.
cp -r /lib/modules/* lib/modules/
cp /bin/busybox run/vm/bin/busybox
ln -s busybox run/vm/bin/modprobe
echo /run/vm/bin/modprobe >/proc/sys/kernel/modprobe
cp /session.sh run/vm/session.sh
exec switch_root /root /run/vm/bin/busybox sh /run/vm/session.sh
