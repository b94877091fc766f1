"""Everything a person reads is there in both languages."""

import re
from pathlib import Path

import polib
import pytest

from tests.architecture.test_rules import ROOT, TEMPLATES, name_of

CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# What reads the same in both languages: names, units, Docker's own words
SAME = {
    "Quarterdeck", "English", "API", "CPU", "CPUs", "ID", "IP", "URL", "TLS", "JSON", "NDJSON",
    "UTC", "CSV", "Ping", "Docker", "Dockerfile", "web", "ada",
}  # fmt: skip
# Marks of the log view that are no words in any language: match case, regular expression
SIGNS = {"Aa", "esc", "ms"}


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_no_message_is_empty_or_fuzzy(catalogue: polib.POFile) -> None:
    missing = [
        entry.msgid
        for entry in catalogue
        if not entry.obsolete
        and (entry.fuzzy or not (entry.msgstr or all(entry.msgstr_plural.values() or [""])))
    ]
    assert missing == []


def test_no_message_is_left_in_english(catalogue: polib.POFile) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    left = [
        entry.msgid
        for entry in catalogue
        if not entry.obsolete
        and _words(entry.msgid) - SAME
        and not chinese.search(text := entry.msgstr or entry.msgstr_plural[0])
        and _words(text)
    ]
    assert left == []


def _words(text: str) -> set[str]:
    """What is left of a message for translating, without placeholders."""
    return set(re.findall(r"[A-Za-z]{2,}", re.sub(r"%\(\w+\)[a-z]", "", text)))


def test_placeholders_survive_translation(catalogue: polib.POFile) -> None:
    wanted = re.compile(r"%\(\w+\)[a-z]")
    broken = [
        entry.msgid
        for entry in catalogue
        if not entry.obsolete
        for text in [entry.msgstr, *entry.msgstr_plural.values()]
        if text
        and set(wanted.findall(text)) - set(wanted.findall(entry.msgid + entry.msgid_plural))
    ]
    assert broken == []


def test_chinese_has_chinese_punctuation(catalogue: polib.POFile) -> None:
    """A comma, colon or semicolon after a Chinese character is a full-width one."""
    narrow = re.compile(r"[\u4e00-\u9fff][,:;!?](?!//)")
    wrong = [
        text
        for entry in catalogue
        for text in [entry.msgstr, *entry.msgstr_plural.values()]
        if narrow.search(text)
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_current(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    said = {(entry.msgctxt, entry.msgid): entry.msgstr for entry in compiled}
    live = {
        (entry.msgctxt, entry.msgid): entry.msgstr
        for entry in catalogue
        if not entry.obsolete and entry.msgid
    }
    assert said == live, "run make messages"


def test_every_message_of_the_code_is_in_the_catalogue(catalogue: polib.POFile) -> None:
    known = {entry.msgid for entry in catalogue}
    used = re.compile(r"""(?:\b_|gettext|gettext_lazy)\(\s*"((?:[^"\\]|\\.)+)"\s*\)""")
    missing = [
        f"{name_of(path)}: {text}"
        for path in ROOT.rglob("*.py")
        if path.is_relative_to(ROOT)
        and not {".venv", "tests", "node_modules", "var"} & set(path.relative_to(ROOT).parts)
        for text in used.findall(path.read_text())
        if text.encode().decode("unicode_escape", "ignore") not in known and text not in known
    ]
    assert missing == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_literal_text_in_a_template(path: Path) -> None:
    """What stands between tags is translated, a variable, or in the short list."""
    text = path.read_text()
    text = re.sub(r"\{#.*?#\}|\{% comment .*?endcomment %\}", "", text, flags=re.S)
    text = re.sub(r"\{% blocktranslate.*?endblocktranslate %\}", "", text, flags=re.S)
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", "", text, flags=re.S)
    text = re.sub(r"<code\b[^>]*>.*?</code>|<kbd\b[^>]*>.*?</kbd>", "", text, flags=re.S)
    text = re.sub(r"\{% block (?:part|pageclass|sheet) %\}\w*\{% endblock %\}", "", text)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)
    text = re.sub(r"<[^>]*>", "\n", text)
    words = {
        word.strip(" \n\t·:,.()/–—→@0123456789%") for word in text.splitlines() if word.strip()
    }
    assert {word for word in words if re.search(r"[A-Za-z]{2}", word)} <= SAME | SIGNS
