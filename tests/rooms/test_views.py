from typing import get_type_hints

import pytest

from server.house import HOUSE
from tests.rooms.views import View


@pytest.mark.parametrize("name", get_type_hints(View))
def test_what_tests_see_in_a_snapshot_has_the_type_that_its_feature_declares(name: str) -> None:
    assert get_type_hints(View)[name] == get_type_hints(HOUSE.shape.view)[name]
