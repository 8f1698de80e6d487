"""Shell text that shows what a step prints while it runs: a second process reads its two files and is ended with it."""

from __future__ import annotations

from typing import Final

# It sends nothing until the user's command has printed something, and that command cannot speak on the wire: nobody
# else writes there meanwhile. Each piece is one write with its end mark, so that it is heard at once; no signal comes
# between, lest half a piece stands on the wire. It goes with its session's shell, and stops for good at 4 MiB, or when
# nobody listens: the step's answer has everything. `s.w` is empty as soon as it is to end, or ends by itself: then its
# number may be another process's one day, and gets no signal.
# A `sleep` that knows whole seconds only says so at once. A step that is over sooner costs two processes.
WATCHING: Final = r"""
pb_watch_piece() {
  [ "$3" != . ] || return 0
  trap '' TERM
  printf '%sL %s %s\n%s%sK\n' "$pb_token" "$1" "$2" "${3%.}" "$pb_token" >&9 || pb_watch_left=0
  trap "$pb_watch_end" TERM
  pb_watch_left=$((pb_watch_left - ${#3}))
}
pb_watch_read() { dd bs=16384 count=1 9>&- 2>/dev/null; echo .; }
pb_watch() {
  true >"$pb_dir/o.$2"
  true >"$pb_dir/e.$2"
  echo >"$pb_dir/s.w"
  (
    pb_watch_end='[ -z "$pb_watch_nap" ] || kill $pb_watch_nap; exit 0'
    pb_watch_nap= pb_watch_left=4194304 pb_watch_s=0.25
    trap '' PIPE
    trap "$pb_watch_end" TERM
    while [ $pb_watch_left -gt 0 ] && [ -s "$pb_dir/s.w" ] && kill -0 $$; do
      sleep $pb_watch_s 9>&- &
      pb_watch_nap=$!
      wait $pb_watch_nap || case $pb_watch_s in 1) break ;; *) pb_watch_s=1 ;; esac
      pb_watch_nap=
      pb_watch_piece "$1" o "$(pb_watch_read <&3)"
      pb_watch_piece "$1" e "$(pb_watch_read <&4)"
    done
    true >"$pb_dir/s.w"
  ) </dev/null 2>/dev/null 3<"$pb_dir/o.$2" 4<"$pb_dir/e.$2" &
  pb_watcher=$!
}
pb_unwatch() {
  if [ -s "$pb_dir/s.w" ]; then
    true >"$pb_dir/s.w"
    kill $pb_watcher
  fi
  wait $pb_watcher
} 2>/dev/null
"""
