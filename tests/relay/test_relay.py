"""The relay: who is let in and what is refused, the picture from a sender to all who watch."""

import asyncio
from typing import Any

import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av import Packet, VideoFrame

from server.background.repeating import Errands
from server.relay.channel import PACKETS_WAITING_MAX, Channel, Feed
from server.relay.colour_bars import HEIGHT, WIDTH, ColourBars
from server.relay.encoding import VideoEncoder
from server.relay.endpoint import SDP_BYTES_MAX
from server.relay.relay import Bounds
from server.relay.serving import is_numbered
from tests.relay.conftest import CARD, Rig, eventually

pytestmark = pytest.mark.blocking_allowed  # FFmpeg loads its codecs when they are first used


class Square(VideoStreamTrack):
    """A picture that nobody would take for the test card."""

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(160, 160, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([90]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Peer:
    """A browser, as far as the relay knows it."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._tracks: list[MediaStreamTrack] = []
        self._peer.on("track", self._tracks.append)
        self.session = ""

    async def send(self, path: str = CARD) -> int:
        self._peer.addTrack(Square())
        return await self._begin(f"/{path}/whip")

    async def watch(self, path: str = CARD) -> int:
        self._peer.addTransceiver("video", direction="recvonly")
        self._peer.addTransceiver("audio", direction="recvonly")
        return await self._begin(f"/{path}/whep")

    async def offer(self) -> str:
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return str(self._peer.localDescription.sdp)

    async def _begin(self, path: str) -> int:
        answer = await self._rig.post(path, await self.offer())
        if answer.status == 201:
            self.session = answer.headers["Location"]
            described = RTCSessionDescription(await answer.text(), "answer")
            await self._peer.setRemoteDescription(described)
        return answer.status

    async def frame(self) -> VideoFrame:
        """The next frame that comes."""
        [video] = [track for track in self._tracks if track.kind == "video"]
        frame = await video.recv()
        assert isinstance(frame, VideoFrame)
        return frame

    async def sees(self, width: int) -> None:
        """Wait for a picture of this width."""
        async with asyncio.timeout(60):
            while (await self.frame()).width != width:
                pass

    async def close(self) -> None:
        await self._peer.close()


@pytest.fixture
async def peers(rig: Rig) -> Any:
    made: list[Peer] = []

    def make() -> Peer:
        made.append(Peer(rig))
        return made[-1]

    yield make
    for peer in made:
        await peer.close()


@pytest.mark.parametrize(
    ("path", "body", "more", "status", "code"),
    [
        ("/live/demo/whip", "v=0", {"token": ""}, 401, "bad_token"),
        ("/live/demo/whep", "v=0", {"token": "no"}, 401, "bad_token"),
        ("/live/demo/whip", "v=0", {"token": "over"}, 409, "ended"),
        ("/live/other/whep", "v=0", {}, 404, "not_found"),
        ("/live/demo/whip", "v=0", {"kind": "text/plain"}, 415, "bad_message"),
        ("/live/demo/whip", "v=0", {"kind": None}, 415, "bad_message"),
        ("/live/demo/whip", "x" * (SDP_BYTES_MAX + 1), {}, 413, "too_long"),
        ("/live/demo/whip", "x", {}, 400, "bad_message"),
        ("/live/demo/whip", b"\xff\xfe", {}, 400, "bad_message"),
        ("/live/demo/whep", "v=0\r\nm=video 9 X 1\r\na=rtpmap:x\r\n", {}, 400, "bad_message"),
        ("/live/demo/whop", "v=0", {}, 404, "not_found"),
    ],
)
async def test_each_refusal_has_a_code_and_a_sentence_and_pages_may_read_it(
    rig: Rig, path: str, body: str | bytes, more: dict[str, Any], status: int, code: str
) -> None:
    refused = await rig.post(path, body, **more)
    problem = await refused.json(content_type=None)

    assert (refused.status, problem["code"], problem["status"]) == (status, code, status)
    assert problem["detail"].endswith(".")
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert rig.relay.sessions == 0


async def test_offers_that_fit_nothing_are_refused_and_leave_nothing(rig: Rig, peers: Any) -> None:
    watching = peers()
    watching._peer.addTransceiver("video", direction="recvonly")
    offer = await watching.offer()
    whip = await rig.post("/live/demo/whip", offer)
    no_picture = peers()
    no_picture._peer.addTransceiver("audio", direction="recvonly")
    whep = await rig.post("/live/demo/whep", await no_picture.offer())
    no_codec = await rig.post("/live/demo/whep", offer.replace("VP8", "VPX").replace("opus", "x"))

    assert [whip.status, whep.status, no_codec.status] == [400, 400, 400]
    assert rig.relay.sessions == 0


async def test_methods_that_whip_has_not_are_405_and_a_page_may_ask_what_there_is(rig: Rig) -> None:
    for method in ("GET", "PUT", "PATCH"):
        async with rig.http.request(method, f"{rig.url}/live/demo/whip") as refused:
            assert (refused.status, refused.headers["Allow"]) == (405, "OPTIONS,POST")
    async with rig.http.options(f"{rig.url}/live/demo/whip") as asked:
        assert asked.status == 204
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]


async def test_an_offer_of_many_media_gets_no_sockets_for_them(rig: Rig) -> None:
    one = "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=recvonly\r\na=rtpmap:97 VP8/90000\r\n"
    refused = await rig.post("/live/demo/whep", "v=0\r\n" + one * 60)
    assert refused.status == 400
    assert "more than 4 media" in (await refused.json(content_type=None))["detail"]
    assert rig.relay.sessions == 0


@pytest.mark.parametrize("bounds", [Bounds(publishers_max=1, viewers_max=1, session_s_max=600)])
async def test_beyond_its_bounds_it_says_so_and_when_to_come_back(rig: Rig, peers: Any) -> None:
    assert await peers().watch() == 201
    assert await peers().watch() == 503
    assert await peers().send() == 201
    assert await peers().send("live/other") == 503
    assert await peers().send() == 201

    async def replaced() -> bool:
        return rig.relay.sessions == 2  # the viewer, and one sender

    await eventually(replaced)
    full = await rig.post("/live/other/whip", await _sending(peers()))
    assert (full.status, full.headers["Retry-After"]) == (503, "10")
    assert (await full.json(content_type=None))["code"] == "limit_reached"


async def _sending(peer: Peer) -> str:
    peer._peer.addTrack(Square())
    return await peer.offer()


async def test_the_card_then_a_senders_picture_then_the_card_again(rig: Rig, peers: Any) -> None:
    viewer, sender = peers(), peers()
    assert await viewer.watch() == 201
    await viewer.sees(WIDTH)
    assert await sender.send() == 201
    await viewer.sees(160)
    late = peers()
    assert await late.watch() == 201
    await late.sees(160)

    async with rig.http.delete(rig.url + sender.session) as ended:
        assert ended.status == 200
    await viewer.sees(WIDTH)
    async with rig.http.delete(rig.url + sender.session) as again:
        assert again.status == 404
    assert rig.desk.asked[0] == ("read", CARD, "yes")


async def test_without_a_card_viewers_are_sent_away_when_the_sender_leaves(
    rig: Rig, peers: Any
) -> None:
    room = "live/own"
    sender, viewer = peers(), peers()
    assert await viewer.watch(room) == 404
    assert await sender.send(room) == 201
    assert await peers().watch(room) == 201
    await sender.close()

    async def nobody() -> bool:
        return rig.relay.sessions == 0

    await eventually(nobody)


@pytest.mark.parametrize("bounds", [Bounds(publishers_max=2, viewers_max=2, session_s_max=0.2)])
async def test_nobody_stays_longer_than_the_bound(rig: Rig, peers: Any) -> None:
    assert await peers().watch() == 201

    async def nobody() -> bool:
        return rig.relay.sessions == 0

    await eventually(nobody)


async def test_a_server_that_does_not_answer_lets_nobody_in(rig: Rig, peers: Any) -> None:
    rig.rights.url = "http://127.0.0.1:1/"
    refused = await rig.post("/live/demo/whip", await _sending(peers()))
    assert (refused.status, (await refused.json(content_type=None))["code"]) == (503, "unavailable")


async def test_who_joins_late_gets_a_whole_picture_at_once() -> None:
    errands = Errands("test")
    channel = Channel(errands, has_card=False, clock=lambda: 100.0)
    channel.start("live/own")
    frame = VideoFrame(160, 160, "yuv420p")
    first, late = Feed("video"), Feed("video")

    async def next_of(feed: Feed) -> bool:
        channel.put_video(frame)
        packet = await feed.recv()
        assert isinstance(packet, Packet)
        return packet.is_keyframe

    channel.add(first)
    assert [await next_of(first), await next_of(first)] == [True, False]
    channel.add(late)
    assert await next_of(late)
    assert await next_of(late) is False
    await errands.aclose()


async def test_a_viewer_who_does_not_read_is_bounded_and_goes_on_with_a_whole_picture() -> None:
    feed, encoder = Feed("video"), VideoEncoder()
    frame = VideoFrame(160, 160, "yuv420p")
    packets = [
        packet
        for n in range(PACKETS_WAITING_MAX + 2)
        for packet in encoder.encode(frame, n * 3000, whole=n == 0)
    ]
    for packet in packets:
        feed.put(packet)
    assert feed.starves
    [whole] = encoder.encode(frame, len(packets) * 3000, whole=True)
    feed.put(packets[-1])
    feed.put(whole)
    assert await feed.recv() is whole


def test_the_cards_rooms_are_the_demos() -> None:
    assert [is_numbered(path, "live/demo") for path in ("live/demo", "live/demo-12")] == [True] * 2
    others = ("live/demos", "live/demo-", "live/demo-x", "live/d", "live/demo-1-2")
    assert not any(is_numbered(path, "live/demo") for path in others)
    assert not is_numbered("live/demo", "")


def test_the_card_shows_the_time_and_moves() -> None:
    bars = ColourBars()
    frames = [bars.frame(at, n) for at, n in ((0, 1), (0, 1), (1, 1), (1, 2))]
    first, same, later, moved = (bytes(frame.planes[0]) for frame in frames)
    assert (frames[0].width, frames[0].height) == (WIDTH, HEIGHT)
    assert first == same
    assert len({first, later, moved}) == 3


def test_a_large_picture_is_made_smaller_and_a_turned_one_is_encoded_anew() -> None:
    encoder = VideoEncoder()
    sizes = []
    for n, (width, height) in enumerate([(2560, 1440), (720, 1281)]):
        [packet] = encoder.encode(VideoFrame(width, height, "yuv420p"), n, whole=True)
        assert packet.is_keyframe
        data = bytes(packet)  # RFC 6386 section 9.1: the size stands behind the start code
        sizes.append([int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8)])
    assert sizes == [[1280, 720], [718, 1280]]
