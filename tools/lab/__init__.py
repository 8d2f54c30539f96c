"""The template lab: renders charts in milliseconds, and says which lines and values matter.

Nothing in here knows a chart by name; docs/template-lab.md shows how to use it on another one.
"""
