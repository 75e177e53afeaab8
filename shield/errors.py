"""Errors of the border: what a user can get wrong, told in one line; and the always-armed `require`."""

from __future__ import annotations


class BadInput(Exception):
    """A mistake in what the user gave: the message names the value, the bound and the file.

    The command line prints it without a traceback and exits with code 2.
    """


def require(condition: bool, message: str) -> None:
    """Raise `AssertionError` with `message` unless `condition`; unlike `assert` it is never compiled out."""
    if not condition:
        raise AssertionError(message)
