/**
 * The search's memory: where its log, keys, queue and visited set lie, after everything that `boot` laid out.
 *
 * Of the memory that is allowed, a sixteenth is for the parents of the first states (paths are read from it), a quarter
 * for the queue, when several workers share the search another quarter for what they exchange, the rest for the visited
 * set. Pages that are never touched cost nothing.
 */
import { Base } from "../abi/layout";
import { EDGE_WORDS, EDGES_MAX, Reduction, Search, WATCH_STATES } from "../abi/search";
import { reserve } from "../boot";
import { base, get, put, stateBase } from "../word";
import { reductionBytes } from "./learn";
import { symmetryBytes } from "./symmetry";

/** Entries of the log: what the successors of one state write. */
const LOG_BYTES: u32 = 1 << 20;
const MIB: u32 = 1 << 20;
/** One page short of 4 GiB: an address one past the end is still an address. */
const MOST_BYTES: u64 = 0xffff0000;

const words = memory.data(56 * 4);

/** First word of the Search area. */
export function searchWords(): u32 {
  return <u32>words >> 2;
}

export function asked(field: u32): u32 {
  return get(searchWords() + field);
}

export function tell(field: u32, value: u32): void {
  put(searchWords() + field, value);
}

export let logAt: u32 = 0;
export let logEnd: u32 = 0;
export let keysAt: u32 = 0;
export let liveListAt: u32 = 0;
export let liveFlagsAt: u32 = 0;
export let watchListAt: u32 = 0;
export let watchAt: u32 = 0;
export let edgesAt: u32 = 0;
export let parentsAt: u32 = 0;
export let parentsMax: u32 = 0;
export let reductionAt: u32 = 0;
export let symmetryAt: u32 = 0;
export let queueAt: u32 = 0;
export let queueBytesMax: u32 = 0;
/** What a worker of a split search exchanges with the others. */
export let splitAt: u32 = 0;
export let splitBytes: u32 = 0;
export let visitedAt: u32 = 0;
export let visitedBytes: u32 = 0;

/** Words of the state, from Base.STATE on. */
export function stateWords(): u32 {
  return base(Base.STATE_END) - stateBase;
}

/** Whether the reduction is asked for; only the module that notes what steps use can. */
export function reduces(how: u32): bool {
  return isDefined(RECORDED) && (asked(Search.REDUCE) & how) != 0;
}

function aligned(at: u32): u32 {
  return (at + 63) & ~63;
}

/** Where the list of watched words is to be written, before `exploreStart`. 0 without memory. */
export function watchList(count: u32): u32 {
  const first = aligned(base(Base.END) << 2);
  if (!reserve((first >> 2) + count)) return 0;
  return first >> 2;
}

/** Lays the areas out; takes less memory than allowed when the host has less. False when it does not suffice. */
export function layOutSearch(): bool {
  const count = stateWords();
  watchListAt = aligned(base(Base.END) << 2);
  watchAt = aligned(watchListAt + (asked(Search.WATCHED) << 2));
  edgesAt = aligned(watchAt + ((WATCH_STATES * asked(Search.WATCHED)) << 2));
  logAt = aligned(edgesAt + (asked(Search.EDGES) != 0 ? (EDGES_MAX * EDGE_WORDS) << 2 : 0));
  logEnd = logAt + LOG_BYTES;
  keysAt = logEnd;
  liveListAt = aligned(keysAt + (count << 4));
  liveFlagsAt = aligned(liveListAt + (count << 2));
  reductionAt = aligned(liveFlagsAt + count);
  symmetryAt = aligned(reductionAt + (reduces(Reduction.PARTIAL_ORDER) ? reductionBytes() : 0));
  parentsAt = aligned(symmetryAt + (reduces(Reduction.SYMMETRY) ? symmetryBytes(count) : 0));
  let mib = asked(Search.MEMORY_MIB);
  while (mib > 0) {
    const end = min(<u64>parentsAt + <u64>mib * <u64>MIB, MOST_BYTES);
    if (end > <u64>parentsAt + <u64>MIB && reserve(<u32>(end >> 2))) {
      share(<u32>(end - <u64>parentsAt));
      return true;
    }
    mib >>= 1;
  }
  return false;
}

function share(bytes: u32): void {
  const parents = (bytes >> 4) & ~63;
  parentsMax = parents >> 3;
  queueAt = parentsAt + parents;
  queueBytesMax = (bytes >> 2) & ~63;
  splitAt = queueAt + queueBytesMax;
  splitBytes = asked(Search.WORKERS) > 1 ? (bytes >> 2) & ~63 : 0;
  visitedAt = splitAt + splitBytes;
  visitedBytes = (bytes - parents - queueBytesMax - splitBytes) & ~63;
  const most = asked(Search.STORE_KIB);
  if (most != 0) visitedBytes = min(visitedBytes, most << 10);
}
