/**
 * Promela text: page-table words, walks, frames. Written from the records' meaning (assembly/abi), not from the core.
 *
 * Everything named here is an inline or a macro; the variables are declared by declare.ts. Names in lower case with a
 * leading x are scratch: hidden, set before they are read, and no part of a state.
 */
export const hardware = String.raw`
/* ---- locks: bit set of the tasks that hold it, and WRITE_HELD; 0 is no lock ---- */
#define WRITE_HELD 16384
#define MMAP_LOCK(m) (1 + (m))
#define PAGE_TABLE_LOCK(m) (1 + MMS + (m))
#define I_MMAP_LOCK(f) (1 + 2 * MMS + (f))
#define FAULT_LOCK(f) (1 + 2 * MMS + FILES + (f))
#define VMA_LOCK(number) (1 + 2 * MMS + 2 * FILES + (number))
#define PTL_LOCK(f) (2 + 2 * MMS + 2 * FILES + VMAS + (f))
#define VMA_WRITE_LOCK(m) (2 + 2 * MMS + 2 * FILES + VMAS + FRAMES + (m))
/* What the lock would guard is not there. */
#define IS_NULL_LOCK(k) ((k) == VMA_LOCK(0) || (k) == PTL_LOCK(0))

#define HELD_FOR_WRITE(k) ((lck[k] & (WRITE_HELD | (1 << me))) == (WRITE_HELD | (1 << me)))

/* ---- page-table entries: a frame from bit 8 up, and flags ---- */
#define PRESENT 1
#define WRITABLE 2
#define DIRTY_FLAG 8
#define LEAF_FLAG 16
#define PROTNONE_FLAG 64
#define IS_TABLE(e) (((e) & (PRESENT | LEAF_FLAG)) == PRESENT)
#define FRAME_OF(e) ((e) >> 8)
#define ENTRY_OF(frame, flags) (((frame) << 8) | (flags))

/* An entry is named by its number: table 1 first, WIDTH entries a table; 0 is no entry, and it reads as empty. */
#define NUMBER(table, index) (((table) - 1) * WIDTH + (index) + 1)
#define READ(slot) ((slot) == 0 -> 0 : pt[((slot) == 0 -> 0 : (slot) - 1)])
#define ALIGN_DOWN(a, l) (((a) / PAGES(l)) * PAGES(l))
#define ALIGN_UP(a, l) ((((a) + PAGES(l) - 1) / PAGES(l)) * PAGES(l))
#define INDEX_OF(a, l) (((a) / PAGES(l)) % ENTRIES(l))

/* Goes down from the top table of address space m to level l: xslot (0 when a table is missing) and xtable. */
hidden short xslot; hidden short xtable; hidden short xlevel; hidden short xword; hidden short xroot;
inline descend(m, a, l)
{
  xroot = PGD(m); xslot = 0; xtable = 0; xlevel = LEVELS - 1;
  do
  :: xroot == 0 -> break
  :: xroot != 0 && xlevel == (l) -> xtable = xroot; xslot = NUMBER(xroot, INDEX_OF(a, l)); break
  :: else ->
     xword = pt[NUMBER(xroot, INDEX_OF(a, xlevel)) - 1];
     xroot = (IS_TABLE(xword) -> FRAME_OF(xword) : 0);
     xlevel = xlevel - 1
  od
}

/* Writes an entry; parents[] counts the present entries that point to each table. */
hidden short xold; hidden short xnew;
inline write_entry(at, value)
{
  xnew = value;
  xold = READ(at);
  if :: IS_TABLE(xold) -> parents[FRAME_OF(xold)] = parents[FRAME_OF(xold)] - 1 :: else fi;
  if :: IS_TABLE(xnew) -> parents[FRAME_OF(xnew)] = parents[FRAME_OF(xnew)] + 1 :: else fi;
  pt[(at) - 1] = xnew
}

/* ---- frames: a stack of free ones for each pool (tables, base pages, huge pages) ---- */
#define FREE_KIND 0
#define TABLE_KIND 1
#define PAGE_KIND 2
#define POOL_FIRST(pool) ((pool) == 0 -> 1 : ((pool) == 1 -> 1 + TABLE_FRAMES : 1 + TABLE_FRAMES + BASE_FRAMES))
#define POOL_OF(f) ((f) <= TABLE_FRAMES -> 0 : ((f) <= TABLE_FRAMES + BASE_FRAMES -> 1 : 2))
#define OWNER_FILE 256

hidden short xframe; hidden short xi;
inline empty_table(f)
{
  for (xi : 0 .. WIDTH - 1) { pt[NUMBER(f, xi) - 1] = 0 }
}

/* xframe := a frame of the pool with one reference, or 0 when there is none. */
inline allocate(pool, k, who)
{
  xframe = 0;
  if
  :: free_count[pool] == 0
  :: else ->
     free_count[pool] = free_count[pool] - 1;
     xframe = free_stack[POOL_FIRST(pool) + free_count[pool]];
     free_stack[POOL_FIRST(pool) + free_count[pool]] = 0;
     kind[xframe] = k; owner[xframe] = who; refs[xframe] = 1; maps[xframe] = 0; content[xframe] = 0;
     dirty[xframe] = 0;
     if :: (pool) == 0 -> empty_table(xframe) :: else fi
  fi
}

/* The frame goes back; its next life is another generation. A dead table is empty: nobody reads it. */
inline release(f)
{
  generation[f] = generation[f] + 1;
  kind[f] = FREE_KIND; owner[f] = 0; refs[f] = 0; maps[f] = 0; share[f] = 0; lck[PTL_LOCK(f)] = 0;
  if :: (f) <= TABLE_FRAMES -> empty_table(f) :: else fi;
  free_stack[POOL_FIRST(POOL_OF(f)) + free_count[POOL_OF(f)]] = f;
  free_count[POOL_OF(f)] = free_count[POOL_OF(f)] + 1
}

/* ---- what an invalidation of [from, to) reaches ---- */
#define LEAVES_ONLY 0
#define ON_PATH 1
#define ALL_POINTERS 2
#define WHOLE_CONTEXT 3
#define MEETS(from, to, a, l) ((a) < (to) && (from) < (a) + PAGES(l))
#define REACHES_LEAF(scope, hint, from, to, a, l) \
  ((scope) == WHOLE_CONTEXT || (((hint) == 0 || (hint) - 1 == (l)) && MEETS(from, to, a, l)))
#define REACHES_POINTER(scope, hint, from, to, a, l) \
  ((scope) >= ALL_POINTERS || ((scope) == ON_PATH && ((hint) == 0 || (hint) - 1 < (l)) && MEETS(from, to, a, l)))
`;
