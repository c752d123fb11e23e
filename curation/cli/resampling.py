"""Options of the bootstrap that gives deltas their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def resampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--replicates`, `--seed` and `--level` to a command."""
    options = (
        click.option(
            "--replicates",
            type=click.IntRange(min=0),
            default=1000,
            show_default=True,
            help="Resamples of the bootstrap; 0: no intervals.",
        ),
        click.option(
            "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Its seed."
        ),
        click.option(
            "--level",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            default=0.95,
            show_default=True,
            help="Level of the intervals.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
