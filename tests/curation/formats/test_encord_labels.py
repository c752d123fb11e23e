from __future__ import annotations

import pytest

from curation.formats.encord_labels import POLYLINE, read_unit, refused_record, unit_records
from curation.formats.shapes import RegionFault
from tests.curation.encord_rows import (
    CAR,
    COLOUR,
    CRATE,
    DAMAGE,
    DOORS,
    FRONT,
    HAND,
    LANE,
    RAINY,
    REAR,
    RED,
    SHADE,
    SIZE,
    SUNNY,
    TIP,
    altered,
    box_at,
    choose,
    draw,
    geometry,
    image_row,
    points,
    read,
    records,
)


def six_zeros(*, width, height):
    return {"top": 0, "left": 0, "width": width, "height": height, "rleString": "6"}


def test_point_and_polyline__become_keypoints() -> None:
    row = image_row(SIZE)
    draw(row, TIP, points((32, 12))[0])
    lane = draw(row, LANE, geometry.PolylineCoordinates(points((0, 0), (16, 24))))
    found = read(row)
    told = [(mark.kind, mark.field, mark.value, mark.x, mark.y) for mark in found.marks]
    assert told == [
        ("keypoint", "Tip", "Tip", 32.0, 12.0),
        ("keypoint", "Lane", "1", 0.0, 0.0),
        ("keypoint", "Lane", "2", 16.0, 24.0),
    ]
    assert found.warnings == (RegionFault(lane.object_hash, POLYLINE),)
    assert not found.faults


def test_skeleton__keypoints_have_names() -> None:
    row = image_row(SIZE)
    joints = [
        geometry.SkeletonCoordinate(x=0.25, y=0.5, name="wrist"),
        geometry.SkeletonCoordinate(x=0.5, y=0.25, name="thumb"),
    ]
    hand = draw(row, HAND, geometry.SkeletonCoordinates(values=joints, name="hand"))
    told = [(mark.key, mark.field, mark.value, mark.x, mark.y) for mark in read(row).marks]
    assert told == [
        (hand.object_hash, "Hand", "wrist", 16.0, 24.0),
        (hand.object_hash, "Hand", "thumb", 32.0, 12.0),
    ]


def test_attributes__of_an_object_have_its_key() -> None:
    row = image_row(SIZE)
    car = draw(row, CAR, box_at(8, 12, 16, 24))
    car.set_answer(RED, attribute=COLOUR)
    car.set_answer("dark", attribute=SHADE)
    car.set_answer([FRONT, REAR], attribute=DAMAGE)
    car.set_answer(4, attribute=DOORS)
    found = read(row)
    assert {(mark.key, mark.kind, mark.field, mark.value) for mark in found.marks} == {
        (car.object_hash, "choice", "Car: Colour", "Red"),
        (car.object_hash, "text", "Car: Shade", "dark"),
        (car.object_hash, "choice", "Car: Damage", "Front"),
        (car.object_hash, "choice", "Car: Damage", "Rear"),
        (car.object_hash, "text", "Car: Doors", "4"),
    }
    assert len(found.shapes) == 1


def test_image_group__each_image_has_its_own_objects_and_choices() -> None:
    row = image_row(SIZE, (10, 20))
    draw(row, CAR, box_at(8, 12, 16, 24), frame=0)
    draw(row, CAR, box_at(2, 3, 4, 5, (10, 20)), frame=1)
    choose(row, SUNNY, frame=0)
    choose(row, RAINY, frame=1)
    first, second = (
        read_unit(record, size) for record, size in zip(records(row), (SIZE, (10, 20)), strict=True)
    )
    assert [shape.box for shape in first.shapes] == [(8.0, 12.0, 16.0, 24.0)]
    assert [shape.box for shape in second.shapes] == [(2.0, 3.0, 4.0, 5.0)]
    assert [(mark.kind, mark.field, mark.value) for mark in first.marks] == [
        ("choice", "Weather", "Sunny")
    ]
    assert [mark.value for mark in second.marks] == ["Rainy"]


def test_deleted_objects__are_left_out() -> None:
    row = image_row(SIZE)
    draw(row, CAR, box_at(8, 12, 16, 24))
    label_row = row.to_encord_dict()
    [unit] = label_row["data_units"].values()
    unit["labels"]["objects"][0]["isDeleted"] = True
    [record] = unit_records(label_row).values()
    assert read_unit(record, SIZE).shapes == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"boundingBox": {"x": 0, "y": 0, "w": 1}}, "Object missing required field `h`"),
        (
            {"boundingBox": {"x": float("nan"), "y": 0, "w": 1, "h": 1}},
            "Expected `float` >= -10.0 - at `$.x`",
        ),
        (
            {"boundingBox": {"x": 0, "y": 0, "w": -1, "h": 1}},
            "Expected `float` >= 0.0 - at `$.w`",
        ),
        ({"shape": "bitmask"}, "it has no bitmask"),
        ({"shape": "cuboid"}, "no label is made of the shape 'cuboid'"),
        ({"shape": "polygon", "polygons": [[[]]]}, "a polygon has fewer than three points"),
        ({"shape": "polygon", "polygons": [[]]}, "it has no polygon"),
        ({"shape": "polygon"}, "a polygon has fewer than three points"),
        (
            {"shape": "polygon", "polygon": {"a": {"x": 0, "y": 0}}},
            "a point of the outline has no number",
        ),
        (
            {"shape": "point", "point": {"0": {"x": 0, "y": 0, "z": 0}}},
            "it is drawn in three dimensions",
        ),
        (
            {"shape": "bitmask", "bitmask": six_zeros(width=3, height=2)},
            "the mask is 3 x 2 at 0, 0, the image 64 x 48 pixels",
        ),
        (
            {"shape": "bitmask", "bitmask": six_zeros(width=64, height=48)},
            "the runs do not add up to height x width",
        ),
    ],
)  # fmt: skip
def test_malformed_region__is_a_fault_that_says_why(changes, reason) -> None:
    row = image_row(SIZE)
    car = draw(row, CAR, box_at(8, 12, 16, 24))
    found = altered(row, **changes)
    assert found.faults == (RegionFault(car.object_hash, reason),)
    assert found.shapes == ()


def test_cuboid__is_a_fault() -> None:
    row = image_row(SIZE)
    front = points((4, 4), (12, 4), (12, 12), (4, 12))
    draw(
        row,
        CRATE,
        geometry.Cuboid2DIsometricCoordinates(
            front=front, offset=geometry.PointCoordinate(0.1, 0.1)
        ),
    )
    [fault] = read(row).faults
    assert fault.reason == "no label is made of the shape 'cuboid_2d'"


def test_refused_record__is_one_fault() -> None:
    found = read_unit(refused_record("it is of type video"), SIZE)
    assert found.faults == (RegionFault("labels", "it is of type video"),)
