"""Sub-commands of ``facetcode``, one module each; ``cli`` registers them."""
