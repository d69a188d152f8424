"""Records against labelled notes: reading annotations, matching, scores and reports."""
