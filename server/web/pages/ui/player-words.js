// A module that imports this first has the words of the picture, too.

import { PLAYER_STRINGS } from "./player-strings.js";
import { addWords } from "./strings.js";

addWords(PLAYER_STRINGS);
