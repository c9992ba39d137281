#!/bin/sh
# fuzz.sh PROGRAM CORPUS SECONDS DICTIONARY: what grows, and what fails (crash-*, timeout-*), stays in the current directory.
program=$1 name=$(basename "$1")
mkdir -p "grown/$name"
exec "$program" -max_total_time="$3" -timeout=20 -rss_limit_mb=4096 -max_len=4096 -dict="$4" -print_final_stats=1 \
  -artifact_prefix="$name." "grown/$name" "$2"
