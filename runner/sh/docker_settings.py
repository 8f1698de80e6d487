"""The settings of a container that are one option of a task, one flag of `docker create`, and one place in what
`docker inspect` tells: https://docs.docker.com/reference/cli/docker/container/create/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh import docker


@dataclass(frozen=True, slots=True)
class Setting:
    """`kind` is how it is compared, `form` what its value is; `update`: `docker update` can change it."""

    flag: str
    kind: str
    place: str
    form: str
    doc: str
    update: bool = False

    def option(self) -> Option:
        """The task's option."""
        if self.form == "dict":
            return Option("dict", doc=self.doc)
        if self.kind in ("list", "set"):
            return Option("list", elements="str", doc=self.doc)
        return Option({"int": "int", "bool": "bool", "float": "float"}.get(self.form, "str"), doc=self.doc)  # type: ignore[arg-type]

    def wanted(self, given: Any) -> Any:
        """The task's value as docker has it. Raises StepError for what is none."""
        if self.form == "size":
            return docker.size(given)
        if self.form == "capability":
            return [one.upper().removeprefix("CAP_") for one in given]
        if self.form == "dict":
            return {str(key): str(one) for key, one in given.items()}
        return given

    def found(self, container: Mapping[str, Any]) -> Any:
        """What a container has."""
        told = _at(container, self.place)
        if self.form == "capability":
            return [one.upper().removeprefix("CAP_") for one in told or []]
        if self.form == "float":
            return (told or 0) / 10**9
        empty: Mapping[str, Any] = {"bool": False, "int": 0, "size": 0, "text": "", "list": [], "dict": {}}
        return empty.get(self.form) if told is None else told

    def words(self, wanted: Any) -> list[str]:
        """Its flags."""
        if self.form == "bool":
            return [f"{self.flag}={str(wanted).lower()}"]
        if self.form == "dict":
            return [f"{self.flag}={key}={one}" for key, one in wanted.items()]
        return [f"{self.flag}={one}" for one in (wanted if isinstance(wanted, list) else [wanted])]


def _at(container: Mapping[str, Any], place: str) -> Any:
    about: Any = container
    for key in place.split("."):
        about = (about or {}).get(key)
    return about


def _value(flag: str, place: str, form: str, doc: str, update: bool = False) -> Setting:
    return Setting(flag, "value", place, form, doc, update)


SETTINGS: Final[Mapping[str, Setting]] = {
    "auto_remove": _value("--rm", "HostConfig.AutoRemove", "bool", "Whether it goes when it ends."),
    "blkio_weight": _value("--blkio-weight", "HostConfig.BlkioWeight", "int", "Its share of disks.", True),
    "cap_drop": Setting("--cap-drop", "set", "HostConfig.CapDrop", "capability", "Capabilities it loses."),
    "capabilities": Setting("--cap-add", "set", "HostConfig.CapAdd", "capability", "Capabilities it gets."),
    "cgroup_ns_mode": _value("--cgroupns", "HostConfig.CgroupnsMode", "text", "Its cgroup namespace."),
    "cgroup_parent": _value("--cgroup-parent", "HostConfig.CgroupParent", "text", "The cgroup it is in."),
    "cpu_period": _value("--cpu-period", "HostConfig.CpuPeriod", "int", "Period of its share of CPUs.", True),
    "cpu_quota": _value("--cpu-quota", "HostConfig.CpuQuota", "int", "Quota in that period.", True),
    "cpu_shares": _value("--cpu-shares", "HostConfig.CpuShares", "int", "Its weight among others.", True),
    "cpus": _value("--cpus", "HostConfig.NanoCpus", "float", "How many CPUs it may use.", True),
    "cpuset_cpus": _value("--cpuset-cpus", "HostConfig.CpusetCpus", "text", "Which CPUs it may use.", True),
    "cpuset_mems": _value("--cpuset-mems", "HostConfig.CpusetMems", "text", "Which memory it may use.", True),
    "device_cgroup_rules": Setting(
        "--device-cgroup-rule", "list", "HostConfig.DeviceCgroupRules", "list", "Rules for devices."
    ),
    "dns_opts": Setting("--dns-option", "set", "HostConfig.DnsOptions", "list", "Options for names."),
    "dns_search_domains": Setting("--dns-search", "list", "HostConfig.DnsSearch", "list", "Domains for names."),
    "dns_servers": Setting("--dns", "list", "HostConfig.Dns", "list", "Servers for names."),
    "domainname": _value("--domainname", "Config.Domainname", "text", "Its domain."),
    "groups": Setting("--group-add", "set", "HostConfig.GroupAdd", "list", "Further groups of its user."),
    "hostname": _value("--hostname", "Config.Hostname", "text", "Its host name."),
    "init": _value("--init", "HostConfig.Init", "bool", "Whether an init is its first process."),
    "interactive": _value("--interactive", "Config.OpenStdin", "bool", "Whether its stdin stays open."),
    "ipc_mode": _value("--ipc", "HostConfig.IpcMode", "text", "Its IPC namespace."),
    "labels": Setting("--label", "dict", "Config.Labels", "dict", "Its labels."),
    "log_driver": _value("--log-driver", "HostConfig.LogConfig.Type", "text", "Where its output goes."),
    "log_options": Setting("--log-opt", "dict", "HostConfig.LogConfig.Config", "dict", "Options for that."),
    "mac_address": _value("--mac-address", "Config.MacAddress", "text", "Its MAC address."),
    "memory": _value("--memory", "HostConfig.Memory", "size", "Its memory at most.", True),
    "memory_reservation": _value(
        "--memory-reservation", "HostConfig.MemoryReservation", "size", "Its memory when there is little.", True
    ),
    "memory_swap": _value("--memory-swap", "HostConfig.MemorySwap", "size", "Memory and swap at most.", True),
    "memory_swappiness": _value("--memory-swappiness", "HostConfig.MemorySwappiness", "int", "How much it swaps."),
    "oom_killer": _value("--oom-kill-disable", "HostConfig.OomKillDisable", "bool", "Whether it is spared."),
    "oom_score_adj": _value("--oom-score-adj", "HostConfig.OomScoreAdj", "int", "Who is ended first."),
    "pid_mode": _value("--pid", "HostConfig.PidMode", "text", "Its PID namespace."),
    "pids_limit": _value("--pids-limit", "HostConfig.PidsLimit", "int", "Its processes at most."),
    "privileged": _value("--privileged", "HostConfig.Privileged", "bool", "Whether it may do all."),
    "publish_all_ports": _value("--publish-all", "HostConfig.PublishAllPorts", "bool", "Publish all its ports."),
    "read_only": _value("--read-only", "HostConfig.ReadonlyRootfs", "bool", "Whether it cannot write."),
    "runtime": _value("--runtime", "HostConfig.Runtime", "text", "What runs it."),
    "security_opts": Setting("--security-opt", "set", "HostConfig.SecurityOpt", "list", "Options for security."),
    "shm_size": _value("--shm-size", "HostConfig.ShmSize", "size", "Its shared memory."),
    "stop_signal": _value("--stop-signal", "Config.StopSignal", "text", "The signal that ends it."),
    "stop_timeout": _value("--stop-timeout", "Config.StopTimeout", "int", "Seconds before it is killed."),
    "storage_opts": Setting("--storage-opt", "dict", "HostConfig.StorageOpt", "dict", "Options of its storage."),
    "sysctls": Setting("--sysctl", "dict", "HostConfig.Sysctls", "dict", "Its kernel's settings."),
    "tty": _value("--tty", "Config.Tty", "bool", "Whether it has a terminal."),
    "user": _value("--user", "Config.User", "text", "The user it runs as."),
    "userns_mode": _value("--userns", "HostConfig.UsernsMode", "text", "Its user namespace."),
    "uts": _value("--uts", "HostConfig.UTSMode", "text", "Its UTS namespace."),
    "volume_driver": _value("--volume-driver", "HostConfig.VolumeDriver", "text", "The driver of its volumes."),
    "volumes_from": Setting("--volumes-from", "set", "HostConfig.VolumesFrom", "list", "Whose volumes it has."),
    "working_dir": _value("--workdir", "Config.WorkingDir", "text", "The folder it begins in."),
}


def check(args: Mapping[str, Any]) -> None:
    """Raises StepError for a value that docker could not have."""
    docker.labels(args["labels"])
    for name, setting in SETTINGS.items():
        if args[name] is not None:
            setting.wanted(args[name])
    for name in ("log_options", "storage_opts", "sysctls"):
        for key in args[name] or {}:
            if "=" in str(key):
                raise StepError(f"{name}: {key!r} is no name of a setting")
