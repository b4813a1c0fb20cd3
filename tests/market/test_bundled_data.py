"""The bundled files: rebuilt bit for bit, as the manifest says, with the traps they promise."""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lobsim.market.bundled import make_bundled, verify

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def manifest():
    return json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))


def lines_of(name, manifest):
    return gzip.decompress((DATA / manifest["files"][name]["path"]).read_bytes()).decode(
        "ascii").splitlines()


def test_rebuild_is_bit_identical(manifest, tmp_path):
    again = make_bundled(tmp_path / "data")
    for name, entry in manifest["files"].items():
        made = again["files"][name]
        assert made["content_sha256"] == entry["content_sha256"], name
        assert {k: made[k] for k in ("path", "rows", "seed", "description", "licence")} == \
            {k: entry[k] for k in ("path", "rows", "seed", "description", "licence")}
    assert verify(tmp_path / "data") == []


def test_files_are_as_the_manifest_says_and_small(manifest):
    assert verify(DATA) == []
    assert set(manifest["files"]) == {"taq_trades", "taq_quotes", "lobster_messages",
                                      "lobster_book", "btcusd_events", "desk_orders",
                                      "desk_children", "desk_fills", "desk_quotes", "desk_trades"}
    assert sum(entry["bytes"] for entry in manifest["files"].values()) < 6e6
    for name, entry in manifest["files"].items():
        head_and_trailer = {"taq_trades": 2, "taq_quotes": 2, "btcusd_events": 1}.get(
            name, int(name.startswith("desk")))
        assert len(lines_of(name, manifest)) == entry["rows"] + head_and_trailer
        assert (DATA / entry["path"]).stat().st_size == entry["bytes"]
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert all(entry["path"] in readme for entry in manifest["files"].values())


def test_verify_names_each_damage(manifest, tmp_path):
    shutil.copytree(DATA, tmp_path / "data")
    files = manifest["files"]
    (tmp_path / "data" / files["taq_trades"]["path"]).unlink()
    (tmp_path / "data" / files["btcusd_events"]["path"]).write_bytes(b"not gzip")
    path = tmp_path / "data" / files["lobster_book"]["path"]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-3]))
    findings = verify(tmp_path / "data")
    assert len(findings) == 3
    assert "taq_trades" in findings[0] and "missing" in findings[0]
    assert "lobster_book" in findings[1] and "differs" in findings[1]
    assert "btcusd_events" in findings[2] and "gzip" in findings[2]
    assert "lobsim data make" in verify(tmp_path)[0]


def test_taq_files_have_columns_trailer_and_sorted_times(manifest):
    for name, columns in (("taq_trades", 15), ("taq_quotes", 23)):
        lines = lines_of(name, manifest)
        assert {line.count("|") for line in lines} == {columns - 1}
        assert lines[-1].startswith(f"END|{manifest['date']}|{len(lines) - 2}|")
        times = [line[:15] for line in lines[1:-1]]
        assert all(len(t) == 15 and t.isdigit() for t in times) and times == sorted(times)


def test_lobster_pair_steps_from_row_to_row(manifest):
    """Row n-1 of the book + message n = row n, on all levels but the last (section 7)."""
    messages = np.array([[float(x) for x in line.split(",")]
                         for line in lines_of("lobster_messages", manifest)])
    book = np.array([[int(x) for x in line.split(",")]
                     for line in lines_of("lobster_book", manifest)])
    assert len(messages) == len(book) > 10_000
    live, wrong, deletes = {}, 0, []
    for n in range(1, len(book)):
        _, kind, order_id, size, price, side = messages[n]
        column = 0 if side < 0 else 2
        before = dict(zip(book[n - 1][column::4], book[n - 1][column + 1::4]))
        after = dict(zip(book[n][column::4], book[n][column + 1::4]))
        if kind != 5:
            before[price] = before.get(price, 0) + (size if kind == 1 else -size)
            if before[price] == 0:
                del before[price]
        best_first = sorted(before, reverse=bool(side > 0))[:9]
        wrong += [(p, before[p]) for p in best_first] != list(after.items())[:len(best_first)]
        other = 2 if side < 0 else 0
        assert (book[n][other::4] == book[n - 1][other::4]).all()
        if kind == 1:
            live[order_id] = size
        elif order_id in live:
            live[order_id] -= size
            assert live[order_id] >= 0
            if kind == 3:
                deletes.append(live[order_id] == 0)
    assert wrong == 0
    # The rest shrank unseen, below the tenth level.
    assert len(deletes) > 1000 and np.mean(deletes) > 0.97


def test_lobster_rows_are_plausible(manifest):
    messages = np.array([[float(x) for x in line.split(",")]
                         for line in lines_of("lobster_messages", manifest)])
    book = np.array([[int(x) for x in line.split(",")]
                     for line in lines_of("lobster_book", manifest)])
    assert set(messages[:, 1]) == {1, 2, 3, 4, 5}
    assert (np.diff(messages[:, 0]) >= 0).all()
    hidden = messages[:, 1] == 5
    assert (messages[hidden, 2] == 0).all() and (messages[~hidden, 2] > 0).all()
    assert (book[:, 0] > book[:, 2]).all()
    spread = (book[:, 0] - book[:, 2]) / 100
    assert 2 <= np.median(spread) <= 6
    inside = (messages[hidden, 4] > book[hidden, 2]) & (messages[hidden, 4] < book[hidden, 0])
    assert inside.all()


def test_bitstamp_events_keep_a_consistent_book(manifest):
    """Ids are created once, volumes only fall, and all are deleted at the end."""
    lines = lines_of("btcusd_events", manifest)
    assert lines[0] == "id,timestamp,exchange_timestamp,price,volume,action,direction"
    rows = [line.split(",") for line in lines[1:]]
    left = {}
    finished = set()
    for order_id, seen, sent, price, volume, action, direction in rows:
        assert int(sent) < int(seen) and direction in ("bid", "ask") and float(price) > 0
        if action == "created":
            assert order_id not in left and order_id not in finished
            left[order_id] = float(volume)
        elif order_id in left:
            assert float(volume) <= left[order_id] + 1e-12
            left[order_id] = float(volume)
            if action == "deleted":
                del left[order_id]
                finished.add(order_id)
    assert not left
    seen = [int(row[1]) for row in rows]
    assert seen == sorted(seen)
    flash = sum(a[0] == b[0] and a[1] == b[1] and a[5] == "created" and b[5] == "deleted"
                for a, b in zip(rows, rows[1:]))
    assert flash > 500
