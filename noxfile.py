"""The project's checks, each in a virtual environment of its own.

`nox` runs `lint` and `tests`, `nox -s bench` runs the benchmarks. Arguments after `--` go to pytest or to the benchmarks:
`nox -s tests -- tests/protocol -k ticket`.
"""

import nox

nox.needs_version = ">=2026.1"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
WHOLE_MACHINES = "tests/netns"
SOME_FAILED, NONE_FAILED = 1, 5
"""Exit codes of pytest: tests ran and some failed; nothing to run."""
MOST_FAILED = 3
"""More than so many are no accident of the moment: the second look stops there."""
INSTALL_ATTEMPTS = 3
"""A package index that hiccups once must not look like a broken product; pip's own retries do not cover a torn download."""


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, types and import directions. The tests are type-checked too, so their packages are needed."""
    install(session, ".[all]", *dependency_group("lint"), *dependency_group("test"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, in parallel and in random order, against the built wheel rather than the checkout."""
    # The lint group too: the architecture tests run import-linter. The package group: the player's program is frozen and started.
    groups = ("lint", "test", "package")
    install(session, ".[all]", *(requirement for name in groups for requirement in dependency_group(name)))
    # loadgroup: tests that name a shared thing (the machine's time) with xdist_group stay in one worker.
    in_parallel = ("pytest", "-n", "logical", "--dist", "loadgroup")
    if session.posargs:
        session.run(*in_parallel, *session.posargs)
        return
    run_with_second_look(session, *in_parallel, f"--ignore={WHOLE_MACHINES}")
    # Real games in real time over whole networks: they mostly wait, so three at a time; more would measure each other.
    run_with_second_look(session, "pytest", "-n", "3", "--dist", "loadfile", WHOLE_MACHINES)


@nox.session
def bench(session: nox.Session) -> None:
    """The figures of benchmarks/README.md, measured on this machine; `-- NAME...` picks some."""
    install(session, ".[all]", *dependency_group("package"), *dependency_group("test"))
    session.run("python", "-m", "benchmarks.run_all", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """What is given to people, in dist/: the wheel, the player's program as a folder and as one file, the folder's archive."""
    install(session, ".[tui]", "build", *dependency_group("package"))
    session.run("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist")
    words = ("--noconfirm", "--distpath", "dist", "--workpath", "build", "ops/packaging/plg.spec")
    session.run("python", "-m", "PyInstaller", *words)
    session.run("python", "ops/packaging/make_index.py", "release", "dist", "dist/release")


def run_with_second_look(session: nox.Session, *pytest: str) -> None:
    """Run tests; what fails among others is run once more by itself, and one that fails again ends the session.

    Real processes, networks and clocks on a shared machine: a neighbour that takes the core for seconds is no fault of the product.
    Both looks are printed, so a test that needs the second one is seen and mended.
    """
    session.run(*pytest, success_codes=[0, SOME_FAILED])
    again = ("--last-failed", "--last-failed-no-failures=none", f"--maxfail={MOST_FAILED}")
    session.run(
        "pytest",
        *again,
        *(word for word in pytest if word.startswith(("tests/", "--ignore"))),
        success_codes=[0, NONE_FAILED],
    )


def dependency_group(name: str) -> tuple[str, ...]:
    """The requirements of one [dependency-groups] entry; read here because pip before 25.1 cannot."""
    return nox.project.dependency_groups(PYPROJECT, name)


def install(session: nox.Session, *requirements: str) -> None:
    """pip install, tried again when it fails; the last failure ends the session."""
    for attempt in range(1, INSTALL_ATTEMPTS + 1):
        try:
            session.install(*requirements)
        except nox.command.CommandFailed:
            if attempt == INSTALL_ATTEMPTS:
                raise
            session.warn(f"installing failed, attempt {attempt} of {INSTALL_ATTEMPTS}: trying again")
        else:
            return
