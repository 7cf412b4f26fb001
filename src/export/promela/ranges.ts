/**
 * Promela text: work on ranges of an mm (freeing tables, base pages), and the program's own loads and stores.
 */
export const ranges = `
/* ---- the next table of MM in [START, END) that no VMA needs: lowest level first, then by address ---- */
hidden short ft[4]; hidden short fl[4]; hidden short fa[4]; hidden short fi_[4]; hidden short fs; hidden byte fneeded;
hidden short fslot; hidden short ftable; hidden short fstart; hidden short flevel;
inline is_needed(a, b)
{
  fneeded = 0;
  for (zv : 0 .. VMAS - 1) {
    if
    :: v_mm[zv] == MM + 1 && v_task[zv] == 0 && v_start[zv] < (b) && (a) < v_end[zv] -> fneeded = 1
    :: else
    fi
  }
}
/* Depth first: a table's own tables are looked at before the table itself. fslot is 0 when none is left. */
inline find_freeable()
{
  fslot = 0;
  ft[0] = PGD(MM); fl[0] = LEVELS - 1; fa[0] = 0; fi_[0] = 0; fs = 1;
  do
  :: fs == 0 || fslot != 0 -> break
  :: fs > 0 && fslot == 0 &&
     (fi_[fs - 1] >= ENTRIES(fl[fs - 1]) || fa[fs - 1] + fi_[fs - 1] * PAGES(fl[fs - 1]) >= END) ->
     /* This table is done: its own pointer, in the table above, is next. */
     fs = fs - 1;
     if
     :: fs == 0
     :: else ->
        ftable = ft[fs - 1]; flevel = fl[fs - 1];
        fstart = fa[fs - 1] + fi_[fs - 1] * PAGES(flevel);
        is_needed(fstart, fstart + PAGES(flevel));
        if
        :: !fneeded -> fslot = NUMBER(ftable, fi_[fs - 1])
        :: else -> fi_[fs - 1] = fi_[fs - 1] + 1
        fi
     fi
  :: else ->
     ze = pt[NUMBER(ft[fs - 1], fi_[fs - 1]) - 1];
     za = fa[fs - 1] + fi_[fs - 1] * PAGES(fl[fs - 1]);
     if
     :: !IS_TABLE(ze) || fl[fs - 1] == 0 || za + PAGES(fl[fs - 1]) <= START -> fi_[fs - 1] = fi_[fs - 1] + 1
     :: else -> ft[fs] = FRAME_OF(ze); fl[fs] = fl[fs - 1] - 1; fa[fs] = za; fi_[fs] = 0; fs = fs + 1
     fi
  od
}
inline free_next_table(result)
{
  find_freeable();
  if
  :: fslot == 0 -> result = 0
  :: else ->
     result = 1;
     ze = READ(fslot);
     /* What others have put into the table is taken for garbage. */
     fneeded = 0;
     for (fs : 0 .. WIDTH - 1) {
       fneeded = fneeded || (refs[FRAME_OF(ze)] > 1 && (pt[NUMBER(FRAME_OF(ze), fs) - 1] & PRESENT) != 0)
     };
     if :: fneeded -> VIOLATE(UNBALANCED) :: else fi;
     replace_entry(MM, fstart, flevel, ftable, fslot, 0, 0, 0);
     record(fstart, 1, FREED_TABLES | (1 << flevel));
     tables[MM] = tables[MM] - 1;
     /* No page is to be had for a batch: the table is left in PAGE. */
     if
     :: fail_batches != 0 -> fail_batches = fail_batches - 1; PAGE = FRAME_OF(ze); result = 3
     :: else -> queue(FRAME_OF(ze))
     fi
  fi
}
inline unhook_table(l)
{
  descend(MM, ADDRESS, l);
  ze = READ(xslot);
  PAGE = 0;
  if
  :: IS_TABLE(ze) ->
     replace_entry(MM, ADDRESS, l, xtable, xslot, 0, 0, 0);
     tables[MM] = tables[MM] - 1;
     PAGE = FRAME_OF(ze)
  :: else
  fi
}

/* Entries of the table that ENTRY points to. */
inline live_below(result)
{
  ze = READ(ENTRY); ylive = 0;
  if
  :: IS_TABLE(ze) ->
     for (yi : 0 .. WIDTH - 1) { ylive = ylive + (pt[NUMBER(FRAME_OF(ze), yi) - 1] & PRESENT) }
  :: else
  fi;
  result = ylive
}

/* ---- base pages of [ADDRESS, LAST), one table at a time: a missing one is skipped ---- */
/* What a step asks for: 1 clears up to pleft entries until the batch is full; 2 gives each the rights PROT. */
hidden byte sweeping; hidden short pa; hidden short pleft; hidden byte pbits; hidden short ps; hidden short pl;
hidden byte delaying; hidden byte presult; hidden short pend; hidden short pi;
inline sweep(what, register, limit)
{
  sweeping = what; presult = register; pleft = limit; pa = ADDRESS; pbits = 0;
  pend = ALIGN_DOWN(pa, 1) + PAGES(1);
  if :: pend > LAST -> pend = LAST :: else fi
}
/* pa := the first address that may have a table again; the neighbours of a missing table are looked at too. */
inline skip_missing_table()
{
  pl = 1;
  do
  :: descend(MM, pa, pl); if :: xslot != 0 -> break :: else -> pl = pl + 1 fi
  od;
  pi = INDEX_OF(pa, pl);
  pa = ALIGN_DOWN(pa, pl) + PAGES(pl);
  do
  :: pi >= ENTRIES(pl) - 1 -> break
  :: else ->
     xslot = xslot + 1;
     if :: IS_TABLE(READ(xslot)) -> break :: else -> pi = pi + 1; pa = pa + PAGES(pl) fi
  od
}
inline skip_table()
{
  pa = ADDRESS;
  skip_missing_table();
  ADDRESS = (pa < LAST -> pa : LAST)
}
/* The page of a file learns what its entry knew; a driver's memory (VM_PFNMAP) has neither counts nor references. */
inline clear_base_page()
{
  replace_entry(MM, pa, 0, xtable, ps, 0, 0, 0);
  record(pa, 1, 1);
  pleft = pleft - 1;
  if
  :: VMA != 0 && (v_flags[(VMA != 0 -> VMA - 1 : 0)] & PFNMAP) != 0
  :: else ->
     if
     :: (ze & DIRTY_FLAG) != 0 && owner[FRAME_OF(ze)] >= OWNER_FILE -> dirty[FRAME_OF(ze)] = 1; pbits = pbits | 2
     :: else
     fi;
     if
     :: delaying && (ze & DIRTY_FLAG) != 0 && owner[FRAME_OF(ze)] >= OWNER_FILE -> queue(FRAME_OF(ze) | DELAYED)
     :: else ->
        if :: maps[FRAME_OF(ze)] != 0 -> maps[FRAME_OF(ze)] = maps[FRAME_OF(ze)] - 1 :: else fi;
        queue(FRAME_OF(ze))
     fi;
     if :: g_count[me] >= BATCH_SIZE -> pbits = pbits | 1 :: else fi
  fi
}
inline protect_base_page()
{
  pbits = pbits | 1;
  if
  :: (ze & WRITABLE) == (PROT & 2)
  :: (ze & WRITABLE) != (PROT & 2) && (PROT & 2) != 0 -> pt[ps - 1] = ze | WRITABLE; pbits = pbits | 2
  :: else -> replace_entry(MM, pa, 0, xtable, ps, ze & ~WRITABLE, 0, RIGHTS); pbits = pbits | 2
  fi
}
/* One entry further, or the end: ADDRESS and the result are set. */
inline serve_sweep()
{
  if
  :: pa >= pend || (sweeping == 1 && (pleft == 0 || (pbits & 1) != 0)) ->
     ADDRESS = (pa < LAST -> pa : LAST);
     R[me * REGISTERS + presult] = pbits;
     sweeping = 0
  :: else ->
     descend(MM, pa, 0);
     ps = xslot;
     if
     :: ps == 0 -> skip_missing_table(); pend = 0
     :: else ->
        ze = READ(ps);
        if
        :: ze != 0 && sweeping == 1 -> clear_base_page()
        :: (ze & PRESENT) != 0 && sweeping == 2 -> protect_base_page()
        :: else
        fi;
        pa = pa + 1
     fi
  fi
}

/* A NUMA hinting entry: not there for hardware, and mapped for the kernel. */
inline set_protnone()
{
  ze = READ(ENTRY);
  if
  :: ENTRY == 0 -> VIOLATE(OOPS)
  :: ENTRY != 0 && (ze & PRESENT) == 0
  :: else -> replace_entry(MM, ADDRESS, 0, TABLE, ENTRY, (ze & ~PRESENT) | PROTNONE_FLAG, 0, 0)
  fi
}

/* ---- mm->tlb_flush_batched: all is flushed (a bool), or what BATCH has seen ---- */
inline batch_done(by_generation)
{
  if
  :: !(by_generation) -> batch_pending[MM] = 0; batch_flushed[MM] = 0
  :: (by_generation) && batch_pending[MM] == BATCH -> batch_flushed[MM] = BATCH
  :: else
  fi
}

/* ---- a load or store at START asks the tables: the lowest level that has an entry there decides ---- */
inline access(store, fault)
{
  pl = 0;
  do
  :: pl >= LEVELS -> xslot = 0; break
  :: else -> descend(task_mm[me], START, pl); if :: xslot != 0 -> break :: else -> pl = pl + 1 fi
  od;
  ze = READ(xslot);
  if
  :: (ze & PRESENT) == 0 || IS_TABLE(ze) || ((store) && (ze & WRITABLE) == 0) -> xpc = pc[me] + fault
  :: else ->
     if :: (store) && pl == 0 -> pt[xslot - 1] = ze | DIRTY_FLAG :: else fi;
     if :: store -> content[FRAME_OF(ze)] = VALUE :: else fi;
     seen[me] = content[FRAME_OF(ze)]
  fi
}
`;
