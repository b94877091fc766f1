"""Setting up on a bare Python: done once, and a plain sentence where it cannot be done."""

import sys
from pathlib import Path

import pytest

from launch import install


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without a virtual environment."""
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.setattr(install, "HERE", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return tmp_path


def test_it_makes_the_environment_and_then_has_nothing_to_do(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install.main("requirements.txt") == 0
    assert (bare / ".venv" / "bin" / "python").exists()
    capsys.readouterr()
    assert install.main("requirements.txt") == 0
    assert capsys.readouterr().err == ""


def test_changed_requirements_are_installed(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install.main("requirements.txt")
    (bare / "requirements.txt").write_text("# changed\n")
    assert install.main("requirements.txt") == 0
    assert "installing requirements.txt" in capsys.readouterr().err


def test_a_requirement_without_a_hash_is_refused(bare: Path) -> None:
    (bare / "requirements.txt").write_text("six==1.17.0\n")
    assert install.main("requirements.txt") != 0
    assert not (bare / ".venv" / ".requirements.txt").exists()


def test_a_python_without_venv_is_told_what_to_install(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "find_spec", lambda _name: None)
    assert install.main("requirements.txt") == 1
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"apt-get install python{version}-venv" in capsys.readouterr().err


@pytest.mark.usefixtures("bare")
def test_an_old_python_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "OLDEST", (99, 0))
    assert install.main("requirements.txt") == 1
    assert "is too old" in capsys.readouterr().err
