/* Kernel primitives that the seed's race uses on x86: assembly/mm/{locks,gather,pages,pgtable,hugetlb,vma,x86}.ts. */

#define WRITE 0x80000000u

static u32 lockOf(u32 task, u32 ref) {
  switch (ref) {
    case LockRef_MMAP: return mmAt(regWord(task, Reg_MM)) + Mm_MMAP_LOCK;
    case LockRef_I_MMAP: return fileAt(regWord(task, Reg_FILE)) + FileRecord_I_MMAP;
    case LockRef_FAULT: return fileAt(regWord(task, Reg_FILE)) + FileRecord_FAULT_MUTEX;
    case LockRef_VMA: return vmaAt(regWord(task, Reg_VMA) - 1) + Vma_LOCK;
    case LockRef_PTL: return restAt(regWord(task, Reg_TABLE)) + Rest_LOCK;
    case LockRef_NEW_PTL: return restAt(regWord(task, Reg_TMP)) + Rest_LOCK;
    case LockRef_PAGE_TABLE: return mmAt(regWord(task, Reg_MM)) + Mm_PAGE_TABLE_LOCK;
    default: return 0;
  }
}

static inline u32 bitOf(u32 task) { return 1u << ((task - taskBase) / Task_WORDS); }

static inline bool available(u32 lock, bool forWrite) {
  u32 word = get(lock);
  return forWrite ? word == 0 : (word & WRITE) == 0;
}

static void acquire(u32 task, u32 lock, bool forWrite, u32 rank) {
  u32 held = get(task + Task_RANKS);
  if (held >= 1u << (rank + 1)) violation(Fault_LOCK_ORDER, 0, rank);
  if (held == 0) callBegins((task - taskBase) / Task_WORDS, get(task + Task_MM));
  put(task + Task_RANKS, held | 1u << rank);
  put(lock, get(lock) | bitOf(task) | (forWrite ? WRITE : 0));
}

static void unlock(u32 task, u32 lock, u32 rank) {
  u32 word = get(lock);
  if ((word & bitOf(task)) == 0) {
    violation(Fault_LOCK_NOT_HELD, 0, 0);
    return;
  }
  if ((word & WRITE) != 0) guardDropped(lock);
  put(lock, (word & WRITE) != 0 ? 0 : word & ~bitOf(task));
  put(task + Task_RANKS, get(task + Task_RANKS) & ~(1u << rank));
}

static void downgrade(u32 task, u32 lock) {
  guardDropped(lock);
  put(lock, bitOf(task));
}

static void mustHold(u32 task, u32 ref) {
  if (ref == LockRef_NONE) return;
  u32 word = get(lockOf(task, ref));
  if ((word & bitOf(task)) == 0 || (word & WRITE) == 0) violation(Fault_LOCK_NOT_HELD, 0, ref);
}

static void gatherReset(u32 gather) {
  bool whole = (get(gather + Gather_BITS) & GatherBit_FULLMM) != 0;
  putLong(gather + Gather_START, whole ? 0 : spaceEnd());
  putLong(gather + Gather_END, whole ? spaceEnd() : 0);
  put(gather + Gather_BITS, get(gather + Gather_BITS) & GatherBit_FULLMM);
}

static void gatherStart(u32 task, u32 fullmm) {
  u32 gather = gatherOf(task), mm = regWord(task, Reg_MM);
  if (get(gather + Gather_MM) != 0) violation(Fault_UNBALANCED, 0, 1);
  put(gather + Gather_MM, mm + 1), put(gather + Gather_BITS, fullmm != 0 ? GatherBit_FULLMM : 0);
  put(gather + Gather_COUNT, 0);
  gatherReset(gather);
  add(mmAt(mm) + Mm_FLUSH_PENDING, 1);
}

static void gatherRecord(u32 gather, u64 at, u64 pages, u32 bits) {
  if (at < getLong(gather + Gather_START)) putLong(gather + Gather_START, at);
  if (at + pages > getLong(gather + Gather_END)) putLong(gather + Gather_END, at + pages);
  put(gather + Gather_BITS, get(gather + Gather_BITS) | bits);
}

static void loadRange(u32 task) {
  u32 gather = gatherOf(task), bits = get(gather + Gather_BITS), stride = 0;
  while (stride < 4 && (bits & 1u << stride) == 0) stride++;
  setReg(task, Reg_FLUSH_MM, get(gather + Gather_MM) - 1);
  setReg(task, Reg_RANGE_START, getLong(gather + Gather_START));
  setReg(task, Reg_RANGE_END, getLong(gather + Gather_END));
  setReg(task, Reg_STRIDE, stride < 4 ? stride : 0);
  setReg(task, Reg_TABLES, (bits & GatherBit_FREED_TABLES) != 0);
  setReg(task, Reg_FULL, (bits & GatherBit_FULLMM) != 0);
}

static bool queue(u32 gather, u32 frame) {
  u32 count = get(gather + Gather_COUNT);
  put(gather + Gather_WORDS + count, frame);
  put(gather + Gather_COUNT, count + 1);
  return count + 1 >= boot(Boot_BATCH);
}

static void checkGather(u32 task) {
  u32 gather = gatherOf(task), bits = get(gather + Gather_BITS);
  u64 from = getLong(gather + Gather_START), to = getLong(gather + Gather_END);
  bool tables = (bits & GatherBit_FREED_TABLES) != 0;
  checkRecorded(get(gather + Gather_MM) - 1, from, to, tables, (bits & GatherBit_FULLMM) != 0);
}

static void gatherFinish(u32 task) {
  u32 gather = gatherOf(task);
  if (get(gather + Gather_MM) == 0) {
    violation(Fault_UNBALANCED, 0, 2);
    return;
  }
  add(mmAt(get(gather + Gather_MM) - 1) + Mm_FLUSH_PENDING, -1);
  put(gather + Gather_MM, 0), putLong(gather + Gather_START, 0), putLong(gather + Gather_END, 0);
  put(gather + Gather_BITS, 0);
}

static void gatherPromote(u32 gather) {
  put(gather + Gather_BITS, GatherBit_FULLMM);
  gatherReset(gather);
  put(gather + Gather_BITS, GatherBit_FULLMM | GatherBit_FREED_TABLES);
}

static void putPage(u32 frame) {
  u32 record = frameAt(frame);
  if (get(record + Frame_REFERENCES) == 0) {
    violation(Fault_UNBALANCED, 0, 3);
    return;
  }
  add(record + Frame_REFERENCES, -1);
  if (get(record + Frame_REFERENCES) != 0) return;
  bool table = kindOf(frame) == Kind_TABLE;
  if (get(record + Frame_MAPS) != 0 || (table && (liveEntries(frame) != 0 || get(restAt(frame) + Rest_SHARE) != 0)))
    violation(Fault_UNBALANCED, 0, table ? 5 : 4);
  frameFreed(frame);
  event(EventKind_FREED, 0, ownerOf(frame), 0, 0, frame, poolOf(frame));
  release(frame);
  sometimes(table ? Sometimes_TABLE_FREED : Sometimes_PAGE_FREED);
}

static void nextCached(u32 task) {
  u64 end = reg(task, Reg_END), index = reg(task, Reg_INDEX);
  u32 first = fileAt(regWord(task, Reg_FILE)) + FileRecord_WORDS;
  for (; index < end; index++) {
    u32 frame = get(first + (u32)index);
    if (frame == 0) continue;
    setReg(task, Reg_INDEX, index), setReg(task, Reg_PAGE, frame);
    return;
  }
  setReg(task, Reg_INDEX, end), setReg(task, Reg_PAGE, 0);
}

static void removeFromCache(u32 task) {
  if (reg(task, Reg_INDEX) >= boot(Boot_FILE_PAGES)) {
    violation(Fault_UNBALANCED, 0, 12);
    return;
  }
  u32 slot = fileAt(regWord(task, Reg_FILE)) + FileRecord_WORDS + regWord(task, Reg_INDEX), frame = get(slot);
  if (frame == 0) return;
  put(slot, 0);
  putPage(frame);
}

static void rmapRemove(u32 task) {
  u32 record = frameAt(regWord(task, Reg_PAGE));
  if (get(record + Frame_MAPS) == 0) violation(Fault_UNBALANCED, 0, 6);
  else add(record + Frame_MAPS, -1);
}

static inline u32 pgdOf(u32 task) { return get(mmAt(regWord(task, Reg_MM)) + Mm_PGD); }

static void clearEntry(u32 task, u32 level, u32 guard) {
  mustHold(task, guard);
  u32 slot = regWord(task, Reg_ENTRY), lock = guard == LockRef_NONE ? 0 : lockOf(task, guard);
  entryCleared(regWord(task, Reg_MM), reg(task, Reg_ADDRESS), level, regWord(task, Reg_TABLE), slot, lock);
  writeEntry(slot, 0);
}

static bool needed(u32 mm, u64 start, u64 end) {
  for (u32 i = 0; i < vmas; i++) {
    u32 vma = vmaAt(i);
    if (get(vma + Vma_MM) != mm + 1 || get(vma + Vma_DETACHED) != 0) continue;
    if (getLong(vma + Vma_START) < end && start < getLong(vma + Vma_END)) return true;
  }
  return false;
}

static u32 freeSlot, freeTable, freeLevel;
static u64 freeStart;

static bool findFreeable(u32 mm, u32 table, u32 level, u64 tableStart, u64 from, u64 to) {
  if (level == 0) return false;
  u64 span = pagesOf(level);
  u32 count = entriesOf(level);
  for (u32 i = tableStart >= from ? 0 : (u32)((from - tableStart) / span); i < count; i++) {
    u64 start = tableStart + i * span;
    if (start >= to) return false;
    u32 slot = tableAt(table) + i, entry = get(slot);
    if (!isTableEntry(entry)) continue;
    if (findFreeable(mm, frameOf(entry), level - 1, start, from, to)) return true;
    if (needed(mm, start, start + span)) continue;
    freeSlot = slot, freeTable = table, freeStart = start, freeLevel = level;
    return true;
  }
  return false;
}

static bool freeNextTable(u32 task) {
  u32 mm = regWord(task, Reg_MM), gather = gatherOf(task);
  if (!findFreeable(mm, pgdOf(task), levels - 1, 0, reg(task, Reg_START), reg(task, Reg_END))) return false;
  u32 child = frameOf(get(freeSlot));
  entryCleared(mm, freeStart, freeLevel, freeTable, freeSlot, 0);
  writeEntry(freeSlot, 0);
  gatherRecord(gather, freeStart, 1, GatherBit_FREED_TABLES | (freeLevel < 4 ? 1u << freeLevel : 0));
  queue(gather, child);
  add(mmAt(mm) + Mm_TABLES, -1);
  return true;
}

static bool tablePut(u32 task, bool byShareCount) {
  u32 table = regWord(task, Reg_TABLE), references = frameAt(table) + Frame_REFERENCES;
  u32 sharers = restAt(table) + Rest_SHARE;
  if (byShareCount) {
    if (get(sharers) == 0) violation(Fault_UNBALANCED, 0, 11);
    else add(sharers, -1);
    return false;
  }
  if (get(references) <= 1) return true;
  add(references, -1);
  return false;
}

static void pudClear(u32 task, u32 guard) {
  mustHold(task, guard);
  u32 mm = regWord(task, Reg_MM), slot = slotOf(get(mmAt(mm) + Mm_PGD), reg(task, Reg_ADDRESS), 2);
  if (slot == 0) {
    violation(Fault_UNBALANCED, 0, 7);
    return;
  }
  entryCleared(mm, reg(task, Reg_ADDRESS), 2, slotTable, slot, guard == LockRef_NONE ? 0 : lockOf(task, guard));
  writeEntry(slot, 0);
  add(mmAt(mm) + Mm_TABLES, -1);
  add(tally(Tally_UNSHARED), 1);
  sometimes(Sometimes_UNSHARED);
}
