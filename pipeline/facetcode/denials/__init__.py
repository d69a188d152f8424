"""What payers did with the claims: remittances read, joined to records, and shown as patterns."""
