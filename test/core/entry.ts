/**
 * The core with its insides turned out: what the unit tests call, and nothing that ships.
 *
 * Compiled together with assembly/index.ts to build/core.test.wasm (test/setup/globalSetup.ts), so the product's own
 * exports are there too. Host side: harness.ts.
 */

import * as tables from "../../assembly/hw/tables";
import { Cached } from "../../assembly/hw/tlb";
import * as walk from "../../assembly/hw/walk";
import { get, getLong } from "../../assembly/word";

export { callBegins, callEnds, owedIn } from "../../assembly/ghost/calls";
export { obligationCount } from "../../assembly/ghost/lookup";
export { entryCleared, forget, rightsLost } from "../../assembly/ghost/obligations";
export { setCurrent, violation } from "../../assembly/ghost/report";
export {
  callReturned,
  checkRecorded,
  completed,
  frameFreed,
  guardDropped,
  invalidated,
  issued,
  mmLoaded,
  usersOf,
} from "../../assembly/ghost/rules";
export { allocate, firstFrame, frameCount, liveEntries, poolOf, release } from "../../assembly/hw/frames";
export { addressScope, invalidate, invalidateAll, reachesLeaf, reachesWalk } from "../../assembly/hw/invalidate";
export {
  alignDown,
  alignUp,
  entriesOf,
  firstUsed,
  frameOf,
  indexOf,
  isTableEntry,
  makeEntry,
  pagesOf,
  shiftOf,
  slotOf,
  spaceEnd,
  writeEntry,
} from "../../assembly/hw/tables";
export { fill, fillWalk, lookUp, lookUpWalk, spaceOf, tagOf, tlbWordsPerCpu } from "../../assembly/hw/tlb";
export { resumeWalk, startWalk, stepWalk } from "../../assembly/hw/walk";
export { access, isStale, speculate } from "../../assembly/mm/access";
export { decideLimits, dsb, tlbi } from "../../assembly/mm/arm64";
export {
  checkGather,
  finish as gatherFinish,
  isOpen,
  levelHint,
  loadRange,
  promote,
  queue as gatherQueue,
  record as gatherRecord,
  recordTable,
  reset as gatherReset,
  start as gatherStart,
} from "../../assembly/mm/gather";
export {
  findShareable,
  isShared,
  pudClear,
  pudPopulate,
  tableGet,
  tablePut,
  wantShare,
  widenRange,
} from "../../assembly/mm/hugetlb";
export { getHugeZero, shrinkHugeZero } from "../../assembly/mm/hugezero";
export { acquire, available, downgrade, isHeld, lockOf, mustHold, take, unlock } from "../../assembly/mm/locks";
export { moveExtent, movePtes } from "../../assembly/mm/move";
export {
  allocAnon,
  findOrAlloc,
  nextCached,
  putPage,
  removeFromCache,
  replaceInCache,
  rmap,
} from "../../assembly/mm/pages";
export {
  allocTables,
  clearEntry,
  freeNextTable,
  moveEntry,
  protectEntry,
  pudSlot,
  setEntry,
  walk as walkTables,
} from "../../assembly/mm/pgtable";
export {
  addCpus,
  flushed as batchFlushed,
  mark as batchMark,
  pending as batchPending,
  reset as batchReset,
  send as batchSend,
  shouldDefer,
} from "../../assembly/mm/reclaim";
export { switchMm } from "../../assembly/mm/switching";
export {
  copyVma,
  detachVmas,
  findVma,
  freeDetached,
  linkVma,
  makeUnshareable,
  nextDetached,
  nextInTree,
  protectVmas,
  unlinkFile,
  vmaBounds,
  vmaIndex,
  vmaNumber,
} from "../../assembly/mm/vma";
export { clearDirty, flushRmaps, markDirty, writeOut } from "../../assembly/mm/writeback";
export {
  acknowledged,
  decideFull,
  flushFunc,
  flushLocal,
  handleIpi,
  nextGeneration,
  sendIpi,
  spaceOfCpu,
  spaceOfMm,
} from "../../assembly/mm/x86";
export { protectPtes, zapPtes } from "../../assembly/mm/zap";
export { gatherOf, reg, setReg } from "../../assembly/word";

/** Table that the last slotOf() ended in. */
export function slotTable(): u32 {
  return tables.slotTable;
}

export function walkTable(): u32 {
  return walk.walkTable;
}

export function walkLevel(): u32 {
  return walk.walkLevel;
}

export function walkWasStale(): bool {
  return walk.walkWasStale;
}

export function cachedTag(entry: u32): u32 {
  return get(entry + Cached.TAG);
}

export function cachedStart(entry: u32): u64 {
  return getLong(entry + Cached.START);
}

export function cachedFrame(entry: u32): u32 {
  return get(entry + Cached.FRAME);
}

export function cachedFlags(entry: u32): u32 {
  return get(entry + Cached.FLAGS);
}

export function cachedGeneration(entry: u32): u32 {
  return get(entry + Cached.GENERATION);
}
export { settle } from "../../assembly/step";
