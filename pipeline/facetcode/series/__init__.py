"""Across notes: a patient's blocks linked by date, region, level and side, and judged together."""

from __future__ import annotations

from facetcode.series.judge import code_series
from facetcode.series.visit import Visit

__all__ = ["Visit", "code_series"]
