// A module that imports this has the words about the feed, too.

import { FEED_STRINGS } from "./feed-strings.js";
import { addWords } from "./strings.js";

addWords(FEED_STRINGS);
