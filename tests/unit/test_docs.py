"""The documentation tells of what there is."""

import json
import re
import shlex
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from api.metrics import ApiMetrics
from events.codec import decode_message
from events.kinds import KINDS
from events.messages import Message
from processors.backtest_metrics import BacktestMetrics
from processors.coverage import CoverageMetrics
from processors.metrics import EngineMetrics
from processors.reach_metrics import ReachMetrics
from processors.service_levels import ServiceLevelMetrics
from vaka.cli import parser

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_metric_is_documented() -> None:
    registry = CollectorRegistry()
    for metrics in (EngineMetrics, ReachMetrics, ApiMetrics, BacktestMetrics, ServiceLevelMetrics, CoverageMetrics):
        metrics(registry)
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    names = [metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_kind_and_field_is_told_to_manufacturers() -> None:
    page = (ROOT / "docs/mqtt.md").read_text(encoding="utf-8")
    common = set(Message.__struct_fields__)
    words = {word for kind, message in KINDS.items() for word in (kind, *(set(message.__struct_fields__) - common))}
    assert sorted(word for word in words if f"`{word}`" not in page) == []


def test_the_manufacturers_example_is_understood() -> None:
    page = (ROOT / "docs/mqtt.md").read_text(encoding="utf-8")
    (topic, payload) = re.findall(r"-t (\S+) -m '(.*)'", page)[0]
    assert decode_message(topic.rpartition("/")[2], payload.encode()).id == json.loads(payload)["id"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_shown_can_be_given(page: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in "\n".join(blocks).splitlines():
        found = re.search(r"(?:^|\()vaka (.*?)(?:$| \||\))", line.replace("$(date +%F)", "2026-01-01"))
        if found:
            parser().parse_args(shlex.split(found[1]))
