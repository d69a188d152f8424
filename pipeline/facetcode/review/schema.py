"""The desk's tables. Changed only together with a migration (``migrations/versions``).

Times are ISO 8601 in UTC, as text: they sort, and both databases keep them alike. JSON is text for
the same reason. Note text stands in ``notes`` alone, apart from what lists are made of.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text),
    Column("subject", String(255), unique=True),  # the identity provider's name for the person
    Column("active", Integer, nullable=False, default=1),
    Column("created_at", String(32), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", String(32), nullable=False, index=True),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("user_id", ForeignKey("users.id")),
    Column("expires_at", String(32), nullable=False),
    Column("used_at", String(32)),
)

notes = Table(
    "notes",
    metadata,
    Column("note_id", Text, primary_key=True),
    Column("text", Text, nullable=False),  # as a JSON string: PostgreSQL keeps no NUL
    Column("text_hash", String(64), nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("note_id", ForeignKey("notes.note_id"), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("flags", Text, nullable=False),  # ",SIDE_MISSING,UNSIGNED,"
    Column("codes", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("patient", Text, nullable=False, index=True),
    Column("day", String(10), nullable=False),
    Column("confidence", Float),
    Column("state", String(8), nullable=False),  # open, waiting, done
    Column("outcome", String(12)),  # accepted, edited, overridden, rejected
    Column("holder", ForeignKey("users.id")),
    Column("held_at", String(32)),
    Column("assignee", ForeignKey("users.id")),
    Column("decided_by", ForeignKey("users.id")),
    Column("decided_at", String(32), index=True),
    Column("skipped_at", String(32)),
    Column("version", Integer, nullable=False),
    # A page of the list in order, whatever it is narrowed to; the next note; the counts above it.
    Index("ix_items_state_id", "state", "id"),
    Index("ix_items_state_status", "state", "status", "id"),
    Index("ix_items_state_payer", "state", "payer", "id"),
    Index("ix_items_state_provider", "state", "provider", "id"),
    Index("ix_items_next", "state", "skipped_at", "id"),
    Index("ix_items_counted", "state", "status", "assignee", "decided_by"),
    # Only for the choices of the filters, which are looked up one after the other.
    Index("ix_items_payer", "payer"),
    Index("ix_items_provider", "provider"),
)

records = Table(
    "records",
    metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("record_hash", String(64), nullable=False),
    Column("suggested", Text, nullable=False),
    Column("current", Text),  # null until a coder changes something
    Column("override", Text),
)

drafts = Table(
    "drafts",
    metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("body", Text, nullable=False),
    Column("saved_at", String(32), nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False, index=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("at", String(32), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("seconds", Float),
    Column("before", Text, nullable=False),  # what undo goes back to
    Column("after", Text, nullable=False),
    Column("fields", Text, nullable=False),  # outcome classes a field
    Column("undone_by", Integer),
)

queries = Table(
    "queries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False, index=True),
    Column("asked_by", ForeignKey("users.id"), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("flags", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("answer", Text),
    Column("answered_at", String(32)),
    Column("recorded_by", ForeignKey("users.id")),
    Column("withdrawn", Integer, nullable=False, default=0),
)

samples = Table(
    "samples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("method", String(60), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("frame", Integer, nullable=False),  # finished notes it was drawn from
    Column("frame_hash", String(64), nullable=False),
    Column("drawn_by", ForeignKey("users.id"), nullable=False),
    Column("drawn_at", String(32), nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sample_id", ForeignKey("samples.id"), nullable=False, index=True),
    Column("item_id", ForeignKey("items.id"), nullable=False, index=True),
    Column("auditor", ForeignKey("users.id"), nullable=False, index=True),
    Column("first_decision", ForeignKey("decisions.id"), nullable=False),
    Column("record", Text),  # the second reviewer's own working copy
    Column("answer", Text),  # status and lines, once given
    Column("comment", Text),
    Column("done_at", String(32)),
    Column("agrees", Integer),
    Column("rebuttal", Text),
    Column("rebutted_at", String(32)),
    Column("ruling", String(8)),  # first, second
    Column("ruling_comment", Text),
    Column("ruled_by", ForeignKey("users.id")),
    UniqueConstraint("sample_id", "item_id", name="uq_reviews_sample_item"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("user_id", Integer),
    Column("action", String(40), nullable=False),
    Column("item_id", Integer),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
