"""archive: files and folders of the host packed there into one file (community.general.archive)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import modes, place, replacing
from runner.sh.attributes import FILE_OPTIONS, Seen, check_mode_text, owner_words
from runner.sh.extras import extras
from runner.sh.filled import filled
from runner.sh.quote import path, pattern, quote
from runner.sh.verdict import failure, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Pack files and folders of the host into an archive there.",
    options={
        "path": Option("list", elements="path", required=True, doc="What goes in; wildcards are fine."),
        "dest": Option("path", doc="The archive; needed when it is more than one file."),
        "format": Option(default="gz", choices=("bz2", "gz", "tar", "xz", "zip"), doc="How it is packed."),
        "exclude_path": Option("list", elements="path", default=[], doc="What stays out; wildcards are fine."),
        "exclusion_patterns": Option("list", elements="str", doc="Names (with wildcards) that stay out."),
        "force_archive": Option("bool", default=False, doc="An archive even of a single file."),
        "remove": Option("bool", default=False, doc="Remove what was packed."),
        **FILE_OPTIONS,
    },
    example="""\
- name: The old release
  community.general.archive:
    path: /opt/app/releases/11
    dest: /var/backups/app-11.tgz
    remove: true
""",
    returns={
        "dest": "The archive.",
        "dest_state": "`archive`, `compress` or `absent`.",
        "arcroot": "The folder that names in it begin at.",
        "archived": "What is in it.",
        "missing": "What was not there.",
        "expanded_paths": "What the paths came to.",
        "expanded_exclude_paths": "What stayed out.",
    },
)

_TOOLS: Final = {"gz": "gzip -n -c", "bz2": "bzip2 -c", "xz": "xz -c", "tar": "cat", "zip": "zip"}

# `$@` are the paths. Names in the archive begin at the folder that is above them all.
_FIND: Final = r"""
out="$pb_dir/s.archive.$pb_index"
form=@FORM@ dest=@DEST@ force=@FORCE@
case $form in zip) tool=zip ;; bz2) tool=bzip2 ;; gz) tool=gzip ;; *) tool=$form ;; esac
pb_have "$tool" || pb_fail "there is no $tool on this host; install it"
: >"$out.there"; : >"$out.missing"; : >"$out.skip"
for one in @EXCLUDES@; do [ ! -e "$one" ] && [ ! -L "$one" ] || printf '%s\n' "${one%/}" >>"$out.skip"; done
root= several= folder=
for one in @PATHS@; do
  [ -e "$one" ] || [ -L "$one" ] || { printf '%s\n' "$one" >>"$out.missing"; continue; }
  case $one in *"$pb_nl"*) pb_fail "a path with a newline cannot be packed: $one" ;; /*) ;; *) one=$PWD/$one ;; esac
  if grep -qxF -e "${one%/}" "$out.skip"; then continue; fi
  [ ! -s "$out.there" ] || several=1
  [ ! -d "$one" ] || [ -L "$one" ] || folder=1
  printf '%s\n' "${one%/}" >>"$out.there"
  case $one in */) top=$one ;; *) top=${one%/*}/ ;; esac
  [ -n "$root" ] || root=$top
  while :; do case $top in "$root"*) break ;; esac; root=${root%/}; root=${root%/*}/; done
done
pb_blob there "$out.there"; pb_blob missing "$out.missing"; pb_blob skip "$out.skip"
[ -s "$out.there" ] || { pb_kv absent 1; if [ -n "$dest" ] && [ -e "$dest" ]; then pb_kv dest "$dest"; fi; exit 0; }
if [ -z "$several$folder$force" ]; then
  single=$(cat "$out.there")
  [ -n "$dest" ] || dest=$single.$form
else
  single=
  [ -n "$dest" ] || pb_fail 'Error, must specify "dest" when archiving multiple files or trees'
fi
case $dest in /*) ;; *) dest=$PWD/$dest ;; esac
pb_kv dest "$dest"; pb_kv root "$root"; pb_kv single "$single"
[ ! -d "$dest" ] || pb_fail "dest $dest is a folder"
pb_parent "$dest"
[ -d "$pb_where" ] || pb_fail "Destination directory $pb_where does not exist"
"""

# The new archive is made in the session's folder, in the order of names, so that equal content gives equal bytes.
_MAKE: Final = r"""
while IFS= read -r one; do find "$one" || exit 1; done <"$out.there" >"$out.all" 2>"$out.err" ||
  pb_fail "not all of it can be read: $(tail -n 1 "$out.err")"
while IFS= read -r one; do find "$one" -name "*$pb_nl*"; done <"$out.there" | grep -q . &&
  pb_fail "a path with a newline cannot be packed"
sort -u "$out.all" | while IFS= read -r one; do
  case $one in "$dest" | "${root%/}") continue ;; esac
  name=${one##*/}
  case $name in @PATTERNS@) continue ;; esac
  keep=1
  while IFS= read -r skip; do case $one/ in "$skip"/*) keep= ;; esac; done <"$out.skip"
  [ -z "$keep" ] || printf '%s\n' "${one#"$root"}"
done >"$out.names"
ar_tar() {
  if tar --version 2>/dev/null | grep -q GNU; then tar --no-recursion --verbatim-files-from -cf - -T "$out.names"
  else
    while IFS= read -r one; do [ -d "$one" ] && [ ! -L "$one" ] || printf '%s\n' "$one"; done <"$out.names" |
      tar -cf - -T -
  fi
}
if [ -n "$single" ] && [ "$form" != zip ] && [ "$form" != tar ]; then @TOOL@ <"$single" >"$out.new"
elif [ "$form" = zip ]; then
  (cd "$root" && zip -qX -y "$out.zip" -@ <"$out.names" && mv "$out.zip" "$out.new") || pb_fail "it cannot be packed"
else (cd "$root" && ar_tar 2>"$out.err") | @TOOL@ >"$out.new"; fi
! grep -q Cannot "$out.err" || pb_fail "not all of it can be read: $(grep Cannot "$out.err" | head -n 1)"
[ -s "$out.new" ] || pb_fail "nothing could be packed"
pb_blob names "$out.names"
look() {
  case $form in
  zip) unzip -v "$1" 2>/dev/null | grep -v '^Archive:' ;;
  bz2) bzip2 -dc <"$1" ;; gz) gzip -dc <"$1" ;; xz) xz -dc <"$1" ;; *) cat <"$1" ;;
  esac 2>/dev/null | cksum
}
same=
if [ -f "$dest" ] && [ "$(look "$dest")" = "$(look "$out.new")" ]; then same=1; else pb_differs; fi
pb_stat "$dest"
pb_was=$pb_type pb_had="$pb_mode $pb_uid $pb_gid"
if [ -n "$same" ]; then
@MODE@
pb_attr_probe "$dest" @OWNERS@
fi
[ -z '@REMOVE@' ] || pb_differs
"""

_PLACE: Final = r"""
if [ -z "$same" ]; then
  pb_temp "$dest"
  cat <"$out.new" >&8 || pb_fail "cannot write $dest"
@ONTO@
fi
pb_stat "$dest"
@MODE@
pb_attr_apply "$dest" @OWNERS@
if [ -n '@REMOVE@' ]; then
  while IFS= read -r one; do
    case $dest in "$one"/*) pb_fail "$one holds the archive itself, it is not removed" ;; esac
    rm -rf -- "$one" || pb_fail "Error deleting $one"
  done <"$out.there"
fi
pb_stat "$dest"; pb_report now
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Packs aside, compares, and puts what differs onto its place."""
    del desk
    args = call.args
    check_mode_text(args["mode"])
    for name in ("path", "exclude_path"):
        if any(not each for each in args[name]):
            return failed(f"{name} holds an empty path")
    owners, mode = owner_words(args), modes.text(args["mode"])
    parts = {
        "FORM": args["format"],
        "DEST": path(args["dest"]) if args["dest"] else "''",
        "FORCE": "1" if args["force_archive"] else "''",
        "PATHS": " ".join(pattern(each) for each in args["path"]),
        "EXCLUDES": " ".join(pattern(each) for each in args["exclude_path"]) or "''",
        "PATTERNS": " | ".join(_glob(each) for each in args["exclusion_patterns"] or []) or "''",
        "TOOL": _TOOLS[args["format"]],
        "MODE": mode,
        "OWNERS": owners,
        "REMOVE": "1" if args["remove"] else "",
        "ONTO": replacing.as_it_was('"$dest"', mode, owners, unsafe=args["unsafe_writes"]),
    }
    return Fragment(
        probe=f"{extras(args)}\n{filled(_FIND + _MAKE, parts)}",
        apply=filled(_PLACE, parts),
        makes=(args["dest"],) if args["dest"] else (),
        removes=tuple(args["path"]) if args["remove"] else (),
    )


def _unseen(call: Call, reply: Reply, name: str) -> bool:
    """Whether a path is not there that an earlier step of the dry run would have made, or may have made in a folder."""
    if value(reply, "there") or not call.will_exist:
        return place.holds(call.will_exist, name) and name.rstrip("/") not in value(reply, "there").splitlines()
    above = [str(folder) for folder in PurePosixPath(name).parents]
    return any(place.holds(call.will_exist, each) for each in (name, *above))


def _glob(text: str) -> str:
    """A pattern of names for the shell's `case`."""
    return pattern(text) if text and not text.startswith("~") else quote(text)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when the archive is another one, or something was removed."""
    del fragment, desk
    problem = failure(reply)
    if problem:
        return problem
    if call.check and (unseen := [name for name in call.args["path"] if _unseen(call, reply, name)]):
        reason = f"{unseen[0]} would have been made before"
        return Outcome(Status.SKIPPED, msg=f"may change: {reason}", unknown=reason)
    lists = {name: value(reply, name).splitlines() for name in ("there", "missing", "skip", "names")}
    root = value(reply, "root")
    single = value(reply, "single")
    values: dict[str, Any] = {
        "dest": value(reply, "dest") or call.args["dest"],
        "arcroot": root,
        "archived": [single] if single else [f"{root}{name}" for name in lists["names"]],
        "missing": lists["missing"],
        "expanded_paths": lists["there"],
        "expanded_exclude_paths": lists["skip"],
        "dest_state": "absent" if "absent" in reply.values else "compress" if single else "archive",
    }
    now = Seen.read(reply, "now")
    if now is not None:
        values |= now.result()
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
