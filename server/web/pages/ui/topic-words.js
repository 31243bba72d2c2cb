// A module that imports this has the words about topics, too.

import { addWords } from "./strings.js";
import { TOPIC_STRINGS } from "./topic-strings.js";

addWords(TOPIC_STRINGS);
