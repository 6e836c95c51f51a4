"""Turns at models: their weights, modules and schedulers are shared state, so threads that use one go one by one."""

from __future__ import annotations

import threading
import weakref

_LOCKS: weakref.WeakKeyDictionary[object, threading.RLock] = weakref.WeakKeyDictionary()
_MAKING = threading.Lock()


def turn_at(model: object) -> threading.RLock:
    """The lock that whoever changes ``model`` for a while has to hold; the same one for the same object."""
    with _MAKING:
        return _LOCKS.setdefault(model, threading.RLock())
