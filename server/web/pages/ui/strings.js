// The words of the pages, Chinese and English side by side; French is in french.js. `{name}` is
// filled in by t(). Here are those of a room's first view. What its later parts and the other pages
// show besides is in later-strings.js, and what only people at work read, such as hosts, in
// work-strings.js; further such files are named for what shows them, such as auction-strings.js. Who
// comes to watch need not fetch them.

import { isolated } from "./bidi.js";

/** @import { Phase } from "../liveroom.js" */
/** @import { Failure } from "./failure.js" */
/** @import { HOST_STRINGS } from "./host-strings.js" */
/** @import { REPORT_STRINGS } from "./report-strings.js" */
/** @import { FEED_STRINGS } from "./feed-strings.js" */
/** @import { AUCTION_STRINGS } from "./auction-strings.js" */
/** @import { PLAYER_STRINGS } from "./player-strings.js" */
/** @import { TOPIC_STRINGS } from "./topic-strings.js" */
/** @import { INSIGHT_STRINGS } from "./insight-strings.js" */
/** @import { LATER_STRINGS } from "./later-strings.js" */
/** @import { WORK_STRINGS } from "./work-strings.js" */
/** @import { NOTE_STRINGS } from "./note-strings.js" */
/** @import { NOTE_DESK_STRINGS } from "./note-desk-strings.js" */

/**
 * One text, or one a plural form of the language (CLDR: "1 heart", "2 hearts"), by the number in
 * the hole `by`, else in `n`.
 * @typedef {string | {by?: string, one: string, other: string}} Words
 */

/** @satisfies {Record<string, [chinese: Words, english: Words]>} */
export const STRINGS = {
  // Everywhere
  "ok": ["好", "OK"],
  "cancel": ["取消", "Cancel"],
  "close": ["关闭", "Close"],
  "back": ["返回", "Back"],
  "menu": ["更多", "More"],
  "report": ["举报", "Report"],
  "language": ["语言", "Language"],
  "theme": ["外观", "Appearance"],
  "theme.auto": ["跟随系统", "System"],
  "theme.light": ["浅色", "Light"],
  "theme.dark": ["深色", "Dark"],
  "guest": ["游客", "Guest"],
  "role.viewer": ["观众", "Viewer"],
  "role.merchant": ["商家", "Merchant"],
  "role.moderator": ["场控", "Moderator"],
  "role.host": ["主播", "Host"],
  "role.admin": ["管理员", "Admin"],
  "role.system": ["系统", "System"],

  // Signing in
  "signin": ["登录", "Sign in"],
  "signout": ["退出登录", "Sign out"],
  "signin.hint": ["粘贴你的访问令牌。它会换成一个只有浏览器能读的 Cookie。",
    "Paste your access token. It is exchanged for a cookie that no script can read."],
  "signin.token": ["访问令牌", "Access token"],
  "signin.as_viewer": ["以观众身份进入", "Enter as a viewer"],
  "signin.as_host": ["以主播身份进入", "Enter as the host"],
  "signin.as_admin": ["以管理员身份进入", "Enter as an admin"],
  "signin.dev": ["开发模式：一键登录", "Development mode: one click"],
  "signin.bad_token": ["令牌不对，或已过期", "the token is not valid, or has ended"],
  "signin.failed": ["登录没有成功：{why}", "That did not work: {why}"],
  "signin.again": ["已登录，请再点一次", "You are signed in: tap again"],
  "signin.to_buy": ["登录后即可抢购和评论", "Sign in to buy and to comment"],
  "signin.you": ["已登录：{name}", "Signed in as {name}"],

  // Room list
  "price.free": ["免费", "Free"],
  "phase.cancelled": ["已取消", "Cancelled"],
  "room.draft": ["草稿", "Draft"],
  "room.practice": ["演练", "Practice"],
  "more": ["更多", "More"],
  "watch.cancelled": ["直播已取消", "This stream was cancelled"],
  "watch.cancelled_for": ["直播已取消：{reason}", "This stream was cancelled: {reason}"],
  "watch.draft_note": ["草稿：只有主播和房管能看到，公开后才能开播",
    "Draft: only the host and moderators see this room; make it public to go live"],
  "watch.practice_note": ["演练：不通知任何人，下单不收钱，订单无效",
    "Practice: nobody is told, nobody pays, and orders are void"],
  "announce.cancelled": ["{name} 取消了直播：{title}", "{name} cancelled the stream: {title}"],
  "announce.cancelled_for": ["{name} 取消了直播：{title}（{reason}）",
    "{name} cancelled the stream: {title} ({reason})"],
  "order.practice": ["演练订单，无效，不收钱也不发货", "Practice order: void, nothing is charged or sent"],

  // One's own page
  "me.title": ["我的", "My page"],

  // Watching
  "live": ["直播中", "LIVE"],
  "soon": ["未开播", "Not live yet"],
  "ended": ["已结束", "Ended"],
  "watch.ended": ["直播已结束", "The stream has ended"],
  "watch.soon": ["主播还没开播", "The host is not live yet"],
  "watch.soon_at": ["{when} 开播", "Starts {when}"],
  "watch.online": ["{n} 人在线", "{n} online"],
  "watch.unmute": ["打开声音", "Turn sound on"],
  "watch.share": ["分享", "Share"],
  "watch.host": ["主播台", "Host console"],
  "watch.notice": ["公告", "Notice"],
  "conn.waiting": ["网络断开，正在重连…", "Connection lost, reconnecting…"],
  "conn.offline": ["没有网络，恢复后会自动重连", "You are offline; this page comes back by itself"],
  "conn.silent": ["网络没有反应，还在等…", "No answer from the network, still waiting…"],
  "conn.back": ["已重新连接", "Back online"],
  "conn.no_room": ["没有这个直播间", "There is no such room"],
  "conn.closed": ["直播间已断开", "The room is closed to you"],
  "comment.placeholder": ["说点什么…", "Comment…"],
  "comment.before": ["开播后可以评论", "Opens when live"],
  "comment.after": ["评论已关闭", "Comments closed"],
  "comment.label": ["评论", "Comment"],
  "comment.send": ["发送", "Send"],
  "comment.new": ["{n} 条新评论", "{n} new"],
  "comment.hot": ["每秒 {n} 条 · 轻触暂停", "{n} a second · touch to pause"],
  "comment.list": ["评论区", "Comments"],
  "comment.keys": ["方向键选择，回车操作", "arrows choose, Enter acts"],
  "comment.answering": ["回复", "Replying to"],
  "comment.answer_none": ["不回复了", "Do not reply"],
  "comment.answered_you": ["{name} 回复你：{text}", "{name} replied to you: {text}"],
  "comment.answered_gone": ["那条评论已经不在了，可以直接发表",
    "That comment is gone: send yours by itself"],
  "comment.pin": ["置顶这条评论", "Pin this comment"],
  "comment.unpin": ["取消置顶", "Unpin"],
  "comment.slow": ["慢速模式：每 {n} 秒一条", "Slow mode: one every {n} s"],
  "comment.muted": ["你已被禁言，还剩 {left}", "You are muted for {left}"],
  "comment.followers": ["关注主播后才能评论", "Only followers may comment: follow the host"],
  "comment.refused": ["这条评论没有通过，请换个说法", "That was not let through; put it differently"],
  "comment.held": ["评论已提交，等主播看过再显示", "Sent: it shows once a moderator has passed it"],
  "like": ["点赞", "Send a heart"],
  "likes": ["{n} 赞", { one: "{n} heart", other: "{n} hearts" }],
  "sold.ticker": ["{name} 买了 {what} ×{qty}", "{name} bought {what} ×{qty}"],

  // Products and sales
  "shelf": ["商品", "Shelf"],
  "shelf.count": ["共 {n} 件", { one: "{n} item", other: "{n} items" }],
  "shelf.all": ["显示全部 {n} 件商品",
    { one: "Show all {n} product", other: "Show all {n} products" }],
  "shelf.search": ["搜索商品", "Search the shelf"],
  "shelf.empty": ["货架还空着，商品会出现在这里", "The shelf is still empty: goods will stand here"],
  "product.points": ["值得买", "Why you may want it"],
  "product.flaws": ["说实话", "Honestly"],
  "product.proofs": ["正品凭证", "Proof that it is genuine"],
  "product.pinned": ["讲解中", "Showing"],
  "product.open": ["看详情：{title}", "Details: {title}"],
  "product.link": ["商品页", "Product page"],
  "product.was": ["30 天内最低价", "Lowest price of 30 days"],
  "sale": ["限时抢购", "Flash sale"],
  "sale.starts_in": ["距开抢", "Starts in"],
  "sale.ends_in": ["距结束", "Ends in"],
  "sale.soon": ["即将开抢", "Soon"],
  "sale.buy": ["立即抢", "Buy now"],
  "sale.buy_n": ["抢 {n} 件", "Buy {n}"],
  "sale.order": ["购买", "Buy"],
  "sale.order_n": ["购买 {n} 件", "Buy {n}"],
  "sale.now_say": ["{title} 现价 {price}", "{title}: now {price}"],
  "cart": ["购物车", "Cart"],
  "cart.add": ["加入购物车", "Add to cart"],
  "cart.added": ["已加入购物车", "Added to the cart"],
  "cart.open": ["购物车 · {n}", "Cart · {n}"],
  "cart.empty": ["购物车是空的", "The cart is empty"],
  "cart.gone": ["现在买不到", "Not on sale now"],
  "cart.short": ["只剩 {n} 件", "Only {n} left"],
  "cart.remove": ["移除：{title}", "Remove {title}"],
  "cart.buy": ["一起买 {price}", "Buy all for {price}"],
  "cart.coupon": ["优惠券 −{off}", "Coupon −{off}"],
  "sale.buying": ["正在锁定…", "Holding…"],
  "sale.sold_out": ["抢光了", "Sold out"],
  "sale.may_return": ["{n} 件待付款，可能放出", "{n} on hold may come back"],
  "sale.closed": ["已结束", "Sale over"],
  "sale.left": ["剩 {n}", "{n} left"],
  "sale.held": ["待付 {n}", "{n} held"],
  "sale.sold": ["已售 {n}", "{n} sold"],
  "sale.stock_label": ["共 {all} 件：剩 {left}，待付 {held}，已售 {sold}",
    "{all} in all: {left} left, {held} held, {sold} sold"],
  "sale.limit": ["每人限 {n} 件", "{n} per person"],
  "sale.not_live": ["开播后可抢", "Opens when live"],
  "sale.opened_say": ["开抢了：{title}，{price}", "Sale open: {title}, {price}"],
  "sale.sold_out_say": ["{title} 抢光了", "{title} is sold out"],
  "sale.none": ["暂未开抢", "No sale yet"],
  "qty": ["数量", "Quantity"],
  "qty.less": ["减一件", "One less"],
  "qty.more": ["加一件", "One more"],
  "wait.join": ["排队等放出", "Join the waitlist"],
  "wait.joined": ["已排队，第 {place} 位。有货会先为你保留", "You are no. {place} in line: returned stock is held for you"],
  "wait.place": ["已排队，第 {place} 位 · 退出", "No. {place} in line · leave"],
  "wait.left": ["已退出排队", "You left the line"],
  "wait.offer": ["轮到你了：{title}，请尽快付款", "Your turn: {title} — pay before it lapses"],

  // Asking
  "ask.title": ["问主播", "Questions"],
  "ask.link": ["求链接", "Ask for the link"],
  "ask.link_told": ["链接给你了，主播也知道你想要", "Here it is; the host knows you want it"],
  "ask.placeholder": ["尺寸、面料、怎么洗…", "Size, material, care…"],
  "ask.label": ["你的问题", "Your question"],
  "ask.send": ["提问", "Ask"],
  "ask.queued": ["问题已排上，主播会看到", "The host will see your question"],
  "ask.queued_n": ["已有 {n} 人问这个，主播会看到",
    { one: "{n} person asks this; the host will see it",
      other: "{n} people ask this; the host will see it" }],
  "ask.answering": ["正在回答", "Answering"],
  "ask.answered": ["主播回答过", "Answered"],
  "deal.two": ["两件 {price}", "Two: {price}"],
  "ask.from_sale": ["现在的价格和优惠", "The price now"],
  "ask.from_product": ["商品信息里写着", "From the product’s sheet"],
  "ask.only_you": ["你要的链接", "The link you asked for"],
  "ask.private": ["只给你的回答", "Answers for you alone"],

  // Coupons
  "coupon.title": ["优惠券", "Coupons"],
  "coupon.amount": ["减 {price}", "{price} off"],
  "coupon.percent": ["减 {n}%", "{n}% off"],
  "coupon.amount_from": ["满 {floor} 减 {price}", "{price} off {floor}+"],
  "coupon.percent_from": ["满 {floor} 减 {n}%", "{n}% off {floor}+"],
  "coupon.floor": ["满 {price} 可用", "from {price}"],
  "coupon.no_floor": ["无门槛", "any amount"],
  "coupon.claim": ["领取", "Claim"],
  "coupon.claim_follow": ["关注并领取", "Follow and claim"],
  "coupon.claim_join": ["入群并领取", "Join and claim"],
  "coupon.claimed": ["领到了，下单时自动抵扣", "It’s yours, and used when you buy"],
  "coupon.have": ["已领取", "Claimed"],
  "coupon.offered": ["{n} 张券可领", { one: "{n} coupon", other: "{n} coupons" }],
  "coupon.mine": ["我的券 {n}", "My coupons {n}"],
  "coupon.mine_n": ["你有 {n} 张", "You have {n}"],
  "coupon.used_n": ["你有 {n} 张，已用 {used} 张", "You have {n}, {used} used"],
  "coupon.left": ["剩 {n} 张", "{n} left"],
  "coupon.gone": ["券已领完", "All of them are taken"],
  "coupon.gone_short": ["领完了", "All taken"],
  "coupon.enough": ["你已经领满了", "You have as many as you can"],
  "coupon.over": ["已过期", "It is over"],
  "coupon.not_yours": ["你还不能领这张券", "It is not for you yet"],
  "coupon.for_followers": ["关注专享", "For followers"],
  "coupon.for_group": ["粉丝群专享", "For the fan group"],
  "coupon.for_reserved": ["预约专享", "For who reserved"],
  "coupon.only": ["限 {what}", "Only {what}"],
  "coupon.use": ["用券", "Coupon"],
  "coupon.auto": ["自动选最省的", "The best by itself"],
  "coupon.none": ["不用券", "None"],
  "coupon.saves": ["省 {price}", "saves {price}"],
  "coupon.pay": ["实付", "You pay"],
  "coupon.after": ["券后 {price}", "{price} with coupon"],
  "coupon.used": ["已用在订单里", "Used in an order"],
  "coupon.currency": ["币种不同", "In another currency"],
  "coupon.not_for": ["这件商品不适用", "Not for this product"],
  "coupon.short": ["还差 {price}", "{price} short"],
  "coupon.nothing": ["这单减不了", "Takes nothing off this"],

  // Poll and lucky draw
  "poll.title": ["投票", "Poll"],
  "poll.open": ["点一下就投", "Tap to vote"],
  "poll.thanks": ["已投票", "You have voted"],
  "poll.closed": ["投票结束", "Closed"],
  "poll.votes": ["{n} 票", { one: "{n} vote", other: "{n} votes" }],
  "poll.voted": ["你已经投过了", "You have voted"],
  "lucky.title": ["抽奖", "Lucky draw"],
  "auction.title": ["拍卖", "Auction"],
  "lucky.enter": ["参加", "Enter"],
  "lucky.enter_follow": ["关注并参加", "Follow and enter"],
  "lucky.enter_join": ["入群并参加", "Join and enter"],
  "lucky.entered": ["已参加", "You are in"],
  "lucky.prizes": ["{n} 份奖", "{n} to win"],
  "lucky.entries": ["{n} 人参加", "{n} entered"],
  "lucky.draws_in": ["开奖", "Draw in"],
  "lucky.drawing": ["开奖中…", "Drawing…"],
  "lucky.by_host": ["主播开奖", "the host draws"],
  "lucky.nobody": ["没有人参加", "Nobody entered"],
  "lucky.you": ["就是你！", "That’s you!"],
  "lucky.not_yours": ["你还不能参加", "It is not for you yet"],
  "lucky.check": ["自己验证", "Check it yourself"],
  "lucky.checking": ["正在重新计算…", "Computing it anew…"],
  "lucky.how": ["种子的哈希在抽奖前就公布了。每个人的名次是 SHA-1（种子 空格 用户）的大小，最小的中奖。你的浏览器刚刚重算了一遍：",
    "The hash of the seed was told before anybody entered. One’s place is the SHA-1 of the seed, a space and the user; the lowest win. Your browser has just computed it anew:"],
  "lucky.step_seed": ["种子和事先公布的哈希一致", "The seed is the one that was promised"],
  "lucky.step_entrants": ["参加名单没有改过", "The list of who entered is unchanged"],
  "lucky.step_winners": ["中奖的正是哈希最小的人", "The winners are the lowest hashes"],
  "lucky.fair": ["结果属实", "The draw is right"],
  "lucky.unfair": ["对不上！", "It does not add up!"],

  // Following, reserving, the fan group
  "follow": ["关注", "Follow"],
  "follow.on": ["已关注", "Following"],
  "follow.done": ["已关注，开播会提醒你", "You will be told when they go live"],
  "follow.stop": ["取消关注", "Unfollow"],
  "follow.stop_sure": ["不再关注 {name}？", "Unfollow {name}?"],
  "follow.count": ["{n} 人关注", { one: "{n} follower", other: "{n} followers" }],
  "waiting.title": ["预告", "Coming up"],
  "waiting.in": ["距开播", "Starts in"],
  "comment.none": ["还没有人说话，先打个招呼吧", "Nobody has said anything yet: say hello"],
  "waiting.why": ["开播时通知你", "We tell you when it starts"],
  "waiting.reserve": ["预约提醒", "Remind me"],
  "waiting.on": ["已预约", "Reserved"],
  "waiting.reserved": ["已预约，开播会提醒你", "You will be told when it starts"],
  "waiting.given_up": ["已取消预约", "You will not be reminded"],
  "waiting.calendar": ["加到日历", "Add to calendar"],
  "waiting.count": ["{n} 人已预约", "{n} reserved"],
  "announce.live": ["{name} 开播了：{title}", "{name} is live: {title}"],
  "announce.go": ["去看", "Watch"],
  "group.tag": ["粉丝群", "Fan group"],
  "group.why": ["先看新品，领群专享券，抢群专享价。", "Previews, coupons and prices for members alone."],
  "group.join": ["加入粉丝群", "Join the fan group"],
  "group.open": ["打开粉丝群", "Open the fan group"],
  "group.leave": ["退出粉丝群", "Leave the group"],
  "group.leave_sure": ["退出粉丝群？", "Leave the fan group?"],
  "host.other_rooms": ["更多直播", "Other rooms"],
  "profile.open": ["主播主页", "The host’s page"],

  // Orders
  "orders": ["我的订单", "My orders"],
  "orders.none": ["还没有订单", "No orders yet"],
  "orders.none_hint": ["抢到的商品会出现在这里。", "What you buy shows up here."],
  "order.held": ["待付款", "Awaiting payment"],
  "order.paid": ["已付款", "Paid"],
  "order.cancelled": ["已取消", "Cancelled"],
  "order.expired": ["超时未付", "Lapsed"],
  "order.returned": ["已退货", "Returned"],
  "order.refund_due": ["退款中", "Refund on its way"],
  "order.refunded": ["已退款", "Refunded"],
  "order.back": ["退款", "Back to you"],
  "order.disputed": ["银行争议中", "Disputed at the bank"],
  "parcel.sent": ["{when} 已发货", "Sent on {when}"],
  "parcel.delivered": ["{when} 已送达", "Delivered on {when}"],
  "delivery.link": ["填写收货地址", "Say where to send it"],
  "moment.open": ["下单时的样子", "As it was shown"],
  "moment.title": ["下单时展示的内容", "What was shown when it was bought"],
  "moment.reading": ["正在读取…", "Reading…"],
  "moment.at": ["{when}，直播 {second}", "{when}, {second} into the stream"],
  "moment.paid": ["成交价", "Price paid"],
  "moment.shelf_price": ["货架价", "Price on the shelf"],
  "moment.none": ["没有写", "None were named"],
  "moment.not_shown": ["当时不在货架上", "It was not on the shelf then"],
  "moment.pinned": ["当时在讲：{title}", "Being explained then: {title}"],
  "moment.replay": ["看回放", "Watch the replay"],
  "badge.bought": ["已购", "bought this"],
  "badge.fan": ["粉丝", "fan"],
  "badge.member": ["粉丝团", "member"],
  "return.ask": ["申请退货", "Give it back"],
  "return.send": ["提交申请", "Send the request"],
  "return.sent": ["申请已提交，商家会答复你", "Sent: the host will answer"],
  "return.why": ["原因", "Why"],
  "return.note": ["想对商家说的话", "What the host should know"],
  "return.nothing": ["请至少选一件", "Choose one unit at least"],
  "return.withdraw": ["撤回申请", "Withdraw the request"],
  "return.withdraw_sure": ["撤回退货申请？", "Withdraw your request?"],
  "return.until": ["最迟 {when} 前答复，否则自动同意", "It is accepted by itself if nobody answers by {when}"],
  "return.is_asked": ["退货申请中", "Return asked for"],
  "return.is_accepted": ["已同意退货", "Return accepted"],
  "return.is_declined": ["已拒绝退货", "Return declined"],
  "return.is_withdrawn": ["已撤回申请", "Request withdrawn"],
  "return.not_as_shown": ["与展示不符", "Not as shown"],
  "return.damaged": ["有破损", "Damaged"],
  "return.wrong_item": ["发错货", "Wrong item"],
  "return.size": ["尺寸不合适", "Size does not fit"],
  "return.late": ["到得太晚", "Came too late"],
  "return.changed_mind": ["不想要了", "Changed my mind"],
  "return.other": ["其他", "Something else"],
  "return.accept": ["同意退货", "Accept"],
  "return.decline": ["拒绝", "Decline"],
  "return.units_go": ["退回的商品", "The units"],
  "return.not_sold": ["先不上架", "are not sold again"],
  "return.sold": ["重新上架", "go on sale again"],
  "return.answer": ["给买家的话（可不填）", "A word to the buyer (may be empty)"],
  "return.answer_why": ["拒绝的理由，买家会看到", "Why not: the buyer reads it"],
  "order.got": ["抢到了！", "It’s yours"],
  "order.got_hint": ["请在 {left} 内付款", "Pay within {left}"],
  "order.paid_big": ["付款成功", "Paid, thank you"],
  "order.paid_hint": ["商家会尽快发货", "The shop will send it soon"],
  "order.pay": ["付款 {price}", "Pay {price}"],
  "order.take_free": ["免费领走", "Take it, free"],
  "order.paying": ["付款中…", "Paying…"],
  "order.pending": ["付款处理中，请稍候", "The payment is being processed"],
  "order.cancel": ["不要了", "Give it back"],
  "order.no": ["订单号 {id}", "Order {id}"],
  "order.sandbox": ["演示环境，不会真的扣款", "Sandbox: no money moves"],
  "order.left_label": ["付款剩余时间", "Time left to pay"],
  "order.coupon": ["优惠券", "Coupon"],
  "order.unknown": ["还没收到结果，正在确认…", "No answer yet, checking…"],

  // Errors, by the protocol's codes
  "err.sold_out": ["手慢了，已经抢光", "Just sold out"],
  "err.limit_reached": ["已到每人限购数", "You have reached the limit per person"],
  "err.not_started": ["还没开抢，再等一下", "Not open yet, a moment"],
  "err.ended": ["已经结束了", "It is over"],
  "err.not_live": ["主播还没开播", "The room is not live"],
  "err.rate_limited": ["太快了，歇一下", "A little slower, please"],
  "err.muted": ["你已被禁言", "You are muted"],
  "err.too_long": ["太长了，短一点", "Too long, shorten it"],
  "err.expired": ["保留时间过了", "The hold has lapsed"],
  "err.unavailable": ["系统繁忙，请稍后再试", "Busy just now, try again"],
  "err.disconnected": ["网络断开，稍后再试", "Not connected, try again"],
  "err.timeout": ["没有等到回应，请再试", "No answer, try again"],
  "err.forbidden": ["没有权限", "Not allowed for you"],
  "err.bad_token": ["登录已失效，请重新登录", "Your sign-in has ended; sign in again"],
  "err.not_found": ["找不到了", "It is not there any more"],
  "err.conflict": ["状态已变，请刷新看看", "It changed meanwhile; look again"],
  "err.payment_failed": ["付款没有成功，请换个方式再试", "The payment was declined; try again"],
  "err.key_reused": ["这次抢购没有成功，请重新点一次", "That did not go through; tap once more"],
  "err.internal": ["服务器出错了，请稍后再试", "The server failed at this; try again in a while"],
  "err.bad_message": ["填写的内容不对", "Something in it is not right"],
  "err.room_taken": ["这个房间号已经有了，换一个", "This room id is taken; choose another"],

  // Host console
  "host.belongs": ["这个直播间属于 {name}。", "This room belongs to {name}."],
  "host.continue": ["以 {name} 的身份继续", "Continue as {name}"],
  "review.pass": ["放行", "Pass"],
  "review.drop": ["不放行", "Drop"],

};

/**
 * @typedef {keyof typeof STRINGS | keyof typeof LATER_STRINGS | keyof typeof REPORT_STRINGS | keyof typeof WORK_STRINGS
 *   | keyof typeof AUCTION_STRINGS | keyof typeof PLAYER_STRINGS | keyof typeof NOTE_STRINGS
 *   | keyof typeof NOTE_DESK_STRINGS | keyof typeof TOPIC_STRINGS | keyof typeof INSIGHT_STRINGS
 *   | keyof typeof FEED_STRINGS | keyof typeof HOST_STRINGS} Key
 */

/** @type {Partial<Record<Key, [chinese: Words, english: Words]>>} those that this page has */
const table = { ...STRINGS };

/** @param {Partial<Record<Key, [chinese: Words, english: Words]>>} more that this page has, too */
export const addWords = (more) => Object.assign(table, more);

const HOLE = /\{(\w+)\}/g;

/** @typedef {"zh" | "en" | "fr"} Lang */
/** @type {Record<Lang, string>} the languages, each by its own name */
export const LANGUAGES = { zh: "中文", en: "English", fr: "Français" };

/**
 * What first.js put on <html>.
 * @returns {Lang}
 */
export function lang() {
  const two = document.documentElement.lang.slice(0, 2);
  return two === "zh" || two === "fr" ? two : "en";
}

// Read only by those who read French. first.js has the browser fetch it early.
const french = lang() === "fr"
  ? await import("./french.js").then(({ FRENCH }) => FRENCH, () => null) // without it: English
  : null;
const plural = new Intl.PluralRules(lang());

/** @param {Key} key */
const wordsOf = (key) => french?.[key] ?? table[key]?.[lang() === "zh" ? 0 : 1] ?? key;

/**
 * The words for `key`; a missing key shows itself, so that it is noticed.
 * @param {Key} key
 * @param {Record<string, string | number | undefined>} [holes]
 */
export function t(key, holes = {}) {
  if (!hasWords(key)) return key;
  /** @type {Words} */
  const words = wordsOf(key);
  const text = typeof words === "string" ? words
    : plural.select(Number(holes[words.by ?? "n"])) === "one" ? words.one : words.other;
  return text.replace(HOLE, (_, name) => isolated(String(holes[name] ?? "")));
}

/**
 * Some names, as the language lists them: "A、B", "A, B".
 * @param {string[]} names
 */
export const listed = (names) => new Intl.ListFormat(lang(),
  { type: "conjunction", style: "narrow" }).format(names.map(isolated));

/**
 * Whether there are words for `key`.
 * @type {(key: string) => key is Key}
 */
export const hasWords = (key) => key in table;

/**
 * The word for where a room stands.
 * @param {Phase} phase
 */
export const phaseText = (phase) => t(phase === "scheduled" ? "soon" : phase);

/**
 * What was thrown, as what it can be.
 * @param {unknown} thrown
 * @returns {Failure}
 */
export const failureOf = (thrown) => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/**
 * What to tell a person about an error of the protocol; `phase` is the room's, where it matters.
 * A command that had no answer may have been carried out: it is never called failed.
 * @param {unknown} thrown
 * @param {string} [phase]
 */
export function whyNot(thrown, phase) {
  const error = failureOf(thrown);
  if (error.unanswered) return t("order.unknown");
  if (error.code === "not_live" && phase === "ended") return t("watch.ended");
  const key = `err.${error.code}`;
  return hasWords(key) ? t(key) : error.message;
}
