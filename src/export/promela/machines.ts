/**
 * Promela text: how a flush reaches CPUs. x86 interrupts and generations; arm64 and precise broadcasts.
 */
export const x86 = `
/* ---- x86: generations, PCID slots, lazy CPUs, flush interrupts ---- */
#define SLOT_OF(c) ((c) * SLOTS + slot[c])
#define BIT(c) (1 << (c))
hidden short kc; hidden short ks; hidden short kg; hidden short km; hidden short kold;

inline x86_ceiling()
{
  if
  :: FULL != 0 -> FULL = 4
  :: FULL == 0 && (RANGE_END < RANGE_START || (RANGE_END - RANGE_START) / PAGES(STRIDE) > CEILING) -> FULL = 1
  :: else
  fi
}
inline write_request()
{
  q_mm[cpu] = FLUSH_MM + 1; q_start[cpu] = RANGE_START; q_end[cpu] = RANGE_END; q_stride[cpu] = STRIDE;
  q_full[cpu] = FULL; q_tables[cpu] = TABLES
}
inline next_generation()
{
  mm_generation[FLUSH_MM] = mm_generation[FLUSH_MM] + 1;
  GENERATION = mm_generation[FLUSH_MM];
  q_generation[cpu] = GENERATION;
  write_request()
}
/* riscv: a CPU that had the mm stays in its mask for good. */
inline leave_mask(c, m)
{
  if :: IS_RISCV :: else -> cpumask[m] = cpumask[m] & ~BIT(c) fi
}
inline unload_mm(c)
{
  kold = loaded[c];
  if
  :: kold == 0
  :: else ->
     leave_mask(c, kold - 1);
     loaded[c] = 0; lazy[c] = 0;
     if :: HAS_SLOTS && !PCID -> slot_mm[(c) * SLOTS] = 0; invalidate(c, kold - 1, WHOLE_CONTEXT, 0, 0, 0, 0) :: else fi
  fi
}
/* flush_tlb_func: a CPU that missed a generation drops everything, one that missed none drops stride by stride. */
hidden byte flushing; hidden short kcpu; hidden short ksender;
inline serve_flush()
{
  flushing = 0;
  km = q_mm[ksender] - 1;
  if
  :: loaded[kcpu] != km + 1 -> cpumask[km] = cpumask[km] & ~BIT(kcpu)
  :: loaded[kcpu] == km + 1 && lazy[kcpu] -> unload_mm(kcpu)
  :: loaded[kcpu] == km + 1 && !lazy[kcpu] && slot_generation[SLOT_OF(kcpu)] < q_generation[ksender] ->
     if
     :: q_full[ksender] == 0 && q_generation[ksender] == slot_generation[SLOT_OF(kcpu)] + 1 &&
        q_generation[ksender] == mm_generation[km] ->
        invalidate(kcpu, km, SCOPE_OF_ADDRESS, q_start[ksender], q_end[ksender], PAGES(q_stride[ksender]), 0)
     :: else -> invalidate(kcpu, km, WHOLE_CONTEXT, 0, 0, 0, 0)
     fi;
     slot_generation[SLOT_OF(kcpu)] = mm_generation[km]
  :: else
  fi
}
inline flush_local()
{
  if :: loaded[cpu] == FLUSH_MM + 1 -> flushing = 1; kcpu = cpu; ksender = cpu :: else fi
}
inline send_ipi()
{
  for (kc : 0 .. CPUS - 1) {
    if
    :: kc != cpu && (cpumask[FLUSH_MM] & BIT(kc)) != 0 && (TABLES != 0 || !lazy[kc]) -> ipi[kc] = ipi[kc] | BIT(cpu)
    :: else
    fi
  }
}
`;

export const riscv = `
/* ---- riscv: fences by address or of the whole ASID, on every CPU of the mask ---- */
inline riscv_limits()
{
  if
  :: FULL != 0 || TABLES != 0 -> FULL = 4
  :: FULL == 0 && TABLES == 0 && (RANGE_END - RANGE_START + PAGES(STRIDE) - 1) / PAGES(STRIDE) > FENCE_OPS -> FULL = 32
  :: else
  fi
}
inline riscv_send()
{
  write_request();
  for (kc : 0 .. CPUS - 1) {
    if :: kc != cpu && (cpumask[FLUSH_MM] & BIT(kc)) != 0 -> ipi[kc] = ipi[kc] | BIT(cpu) :: else fi
  }
}
inline fence_local()
{
  if :: (cpumask[FLUSH_MM] & BIT(cpu)) != 0 -> flushing = 1; kcpu = cpu; ksender = cpu :: else fi
}
inline serve_fence()
{
  flushing = 0;
  km = q_mm[ksender] - 1;
  if
  :: q_full[ksender] != 0 -> invalidate(kcpu, km, WHOLE_CONTEXT, 0, 0, 0, 0)
  :: else -> invalidate(kcpu, km, LEAVES_ONLY, q_start[ksender], q_end[ksender], PAGES(q_stride[ksender]), 0)
  fi
}
`;

export const broadcast = `
/* ---- TLBI, and DSB that waits for it ---- */
inline arm64_limits()
{
  if
  :: FULL != 0 -> FULL = 4
  :: FULL == 0 && IS_ARM64 ->
     RANGE_START = ALIGN_DOWN(RANGE_START, STRIDE);
     RANGE_END = ALIGN_UP(RANGE_END, STRIDE);
     if :: !HAS_RANGES && RANGE_END - RANGE_START >= DVM_OPS * PAGES(STRIDE) -> FULL = 2 :: else fi
  :: else
  fi
}
hidden short bi;
inline tlbi(hint)
{
  q_mm[cpu] = FLUSH_MM + 1; q_start[cpu] = RANGE_START; q_end[cpu] = RANGE_END;
  q_issued[cpu] = 1; q_full[cpu] = FULL; q_hint[cpu] = hint;
  q_scope[cpu] = (FULL != 0 -> WHOLE_CONTEXT : (TABLES == 0 -> SCOPE_OF_LEAF : SCOPE_OF_ADDRESS));
  if :: FULL != 0 -> q_runners[cpu] = RUNNING(FLUSH_MM) :: else fi;
  dscope = q_scope[cpu]; dhint = q_hint[cpu]; dfrom = q_start[cpu]; dto = q_end[cpu];
  for (bi : 0 .. OBLIGATIONS - 1) {
    if :: bi < owed && o_mm[bi] == FLUSH_MM && REACHED(bi) -> o_issued[bi] = o_issued[bi] | (1 << cpu) :: else fi
  };
  xdirty = 1
}
/* The broadcast is complete on every CPU: for what was owed when it was issued. */
inline dsb()
{
  if
  :: q_issued[cpu] == 0
  :: else ->
     q_issued[cpu] = 0;
     broadcasting = 1;
     invalidate(cpu, q_mm[cpu] - 1, q_scope[cpu], 0, 0, 0, 0)
  fi
}
`;

export const switching = `
/* ---- the mm that a CPU has loaded ---- */
/* What a step asks for: a CPU runs m again. What it kept of freed frames, under a tag not in use, comes alive. */
hidden byte loading;
inline serve_loaded(c, m)
{
  loading = 0;
  holders[m] = holders[m] | (1 << (c));
  for (xk : 0 .. CPUS - 1) {
    if
    :: q_issued[xk] && q_mm[xk] == (m) + 1 && q_scope[xk] == WHOLE_CONTEXT -> q_runners[xk] = q_runners[xk] | (1 << (c))
    :: else
    fi
  };
  for (xu : 0 .. OBLIGATIONS - 1) {
    if
    :: xu < owed && o_mm[xu] == (m) && (o_holders[xu] & (1 << (c))) != 0 && (o_flags[xu] & FREED) != 0 -> judge(xu)
    :: else
    fi
  }
}
/* The slot that remembers m, or the next one in turn, which forgets what it had. */
inline choose_slot(c, m)
{
  ks = 0;
  do
  :: ks >= SLOTS -> break
  :: ks < SLOTS && PCID && slot_mm[(c) * SLOTS + ks] == (m) + 1 -> break
  :: else -> ks = ks + 1
  od;
  if
  :: ks < SLOTS -> slot[c] = ks
  :: else ->
     ks = (PCID -> next_slot[c] : 0);
     if :: PCID -> next_slot[c] = (ks + 1) % SLOTS :: else fi;
     kg = slot_mm[(c) * SLOTS + ks];
     if
     :: kg != 0 ->
        invalidate(c, kg - 1, WHOLE_CONTEXT, 0, 0, 0, 1)
     :: else
     fi;
     slot_mm[(c) * SLOTS + ks] = (m) + 1;
     slot_generation[(c) * SLOTS + ks] = mm_generation[m];
     slot[c] = ks
  fi
}
/* The CPU is in the mask of the new mm before it loads it. */
inline begin_switch(c, to)
{
  if
  :: loaded[c] != (to) + 1 ->
     if :: loaded[c] != 0 -> leave_mask(c, loaded[c] - 1) :: else fi;
     cpumask[to] = cpumask[to] | BIT(c)
  :: else
  fi
}
inline finish_switch(c, to)
{
  km = to;
  lazy[c] = 0;
  if
  :: loaded[c] != km + 1 ->
     if :: HAS_SLOTS -> choose_slot(c, km) :: else fi;
     loaded[c] = km + 1
  :: else
  fi;
  if
  :: HAS_SLOTS && slot_generation[SLOT_OF(c)] != mm_generation[km] ->
     invalidate(c, km, WHOLE_CONTEXT, 0, 0, 0, 0);
     slot_generation[SLOT_OF(c)] = mm_generation[km]
  :: else
  fi;
  loading = 1;
  task_mm[me] = km;
  MM = km
}
`;
