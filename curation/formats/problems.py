"""What can be wrong with a file: the registry of problem kinds.

A *reject* is a record that is not imported; a *warning* is one that is, with something to know.
`ProblemLog` counts them.
"""

from __future__ import annotations

from curation.formats.problem_log import KINDS, Problem, ProblemKind, ProblemLog, Severity

# The kinds below are public too; these names come from the log's own module.
__all__ = ["KINDS", "Problem", "ProblemKind", "ProblemLog", "Severity"]


def _reject(name: str, meaning: str, advice: str) -> ProblemKind:
    return KINDS.setdefault(name, ProblemKind(name, "reject", meaning, advice))


def _warning(name: str, meaning: str, advice: str) -> ProblemKind:
    return KINDS.setdefault(name, ProblemKind(name, "warning", meaning, advice))


# Records that cannot be read at all
RECORD_MALFORMED = _reject(
    "record-malformed",
    "A record is not of the shape that its format prescribes.",
    "Export the file again; compare the record with the format's example.",
)
FILE_UNREADABLE = _reject(
    "file-unreadable",
    "A label file cannot be read as text.",
    "Save it as UTF-8 text below 16 MiB.",
)
ROW_MALFORMED = _reject(
    "row-malformed",
    "A line of a label file has too few values or a value that is not a number.",
    "Write 'class x y w h', or 'class x1 y1 x2 y2 x3 y3 …' for a polygon.",
)
ID_MALFORMED = _reject(
    "id-malformed",
    "An id is missing, or neither a whole number nor text.",
    "Give every record a whole number or a text as id.",
)

# Images
FILE_NAME_UNSAFE = _reject(
    "file-name-unsafe",
    "A file name leads out of the image folder or is not a plain relative path.",
    "Use names relative to the image folder, with '/' and without '..'.",
)
IMAGE_CONFLICT = _reject(
    "image-conflict",
    "An image id occurs again with other content; the first record counts.",
    "Give every image an id of its own.",
)
IMAGE_REPEATED = _warning(
    "image-repeated",
    "An image record occurs again, word for word; it was taken once.",
    "Remove the copy if it was not meant.",
)
FILE_NAME_MISSING = _warning(
    "file-name-missing",
    "An image has no file name; its pixels cannot be found.",
    "Add file_name to the record if the pixels matter.",
)
FILE_NAME_REPEATED = _warning(
    "file-name-repeated",
    "Two images share a file name.",
    "Check that the ids do not mean the same picture.",
)
IMAGE_SIZE_INVALID = _reject(
    "image-size-invalid",
    "An image's width or height is negative or not a whole number.",
    "Leave both out to have them read from the pixels.",
)
IMAGE_SIZE_UNKNOWN = _reject(
    "image-size-unknown",
    "A record needs its image's size, and neither file nor pixels give it.",
    "Give the images, or add width and height to the image records.",
)
IMAGE_UNREADABLE = _reject(
    "image-unreadable",
    "An image file is damaged, too large, or not JPEG, PNG, WebP, BMP or TIFF.",
    "Open it in a viewer and save it again.",
)
IMAGE_FORMAT_UNSUPPORTED = _warning(
    "image-format-unsupported",
    "A picture in the folder has a format that is not read.",
    "Convert it to JPEG or PNG.",
)
IMAGE_FILE_MISSING = _warning(
    "image-file-missing",
    "An image of the file is not in the image folder.",
    "Add it, or import without pixels.",
)
IMAGE_FILE_RENAMED = _warning(
    "image-file-renamed",
    "An image was found under another folder, suffix or case than its record says.",
    "Nothing, if the name shown is the right one.",
)
IMAGE_SIZE_DIFFERS = _warning(
    "image-size-differs",
    "The pixels have another size than the record says; boxes may be off.",
    "Check whether the images were resized after annotation.",
)
IMAGE_SIZE_ROTATED = _warning(
    "image-size-rotated",
    "The record has the size before the rotation that the EXIF data ask for.",
    "Check that boxes were drawn on the upright picture.",
)
IMAGE_IN_TWO_SPLITS = _warning(
    "image-in-two-splits",
    "An image is listed in two splits; the first counts.",
    "List every image once, or scores on it are flattering.",
)
SPLIT_MISSING = _warning(
    "split-missing",
    "A split's folder or list does not exist inside the project folder.",
    "Nothing, if the split was left out on purpose.",
)
PATH_IGNORED = _warning(
    "path-ignored",
    "The YAML's 'path' does not exist inside the project folder; the YAML's own folder was used.",
    "Nothing, if the splits were found.",
)

IMAGE_EXISTS = _reject(
    "image-exists",
    "An image of this name is in the project already.",
    "Nothing, if it is the same picture; its labels come by sync or validation.",
)
IMAGE_AMBIGUOUS = _reject(
    "image-ambiguous",
    "An image id fits several images of the project.",
    "Use the image's id of the annotation file, or its full file name.",
)
IMAGE_DISPUTED = _warning(
    "image-disputed",
    "An image id can be understood in two ways that mean different images.",
    "Look at a few images before you trust the numbers; file names settle it.",
)

# Classes
CLASS_CONFLICT = _reject(
    "class-conflict",
    "A class id occurs again with another name; the first record counts.",
    "Give every class an id of its own.",
)
CLASS_REPEATED = _warning(
    "class-repeated",
    "A class record occurs again, word for word; it was taken once.",
    "Remove the copy.",
)
CLASS_NAME_REPEATED = _warning(
    "class-name-repeated",
    "Two class ids have one name; they stay two classes.",
    "Rename one, or merge them if they mean the same.",
)
CLASS_NAME_MISSING = _warning(
    "class-name-missing",
    "The folder does not name this class; its number was used.",
    "Add a data.yaml with 'names'.",
)
CLASS_COUNT_DIFFERS = _warning(
    "class-count-differs",
    "The YAML's 'nc' is not the number of its names; the names count.",
    "Correct 'nc'.",
)

CLASS_COUNTED_FROM_ONE = _warning(
    "class-counted-from-one",
    "The file counts classes from 1, the project from 0; ids were shifted.",
    "Check the class map before you confirm.",
)

# Labels and predictions
IMAGE_UNKNOWN = _reject(
    "image-unknown",
    "A record belongs to an image that does not exist.",
    "Add the image, or correct the record's image id.",
)
IMAGE_REJECTED = _reject(
    "image-rejected",
    "A record belongs to an image that was itself rejected.",
    "Mend the image's record; its labels follow.",
)
CLASS_UNKNOWN = _reject(
    "class-unknown",
    "A record has a class that does not exist.",
    "Add the class, or correct the record's class id.",
)
BOX_MISSING = _reject(
    "box-missing", "A record has neither box nor mask.", "Add 'bbox' or 'segmentation'."
)
BOX_MALFORMED = _reject(
    "box-malformed", "A box is not a list of four numbers.", "Write 'bbox' as [x, y, w, h]."
)
COORDINATE_NOT_FINITE = _reject(
    "coordinate-not-finite",
    "A coordinate is NaN or infinite.",
    "Look for a division by zero in the tool that wrote it.",
)
BOX_NEGATIVE = _reject(
    "box-negative",
    "A box has a negative width or height.",
    "Write x, y, width, height, not two corners in the wrong order.",
)
BOX_FAR_AWAY = _reject(
    "box-far-away",
    "A box lies more than ten image sides away; the values are hardly normalised.",
    "Divide coordinates by the image's width and height.",
)
BOX_WITHOUT_EXTENT = _warning(
    "box-without-extent",
    "A box has no width or no height. It is kept: a prediction without extent is a false positive.",
    "Remove it in the annotation tool, or lower the detector's rounding.",
)
BOX_OUTSIDE_IMAGE = _warning(
    "box-outside-image",
    "A box reaches outside its image. It is kept as it is, as COCO's evaluator keeps it.",
    "Clip boxes when exporting if they are meant to end at the border.",
)
BOX_FROM_MASK = _warning(
    "box-from-mask", "A record has no box; the box around its mask was taken.", "Nothing."
)
AREA_COMPUTED = _warning(
    "area-computed",
    "A label has no usable area; that of its mask, else of its box, was taken.",
    "Export areas if size buckets must follow the tool.",
)
MASK_MALFORMED = _reject(
    "mask-malformed",
    "A polygon or run-length mask is damaged.",
    "Export it again; the reason names what is wrong.",
)
MASK_SIZE_DIFFERS = _reject(
    "mask-size-differs",
    "A run-length mask has another size than its image.",
    "Write masks at the image's full size.",
)
MASK_MISSING = _warning(
    "mask-missing",
    "A record has no mask although others of the file do; it counts for boxes only.",
    "Export masks for all, or evaluate boxes.",
)
MASK_PENDING = _warning(
    "mask-pending",
    "A polygon waits for its image's size to become a mask.",
    "Give the images, or add width and height to the image records.",
)
LABEL_ID_REPEATED = _warning(
    "label-id-repeated",
    "An annotation id occurs again; both labels are kept.",
    "Give every annotation an id of its own.",
)
LABEL_ID_UNUSABLE = _warning(
    "label-id-unusable",
    "An annotation id is missing or not a whole number; the label is kept without it.",
    "Number the annotations if they must be traced back.",
)
SCORE_MISSING = _reject("score-missing", "A prediction has no score.", "Export confidences.")
SCORE_NOT_NUMBER = _reject(
    "score-not-number", "A score is not a number.", "Write scores as numbers, without quotes."
)
SCORE_NOT_FINITE = _reject(
    "score-not-finite", "A score is NaN or infinite.", "Look for an overflow in the model."
)

# YOLO text files
LABEL_FILE_ORPHAN = _warning(
    "label-file-orphan",
    "A label file has no image.",
    "Add the image, or remove the label file.",
)
EXTRA_VALUE_IGNORED = _warning(
    "extra-value-ignored",
    "A line has a value more than its shape needs (a confidence or track id); it was ignored.",
    "Nothing, if it is no coordinate.",
)
KEYPOINTS_IGNORED = _warning(
    "keypoints-ignored",
    "The YAML declares keypoints; only the boxes were read.",
    "Nothing: keypoints are not supported.",
)

# CVAT XML
SHAPE_WITHOUT_AREA = _reject(
    "shape-without-area",
    "A polyline or points cover no area, so they are no object.",
    "Draw a box, polygon, ellipse or mask where an object must count.",
)
SHAPE_UNSUPPORTED = _reject(
    "shape-unsupported",
    "A shape is none of box, polygon, ellipse and mask (such as a cuboid or a skeleton).",
    "Draw the object as a box, polygon, ellipse or mask.",
)
TAG_UNSUPPORTED = _reject(
    "tag-unsupported",
    "A tag belongs to the whole image; an import keeps objects only.",
    "Nothing, or add the file as a source: a sync keeps tags.",
)
ATTRIBUTE_IGNORED = _warning(
    "attribute-ignored",
    "A label has attributes; they are not kept.",
    "Make classes of what an evaluation must tell apart.",
)
