#!/bin/sh
# Prints "bytes name" of each file below a folder.
cd "$1" && find . -type f ! -name 'MANIFEST*' | sort | while read -r name; do echo "$(wc -c <"$name" | tr -d ' ') ${name#./}"; done
