"""Views for notebooks: tables, and panels to click in that also have a form which needs no kernel.

A panel never holds a notebook up: it starts with the value it is given, and the next cell reads what it holds then.
"""
