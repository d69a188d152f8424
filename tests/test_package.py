"""What is installed, what it costs to start, and who may import whom."""

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import facetcode

ROOT = Path(__file__).parents[1]
CHECKOUT = (ROOT / "pyproject.toml").exists()
needs_checkout = pytest.mark.skipif(not CHECKOUT, reason="about the checkout's own files")


@pytest.mark.parametrize("module", ["facetcode", "facetcode.cli"])
def test_starting_does_not_load_what_is_slow(module: str) -> None:
    slow = "{'spacy', 'medspacy', 'rich', 'numpy', 'pyarrow', 'yaml'}"
    code = f"import sys, {module}; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_coding_stored_facts_does_not_load_spacy() -> None:
    code = (
        "import sys; from facetcode.coder import Coder; from facetcode.coding import load_policy;"
        "from facetcode.facts import Facts, Procedure;"
        "Coder(load_policy('default')).code_facts(Facts(Procedure(None)), note_id='n');"
        "print(sorted({'spacy', 'medspacy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_says_what_it_offers() -> None:
    assert set(facetcode.__all__) == {"Coder", "__version__", "load"}
    with pytest.raises(AttributeError, match="no attribute 'loud'"):
        facetcode.loud  # noqa: B018


@pytest.fixture
def installed() -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution("facetcode")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from sources that are not installed")


def test_the_version_is_the_installed_one(installed: importlib.metadata.Distribution) -> None:
    assert installed.version == facetcode.__version__


def test_one_name_is_installed(installed: importlib.metadata.Distribution) -> None:
    files = installed.files or []
    if not any(str(file) == "facetcode/__init__.py" for file in files):
        pytest.skip("installed from a checkout, not from a wheel")
    top = {file.parts[0] for file in files if not file.parts[0].startswith("..")}
    assert {name for name in top if not name.endswith(".dist-info")} == {"facetcode"}
    assert "facetcode/py.typed" in map(str, files)
    assert any(str(file).startswith("facetcode/_models/") for file in files)


def _pins() -> dict[str, dict[str, str]]:
    """The constraints, as package to version, for each supported Python."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins: dict[str, dict[str, str]] = {python: {} for python in ("3.11", "3.12", "3.13")}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        assert str(pin.specifier).startswith("=="), f"{line}: not an exact pin"
        assert pin.url is None
        for python, known in pins.items():
            if pin.marker is None or pin.marker.evaluate({"python_version": python}):
                name = canonicalize_name(pin.name)
                assert name not in known, f"{line}: pinned twice on Python {python}"
                known[name] = str(pin.specifier)[2:]
    return pins


@needs_checkout
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_pins_are_what_the_dependencies_allow(python: str) -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    pins = _pins()[python]
    for line in [*project["dependencies"], *extras]:
        wanted = Requirement(line)
        if wanted.name == "facetcode":
            continue
        if wanted.marker is None or wanted.marker.evaluate({"python_version": python}):
            assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), line


@needs_checkout
def test_facts_and_coding_know_nothing_of_what_stands_above() -> None:
    """The order of the house: docs/architecture.md."""
    package = ROOT / "pipeline" / "facetcode"
    below = {
        "anatomy.py": set(),
        "facts.py": set(),
        "errors.py": set(),
        "notes": {"errors", "facts", "anatomy", "notes"},
        "extract": {"errors", "facts", "anatomy", "record", "extract"},
        "coding": {"errors", "facts", "anatomy", "record", "coding"},
    }
    for room, allowed in below.items():
        place = package / room
        for path in [place] if place.is_file() else place.rglob("*.py"):
            used = _imported(path)
            assert used <= allowed, f"{path.relative_to(package)} imports {used - allowed}"
            if room == "coding":
                text = path.read_text()
                assert "import spacy" not in text and "import medspacy" not in text


def _imported(path: Path) -> set[str]:
    """The rooms of facetcode that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("facetcode.")}
