"""The sh text that brings a file from the web to its place: only if it has to, checked, and in one step."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from runner.model.call import Call, Fragment
from runner.sh import modes, place, replacing, web
from runner.sh.attributes import check_mode_text, owner_words
from runner.sh.extras import extras
from runner.sh.quote import path, quote

# The name a file gets in a folder: what the server says, or the end of its address.
_NAME = r"""
web_place() {
  [ -n "$folder" ] || return 0
  name=
  said=$(web_header content-disposition)
  case $said in
  *'filename="'*) name=${said#*'filename="'}; name=${name%%'"'*} ;;
  *filename=*) name=${said#*filename=}; name=${name%%[;\ ]*} ;;
  esac
  name=${name##*/}
  if [ -z "$name" ]; then
    where=$(awk '{ sub(/\r$/, ""); match($0, /^ */); at = RLENGTH; sub(/^ +/, "") }
      /^HTTP\// { from = at }
      at == from && tolower($0) ~ /^location:/ { l = $2 } END { print l }' "$web_log")
    where=${where:-$url_path}
    where=${where%%[?#]*}
    case $where in *://*/*) ;; *://*) where= ;; esac
    name=${where##*/}
  fi
  name=${name:-index.html}
  case $name in . | ..) pb_fail "the server names the file $name" ;; esac
  dest=${folder%/}/$name
  pb_kv dest "$dest"
}
web_look() {
  pb_statl "$dest"
  pb_report was
  pb_parent "$dest"
  case $pb_type in
  file)
    [ -w "$dest" ] || pb_fail "Destination $dest is not writable"
    [ -r "$dest" ] || pb_fail "Destination $dest is not readable" ;;
  absent)
    [ ! -d "$pb_where" ] || [ -w "$pb_where" ] || pb_fail "Destination $pb_where is not writable" ;;
  *) pb_fail "$dest is no regular file ($pb_type), it is left alone" ;;
  esac
}
"""

_LOCAL = r"""
pb_kv dest "$dest"
folder=
if [ -d "$dest" ] || [ "$soon" = folder ]; then folder=$dest
else
  pb_parent "$dest"
  [ -d "$pb_where" ] || [ -n "$soon" ] || pb_fail "Destination $pb_where does not exist"
  pb_statl "$dest"
  if [ "$pb_type" = file ]; then
    pb_since=$pb_mtime
    KEEP
    [ -z "$pb_since" ] || { SINCE; }
  fi
fi
"""

_DECODE = r"""
case $(web_header content-encoding) in gzip | x-gzip)
  web_packed=$pb_temp
  exec 8>&-
  pb_temp "$first"
  gzip -dc <"$web_packed" >&8 || pb_fail "what came cannot be unpacked"
  rm -f -- "$web_packed" ;;
esac
"""


def fragment(call: Call, algorithm: str, digest: str) -> Fragment:
    """The download as one trip; `digest` "" if none is asked for. A dry run only asks for the head of the file."""
    args = call.args
    check_mode_text(args["mode"])
    wish = web.request(args, args["url"], method="HEAD" if call.check else "GET")
    soon = _soon(call)
    head = [
        extras(args),
        web.LOOK,
        web.text(wish),
        f"dest={path(args['dest'])} url_path={quote(urlsplit(args['url']).path)} soon={soon} kept=",
        _NAME,
        _temporary_folder(args),
        _LOCAL.replace("KEEP", _keep(args, algorithm, digest)).replace("SINCE", ":" if args["force"] else web.SINCE),
    ]
    if call.check:
        head.append(_foresee(args))
    else:
        head.append('[ -n "$kept" ] || pb_differs')
    return Fragment(probe="\n".join(head), apply=_apply(args, algorithm, digest), makes=(args["dest"],), last=False)


def _soon(call: Call) -> str:
    """What a dry run knows of a place that is not there yet: `folder` (dest itself), `parent`, or ""."""
    dest = call.args["dest"]
    if call.check and dest.endswith("/") and place.holds(call.will_exist, dest):
        return "folder"
    parent = dest.rstrip("/").rpartition("/")[0]
    return "parent" if call.check and parent and place.holds(call.will_exist, parent) else ""


def _temporary_folder(args: Any) -> str:
    if not args["tmp_dest"]:
        return 'first=$dest; [ ! -d "$dest" ] || first=${dest%/}/x'
    return (
        f"tmp={path(args['tmp_dest'])} first=$tmp/x\n"
        'if [ ! -d "$tmp" ]; then\n[ ! -e "$tmp" ] || pb_fail "$tmp is a file but should be a directory."\n'
        'pb_fail "$tmp directory does not exist."; fi'
    )


def _keep(args: Any, algorithm: str, digest: str) -> str:
    """A file that has the digest already is asked for no more; only its mode and owner are looked at."""
    if not digest:
        return ":"
    keep = f'pb_sum "$dest" {algorithm}\nif [ "$pb_sum" = {digest} ]; then pb_kv digest_fits 1\n'
    if not args["force"]:
        keep += f'pb_kv kept 1\n{modes.text(args["mode"])}\nkept=1; pb_attr_probe "$dest" {owner_words(args)}\n'
    return f"{keep}else pb_kv digest_differs 1; pb_since=; fi"


# In a folder the file's name is known only now: whether it is newer than the one there has to be asked anew.
_ASK_AGAIN: Final = f"""if [ -n "$folder" ] && [ -f "$dest" ] && [ "$(web_status)" = 200 ]; then
pb_statl "$dest"; pb_since=$pb_mtime
{web.SINCE}
web_0 >/dev/null; web_rc=$?; fi
"""


def _foresee(args: Any) -> str:
    """What a dry run asks: the head of the file alone, and what mode and owner would be."""
    return (
        'if [ -z "$kept" ]; then\nweb_0 >/dev/null; web_rc=$?; web_place\n'
        f"{_ASK_AGAIN if not args['force'] else ''}web_tell 0\n"
        f'case $(web_status) in "" | 200) web_look\nif [ "$pb_type" = file ]; then {modes.text(args["mode"])}\n'
        f'(pb_differs() {{ pb_kv attributes 1; }}; pb_attr_probe "$dest" {owner_words(args)}); fi ;;\nesac; fi'
    )


def _apply(args: Any, algorithm: str, digest: str) -> str:
    owners = owner_words(args)
    verify = ""
    if digest:
        verify = (
            f'pb_sum "$pb_temp" {algorithm}\n'
            f'[ "$pb_sum" = {digest} ] || {{ pb_kv wrong_digest "$pb_sum {digest}"; pb_fail_quietly; }}'
        )
    return "\n".join(
        (
            f'pb_mend() {{ pb_stat "$dest"\n{modes.text(args["mode"])}\npb_attr_apply "$dest" {owners}\n'
            'pb_stat "$dest"; pb_report now; pb_sum "$dest" md5; pb_kv md5sum "$pb_sum"; }',
            'pb_fail_quietly() { rm -f -- "$pb_temp"; exit 0; }',
            'if [ -n "$kept" ]; then pb_mend; exit 0; fi',
            'pb_temp "$first"\nweb_0 >&8; web_rc=$?; web_tell 0',
            'case $(web_status) in 200) ;; "") [ "$web_rc" = 0 ] || pb_fail_quietly ;;\n'
            '304) pb_statl "$dest"; pb_report now; pb_fail_quietly ;; *) pb_fail_quietly ;; esac',
            '[ "$web_rc" = 0 ] || pb_fail_quietly',
            _DECODE if args["decompress"] else "",
            'web_place; web_look; pb_was=$pb_type; pb_had="$pb_mode $pb_uid $pb_gid"',
            'pb_sum "$pb_temp"; new=$pb_sum; pb_kv checksum_src "$new"; old=',
            'if [ "$pb_was" = file ]; then pb_sum "$dest"; old=$pb_sum; pb_kv checksum_dest "$old"; fi',
            verify,
            'if [ "$new" = "$old" ] && [ -n "$new" ]; then exec 8>&-; rm -f -- "$pb_temp"\nelse',
            f"{_replace(args, owners)}\nfi",
            "pb_mend",
        )
    )


def _replace(args: Any, owners: str) -> str:
    """The new file onto its place, with the owner and mode of the old one or those that are asked for."""
    lines = []
    if args["tmp_dest"]:
        lines.append('exec 8>&-; fetched=$pb_temp; pb_temp "$dest"')
        lines.append('cat -- "$fetched" >&8 || pb_fail "cannot write $dest"\nrm -f -- "$fetched"')
    if args["backup"]:
        lines.append('[ ! -e "$dest" ] || pb_backup "$dest"')
    lines.append(replacing.as_it_was('"$dest"', modes.text(args["mode"]), owners, unsafe=args["unsafe_writes"]))
    return "\n".join(lines)
