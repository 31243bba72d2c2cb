"""What people read holds no secrets."""

import io
import json
import logging

import pytest

from server.settings.masking import mask, mask_url
from server.settings.sections import Log
from server.telemetry import logs

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://:pass@host/0", "redis://:***@host/0"),
        ("rediss://user:p@ss/word@host:1", "rediss://user:***@host:1"),
        ("unix:///run/redis.sock?password=pass", "unix:///run/redis.sock?password=***"),
        (
            "redis+sentinel://u:pass@a:1,b:2/service?sentinel_password=pass&x=1",
            "redis+sentinel://u:***@a:1,b:2/service?sentinel_password=***&x=1",
        ),
        ("no url", "no url"),
    ],
)
def test_a_url_loses_its_passwords_and_nothing_else(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def test_tokens_and_url_passwords_are_found_in_any_text() -> None:
    text = f"client sent {TOKEN} and redis://u:hush@host/0 failed"

    assert mask(text) == "client sent eyJ*** and redis://u:***@host/0 failed"


@pytest.mark.parametrize("format_", ["console", "json"])
def test_no_token_gets_into_a_log_line_or_its_traceback(format_: str) -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    try:
        logs.set_up(Log(format=format_), worker_id="w1", stream=stream)
        try:
            raise ValueError(f"bad {TOKEN}")
        except ValueError:
            logging.getLogger("server.test").exception("refused %s", TOKEN)
    finally:
        logging.getLogger().handlers[:] = before

    assert "c2lnbmF0dXJl" not in stream.getvalue()
    assert stream.getvalue().count("eyJ***") >= 2
    assert "w1" in stream.getvalue()


def test_a_json_log_line_is_one_object() -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    try:
        logs.set_up(Log(), stream=stream)
        logging.getLogger("server.test").warning("two\nlines, 两行")
    finally:
        logging.getLogger().handlers[:] = before

    line = json.loads(stream.getvalue())
    assert line["level"] == "warning"
    assert line["msg"] == "two\nlines, 两行"
