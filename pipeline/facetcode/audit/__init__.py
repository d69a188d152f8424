"""Audits: a sample drawn from a batch, a worksheet for its reviewer, figures to sign."""
