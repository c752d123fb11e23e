"""The sentence under the summary, written from the numbers and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ui import numbers
from ui.certainty import chance, reach
from ui.frames import compared_row, paired_classes
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ui.certainty import Certainty


def in_words(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any] | None,
    *,
    name: str,
    against: str = "",
    certainty: Certainty | None = None,
) -> str:
    """Say in words how a prediction set stands, or how it differs from the baseline.

    Args:
        ours: Numbers of the prediction set.
        theirs: Numbers of the baseline, None without comparison.
        name: Name of the prediction set.
        against: Name of the baseline.
        certainty: Intervals of the deltas, None while there are none.

    Returns:
        Markdown; names are escaped.
    """
    if theirs is None:
        return _alone(ours, name=name)
    parts = [
        _headline(ours, theirs, name=name, against=against),
        _sure(certainty),
        _classes(ours, theirs) if certainty is None else _sure_classes(ours, theirs, certainty),
        _sizes(ours, theirs),
    ]
    return " ".join(part for part in parts if part)


def _alone(ours: Mapping[str, Any], *, name: str) -> str:
    point = ours["operating_point"]
    labels = numbers.counted(point["tp"] + point["fn"], "label")
    text = (
        f"**{plain(name)}** has an AP of {numbers.metric(ours['metrics']['AP'])}; at score ≥ "
        f"{point['score']:.2f} it finds {numbers.count(point['tp'])} of {labels}"
        f" and is wrong {numbers.counted(point['fp'], 'time')}."
    )
    ranked = sorted(
        (row for row in ours["classes"] if row["AP"] is not None), key=lambda row: row["AP"]
    )
    if len(ranked) < 2:
        return text
    worst, best = ranked[0], ranked[-1]
    return (
        f"{text} Its best class is *{plain(best['name'])}* ({numbers.metric(best['AP'])}), "
        f"its worst *{plain(worst['name'])}* ({numbers.metric(worst['AP'])})."
    )


def _headline(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], *, name: str, against: str
) -> str:
    row = compared_row("AP", "AP", ours["metrics"], theirs["metrics"])
    if row["delta"] is None:
        return f"AP of **{plain(name)}** and **{plain(against)}** cannot be compared: one is n/a."
    word = {"better": "better than", "worse": "worse than"}.get(row["verdict"], "equal to")
    return (
        f"By AP **{plain(name)}** is {word} **{plain(against)}**: {numbers.metric(row['set'])}, "
        f"{numbers.delta(row['delta'])}."
    )


def _sure(certainty: Certainty | None) -> str:
    """Say whether the change of AP is more than chance."""
    found = None if certainty is None else certainty.headline("AP")
    if certainty is None or found is None or not found.value:
        return ""
    if found.low is None:
        return f"How sure that is cannot be said: {found.reason}."
    sure = certainty.finding("AP", found) != "unclear"
    word = "more than chance" if sure else "not distinguishable from no change"
    interval = f"{certainty.level:.0%} interval {reach('AP', found)}"
    return f"That is {word} ({interval}, p {chance(found.p)})."


def _sure_classes(ours: Mapping[str, Any], theirs: Mapping[str, Any], certainty: Certainty) -> str:
    """Name the classes whose AP changed by more than chance."""
    rows = [
        compared_row(name, "AP", own, other) for name, own, other in paired_classes(ours, theirs)
    ]
    told = [
        (certainty.finding("AP", certainty.of_class(row["name"], "AP")), row)
        for row in rows
        if row["delta"] is not None
    ]
    if not told:
        return ""
    told.sort(key=lambda pair: -abs(pair[1]["delta"]))
    of_all = f"of {numbers.counted(len(told), 'class', 'classes')}"
    parts = []
    for word in ("better", "worse"):
        changed = [row for found, row in told if found == word]
        most = f", most on {_named(changed[0])}" if changed else ""
        parts.append(f"{word} on {len(changed)}{most}")
    unclear = sum(1 for found, _ in told if found in (None, "unclear"))
    return f"Surely {' and '.join(parts)}, {of_all}; {unclear} cannot be told apart from chance."


def _classes(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    rows = [
        compared_row(name, "AP", own, other) for name, own, other in paired_classes(ours, theirs)
    ]
    known = [row for row in rows if row["delta"] is not None]
    if not known:
        return ""
    known.sort(key=lambda row: abs(row["delta"]))
    better = [row for row in known if row["verdict"] == "better"]
    worse = [row for row in known if row["verdict"] == "worse"]
    text = f"It is better on {len(better)} of {numbers.counted(len(known), 'class', 'classes')}"
    if better:
        text += f", most on {_named(better[-1])}"
    if worse:
        text += f", and worse on {len(worse)}, most on {_named(worse[-1])}"
    return text + "."


def _named(row: Mapping[str, Any]) -> str:
    return f"*{plain(row['name'])}* ({numbers.delta(row['delta'])})"


def _sizes(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    rows = [
        compared_row(size, "AP", row, theirs["sizes"].get(size, {}))
        for size, row in ours["sizes"].items()
    ]
    changed = [row for row in rows if row["delta"]]
    if not changed:
        return ""
    most = max(changed, key=lambda row: abs(row["delta"]))
    word = "gained" if most["delta"] > 0 else "lost"
    return f"*{most['name'].capitalize()}* objects {word} most ({numbers.delta(most['delta'])})."
