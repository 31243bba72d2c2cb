// The words about reports, for viewers who report and people at work who read them. See strings.js.

/** @import { Words } from "./strings.js" */

/** @satisfies {Record<string, [chinese: Words, english: Words]>} */
export const REPORT_STRINGS = {
  "report.what": ["举报什么", "What do you report?"],
  "report.room": ["整个直播间", "This room"],
  "report.host": ["主播 {name}", "The host, {name}"],
  "report.comment": ["这条评论", "This comment"],
  "report.author": ["发评论的人", "Its author"],
  "report.product": ["商品“{title}”", "The product “{title}”"],
  "report.review": ["这条评价", "This review"],
  "report.said": ["{name}：{text}", "{name}: {text}"],
  "report.why": ["原因", "Why"],
  "report.kind_spam": ["垃圾广告", "Spam"],
  "report.kind_abuse": ["辱骂骚扰", "Insults, harassment"],
  "report.kind_hate": ["仇恨歧视", "Hatred"],
  "report.kind_sexual": ["色情低俗", "Sexual content"],
  "report.kind_violence": ["暴力恐吓", "Violence, threats"],
  "report.kind_fraud": ["欺诈", "Fraud"],
  "report.kind_counterfeit": ["假冒商品", "Counterfeit goods"],
  "report.kind_illegal": ["违法违禁", "Illegal things"],
  "report.kind_minor": ["危害未成年人", "Harm to minors"],
  "report.kind_other": ["其他", "Something else"],
  "report.text": ["补充说明（可不填）", "Anything to add? (optional)"],
  "report.send": ["举报", "Report"],
  "report.thanks": ["已收到举报，作者不会知道是你", "Thank you. The author does not learn that it was you."],
  "report.done": ["已收到举报，对方不会知道是你", "Thank you. Nobody in the room learns that it was you."],
};
