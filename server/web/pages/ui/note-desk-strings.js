// The words about comments on notes that wait, were reported, or taken away. See strings.js.

/** @import { Words } from "./strings.js" */

/** @satisfies {Record<string, [chinese: Words, english: Words]>} */
export const NOTE_DESK_STRINGS = {
  "note_desk.title": ["笔记下待处理的评论", "Comments on your notes that wait"],
  "note_desk.none": ["没有待处理的评论", "No comment waits"],
  "note_desk.only_host": ["只有主播本人能处理自己笔记下的评论", "Only the host sees what waits on their own notes"],
  "note_desk.on": ["《{title}》", "on “{title}”"],
  "note_desk.held": ["含待审词，公开前只有作者能看到", "Held for a word in it: only its writer sees it"],
  "note_desk.reports": ["{n} 次举报", { one: "{n} report", other: "{n} reports" }],
  "note_desk.show": ["公开", "Show it"],
  "note_desk.take_away": ["撤下", "Take away"],
  "note_desk.dismiss": ["没问题", "It is fine"],
  "note_desk.done_show": ["已公开", "Everybody sees it now"],
  "note_desk.done_take_away": ["已撤下，作者会知道", "Taken away; its writer is told"],
  "note_desk.done_dismiss": ["好的，平台仍会看一眼", "Fine. The operator still looks at it"],
  "note_desk.yours": ["你写的", "What you wrote"],
  "note_desk.note_held": ["笔记审核中，只有你能看到", "A note in review: only you see it"],
  "note_desk.note_removed": ["笔记已被平台下架", "A note that the operator took down"],
  "note_desk.comment_held": ["评论审核中，只有你能看到", "In review: only you see this comment"],
  "note_desk.comment_by_author": ["评论被笔记作者撤下，只有你能看到",
    "The author of the note took this comment away: only you see it"],
  "note_desk.comment_by_operator": ["评论被平台撤下，只有你能看到",
    "The operator took this comment away: only you see it"],
};
