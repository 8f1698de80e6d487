"""The files of apt's one-line sources read in one trip and written in another, with lists fetched or all put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.model.call import Fragment, Reply
from runner.sh import apt_text, keys, modes
from runner.sh.encode import printf_word
from runner.sh.quote import quote
from runner.sh.verdict import value

# Every file with its content, and the codename that a PPA is found under.
READ: Final = r"""
pb_n=0
for pb_file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$pb_file" ] || continue
  [ -r "$pb_file" ] || pb_fail "cannot read $pb_file: permission denied"
  pb_n=$((pb_n + 1))
  pb_kv "path.$pb_n" "$pb_file"
  pb_blob "text.$pb_n" "$pb_file"
  pb_sum "$pb_file"
  pb_kv "sum.$pb_n" "$pb_sum"
done
pb_kv codename "$(. /etc/os-release 2>/dev/null; printf %s "${UBUNTU_CODENAME:-$VERSION_CODENAME}")"
[ -d /etc/apt ] || pb_fail "there is no /etc/apt on this host"
"""

# Of one file: where it really is, and that it still is what was read.
_GUARD: Final = r"""
pb_sources_guard() {
  pb_real=$1
  if [ -L "$1" ]; then pb_real "$1"; fi
  pb_sum=
  [ ! -e "$1" ] || pb_sum "$1"
  [ "$pb_sum" = "$2" ] || pb_fail "$1 changed while we worked on it"
  pb_parent "$pb_real"
  [ ! -d "$pb_where" ] || [ -w "$pb_where" ] || pb_fail "cannot write into $pb_where: permission denied"
}
pb_sources_back() {
  for pb_n in $pb_done; do
    eval "pb_real=\$pb_real_$pb_n"
    if [ -e "$pb_dir/s.$pb_n" ]; then cat "$pb_dir/s.$pb_n" >"$pb_real"; else rm -f -- "$pb_real"; fi
  done
}
"""


def files(reply: Reply) -> dict[str, str]:
    """By path: what each file holds."""
    found: dict[str, str] = {}
    number = 1
    while f"path.{number}" in reply.values:
        found[value(reply, f"path.{number}")] = value(reply, f"text.{number}")
        number += 1
    return found


def write(
    changes: Mapping[str, str | None],
    reply: Reply,
    *,
    file_modes: Mapping[str, str | None],
    update: tuple[int, int] | None,
    first: str = "",
    memo: Mapping[str, Any],
) -> Fragment:
    """The second trip: each file gets its text (None: it goes). `file_modes`: of files whose mode is told. `update`:
    tries and longest pause (s) of fetching lists; when that fails, all files are put back. `first`: sh text that
    runs before."""
    sums = {value(reply, f"path.{n}"): value(reply, f"sum.{n}") for n in range(1, len(files(reply)) + 1)}
    begin = f"pb_lock_timeout=60\n{apt_text.BEGIN}{apt_text.CACHE}" if update else ""
    probe = [f"{begin}{_GUARD}pb_done="]
    probe += [f"pb_sources_guard {quote(path)} {quote(sums.get(path, ''))}" for path in changes]
    apply = [
        _one(number, path, changed, file_modes.get(path))
        for number, (path, changed) in enumerate(changes.items(), start=1)
    ]
    if update:
        tries, pause = max(update[0], 1), max(update[1], 0)
        # pb_update ends the step when it fails: what was written is put back on the way out.
        apply.append(f"trap 'pb_rc=$?; [ \"$pb_rc\" = 0 ] || pb_sources_back' EXIT\npb_update {tries} {pause}")
    return Fragment(
        "\n".join((*probe, "pb_differs")),
        "\n".join((first, *apply)),
        memo={**memo, "stage": "write"},
        makes=tuple(path for path, changed in changes.items() if changed is not None),
        removes=tuple(path for path, changed in changes.items() if changed is None),
    )


# The key of a PPA is known to Launchpad, and kept by a keyserver; what comes from there must be just that key.
_PPA_KEY: Final = r"""
pb_info=$pb_dir/s.ppa pb_new=$pb_dir/s.key pb_ring=RING
pb_get INFO "$pb_info" || pb_fail "failed to fetch PPA information of "REPO" (the host has to reach Launchpad)"
pb_print=$(sed -n 's/.*"signing_key_fingerprint": *"\([0-9A-Fa-f]*\)".*/\1/p' "$pb_info")
[ -n "$pb_print" ] || pb_fail "Launchpad knows no key of "REPO
pb_get "https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0x$pb_print" "$pb_new" ||
  pb_fail "Unable to get required signing key of "REPO
pb_gpg --with-colons --import-options show-only --import <"$pb_new" 2>/dev/null | grep -q "^fpr:.*:$pb_print:" ||
  pb_fail "the keyserver gave another key than that of "REPO
pb_want_mode=0644
pb_temp "$pb_ring"
cat "$pb_new" >&8 || pb_fail "cannot write $pb_ring"
pb_attr_apply "$pb_temp" "" ""
pb_place "$pb_temp" "$pb_ring"
"""


def ppa_key(repo: str) -> str:
    """Sh text that brings the key of `ppa:owner/name`, so that apt trusts it."""
    owner, _, name = repo.removeprefix("ppa:").partition("/")
    name = name or "ppa"
    words = {
        "INFO": f"https://api.launchpad.net/1.0/~{owner}/+archive/{name}",
        "RING": f"/etc/apt/trusted.gpg.d/ppa_{owner}_{name}.asc",
        "REPO": repo,
    }
    text = _PPA_KEY
    for mark, word in words.items():
        text = text.replace(mark, quote(word))
    return f"(\n{keys.GET}{keys.GPG}{text}) || exit 1"


def _one(number: int, path: str, changed: str | None, mode: str | None) -> str:
    """Sh text that keeps the old file for the way back, then puts the new one in its place."""
    word = quote(path)
    begin = (
        f"pb_real={word}; [ ! -L {word} ] || pb_real {word}\npb_real_{number}=$pb_real\n"
        f'[ ! -e "$pb_real" ] || cp -p -- "$pb_real" "$pb_dir/s.{number}" || pb_fail "cannot keep $pb_real"\n'
        f'pb_done="$pb_done {number}"\n'
    )
    if changed is None:
        return f'{begin}rm -f -- "$pb_real" || pb_fail "cannot remove $pb_real"'
    return begin + "\n".join(
        (
            'pb_stat "$pb_real"',
            '[ "$pb_type" != absent ] || { pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal; }',
            modes.text(mode),
            "pb_want_mode=${pb_want_mode:-$pb_mode}",
            'pb_parent "$pb_real"; pb_make_folders "$pb_where" "" "" ""',
            'pb_temp "$pb_real"',
            f'printf {printf_word(changed.encode("utf-8", "surrogateescape"))} >&8 || pb_fail "cannot write $pb_real"',
            '[ "$pb_type" != file ] || pb_keep_owner "$pb_real"',
            'pb_attr_apply "$pb_temp" "" ""',
            'pb_place "$pb_temp" "$pb_real"',
        )
    )
