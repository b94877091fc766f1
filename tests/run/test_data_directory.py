"""Keys, modes, locks and socket paths of the data directory."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core import paths
from launch import folders, keys
from launch.console import Refused
from tests.run.running import HERE

BOTH = ("SECRET_KEY", "CREDENTIAL_KEYS")


def test_keys_are_made_once_and_for_us_alone(tmp_path: Path) -> None:
    keys.make_missing(tmp_path, BOTH)
    texts = {}
    for name in ("secret_key", "credential_keys"):
        file = tmp_path / "keys" / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        texts[name] = file.read_text()
        assert len(texts[name].strip()) >= 50
    keys.make_missing(tmp_path, BOTH)
    assert {name: (tmp_path / "keys" / name).read_text() for name in texts} == texts


def test_the_credential_key_has_a_name_and_256_bits(tmp_path: Path) -> None:
    keys.make_missing(tmp_path, BOTH)
    key_id, _colon, key = (tmp_path / "keys" / "credential_keys").read_text().partition(":")
    assert key_id
    assert len(base64.b64decode(key, validate=False)) == 32


def test_a_lost_credential_key_is_not_replaced_while_its_secrets_exist(tmp_path: Path) -> None:
    keys.make_missing(tmp_path, BOTH)
    (tmp_path / "db.sqlite3").touch()
    (tmp_path / "keys" / "credential_keys").unlink()
    with pytest.raises(Refused, match="put it back from your backup"):
        keys.make_missing(tmp_path, BOTH)


def test_keys_from_the_environment_leave_no_file(tmp_path: Path) -> None:
    keys.make_missing(tmp_path, ())
    assert list((tmp_path / "keys").iterdir()) == []


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folders.private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_one_process_holds_a_data_directory_and_death_frees_it(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from launch import folders\n"
            "lock = folders.hold(Path(sys.argv[1])); print('held', flush=True); input()",
            str(tmp_path),
        ],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Refused, match=f"process {holder.pid}"):
            folders.hold(tmp_path)
        holder.kill()
    os.close(folders.hold(tmp_path))


def test_a_socket_path_fits_what_the_kernel_takes(tmp_path: Path) -> None:
    short = Path("/srv/quarterdeck")
    assert paths.socket_path(short, "valkey.sock") == short / "run" / "valkey.sock"
    long = tmp_path / ("x" * 120)
    path = paths.socket_path(long, "valkey.sock")
    assert len(os.fsencode(path)) <= paths.LONGEST_SOCKET_PATH
    assert path == paths.socket_path(long, "valkey.sock")
    assert path != paths.socket_path(tmp_path / ("y" * 120), "valkey.sock")


def test_a_folder_that_somebody_else_put_there_is_not_used(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    trap = tmp_path / "trap"
    trap.symlink_to(other)
    with pytest.raises((Refused, FileExistsError)):
        folders.own_folder(trap)


def test_manage_py_finds_valkey_of_a_long_data_directory(tmp_path: Path) -> None:
    data_dir = tmp_path / ("x" * 120)
    keys.make_missing(_made(data_dir), ("SECRET_KEY", "CREDENTIAL_KEYS"))
    tell = "from django.conf import settings; print(settings.REDIS_URL)"
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir)}
    environment["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    told = subprocess.run(
        [sys.executable, "-c", tell], cwd=HERE, env=environment, check=True, capture_output=True
    ).stdout.decode()
    assert told.strip() == f"unix://{paths.socket_path(data_dir, 'valkey.sock')}"


def _made(data_dir: Path) -> Path:
    (data_dir / "run").mkdir(parents=True)
    return data_dir
