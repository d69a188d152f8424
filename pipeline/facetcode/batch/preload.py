"""Imported once by the server that workers are forked from: everything slow to import."""

from facetcode.batch import worker  # noqa: F401
from facetcode.extract import build  # noqa: F401
from facetcode.learn import confidence, in_use, judge  # noqa: F401
