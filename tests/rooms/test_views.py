from typing import get_type_hints

import pytest

from server.house import HOUSE
from tests.rooms.views import View


@pytest.mark.parametrize("name", get_type_hints(View))
def test_the_snapshot_that_tests_see_has_the_types_that_features_declare(name: str) -> None:
    assert get_type_hints(View)[name] == get_type_hints(HOUSE.shape.view)[name]
