"""The taxonomy: its leaves, what is right and wrong in their files, and what changed in them."""
