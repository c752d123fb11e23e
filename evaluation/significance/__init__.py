"""Significance: how sure a number or a difference is, by resampling images."""

from __future__ import annotations

from evaluation.significance.bootstrap import bootstrap, bootstrap_delta
from evaluation.significance.interval_tables import IntervalRow, Intervals
from evaluation.significance.intervals import Interval
from evaluation.significance.multiple_testing import benjamini_hochberg
from evaluation.significance.resampling import Resampling
from evaluation.significance.walk import MatchedSet

__all__ = [
    "Interval",
    "IntervalRow",
    "Intervals",
    "MatchedSet",
    "Resampling",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_delta",
]
