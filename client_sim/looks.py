"""Computes how often each check had to look, from what happened: too few looks fail it."""

from collections import Counter
from collections.abc import Mapping

from client_sim.community_watch import CommunityRecord
from client_sim.record import Record
from client_sim.tally import Tally

OWN_COMMENTS_MIN = 20
"""Of so many comments at least one is read again by its author, though some leave before that."""


def due(
    tally: Tally, record: Record, community: CommunityRecord, present: int, orders: int
) -> Mapping[str, int]:
    """The least number of looks by check; those that are absent had nothing to look at.

    `present` people were there at the end, who know of so many `orders`.
    """
    ok = {op: results["ok"] for op, results in tally.replies.items()}
    said, bought = ok.get("comment", 0), ok.get("buy", 0)
    least = Counter({"host_agrees": 2, "figures_agree": 3, "answered": sum(ok.values())})
    if tally.joins:
        least.update(("let_in", "shape"))
    if present:
        least["folded"] = present
        least["comments_counted"] = int(record.comments_known)
    if said and record.comments_known and record.comments_said:
        least["all_comments"] = 1
    if said >= OWN_COMMENTS_MIN:
        least["own_comments"] = 1
    if tally.events["sale"] and present:
        least.update(("gapless", "once", "same_story", "stock_adds_up"))
    least["one_key_one_order"] = least["orders_forward"] = bought
    least["orders_told"] = orders
    if orders:
        least.update(("orders_kept", "nothing_unasked"))
    return least + _of_the_community(ok, community)


def _of_the_community(ok: Mapping[str, int], community: CommunityRecord) -> Counter[str]:
    closed = [poll for poll in community.polls.values() if poll["status"] == "closed"]
    sold = [it for it in community.auctions.values() if it["status"] == "sold"]
    drawn = [lucky for lucky in community.luckies.values() if lucky["status"] == "drawn"]
    return Counter(
        {
            "claims_kept": min(1, ok.get("coupon.claim", 0)),
            "votes_counted": len(closed),
            "draws_check_out": 3 * len(drawn),
            "auctions_check_out": 3 * len(sold),
            "held_unseen": len(community.held),
            "announced_once": len(community.waited & community.called),
        }
    )
