"""The one error type that people see."""


class ToolError(Exception):
    """A failure with a sentence a person can act on: what, where, what to do.

    The command line prints the message alone and exits with 1; anything else
    that escapes is a defect of the tooling and keeps its traceback.
    """
