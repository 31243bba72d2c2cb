// A page, or a part that is fetched later, that imports this first has these words, too.

import { LATER_STRINGS } from "./later-strings.js";
import { addWords } from "./strings.js";

addWords(LATER_STRINGS);
