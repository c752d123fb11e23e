"""From names of images and labels, as people write them, to the members of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from curation.errors import NamesRejected
from curation.selection.collections import IMAGES, LABELS, Item, Kind, Members
from curation.store.images import read_images
from curation.store.label_history import labels_as_of
from curation.store.projects import project_revision
from curation.store.reports import spreadsheet_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from curation.store.database import Database
    from curation.store.images import ImageTable
    from curation.store.label_history import Labels

MOST_DIGITS: Final = 18  # every such number fits the store's 64 bits


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: an image by name or id, or a label by id with or without its image.

    Args:
        place: Where it stands, for messages, such as "line 7".
        image: File name or image id, empty if not given.
        file_name: File name alone, empty if not given; with `image` both must mean the same.
        label: Label id, empty if not given.
        note: Why it is chosen.
    """

    place: str
    image: str = ""
    file_name: str = ""
    label: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class NamedMembers:
    """What names mean: the members, and one sentence for each entry that means nothing."""

    members: Members
    problems: tuple[str, ...]


def resolve_entries(
    database: Database,
    project_id: int,
    entries: Sequence[Entry],
    *,
    where: str,
    origin: Mapping[str, Any],
    skip_unknown: bool = False,
) -> NamedMembers:
    """Find the images or labels that entries mean, in the project's current revision.

    An image is meant by its file name, by the end of it from a `/` on (`b.jpg` or `x/b.jpg` for
    `photos/x/b.jpg`), or by its id. What fits several images is not guessed.

    Args:
        database: The store.
        project_id: The project.
        entries: The entries; they choose labels if any of them names one.
        where: The file or place that they come from, for messages.
        origin: The same for the collection; what is left out is counted in it.
        skip_unknown: Leave out what means nothing, instead of refusing everything.

    Raises:
        NamesRejected: If an entry means nothing or several things.
    """
    revision = project_revision(database, project_id)
    with database.read() as connection:
        images = read_images(connection, project_id)
    kind: Kind = LABELS if any(entry.label for entry in entries) else IMAGES
    of_labels = None
    if kind == LABELS:
        of_labels = _LabelNames(labels_as_of(database, project_id, revision), revision)
    names = _ImageNames(images)
    items, problems = [], []
    for entry in entries:
        meant = _meant(entry, names, of_labels)
        if isinstance(meant, Item):
            items.append(meant)
        else:
            problems.append(f"{entry.place}: {meant}")
    if problems and not skip_unknown:
        raise NamesRejected(where, tuple(problems), count=len(entries))
    known = {**origin, "skipped": len(problems)} if problems else origin
    return NamedMembers(Members(kind, tuple(items), revision, known), tuple(problems))


def _meant(entry: Entry, names: _ImageNames, labels: _LabelNames | None) -> Item | str:
    """Return what an entry means, or why it means nothing."""
    given: set[int] = set()
    for text, find in ((entry.image, names.of), (entry.file_name, names.named)):
        found = find(text) if text else None
        if isinstance(found, str):
            return found
        given |= {found} if found is not None else set()
    if labels is not None:
        return _meant_label(entry, given, labels)
    if len(given) > 1:
        return f"{entry.image!r} is not the image {entry.file_name!r}"
    return Item(given.pop(), note=entry.note) if given else "names no image"


def _meant_label(entry: Entry, images: set[int], labels: _LabelNames) -> Item | str:
    if not entry.label:
        return "names no label, and other entries do"
    found = labels.of(entry.label)
    if isinstance(found, str):
        return found
    label_id, image_id = found
    if images - {image_id}:
        return f"label {label_id} is on another image"
    return Item(image_id, label_id, entry.note)


class _ImageNames:
    """Finds the image that a name or id means, or says in words that there is none."""

    def __init__(self, images: ImageTable) -> None:
        self._ids = set(images.id.tolist())
        self._whole: dict[str, set[int]] = {}
        self._ends: dict[str, set[int]] = {}
        for image_id, name in zip(images.id.tolist(), images.file_name, strict=True):
            self._whole.setdefault(name, set()).add(image_id)
            for end in _ends(name):
                self._ends.setdefault(end, set()).add(image_id)

    def of(self, name: str) -> int | str:
        """Return the image of a name or id."""
        number = _number(name)
        return _only(name, self._named(name) | ({number} if number in self._ids else set()))

    def named(self, name: str) -> int | str:
        """Return the image of a file name, even if it looks like an id."""
        return _only(name, self._named(name))

    def _named(self, name: str) -> set[int]:
        for spelling in spellings(name):
            # A whole name wins over the same text as the end of a longer one.
            if found := self._whole.get(spelling) or self._ends.get(spelling):
                return found
        return set()


def _only(name: str, found: set[int]) -> int | str:
    if not found:
        return f"there is no image {name!r}"
    if len(found) > 1:
        ids = ", ".join(str(image_id) for image_id in sorted(found)[:4])
        return f"{name!r} fits {len(found)} images (ids {ids}): give the id"
    return next(iter(found))


class _LabelNames:
    """Finds labels by id among those that exist in a revision."""

    def __init__(self, labels: Labels, revision: int) -> None:
        self._images = dict(zip(labels.id.tolist(), labels.image_id.tolist(), strict=True))
        self._revision = revision

    def of(self, text: str) -> tuple[int, int] | str:
        """Return a label's id and its image's."""
        number = _number(text)
        if number not in self._images:
            return f"there is no label {text!r} in label revision {self._revision}"
        return number, self._images[number]


def _ends(name: str) -> Iterator[str]:
    """Yield every end of a path that begins after a slash.

    >>> list(_ends("a/b/c.jpg"))
    ['b/c.jpg', 'c.jpg']
    """
    parts = name.split("/")
    yield from ("/".join(parts[start:]) for start in range(1, len(parts)))


def spellings(name: str) -> Iterator[str]:
    r"""Yield how a name may stand in the project.

    Our CSV files put an apostrophe before what a spreadsheet would take for a formula; lists that
    other programs write begin with `./` or have backslashes.

    >>> list(spellings("'=a.jpg")), list(spellings(r".\x\b.jpg"))
    (["'=a.jpg", '=a.jpg'], ['.\\x\\b.jpg', 'x/b.jpg'])
    """
    yield name
    other = spreadsheet_original(name).replace("\\", "/").removeprefix("./")
    if other != name:
        yield other


def spreadsheet_original(text: str) -> str:
    """Undo `spreadsheet_safe`."""
    inner = text[1:]
    return inner if text == spreadsheet_safe(inner) else text


def _number(text: str) -> int:
    """Return an id, −1 for what is none."""
    whole = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if whole else -1
