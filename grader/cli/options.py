"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])


def jobs_option(what: str = "Submissions") -> Callable[[_F], _F]:
    """`--jobs`: how many at once."""
    return click.option(
        "--jobs", "-j", type=click.IntRange(min=1), help=f"{what} at once [cores]."
    )


def sandbox_option(meaning: str) -> Callable[[_F], _F]:
    """`--sandbox`: where student code runs."""
    return click.option(
        "--sandbox",
        type=click.Choice(["auto", "linux", "plain"]),
        default="auto",
        show_default=True,
        help=meaning,
    )


def device_option(meaning: str = "Where hidden inputs lie.") -> Callable[[_F], _F]:
    """`--device`: where torch computes."""
    return click.option(
        "--device",
        type=click.Choice(["cpu", "cuda"]),
        default="cpu",
        show_default=True,
        help=meaning,
    )
