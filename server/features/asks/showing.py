"""The current shelf, pin, sales and answers of a room, for features that answer viewers."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from server.features.asks.messages import Question
from server.features.asks.snapshot import QuestionsPart
from server.features.coupons.messages import Coupon
from server.features.coupons.snapshot import CouponsPart
from server.features.shelf.messages import Product
from server.features.shelf.snapshot import ShelfPart
from server.features.stock.messages import Sale
from server.features.stock.snapshot import StockPart
from server.rooms.room import Room
from server.rooms.state import RoomState


class Showing(NamedTuple):
    """The shelf in its order, the pin ("" for none), the sales and answered questions."""

    host: str
    products: tuple[Product, ...]
    pin: str
    sales: tuple[Sale, ...]
    answers: tuple[Question, ...]
    coupons: tuple[Coupon, ...] = ()

    def product(self, sku: str) -> Product | None:
        """The product with this sku, if it is on the shelf."""
        return next((product for product in self.products if product.sku == sku), None)

    def open_sale_of(self, sku: str) -> Sale | None:
        """Where the product can be bought for the least: of equal ones the newest; None if none."""
        its = (s for s in reversed(self.sales) if s.sku == sku and s.status == "open")
        return min(its, key=lambda sale: sale.price, default=None)

    def sale_of(self, sku: str) -> str:
        """The sale of a product: the best open one, else the next to open; "" if none."""
        best = self.open_sale_of(sku)
        if best is not None:
            return best.sale
        its = [sale for sale in self.sales if sale.sku == sku]
        coming = [sale for sale in its if sale.status == "scheduled"]
        return min(coming, key=lambda sale: sale.starts).sale if coming else ""


class Showings:
    """Gives the showing of any room: from its copy if it is open here, else by reading it.

    `open_room` gives the room if it is open on this worker; `read` reads a viewer's snapshot.
    """

    def __init__(
        self,
        open_room: Callable[[str], Room | None],
        read: Callable[[str], Awaitable[tuple[RoomState, int]]],
    ) -> None:
        self._open_room = open_room
        self._read = read

    async def showing_in(self, room_id: str) -> Showing:
        """The room's current showing. Raises CommandError if reading it fails."""
        room = self._open_room(room_id)
        state = room.state if room is not None else (await self._read(room_id))[0]
        shelf, questions = state.part(ShelfPart), state.part(QuestionsPart)
        return Showing(
            state.fields.host,
            tuple(shelf.products.values()),
            shelf.pin,
            tuple(state.part(StockPart).sales.values()),
            tuple(questions.answers.values()),
            tuple(state.part(CouponsPart).coupons.values()),
        )
