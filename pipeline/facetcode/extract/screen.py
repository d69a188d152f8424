"""A cheap screen ahead of the pipeline: could this note hold a facet block?"""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.rules import load_rules


@cache
def _words() -> re.Pattern[str]:
    return re.compile(load_rules("screen")["words"], re.IGNORECASE)


def could_hold_facet_block(text: str) -> bool:
    """False only for notes without any word of a facet block or of a pain procedure."""
    return _words().search(text) is not None
