#!/bin/sh
# Puts the files of the image into a folder: root.sh BINARY FOLDER. The root file system is
# FOLDER/system, and the user's own folders are in FOLDER/volumes. The shared libraries and the
# certificates are those of the Debian system on which this runs.
set -eu
binary=$1 root=$2/system

umask 022
rm -rf "$2"
for folder in usr/bin etc/ssl/certs proc dev var/lib/dpkg/status.d; do
    mkdir -p "$root/$folder"
done
# A folder of its own, because a copy keeps the modes of what is inside a folder only.
mkdir -p "$2/volumes/data"
chmod 700 "$2/volumes/data"
mkdir -m 1777 "$root/tmp"
cp "$binary" "$root/usr/bin/countersign"
chmod 755 "$root/usr/bin/countersign"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'countersign:x:65532:65532::/data:/sbin/nologin\n' >"$root/etc/passwd"
printf 'countersign:x:65532:\n' >"$root/etc/group"
# Names of the machine itself, then DNS.
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# The loader's line of `ldd` has no arrow.
ldd "$binary" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\).*/\1/p' |
    while read -r library; do
        mkdir -p "$root${library%/*}"
        cp -L "$library" "$root$library"
        # Scanners of images learn from these files which packages the libraries are from.
        package=$(dpkg -S "$(readlink -f "$library")" 2>/dev/null || dpkg -S "$library")
        package=${package%%:*}
        dpkg -s "$package" | grep -v '^Conffiles:\|^ /' >"$root/var/lib/dpkg/status.d/$package"
    done
dpkg -s ca-certificates >"$root/var/lib/dpkg/status.d/ca-certificates"
