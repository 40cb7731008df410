# shellcheck shell=sh
# Outlives the test process, whatever ends it, and cleans up behind it.
# $1 is the server's home; its processes are those that work in $1/data.
# Standard input is a pipe whose other end only the test process holds.

trap '' HUP INT QUIT TERM

# The folder itself, which is found again though somebody removes it by its name.
exec 3<"$1/data"

orderly=
while read -r line; do orderly=$line; done

# A test process killed in the middle of a start may leave a child that has not entered the folder yet.
[ -n "$orderly" ] || sleep 0.2

found=yes
while [ -n "$found" ]; do
    found=
    for process in /proc/[0-9]*; do
        # shellcheck disable=SC3013 # in POSIX since 2024; dash, bash and busybox have had it for long
        if [ "$process/cwd" -ef /proc/$$/fd/3 ]; then
            kill -STOP "${process#/proc/}" 2>/dev/null
            # The servers keep such segments in their folder; those that initdb starts cannot be told to.
            sed -n 's|.* \(/dev/shm/PostgreSQL\.[0-9]*\)$|\1|p' "$process/maps" 2>/dev/null |
                while read -r segment; do rm -f "$segment"; done
            kill -KILL "${process#/proc/}" 2>/dev/null
            found=yes
        fi
    done
    [ -z "$found" ] || sleep 0.01
done

# A killed PostgreSQL leaves its System V segment, noted in line 7 of its lock file: key, id.
lock=$1/data/postmaster.pid
if [ -f "$lock" ]; then
    line=0
    while read -r _ segment; do
        line=$((line + 1))
        [ "$line" = 7 ] && ipcrm -m "$segment" 2>/dev/null
    done <"$lock"
fi

rm -rf "$1"
