"""Makes .venv and installs a requirements file into it, unless both are already so.

Runs on the bare system Python, before anything is installed: standard library only.
"""

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
VENV = HERE / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def main(requirements: str) -> int:
    if sys.version_info[:2] < OLDEST:
        return _refuse(
            f"Python {sys.version.split()[0]} is too old: 3.11 or newer is needed. "
            "Where another is installed: make run PYTHON=/path/to/python3"
        )
    file = HERE / requirements
    stamp = VENV / f".{requirements}"
    wanted = _wanted(file)
    if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists():
        return 0
    if not _has_venv() and (refusal := _make_venv()):
        return _refuse(refusal)
    _say(f"installing {requirements}: the first time this takes a minute")
    pip = [
        str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "--only-binary", ":all:", "--requirement", str(file),
    ]  # fmt: skip
    if status := subprocess.run(pip, check=False).returncode:  # noqa: S603 - our own words
        _say(f"pip could not install {requirements}; its words are above")
        return status
    stamp.write_text(wanted)
    return 0


def _wanted(file: Path) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{digest} {sys.version_info[0]}.{sys.version_info[1]} {VENV}\n"


def _has_venv() -> bool:
    """False also for one of another Python version, or of a folder that was moved."""
    if not PYTHON.exists():
        return False
    ask = "import sys; print(sys.prefix, *sys.version_info[:2]); import pip"
    answer = subprocess.run(  # noqa: S603 - our own words
        [str(PYTHON), "-c", ask], capture_output=True, text=True, check=False
    )
    return answer.returncode == 0 and answer.stdout.split() == [
        str(VENV),
        *map(str, sys.version_info[:2]),
    ]


def _make_venv() -> str:
    """Makes it anew; returns why not, or ""."""
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return (
            "this Python cannot make a virtual environment. On Debian or Ubuntu, as root: "
            f"apt-get install python{version}-venv (or python3-venv)"
        )
    _say("making the virtual environment .venv")
    if VENV.exists():
        shutil.rmtree(VENV)
    made = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "venv", str(VENV)], check=False
    )
    return "python -m venv failed; its words are above" if made.returncode else ""


def _say(text: str) -> None:
    sys.stderr.write(f"quarterdeck: {text}\n")


def _refuse(text: str) -> int:
    _say(f"cannot start: {text}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
