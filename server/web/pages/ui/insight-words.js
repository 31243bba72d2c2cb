// A module that imports this has the words about what a host learns, too.

import { INSIGHT_STRINGS } from "./insight-strings.js";
import { addWords } from "./strings.js";

addWords(INSIGHT_STRINGS);
