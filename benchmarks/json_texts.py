"""JSON texts for the fuzzer of the scanner: sound ones of COCO's common shape, and spoiled ones."""

from __future__ import annotations

import json
import random
import struct
from dataclasses import dataclass

from evaluation.scanned_columns import Shape

RESULTS = Shape(
    ("image_id", "category_id", "bbox", "score"), ("image_id", "category_id", "bbox", "score")
)
MASKED = Shape(
    (*RESULTS.wanted, "segmentation"),
    ("image_id", "category_id", "score"),
    ("bbox", "segmentation"),
)
OBJECTS = Shape(
    ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"),
    ("image_id", "category_id"),
    ("bbox", "segmentation"),
)
IMAGES = Shape(("id", "file_name", "width", "height"), ("id",))
CLASSES = Shape(("id", "name"), ("id",))
SHAPES = (RESULTS, MASKED, OBJECTS, IMAGES, CLASSES)

NUMBERS = (
    "0", "-0", "1", "-1", "01", "-01", "1.", ".5", "-.5", "+1", "1.0", "-0.0", "0.0", "1e5", "1E5",
    "1e+5", "1E-05", "1e", "1e+", "1.e5", "1.5e", "1E+400", "-1e400", "1e-400", "-1e-400", "1e308",
    "1.7976931348623157e308", "1.7976931348623159e308", "2.2250738585072014e-308", "5e-324",
    "2.4703282292062327e-324", "2.4703282292062328e-324", "9007199254740993", "9007199254740992.5",
    "0.1", "0.30000000000000004", "123456789012345678", "1234567890123456789",
    "12345678901234567890", "0.12345678901234567890123", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e22", "1e23",
    "8.5e22", "0.000001", "1" * 30, "0." + "0" * 30 + "1", "1." + "0" * 30, "0e99999999999",
    "1e-99999999999", "0." + "0" * 398 + "1", "NaN", "Infinity", "-", "--1", "1-", "0x10", "1_0",
    "1e5.5", "1.2.3", "00", "0.0e0", "-0e0", "4503599627370496.5", "4503599627370497.5",
    "9007199254740991.4999999", "7.0385307e-26", "6929495644600919.5", "1448997445238699",
)  # fmt: skip
TEXTS = (
    "", "a", "img1", "a\\\\b", "a\\u0041", "a\\ud800", "a\\ud83d\\ude00", "é", "日本", "😀", "a\\n",
    "a\\x", "a\tb", "a\x00", "a\x7f", "a\\/", 'a\\"b', "0" * 9, "},{", "[]", "\x1f", "a\\",
)  # fmt: skip
VALUES = (
    "null", "true", "false", "tru", "[]", "{}", "[[]]", "[{}]", '{"a":1}', "[1,2]", "[1,2,]",
    "[,1]", '"x"', "[1 2]", '{"a":1,}', '{"a":1,"a":2}', "[" * 70 + "]" * 70, "[[1,2,3,4,5,6]]",
    "[[1,2,3,4,5,6,7]]", "[[1,2,3,4]]", "[[1,2,3,4,5,6],[0,0,1,1,2,2,3,3]]", "[1,2,3,4]",
    "[1,2,3,4,5]", '{"size":[2,3],"counts":"06"}', '{"counts":[1,2,3],"size":[2,3]}',
    '{"size":[2,3],"counts":"06","x":1}', '{"size":[2,3],"size":[2,3],"counts":"06"}',
    '{"size":[2.0,3],"counts":"06"}', '{"size":[2,3],"counts":[1,-2,3]}', '{"size":[2,3]}',
    '{"size":[2,3],"counts":[]}', '{"size":[2],"counts":"06"}', '{"counts":"a\\\\b","size":[1,1]}',
    '{"size":[2,3],"counts":[70000,3,9,70000,2147483648,1]}',
)  # fmt: skip
SPACES = ("", "", "", " ", "\n", "\t", "\r\n", "  ", "\x0b", "\xa0", "/**/")
BYTES = b'"\\{}[],: 0123456789.eE+-aunl\x00\x1f\x7f\x80\xc3\xa9\xed\xa0\xff'


@dataclass
class Generator:
    """Makes texts: sound ones of the common shape, then spoiled ones."""

    random: random.Random

    def number(self) -> str:
        pick = self.random.random()
        if pick < 0.5:
            return f"{self.random.uniform(0, 640):.{self.random.randrange(0, 6)}f}"
        if pick < 0.7:
            return repr(self.random.random())
        if pick < 0.8:
            return str(self.random.randrange(-999, 9999))
        if pick < 0.9:
            return repr(self.random.uniform(-1, 1) * 10.0 ** self.random.randrange(-30, 30))
        return repr(struct.unpack("<f", struct.pack("<f", self.random.random()))[0])

    def whole(self) -> str:
        return str(self.random.choice((0, 1, 7, 90, 581929, 2**53 + 1, 2**63 - 1, -5)))

    def segmentation(self) -> str:
        pick = self.random.randrange(4)
        if pick == 0:
            return "[]"
        if pick == 1:
            runs = ",".join(str(self.random.randrange(5000)) for _ in range(4))
            return f'{{"size":[48,64],"counts":[{runs}]}}'
        if pick == 2:
            text = "".join(self.random.choice("0123MN\\Oabo`_") for _ in range(20))
            return f'{{"size": [48, 64], "counts": {json.dumps(text)}}}'
        parts = []
        for _ in range(self.random.randrange(1, 3)):
            points = (self.number() for _ in range(2 * self.random.randrange(3, 6)))
            parts.append("[" + ",".join(points) + "]")
        return "[" + ",".join(parts) + "]"

    def member(self, name: str) -> str:
        if name in {"id", "image_id", "category_id", "width", "height"}:
            return self.whole()
        if name == "bbox":
            return "[" + ",".join(self.number() for _ in range(4)) + "]"
        if name == "segmentation":
            return self.segmentation()
        if name == "iscrowd":
            return self.random.choice("01")
        if name in {"name", "file_name"}:
            return f'"{self.random.choice(("a", "cat", "000001.jpg", "é", "日本.png"))}"'
        return self.number()

    def members(self, shape: Shape) -> list[tuple[str, str]]:
        names = [
            name
            for name in shape.wanted
            if name in (*shape.required, *shape.one_of) or self.random.random() < 0.8
        ]
        members = [(name, self.member(name)) for name in names]
        if self.random.random() < 0.3:
            others = ("attributes", '{"occluded":false,"x":[1,{"y":null}]}'), ("caption", '"a, é"')
            members.insert(self.random.randrange(len(members) + 1), self.random.choice(others))
        return members

    def sound(self, shape: Shape) -> str:
        comma, colon = self.random.choice(((",", ":"), (", ", ": "), (",\n  ", ": ")))
        rows = (self.members(shape) for _ in range(self.random.randrange(1, 4)))
        objects = ("{" + comma.join(f'"{k}"{colon}{v}' for k, v in row) + "}" for row in rows)
        return "[" + comma.join(objects) + "]"

    def spoiled(self, shape: Shape) -> bytes:
        """Make a text with a few faults, or with oddities that are no faults."""
        choose = self.random.choice
        rows = [self.members(shape) for _ in range(self.random.randrange(1, 4))]
        for _ in range(self.random.randrange(3)):
            self._spoil(choose(rows))
        spaces = SPACES if self.random.random() < 0.2 else ("",)

        def space() -> str:
            return choose(spaces)

        objects = []
        for row in rows:
            members = (f'{space()}"{k}"{space()}:{space()}{v}{space()}' for k, v in row)
            objects.append("{" + ",".join(members) + "}" + space())
        comma, close = ",", "]"
        if self.random.random() < 0.05:
            comma, close = choose((("", "]"), (",,", "]"), (",", ",]"), (",", "]]"), (",", "}")))
        text = f"{space()}[{space()}" + f"{comma}{space()}".join(objects) + f"{close}{space()}"
        return self._bitten(text.encode("utf-8", "surrogatepass"))

    def _spoil(self, row: list[tuple[str, str]]) -> None:
        """Change one member of a record."""
        choose = self.random.choice
        at = self.random.randrange(len(row))
        name, value = row[at]
        change = self.random.randrange(8)
        if change == 0:
            row[at] = (name, choose(NUMBERS))
        elif change == 1:
            row[at] = (name, choose(VALUES))
        elif change == 2:
            row[at] = (name, f'"{choose(TEXTS)}"')
        elif change == 3:
            row.append((name, value))
        elif change == 4:
            del row[at]
            row.append(("other", choose(VALUES)))
        elif change == 5:
            row[at] = (choose((choose(TEXTS), name.upper(), "\\u0069d", "bbox2")), value)
        elif change == 6:
            row[at] = (name, value.replace(value[-2:], choose(NUMBERS) + value[-1:]))
        else:
            row.insert(0, (choose(("info", "name", "score")), f'"{choose(TEXTS)}"'))

    def _bitten(self, text: bytes) -> bytes:
        found = bytearray(text)
        for _ in range(self.random.choice((0, 0, 0, 0, 1, 1, 2))):
            if not found:
                break
            at = self.random.randrange(len(found))
            change = self.random.randrange(5)
            if change == 0:
                found[at] = self.random.choice(BYTES)
            elif change == 1:
                found.insert(at, self.random.choice(BYTES))
            elif change == 2:
                del found[at : at + self.random.randrange(1, 4)]
            elif change == 3:
                del found[at:]
            else:
                found[at:at] = found[at : at + self.random.randrange(1, 40)]
        return bytes(found)

    def decimal(self) -> str:
        """Make a number of any length and exponent, sound by JSON's grammar."""
        digits = self.random.choice((1, 2, 3, 5, 8, 9, 15, 16, 17, 18, 19, 20, 21, 30))
        whole = str(self.random.randrange(10 ** self.random.randrange(1, digits + 1)))
        text = ("-" if self.random.random() < 0.3 else "") + whole
        if self.random.random() < 0.8:
            zeros = "0" * self.random.choice((0, 0, 0, 1, 2, 7, 8, 9, 16, 20))
            text += "." + zeros + "".join(self.random.choices("0123456789", k=digits))
        if self.random.random() < 0.4:
            limit = self.random.choice((3, 25, 40, 70, 330))
            power = self.random.randrange(-limit, limit + 1)
            text += (
                self.random.choice("eE") + self.random.choice(("", "+" * (power >= 0))) + str(power)
            )
        return text

    def half_way(self) -> str:
        """Make a number on, or hardly beside, the middle between two doubles."""
        bits = self.random.randrange(1 << 52) | (self.random.randrange(1023 - 60, 1023 + 60) << 52)
        low: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
        high: float = struct.unpack("<d", struct.pack("<Q", bits + 1))[0]
        middle = int(low * 2**120) + int(high * 2**120)  # × 2**121: both are exact
        whole, rest = divmod(middle, 1 << 121)
        fraction = str(rest * 5**121).zfill(121)[: self.random.choice((5, 12, 17, 19, 40, 121))]
        return f"{whole}.{fraction}"
