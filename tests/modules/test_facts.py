"""Facts: this machine through every shell, other systems from their files, and hosts that say anything they like."""

from __future__ import annotations

import json
import os
import platform
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.call import Status
from runner.sh import facts_gather
from runner.sh.facts_clock import date_time
from runner.sh.facts_distribution import distribution
from runner.sh.facts_local import parse
from runner.sh.facts_network import network
from runner.sh.facts_script import SECTIONS
from runner.sh.facts_source import Source, assignments, source
from runner.sh.facts_system import is_chroot, name_servers, package_manager, python, service_manager
from runner.sh.facts_virtual import virtual
from tests.modules.harness import listing, run_module

LINUX = "Linux web1 6.1.0 #1 SMP x86_64"

# os-release (or what there is instead), other files, and: distribution, version, major version, release, family
SYSTEMS: dict[str, tuple[str, dict[str, str], tuple[str, str, str, str, str]]] = {
    "debian 12": (
        'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
        {"/etc/debian_version": "12.11"},
        ("Debian", "12.11", "12", "bookworm", "Debian"),
    ),
    "debian sid": (
        'PRETTY_NAME="Debian GNU/Linux trixie/sid"\nNAME="Debian GNU/Linux"\nVERSION_CODENAME=trixie\nID=debian\n',
        {"/etc/debian_version": "trixie/sid"},
        ("Debian", "trixie/sid", "trixie/sid", "trixie", "Debian"),
    ),
    "ubuntu": (
        'NAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.4 LTS (Jammy)"\nVERSION_CODENAME=jammy\nID=ubuntu\n',
        {"/etc/debian_version": "bookworm/sid"},
        ("Ubuntu", "22.04", "22", "jammy", "Debian"),
    ),
    "alpine": (
        'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n',
        {"/etc/alpine-release": "3.19.1"},
        ("Alpine", "3.19.1", "3", "NA", "Alpine"),
    ),
    "fedora": (
        'NAME="Fedora Linux"\nVERSION="39 (Server Edition)"\nID=fedora\nVERSION_ID=39\nVERSION_CODENAME=""\n',
        {},
        ("Fedora", "39", "39", "", "RedHat"),
    ),
    "rocky": (
        'NAME="Rocky Linux"\nVERSION="9.3 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n',
        {"/etc/redhat-release": "Rocky Linux release 9.3 (Blue Onyx)"},
        ("Rocky", "9.3", "9", "Blue Onyx", "RedHat"),
    ),
    "rhel": (
        'NAME="Red Hat Enterprise Linux"\nVERSION="8.6 (Ootpa)"\nID="rhel"\nVERSION_ID="8.6"\n',
        {},
        ("RedHat", "8.6", "8", "Ootpa", "RedHat"),
    ),
    "centos 7": (
        'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nVERSION_ID="7"\n',
        {"/etc/centos-release": "CentOS Linux release 7.9.2009 (Core)"},
        ("CentOS", "7.9", "7", "Core", "RedHat"),
    ),
    "centos stream": (
        'NAME="CentOS Stream"\nVERSION="9"\nID="centos"\nVERSION_ID="9"\n',
        {"/etc/centos-release": "CentOS Stream release 9"},
        ("CentOS", "9", "9", "Stream", "RedHat"),
    ),
    "centos 6": (
        "",
        {"/etc/centos-release": "CentOS release 6.10 (Final)"},
        ("CentOS", "6.10", "6", "Final", "RedHat"),
    ),
    "opensuse leap": (
        'NAME="openSUSE Leap"\nVERSION="15.5"\nID="opensuse-leap"\nVERSION_ID="15.5"\n',
        {},
        ("openSUSE Leap", "15.5", "15", "5", "Suse"),
    ),
    "sles": ('NAME="SLES"\nID="sles"\nVERSION_ID="15.4"\n', {}, ("SLES", "15.4", "15", "4", "Suse")),
    "arch": ('NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n', {}, ("Archlinux", "NA", "NA", "NA", "Archlinux")),
    "amazon": (
        'NAME="Amazon Linux"\nVERSION="2"\nID="amzn"\nVERSION_ID="2"\n',
        {},
        ("Amazon", "2", "2", "NA", "RedHat"),
    ),
    "mint": (
        'NAME="Linux Mint"\nVERSION="21.2 (Victoria)"\nID=linuxmint\nVERSION_ID="21.2"\nVERSION_CODENAME=victoria\n',
        {},
        ("Linux Mint", "21.2", "21", "victoria", "Debian"),
    ),
    "unheard of": ('NAME="Fizz OS"\nID=fizz\nVERSION_ID=1.5\n', {}, ("Fizz OS", "1.5", "1", "NA", "Fizz OS")),
}


def answers(files: dict[str, str] | None = None, exist: str = "", **values: str) -> Source:
    """A host's answers, made as the script makes them."""
    text = "\n".join(f"{path}:{line}" for path, content in (files or {}).items() for line in content.splitlines())
    raw = {"uname": LINUX, "nodename": "web1", "files": text, "exist": exist, **values}
    return source({name: value.encode() for name, value in raw.items()})


@pytest.mark.parametrize("case", SYSTEMS)
def test_distribution(case: str) -> None:
    released, files, expected = SYSTEMS[case]
    found = distribution(answers({**({"/etc/os-release": released} if released else {}), **files}))
    keys = ("distribution", "distribution_version", "distribution_major_version", "distribution_release", "os_family")
    assert tuple(found[key] for key in keys) == expected


def test_distribution_of_freebsd() -> None:
    found = distribution(answers(uname="FreeBSD b 13.2-RELEASE-p4 FreeBSD 13.2-RELEASE-p4 GENERIC amd64"))
    assert found == {
        "distribution": "FreeBSD",
        "distribution_release": "13.2-RELEASE-p4",
        "distribution_version": "13.2",
        "distribution_major_version": "13",
        "os_family": "FreeBSD",
    }


@pytest.mark.parametrize(
    ("family", "exist", "name"),
    [
        ("Debian", "/usr/bin/apt-get /usr/bin/dnf", "apt"),
        ("RedHat", "/usr/bin/yum /usr/bin/dnf", "dnf"),
        ("RedHat", "/usr/bin/dnf /run/ostree-booted", "atomic_container"),
        ("Alpine", "/sbin/apk", "apk"),
        ("Archlinux", "/usr/bin/pacman", "pacman"),
        ("FreeBSD", "/usr/sbin/pkg", "pkgng"),
        ("Other", "", "unknown"),
    ],
)
def test_package_manager(family: str, exist: str, name: str) -> None:
    assert package_manager(answers(exist=exist), family) == name


@pytest.mark.parametrize(
    ("first", "exist", "values", "name"),
    [
        ("systemd", "", {}, "systemd"),
        ("procd", "", {}, "openwrt_init"),
        ("init", "/run/systemd/system", {"tool_systemctl": "1"}, "systemd"),
        ("init", "/sbin/openrc /etc/init.d", {}, "openrc"),
        ("bash", "/etc/init.d", {}, "sysvinit"),
        ("", "", {"init": "/lib/systemd/systemd"}, "systemd"),
        ("", "", {"init_ps": "COMMAND\nrunit-init"}, "runit"),
        ("", "", {"uname": "FreeBSD b 13 x amd64"}, "bsdinit"),
        ("", "", {}, "service"),
    ],
)
def test_service_manager(first: str, exist: str, values: dict[str, str], name: str) -> None:
    files = {"/proc/1/comm": first} if first else {}
    assert service_manager(answers(files, exist, **values), "Debian") == name


DMI = "/sys/devices/virtual/dmi/id"


@pytest.mark.parametrize(
    ("files", "exist", "values", "kind", "role"),
    [
        ({}, "/.dockerenv /dev/kvm", {}, "docker", "guest"),
        ({}, "", {"container": "container=lxc"}, "lxc", "guest"),
        ({"/run/systemd/container": "systemd-nspawn"}, "", {}, "systemd-nspawn", "guest"),
        ({f"{DMI}/sys_vendor": "QEMU"}, "", {}, "kvm", "guest"),
        ({f"{DMI}/product_name": "VMware Virtual Platform"}, "", {}, "VMware", "guest"),
        ({f"{DMI}/bios_vendor": "innotek GmbH"}, "", {}, "virtualbox", "guest"),
        ({}, "", {"modules": "kvm 1 1 - Live"}, "kvm", "host"),
        ({"/proc/xen/capabilities": "control_d"}, "/proc/xen", {}, "xen", "host"),
        ({}, "", {}, "NA", "NA"),
    ],
)
def test_virtualization(files: dict[str, str], exist: str, values: dict[str, str], kind: str, role: str) -> None:
    found = virtual(answers(files, exist, **values))
    assert (found["virtualization_type"], found["virtualization_role"]) == (kind, role)


def test_clock_and_its_zone() -> None:
    said = "2024 03 05 14 07 09 1709644029 Tuesday 2 10 +0100 CET %N"
    found = date_time(answers(date=said, tzfile="CET-1CEST,M3.5.0,M10.5.0/3"))
    assert found["iso8601"] == "2024-03-05T13:07:09Z"
    assert found["iso8601_basic"] == "20240305T140709000000"
    assert (found["tz"], found["tz_dst"], found["tz_offset"]) == ("CET", "CEST", "+0100")
    assert date_time(answers(date=said, tzfile="<+03>-3"))["tz_dst"] == "+03"
    assert date_time(answers(date="")) == {}


def test_names_of_the_host() -> None:
    found = facts_gather.gather(answers(fqdn="web1", hosts="192.0.2.7  web1.example.org web1"), frozenset({"min"}))
    names = [found[key] for key in ("hostname", "nodename", "fqdn", "domain", "kernel", "machine")]
    assert names == ["web1", "web1", "web1.example.org", "example.org", "6.1.0", "x86_64"]


def test_resolv_conf() -> None:
    text = "# c\nnameserver 192.0.2.53\nnameserver ::1\nsearch a.org b.org\noptions ndots:2 rotate\n"
    assert name_servers(text) == {
        "nameservers": ["192.0.2.53", "::1"],
        "search": ["a.org", "b.org"],
        "options": {"ndots": "2", "rotate": True},
    }


def test_chroot() -> None:
    assert [is_chroot(answers(root=said)) for said in ("same", "other", "2 /", "1234 /", "")] == [
        *(False, True, False, True, False)
    ]


def test_no_python_there() -> None:
    found: Any = python("")
    assert found["python"]["version"]["major"] == 0
    assert found["python_version"] == "0.0.0"


def test_os_release_quotes() -> None:
    text = 'A=plain\nB=\'single\'\nC="a \\"b\\" \\$x"\n# no\nD\n1=2\n'
    assert assignments(text) == {"A": "plain", "B": "single", "C": 'a "b" $x'}


NET_TOOLS = """eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 192.0.2.7  netmask 255.255.255.0  broadcast 192.0.2.255
        inet6 fe80::1  prefixlen 64  scopeid 0x20<link>
        ether 02:00:00:00:00:01  txqueuelen 1000  (Ethernet)

lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
"""
BUSYBOX = """eth0      Link encap:Ethernet  HWaddr 02:00:00:00:00:01
          inet addr:192.0.2.7  Bcast:192.0.2.255  Mask:255.255.255.0
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
"""
FREEBSD = """em0: flags=8843<UP,BROADCAST,RUNNING> metric 0 mtu 1500
\tether 02:00:00:00:00:01
\tinet 192.0.2.7 netmask 0xffffff00 broadcast 192.0.2.255
\tinet6 fe80::1%em0 prefixlen 64 scopeid 0x1
"""
ROUTE = "Iface Destination Gateway Flags RefCnt Use Metric Mask\n{0} 00000000 010200C0 0003 0 0 0 00000000\n" + (
    "{0} 000200C0 00000000 0001 0 0 0 00FFFFFF"
)


def _proc(path: str, text: str) -> str:
    return "\n".join(f"{path}:{line}" for line in text.splitlines())


@pytest.mark.parametrize(("text", "device"), [(NET_TOOLS, "eth0"), (BUSYBOX, "eth0"), (FREEBSD, "em0")])
def test_network_without_ip(text: str, device: str) -> None:
    found: Any = network(answers(ifconfig=text, proc_net=_proc("/proc/net/route", ROUTE.format(device))))
    assert found["all_ipv4_addresses"] == ["192.0.2.7"]
    default = found["default_ipv4"]
    assert (default["address"], default["interface"], default["gateway"]) == ("192.0.2.7", device, "192.0.2.1")
    assert (default["netmask"], default["network"], default["broadcast"]) == (
        *("255.255.255.0", "192.0.2.0", "192.0.2.255"),
    )
    assert default["macaddress"] == "02:00:00:00:00:01"


def test_network_from_proc_alone() -> None:
    trie = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.0.2.7
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
Local:
     |-- 192.0.2.7
        /32 host LOCAL
"""
    six = "fd000000000000000000000000000002 04 40 00 80     eth0\n00000000000000000000000000000001 01 80 10 80       lo"
    said = [_proc("/proc/net/route", ROUTE.format("eth0")), _proc("/proc/net/fib_trie", trie)]
    found: Any = network(answers(ifconfig="", proc_net="\n".join([*said, _proc("/proc/net/if_inet6", six)])))
    assert found["all_ipv4_addresses"] == ["192.0.2.7"]
    assert found["all_ipv6_addresses"] == ["fd00::2"]
    assert found["default_ipv4"]["prefix"] == "24"
    assert found["lo"]["ipv4"]["address"] == "127.0.0.1"


def test_network_of_ip() -> None:
    text = (
        "2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever\n"
        "2: eth0    inet 192.0.2.8/24 scope global secondary eth0:1\\       valid_lft forever\n"
        "3: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\\       valid_lft forever\n"
        "4: veth@if5    inet6 fe80::5/64 scope link \\       valid_lft forever\n"
    )
    route = "8.8.8.8 via 192.0.2.1 dev eth0 src 192.0.2.7 uid 0"
    found: Any = network(answers(ip_addr=text, ip_route4=route, ip_route6="RTNETLINK answers: unreachable"))
    assert found["eth0"]["ipv4_secondaries"][0]["address"] == "192.0.2.8"
    assert found["tun0"]["ipv4"]["prefix"] == "32"
    assert found["veth"]["ipv6"] == [{"address": "fe80::5", "prefix": "64", "scope": "link"}]
    assert found["default_ipv6"] == {}
    assert found["default_ipv4"]["alias"] == "eth0"


def test_local_facts_are_json_or_ini() -> None:
    assert parse('{"a": [1]}', "x") == {"a": [1]}
    assert parse("[s]\nk = 1%\n", "x") == {"s": {"k": "1%"}}
    assert "error loading facts" in str(parse("nonsense", "x.fact"))


MINIMAL = {"min", "local"}


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        (["all"], set(SECTIONS)),
        (["min"], MINIMAL),
        (["!all"], MINIMAL),
        (["network"], {*MINIMAL, "network"}),
        (["!all", "!min", "network"], {"network"}),
        (["!hardware"], {*MINIMAL, "network", "virtual"}),
        (["!all", "mounts"], {*MINIMAL, "hardware"}),
        (["all", "!network", "!virtual"], {*MINIMAL, "hardware"}),
        (["!local"], set(SECTIONS) - {"local"}),
        (["!all", "!min", "local"], {"local"}),
        (["!all", "!min"], set()),
        (["!all", "!min", "min"], MINIMAL),
        (["facter"], MINIMAL),
    ],
)
def test_subsets(subset: list[str], expected: set[str]) -> None:
    assert facts_gather.sections(subset) == expected


def test_bad_subset(home: Path) -> None:
    done = run_module("setup", {"gather_subset": ["netwrok"]}, home=home)
    assert done.status is Status.FAILED
    assert done.msg.startswith("Bad subset 'netwrok' given to Ansible.")


def test_this_machine(shell: str, home: Path) -> None:
    before = listing(home)
    done = run_module("setup", {}, shell=shell, home=home, check=True)
    assert listing(home) == before
    facts: Any = done.facts
    uname = platform.uname()
    assert done.status is Status.OK
    assert (facts["system"], facts["nodename"], facts["kernel"], facts["machine"]) == (
        *(uname.system, uname.node, uname.release, uname.machine),
    )
    me = pwd.getpwuid(os.getuid())
    assert (facts["user_id"], facts["user_uid"], facts["user_dir"]) == (me.pw_name, me.pw_uid, me.pw_dir)
    assert facts["env"]["HOME"] == str(home)
    assert "LC_ALL" not in facts["env"]
    assert not [name for name in facts["env"] if name.startswith("pb_")]
    assert facts["processor_nproc"] == len(os.sched_getaffinity(0))
    assert facts["memtotal_mb"] == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    assert len(facts["date_time"]) == 20
    assert facts["module_setup"] is True
    assert not [name for name in facts if name.startswith("ansible_")]
    json.dumps(facts)


def test_odd_environment(shell: str, home: Path) -> None:
    odd = {"ODD": "a\nB=c d", "QUOTED": "'\"$(x)"}
    found: Any = run_module("setup", {"filter": "ansible_env"}, shell=shell, home=home, environment=odd).facts
    assert list(found) == ["env"]
    assert {name: found["env"][name] for name in odd} == odd


def test_filter(home: Path) -> None:
    facts = run_module("setup", {"filter": ["ansible_distribution*", "hostname"]}, home=home).facts
    assert {"distribution", "distribution_release", "hostname"} <= set(facts)
    assert all(name.startswith("distribution") or name == "hostname" for name in facts)


def test_local_facts(shell: str, home: Path) -> None:
    folder = home / "facts d"
    folder.mkdir()
    (folder / "plain.fact").write_text('{"a": 1}')
    (folder / "says.fact").write_text("#!/bin/sh\necho '[s]'; echo 'k=v'\n")
    (folder / "fails.fact").write_text("#!/bin/sh\necho sorry >&2; exit 3\n")
    (folder / "not.txt").write_text("{}")
    for name in ("says", "fails"):
        (folder / f"{name}.fact").chmod(0o755)
    args = {"fact_path": str(folder), "gather_subset": ["!all", "!min", "local"]}
    found: Any = run_module("setup", args, shell=shell, home=home).facts["local"]
    assert found["plain"] == {"a": 1}
    assert found["says"] == {"s": {"k": "v"}}
    assert found["fails"] == f"Failure executing fact script ({folder}/fails.fact), rc: 3, err: sorry\n"
    assert set(found) == {"plain", "says", "fails"}


def test_gather_facts_is_setup(home: Path) -> None:
    args = {"gather_subset": ["min"], "filter": ["distribution*"]}
    assert run_module("gather_facts", args, home=home).facts == run_module("setup", args, home=home).facts


KEYS = st.sampled_from(
    "uname nodename id passwd date tzfile fqdn hosts lsb env ip_addr ip_route4 ip_local ifconfig route proc_net "
    "cpuinfo cpuflags sysctl uuids mounts df container modules cpu_virtual root python init exist local_name_1 "
    "local_rc_1 local_text_1".split()
)
NOISE = st.text(st.sampled_from("a0:=/ \n\t\0\\\"'{}[]|-.x9²\udcff"), max_size=40)
FILE = st.sampled_from(
    "/etc/os-release /proc/meminfo /proc/mounts /proc/uptime /proc/loadavg /proc/self/status /sys/class/net/e/mtu "
    "/sys/class/net/e/flags /etc/resolv.conf /sys/fs/selinux/policyvers".split()
)


@given(st.dictionaries(KEYS, NOISE), st.dictionaries(FILE, NOISE))
def test_a_host_may_say_anything(values: dict[str, str], files: dict[str, str]) -> None:
    text = "\n".join(f"{path}:{line}" for path, content in files.items() for line in content.splitlines())
    raw = {name: value.encode("utf-8", "surrogateescape") for name, value in {**values, "files": text}.items()}
    facts = facts_gather.gather(source(raw), frozenset(SECTIONS))
    assert isinstance(facts, dict)


def _ansible_setup() -> dict[str, Any] | None:
    tool = shutil.which("ansible") or shutil.which("ansible", path="/opt/ansible/bin")
    if tool is None:
        return None
    command = [tool, "localhost", "-c", "local", "-m", "setup"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    text = done.stdout.partition("=> ")[2]
    loaded = json.loads(text)["ansible_facts"] if text else None
    assert loaded is None or isinstance(loaded, dict)
    return loaded


# What differs for a reason: the clock and other things that move; `fqdn` is what `hostname -f` says, not Python's
# reverse look-up; `python` is the host's own; `env` that of another process; the order of names in a list.
EXPLAINED = {
    *("date_time", "memfree_mb", "memory_mb", "mounts", "uptime_seconds", "loadavg", "fqdn", "domain", "python"),
    *("python_version", "env", "virtualization_tech_guest", "virtualization_tech_host", "swapfree_mb", "interfaces"),
}
# What is not gathered: disks, and what takes tools of root's.
NOT_HERE = {
    *("devices", "device_links", "fibre_channel_wwn", "hostnqn", "iscsi_iqn", "lvm"),
    *("system_capabilities", "system_capabilities_enforced"),
}


@pytest.mark.ansible
def test_the_same_as_ansible(home: Path) -> None:
    theirs = _ansible_setup()
    assert theirs is not None
    ours: Any = run_module("setup", {}, home=home).facts
    named = {name.removeprefix("ansible_"): value for name, value in theirs.items()}
    assert named.keys() - ours.keys() <= NOT_HERE
    interfaces = [name.replace(":", "_") for name in named["interfaces"]]
    differ = [name for name, value in named.items() if name in ours and ours[name] != value and name not in interfaces]
    assert set(differ) <= EXPLAINED
    assert sorted(ours["interfaces"]) == sorted(interfaces)
    assert set(ours["virtualization_tech_guest"]) == set(named["virtualization_tech_guest"])
    for name in interfaces:
        extra = {key for key in named[name] if key not in ours[name]}
        assert extra <= {"features", "timestamping", "hw_timestamp_filters", "phc_index", "module", "pciid"}
    assert {key for mount in named["mounts"] for key in mount} <= {key for mount in ours["mounts"] for key in mount}
    assert named["date_time"].keys() == ours["date_time"].keys()
