/* allassoc: exact miss counts of EVERY true-LRU set-associative TLB with 2^0..2^SMAX sets and 1..16 ways, in one
 * pass, plus (option -fa) every fully associative size by LRU stack distance.  Method: per set-count an MTF vector of
 * 16 keys per set (one zmm); hit position p = LRU stack position in that set => misses(sets,ways) = #(p >= ways).
 * Inclusion property: a reference at stack position 0 for S sets is at position 0 for every multiple of S, so it is
 * dropped from all finer levels (the streams shrink: same-as-last, then 2 sets, 4 sets, ...).  Staged and branch-free
 * as in tlbfast. usage: allassoc TRACE [pageshift] [-I | -Ionly] [-r REPS] [-fa] [-json]  */
#include "common.h"
#include <immintrin.h>
#define SMAX 11 /* up to 2048 sets */
#define BATCH 2048
static __m512i *tab[SMAX + 1], rot[17];
static u64 hist[SMAX + 1][17], in[SMAX + 2];
static u32 last;
static void reset(void) {
  last = 0xffffffff;
  memset(hist, 0, sizeof hist);
  memset(in, 0, sizeof in);
  for (int s = 0; s <= SMAX; s++) {
    if (!tab[s])
      tab[s] = aligned_alloc(64, 64ull << s);
    for (u32 i = 0; i < 1u << s; i++)
      tab[s][i] = _mm512_set1_epi32(-1);
  }
  for (int q = 0; q < 17; q++) {
    int p = q > 15 ? 15 : q;
    u32 r[16];
    for (int i = 0; i < 16; i++)
      r[i] = i == 0 ? p : i <= p ? i - 1 : i;
    rot[q] = _mm512_loadu_si512(r);
  }
}
static inline size_t level(int s, const u32 *k, size_t n, u32 *o) {
  __m512i *T = tab[s];
  u32 mask = (1u << s) - 1;
  u64 *h = hist[s];
  size_t j = 0;
  for (size_t i = 0; i < n; i++) {
    u32 q = k[i];
    __m512i *p = T + (q & mask), v = *p, kk = _mm512_set1_epi32(q);
    u32 m = _mm512_cmpeq_epi32_mask(v, kk), x = __builtin_ctz(m | 0x10000);
    *p = _mm512_mask_mov_epi32(_mm512_permutexvar_epi32(rot[x], v), 1, kk);
    h[x]++;
    o[j] = q;
    j += x != 0;
  }
  return j;
}
static u32 qa[BATCH + 8], qb[BATCH + 8];
static void run(const u32 *k, size_t n) {
  for (size_t i = 0; i < n; i += BATCH) {
    size_t m = n - i < BATCH ? n - i : BATCH, j = 0;
    u32 l = last;
    for (size_t e = 0; e < m; e++) {
      u32 q = k[i + e];
      qa[j] = q;
      j += q != l;
      l = q;
    }
    last = l;
    in[0] += j;
    u32 *a = qa, *b = qb;
    for (int s = 0; s <= SMAX; s++) {
      j = level(s, a, j, b);
      u32 *t = a;
      a = b;
      b = t;
      in[s + 1] += j;
    }
  }
}
static int cmpd(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}
static u64 brute(const u32 *k, size_t n, u32 sets, u32 ways) {
  u32 *t = malloc(4ull * sets * ways);
  memset(t, 255, 4ull * sets * ways);
  u64 miss = 0;
  for (size_t i = 0; i < n; i++) {
    u32 *s = t + (k[i] & (sets - 1)) * ways, w = 0;
    while (w < ways - 1 && s[w] != k[i])
      w++;
    miss += s[w] != k[i];
    memmove(s + 1, s, 4ull * w);
    s[0] = k[i];
  }
  free(t);
  return miss;
}
int main(int c, char **v) {
  int withI = 0, reps = 5, shift = 12, fa = 0, json = 0;
  for (int i = 2; i < c; i++) {
    if (!strcmp(v[i], "-I"))
      withI = 1;
    else if (!strcmp(v[i], "-Ionly"))
      withI = 2;
    else if (!strcmp(v[i], "-fa"))
      fa = 1;
    else if (!strcmp(v[i], "-json"))
      json = 1;
    else if (!strcmp(v[i], "-r"))
      reps = atoi(v[++i]);
    else
      shift = atoi(v[i]);
  }
  size_t n;
  u64 *t = load_trace(v[1], &n, withI);
  u32 *k = malloc(4 * (2 * n + 16));
  size_t nr = 0;
  for (size_t i = 0; i < n; i++) {
    u64 a = ADDR(t[i]), b = a + SIZE(t[i]) - 1;
    for (u64 q = a >> shift; q <= b >> shift; q++)
      k[nr++] = q;
  }
  double ts[64];
  for (int r = 0; r < reps; r++) {
    reset();
    double a = cpu_now();
    run(k, nr);
    ts[r] = cpu_now() - a;
  }
  qsort(ts, reps, 8, cmpd);
  for (int s = 0; s <= SMAX; s++)
    hist[s][0] += nr - in[s]; /* dropped refs are position 0 here */
  int bad = 0;
  static const u32 chk[][2] = {{16, 4}, {128, 12}, {1, 16}, {256, 8}, {8, 4}, {2048, 2}};
  double bt = cpu_now();
  for (int i = 0; i < 6; i++) {
    u64 m = 0;
    int s = __builtin_ctz(chk[i][0]);
    for (u32 x = chk[i][1]; x < 17; x++)
      m += hist[s][x];
    u64 b = brute(k, nr, chk[i][0], chk[i][1]);
    if (b != m) {
      bad++;
      fprintf(stderr, "MISMATCH %u x %u: %llu vs %llu\n", chk[i][0], chk[i][1], (unsigned long long)m,
              (unsigned long long)b);
    }
  }
  bt = cpu_now() - bt;
  if (json) {
    printf("{\"trace\":\"%s\",\"shift\":%d,\"acc\":%zu,\"refs\":%zu,\"misses\":{", v[1], shift, n, nr);
    for (int s = 0; s <= SMAX; s++) {
      printf("%s\"%d\":[", s ? "," : "", 1 << s);
      u64 m = nr;
      for (int w = 1; w <= 16; w++) {
        m -= hist[s][w - 1];
        printf("%s%llu", w > 1 ? "," : "", (unsigned long long)m);
      }
      printf("]");
    }
    printf("}");
    if (fa) { /* Bennett-Kruskal/Olken: Fenwick over last-use times, renumbered when full */
      size_t M = 1 << 22;
      u32 *fw = calloc(M + 1, 4), *lastt;
      size_t hc = 1 << 23;
      u32 *hk = malloc(4 * hc);
      lastt = malloc(4 * hc);
      memset(hk, 255, 4 * hc);
      u64 *sd = calloc(1 << 21, 8);
      u64 cold = 0;
      u32 now = 0;
      u32 live = 0;
      u32 *slot = malloc(4 * (M + 1));
      for (size_t i = 0; i < nr; i++) {
        u32 q = k[i];
        if (i && q == k[i - 1]) {
          sd[0]++;
          continue;
        }
        size_t h = (q * 2654435761u) >> 9;
        while (hk[h] != 0xffffffff && hk[h] != q)
          h = (h + 1) & (hc - 1);
        if (now + 1 >= M) {
          u32 z = 0;
          memset(fw, 0, 4 * (M + 1));
          for (u32 x = 1; x <= now; x++)
            if (slot[x] != 0xffffffff && lastt[slot[x]] == x) {
              slot[++z] = slot[x];
              lastt[slot[z]] = z;
            }
          now = z;
          for (u32 x = 1; x <= z; x++)
            for (u32 y = x; y <= M; y += y & -y)
              fw[y]++;
        }
        now++;
        slot[now] = h;
        if (hk[h] == q) {
          u32 d = 0, l = lastt[h];
          for (u32 y = l; y; y -= y & -y)
            d += fw[y];
          d = live - d;
          sd[d]++;
          for (u32 y = l; y <= M; y += y & -y)
            fw[y]--;
        } else {
          hk[h] = q;
          cold++;
          live++;
        }
        lastt[h] = now;
        for (u32 y = now; y <= M; y += y & -y)
          fw[y]++;
      }
      u64 m = nr;
      u32 d = 0;
      printf(",\"cold\":%llu,\"fa\":{", (unsigned long long)cold);
      int f1 = 1;
      static const u32 sz[] = {1,   2,   4,    8,    16,   32,   48,   64,   96,    128,
                               256, 512, 1024, 1536, 2048, 3072, 4096, 8192, 16384, 65536};
      for (int i = 0; i < 20; i++) {
        while (d < sz[i])
          m -= sd[d++];
        printf("%s\"%u\":%llu", f1 ? "" : ",", sz[i], (unsigned long long)m);
        f1 = 0;
      }
      printf("}");
    }
    printf("}\n");
  } else {
    printf("%s shift %d refs %zu: %d geometries in one pass, %.4f s cpu median = %.1f Mref/s = %.0f M "
           "geometry-refs/s; stream in:",
           v[1], shift, nr, (SMAX + 1) * 16, ts[reps / 2], nr / ts[reps / 2] / 1e6,
           nr / ts[reps / 2] / 1e6 * (SMAX + 1) * 16);
    for (int s = 0; s <= SMAX; s++)
      printf(" %.3f", (double)in[s] / nr);
    printf("  brute 6 geoms %.3f s; %s\n", bt, bad ? "BAD" : "checked");
  }
  return bad;
}
