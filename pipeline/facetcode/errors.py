"""Errors a person using facetcode can act on; none of them ever carries note text."""


class FacetcodeError(Exception):
    """Anything facetcode refuses to do; the message says what, where and what to do next."""


class NoteFormatError(FacetcodeError):
    """A file or a record of an export cannot be read as a note."""


class PolicyError(FacetcodeError):
    """A policy file is malformed; the message names file and line."""


class NoPolicyInForce(PolicyError):
    """The policy holds no value on the date of service that was asked for."""


class RecordError(FacetcodeError):
    """A record or a fact set does not follow the contract."""


class AnnotationError(FacetcodeError):
    """A labelled note is malformed; the message names file and line."""


class ExtractionError(FacetcodeError):
    """One note could not be read by the pipeline; the message names the note, never its words."""


class ModelError(FacetcodeError):
    """A trained model's file is damaged, changed, or of another version; the message says which."""


class TrainingError(FacetcodeError):
    """Labelled notes from which nothing can be learnt: too few, or all alike."""
