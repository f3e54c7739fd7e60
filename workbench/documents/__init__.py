"""Documents: where they come from, their text as Markdown, and its division into chunks."""
