/* VMAs and flushes: assembly/mm/vma.ts and assembly/mm/x86.ts. */

static bool holds(u32 vma, u32 mm, u64 vpn) {
  if (get(vma + Vma_MM) != mm + 1 || get(vma + Vma_DETACHED) != 0) return false;
  return getLong(vma + Vma_START) <= vpn && vpn < getLong(vma + Vma_END);
}

static u32 lastFound;

static u32 findVma(u32 mm, u64 vpn) {
  if (lastFound < vmas && holds(vmaAt(lastFound), mm, vpn)) return vmaAt(lastFound);
  for (u32 i = 0; i < vmas; i++) {
    if (!holds(vmaAt(i), mm, vpn)) continue;
    lastFound = i;
    return vmaAt(i);
  }
  return 0;
}

static void splitAt(u32 mm, u64 vpn) {
  u32 vma = findVma(mm, vpn);
  if (vma == 0 || getLong(vma + Vma_START) == vpn) return;
  fprintf(stderr, "seed.c: a VMA would be split, which the seed's race never does\n");
  exit(3);
}

static void detachVmas(u32 task, bool all) {
  u32 mm = regWord(task, Reg_MM);
  u64 start = reg(task, Reg_START), end = reg(task, Reg_END);
  if (!all) splitAt(mm, start), splitAt(mm, end);
  for (u32 i = 0; i < vmas; i++) {
    u32 vma = vmaAt(i);
    if (get(vma + Vma_MM) != mm + 1 || get(vma + Vma_DETACHED) != 0) continue;
    if (all || (getLong(vma + Vma_START) < end && start < getLong(vma + Vma_END)))
      put(vma + Vma_DETACHED, taskNumber(task));
  }
}

static void nextDetached(u32 task) {
  u32 last = regWord(task, Reg_VMA), best = 0;
  u64 floor = last == 0 ? 0 : getLong(vmaAt(last - 1) + Vma_END);
  for (u32 i = 0; i < vmas; i++) {
    u32 vma = vmaAt(i);
    if (get(vma + Vma_MM) == 0 || get(vma + Vma_DETACHED) != taskNumber(task)) continue;
    if (getLong(vma + Vma_START) < floor) continue;
    if (best == 0 || getLong(vma + Vma_START) < getLong(best + Vma_START)) best = vma;
  }
  setReg(task, Reg_VMA, best == 0 ? 0 : (best - vmaBase) / Vma_WORDS + 1);
}

static void vmaBounds(u32 task, u32 hugetlb) {
  u32 vma = vmaAt(regWord(task, Reg_VMA) - 1), file = get(vma + Vma_FILE);
  setReg(task, Reg_ADDRESS, getLong(vma + Vma_START));
  setReg(task, Reg_LAST, getLong(vma + Vma_END));
  setReg(task, Reg_FILE, file == 0 ? 0xffffffff : file - 1);
  setReg(task, hugetlb, (get(vma + Vma_FLAGS) & VmaFlag_HUGETLB) != 0);
}

static void freeDetached(u32 task) {
  for (u32 i = 0; i < vmas; i++)
    if (get(vmaAt(i) + Vma_MM) != 0 && get(vmaAt(i) + Vma_DETACHED) == taskNumber(task)) clear(vmaAt(i), Vma_WORDS);
}

static void nextInTree(u32 task) {
  u32 file = regWord(task, Reg_FILE);
  u64 unit = pagesOf(get(fileAt(file) + FileRecord_LEVEL));
  u64 from = reg(task, Reg_INDEX) * unit, to = reg(task, Reg_END) * unit;
  for (u32 i = regWord(task, Reg_VMA); i < vmas; i++) {
    u32 vma = vmaAt(i);
    if (get(vma + Vma_MM) == 0 || get(vma + Vma_IN_TREE) == 0 || get(vma + Vma_FILE) != file + 1) continue;
    u64 start = getLong(vma + Vma_START), offset = getLong(vma + Vma_OFFSET);
    u64 length = getLong(vma + Vma_END) - start;
    if (offset >= to || offset + length <= from) continue;
    setReg(task, Reg_VMA, i + 1), setReg(task, Reg_MM, get(vma + Vma_MM) - 1);
    setReg(task, Reg_ADDRESS, from > offset ? start + (from - offset) : start);
    setReg(task, Reg_LAST, to < offset + length ? start + (to - offset) : start + length);
    return;
  }
  setReg(task, Reg_VMA, 0);
}

static void decideFull(u32 task) {
  u64 from = reg(task, Reg_RANGE_START), to = reg(task, Reg_RANGE_END);
  u64 strides = (to - from) / pagesOf(regWord(task, Reg_STRIDE));
  if (regWord(task, Reg_FULL) != 0) setReg(task, Reg_FULL, Hidden_WHOLE_MM);
  else if (to < from || strides > boot(Boot_CEILING)) setReg(task, Reg_FULL, Hidden_CEILING);
}

static void nextGeneration(u32 task) {
  u32 mm = mmAt(regWord(task, Reg_FLUSH_MM)), full = regWord(task, Reg_FULL), request = cpuAt(get(task + Task_CPU));
  add(mm + Mm_TLB_GENERATION, 1);
  setReg(task, Reg_GENERATION, get(mm + Mm_TLB_GENERATION));
  add(tally(Tally_FLUSHES), 1);
  if (full != 0) add(tally(Tally_FULL_FLUSHES), 1);
  event(EventKind_FLUSH, get(task + Task_CPU), regWord(task, Reg_FLUSH_MM), reg(task, Reg_RANGE_START),
        reg(task, Reg_RANGE_END), 0, regWord(task, Reg_STRIDE) | regWord(task, Reg_TABLES) << 8 | full << 9);
  put(request + Cpu_REQUEST_MM, regWord(task, Reg_FLUSH_MM) + 1);
  putLong(request + Cpu_REQUEST_START, reg(task, Reg_RANGE_START));
  putLong(request + Cpu_REQUEST_END, reg(task, Reg_RANGE_END));
  put(request + Cpu_REQUEST_STRIDE, regWord(task, Reg_STRIDE) | full << 8);
  put(request + Cpu_REQUEST_GENERATION, get(mm + Mm_TLB_GENERATION));
  put(request + Cpu_REQUEST_TABLES, regWord(task, Reg_TABLES));
}

static void drop(u32 cpu, u32 mm, u32 scope, u32 hint, u64 from, u64 to, u32 why) {
  if (concrete) exit(1); /* concrete TLBs are not ported */
  event(EventKind_INVALIDATED, cpu, mm, from, to, scope, hint);
  invalidated(cpu, mm, scope, hint, from, to, why);
}

static void leaveMm(u32 cpu) {
  u32 self = cpuAt(cpu), old = get(self + Cpu_LOADED_MM);
  if (old == 0) return;
  put(mmAt(old - 1) + Mm_CPUMASK, get(mmAt(old - 1) + Mm_CPUMASK) & ~(1u << cpu));
  put(self + Cpu_LOADED_MM, 0), put(self + Cpu_LAZY, 0);
  if (boot(Boot_PCID) != 0) return;
  drop(cpu, old - 1, Scope_CONTEXT, 0, 0, 0, Hidden_WHOLE_MM);
  put(self + Cpu_SLOTS, 0);
}

static void flushFunc(u32 cpu, u32 sender) {
  u32 self = cpuAt(cpu), request = cpuAt(sender), mm = get(request + Cpu_REQUEST_MM) - 1;
  if (get(self + Cpu_LOADED_MM) != mm + 1) {
    put(mmAt(mm) + Mm_CPUMASK, get(mmAt(mm) + Mm_CPUMASK) & ~(1u << cpu));
    return;
  }
  if (get(self + Cpu_LAZY) != 0) {
    leaveMm(cpu);
    return;
  }
  u32 local = self + Cpu_SLOTS + (get(self + Cpu_SLOT) << 1) + 1;
  u32 wanted = get(request + Cpu_REQUEST_GENERATION), current = get(mmAt(mm) + Mm_TLB_GENERATION);
  if (get(local) >= wanted) return;
  u32 stride = get(request + Cpu_REQUEST_STRIDE), full = stride >> 8;
  u64 from = getLong(request + Cpu_REQUEST_START), to = getLong(request + Cpu_REQUEST_END);
  if (full == 0 && wanted == get(local) + 1 && wanted == current) {
    for (u64 at = from; at < to; at += pagesOf(stride & 255))
      drop(cpu, mm, Scope_ALL_WALK, 0, at, at + 1, 0);
  } else {
    drop(cpu, mm, Scope_CONTEXT, 0, from, to, full != 0 ? full : Hidden_WHOLE_MM);
  }
  put(local, current);
}

static void flushLocal(u32 task) {
  u32 cpu = get(task + Task_CPU);
  if (get(cpuAt(cpu) + Cpu_LOADED_MM) == regWord(task, Reg_FLUSH_MM) + 1) flushFunc(cpu, cpu);
}

static void sendIpi(u32 task) {
  u32 me = get(task + Task_CPU), mm = regWord(task, Reg_FLUSH_MM), mask = get(mmAt(mm) + Mm_CPUMASK) & ~(1u << me);
  for (u32 cpu = 0; cpu < cpus; cpu++) {
    if ((mask & 1u << cpu) == 0) continue;
    if (regWord(task, Reg_TABLES) == 0 && get(cpuAt(cpu) + Cpu_LAZY) != 0) {
      sometimes(Sometimes_LAZY_SKIPPED);
      continue;
    }
    memory[cpuAt(cpu) + Cpu_PENDING] |= 1u << me;
    memory[cpuAt(me) + Cpu_AWAITED] |= 1u << cpu;
    add(tally(Tally_IPIS), 1);
    sometimes(Sometimes_REMOTE_FLUSH);
    event(EventKind_IPI, cpu, mm, 0, 0, 0, 0);
  }
}

static void handleIpi(u32 cpu) {
  u32 pending = get(cpuAt(cpu) + Cpu_PENDING), sender = (u32)__builtin_ctz(pending);
  flushFunc(cpu, sender);
  put(cpuAt(cpu) + Cpu_PENDING, pending & ~(1u << sender));
  memory[cpuAt(sender) + Cpu_AWAITED] &= ~(1u << cpu);
}
