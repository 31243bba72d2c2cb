// A module that imports this first has the words about what waits on notes, too.

import { NOTE_DESK_STRINGS } from "./note-desk-strings.js";
import { addWords } from "./strings.js";

addWords(NOTE_DESK_STRINGS);
