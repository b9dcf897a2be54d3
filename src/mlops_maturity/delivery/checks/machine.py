"""What a process finds where it runs: memory, CPUs and accelerators, as the machine and its container allow them."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
# How ONNX Runtime calls an accelerator that it was built for, and where a machine that has one shows it.
ACCELERATORS = {"cuda": ("CUDAExecutionProvider", "dev/nvidia[0-9]*"), "rocm": ("MIGraphXExecutionProvider", "dev/kfd")}


def memory_mb(root: Path = ROOT) -> float:
    """Memory that may be taken, in MB of a million bytes: what the machine can spare, or the container's limit."""
    limits = [float(text) for text in _settings(root, "memory", "memory.max", "memory.limit_in_bytes") if text != "max"]
    return min([_spare(root), *limits]) / 1e6


def cpus(root: Path = ROOT) -> float:
    """CPUs that may be used, which need not be a whole number of them."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [text.split() for text in _settings(root, "cpu", "cpu.max")]
    # The older kind of control groups writes quota and period to two files.
    halves = (_settings(root, "cpu", name) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    quotas += [list(pair) for pair in zip(*halves, strict=True)]
    limits = [float(quota) / float(period) for quota, period in quotas if quota not in ("max", "-1")]
    return min([float(mine), *limits])


def accelerators(root: Path = ROOT) -> list[str]:
    """Accelerators that ONNX Runtime can use and the machine has."""
    import onnxruntime

    built_for = onnxruntime.get_available_providers()
    return [
        name for name, (provider, device) in ACCELERATORS.items() if provider in built_for and any(root.glob(device))
    ]


def _spare(root: Path) -> float:
    """Bytes of memory that the machine can spare; where the system does not tell, all that it has."""
    facts = root / "proc/meminfo"
    if not facts.exists():
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    lines = dict(line.split(":", 1) for line in facts.read_text().splitlines())
    return float(lines["MemAvailable"].split()[0]) * 1024


def _settings(root: Path, controller: str, *names: str) -> Iterator[str]:
    """What the control groups of this process say, its own and those around it."""
    for folder in _groups(root, controller):
        for path in (folder / name for name in names):
            if path.exists():
                yield path.read_text().strip()


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the control groups. Inside of a container, its own may be the only one that is seen."""
    mine, all_groups = root / "proc/self/cgroup", root / "sys/fs/cgroup"
    for line in mine.read_text().splitlines() if mine.exists() else ():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        outermost = all_groups / controller if controllers else all_groups
        innermost = outermost / path.lstrip("/")
        yield from (folder for folder in (innermost, *innermost.parents) if folder.is_relative_to(outermost))
