// A module that imports this first has the words about notes, too.

import { NOTE_STRINGS } from "./note-strings.js";
import { addWords } from "./strings.js";

addWords(NOTE_STRINGS);
