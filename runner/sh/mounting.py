"""Sh texts that mount, remount and unmount; `$p` is fstab. mount(8) of util-linux and of busybox are known."""

from __future__ import annotations

from typing import Final

from runner.model.quick import dataclass
from runner.sh.fstab import Entry
from runner.sh.quote import path, quote

# fstab is put back, and folders that were made are removed, when nothing can be mounted.
_UNDO_FSTAB: Final = r"""
undo() {
  if [ -f "$pb_dir/fstab.$pb_index" ]; then cp -p -- "$pb_dir/fstab.$pb_index" "$p"; else rm -f -- "$p"; fi
  undo_folders
}
"""
# Before fstab is written, so that it can be put back.
KEEP: Final = '[ ! -f "$p" ] || cp -p -- "$p" "$pb_dir/fstab.$pb_index" || pb_fail "cannot keep $p"'
_FOLDERS: Final = r"""
made=0 folder=$mp
while [ ! -e "$folder" ] && [ ! -L "$folder" ]; do made=$((made + 1)); pb_parent "$folder"; folder=$pb_where; done
undo_folders() {
  folder=$mp
  while [ "$made" -gt 0 ]; do rmdir -- "$folder"; pb_parent "$folder"; folder=$pb_where made=$((made - 1)); done
}
undo() { undo_folders; }
mkdir -p -- "$mp" || { undo; pb_fail "Error making dir $mp"; }
"""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts for one entry of fstab at its mount point (the real path)."""

    entry: Entry
    point: str
    fstab: str | None = None

    @property
    def _start(self) -> str:
        return f"mp={path(self.point)}\npb_have mount || PATH=$PATH:/usr/sbin:/sbin\n"

    def _source(self, *, ephemeral: bool) -> str:
        """Where mount finds source, kind and options."""
        if not ephemeral:
            return f"-T {path(self.fstab)} " if self.fstab and self.fstab != "/etc/fstab" else ""
        opts = f"-o {quote(self.entry.opts)} " if self.entry.opts != "defaults" else ""
        return f"-t {quote(self.entry.fstype)} {opts}-- {quote(self.entry.src)} "

    def mount(self, *, ephemeral: bool = False, undo: bool = False) -> str:
        """Make the folder and mount; `undo`: fstab is put back if that fails."""
        mount = f'mount {self._source(ephemeral=ephemeral)}"$mp"'
        back = _UNDO_FSTAB if undo else ""
        return f'{self._start}{_FOLDERS}{back}said=$({mount} 2>&1) || {{ undo; pb_fail "Error mounting $mp: $said"; }}'

    def remount(self, *, strict: bool, ephemeral: bool = False, undo: bool = False) -> str:
        """Mount again with other options; if that cannot be, unmount and mount. `strict`: the user's options are for
        this remount alone, and there is no other way."""
        opts = f"remount,{self.entry.opts}" if strict and self.entry.opts != "defaults" else "remount"
        source = self._source(ephemeral=ephemeral)
        begin = f"{self._start}undo_folders() {{ :; }}\nundo() {{ :; }}\n{_UNDO_FSTAB if undo else ''}"
        said = "Error mounting $mp" if ephemeral or undo else "Error remounting $mp"
        again = "false" if strict else f'said=$(umount -- "$mp" 2>&1) && said=$(mount {source}"$mp" 2>&1)'
        return (
            f'{begin}said=$(mount -o {quote(opts)} {source}"$mp" 2>&1) ||\n'
            f'{{ {again}; }} || {{ undo; pb_fail "{said}: $said"; }}'
        )

    def unmount(self, *, mounted: bool, remove: bool = False) -> str:
        """Unmount what is mounted; `remove` the folder, too."""
        lines = [self._start]
        if mounted:
            lines.append('said=$(umount -- "$mp" 2>&1) || pb_fail "Error unmounting $mp: $said"')
        if remove:
            lines.append('[ ! -d "$mp" ] || rmdir -- "$mp" || pb_fail "Error rmdir $mp"')
        return "\n".join(lines)
