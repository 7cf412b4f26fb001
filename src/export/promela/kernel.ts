/**
 * Promela text: gathers, VMAs, files, pages, and the tables of an mm (assembly/mm as its headers describe it).
 */
export const kernel = `
/* ---- struct mmu_gather, one for each task ---- */
#define FREED_TABLES 16
#define FULLMM 32
#define UNSHARED 64
#define FULLY_UNSHARED 128
inline reset_range()
{
  /* That a table became exclusive is forgotten only when walkers have been waited for. */
  g_bits[me] = g_bits[me] & (FULLMM | FULLY_UNSHARED);
  g_start[me] = ((g_bits[me] & FULLMM) != 0 -> 0 : SPACE);
  g_end[me] = ((g_bits[me] & FULLMM) != 0 -> SPACE : 0)
}
inline gather_start(dying)
{
  if :: g_mm[me] != 0 -> VIOLATE(UNBALANCED) :: else fi;
  g_mm[me] = MM + 1;
  g_count[me] = 0;
  g_bits[me] = ((dying) -> FULLMM : 0);
  reset_range();
  gathers[MM] = gathers[MM] + 1
}
inline record(a, pages, bits)
{
  if :: (a) < g_start[me] -> g_start[me] = a :: else fi;
  if :: (a) + (pages) > g_end[me] -> g_end[me] = (a) + (pages) :: else fi;
  g_bits[me] = g_bits[me] | (bits)
}
#define HAS_BIT(bits, n) (((bits) & (1 << (n))) != 0)
/* The smallest level that was cleared, 0 when none was. */
#define UPPER_STRIDE(bits) (HAS_BIT(bits, 1) -> 1 : (HAS_BIT(bits, 2) -> 2 : (HAS_BIT(bits, 3) -> 3 : 0)))
#define STRIDE_OF(bits) (HAS_BIT(bits, 0) -> 0 : UPPER_STRIDE(bits))
inline gather_range()
{
  FLUSH_MM = g_mm[me] - 1;
  RANGE_START = g_start[me]; RANGE_END = g_end[me];
  STRIDE = STRIDE_OF(g_bits[me]);
  TABLES = ((g_bits[me] & FREED_TABLES) != 0 -> 1 : 0);
  FULL = ((g_bits[me] & FULLMM) != 0 -> 1 : 0)
}
/* On a queued page: its map count falls only when the flush is done. */
#define DELAYED 128
inline queue(f)
{
  g_batch[me * BATCH_ROOM + g_count[me]] = f;
  g_count[me] = g_count[me] + 1
}
/* Another gather is open on the mm: everything will be flushed, tables too. */
inline promote()
{
  g_bits[me] = FULLMM | (g_bits[me] & FULLY_UNSHARED);
  reset_range();
  g_bits[me] = g_bits[me] | FREED_TABLES
}
/* With another gather open: a range, and no word of levels and tables. */
inline gather_force(from, pages)
{
  reset_range();
  record(from, pages, 0)
}
/* Map counts that were left for the flush fall. */
inline flush_rmaps()
{
  for (yslot : 0 .. BATCH_ROOM - 1) {
    if
    :: yslot < g_count[me] && (g_batch[me * BATCH_ROOM + yslot] & DELAYED) != 0 ->
       yi = g_batch[me * BATCH_ROOM + yslot] & ~DELAYED;
       g_batch[me * BATCH_ROOM + yslot] = yi;
       maps[yi] = maps[yi] - 1
    :: else
    fi
  }
}
/* TABLE has been left: it is exclusive to its last sharer when it counts no other. */
inline gather_unshare()
{
  g_bits[me] = g_bits[me] | UNSHARED | (share[TABLE] == 0 -> FULLY_UNSHARED : 0)
}
/* One level and no table: its number + 1, for machines that take a hint. */
#define ONE_BIT(b) ((b) == 1 || (b) == 2 || (b) == 4 || (b) == 8)
#define LEVEL_HINT (((g_bits[me] & FREED_TABLES) == 0 && ONE_BIT(g_bits[me] & 15)) -> STRIDE_OF(g_bits[me]) + 1 : 0)
inline gather_finish()
{
  if
  :: g_mm[me] == 0 -> VIOLATE(UNBALANCED)
  :: else ->
     if :: (g_bits[me] & FULLY_UNSHARED) != 0 -> VIOLATE(UNBALANCED) :: else fi;
     gathers[g_mm[me] - 1] = gathers[g_mm[me] - 1] - 1;
     g_mm[me] = 0; g_start[me] = 0; g_end[me] = 0; g_bits[me] = 0
  fi
}

/* ---- pages ---- */
hidden short yf; hidden short yi; hidden byte ylive; hidden short yslot;
/* What a step asks for: a reference of frame yf is dropped. */
inline put_page(f)
{
  yf = f;
  if :: yf == 0 -> VIOLATE(OOPS) :: else fi
}
inline serve_page()
{
  if
  :: refs[yf] == 0 -> VIOLATE(UNBALANCED)
  :: refs[yf] > 1 -> refs[yf] = refs[yf] - 1
  :: else ->
     refs[yf] = 0;
     ylive = (maps[yf] != 0);
     if
     :: kind[yf] == TABLE_KIND ->
        ylive = ylive || share[yf] != 0;
        for (yi : 0 .. WIDTH - 1) { ylive = ylive || (pt[NUMBER(yf, yi) - 1] & PRESENT) != 0 }
     :: else
     fi;
     if :: ylive -> VIOLATE(UNBALANCED) :: else fi;
     frame_freed(yf);
     release(yf)
  fi;
  yf = 0
}
#define CACHED(file, i) cache[(file) * FILE_PAGES + (i)]
inline new_cache_page()
{
  if
  :: file_level[FILE] == 0 -> allocate(1, PAGE_KIND, OWNER_FILE + FILE)
  :: else -> allocate(2, PAGE_KIND, OWNER_FILE + FILE)
  fi
}
inline find_or_alloc_page(result)
{
  result = 0;
  if
  :: INDEX >= file_size[FILE] -> result = 7
  :: else ->
     if
     :: CACHED(FILE, INDEX) == 0 -> new_cache_page(); CACHED(FILE, INDEX) = xframe
     :: else -> xframe = CACHED(FILE, INDEX)
     fi;
     if :: xframe == 0 -> result = 7 :: else -> PAGE = xframe; refs[xframe] = refs[xframe] + 1 fi
  fi
}
inline get_cached()
{
  PAGE = (INDEX < FILE_PAGES -> CACHED(FILE, (INDEX < FILE_PAGES -> INDEX : 0)) : 0);
  if :: PAGE != 0 -> refs[PAGE] = refs[PAGE] + 1 :: else fi
}
inline next_cached()
{
  do
  :: INDEX >= END -> INDEX = END; PAGE = 0; break
  :: INDEX < END && CACHED(FILE, INDEX) != 0 -> PAGE = CACHED(FILE, INDEX); break
  :: else -> INDEX = INDEX + 1
  od
}
inline remove_from_cache()
{
  if
  :: INDEX >= FILE_PAGES -> VIOLATE(UNBALANCED)
  :: INDEX < FILE_PAGES && CACHED(FILE, INDEX) == 0
  :: else -> yi = CACHED(FILE, INDEX); CACHED(FILE, INDEX) = 0; put_page(yi)
  fi
}
inline replace_in_cache()
{
  new_cache_page();
  if
  :: xframe == 0 || CACHED(FILE, INDEX) == 0
  :: else ->
     yi = CACHED(FILE, INDEX);
     content[xframe] = content[yi];
     CACHED(FILE, INDEX) = xframe;
     put_page(yi)
  fi
}
inline alloc_anon_page(result)
{
  allocate(1, PAGE_KIND, MM + 1);
  if :: xframe == 0 -> result = 7 :: else -> PAGE = xframe; result = 0 fi
}
inline rmap_add()
{
  if :: PAGE == 0 -> VIOLATE(OOPS) :: else -> maps[PAGE] = maps[PAGE] + 1 fi
}
inline rmap_remove()
{
  if
  :: PAGE == 0 -> VIOLATE(OOPS)
  :: PAGE != 0 && maps[PAGE] == 0 -> VIOLATE(UNBALANCED)
  :: else -> maps[PAGE] = maps[PAGE] - 1
  fi
}
/* One queued page, the last first; result is 1 while more are left. */
inline gather_free(result)
{
  if
  :: g_count[me] == 0 -> result = 0
  :: else ->
     g_count[me] = g_count[me] - 1;
     yslot = g_batch[me * BATCH_ROOM + g_count[me]];
     g_batch[me * BATCH_ROOM + g_count[me]] = 0;
     result = (g_count[me] > 0 -> 1 : 0);
     put_page(yslot)
  fi
}
`;
