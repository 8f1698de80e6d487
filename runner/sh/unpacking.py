"""Sh text that unpacks an archive on a host: what kind it is, whether all of it is there already, and unpacking it.

Where tar is GNU's, it compares (`--diff`); zip archives, and those of another tar, are unpacked aside, in the session's
private folder, and compared with sums and stat. Nothing of an archive is ever read as sh.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.sh import modes
from runner.sh.attributes import owner_words
from runner.sh.filled import filled
from runner.sh.quote import quote

HANDLERS: Final[Mapping[str, str]] = {
    "tar": "TarArchive",
    "gzip": "TgzArchive",
    "bzip2": "TarBzipArchive",
    "xz": "TarXzArchive",
    "zstd": "TarZstdArchive",
    "zip": "ZipArchive",
}

# The first bytes tell what it is (https://en.wikipedia.org/wiki/List_of_file_signatures). `ar_open` writes the tar.
KIND: Final = r"""
[ -r "$src" ] || pb_fail "Source '$src' not readable"
[ -s "$src" ] || pb_fail "Invalid archive '$src', the file is 0 bytes"
case $(od -An -N6 -tx1 <"$src" | tr -d ' \n') in
504b0304* | 504b0506*) kind=zip ;;
1f8b*) kind=gzip ;;
425a68*) kind=bzip2 ;;
fd377a585a00) kind=xz ;;
28b52ffd*) kind=zstd ;;
*) kind=tar ;;
esac
pb_kv kind "$kind"
ar_needs() { pb_have "$1" || pb_fail "there is no $1 on this host, which $kind archives need; install $2"; }
ar_open() { case $kind in tar) cat <"$src" ;; *) "$kind" -dc <"$src" ;; esac; }
tar=tar
case $kind in
zip) ar_needs unzip unzip ;;
*)
  case $kind in xz) ar_needs xz xz-utils ;; tar) ;; *) ar_needs "$kind" "$kind" ;; esac
  if pb_have gtar; then tar=gtar; else ar_needs tar tar; fi ;;
esac
gnu=
case $kind-$("$tar" --version 2>/dev/null) in zip-*) ;; *GNU*) gnu=1 ;; esac
"""

_LIST: Final = r"""
ar_list() {
  case $kind in
  zip) unzip -Z1 "$src" @ZIPPED@ 2>/dev/null || unzip -l "$src" @ZIPPED@ | awk 'NR > 3 && $1 ~ /^[0-9]+$/ && NF > 3 {
    sub(/^ *[0-9]+ +[^ ]+ +[^ ]+ +/, ""); print }' ;;
  *)
    if [ -n "$gnu" ]; then
      ar_open | "$tar" --list --quoting-style=literal @GNU_OPTS@ @EXCLUDES@ -f - @INCLUDES@
    else ar_open | "$tar" -t @OPTS@ @EXCLUDES@ -f - @INCLUDES@; fi ;;
  esac
}
ar_unpack() {
  case $kind in
  zip)
    [ -z '@NEWER@' ] || unzip -v 2>/dev/null | grep -q Info-ZIP ||
      pb_fail "keep_newer needs Info-ZIP's unzip; install unzip"
    unzip -o @NEWER@ @OPTS@ "$src" @ZIPPED@ -d "$1" ;;
  *)
    if [ -n "$gnu" ]; then ar_open | "$tar" --extract -C "$1" @KEEP@ @GNU_OPTS@ @OWNERS@ @EXCLUDES@ -f - @INCLUDES@
    else ar_open | "$tar" -x -C "$1" @KEEP@ @OPTS@ @EXCLUDES@ -f - @INCLUDES@; fi ;;
  esac
}
"""

# What counts as a difference: lines of GNU tar's --diff, or anything of what was unpacked aside.
_SAME: Final = r"""
ar_same() {
  if [ -n "$gnu" ]; then
    { ar_open | "$tar" --diff -C "$dest" @KEEP@ @GNU_OPTS@ @OWNERS@ @EXCLUDES@ -f - @INCLUDES@; } >"$ar.diff" 2>&1
    counts='Mod time differs|Cannot stat: No such file or directory|Invalid (owner|group)|Symlink differs'
    counts="$counts|Contents differ|Size differs|File type differs|Not linked to @MORE@"
    [ -z '@ROOT@' ] || [ "$(id -u)" != 0 ] || counts="$counts|@ROOT@"
    ! grep -v ': : Warning: Cannot stat' "$ar.diff" | grep -qE ": (Warning: )?($counts)"
    return
  fi
  mkdir "$ar.aside" || pb_fail "no room to unpack $src"
  ar_unpack "$ar.aside" >"$ar.out" 2>"$ar.err" || pb_fail "failed to unpack $src to $dest: $(tail -n 1 "$ar.err")"
  form=@FORM@
  [ "$kind" = zip ] || [ "$(id -u)" != 0 ] || form="$form @WHOSE@"
  ( cd "$ar.aside" && find . ! -name . ! -type l -exec stat -c "$form %n" {} + | sort
    find . -type l -exec stat -c %N {} + | sort ) >"$ar.is"
  ( cd "$ar.aside" && find . ! -name . ! -type l -print0 ) | ( cd "$dest" && xargs -0 -r stat -c "$form %n" ) 2>&1 |
    sort >"$ar.has"
  ( cd "$ar.aside" && find . -type l -print0 ) | ( cd "$dest" && xargs -0 -r stat -c %N ) 2>/dev/null | sort >>"$ar.has"
  ( cd "$ar.aside" && find . -type f -exec sha1sum {} + ) >"$ar.sums"
  cmp -s "$ar.is" "$ar.has" && { [ ! -s "$ar.sums" ] || ( cd "$dest" && sha1sum -c "$ar.sums" ) >/dev/null 2>&1; }
  same=$?
  rm -rf "$ar.aside"
  return "$same"
}
"""

# Names that an archive could use to reach beyond `dest` are left out; those of folders above others come once more.
_ATTRIBUTES: Final = r"""
ar_names() {
  ar_list 2>/dev/null | awk '{ sub(/^\/+/, ""); sub(/\/+$/, "") }
    /^$/ || /(^|\/)\.\.(\/|$)/ { next }
    { print; if (index($0, "/")) { sub(/\/.*/, ""); if (!seen[$0]++) print } }'
}
ar_each() {
  ar_names >"$ar.names"
  while IFS= read -r name; do
    [ -e "$dest/$name" ] || [ -L "$dest/$name" ] || continue
    pb_stat "$dest/$name"
@MODE@
    "$1" "$dest/$name" @WHO@
  done <"$ar.names"
}
"""


def text(args: Mapping[str, Any]) -> str:
    """Sh text that defines `ar_list`, `ar_unpack FOLDER`, `ar_same` and `ar_each FUNCTION` for an archive `$src`."""
    opts = " ".join(quote(option) for option in args["extra_opts"])
    excludes, includes = args["exclude"], args["include"]
    zipped = " ".join(quote(name) for name in includes)
    if excludes:
        zipped = "-x " + " ".join(quote(name) for name in excludes)
    root = "|".join(f"{what} differs" for what, key in (("Uid", "owner"), ("Gid", "group")) if not args[key])
    parts = {
        "ZIPPED": zipped,
        "GNU_OPTS": f"--show-transformed-names {opts}" if opts else "",
        "OPTS": opts,
        "EXCLUDES": " ".join(f"--exclude={quote(name.rstrip('/'))}" for name in excludes),
        "INCLUDES": " ".join(["--", *(quote(name) for name in includes)]) if includes else "",
        "OWNERS": " ".join(f"--{key}={quote(args[key])}" for key in ("owner", "group") if args[key]),
        "KEEP": "--keep-newer-files" if args["keep_newer"] else "",
        "NEWER": "-u" if args["keep_newer"] else "",
        "ROOT": root,
        "MORE": "" if args["mode"] else "|Mode differs",
        "FORM": "'%F'" if args["mode"] else "'%f'",
        "WHOSE": " ".join(sign for sign, key in (("%u", "owner"), ("%g", "group")) if not args[key]),
        "MODE": modes.text(args["mode"]),
        "WHO": owner_words(args),
    }
    return filled(f'ar="$pb_dir/s.ar.$pb_index"\n{_LIST}{_SAME}{_ATTRIBUTES}', parts)
