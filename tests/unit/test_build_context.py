"""A build context is checked, narrowed and packed anew: nothing of it is passed on as it came."""

import gzip
import io
import tarfile
from collections.abc import Callable
from typing import IO

import pytest

from core.errors import Invalid, TooLarge
from images_app.building import context
from images_app.building.context import look, pack, tar_of


def tar_with(change: Callable[[tarfile.TarInfo], object], name: str = "x") -> IO[bytes]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo(name)
        change(info)
        tar.addfile(info, io.BytesIO(b"\0" * info.size))
    return packed


def packed(source: IO[bytes] | None, **options: str) -> dict[str, tarfile.TarInfo]:
    out = io.BytesIO()
    pack(source, out, **options)
    assert out.getvalue()[257:262] == b"ustar"
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        return {member.name: member for member in tar}


def read(source: IO[bytes] | None, name: str, **options: str) -> bytes:
    out = io.BytesIO()
    pack(source, out, **options)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        found = tar.extractfile(name)
        assert found
        return found.read()


def a_tar(**files: bytes) -> IO[bytes]:
    return io.BytesIO(tar_of([(name.replace("__", "/"), raw) for name, raw in files.items()]))


def test_files_and_their_folders_are_known() -> None:
    found = look(a_tar(src__main_c=b"int", Dockerfile=b"FROM scratch\n"))
    assert found.paths == {"src", "src/main_c", "Dockerfile"}
    assert (found.files, found.size_bytes, found.dockerfile) == (2, 16, "FROM scratch\n")


def test_what_dockerignore_names_is_left_out_and_counted() -> None:
    source = io.BytesIO(tar_of([("a.log", b"1"), ("a.c", b"2"), (".dockerignore", b"*.log\nD*")]))
    assert set(packed(source, text="FROM scratch\n")) == {"a.c", ".dockerignore", "Dockerfile"}
    assert look(source).ignored == 1


def test_a_link_that_is_ignored_does_no_harm() -> None:
    source = io.BytesIO()
    with tarfile.open(fileobj=source, mode="w") as tar:
        link = tarfile.TarInfo("node_modules/.bin/x")
        link.type, link.linkname = tarfile.SYMTYPE, "../y"
        tar.addfile(link)
        ignore = tarfile.TarInfo(".dockerignore")
        ignore.size = len(b"node_modules")
        tar.addfile(ignore, io.BytesIO(b"node_modules"))
    assert look(source).paths == {".dockerignore"}


def test_a_typed_dockerfile_takes_the_place_of_the_contexts_own() -> None:
    source = a_tar(Dockerfile=b"FROM a\n", x=b"1")
    assert read(source, "Dockerfile", text="FROM b\n") == b"FROM b\n"
    assert read(source, "Dockerfile") == b"FROM a\n"
    assert read(None, "Dockerfile", text="FROM c\n") == b"FROM c\n"


def test_owners_and_setuid_are_not_kept() -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.mode, info.uid, info.gid, info.uname = 0o6755, 1000, 1000, "root"

    member = packed(tar_with(change))["x"]
    assert (member.mode, member.uid, member.gid, member.uname) == (0o755, 0, 0, "")


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "a\\b", "x" * 1025])
def test_a_path_that_leads_out_or_is_too_long_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        look(tar_with(lambda info: None, name))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(kind: bytes) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, "y"

    with pytest.raises(Invalid, match="x is a link or a device"):
        look(tar_with(change))


def test_too_many_bytes_or_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST_BYTES", 10)
    with pytest.raises(TooLarge):
        look(a_tar(a=b"123456", b=b"123456"))
    monkeypatch.setattr(context, "MOST_ENTRIES", 1)
    with pytest.raises(TooLarge):
        look(a_tar(a=b"", b=b""))


@pytest.mark.parametrize(
    "raw", [gzip.compress(b"x"), b"no tar at all", b"", tar_of([("a", b"x" * 9000)])[:1000]]
)
def test_what_is_no_plain_tar_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        look(io.BytesIO(raw))


def test_a_bad_dockerignore_is_told_with_its_line() -> None:
    with pytest.raises(Invalid, match="line 2"):
        look(io.BytesIO(tar_of([(".dockerignore", b"a\n[b")])))
