/* tlbref: the straightforward reference.  Two-level data TLB + 4-level radix page walk in simulated memory +
 * paging-structure caches. usage: tlbref TRACE MODE [L1E L1W [L2E L2W]] [-I] [-r REPS] [-first] [-fifo] [-n LIMIT]
 * [-flush N] [-inv N] [-i E W] -i E W (needs explicit L1/L2 and implies -I): I records use a separate L1I of E
 * entries, W ways; L2 is shared. l1imiss is reported apart. -fifo: replacement is FIFO (a hit does not touch the
 * stamp) in all TLBs (the PSCs stay LRU) -flush N: after every N records (N, 2N, ...) all TLBs and PSCs are emptied
 * (CR3 write without PCID, no global pages) -inv N: after every N records the translation of that record's first byte
 * is invalidated in L1 and L2 (any size) and all PSCs are emptied (INVLPG) MODE: 4k | 2m | 1g  (every address mapped
 * at that size)  | thp (a 2 MiB region is one 2 MiB page iff the trace touches >= 64 of its 512 4K pages) Geometry
 * (defaults): L1D-4K 64 entries 4-way; L1D-2M 32 entries 4-way; L1D-1G 4 entries fully assoc; L2 (4K+2M shared) 1536
 * entries 12-way; L2-1G 16 entries 4-way.  In modes 4k/2m/1g with explicit L1E/L1W the given L1 is used for that size
 * and L2E/L2W for all sizes ("single-size hierarchy"). Semantics - true LRU by time stamp; set index = low bits of
 * the page number of the entry's own size; invalid ways are filled first (lowest way); L1 miss -> L2 lookup (L2
 * recency is touched only then); L2 hit -> fill L1; L2 miss -> walk, fill L2 and L1; no inclusion is enforced (an L2
 * eviction does not invalidate L1; an L1 eviction does nothing to L2). An access that straddles a 4K boundary is two
 * references when the two bytes lie on different pages of the mapping (drcachesim's rule); with -first only the page
 * of the first byte is referenced. PSC: PDE cache 32 entries 4-way keyed VA>>21, PDPTE cache 4 entries fully assoc
 * keyed VA>>30, PML4E cache 2 entries fully assoc keyed VA>>39, LRU; probed deepest first, only the hit level's
 * recency is touched; after a walk each non-leaf entry read from memory is inserted. */
#include "common.h"
#include <limits.h>
typedef struct {
  u64 tag, stamp, pte;
} E; /* tag = pn+1, 0 = invalid */
typedef struct {
  u32 sets, ways;
  E *e;
} T;
static u64 clk;
static int fifo;
static T mk(u32 n, u32 w) {
  T t = {n / w, w, calloc(n, sizeof(E))};
  if (t.sets & (t.sets - 1)) {
    fprintf(stderr, "sets must be a power of two\n");
    exit(1);
  }
  return t;
}
static inline E *find(T *t, u64 pn) {
  E *s = t->e + (pn & (t->sets - 1)) * t->ways;
  for (u32 w = 0; w < t->ways; w++)
    if (s[w].tag == pn + 1) {
      if (!fifo)
        s[w].stamp = ++clk;
      return s + w;
    }
  return 0;
}
static inline E *findl(T *t, u64 pn) {
  E *s = t->e + (pn & (t->sets - 1)) * t->ways;
  for (u32 w = 0; w < t->ways; w++)
    if (s[w].tag == pn + 1) {
      s[w].stamp = ++clk;
      return s + w;
    }
  return 0;
} /* always LRU */
static void clr(T *t) { memset(t->e, 0, sizeof(E) * t->sets * t->ways); }
static void inval(T *t, u64 pn) {
  E *s = t->e + (pn & (t->sets - 1)) * t->ways;
  for (u32 w = 0; w < t->ways; w++)
    if (s[w].tag == pn + 1)
      s[w].tag = s[w].stamp = 0;
}
static inline void fill(T *t, u64 pn, u64 pte) {
  E *s = t->e + (pn & (t->sets - 1)) * t->ways, *v = s;
  for (u32 w = 0; w < t->ways; w++) {
    if (!s[w].tag) {
      v = s + w;
      break;
    }
    if (s[w].stamp < v->stamp)
      v = s + w;
  }
  v->tag = pn + 1;
  v->stamp = ++clk;
  v->pte = pte;
}
/* simulated physical memory holding the page tables: frame f, entry i -> mem[f*512+i].  entry: bit0 P, bit7 PS,
 * bits 12.. frame number */
static u64 *mem;
static u64 nframes, cap, nextdata = 1u << 20;
static u64 newframe(void) {
  if (nframes == cap) {
    cap = cap ? cap * 2 : 4096;
    mem = realloc(mem, cap * 4096);
  }
  memset(mem + nframes * 512, 0, 4096);
  return nframes++;
}
static void map(u64 va, int lvl) { /* lvl 0 = 4K, 1 = 2M, 2 = 1G */
  u64 f = 0;
  for (int l = 3; l > lvl; l--) {
    u64 i = f * 512 + ((va >> (12 + 9 * l)) & 511);
    if (!(mem[i] & 1)) {
      u64 g = newframe();
      mem[i] = g << 12 | 1;
    }
    f = mem[i] >> 12;
  }
  u64 i = f * 512 + ((va >> (12 + 9 * lvl)) & 511);
  if (!(mem[i] & 1))
    mem[i] = nextdata++ << 12 | 1 | (lvl ? 0x80 : 0);
}
/* tiny u64 set for the thp rule and footprints */
typedef struct {
  u64 *k;
  u32 *c;
  u64 cap, n;
} H;
static u32 *hget(H *h, u64 key, int *isnew) {
  if (h->n * 2 >= h->cap) {
    H o = *h;
    h->cap = o.cap ? o.cap * 2 : 1024;
    h->k = calloc(h->cap, 8);
    h->c = calloc(h->cap, 4);
    h->n = 0;
    for (u64 i = 0; i < o.cap; i++)
      if (o.k[i])
        *hget(h, o.k[i] - 1, 0) = o.c[i];
    free(o.k);
    free(o.c);
  }
  u64 i = (key * 0x9e3779b97f4a7c15ull) >> 20 & (h->cap - 1);
  while (h->k[i] && h->k[i] != key + 1)
    i = (i + 1) & (h->cap - 1);
  int nw = !h->k[i];
  if (nw) {
    h->k[i] = key + 1;
    h->n++;
  }
  if (isnew)
    *isnew = nw;
  return &h->c[i];
}
int main(int c, char **v) {
  const char *tr = v[1], *mode = v[2];
  int withI = 0, reps = 1, first = 0;
  u64 limit = 0, fl = 0, iv = 0, l1im = 0;
  u32 ie = 0, iw = 0;
  u32 g[4], ng = 0;
  for (int i = 3; i < c; i++) {
    if (!strcmp(v[i], "-I"))
      withI = 1;
    else if (!strcmp(v[i], "-r"))
      reps = atoi(v[++i]);
    else if (!strcmp(v[i], "-first"))
      first = 1;
    else if (!strcmp(v[i], "-fifo"))
      fifo = 1;
    else if (!strcmp(v[i], "-i")) {
      ie = atoi(v[++i]);
      iw = atoi(v[++i]);
      withI = 1;
    } else if (!strcmp(v[i], "-n"))
      limit = strtoull(v[++i], 0, 0);
    else if (!strcmp(v[i], "-flush"))
      fl = strtoull(v[++i], 0, 0);
    else if (!strcmp(v[i], "-inv"))
      iv = strtoull(v[++i], 0, 0);
    else
      g[ng++] = atoi(v[i]);
  }
  size_t n;
  u64 *t = load_trace(tr, &n, withI);
  if (limit && limit < n)
    n = limit;
  int fixed = !strcmp(mode, "4k") ? 0 : !strcmp(mode, "2m") ? 1 : !strcmp(mode, "1g") ? 2 : -1;
  newframe();
  H p4 = {0}, r2 = {0}, g1 = {0};
  u64 cross = 0;
  for (size_t i = 0; i < n; i++) {
    u64 a = ADDR(t[i]), b = a + SIZE(t[i]) - 1;
    if (first)
      b = a;
    if ((a ^ b) >> 12)
      cross++;
    for (u64 q = a >> 12; q <= b >> 12; q++) {
      int nw;
      hget(&p4, q, &nw);
      if (nw) {
        ++*hget(&r2, q >> 9, 0);
        hget(&g1, q >> 18, 0);
      }
    }
  }
  for (u64 i = 0; i < p4.cap; i++)
    if (p4.k[i]) {
      u64 q = p4.k[i] - 1;
      int l = fixed >= 0 ? fixed : *hget(&r2, q >> 9, 0) >= 64 ? 1 : 0;
      map(q << 12, l);
    }
  u64 acc = 0, refs = 0, l1m = 0, l2m = 0, wl = 0, wlp = 0, ps[3] = {0}, h2 = 0;
  double best = 1e9, ts[64];
  u64 sum = 0;
  for (int r = 0; r < reps; r++) {
    T L1[3] = {mk(64, 4), mk(32, 4), mk(4, 4)}, LI = mk(ie ? ie : 4, iw ? iw : 4), L2 = mk(1536, 12), L2g = mk(16, 4),
      PDE = mk(32, 4), PDP = mk(4, 4), PML = mk(2, 2);
    if (ng >= 2)
      L1[0] = L1[1] = L1[2] = mk(g[0], g[1]);
    if (ng >= 4) {
      L2 = mk(g[2], g[3]);
      L2g = L2;
    }
    refs = l1im = l1m = l2m = wl = wlp = 0;
    clk = 0;
    memset(ps, 0, sizeof ps);
    double a0 = cpu_now();
    for (size_t i = 0; i < n; i++) {
      int isI = ie && !TYPE(t[i]);
      T *LX = isI ? &LI : &L1[0];
      u64 a = ADDR(t[i]), b = first ? a : a + SIZE(t[i]) - 1;
      for (;;) {
        refs++;
        E *e;
        int lvl;
        u64 pte;
        if (ng >= 2) {
          lvl = fixed > 0 ? fixed : 0;
          e = find(&LX[0], a >> (12 + 9 * lvl));
        } else {
          lvl = 0;
          e = find(&L1[0], a >> 12);
          if (!e) {
            lvl = 1;
            e = find(&L1[1], a >> 21);
          }
          if (!e) {
            lvl = 2;
            e = find(&L1[2], a >> 30);
          }
        }
        if (e)
          pte = e->pte;
        else {
          if (isI)
            l1im++;
          else
            l1m++;
/* unified L2: the tag carries the size; sizes index with their own page number */
#define K(l) ((a >> (12 + 9 * (l))) | (ng >= 2 ? 0 : (u64)(l) << 56))
          if (ng >= 2) {
            lvl = fixed > 0 ? fixed : 0;
            e = find(&L2, K(lvl));
          } else {
            lvl = 0;
            if (!(e = find(&L2, K(0)))) {
              lvl = 1;
              if (!(e = find(&L2, K(1)))) {
                lvl = 2;
                e = find(&L2g, K(2));
              }
            }
          }
          if (e) {
            pte = e->pte;
            h2++;
          } else {
            l2m++;
            /* walk */
            u64 f = 0;
            int l = 3;
            E *q;
            if ((q = findl(&PDE, a >> 21))) {
              f = q->pte;
              l = 0;
            } else if ((q = findl(&PDP, a >> 30))) {
              f = q->pte;
              l = 1;
            } else if ((q = findl(&PML, a >> 39))) {
              f = q->pte;
              l = 2;
            }
            for (;; l--) {
              u64 x = mem[f * 512 + ((a >> (12 + 9 * l)) & 511)];
              wlp++;
              if (!(x & 1)) {
                fprintf(stderr, "fault\n");
                exit(1);
              }
              if (l == 0 || (x & 0x80)) {
                pte = x;
                lvl = l;
                break;
              }
              f = x >> 12;
              if (l == 1)
                fill(&PDE, a >> 21, f);
              else if (l == 2)
                fill(&PDP, a >> 30, f);
              else
                fill(&PML, a >> 39, f);
            }
            wl += 4 - lvl;
            ps[lvl]++;
            fill(lvl == 2 ? &L2g : &L2, K(lvl), pte);
          }
          fill(ng >= 2 ? LX : &L1[lvl], a >> (12 + 9 * lvl), pte);
        }
        sum += (pte >> 12) + lvl;
        u64 m = ~0ull << (12 + 9 * lvl);
        if (((a ^ b) & m) == 0)
          break;
        a = (a & m) + ~m + 1;
      }
      if (fl && (i + 1) % fl == 0) {
        clr(&L1[0]);
        clr(&LI);
        if (ng < 2) {
          clr(&L1[1]);
          clr(&L1[2]);
        }
        clr(&L2);
        if (ng < 4)
          clr(&L2g);
        clr(&PDE);
        clr(&PDP);
        clr(&PML);
      }
      if (iv && (i + 1) % iv == 0) {
        u64 x = ADDR(t[i]);
        if (ng >= 2) {
          u64 pn = x >> (12 + 9 * (fixed > 0 ? fixed : 0));
          inval(&L1[0], pn);
          inval(&LI, pn);
          inval(&L2, pn);
        } else {
          for (int l = 0; l < 3; l++)
            inval(&L1[l], x >> (12 + 9 * l));
          inval(&L2, x >> 12);
          inval(&L2, x >> 21 | 1ull << 56);
          inval(&L2g, x >> 30 | 2ull << 56);
        }
        clr(&PDE);
        clr(&PDP);
        clr(&PML);
      }
    }
    ts[r] = cpu_now() - a0;
    if (ts[r] < best)
      best = ts[r];
    acc = n;
    free(L1[0].e);
    free(LI.e);
    if (ng < 2) {
      free(L1[1].e);
      free(L1[2].e);
    }
    free(L2.e);
    if (ng < 4)
      free(L2g.e);
    free(PDE.e);
    free(PDP.e);
    free(PML.e);
  }
  for (int i = 0; i < reps; i++)
    for (int j = i + 1; j < reps; j++)
      if (ts[j] < ts[i]) {
        double x = ts[i];
        ts[i] = ts[j];
        ts[j] = x;
      }
  double med = ts[reps / 2];
  printf("{\"trace\":\"%s\",\"mode\":\"%s\",\"acc\":%llu,\"cross4k\":%llu,\"refs\":%llu,\"pages4k\":%llu,\"pages2m\":"
         "%llu,\"pages1g\":%llu,\"l1imiss\":%llu,\"l1miss\":%llu,\"l2miss\":%llu,\"walkloads_nopsc\":%llu,"
         "\"walkloads_psc\":%llu,\"walks_by_size\":[%llu,%llu,%llu],\"pt_frames\":%llu,\"cpu_s_med\":%.4f,\"cpu_s_"
         "min\":%.4f,\"Macc_s_med\":%.1f,\"chk\":%llu}\n",
         tr, mode, (unsigned long long)acc, (unsigned long long)cross, (unsigned long long)refs,
         (unsigned long long)p4.n, (unsigned long long)r2.n, (unsigned long long)g1.n, (unsigned long long)l1im,
         (unsigned long long)l1m, (unsigned long long)l2m, (unsigned long long)wl, (unsigned long long)wlp,
         (unsigned long long)ps[0], (unsigned long long)ps[1], (unsigned long long)ps[2], (unsigned long long)nframes,
         med, best, acc / med / 1e6, (unsigned long long)sum);
  return 0;
}
