"""Folders that one run holds."""

from __future__ import annotations

import pytest

from featgraph.core.files import LOCK, FolderLock, released_at_end


def test_a_folder_is_held_until_it_is_released(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(ValueError, match="folder must be free, got .* which process"):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    assert not (tmp_path / LOCK).exists()
    FolderLock(tmp_path).release()


def test_a_link_in_place_of_the_lock_does_not_lead_to_another_file(tmp_path):
    (tmp_path / "notes.txt").write_text("keep")
    (tmp_path / LOCK).symlink_to("notes.txt")
    with pytest.raises(OSError, match=LOCK):
        FolderLock(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "keep"


def test_what_a_holder_calls_may_use_a_folder_that_it_lends(tmp_path):
    lock = FolderLock(tmp_path, lent=True)
    FolderLock(tmp_path).release()  # releases nothing: the first one holds it
    assert (tmp_path / LOCK).exists()
    with pytest.raises(ValueError, match="folder must be free"):
        FolderLock(tmp_path, lent=True)  # another run
    lock.release()
    kept = FolderLock(tmp_path)
    with pytest.raises(ValueError, match="folder must be free"):
        FolderLock(tmp_path)  # lent no more
    kept.release()


def test_a_stop_releases_what_was_locked_within(tmp_path):
    outer = FolderLock(tmp_path / "outer")
    held = []

    def stop():
        held.append(FolderLock(tmp_path / "inner"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), released_at_end():
        stop()
    assert not (tmp_path / "inner" / LOCK).exists()
    assert (tmp_path / "outer" / LOCK).exists()
    outer.release()
