"""Facts and a dated policy to claim lines and flags; the rules read facts alone, never a note."""

from __future__ import annotations

from facetcode.coding.assemble import code
from facetcode.coding.checklist import checklist
from facetcode.coding.choose import choose_policy, load_mapping, policy_for
from facetcode.coding.diff import diff_claims, diff_rules
from facetcode.coding.policy import InForce, Policy, load_policy, policy_names
from facetcode.coding.policy_table import policy_table
from facetcode.coding.verification import verify

__all__ = [
    "InForce",
    "Policy",
    "checklist",
    "choose_policy",
    "code",
    "diff_claims",
    "diff_rules",
    "load_mapping",
    "load_policy",
    "policy_for",
    "policy_names",
    "policy_table",
    "verify",
]
