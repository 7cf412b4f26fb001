/* The oracle: assembly/ghost/{report,lookup,obligations}.ts. */

static void violation(u32 kind, u32 obligation, u32 holders) {
  u32 seen = get(tally(Tally_VIOLATIONS)), count = get(Area_RUN + Run_VIOLATIONS);
  if ((seen & (1u << kind)) != 0) return;
  put(tally(Tally_VIOLATIONS), seen | (1u << kind));
  if (count >= VIOLATIONS_MAX) return;
  put(Area_RUN + Run_VIOLATIONS, count + 1);
  u32 record = VIOLATION_AREA + count * Violation_WORDS;
  put(record + Violation_KIND, kind), put(record + Violation_STEP, get(tally(Tally_STEPS)));
  put(record + Violation_AGENT, currentAgent), put(record + Violation_PC, currentPc), put(record + Violation_STATE, 0);
  if (obligation != 0) {
    put(record + Violation_MM, get(obligation + Obligation_MM));
    putLong(record + Violation_START, getLong(obligation + Obligation_START));
    put(record + Violation_LEVEL, get(obligation + Obligation_LEVEL) | get(obligation + Obligation_FLAGS) << 8);
    put(record + Violation_FRAME, get(obligation + Obligation_FRAME));
    put(record + Violation_GENERATION, get(obligation + Obligation_GENERATION));
    put(record + Violation_BIRTH, get(obligation + Obligation_BIRTH));
  } else {
    clear(record + Violation_MM, Violation_STATE - Violation_MM);
  }
  put(record + Violation_HOLDERS, holders);
  event(EventKind_VIOLATION, 0, 0, 0, 0, 0, kind);
}

static inline void sometimes(u32 bits) { memory[tally(Tally_SOMETIMES)] |= bits; }
static inline void hidden(u32 bits) { memory[tally(Tally_HIDDEN)] |= bits; }
static inline u32 obligationCount(void) { return get(globalWord(Globals_OBLIGATIONS)); }

static u32 lastOnly;

static u32 onlyOn(u32 frame) {
  u32 count = obligationCount(), below = lastOnly < count ? lastOnly : count - 1, above = below;
  for (u32 tried = 0; tried < count; tried++) {
    if (get(obligationAt(below) + Obligation_FRAME) == frame) break;
    if (get(obligationAt(above) + Obligation_FRAME) == frame) {
      below = above;
      break;
    }
    below = below == 0 ? count - 1 : below - 1;
    above = above + 1 == count ? 0 : above + 1;
  }
  lastOnly = below;
  return obligationAt(below);
}

static bool isEqual(u32 other, u32 mm, u64 start, u32 level, u32 frame, u32 flags) {
  if (get(other + Obligation_FRAME) != frame || getLong(other + Obligation_START) != start) return false;
  if (get(other + Obligation_MM) != mm || get(other + Obligation_LEVEL) != level) return false;
  u32 generation = get(frameAt(frame) + Frame_GENERATION);
  return get(other + Obligation_GENERATION) == generation && (get(other + Obligation_FLAGS) & 15) == flags;
}

static u32 findEqual(u32 mm, u64 start, u32 level, u32 frame, u32 flags) {
  u32 stale = get(restAt(frame) + Rest_STALE), count = obligationCount();
  if (stale == 0) return 0;
  if (stale == 1) {
    u32 only = onlyOn(frame);
    return isEqual(only, mm, start, level, frame, flags) ? only : 0;
  }
  for (u32 i = 0; i < count; i++)
    if (isEqual(obligationAt(i), mm, start, level, frame, flags)) return obligationAt(i);
  return 0;
}

static u32 newRecord(u32 mm, u64 start, u32 level, u32 frame, u32 flags) {
  u32 count = obligationCount(), record = obligationAt(count);
  if (count >= boot(Boot_OBLIGATIONS)) {
    add(tally(Tally_OVERFLOW), 1);
    return 0;
  }
  put(globalWord(Globals_OBLIGATIONS), count + 1);
  put(record + Obligation_MM, mm), putLong(record + Obligation_START, start);
  put(record + Obligation_LEVEL, level), put(record + Obligation_FRAME, frame);
  put(record + Obligation_GENERATION, get(frameAt(frame) + Frame_GENERATION));
  put(record + Obligation_HOLDERS, 0), put(record + Obligation_FLAGS, flags), put(record + Obligation_GUARD, 0);
  put(record + Obligation_DUE, 0);
  add(restAt(frame) + Rest_STALE, 1);
  return record;
}

static inline u32 moverIn(u32 mm) {
  return currentAgent < boot(Boot_TASKS) && get(taskAt(currentAgent) + Task_MM) == mm ? 1u << currentAgent : 0;
}

static void oweFor(u32 due, u32 mm, u64 start, u32 level, u32 frame, u32 holders, u32 guard, u32 flags, u32 issued) {
  if (holders == 0) return;
  u32 record = findEqual(mm, start, level, frame, flags);
  if (record == 0) record = newRecord(mm, start, level, frame, flags);
  if (record == 0) return;
  put(record + Obligation_HOLDERS, get(record + Obligation_HOLDERS) | holders);
  put(record + Obligation_ISSUED, issued), put(record + Obligation_BY, currentAgent + 1);
  put(record + Obligation_DUE, get(record + Obligation_DUE) | due);
  if (guard != 0) put(record + Obligation_GUARD, guard);
  put(record + Obligation_BIRTH, get(tally(Tally_STEPS)));
  sometimes(Sometimes_REMOTE_HOLDER);
  if (tracing) event(EventKind_OWED, holders, mm, start, start + pagesOf(level & 15), frame, level | flags << 8);
}

static void forget(u32 i) {
  u32 last = obligationCount() - 1, record = obligationAt(i);
  add(restAt(get(record + Obligation_FRAME)) + Rest_STALE, -1);
  if (i != last) memcpy(memory + record, memory + obligationAt(last), Obligation_WORDS * 4);
  clear(obligationAt(last), Obligation_WORDS);
  put(globalWord(Globals_OBLIGATIONS), last);
}

static inline u32 holdersOf(u32 mm) { return get(mmAt(mm) + Mm_HOLDERS); }

static bool reaches(u32 mm, u64 start, u32 level, u32 table) {
  return slotOf(get(mmAt(mm) + Mm_PGD), start, level) != 0 && slotTable == table;
}

static void subtreeCleared(u32 mm, u64 start, u32 level, u32 child, u32 guard) {
  u32 holders = holdersOf(mm);
  oweFor(moverIn(mm), mm, start, level | OBLIGATION_TABLE, child, holders, guard, 0, 0);
  if (holders == 0) return;
  u32 below = level - 1, first = tableAt(child), count = entriesOf(below);
  for (u32 i = 0; i < count; i++) {
    u32 entry = get(first + i);
    if ((entry & Entry_PRESENT) == 0) continue;
    u64 at = start + i * pagesOf(below);
    if (isTableEntry(entry)) subtreeCleared(mm, at, below, frameOf(entry), guard);
    else oweFor(moverIn(mm), mm, at, below, frameOf(entry), holders, guard, 0, 0);
  }
}

static void sharersOwe(u64 start, u32 level, u32 table, u32 entry, u32 guard, u32 flags) {
  u64 span = pagesOf(level + 1), offset = start & (span - 1);
  for (u32 i = 0; i < vmas; i++) {
    u32 vma = vmaAt(i);
    if (get(vma + Vma_MM) == 0 || (get(vma + Vma_FLAGS) & VmaFlag_HUGETLB) == 0) continue;
    u32 mm = get(vma + Vma_MM) - 1;
    u64 end = getLong(vma + Vma_END);
    for (u64 at = alignDown(getLong(vma + Vma_START), level + 1); at < end; at += span) {
      if (!reaches(mm, at, level, table)) continue;
      oweFor(moverIn(mm), mm, at + offset, level, frameOf(entry), holdersOf(mm), guard, flags, 0);
    }
  }
}

static bool reachesLeaf(u32 scope, u32 hint, u64 from, u64 to, u64 start, u32 level) {
  if (scope == Scope_CONTEXT) return true;
  if (hint != 0 && hint - 1 != level) return false;
  return start < to && from < start + pagesOf(level);
}

static bool reachesWalk(u32 scope, u32 hint, u64 from, u64 to, u64 start, u32 level) {
  if (scope == Scope_CONTEXT || scope == Scope_ALL_WALK) return true;
  if (scope == Scope_LEAF) return false;
  if (hint != 0 && hint - 1 >= level) return false;
  return start < to && from < start + pagesOf(level);
}

static u32 issuedForBoth(u32 pointerIssued, u64 start, u32 level) {
  u32 both = 0;
  for (u32 by = 0; by < cpus; by++) {
    u32 cpu = cpuAt(by), scope = get(cpu + Cpu_ISSUED_SCOPE) & 255;
    if ((pointerIssued & (1u << by)) == 0) continue;
    u64 from = getLong(cpu + Cpu_REQUEST_START), to = getLong(cpu + Cpu_REQUEST_END);
    if (reachesLeaf(scope, get(cpu + Cpu_ISSUED_HINT), from, to, start, level)) both |= 1u << by;
  }
  return both;
}

static void staleParentsOwe(u64 start, u32 level, u32 table, u32 entry, u32 flags) {
  u64 offset = start & (pagesOf(level + 1) - 1);
  u32 generation = get(frameAt(table) + Frame_GENERATION), count = obligationCount();
  for (u32 i = 0; i < count; i++) {
    u32 parent = obligationAt(i);
    if (get(parent + Obligation_FRAME) != table || get(parent + Obligation_GENERATION) != generation) continue;
    if ((get(parent + Obligation_LEVEL) & OBLIGATION_TABLE) == 0) continue;
    u64 at = getLong(parent + Obligation_START) + offset;
    u32 holders = get(parent + Obligation_HOLDERS);
    u32 issued = issuedForBoth(get(parent + Obligation_ISSUED), at, level);
    u32 due = get(parent + Obligation_DUE), mm = get(parent + Obligation_MM);
    oweFor(due, mm, at, level, frameOf(entry), holders, 0, flags | ObligationFlag_VIA_WALK, issued);
  }
}

static u32 dueForRest;

static void oweRest(u32 mm, u64 start, u32 level, u32 frame, u32 holders) {
  u32 generation = get(frameAt(frame) + Frame_GENERATION), count = obligationCount(), rest = holders;
  for (u32 i = 0; i < count; i++) {
    u32 other = obligationAt(i);
    if (get(other + Obligation_FRAME) != frame || getLong(other + Obligation_START) != start) continue;
    if (get(other + Obligation_MM) != mm || get(other + Obligation_LEVEL) != level) continue;
    if (get(other + Obligation_GENERATION) != generation) continue;
    if ((get(other + Obligation_FLAGS) & ObligationFlag_RIGHTS) != 0) continue;
    if ((get(other + Obligation_HOLDERS) & holders) == 0) continue;
    put(other + Obligation_ISSUED, 0);
    rest &= ~get(other + Obligation_HOLDERS);
  }
  oweFor(dueForRest, mm, start, level, frame, rest, 0, ObligationFlag_VIA_WALK, 0);
}

static void tableLeft(u32 mm, u64 start, u32 level, u32 table, u32 lost, u32 scope, u32 hint, u64 from, u64 to) {
  u32 below = level - 1, count = entriesOf(below);
  for (u32 i = 0; i < count; i++) {
    u32 entry = get(tableAt(table) + i), frame = frameOf(entry);
    if ((entry & Entry_PRESENT) == 0) continue;
    u64 at = start + i * pagesOf(below);
    if (isTableEntry(entry)) {
      if (!reachesWalk(scope, hint, from, to, at, below)) oweRest(mm, at, below | OBLIGATION_TABLE, frame, lost);
      tableLeft(mm, at, below, frame, lost, scope, hint, from, to);
    } else if (!reachesLeaf(scope, hint, from, to, at, below)) {
      oweRest(mm, at, below, frame, lost);
    }
  }
}

static void leftBehind(u32 record, u32 holders, u32 scope, u32 hint, u64 from, u64 to) {
  u32 level = get(record + Obligation_LEVEL), lost = get(record + Obligation_HOLDERS) & holders;
  u32 table = get(record + Obligation_FRAME), mm = get(record + Obligation_MM);
  if ((level & OBLIGATION_TABLE) == 0 || scope == Scope_CONTEXT || lost == 0) return;
  if (get(frameAt(table) + Frame_GENERATION) != get(record + Obligation_GENERATION)) return;
  dueForRest = get(record + Obligation_DUE);
  tableLeft(mm, getLong(record + Obligation_START), level & 15, table, lost, scope, hint, from, to);
}

static void entryCleared(u32 mm, u64 vpn, u32 level, u32 table, u32 slot, u32 guard) {
  u32 entry = get(slot);
  u64 start = alignDown(vpn, level);
  if ((entry & Entry_PRESENT) == 0) return;
  if (isTableEntry(entry)) {
    subtreeCleared(mm, start, level, frameOf(entry), guard);
    return;
  }
  if (get(restAt(table) + Rest_PARENTS) <= 1) {
    if (reaches(mm, start, level, table))
      oweFor(moverIn(mm), mm, start, level, frameOf(entry), holdersOf(mm), guard, 0, 0);
  } else {
    sharersOwe(start, level, table, entry, guard, 0);
  }
  if (get(restAt(table) + Rest_STALE) != 0) staleParentsOwe(start, level, table, entry, 0);
}
