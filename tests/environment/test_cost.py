"""What a stage cost is noted for each stage, and for all of them in one file."""

from __future__ import annotations

import json
import threading

import torch

from focus.environment import cost


def test_all_stages_in_one_file(tmp_path):
    """logs/cost.json would lack a stage, or the host on which its last digits depend."""
    cost.record(tmp_path, "train/FOCUS", 1.234)
    cost.record(tmp_path, "tables", 2.0)
    stages = json.loads((tmp_path / "cost.json").read_text())["stages"]
    assert list(stages) == ["tables", "train/FOCUS"] and stages["train/FOCUS"]["wall_s"] == 1.23
    assert stages["tables"] == json.loads((tmp_path / "cost/tables.json").read_text())
    assert stages["tables"]["cpu_capability"] == torch.backends.cpu.get_cpu_capability()
    assert stages["tables"]["memory_mib"] > 100 and stages["tables"]["peak_rss_mib"] > 10


def test_stages_that_end_together(tmp_path):
    """Of two stages that Snakemake runs side by side, one would vanish from logs/cost.json."""
    names = [f"stage{number}" for number in range(12)]
    threads = [threading.Thread(target=cost.record, args=(tmp_path, name, 0.0)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads((tmp_path / "cost.json").read_text())["stages"]) == sorted(names)
