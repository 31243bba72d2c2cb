from pathlib import Path

import pytest

from client_sim.arguments import parser
from client_sim.checks import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_names_each_check(check: str) -> None:
    assert f"| `{check}` | {CHECKS[check]} |" in PAGE


def test_the_page_names_each_option() -> None:
    options = {name for action in parser()._actions for name in action.option_strings}

    assert {name for name in options - {"-h", "--help"} if f"`{name}`" not in PAGE} == set()
