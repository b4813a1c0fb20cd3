"""The caches that sandboxed kernels copy: one in use is never taken away."""

import os
import time

from lobsim.course import warmth


def _folder(base, name, days_old):
    path = base / name
    path.mkdir()
    moment = time.time() - days_old * 86_400
    os.utime(path, (moment, moment))
    return path


def test_of_many_versions_only_old_ones_beyond_the_newest_few_go(tmp_path):
    mine = _folder(tmp_path, "mine", 0)
    young = [_folder(tmp_path, f"young{k}", 0.5) for k in range(5)]
    old = [_folder(tmp_path, f"old{k}", 2 + k) for k in range(2)]
    warmth._prune(mine)
    assert mine.is_dir() and all(path.is_dir() for path in young)
    assert not any(path.exists() for path in old)


def test_the_newest_few_stay_however_old(tmp_path):
    mine = _folder(tmp_path, "mine", 0)
    old = [_folder(tmp_path, f"old{k}", 10 + k) for k in range(warmth._KEPT + 1)]
    warmth._prune(mine)
    assert [path.exists() for path in old] == [True] * warmth._KEPT + [False]


def test_kernels_of_every_floor_with_a_cache_of_its_own_are_copied(tmp_path, monkeypatch):
    from lobsim.engine import jit

    folders = {floor: tmp_path / "numba" / f"lobsim-{floor or 'all'}" for floor in
               (*jit.DEPENDS, "")}
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "kernel.nbi").write_text("index")
    monkeypatch.setattr(jit, "cache_folder", folders.get)
    monkeypatch.setattr(jit, "warm_up", lambda: 0.0)
    target = tmp_path / "target"
    target.mkdir()
    monkeypatch.setattr("sys.argv", ["collect", str(target)])
    exec(warmth._COLLECT, {})
    copied = {path.parent.name for path in target.glob("numba/*/kernel.nbi")}
    assert copied == {folder.name for folder in folders.values()}
