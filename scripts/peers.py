"""Install the newest release of every package that `make bench` compares with.

    python -m scripts.peers [NAME …]

Each peer gets an environment of its own under .cache/peers, so that they never meet ours or each
other's versions of NumPy. What cannot be had on this machine is skipped by name with the reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".cache" / "peers"
INSTALLED = FOLDER / "installed.json"


@dataclass(frozen=True, slots=True)
class Peer:
    """A package on PyPI that computes COCO's numbers.

    `probe` is a piece of Python that works only if the peer can run here.
    """

    name: str
    probe: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installation:
    """What came of installing a peer: its version, or the reason why it cannot run here."""

    name: str
    version: str | None = None
    numpy: str | None = None
    skipped: str | None = None


PEERS = {
    peer.name: peer
    for peer in (
        Peer("pycocotools", "import pycocotools.cocoeval"),
        Peer("faster-coco-eval", "import faster_coco_eval"),
        Peer("hotcoco", "import hotcoco"),
        Peer("ultrafast-pycocotools", "import ultrafast_pycocotools"),
        Peer("vernier", "import vernier.instance"),
        # Its COCO loader reads masks through pycocotools.
        Peer("supervision", "import supervision.metrics", needs=("pycocotools",)),
        # Without a MongoDB server it cannot even make a dataset.
        Peer("fiftyone", "import fiftyone; fiftyone.Dataset('probe')"),
    )
}

VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = []
for name in sys.argv[1:]:
    try:
        found.append(version(name))
    except PackageNotFoundError:
        found.append(None)
print(json.dumps(found))
"""


def python_of(name: str) -> Path:
    """Return the Python of a peer's environment, whether it exists or not."""
    return FOLDER / name / "bin" / "python"


def install(peer: Peer) -> Installation:
    """Create or renew a peer's environment and try whether it runs."""
    python = python_of(peer.name)
    if not python.exists():
        made = _run([sys.executable, "-m", "venv", str(FOLDER / peer.name)])
        if made.returncode:
            return Installation(peer.name, skipped=_last_line(made, "venv failed"))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    renewed = _run([*pip, "--upgrade", "--upgrade-strategy=eager", peer.name, *peer.needs])
    version, numpy = _versions(python, peer.name)
    if version is None:
        return Installation(peer.name, skipped=_last_line(renewed, "pip found no release"))
    tried = _run([str(python), "-c", peer.probe], timeout=120)
    if tried.returncode:
        return Installation(peer.name, version, numpy, _last_line(tried, "it does not run"))
    return Installation(peer.name, version, numpy)


def installed() -> dict[str, Installation]:
    """Return what the last installation found, by name; empty before the first."""
    if not INSTALLED.exists():
        return {}
    rows = json.loads(INSTALLED.read_text(encoding="utf-8"))
    return {row["name"]: Installation(**row) for row in rows}


def _run(command: list[str], timeout: float = 1800) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {timeout:.0f} s")


def _versions(python: Path, name: str) -> tuple[str | None, str | None]:
    version, numpy = json.loads(_run([str(python), "-c", VERSIONS, name, "numpy"]).stdout)
    return version, numpy


def _last_line(finished: subprocess.CompletedProcess[str], otherwise: str) -> str:
    """Return the first sentence of what a program said last of an error."""
    lines = [line.strip() for line in finished.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "exception" in line.lower()]
    return (errors or lines or [otherwise])[-1].split(". ")[0][:300]


def main() -> int:
    """Install the named peers, all of them by default, and print what came of it."""
    names = sys.argv[1:] or list(PEERS)
    unknown = sorted(set(names) - PEERS.keys())
    if unknown:
        print(f"unknown peer {', '.join(unknown)}; known: {', '.join(PEERS)}", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = installed()
    for name in names:
        found[name] = result = install(PEERS[name])
        state = f"skipped: {result.skipped}" if result.skipped else "ready"
        print(f"{name:<24}{result.version or '-':<12}{state}", flush=True)
        rows = [asdict(row) for row in found.values()]
        INSTALLED.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
