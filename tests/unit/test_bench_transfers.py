"""What the transfer rows of `make bench` count, and the archive of zeros that they load."""

import hashlib
import json
import tarfile
from pathlib import Path

from bench.transfers import every, most_in_a_second
from tests.lab.archive import write_zeros


def test_writes_are_counted_in_the_busiest_second() -> None:
    assert most_in_a_second([]) == 0
    assert most_in_a_second([0.0, 0.4, 0.8, 1.2, 5.0]) == 3


def test_looks_end_with_their_block() -> None:
    looks: list[int] = []
    with every(0.001, lambda: looks.append(1)):
        while not looks:
            pass
    seen = len(looks)
    assert len(looks) == seen


def test_an_archive_of_zeros_is_what_it_says_and_takes_no_room(tmp_path: Path) -> None:
    file = tmp_path / "zeros.tar"
    write_zeros(file, 10_000_001, "lab/zeros:1")
    assert file.stat().st_blocks * 512 < 1_000_000
    with tarfile.open(file) as tar:
        manifest, config = (
            json.loads(tar.extractfile(name).read())  # type: ignore[union-attr]
            for name in ("manifest.json", "config.json")
        )
        layer = tar.extractfile(manifest[0]["Layers"][0])
        assert layer
        digest = hashlib.sha256(layer.read()).hexdigest()
        layer.seek(0)
        with tarfile.open(fileobj=layer) as inner:
            assert inner.getmember("zeros").size == 10_000_001
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert manifest[0]["RepoTags"] == ["lab/zeros:1"]
