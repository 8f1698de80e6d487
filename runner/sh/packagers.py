"""Which package manager a host has: asked in one short text, decided as for the fact `ansible_pkg_mgr`."""

from __future__ import annotations

from typing import Final

from runner.model.call import Reply
from runner.sh.facts_distribution import distribution
from runner.sh.facts_script import EXIST
from runner.sh.facts_source import source
from runner.sh.facts_system import package_manager

_RELEASES: Final = (
    "/etc/os-release /usr/lib/os-release /etc/centos-release /etc/redhat-release /etc/system-release "
    "/etc/alpine-release /etc/debian_version /etc/openwrt_release"
)

ASK: Final = f"""
pb_exist=
for pb_file in {EXIST}; do if [ -e "$pb_file" ]; then pb_exist="$pb_exist $pb_file"; fi; done
pb_kv exist "$pb_exist"
pb_kv uname "$(uname -snrvm)"
if [ -L /usr/bin/dnf ]; then pb_kv dnf "$(readlink -f /usr/bin/dnf)"; fi
pb_kv files "$(for pb_file in {_RELEASES}; do if [ -r "$pb_file" ]; then sed "s|^|$pb_file:|" "$pb_file"; fi; done)"
"""


def manager(reply: Reply) -> str:
    """The manager's name as the fact has it, `unknown` where there is none."""
    answers = source(reply.values)
    return package_manager(answers, str(distribution(answers).get("os_family", "")))
