"""Models behind OpenAI's API, many requests at once."""
