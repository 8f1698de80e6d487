"""What a host runs in, and what runs in it: virtualization facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runner.sh.facts_source import Facts, Source

_DMI: Final = "/sys/devices/virtual/dmi/id"

# (DMI field, exact value, technology), in Ansible's order.
_BY_DMI: Final = (
    ("product_name", "KVM", "kvm"),
    ("product_name", "KVM Server", "kvm"),
    ("product_name", "Bochs", "kvm"),
    ("product_name", "AHV", "kvm"),
    ("product_name", "CloudStack KVM Hypervisor", "kvm"),
    ("sys_vendor", "oVirt", "oVirt"),
    ("product_family", "RHV", "RHV"),
    ("product_name", "RHEV Hypervisor", "RHEV"),
    ("product_name", "OpenStack Compute", "openstack"),
    ("product_name", "OpenStack Nova", "openstack"),
    ("bios_vendor", "Xen", "xen"),
    ("bios_vendor", "innotek GmbH", "virtualbox"),
    ("bios_vendor", "Amazon EC2", "kvm"),
    ("bios_vendor", "DigitalOcean", "kvm"),
    ("bios_vendor", "Hetzner", "kvm"),
    ("bios_vendor", "Linode", "kvm"),
    ("sys_vendor", "QEMU", "kvm"),
    ("sys_vendor", "Amazon EC2", "kvm"),
    ("sys_vendor", "DigitalOcean", "kvm"),
    ("sys_vendor", "Google", "kvm"),
    ("sys_vendor", "Scaleway", "kvm"),
    ("sys_vendor", "Nutanix", "kvm"),
    ("sys_vendor", "KubeVirt", "KubeVirt"),
    ("sys_vendor", "Microsoft Corporation", "VirtualPC"),
    ("sys_vendor", "Parallels Software International Inc.", "parallels"),
    ("sys_vendor", "OpenStack Foundation", "openstack"),
)

_CONTAINERS: Final = frozenset({"docker", "lxc", "podman", "openvz", "containerd"})


def virtual(source: Source) -> Facts:
    """virtualization_type and _role (the first that is found) and all technologies as guest and as host."""
    found = list(_found(source))
    kind, role = found[0] if found else ("NA", "NA")
    guest = {tech for tech, as_what in found if as_what == "guest"}
    if guest & _CONTAINERS or source.line("/run/systemd/container"):
        guest.add("container")
    return {
        "virtualization_type": kind,
        "virtualization_role": role,
        "virtualization_tech_guest": sorted(guest),
        "virtualization_tech_host": sorted({tech for tech, as_what in found if as_what == "host"}),
    }


def _found(source: Source) -> Iterator[tuple[str, str]]:
    """Technologies and roles, the one that counts first."""
    yield from _containers(source)
    if "/proc/xen" in source.exist:
        yield "xen", "host" if "control_d" in source.file("/proc/xen/capabilities") else "guest"
    for field, value, tech in _BY_DMI:
        if source.line(f"{_DMI}/{field}") == value:
            yield tech, "guest"
    if source.line(f"{_DMI}/product_name").startswith("VMware"):
        yield "VMware", "guest"
    if match := re.search(r"^VxID:\s+(\d+)", source.file("/proc/self/status"), re.MULTILINE):
        yield "linux_vserver", "host" if match[1] == "0" else "guest"
    yield from _by_processor(source.get("cpu_virtual"))
    modules = {line.split(" ")[0] for line in source.get("modules").splitlines()}
    if "kvm" in modules:
        yield "kvm", "host"
    if "vboxdrv" in modules:
        yield "virtualbox", "host"
    if "virtio" in modules:
        yield "kvm", "guest"
    if "/dev/kvm" in source.exist:
        yield "kvm", "host"


def _containers(source: Source) -> Iterator[tuple[str, str]]:
    groups = source.file("/proc/1/cgroup")
    if re.search(r"/docker(/|-[0-9a-f]+\.scope)", groups):
        yield "docker", "guest"
    if "/lxc/" in groups or "/machine.slice/machine-lxc" in groups:
        yield "lxc", "guest"
    if "/system.slice/containerd.service" in groups:
        yield "containerd", "guest"
    named = source.get("container").strip().removeprefix("container=")
    if named:
        yield named if named in ("lxc", "podman") else "container", "guest"
        yield "container", "guest"
    if "/proc/vz" in source.exist and "/proc/lve" not in source.exist:
        yield "openvz", "host" if "/proc/bc" in source.exist else "guest"
    if systemd := source.line("/run/systemd/container"):
        yield systemd, "guest"
    if source.exist & {"/.dockerenv", "/.dockerinit"}:
        yield "docker", "guest"


def _by_processor(lines: str) -> Iterator[tuple[str, str]]:
    if re.search(r"^model name.*QEMU Virtual CPU", lines, re.MULTILINE):
        yield "kvm", "guest"
    if re.search(r"^vendor_id.*User Mode Linux|^model name.*UML", lines, re.MULTILINE):
        yield "uml", "guest"
    if "CHRP IBM pSeries (emulated by qemu)" in lines:
        yield "kvm", "guest"
    if re.search(r"^vendor_id.*PowerVM Lx86", lines, re.MULTILINE):
        yield "powervm_lx86", "guest"
    if re.search(r"^vendor_id.*IBM/S390", lines, re.MULTILINE):
        yield "PR/SM", "LPAR"
