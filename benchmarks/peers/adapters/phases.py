"""The protocol that all adapters share: the same phases, the same clock, the same output.

    python with_TOOL.py files TRUTH PREDICTIONS IOU_TYPE
    python with_TOOL.py arrays TRUTH PREDICTIONS IOU_TYPE SECONDS

`files` is one whole evaluation as a user's script would do it. `arrays` loads first, then calls
"what is in memory → the twelve numbers" once to warm up and again and again for some seconds.
Only the standard library is imported here: the adapter's process is a measured one. Adapters
import this module before all others, so that its clock sees their imports.
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import json  # noqa: E402  # the clock starts before everything else
import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from typing import Any  # noqa: E402

MOST_CALLS = 30
FEWEST_CALLS = 3


class Evaluator:
    """What an adapter knows of its tool; one method a phase, in a tool's fastest documented way.

    `evaluate` matches and accumulates; `summarize` gives COCO's twelve numbers, None for those
    that a tool does not have. `hold` may turn what was loaded into the form that the tool
    evaluates fastest from memory; only `arrays` calls it, outside the clock.
    """

    def load_truth(self, path: str) -> Any:
        raise NotImplementedError

    def load_predictions(self, truth: Any, path: str) -> Any:
        raise NotImplementedError

    def hold(self, predictions: Any, iou_type: str) -> Any:
        del iou_type
        return predictions

    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        raise NotImplementedError

    def summarize(self, evaluated: Any) -> Sequence[float | None]:
        raise NotImplementedError


class CocoApi(Evaluator):
    """A tool with the two classes of pycocotools, its own or a copy of its interface."""

    def __init__(self, coco: Any, coco_eval: Any) -> None:
        self._coco = coco
        self._coco_eval = coco_eval

    def load_truth(self, path: str) -> Any:
        return self._coco(path)

    def load_predictions(self, truth: Any, path: str) -> Any:
        return truth.loadRes(path)

    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        evaluated = self._coco_eval(truth, predictions, iou_type)
        evaluated.evaluate()
        evaluated.accumulate()
        return evaluated

    def summarize(self, evaluated: Any) -> Sequence[float | None]:
        evaluated.summarize()
        numbers: Sequence[float | None] = evaluated.stats[:12]
        return numbers


class Clock:
    """Wall and CPU seconds of named phases."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def __call__(self, phase: str, call: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        value = call()
        self.seconds[phase] = time.perf_counter() - wall
        self.cpu[phase] = time.process_time() - cpu
        return value


def run(tool: Evaluator) -> None:
    """Do what the command line asks for and print one JSON object, whatever the tool prints."""
    clock = Clock()
    clock.seconds["import"] = time.perf_counter() - STARTED
    mode, truth_path, predictions_path, iou_type = sys.argv[1:5]
    answers = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # pathlib is not imported for this
        os.dup2(nowhere.fileno(), 1)
    truth = clock("truth", lambda: tool.load_truth(truth_path))
    predictions = clock("predictions", lambda: tool.load_predictions(truth, predictions_path))
    found: dict[str, Any] = {"seconds": clock.seconds, "cpu_seconds": clock.cpu}
    if mode == "files":
        evaluated = clock("evaluate", lambda: tool.evaluate(truth, predictions, iou_type))
        numbers = clock("summary", lambda: tool.summarize(evaluated))
    else:
        held = tool.hold(predictions, iou_type)
        del predictions

        def whole() -> Sequence[float | None]:
            return tool.summarize(tool.evaluate(truth, held, iou_type))

        numbers = clock("first", whole)
        found["calls"] = repeat(whole, float(sys.argv[5]))
    found["numbers"] = [None if number is None else float(number) for number in numbers]
    answers.write(json.dumps(found) + "\n")
    answers.flush()


def repeat(call: Callable[[], Any], seconds: float) -> list[list[float]]:
    """Return wall and CPU seconds of calls that follow each other for about `seconds`."""
    calls: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(calls) < FEWEST_CALLS or (time.perf_counter() < end and len(calls) < MOST_CALLS):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        calls.append([time.perf_counter() - wall, time.process_time() - cpu])
    return calls
