/**
 * How many states a search will have in the end, guessed from the widths of the layers that it has seen.
 *
 * Layers grow, ever more slowly, and shrink: the logarithm of the ratio of one width to the one before falls about
 * evenly. A straight line through the last 4, the last 8 and the last 16 of these logarithms is followed until a layer
 * is empty; the middle of the three sums is the estimate. Its error is not derived but measured: in nine of ten
 * searches of our scenarios and of the yardstick, stopped at every layer, the true number lay between `low` and `high`
 * (test/explore/estimate.test.ts), and at 91 to 97 % of the stops of searches that the constants were not fitted on
 * (test/explore/estimate-held-out.test.ts). Before about half of the states are known there is no honest estimate, and
 * none is given.
 */

export interface Estimate {
  /** States in all, and the range in which it was in nine of ten searches of ours. */
  readonly states: number;
  readonly low: number;
  readonly high: number;
}

const SPANS = [4, 8, 16];
const LAYERS_LEAST = 7;
const STATES_LEAST = 100;
/** The line falls at least so much; sums end somewhere. */
const SLOPE_MOST = -0.002;
const LAYERS_MOST = 10_000;
const SUM_MOST = 1e12;

/** What the true number was, over the estimate, by tenths of the states that are known (from the fifth tenth on). */
const BANDS: readonly (readonly [low: number, high: number])[] = [
  [0.57, 8],
  [0.67, 6],
  [0.7, 4],
  [0.8, 2.6],
  [0.87, 2.5],
  [0.95, 1.4],
];
const FIRST_TENTH = 4;

/** States still to come, when the line through the last logarithms goes on. */
function toCome(ratios: readonly number[], width: number): number {
  const count = ratios.length;
  const middle = (count - 1) / 2;
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / count;
  let rise = 0;
  let run = 0;
  ratios.forEach((ratio, i) => {
    rise += (i - middle) * (ratio - mean);
    run += (i - middle) ** 2;
  });
  const slope = Math.min(rise / run, SLOPE_MOST);
  let next = width;
  let sum = 0;
  for (let i = count; next >= 0.5 && i < LAYERS_MOST && sum < SUM_MOST; i++) {
    next *= Math.exp(Math.min(mean + slope * (i - middle), 3));
    sum += next;
  }
  return sum;
}

/** `known`: how many states were known when each layer began. Undefined while it is too early to say. */
export function estimate(known: readonly number[]): Estimate | undefined {
  const seen = known.at(-1) ?? 0;
  if (known.length < LAYERS_LEAST || seen < STATES_LEAST) return undefined;
  const widths = known.map((count, i) => Math.max(1, count - (known[i - 1] ?? 0)));
  const ratios = widths.slice(1).map((width, i) => Math.log(width / (widths[i] as number)));
  const width = widths.at(-1) as number;
  const sums = SPANS.map((span) => toCome(ratios.slice(-span), width)).sort((a, b) => a - b);
  const states = seen + (sums[1] as number);
  const [low, high] = BANDS[Math.min(9, Math.floor((10 * seen) / states)) - FIRST_TENTH] ?? [];
  if (low === undefined || high === undefined) return undefined;
  return { states: Math.round(states), low: Math.max(seen, Math.round(low * states)), high: Math.round(high * states) };
}
