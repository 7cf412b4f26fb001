/**
 * Promela text: VMAs and the file's tree, page tables, PMD sharing, user accesses.
 */
export const memory = `
/* ---- VMAs: read, write, shared, mayshare, hugetlb in the flags ---- */
#define MAYSHARE 8
#define PFNMAP 32
#define ALONE 128
#define SHARE_MASK (31 | ALONE)
#define NO_FILE 32767
#define INSIDE(v, a) (v_start[v] <= (a) && (a) < v_end[v])
hidden short zv; hidden short za; hidden short zb; hidden short zo; hidden short zn; hidden short zm; hidden short zk;
/* zv := the VMA of m that holds a and is still linked in m; VMAS when there is none. */
inline vma_of(m, a)
{
  zv = 0;
  do
  :: zv >= VMAS -> break
  :: zv < VMAS && v_mm[zv] == (m) + 1 && v_task[zv] == 0 && INSIDE(zv, a) -> break
  :: else -> zv = zv + 1
  od
}
/* A new VMA in the first free place; without one the run is no longer exact. */
inline link_vma(m, a, b, flags, file, off)
{
  zn = 0;
  do
  :: zn >= VMAS -> break
  :: zn < VMAS && v_mm[zn] == 0 && lck[VMA_LOCK(zn + 1)] == 0 -> break
  :: else -> zn = zn + 1
  od;
  if
  :: zn == VMAS -> VIOLATE(VMAS_FULL)
  :: else ->
     v_mm[zn] = (m) + 1; v_start[zn] = a; v_end[zn] = b; v_flags[zn] = flags;
     v_file[zn] = file; v_offset[zn] = off; v_task[zn] = 0; v_in_tree[zn] = ((file) != 0)
  fi
}
inline split_at(m, a)
{
  vma_of(m, a);
  if
  :: zv < VMAS && v_start[zv] != (a) ->
     link_vma(m, a, v_end[zv], v_flags[zv], v_file[zv], v_offset[zv] + (a) - v_start[zv]);
     if :: zn < VMAS -> v_end[zv] = a :: else fi
  :: else
  fi
}
inline detach_vmas(all)
{
  if :: all :: else -> split_at(MM, START); split_at(MM, END) fi;
  for (zv : 0 .. VMAS - 1) {
    if
    :: v_mm[zv] == MM + 1 && v_task[zv] == 0 && ((all) || (v_start[zv] < END && START < v_end[zv])) ->
       v_task[zv] = me + 1
    :: else
    fi
  }
}
inline clear_vma(v)
{
  v_mm[v] = 0; v_start[v] = 0; v_end[v] = 0; v_flags[v] = 0; v_file[v] = 0; v_offset[v] = 0;
  v_task[v] = 0; v_in_tree[v] = 0
}
inline free_vmas()
{
  for (zv : 0 .. VMAS - 1) {
    if :: v_mm[zv] != 0 && v_task[zv] == me + 1 -> clear_vma(zv) :: else fi
  }
}
inline find_vma(a)
{
  vma_of(MM, a);
  VMA = (zv < VMAS -> zv + 1 : 0);
  TMP = (zv < VMAS -> v_flags[(zv < VMAS -> zv : 0)] : 0)
}
/* The next of the VMAs that this task has detached, by address. */
inline next_detached()
{
  za = (VMA == 0 -> 0 : v_end[(VMA == 0 -> 0 : VMA - 1)]);
  zn = VMAS;
  for (zv : 0 .. VMAS - 1) {
    if
    :: v_mm[zv] != 0 && v_task[zv] == me + 1 && v_start[zv] >= za &&
       (zn == VMAS || v_start[zv] < v_start[(zn == VMAS -> 0 : zn)]) -> zn = zv
    :: else
    fi
  };
  VMA = (zn == VMAS -> 0 : zn + 1)
}
inline vma_bounds(hugetlb)
{
  ADDRESS = v_start[VMA - 1];
  LAST = v_end[VMA - 1];
  FILE = (v_file[VMA - 1] == 0 -> NO_FILE : v_file[VMA - 1] - 1);
  hugetlb = ((v_flags[VMA - 1] & HUGETLB) != 0 -> 1 : 0)
}
/* The next VMA of FILE's tree that overlaps its pages [INDEX, END); ADDRESS and LAST of the overlap. */
inline next_in_tree()
{
  za = INDEX * PAGES(file_level[FILE]);
  zb = END * PAGES(file_level[FILE]);
  zv = VMA;
  do
  :: zv >= VMAS -> break
  :: zv < VMAS && v_mm[zv] != 0 && v_in_tree[zv] && v_file[zv] == FILE + 1 &&
     v_offset[zv] < zb && v_offset[zv] + v_end[zv] - v_start[zv] > za -> break
  :: else -> zv = zv + 1
  od;
  if
  :: zv == VMAS -> VMA = 0
  :: else ->
     VMA = zv + 1;
     MM = v_mm[zv] - 1;
     zo = v_start[zv] - v_offset[zv];
     ADDRESS = (za > v_offset[zv] -> zo + za : v_start[zv]);
     LAST = (zo + zb < v_end[zv] -> zo + zb : v_end[zv])
  fi
}
inline vma_file(result)
{
  result = (v_file[VMA - 1] == 0 -> 0 : 1);
  FILE = (v_file[VMA - 1] == 0 -> NO_FILE : v_file[VMA - 1] - 1)
}
inline vma_index()
{
  FILE = v_file[VMA - 1] - 1;
  INDEX = (v_offset[VMA - 1] + ADDRESS - v_start[VMA - 1]) / PAGES(file_level[FILE])
}
inline copy_vma()
{
  link_vma(v_mm[VMA - 1] - 1, NEW_START, NEW_START + END - START, v_flags[VMA - 1], v_file[VMA - 1],
           v_offset[VMA - 1] + START - v_start[VMA - 1])
}
inline protect_vmas()
{
  split_at(MM, START); split_at(MM, END);
  for (zv : 0 .. VMAS - 1) {
    if
    :: v_mm[zv] == MM + 1 && v_task[zv] == 0 && v_start[zv] >= START && v_end[zv] <= END ->
       v_flags[zv] = (v_flags[zv] & ~3) | (PROT & 3)
    :: else
    fi
  }
}

/* ---- PMD sharing ---- */
#define COVERS_GIB(v, a) (v_start[v] <= ALIGN_DOWN(a, 2) && ALIGN_DOWN(a, 2) + PAGES(2) <= v_end[v])
inline want_share(result)
{
  result = (((v_flags[VMA - 1] & (MAYSHARE | ALONE)) == MAYSHARE && COVERS_GIB(VMA - 1, ADDRESS)) -> 1 : 0)
}
/* TABLE := the table of the first VMA in the tree that has the same page of the file at the same place of its GiB. */
inline find_shareable()
{
  zo = v_offset[VMA - 1] + ADDRESS - v_start[VMA - 1];
  TABLE = 0;
  zv = 0;
  do
  :: zv >= VMAS -> break
  :: else ->
     if
     :: zv != VMA - 1 && v_mm[zv] != 0 && v_in_tree[zv] && v_file[zv] == v_file[VMA - 1] && zo >= v_offset[zv] &&
        zo < v_offset[zv] + v_end[zv] - v_start[zv] &&
        (v_flags[zv] & SHARE_MASK) == (v_flags[VMA - 1] & SHARE_MASK) ->
        za = v_start[zv] + zo - v_offset[zv];
        if
        :: COVERS_GIB(zv, za) && INDEX_OF(za, 1) == INDEX_OF(ADDRESS, 1) ->
           descend(v_mm[zv] - 1, za, 2);
           if :: IS_TABLE(READ(xslot)) -> TABLE = FRAME_OF(READ(xslot)); break :: else fi
        :: else
        fi
     :: else
     fi;
     zv = zv + 1
  od
}
inline pud_populate(result)
{
  descend(MM, ADDRESS, 2);
  if
  :: xslot == 0 || (READ(xslot) & PRESENT) != 0 -> result = 0
  :: else ->
     write_entry(xslot, ENTRY_OF(TABLE, PRESENT | WRITABLE));
     tables[MM] = tables[MM] + 1;
     result = 1
  fi
}
inline pud_clear(guard)
{
  must_hold(guard);
  descend(MM, ADDRESS, 2);
  zn = xslot; zm = xtable;
  if
  :: zn == 0 -> VIOLATE(UNBALANCED)
  :: else ->
     replace_entry(MM, ADDRESS, 2, zm, zn, 0, guard, 0);
     tables[MM] = tables[MM] - 1
  fi
}
inline table_put(by_share_count)
{
  if
  :: (by_share_count) && share[TABLE] == 0 -> VIOLATE(UNBALANCED)
  :: (by_share_count) && share[TABLE] != 0 -> share[TABLE] = share[TABLE] - 1
  :: else -> put_page(TABLE)
  fi
}
inline widen_range()
{
  za = ALIGN_UP(v_start[VMA - 1], 2);
  zb = ALIGN_DOWN(v_end[VMA - 1], 2);
  if
  :: (v_flags[VMA - 1] & MAYSHARE) != 0 && za < zb && RANGE_END > za && RANGE_START < zb ->
     if :: RANGE_START > za -> RANGE_START = ALIGN_DOWN(RANGE_START, 2) :: else fi;
     if :: RANGE_END < zb -> RANGE_END = ALIGN_UP(RANGE_END, 2) :: else fi
  :: else
  fi
}

/* ---- page tables of an mm ---- */
hidden short zt; hidden short zl; hidden short ze;
inline walk(entry, table, a, l)
{
  descend(MM, a, l);
  entry = xslot; table = xtable
}
inline read_entry(result)
{
  ze = READ(ENTRY);
  result = ze; PAGE = FRAME_OF(ze)
}
inline alloc_tables(result, l, a)
{
  zt = PGD(MM); zl = LEVELS - 1; result = 1; zb = a;
  do
  :: zl <= (l) || zt == 0 -> break
  :: else ->
     zn = NUMBER(zt, INDEX_OF(zb, zl));
     if
     :: IS_TABLE(READ(zn))
     :: else ->
        allocate(0, TABLE_KIND, MM + 1);
        if
        :: xframe == 0 -> result = 0
        :: else -> write_entry(zn, ENTRY_OF(xframe, PRESENT | WRITABLE)); tables[MM] = tables[MM] + 1
        fi
     fi;
     zt = (IS_TABLE(READ(zn)) -> FRAME_OF(READ(zn)) : 0);
     zl = zl - 1
  od
}
inline clear_entry(l, guard)
{
  must_hold(guard);
  if :: ENTRY == 0 -> VIOLATE(OOPS) :: else -> replace_entry(MM, ADDRESS, l, TABLE, ENTRY, 0, guard, 0) fi
}
inline set_entry(l, bits)
{
  if
  :: ENTRY == 0 -> VIOLATE(OOPS)
  :: else ->
     ze = PRESENT | LEAF_FLAG | ((PROT & 2) / 2) * (bits);
     replace_entry(MM, ADDRESS, l, TABLE, ENTRY, ENTRY_OF(PAGE, ze), 0, 0)
  fi
}
inline make_writable()
{
  if
  :: ENTRY == 0 -> VIOLATE(OOPS)
  :: ENTRY != 0 && (READ(ENTRY) & PRESENT) != 0 && (PROT & 2) != 0 ->
     pt[ENTRY - 1] = pt[ENTRY - 1] | WRITABLE | DIRTY_FLAG
  :: else
  fi
}
inline protect_entry(l)
{
  ze = READ(ENTRY);
  if
  :: ENTRY == 0 -> VIOLATE(OOPS)
  :: ENTRY != 0 && (ze & PRESENT) == 0
  :: (ze & PRESENT) != 0 && (PROT & 2) != 0 -> pt[ENTRY - 1] = ze | WRITABLE
  :: (ze & PRESENT) != 0 && (PROT & 2) == 0 && (ze & WRITABLE) != 0 ->
     replace_entry(MM, ADDRESS, l, TABLE, ENTRY, ze & ~WRITABLE, 0, RIGHTS)
  :: else
  fi
}
inline move_entry(l, guard)
{
  must_hold(guard);
  ze = READ(ENTRY);
  if
  :: ENTRY == 0 || ((ze & PRESENT) != 0 && NEW_ENTRY == 0) -> VIOLATE(OOPS)
  :: ENTRY != 0 && (ze & PRESENT) == 0
  :: else ->
     replace_entry(MM, ADDRESS, l, TABLE, ENTRY, 0, guard, 0);
     cslot2 = NEW_ENTRY; cvalue2 = ze
  fi
}
`;
