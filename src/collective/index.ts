/** @file Processes that train one model together: what they add up, and what they tell each other. */

export {
  codedLinks,
  type Coding,
  type Codings,
  EXCHANGE_DTYPES,
  type ExchangeDType,
} from "./coded-links.ts";
export {
  alone,
  type Collective,
  DONE,
  fromFirst,
  gathered,
  someRank,
  type UnderWay,
} from "./collective.ts";
export { bytesOfFirst, packed, packedLength, unpacked } from "./packing.ts";
export { checkSame } from "./same.ts";
export { gatheredTexts } from "./texts.ts";
export { summedInOrder, type Exchange, type Links } from "./ordered-sum.ts";
