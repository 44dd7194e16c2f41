/** @file Processes that train one model together: what they add up, and what they tell each other. */

export { codedLinks, type Coding, EXCHANGE_DTYPES, type ExchangeDType } from "./coded-links.ts";
export { alone, type Collective, fromFirst } from "./collective.ts";
export { checkSame } from "./same.ts";
export { summedInOrder, type Links } from "./ordered-sum.ts";
