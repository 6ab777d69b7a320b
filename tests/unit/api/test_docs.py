"""The pages say what there is: every address, permission, metric and value in `api.md`, every resource in `fhir.md`."""

import re
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry

from api.app import ROUTERS
from api.fhir import routes as fhir
from api.fhir.sources import SOURCES
from api.metrics import ApiMetrics
from api.permissions import ALLOWED, Permission
from store.alarms_query import Outcome
from store.people import Role
from store.usage_query import DIMENSIONS

DOCS = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")


def described() -> set[tuple[str, str]]:
    """Method and path of every `GET POST /address` in the text."""
    found = re.findall(r"`((?:(?:GET|POST|PUT|PATCH|DELETE) )+)(/[^`?]*)", DOCS)
    return {(method, path) for methods, path in found for method in methods.split()}


def test_every_route_is_described_and_no_other() -> None:
    existing = {
        (method, route.path)  # type: ignore[attr-defined]
        for router in ROUTERS
        if router is not fhir.router
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert described() == existing


def test_every_resource_of_fhir_is_described_with_how_it_is_searched() -> None:
    page = (Path(__file__).parents[3] / "docs" / "fhir.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", page, re.MULTILINE))
    for source in SOURCES:
        parameters = (["patient"] if source.by_patient else []) + ([source.by_date] if source.by_date else [])
        assert re.findall(r"`(\w+)`", rows.pop(source.type)) == parameters
    assert rows == {}


@pytest.mark.parametrize("permission", Permission)
def test_the_table_of_permissions_is_the_one_in_force(permission: Permission) -> None:
    marks = ["x" if role in ALLOWED[permission] else "" for role in Role]
    (row,) = re.findall(rf"^\| {re.escape(permission)} \|(.*)\|$", DOCS, re.MULTILINE)
    assert [mark.strip() for mark in row.split("|")] == marks


def test_the_columns_of_the_table_are_the_roles() -> None:
    assert f"| | {' | '.join(Role)} |" in DOCS


def test_every_metric_is_described() -> None:
    registry = CollectorRegistry()
    ApiMetrics(registry)
    names = {f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in registry.collect()}
    assert set(re.findall(r"`(vaka_(?!session)\w+)`", DOCS)) == names


def test_values_are_those_that_are_taken() -> None:
    assert f"({' '.join(f'`{outcome}`' for outcome in get_args(Outcome))})" in DOCS
    assert f"`{','.join(DIMENSIONS)}`" in DOCS
