"""bin/find-python, on PATHs and homes that hold fake interpreters."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from territoire.core import places

SCRIPT = places.root() / "bin" / "find-python"
TOOLS = "/usr/bin:/bin"


def fake(path: Path, *, version: tuple[int, int] = (3, 13), venv: bool = True, broken: bool = False) -> Path:
    """Write an interpreter that answers the probe as Python of that version would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    good = version in {(3, 12), (3, 13)} and venv
    path.write_text(
        "#!/bin/sh\n"
        + ("exit 127\n" if broken else "")
        + 'case "$*" in *ensurepip*) '
        + (f"echo {path}" if good else "exit 1")
        + f" ;; *) echo '{version[0]}.{version[1]}{'' if venv else ' without its venv module'}' ;; esac\n"
    )
    path.chmod(0o755)
    return path


def find(folder: Path, *, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script on a PATH that has no Python of its own."""
    tools = folder / "tools"
    if not tools.exists():
        tools.mkdir()
        (tools / "cat").symlink_to("/bin/cat")
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        env={"PATH": f"{path}:{tools}" if path else str(tools), "HOME": str(folder / "home"), **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_python3_on_the_path_comes_first(tmp_path: Path) -> None:
    wanted = fake(tmp_path / "one" / "python3", version=(3, 12))
    fake(tmp_path / "one" / "python3.13")
    assert find(tmp_path, path=str(tmp_path / "one")).stdout.strip() == str(wanted)


def test_an_old_python3_is_passed_over_for_a_newer_one_further_on(tmp_path: Path) -> None:
    fake(tmp_path / "one" / "python3", version=(3, 11))
    wanted = fake(tmp_path / "two" / "python3", version=(3, 13))
    assert find(tmp_path, path=f"{tmp_path}/one:{tmp_path}/two").stdout.strip() == str(wanted)


def test_a_newer_python_than_the_wheels_is_passed_over(tmp_path: Path) -> None:
    fake(tmp_path / "one" / "python3", version=(3, 14))
    wanted = fake(tmp_path / "one" / "python3.12", version=(3, 12))
    assert find(tmp_path, path=str(tmp_path / "one")).stdout.strip() == str(wanted)


def test_a_shim_that_fails_leads_to_the_versions_folder_of_pyenv(tmp_path: Path) -> None:
    fake(tmp_path / "shims" / "python3.13", broken=True)
    fake(tmp_path / "shims" / "python3", version=(3, 11))
    fake(tmp_path / "home" / ".pyenv" / "versions" / "3.11.7" / "bin" / "python3", version=(3, 11))
    wanted = fake(tmp_path / "home" / ".pyenv" / "versions" / "3.12.1" / "bin" / "python3", version=(3, 12))
    assert find(tmp_path, path=str(tmp_path / "shims")).stdout.strip() == str(wanted)


def test_the_pythons_of_uv_are_known(tmp_path: Path) -> None:
    kept = tmp_path / "home" / ".local" / "share" / "uv" / "python"
    wanted = fake(kept / "cpython-3.13.1-linux-x86_64-gnu" / "bin" / "python3")
    assert find(tmp_path).stdout.strip() == str(wanted)


def test_a_folder_with_a_space_on_the_path_works(tmp_path: Path) -> None:
    wanted = tmp_path / "a folder" / "python3"
    fake(wanted)
    wanted.write_text(f"#!/bin/sh\necho '{wanted}'\n")
    assert find(tmp_path, path=str(wanted.parent)).stdout.strip() == str(wanted)


def test_python_named_by_the_user_comes_first(tmp_path: Path) -> None:
    fake(tmp_path / "one" / "python3")
    wanted = fake(tmp_path / "own" / "python3.12", version=(3, 12))
    assert find(tmp_path, path=str(tmp_path / "one"), PYTHON=str(wanted)).stdout.strip() == str(wanted)


def test_without_a_good_one_it_says_what_it_saw_and_how_to_get_one(tmp_path: Path) -> None:
    old = fake(tmp_path / "one" / "python3", version=(3, 11))
    bare = fake(tmp_path / "two" / "python3", version=(3, 13), venv=False)
    done = find(tmp_path, path=f"{tmp_path}/one:{tmp_path}/two")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"{old} is Python 3.11" in done.stderr
    assert f"{bare} is Python 3.13 without its venv module" in done.stderr
    for line in ("apt-get install python3 python3-venv", "dnf install", "brew install", "pyenv install"):
        assert line in done.stderr


@pytest.mark.skipif(os.environ.get("PATH", "") == "", reason="no PATH to search")
def test_it_finds_the_one_of_this_machine() -> None:
    done = subprocess.run([str(SCRIPT)], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
