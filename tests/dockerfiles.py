"""Dockerfiles of which the engine's classic builder refuses some, and builds the others.

Both our reader (tests/unit/test_dockerfile.py) and a real engine (tests/engine) are asked.
"""

FILES = {"a.txt", "b.txt", "dir", "dir/c.txt", "Dockerfile"}
_BASE = "FROM lab/busybox\n"

REFUSED = [
    "", "# only a comment\n", "RUN true\n", "FROM\n", "FROM a b\n", "FROM lab/busybox AS\n",
    "FROM lab/busybox AS 1a\n", "FROM lab/busybox AS a\nFROM lab/busybox AS a\n",
    "FROM lab/Busybox\n", "FROM $X\n", "ARG X\nFROM $X\n", "FROM --platform lab/busybox\n",
    "FROM lab/busybox AS a\nFROM a AS nobodys\nCOPY --from=nobodys /bin/sh /\n",
    f"# escape=x\n{_BASE}", f"# escape=\\\n# escape=\\\n{_BASE}",
    *(
        f"{_BASE}{line}\n"
        for line in (
            "RNU x", "ENV A", "ENV A=1 B", "ENV =1", 'ENV A "x', 'ENV A="x', "LABEL", "LABEL a",
            "EXPOSE", "EXPOSE foo", "EXPOSE 80/xyz", "EXPOSE 70000", "EXPOSE 90-80", "WORKDIR",
            'WORKDIR "/x', "USER", "USER it's", "STOPSIGNAL", "STOPSIGNAL FOO", "VOLUME",
            "VOLUME []", 'VOLUME ""', "SHELL sh", "SHELL []", "HEALTHCHECK", "HEALTHCHECK FOO",
            "HEALTHCHECK NONE a", "HEALTHCHECK CMD", "COPY a.txt", "COPY nope /", "ADD nope /",
            "COPY no* /", "COPY *.txt /x", "COPY a.txt b.txt .", 'COPY a.txt "/x', "RUN",
            "COPY --from=0 a /", "COPY --from /a /", "COPY --chmod=755 a.txt /",
            "COPY --foo=1 a.txt /", "RUN --mount=type=cache,target=/x true",
            "RUN --network=none true", "COPY <<EOF /x\nhello\nEOF", "ARG", "ARG =1", 'ARG a="x',
            "ONBUILD", "ONBUILD ONBUILD RUN x", "ONBUILD FROM x", "ONBUILD MAINTAINER x",
            "MAINTAINER",
        )
    ),
]  # fmt: skip
_ONE_BY_ONE = (
    "FROM lab/busybox",
    "CMD", "ENTRYPOINT", 'CMD ["a"', "ENV B 1 2", 'LABEL "a b"=c', "EXPOSE 80 53/udp",
    'EXPOSE "80" 8000-8010', "WORKDIR /x", "USER a b", "STOPSIGNAL SIGTERM",
    'VOLUME ["/a"]', 'SHELL ["/bin/sh", "-c"]', "HEALTHCHECK NONE",
    "HEALTHCHECK --interval=1s CMD true", "COPY no* a.txt /x/", "COPY *.txt /x/",
    'COPY ["a.txt", "/x y/"]', 'COPY "a.txt" /', "COPY --chown= a.txt /",
    "COPY -- a.txt /", "COPY . /ctx", "COPY dir/ /ctx/", "ARG A=a.txt", "COPY $A /ctx/",
    "ARG a b=2", "ONBUILD RUN x", "ONBUILD COPY a", "maintainer a b",
    "COPY a.txt\\\n /x\n",
)  # fmt: skip
GOOD = [
    "FROM scratch\nCOPY a.txt /\n",
    "ARG X=lab/busybox\nFROM $X\n",
    'ARG X=lab/busybox\nFROM "$X"\n',
    "FROM ${X:-lab/busybox}\n",
    "FROM lab/busybox AS A_b.c-1\n",
    "FROM lab/busybox AS a\nFROM A\nCOPY --from=0 /bin/sh /sh\nCOPY --from=a /bin/sh /sh2\n",
    f"\ufeff# syntax=docker/dockerfile:1\n# escape=`\n{_BASE}LABEL a=1 `\n b=2\n",
    f"# foo=bar\n# escape=`\n{_BASE}",
    f"{_BASE}LABEL a=1 \\\n # a comment\n\n  b=2\n".replace("\n", "\r\n"),
    # each of these needs nothing of the others
    "\n".join(_ONE_BY_ONE),
]
