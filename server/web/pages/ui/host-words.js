// A module that imports this has the words of the host’s phone and console, too.

import { HOST_STRINGS } from "./host-strings.js";
import { addWords } from "./strings.js";

addWords(HOST_STRINGS);
