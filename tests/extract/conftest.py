"""One pipeline for all extraction tests: building it takes longer than any of them."""

from __future__ import annotations

import pytest

from facetcode.extract.build import Extractor


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    return Extractor()
