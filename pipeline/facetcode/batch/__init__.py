"""Many notes: a local pool of processes, a journal to go on from, and what a run leaves behind."""
