"""The settings of returns."""

from server.settings.section import Section, limit


class ReturnSettings(Section):
    """How long buyers can ask to give things back, and hosts can think about it."""

    window_s: int = limit(
        604_800, 0, 31_536_000,
        "Time in which a buyer can ask for a return, from the payment, or from the arrival of the "
        "last parcel where that is later; 0: never.",
    )  # fmt: skip
    arrives_s: int = limit(
        864_000, 0, 31_536_000,
        "Time after which a parcel counts as arrived though nobody said that it was delivered.",
    )  # fmt: skip
    answer_s: int = limit(
        172_800, 1, 2_592_000,
        "Time for the host to answer such a request; then it is accepted by itself.",
    )  # fmt: skip
    batch_max: int = limit(50, 1, 1000, "Requests that one sweep accepts at a time.")
    asks_per_user_per_s: float = limit(
        0.05, 0.001, 1000,
        "How often a buyer may ask for a return on average, over all rooms of a worker.",
    )  # fmt: skip
    asks_burst: int = limit(20, 1, 100_000, "Such requests a buyer may make at once.")
