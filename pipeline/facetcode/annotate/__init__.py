"""Labelled notes to and from annotation tools: brat, Label Studio, doccano, CSV, spaCy DocBin."""
