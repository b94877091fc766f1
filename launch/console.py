"""The few lines that the person who typed `make run` reads."""

import sys


class Refused(Exception):
    """The dashboard cannot start; the text says what is wrong and what to do."""


def say(text: str) -> None:
    """One line for the operator, at once, also through a pipe."""
    sys.stdout.write(f"quarterdeck: {text}\n")
    sys.stdout.flush()


def ask(question: str) -> bool:
    """Yes or no from a terminal; an empty answer is yes, the end of input is no."""
    sys.stdout.write(f"quarterdeck: {question} [Y/n] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in {"", "y", "yes"}
