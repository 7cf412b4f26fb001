/* unmap: clear 262,144 entries of page tables, gather the pages in batches of 506, drop mapping and reference, free.
 * The algorithm of zap_pte_range() with tlb_flush_mmu(): what the machine's munmap does, without its checks.
 *   packed   mapping and reference counts in arrays of their own: the least memory that the work can touch
 *   records  the machine's own frame records (assembly/abi/records.ts): 4 words a frame, a free list through them
 * usage: unmap [-r REPS] */
#include <string.h>
#include "common.h"
#define PAGES 262144u
#define GATHER 506u
static u64 pte[PAGES];
static u32 map[PAGES], ref[PAGES], list[PAGES], gathered[GATHER];
static u32 freed;
struct frame {
  u32 use, references, maps, generation;
};
static u32 entry[PAGES];
static struct frame frames[PAGES];
static u32 head;

static void flush(u32 n) {
  for (u32 i = 0; i < n; i++)
    if (--ref[gathered[i]] == 0)
      list[freed++] = gathered[i];
}
static double packed(void) {
  for (u32 i = 0; i < PAGES; i++) {
    pte[i] = (u64)i << 12 | 1;
    map[i] = ref[i] = 1;
  }
  freed = 0;
  double a = cpu_now();
  u32 n = 0;
  for (u32 i = 0; i < PAGES; i++) {
    u64 e = pte[i];
    if (!(e & 1))
      continue;
    pte[i] = 0;
    u32 f = e >> 12;
    map[f]--;
    gathered[n++] = f;
    if (n == GATHER) {
      flush(n);
      n = 0;
    }
  }
  flush(n);
  return cpu_now() - a;
}

static void release(u32 n) {
  while (n > 0) {
    u32 f = gathered[--n];
    struct frame *r = frames + f;
    if (--r->references != 0)
      continue;
    r->maps = 0;
    r->generation++;
    r->use = head;
    head = f;
    freed++;
  }
}
static double records(void) {
  for (u32 i = 0; i < PAGES; i++) {
    entry[i] = i << 8 | 1;
    frames[i].use = 2u << 30 | 1;
    frames[i].references = frames[i].maps = 1;
  }
  freed = head = 0;
  double a = cpu_now();
  u32 n = 0;
  for (u32 i = 0; i < PAGES; i++) {
    u32 e = entry[i];
    if (!(e & 1))
      continue;
    entry[i] = 0;
    u32 f = e >> 8;
    frames[f].maps--;
    gathered[n++] = f;
    if (n == GATHER) {
      release(n);
      n = 0;
    }
  }
  release(n);
  return cpu_now() - a;
}

static int cmpd(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}
int main(int c, char **v) {
  int reps = c > 2 ? atoi(v[2]) : 9;
  double ts[64], rs[64];
  for (int r = 0; r < reps; r++) {
    ts[r] = packed();
    if (freed != PAGES)
      return 1;
    rs[r] = records();
    if (freed != PAGES)
      return 1;
  }
  qsort(ts, reps, 8, cmpd);
  qsort(rs, reps, 8, cmpd);
  printf("{\"pages\":%u,\"s\":%.6f,\"records_s\":%.6f}\n", PAGES, ts[reps / 2], rs[reps / 2]);
  return 0;
}
