"""Packages of Debian and its like as apt-get handles them: the call compiled to sh, and what it came to.

The host decides in one trip: what is installed (dpkg), what could be (apt's policy), and what apt itself would do (its
simulation, which also refuses what a run would refuse). Only then is anything done, and only if something is to be.
Lists that have to be fetched first are fetched by the apply, which then decides anew; a dry run never fetches, and says
"unknown" where that could make a difference. apt's and dpkg's own locks are waited for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.model.call import Call, Fragment, Outcome, failed
from runner.model.quick import dataclass
from runner.sh import apt_text, place
from runner.sh.quote import path, quote

# What a package's specifier may be made of: https://www.debian.org/doc/debian-policy/ch-controlfields.html (names,
# versions), with wildcards, `name/release` and `task^`.
SAFE: Final = re.compile(r"[A-Za-z0-9*?\[][A-Za-z0-9.+:~^/_*?\[\]!-]*(?:>?=[A-Za-z0-9.+:~_*?\[\]!-]*)?", re.ASCII)
_LONGEST: Final = 200
_WILD: Final = frozenset("*?[]!")
_SPEC: Final = re.compile(r"(?P<name>.*?)(?P<rest>(?:>?=.*)?)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the sh text is made of: `choose` finds the names, then each of `acts` (a name, apt-get's words) runs."""

    acts: Mapping[str, str]
    choose: str = ""
    named: bool = False


def fragment(call: Call) -> Fragment | Outcome:
    """The one trip. Raises StepError for what cannot be meant."""
    args = call.args
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    plan = _plan(call)
    retries = f"{max(args['update_cache_retries'], 1)} {max(args['update_cache_retry_max_delay'], 0)}"
    settings = {
        "lock_timeout": str(args["lock_timeout"]),
        "latest": "1" if args["state"] == "latest" else "",
        "only_upgrade": "1" if args["only_upgrade"] else "",
        "purge": "1" if args["purge"] else "",
        "downgrade": "1" if args["allow_downgrade"] or args["force"] else "",
        "soon": "1" if _brings_sources(call) else "",
        "release": f"-o APT::Default-Release={args['default_release']}" if args["default_release"] else "",
    }
    probe = "\n".join(
        (
            *(f"pb_{name}={quote(setting)}" for name, setting in settings.items()),
            apt_text.BEGIN,
            apt_text.CACHE,
            *((apt_text.INSTALLED, apt_text.OFFERED) if plan.named else ()),
            apt_text.DEB if args["deb"] else "",
            _act(plan.acts),
            f"pb_choose() {{\n{_CHOOSE_BEGIN}\n{plan.choose}\n{_choose_end(plan)}\n}}",
            _stale(args),
            "pb_differs" if args["clean"] else "",
            _PROBE,
        )
    )
    return Fragment(probe, _apply(args, retries), memo={"named": plan.named})


def _wrong(args: Mapping[str, Any]) -> str:
    """What is wrong with the arguments, in Ansible's words; "" if nothing."""
    given = names(args)
    if args["deb"] and args["state"] != "present":
        return "deb only supports state=present"
    if given and args["state"] == "latest" and "*" in args["package"]:
        return "unable to install additional packages when upgrading all installed packages"
    for name in given:
        if name.count("=") > 1:
            return f"invalid package spec: {name}"
        if not (SAFE.fullmatch(name) and len(name) < _LONGEST) and args["state"] != "absent":
            return f"No package matching '{name}' is available"
    if args["default_release"] and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+~=,/_-]*", args["default_release"]):
        return f"default_release: {args['default_release']!r} is no release"
    return ""


def upgrades(args: Mapping[str, Any]) -> bool:
    """Whether all packages are to be upgraded."""
    return args["upgrade"] != "no" or ("*" in (args["package"] or ()) and args["state"] == "latest")


def names(args: Mapping[str, Any]) -> list[str]:
    """The packages meant, without `*`."""
    return [name.strip() for name in args["package"] or () if name != "*"]


def _brings_sources(call: Call) -> bool:
    return call.check and any(
        (made.startswith("/etc/apt/") and made.count("/") > 3) or made == "/etc/apt/sources.list"
        for made in call.will_exist
    )


def _plan(call: Call) -> Plan:
    args = call.args
    options = " ".join(quote(word) for word in _options(args))
    removing = "--auto-remove" if args["autoremove"] else ""
    if upgrades(args):
        words = "dist-upgrade" if args["upgrade"] in ("dist", "full") else "upgrade --with-new-pkgs"
        return Plan({"upgrade": f"{options} {_install_words(args)} {removing} {words}"})
    if args["deb"]:
        recommends = "yes" if args["install_recommends"] else "no"
        words = f"{options} {_install_words(args)} -o APT::Install-Recommends={recommends} install --"
        return Plan({"install": words}, _debs(call), named=True)
    if not names(args):
        cleaning = f"{options} {'--purge' if args['purge'] else ''}"
        return Plan({act: f"{cleaning} {act}" for act in ("autoclean", "autoremove") if args[act]})
    specs = _specs(args)
    if args["state"] == "absent":
        held = "--allow-change-held-packages" if args["allow_change_held_packages"] else ""
        words = f"-q {options} {'--purge' if args['purge'] else ''} {removing} {held} remove --"
        return Plan({"remove": words}, f'{specs}\npb_remove "$pb_specs"; pb_settled=1', named=True)
    words = f"{options} {_install_words(args)}"
    if args["state"] == "build-dep":
        return Plan({"build-dep": f"{words} build-dep --"}, f"{specs}\npb_plan=$pb_specs", named=True)
    words += f"{' --fix-broken' if args['state'] == 'fixed' else ''} {removing} install --"
    return Plan({"install": words}, f'{specs}\npb_install "$pb_specs"', named=True)


def _options(args: Mapping[str, Any]) -> list[str]:
    """apt-get's options that every act has."""
    words = [f"-oDpkg::Options::=--{option}" for option in args["dpkg_options"].split(",") if option]
    words.append(f"-oDPkg::Lock::Timeout={args['lock_timeout']}")
    return words + (["--force-yes"] if args["force"] else [])


def _install_words(args: Mapping[str, Any]) -> str:
    """apt-get's options for installing and upgrading."""
    flags = {
        "only_upgrade": "--only-upgrade",
        "fail_on_autoremove": "--no-remove",
        "allow_unauthenticated": "--allow-unauthenticated",
        "allow_downgrade": "--allow-downgrades",
        "allow_change_held_packages": "--allow-change-held-packages",
    }
    words = [flag for name, flag in flags.items() if args[name]]
    if args["default_release"]:
        words.append(f"-t {quote(args['default_release'])}")
    if args["install_recommends"] is not None and not args["deb"]:
        words.append(f"-o APT::Install-Recommends={'yes' if args['install_recommends'] else 'no'}")
    return " ".join(words)


def _specs(args: Mapping[str, Any]) -> str:
    """Sh text that sets pb_specs to all specifiers, wildcards in names replaced by the names they fit."""
    lines = ["pb_specs="]
    for name in names(args):
        found = _SPEC.fullmatch(name)
        if not SAFE.fullmatch(name) or found is None:
            continue  # to be absent: no package has such a name
        if not _WILD & set(found["name"]):
            lines.append(f'pb_specs="$pb_specs "{quote(name)}')
            continue
        bare, _, arch = found["name"].partition(":")
        rest = (f":{arch}" if arch else "") + found["rest"]
        lines.append(f"pb_glob {quote(regexp(bare))} {quote(found['name'])} {quote(rest)}")
    return "\n".join(lines)


def regexp(pattern: str) -> str:
    """A shell's pattern as an extended regular expression for a package's name."""
    parts = re.findall(r"\[!?\]?[^\]]*\]|.", pattern)
    plain = {"*": ".*", "?": ".", "[": "\\[", "]": "\\]"}
    return "".join(
        part.replace("[!", "[^", 1)
        if len(part) > 1
        else plain.get(part, part if part.isalnum() else f"[{part}]" if part != "^" else "\\^")
        for part in parts
    )


def _debs(call: Call) -> str:
    lines = []
    given = str(call.args["deb"])
    if "://" in given:
        return f'pb_fetch {quote(given)} 0; pb_deb "$pb_file"; pb_settled=1'
    for name in given.split(","):
        if call.check and place.holds(call.will_exist, name):
            lines.append(
                f"[ -e {path(name)} ] || {{ pb_kv unsure {quote(f'{name} would have been made before')}; exit 0; }}"
            )
        lines.append(f"pb_deb {path(name)}")
    return "\n".join((*lines, "pb_settled=1"))


def _act(acts: Mapping[str, str]) -> str:
    """`pb_act "-s …" ACT` asks apt what it would do, `pb_act '' ACT` has it done."""
    cases = "".join(f'{act}) pb_unlocked apt-get $pb_how -y {words} "$@" ;;\n' for act, words in acts.items())
    return f"{_ACT_BEGIN}case $pb_what in\n{cases}*) : ;;\nesac\n}}"


_ACT_BEGIN: Final = r"""
pb_act() {
  pb_how=$1 pb_what=$2
  IFS=$pb_nl
  set -- $pb_debs
  unset IFS
  set -- "$@" $pb_plan
  pb_words="$pb_what $*"
"""

_CHOOSE_BEGIN: Final = "pb_specs= pb_plan= pb_debs= pb_wrong= pb_todo= pb_moves= pb_settled= pb_all= pb_ask="

_SIMULATE: Final = r"""
for pb_one in ACTS; do
  if ! pb_act "-s -oDir::Log::Planner=/dev/null" "$pb_one"; then
    [ -z "$pb_vague" ] || { pb_problem_later; return; }
    pb_failed "'apt-get $pb_words' failed" "$pb_rc"
  fi
  pb_new=$(grep -E '^(Inst|Remv|Purg|Conf|Del) ' "$pb_out")
  [ -z "$pb_new" ] || { pb_todo="$pb_todo $pb_one" pb_moves=$pb_moves$pb_new$pb_nl; }
  [ -n "$pb_new" ] && [ -z "$pb_check" ] || { cat "$pb_out"; cat "$pb_err" >&2; }
done
[ -z "$pb_todo" ] || pb_root /var/lib/dpkg "apt-get$pb_todo"
"""


def _choose_end(plan: Plan) -> str:
    simulate = _SIMULATE.replace("ACTS", " ".join(plan.acts))
    if not plan.named:
        return simulate if plan.acts else "pb_settled=1"
    return (
        'pb_autos "$pb_all"\n[ -z "$pb_wrong" ] || return\n[ -n "$pb_ask" ] || pb_settled=1\n'
        f'[ -n "$pb_plan$pb_debs" ] || return\n{simulate}'
    )


def _stale(args: Mapping[str, Any]) -> str:
    """Sets pb_stale when lists shall be fetched because they are older than `cache_valid_time` seconds."""
    if not (args["update_cache"] or args["cache_valid_time"]):
        return "pb_cache_time; pb_stale="
    return f'pb_cache_time; pb_stale=\n[ "$((pb_time + {args["cache_valid_time"]}))" -gt "$(date +%s)" ] || pb_stale=1'


_PROBE: Final = r"""
pb_vague=
[ -z "$pb_check" ] || pb_vague=$pb_stale$pb_soon
pb_problem_later() { pb_wrong=${pb_wrong:-later}; }
pb_kv time "$pb_time"
if [ -n "$pb_stale" ]; then pb_kv stale 1; pb_differs; fi
if [ -z "$pb_stale$pb_check" ] || [ -n "$pb_check" ]; then
  pb_choose
  if [ -n "$pb_wrong" ]; then
    [ -n "$pb_vague" ] || pb_fail "$pb_wrong"
    pb_kv later 1
  fi
  [ -z "$pb_todo" ] || pb_differs
  pb_kv todo "$pb_todo"; pb_kv moves "$pb_moves"; pb_kv settled "$pb_settled"
fi
"""


def _apply(args: Mapping[str, Any], retries: str) -> str:
    policy = ""
    if args["policy_rc_d"] is not None:
        policy = f'if [ -n "$pb_todo" ]; then\n{apt_text.POLICY.replace("CODE", str(args["policy_rc_d"]))}\nfi'
    clean = (
        'pb_unlocked apt-get clean && [ ! -s "$pb_err" ] || pb_failed "apt-get clean failed"' if args["clean"] else ""
    )
    return f"{clean}\n{_REFRESH.replace('RETRIES', retries)}\n{policy}\n{_RUN}"


_REFRESH: Final = r"""
if [ -n "$pb_stale" ]; then
  pb_old=$pb_time
  pb_update RETRIES
  pb_cache_time
  [ "$pb_time" = "$pb_old" ] || pb_kv updated 1
  pb_kv time "$pb_time"
  pb_choose
  [ -z "$pb_wrong" ] || pb_fail "$pb_wrong"
fi
"""

_RUN: Final = r"""
for pb_one in $pb_todo; do
  pb_act '' "$pb_one" || pb_failed "'apt-get $pb_words' failed" "$pb_rc"
  cat "$pb_out"; cat "$pb_err" >&2
done
[ -z "$pb_auto" ] || pb_unlocked apt-mark manual -- $pb_auto || pb_failed "'apt-mark manual' failed" "$pb_rc"
pb_kv todo "$pb_todo"; pb_kv moves "$pb_moves"
"""
