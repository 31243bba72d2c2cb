// A page that imports this first has the words of people at work, too.

import { addWords } from "./strings.js";
import { WORK_STRINGS } from "./work-strings.js";

addWords(WORK_STRINGS);
