// The words of the feed, and of seeing less of something. See strings.js.

/** @import { Words } from "./strings.js" */

/** @satisfies {Record<string, [chinese: Words, english: Words]>} */
export const FEED_STRINGS = {
  "feed.title": ["为你推荐", "For you"],
  "feed.more": ["更多推荐", "More for you"],
  "feed.end": ["看完了，过一会儿再来", "That is all for now"],
  "feed.none": ["还没有可以推荐的内容", "There is nothing to show yet"],
  "feed.failed": ["推荐没有读到：{why}", "The suggestions could not be read: {why}"],
  "feed.by_follow": ["你关注了 {name}", "Because you follow {name}"],
  "feed.by_again": ["你来过 {name} 这里", "You were at {name}’s before"],
  "feed.by_bought": ["你在 {name} 买过", "You bought from {name}"],
  "feed.by_near": ["喜欢“{title}”的人也喜欢", "People who liked “{title}” like this"],
  "feed.by_tag": ["因为你看 #{tag}", "Because you read #{tag}"],
  "feed.by_popular": ["大家都在看", "Popular now"],
  "feed.by_fresh": ["刚刚发布", "Just published"],
  "feed.by_new": ["新人新作", "New here"],
  "feed.by_featured": ["精选推荐", "Featured"],
  "feed.by_maybe": ["也许你会喜欢", "You may like this"],
  "feed.by_live": ["正在直播", "Live now"],
  "feed.likes": ["{n} 人喜欢", { one: "{n} like", other: "{n} likes" }],
  "feed.menu_of": ["“{title}”的更多操作", "More about “{title}”"],
  "feed.why": ["为什么推荐给你：{why}", "Why you see this: {why}"],
  "feed.less_note": ["不想看这篇笔记", "Less of this note"],
  "feed.less_host": ["少看 {name}", "Less of {name}"],
  "feed.less_tag": ["少看 #{tag}", "Less of #{tag}"],
  "feed.less_done": ["好的，会少推荐", "Done: you will see less of it"],
  "feed.less_undo": ["撤销", "Undo"],
  "feed.less_undone": ["已撤销", "It is undone"],
  "feed.less_undo_of": ["撤销“少看 {name}”", "Undo: less of {name}"],
  "feed.less_sign_in": ["登录后才能告诉我们少看什么", "Sign in to say what you want to see less of"],
  "feed.less_title": ["少看的内容", "What I see less of"],
  "feed.less_none": ["没有少看的内容。在推荐的“…”里可以选。", "Nothing yet. The “…” of a card in the feed has it."],
  "feed.less_kind_host": ["主播", "Host"],
  "feed.less_kind_tag": ["标签", "Tag"],
  "feed.less_kind_note": ["笔记", "Note"],
};
