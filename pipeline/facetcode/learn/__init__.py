"""What is learnt from labelled notes: how far a record can be trusted, and what is unlike them."""
