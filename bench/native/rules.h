/* The rules over obligations: assembly/ghost/rules.ts. */

static u32 usersOf(u32 mm, bool withLazy) {
  u32 users = 0;
  for (u32 cpu = 0; cpu < cpus; cpu++) {
    u32 record = cpuAt(cpu);
    if (get(record + Cpu_LOADED_MM) == mm + 1 && (withLazy || get(record + Cpu_LAZY) == 0)) users |= 1u << cpu;
  }
  return users;
}

static bool reached(u32 record, u32 scope, u32 hint, u64 from, u64 to) {
  u32 level = get(record + Obligation_LEVEL);
  u64 start = getLong(record + Obligation_START);
  if ((level & OBLIGATION_TABLE) != 0) return reachesWalk(scope, hint, from, to, start, level & 15);
  return reachesLeaf(scope, hint, from, to, start, level);
}

static u32 reason(u32 record, u32 scope, u32 why) {
  if (scope == Scope_CONTEXT) return why != 0 ? why : Hidden_WHOLE_MM;
  bool table = (get(record + Obligation_LEVEL) & OBLIGATION_TABLE) != 0;
  return table && scope == Scope_ALL_WALK ? Hidden_INVLPG_WALK : Hidden_OTHER_RECORD;
}

static bool discharge(u32 i, u32 gone, u32 why) {
  u32 record = obligationAt(i), holders = get(record + Obligation_HOLDERS);
  if ((holders & gone) == 0) return false;
  if ((get(record + Obligation_FLAGS) & ObligationFlag_UNRECORDED) != 0) hidden(why);
  if (tracing) event(EventKind_DISCHARGED, holders & gone, get(record + Obligation_MM), 0, 0, 0, 0);
  put(record + Obligation_HOLDERS, holders & ~gone);
  if ((holders & ~gone) != 0) return false;
  forget(i);
  return true;
}

static void invalidated(u32 cpu, u32 mm, u32 scope, u32 hint, u64 from, u64 to, u32 why) {
  u32 i = 0;
  while (i < obligationCount()) {
    u32 record = obligationAt(i);
    bool mine = get(record + Obligation_MM) == mm && reached(record, scope, hint, from, to);
    if (mine) leftBehind(record, 1u << cpu, scope, hint, from, to);
    if (!mine || !discharge(i, 1u << cpu, reason(record, scope, why))) i++;
  }
  bool loaded = get(cpuAt(cpu) + Cpu_LOADED_MM) == mm + 1;
  if (scope == Scope_CONTEXT && !loaded) put(mmAt(mm) + Mm_HOLDERS, get(mmAt(mm) + Mm_HOLDERS) & ~(1u << cpu));
}

static bool isWalk(u32 record) {
  bool table = (get(record + Obligation_LEVEL) & OBLIGATION_TABLE) != 0;
  return table || (get(record + Obligation_FLAGS) & ObligationFlag_VIA_WALK) != 0;
}

static void reportUse(u32 record) {
  bool walk = isWalk(record);
  u32 users = get(record + Obligation_HOLDERS) & usersOf(get(record + Obligation_MM), walk);
  if (users != 0) violation(walk ? Fault_STALE_WALK : Fault_STALE_TRANSLATION, record, users);
}

static void freed(u32 record, u32 frame) {
  u32 generation = get(frameAt(frame) + Frame_GENERATION), flags = get(record + Obligation_FLAGS);
  if (get(record + Obligation_FRAME) != frame || get(record + Obligation_GENERATION) != generation) return;
  if ((flags & ObligationFlag_RIGHTS) != 0) return;
  put(record + Obligation_FLAGS, flags | ObligationFlag_FREED);
  reportUse(record);
}

static void frameFreed(u32 frame) {
  u32 stale = get(restAt(frame) + Rest_STALE), count = obligationCount();
  if (stale == 1) freed(onlyOn(frame), frame);
  else if (stale != 0)
    for (u32 i = 0; i < count; i++) freed(obligationAt(i), frame);
}

static void guardDropped(u32 lock) {
  u32 count = obligationCount();
  for (u32 i = 0; i < count; i++) {
    u32 record = obligationAt(i);
    if (get(record + Obligation_GUARD) != lock) continue;
    put(record + Obligation_GUARD, 0);
    u32 users = get(record + Obligation_HOLDERS) & usersOf(get(record + Obligation_MM), isWalk(record));
    if (users != 0) violation(Fault_FLUSH_AFTER_UNLOCK, record, users);
  }
}

static u32 missing(u32 record, u64 from, u64 to, bool withTables) {
  u64 start = getLong(record + Obligation_START);
  u32 level = get(record + Obligation_LEVEL);
  u64 end = start + pagesOf(level & 15);
  bool table = (level & OBLIGATION_TABLE) != 0;
  bool inside = table ? start < to && from < end : from <= start && end <= to;
  if (!inside) return 2;
  return withTables || !table ? 0 : 1;
}

static void checkRecorded(u32 mm, u64 from, u64 to, bool withTables, bool whole) {
  u32 count = obligationCount(), worst = 0, about = 0;
  for (u32 i = 0; i < count; i++) {
    u32 record = obligationAt(i);
    if (get(record + Obligation_BY) != currentAgent + 1 || get(record + Obligation_MM) != mm) continue;
    u32 flags = get(record + Obligation_FLAGS);
    if ((flags & (ObligationFlag_UNRECORDED | ObligationFlag_VIA_WALK)) != 0) continue;
    u32 wrong = whole ? 0 : missing(record, from, to, withTables);
    if (wrong == 0) {
      put(record + Obligation_BY, 0);
      continue;
    }
    put(record + Obligation_FLAGS, flags | ObligationFlag_UNRECORDED);
    if (wrong > worst) about = record, worst = wrong;
  }
  if (about != 0) violation(Fault_RANGE_NOT_RECORDED, about, worst == 1 ? 1 : 0);
}

/* Whether `a` is named before `b`: the wider entry, then the lower place. */
static bool namedBefore(u32 a, u32 b) {
  if (get(a + Obligation_LEVEL) != get(b + Obligation_LEVEL))
    return get(a + Obligation_LEVEL) > get(b + Obligation_LEVEL);
  if (getLong(a + Obligation_START) != getLong(b + Obligation_START))
    return getLong(a + Obligation_START) < getLong(b + Obligation_START);
  if (get(a + Obligation_FRAME) != get(b + Obligation_FRAME))
    return get(a + Obligation_FRAME) < get(b + Obligation_FRAME);
  if (get(a + Obligation_GENERATION) != get(b + Obligation_GENERATION))
    return get(a + Obligation_GENERATION) < get(b + Obligation_GENERATION);
  return get(a + Obligation_FLAGS) < get(b + Obligation_FLAGS);
}

static void callBegins(u32 task, u32 mm) {
  for (u32 i = 0, count = obligationCount(); i < count; i++) {
    u32 record = obligationAt(i);
    if (get(record + Obligation_MM) == mm) put(record + Obligation_DUE, get(record + Obligation_DUE) | 1u << task);
  }
}

static void callEnds(u32 task) {
  for (u32 i = 0, count = obligationCount(); i < count; i++) {
    u32 due = obligationAt(i) + Obligation_DUE;
    put(due, get(due) & ~(1u << task));
    if (get(obligationAt(i) + Obligation_BY) == task + 1) put(obligationAt(i) + Obligation_BY, 0);
  }
}

static void callReturned(u32 mm, u64 from, u64 to) {
  if (from >= to) return;
  u32 usable = usersOf(mm, false), count = obligationCount(), found = 0;
  for (u32 i = 0; i < count; i++) {
    u32 record = obligationAt(i);
    if (get(record + Obligation_MM) != mm || (get(record + Obligation_HOLDERS) & usable) == 0) continue;
    if ((get(record + Obligation_DUE) & moverIn(mm)) == 0) continue;
    u64 start = getLong(record + Obligation_START);
    if (start >= to || from >= start + pagesOf(get(record + Obligation_LEVEL) & 15)) continue;
    if (found == 0 || namedBefore(record, found)) found = record;
  }
  if (found == 0 || (get(found + Obligation_FLAGS) & ObligationFlag_REPORTED) != 0) return;
  put(found + Obligation_FLAGS, get(found + Obligation_FLAGS) | ObligationFlag_REPORTED);
  violation(Fault_RIGHTS_OUTLIVE_CALL, found, get(found + Obligation_HOLDERS));
}
