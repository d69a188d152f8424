"""Facts and a dated policy to claim lines and flags; the rules read facts alone, never a note."""

from __future__ import annotations

from facetcode.coding.assemble import code, verify
from facetcode.coding.checklist import checklist
from facetcode.coding.choose import PayerMapping, choose_policy, load_mapping, policy_for
from facetcode.coding.diff import diff_claims, diff_rules
from facetcode.coding.policy import InForce, Policy, load_policy, policy_names
from facetcode.coding.policy_table import policy_table

__all__ = [
    "InForce",
    "PayerMapping",
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
