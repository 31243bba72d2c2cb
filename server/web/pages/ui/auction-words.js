// A module that imports this first has the words about auctions, too.

import { AUCTION_STRINGS } from "./auction-strings.js";
import { addWords } from "./strings.js";

addWords(AUCTION_STRINGS);
