/**
 * The corpus: inputs that showed something new, and which of them to change next.
 *
 * An entry that was picked often without a child that showed something new is picked less often.
 */
import { CORPUS_MAX, CorpusEntry, ENTRY_BYTES, FuzzWord } from "../abi/fuzz";
import { get, put } from "../word";
import { entries, input, schedule, setWord, word } from "./block";
import { programBytes } from "./program";
import { below } from "./rng";

export function entryAt(index: u32): u32 {
  return entries + index * CorpusEntry.WORDS;
}

/** First byte of an entry. */
export function bytesOf(entry: u32): u32 {
  return (entry + CorpusEntry.BYTES) << 2;
}

/** Keeps the program of the input with the schedule that was followed, as much of it as fits. */
export function keep(parent: u32): void {
  if (parent != 0) put(parent + CorpusEntry.CHILDREN, get(parent + CorpusEntry.CHILDREN) + 1);
  const index = word(FuzzWord.CORPUS);
  if (index == CORPUS_MAX) return;
  setWord(FuzzWord.CORPUS, index + 1);
  const entry = entryAt(index);
  const program = programBytes();
  const followed = min<u32>(word(FuzzWord.SCHEDULE_USED), ENTRY_BYTES - program);
  put(entry + CorpusEntry.LENGTH, program + followed);
  put(entry + CorpusEntry.SCHEDULE_AT, program);
  put(entry + CorpusEntry.PICKS, 0);
  put(entry + CorpusEntry.CHILDREN, 0);
  memory.copy(bytesOf(entry), input, program);
  memory.copy(bytesOf(entry) + program, schedule, followed);
}

/** Picks without a child, per child: small is good. */
function weariness(entry: u32): u32 {
  return get(entry + CorpusEntry.PICKS) / (1 + get(entry + CorpusEntry.CHILDREN));
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
