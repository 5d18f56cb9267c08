"""Options that would do nothing are refused by name, not ignored.

--seed, --force, --jobs, --no-baseline and what a screen shows pass everywhere: scripts give them
to every command, and where they do nothing the result is what they ask for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["note_options", "noting_options", "refuse_idle"]

#: Flags of the command line that is being carried out.
_GIVEN: ContextVar[set[str] | None] = ContextVar("given", default=None)


@contextlib.contextmanager
def noting_options() -> Iterator[None]:
    """Forget at the end which options were given."""
    before = _GIVEN.set(set())
    try:
        yield
    finally:
        _GIVEN.reset(before)


def note_options(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Note which options a command line gives; Cyclopts calls this when it has read them."""
    given = _GIVEN.get()
    if given is not None:
        given.update(argument.name for argument in arguments if argument.tokens)


def refuse_idle(when: str, *flags: str) -> None:
    """Refuse those of the flags that were given, because they do nothing ``when`` it says.

    Raises
    ------
    ValueError
        If the command line gives one of them.

    Examples
    --------
    >>> refuse_idle("with a graph file", "--epsilon")
    """
    idle = [flag for flag in flags if flag in (_GIVEN.get() or ())]
    if idle:
        does, them = ("does", "it") if len(idle) == 1 else ("do", "them")
        raise ValueError(f"{', '.join(idle)} {does} nothing {when}; leave {them} out")
