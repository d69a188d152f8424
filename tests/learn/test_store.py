"""Model files: the same bytes for the same model, and every file that is refused."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from facetcode.errors import ModelError
from facetcode.learn import store


def model() -> Pipeline:
    rows = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.5]])
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    return pipeline.fit(rows, [0, 0, 1, 1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store.write(tmp_path / "confidence", {"pipeline": model()}, {"data": {}}, "# card\n")
    return tmp_path / "confidence"


def test_a_model_comes_back_as_it_was(folder: Path) -> None:
    held = store.load(store.read(folder))
    rows = np.array([[0.5, 0.5], [2.5, 1.0]])
    assert np.array_equal(held["pipeline"].predict_proba(rows), model().predict_proba(rows))


def test_the_same_model_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again" / "confidence"
    store.write(again, {"pipeline": model()}, {"data": {}}, "# card\n")
    for name in (store.MODEL, store.METRICS, store.CARD):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def metrics(folder: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    place = folder / store.METRICS
    data = json.loads(place.read_text())
    change(data)
    place.write_text(json.dumps(data))


def swap_byte(folder: Path) -> None:
    place = folder / store.MODEL
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(bytes(data))


def other_facetcode(folder: Path) -> None:
    metrics(folder, lambda data: data["versions"].update(facetcode="0.0.9"))


def other_scikit_learn(folder: Path) -> None:
    metrics(folder, lambda data: data["versions"].update(scikit_learn="1.2.0"))


def pickled(folder: Path) -> None:
    place = folder / store.MODEL
    place.write_bytes(pickle.dumps(model()))
    _rehash(folder)


def unknown_type(folder: Path) -> None:
    """A file whose schema names a type that could do anything."""
    place = folder / store.MODEL
    source = zipfile.ZipFile(place)
    members = {name: source.read(name) for name in source.namelist()}
    source.close()
    schema = members["schema.json"].replace(b'"LogisticRegression"', b'"Popen"')
    schema = schema.replace(b'"sklearn.linear_model._logistic"', b'"subprocess"')
    assert schema != members["schema.json"]
    with zipfile.ZipFile(place, "w") as target:
        for name, data in {**members, "schema.json": schema}.items():
            target.writestr(name, data)
    _rehash(folder)


def _rehash(folder: Path) -> None:
    digest = store.sha256((folder / store.MODEL).read_bytes())
    metrics(folder, lambda data: data["model"].update(sha256=digest))


def too_large(folder: Path) -> None:
    with (folder / store.MODEL).open("ab") as file:
        file.truncate(store.MAX_BYTES + 1)
    _rehash(folder)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(swap_byte, "is not the file that was trained", id="a byte changed"),
        pytest.param(other_facetcode, "was trained with facetcode 0.0.9", id="another facetcode"),
        pytest.param(other_scikit_learn, "trained with scikit-learn 1.2.0", id="another sklearn"),
        pytest.param(pickled, "is no model file", id="a pickle"),
        pytest.param(unknown_type, "not known to be harmless", id="a type that runs code"),
        pytest.param(too_large, "is not the file that was trained", id="too large"),
        pytest.param(lambda f: (f / store.MODEL).unlink(), "No such file", id="the model is gone"),
        pytest.param(
            lambda f: (f / store.METRICS).write_text("{"), "cannot be read", id="broken metrics"
        ),
        pytest.param(
            lambda f: metrics(f, lambda d: d.update(task="time")), "is not of the task", id="task"
        ),
        pytest.param(
            lambda f: metrics(f, lambda d: d.pop("versions")), "name no versions", id="no versions"
        ),
    ],
)
def test_files_that_are_refused(folder: Path, spoil: Callable[[Path], object], says: str) -> None:
    spoil(folder)
    with pytest.raises(ModelError, match=says) as caught:
        store.load(store.read(folder))
    assert "facetcode train" in str(caught.value)


def test_a_model_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not known to be harmless"):
        store.write(tmp_path / "time", {"pipeline": Path("/")}, {}, "")
    assert not (tmp_path / "time" / store.METRICS).exists()


def test_metrics_cannot_say_that_there_is_a_model(tmp_path: Path) -> None:
    store.write(tmp_path / "time", None, {"model": 0.9, "task": "else"}, "")
    stored = store.read(tmp_path / "time")
    assert not stored.has_model and stored.task == "time"
