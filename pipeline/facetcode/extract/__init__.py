"""Text to facts: medspaCy's parts configured for procedure notes, and one module a fact."""
