"""Label rows that Encord's SDK itself builds, without an account."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

from curation.formats.encord_labels import read_unit, unit_records

with warnings.catch_warnings():
    # The SDK declares its own models in a way that pydantic has deprecated.
    warnings.simplefilter("ignore")
    from encord.objects import LabelRowV2, OntologyStructure, Shape
    from encord.objects import coordinates as geometry
    from encord.objects.attributes import (
        ChecklistAttribute,
        NumericAttribute,
        RadioAttribute,
        TextAttribute,
    )
    from encord.objects.bitmask import BitmaskCoordinates
    from encord.ontology import Ontology
    from encord.orm import label_row as sdk
    from encord.orm.ontology import Ontology as OntologyRecord
    from encord.orm.storage import CustomerProvidedImageMetadata

__all__ = ["BitmaskCoordinates", "geometry", "sdk"]

SIZE = (48, 64)
MOMENT = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)

STRUCTURE = OntologyStructure()
CAR = STRUCTURE.add_object("Car", Shape.BOUNDING_BOX)
COLOUR = CAR.add_attribute(RadioAttribute, "Colour")
RED = COLOUR.add_option("Red")
SHADE = RED.add_nested_attribute(TextAttribute, "Shade")
DAMAGE = CAR.add_attribute(ChecklistAttribute, "Damage")
FRONT, REAR = DAMAGE.add_option("Front"), DAMAGE.add_option("Rear")
DOORS = CAR.add_attribute(NumericAttribute, "Doors")
SHIP = STRUCTURE.add_object("Ship", Shape.ROTATABLE_BOUNDING_BOX)
LAKE = STRUCTURE.add_object("Lake", Shape.POLYGON)
ROAD = STRUCTURE.add_object("Road", Shape.BITMASK)
TIP = STRUCTURE.add_object("Tip", Shape.POINT)
LANE = STRUCTURE.add_object("Lane", Shape.POLYLINE)
HAND = STRUCTURE.add_object("Hand", Shape.SKELETON)
WHEEL = STRUCTURE.add_object("Wheel", Shape.CIRCLE)
POND = STRUCTURE.add_object("Pond", Shape.ELLIPSE)
CRATE = STRUCTURE.add_object("Crate", Shape.CUBOID_2D)
SCENE = STRUCTURE.add_classification()
WEATHER = SCENE.add_attribute(RadioAttribute, "Weather")
SUNNY, RAINY = WEATHER.add_option("Sunny"), WEATHER.add_option("Rainy")

ONTOLOGY_ID = "11111111-0000-4000-8000-000000000000"
ONTOLOGY = Ontology(
    OntologyRecord(
        title="Streets",
        description="",
        structure=STRUCTURE,
        ontology_hash=ONTOLOGY_ID,
        created_at=MOMENT,
        last_edited_at=MOMENT,
    ),
    None,  # type: ignore[arg-type]  # nothing is sent
)


def image_row(*sizes):
    """Return an empty row of one image, or of a group; sizes are (height, width)."""
    images = [
        CustomerProvidedImageMetadata(
            mime_type="image/png", file_size=1, width=width, height=height
        )
        for height, width in sizes
    ]
    return LabelRowV2.from_media_metadata(ONTOLOGY, images[0] if len(images) == 1 else images)


def draw(row, item, coordinates: geometry.Coordinates, *, frame: int = 0, **told):
    """Draw an object and return it."""
    instance = item.create_instance()
    told = {"created_at": MOMENT, "last_edited_at": MOMENT, "created_by": "ann@example.com", **told}
    instance.set_for_frames(coordinates, frame, **told)
    row.add_object_instance(instance)
    return instance


def choose(row, option, *, frame: int = 0):
    """Answer the question for the whole image."""
    instance = SCENE.create_instance()
    instance.set_answer(option, attribute=WEATHER)
    instance.set_for_frames(frame, created_at=MOMENT, last_edited_at=MOMENT)
    row.add_classification_instance(instance)
    return instance


def records(row):
    return list(unit_records(row.to_encord_dict()).values())


def read(row, size=SIZE):
    [record] = records(row)
    return read_unit(record, size)


def one_shape(row, size=SIZE):
    found = read(row, size)
    assert not found.faults
    [shape] = found.shapes
    return shape


def box_at(x, y, width, height, size=SIZE, *, theta=None):
    shares = {
        "top_left_x": x / size[1],
        "top_left_y": y / size[0],
        "width": width / size[1],
        "height": height / size[0],
    }
    if theta is None:
        return geometry.BoundingBoxCoordinates(**shares)
    return geometry.RotatableBoundingBoxCoordinates(**shares, theta=theta)


def points(*pixels, size=SIZE):
    return [geometry.PointCoordinate(x / size[1], y / size[0]) for x, y in pixels]


def altered(row, **changes):
    """The record of a row whose only object some other program has changed."""
    [record] = records(row)
    record["objects"][0] |= changes
    return read_unit(record, SIZE)
