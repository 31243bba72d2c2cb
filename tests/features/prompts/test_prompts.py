"""Prompts: the team's lines on the host's screen, which end with it and no viewer hears."""

from server.access.auth import Identity
from server.features.phases.messages import LiveEnd
from server.features.prompts.messages import PromptClear, PromptSend, PromptsOk, PromptsRead
from server.features.prompts.prompts import PROMPTS_MAX
from server.protocol.roles import Role
from tests.features.stage import Stage
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig

MO = Identity("mo", "Mo", Role.MODERATOR, rooms=frozenset({ROOM}))


async def tell(stage: Stage) -> None:
    """The host is told to speak louder, and has seen it."""
    await stage.do(PromptSend(ref=1, text="louder"))
    [said] = (await stage.do(PromptsRead(ref=1))).prompts
    await stage.do(PromptClear(ref=1, prompt=said.prompt))


async def texts(here: Rig) -> list[str]:
    """What stands on the screen."""
    return [each.text for each in expect(PromptsOk, await here.do(PromptsRead(ref=1))).prompts]


async def test_the_host_hears_a_prompt_and_viewers_never_do(here: Rig) -> None:
    ann, host = await here.join("ann"), await here.join(HOST.user, role=Role.HOST)

    await here.do(PromptSend(ref=1, text="louder"), MO)
    heard = await host.until(lambda m: m["t"] == "prompts")
    await here.do(LiveEnd(ref=1))
    seen = await ann.until(lambda m: m["t"] == "phase")

    [told] = [m for m in heard if m["t"] == "prompts"]
    assert [(it["user"], it["name"], it["text"]) for it in told["prompts"]] == [
        ("mo", "Mo", "louder")
    ]
    assert [m for m in seen if m["t"] == "prompts"] == []
    assert await texts(here) == []


async def test_the_newest_stay_and_all_can_be_taken_off(here: Rig) -> None:
    for n in range(PROMPTS_MAX + 2):
        await here.do(PromptSend(ref=1, text=f"n{n}"), MO)
    assert await texts(here) == [f"n{n}" for n in range(2, PROMPTS_MAX + 2)]
    await here.do(PromptClear(ref=1))
    assert await texts(here) == []
