/**
 * Promela text: waiting for CPUs that have their interrupts off, tables unshared by a gather, and what mremap checks.
 */
export const walkers = `
/* Whether VMA is in FILE's tree and overlaps its pages [INDEX, END). */
inline still_in_tree(result)
{
  zk = VMA;
  VMA = VMA - 1;
  next_in_tree();
  result = (VMA == zk -> 1 : 0);
  VMA = zk
}
/* ---- CPUs with interrupts off, and who waits for them ---- */
/* Interrupts that are on again answer everybody. */
inline set_irq(off)
{
  irq_off[cpu] = off;
  for (kc : 0 .. CPUS - 1) { if :: (off) == 0 -> syncs[kc] = syncs[kc] & ~BIT(cpu) :: else fi }
}
inline sync_ipi()
{
  syncs[cpu] = 0;
  for (kc : 0 .. CPUS - 1) {
    if :: kc != cpu && irq_off[kc] -> syncs[cpu] = syncs[cpu] | BIT(kc) :: else fi
  }
}
/* Whether the frame to be freed next is a table while another CPU is silent. */
inline gather_walkers(result)
{
  result = 0;
  if
  :: g_count[me] == 0
  :: else ->
     yslot = g_batch[me * BATCH_ROOM + g_count[me] - 1];
     for (kc : 0 .. CPUS - 1) {
       if :: kc != cpu && irq_off[kc] && kind[yslot] == TABLE_KIND -> result = 1 :: else fi
     }
  fi
}

/* ---- a reference on the PMD table of another mm, taken without a lock ---- */
inline speculate(result)
{
  descend(NEW_START, START, 2);
  if
  :: IS_TABLE(READ(xslot)) -> PAGE = FRAME_OF(READ(xslot)); refs[PAGE] = refs[PAGE] + 1; result = 1
  :: else -> result = 0
  fi
}

/* ---- mremap: [START, END) lies in VMA, and nothing stands where it goes ---- */
#define CUTS_HUGE(v, a) ((v_flags[v] & HUGETLB) != 0 && (a) % PAGES(1) != 0)
inline may_move(result)
{
  za = NEW_START; zb = NEW_START + END - START; zn = VMA - 1;
  result = 1;
  if
  :: v_start[zn] > START || v_end[zn] < END || START >= END || zb > SPACE ||
     CUTS_HUGE(zn, START) || CUTS_HUGE(zn, END) || CUTS_HUGE(zn, za) -> result = 0
  :: else
  fi;
  for (zv : 0 .. VMAS - 1) {
    if
    :: v_mm[zv] == v_mm[zn] && v_task[zv] == 0 && v_start[zv] < zb && za < v_end[zv] -> result = 0
    :: else
    fi
  }
}
/* All entries of a call move by the same distance. */
inline moves_to(to)
{
  if
  :: NEW_ENTRY != 0 && (READ(ENTRY) & PRESENT) != 0 && to != ADDRESS + NEW_START - START -> VIOLATE(MOVED_WRONG)
  :: else
  fi
}
`;
