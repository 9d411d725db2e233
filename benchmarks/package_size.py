"""What a player downloads and how long it takes to start: the wheel, the program as one file and as a folder."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Report, start, talk

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.frozen import FrozenProgram, build  # noqa: E402 - a room without a package

RUNS = 10
WARM_UPS = 2
"""The first runs fill the page cache: what is measured is the second start of an evening."""
MOST_WHEEL_MB = 2.0
MOST_SINGLE_MB = 20.0
MOST_SINGLE_START_S = 0.5
MOST_FOLDER_START_S = 0.3
MEGABYTE = 1e6


def build_wheel(place: Path) -> Path:
    """The product's wheel, made by the tools of this environment."""
    argv = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        str(ROOT),
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "--wheel-dir",
        str(place),
    ]
    subprocess.run(argv, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    return wheel


def start_seconds(program: Path, home: Path) -> list[float]:
    """Wall time of each `plg --help`, from exec to exit. Raises CalledProcessError when a run fails."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PLG_CONFIG_DIR": str(home), "LANG": "C.UTF-8"}
    found = []
    for number in range(WARM_UPS + RUNS):
        began = time.perf_counter()
        done = subprocess.run([str(program), "--help"], env=environ, capture_output=True, check=True)
        if number >= WARM_UPS:
            found.append(time.perf_counter() - began)
        if not done.stdout:
            raise RuntimeError(f"{program} printed nothing")
    return found


def children_cpu_seconds() -> float:
    """Of every process that this one started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(report: Report, frozen: FrozenProgram, home: Path) -> None:
    report.add("single file", frozen.single.stat().st_size / MEGABYTE, "MB", target=MOST_SINGLE_MB)
    folder_bytes = sum(path.stat().st_size for path in frozen.folder.rglob("*") if path.is_file())
    report.add("folder, on the disk", folder_bytes / MEGABYTE, "MB")
    for name, program, most in (
        ("single file", frozen.single, MOST_SINGLE_START_S),
        ("folder", frozen.in_folder, MOST_FOLDER_START_S),
    ):
        before_s = children_cpu_seconds()
        times = start_seconds(program, home)
        cpu_s = (children_cpu_seconds() - before_s) / (RUNS + WARM_UPS)
        report.add(f"plg --help, {name}, best of {RUNS}", min(times), "s", target=most)
        report.add(f"plg --help, {name}, median", statistics.median(times), "s", target=most)
        report.add(f"plg --help, {name}, processor time", cpu_s, "s", note="what other programs cannot lengthen")


def main() -> bool:
    report = start("package_size", f"Linux, {RUNS} starts each after {WARM_UPS}")
    with tempfile.TemporaryDirectory(prefix="plg-bench-", dir=os.environ.get("TMPDIR")) as folder:
        place = Path(folder)
        wheel = build_wheel(place)
        report.add("wheel", wheel.stat().st_size / MEGABYTE, "MB", target=MOST_WHEEL_MB)
        talk("freezing the program")
        measure(report, build(place / "frozen"), place)
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
