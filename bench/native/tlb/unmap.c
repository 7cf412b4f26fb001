/* unmap: clear 262,144 entries of page tables, gather the pages in batches of 506, drop mapping and reference, free.
 * The algorithm of zap_pte_range() with tlb_flush_mmu(): what the machine's munmap does, without its checks.
 * usage: unmap [-r REPS] */
#include "common.h"
#define PAGES 262144u
#define GATHER 506u
static u64 pte[PAGES];
static u32 map[PAGES], ref[PAGES], list[PAGES], gathered[GATHER];
static u32 freed;
static void flush(u32 n) {
  for (u32 i = 0; i < n; i++)
    if (--ref[gathered[i]] == 0)
      list[freed++] = gathered[i];
}
static int cmpd(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}
int main(int c, char **v) {
  int reps = c > 2 ? atoi(v[2]) : 9;
  double ts[64];
  for (int r = 0; r < reps; r++) {
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
    ts[r] = cpu_now() - a;
  }
  qsort(ts, reps, 8, cmpd);
  if (freed != PAGES)
    return 1;
  printf("{\"pages\":%u,\"s\":%.6f}\n", PAGES, ts[reps / 2]);
  return 0;
}
