# Reads the files 0, 1, … up to the number in $1 in the current directory, each in a subshell, and
# prints the environment after each: name=value, each ended by NUL, and an empty one at the end.
# What a file runs by mistake finds no programs and cannot write a file.
PATH=/nonexistent
ulimit -f 0
oracle_file=0
while [ "$oracle_file" -lt "$1" ]; do
    echo "file $oracle_file" >&2
    (
        set -a
        . "./$oracle_file"
        ORACLE_WAS_HERE=yes
        exec /usr/bin/env -0
    )
    printf '\0'
    oracle_file=$((oracle_file + 1))
done
