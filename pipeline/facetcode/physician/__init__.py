"""What goes back to the physician: questions about a note, and a template for the next one."""
