/**
 * The corpus: inputs that showed something new, and which of them to change next.
 *
 * What an entry costs is the steps of its run: one that was picked often without a child that showed something new, or
 * that takes long, is picked less often.
 */
import { CORPUS_MAX, CorpusEntry, ENTRY_BYTES, FuzzWord } from "../abi/fuzz";
import { get, put } from "../word";
import { entries, input, schedule, setWord, word } from "./block";
import { programBytes } from "./program";
import { below } from "./rng";

const DRAWN_TO_GO: u32 = 8;

export function entryAt(index: u32): u32 {
  return entries + index * CorpusEntry.WORDS;
}

/** First byte of an entry. */
export function bytesOf(entry: u32): u32 {
  return (entry + CorpusEntry.BYTES) << 2;
}

/** Where the next entry goes: behind the last one, or where the weariest of a few drawn at random was. */
function place(parent: u32): u32 {
  const count = word(FuzzWord.CORPUS);
  if (count < CORPUS_MAX) {
    setWord(FuzzWord.CORPUS, count + 1);
    return entryAt(count);
  }
  let worst: u32 = 0;
  for (let i: u32 = 0; i < DRAWN_TO_GO; i++) {
    const other = entryAt(below(count));
    // Schedules of the parent are still to be followed.
    if (other != parent && (worst == 0 || weariness(other) > weariness(worst))) worst = other;
  }
  return worst;
}

/** Keeps the program of the input with the schedule that was followed, as much of it as fits. */
export function keep(parent: u32): void {
  if (parent != 0) put(parent + CorpusEntry.CHILDREN, get(parent + CorpusEntry.CHILDREN) + 1);
  const entry = place(parent);
  if (entry == 0) return;
  const program = programBytes();
  const followed = min<u32>(word(FuzzWord.SCHEDULE_USED), ENTRY_BYTES - program);
  put(entry + CorpusEntry.LENGTH, program + followed);
  put(entry + CorpusEntry.SCHEDULE_AT, program);
  put(entry + CorpusEntry.PICKS, 0);
  put(entry + CorpusEntry.CHILDREN, 0);
  put(entry + CorpusEntry.STEPS, word(FuzzWord.LAST_STEPS));
  memory.copy(bytesOf(entry), input, program);
  memory.copy(bytesOf(entry) + program, schedule, followed);
}

/** Steps spent on it for each child: small is good. */
function weariness(entry: u32): u32 {
  const picks = 1 + get(entry + CorpusEntry.PICKS);
  return (picks * (32 + get(entry + CorpusEntry.STEPS))) / (1 + get(entry + CorpusEntry.CHILDREN));
}

/** The freshest of three entries drawn at random; 0 when there is none. */
export function choose(): u32 {
  const count = word(FuzzWord.CORPUS);
  if (count == 0) return 0;
  let best = entryAt(below(count));
  for (let i = 0; i < 2; i++) {
    const other = entryAt(below(count));
    if (weariness(other) < weariness(best)) best = other;
  }
  put(best + CorpusEntry.PICKS, get(best + CorpusEntry.PICKS) + 1);
  return best;
}

/** Any entry: what a splice takes from. */
export function anyEntry(): u32 {
  const count = word(FuzzWord.CORPUS);
  return count == 0 ? 0 : entryAt(below(count));
}
