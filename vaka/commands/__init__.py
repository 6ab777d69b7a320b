"""One file for each command: `add_arguments(parser, name)` and `async run(options, settings)`."""


class Refused(Exception):
    """The command cannot do what was asked; the text says why and what to do."""
