"""Imports go downwards only, and importing the package stays quick."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each room may import rooms in the lines above it, and rooms in its own set.
LAYERS: list[set[str]] = [
    {"errors", "settings"},
    {"presets", "option", "options", "types"},
    {"report", "prompts", "io", "networks", "mask_ops", "tiling", "interruption"},
    {"models"},
    {"detection", "matting", "backgrounds", "compositing", "faces"},
    {"selection", "plan", "finding", "swapper"},
    {"batch", "ui", "cli", "__main__", "__init__", "warm_up"},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
SIBLINGS = {"detection", "matting", "backgrounds", "compositing", "faces"}
HEAVY = ("torch", "diffusers", "transformers", "ultralytics", "pymatting", "gradio", "skimage")


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "bgswap").with_suffix("").parts[0]


def nodes_at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except ``if TYPE_CHECKING`` blocks, whose imports do not happen at run time."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from nodes_at_run_time(node)


def imported(path: Path) -> set[str]:
    names = set()
    for node in nodes_at_run_time(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_imported(path: Path) -> set[str]:
    parts = (name.split(".") for name in imported(path))
    return {p[1] for p in parts if p[0] == "bgswap" and len(p) > 1 and p[1] in LEVEL}


SOURCES = sorted((ROOT / "bgswap").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards(path: Path) -> None:
    room = room_of(path)
    assert room in LEVEL, f"{room} has no place in the layers"
    for other in rooms_imported(path) - {room}:
        assert LEVEL[other] <= LEVEL[room], f"{room} imports {other} from above"
        if room in SIBLINGS:
            assert other not in SIBLINGS, f"{room} imports its sibling {other}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_knows_no_page_and_no_training(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    allowed = {"gradio", "spaces"} if room_of(path) == "ui" else set()
    assert not tops & {"gradio", "training", "app", "spaces"} - allowed


@pytest.mark.parametrize("path", sorted((ROOT / "training").rglob("*.py")), ids=lambda p: p.name)
def test_training_knows_no_swapper(path: Path) -> None:
    assert not rooms_imported(path) & {"swapper", "ui", "report", "cli"}
    assert "app" not in {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("module", ["bgswap", "bgswap.swapper", "bgswap.models"])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print([n for n in {HEAVY!r} if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_imports_go_in_a_circle() -> None:
    """Not even those inside functions."""
    modules = {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
        for p in SOURCES
    }
    graph = {
        name: {
            other
            for other in imported(path) & modules.keys()
            if not f"{name}.".startswith(f"{other}.")
        }
        for name, path in modules.items()
    }
    graphlib.TopologicalSorter(graph).prepare()


def test_files_stay_readable_at_one_sitting() -> None:
    sources = [*SOURCES, ROOT / "app.py", *(ROOT / "training").rglob("*.py")]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in sources}
    assert not {name: n for name, n in lengths.items() if n > 250}


# Names that each package may have one of; Python itself asks for the last two.
ALIKE = {"train", "evaluate", "base", "__init__", "__main__"}


def test_no_two_modules_have_one_name() -> None:
    sources = [*SOURCES, *sorted((ROOT / "training").rglob("*.py"))]
    places: dict[str, list[str]] = {}
    for path in sources:
        places.setdefault(path.stem, []).append(str(path.relative_to(ROOT)))
    twins = {n: p for n, p in places.items() if len(p) > 1 and n not in ALIKE}
    assert not twins
