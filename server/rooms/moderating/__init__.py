"""Who may say what: words, rules, review, moderators, and the log of who did what."""
