// A module that imports this has the words about reports, too.

import { REPORT_STRINGS } from "./report-strings.js";
import { addWords } from "./strings.js";

addWords(REPORT_STRINGS);
