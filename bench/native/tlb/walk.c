/* walk: page walks alone, over 512-entry tables, the same algorithm as assembly/replay/walk.ts.
 * usage: walk dense|sparse [-r REPS]
 *   dense: 1 GiB of 4 KiB pages, random; sparse: 4096 pages in 64 GiB, one to a table, random. 4 M walks.
 *   uncached: four dependent loads each; cached: a PDE cache of 8 sets x 4 ways as two vectors, then the last level;
 *   apart: the same counts, with the tags of the caches and the walk itself apart, as assembly/replay/walk.ts has it.
 */
#include "common.h"
#include <immintrin.h>
#define N (1u << 22)
#define BATCH 2048
static u64 *mem;
static u64 nframes, cap;
static u64 newframe(void) {
  if (nframes == cap) {
    cap = cap ? cap * 2 : 8192;
    mem = realloc(mem, cap * 4096);
  }
  memset(mem + nframes * 512, 0, 4096);
  return nframes++;
}
static void map(u64 page) {
  u64 f = 0;
  for (int l = 3; l > 0; l--) {
    u64 i = f * 512 + ((page >> (9 * l)) & 511);
    if (!(mem[i] & 1)) {
      u64 g = newframe();
      mem[i] = g << 12 | 1;
    }
    f = mem[i] >> 12;
  }
  mem[f * 512 + (page & 511)] = (page + (1 << 20)) << 12 | 1;
}
static __m128i pt[8], pf[8], rot[16];
static u32 fr[BATCH];
static u64 misses;
/* PDPTE cache: 4 entries, most recent first, as tlbfast has it */
static u64 pdp_tag[4], pdp_frame[4], pml_tag[2], pml_frame[2], loads;
static __attribute__((noinline)) u32 upper(u32 q) {
  u64 tag = (q >> 18) + 1, f = 0;
  int l = 3;
  for (int i = 0; i < 4; i++)
    if (pdp_tag[i] == tag) {
      f = pdp_frame[i];
      for (int j = i; j; j--) {
        pdp_tag[j] = pdp_tag[j - 1];
        pdp_frame[j] = pdp_frame[j - 1];
      }
      pdp_tag[0] = tag;
      pdp_frame[0] = f;
      l = 1;
      break;
    }
  if (l == 3) { /* PML4E cache: 2 entries */
    u64 t = (q >> 27) + 1;
    if (pml_tag[0] == t) {
      f = pml_frame[0];
      l = 2;
    } else if (pml_tag[1] == t) {
      f = pml_frame[1];
      pml_tag[1] = pml_tag[0];
      pml_frame[1] = pml_frame[0];
      pml_tag[0] = t;
      pml_frame[0] = f;
      l = 2;
    }
  }
  for (; l > 0; l--) {
    f = mem[f * 512 + ((q >> (9 * l)) & 511)] >> 12;
    loads++;
    if (l == 3) {
      pml_tag[1] = pml_tag[0];
      pml_frame[1] = pml_frame[0];
      pml_tag[0] = (q >> 27) + 1;
      pml_frame[0] = f;
    } else if (l == 2) {
      for (int j = 3; j; j--) {
        pdp_tag[j] = pdp_tag[j - 1];
        pdp_frame[j] = pdp_frame[j - 1];
      }
      pdp_tag[0] = tag;
      pdp_frame[0] = f;
    }
  }
  misses++;
  return f;
}
static u64 cached(const u32 *k, u32 n) {
  for (u32 i = 0; i < n; i++) {
    u32 q = k[i], t = q >> 9, s = t & 7;
    __m128i v = pt[s], kk = _mm_set1_epi32(t);
    u32 m = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(v, kk)));
    __m128i r = rot[m], f = _mm_shuffle_epi8(pf[s], r);
    pt[s] = _mm_blend_epi16(_mm_shuffle_epi8(v, r), kk, 3);
    u32 x = _mm_cvtsi128_si32(f);
    if (!m) {
      x = upper(q);
      f = _mm_insert_epi32(f, x, 0);
    }
    pf[s] = f;
    fr[i] = x;
    __builtin_prefetch(&mem[(u64)x * 512 + (q & 511)]);
  }
  u64 sum = 0;
  for (u32 i = 0; i < n; i++)
    sum += mem[(u64)fr[i] * 512 + (k[i] & 511)] >> 12;
  return sum;
}
static u64 uncached(const u32 *k, u32 n) {
  u64 sum = 0;
  for (u32 i = 0; i < n; i++) {
    u32 q = k[i];
    u64 f = 0;
    for (int l = 3; l > 0; l--) {
      u64 e = mem[f * 512 + ((q >> (9 * l)) & 511)];
      if (!(e & 1))
        exit(1);
      f = e >> 12;
    }
    sum += mem[f * 512 + (q & 511)] >> 12;
  }
  return sum;
}
/* Where the table of each GiB is: what the walk of `apart` begins with. */
static u32 *giants;
static __m128i in_front(__m128i tags, __m128i wanted, __m128i hit) {
  __m128i none = _mm_setzero_si128();
  __m128i keep = _mm_or_si128(_mm_or_si128(_mm_alignr_epi8(hit, none, 12), _mm_alignr_epi8(hit, none, 8)),
                              _mm_alignr_epi8(hit, none, 4));
  return _mm_blendv_epi8(_mm_alignr_epi8(tags, wanted, 12), tags, keep);
}
static u64 apart(const u32 *k, u32 n, __m128i *pdpte) {
  u32 j = 0;
  u64 sum = 0;
  for (u32 i = 0; i < n; i++) {
    u32 q = k[i], t = q >> 9, s = t & 7;
    __m128i v = pt[s], kk = _mm_set1_epi32(t), h = _mm_cmpeq_epi32(v, kk);
    pt[s] = in_front(v, kk, h);
    fr[j] = q;
    j += _mm_testz_si128(h, h);
    u64 f = mem[(u64)giants[q >> 18] * 512 + (t & 511)] >> 12;
    sum += mem[f * 512 + (q & 511)] >> 12;
  }
  __m128i v = *pdpte;
  u32 first = _mm_cvtsi128_si32(v);
  loads += j;
  misses += j;
  for (u32 i = 0; i < j; i++) {
    u32 q = fr[i], t = q >> 18;
    if (t == first)
      continue;
    first = t;
    __m128i kk = _mm_set1_epi32(t), h = _mm_cmpeq_epi32(v, kk);
    v = in_front(v, kk, h);
    if (!_mm_testz_si128(h, h))
      continue;
    loads++;
    u64 top = (q >> 27) + 1;
    if (pml_tag[0] == top)
      continue;
    if (pml_tag[1] != top)
      loads++;
    pml_tag[1] = pml_tag[0];
    pml_tag[0] = top;
  }
  *pdpte = v;
  return sum;
}
static void forget(void) {
  for (int i = 0; i < 8; i++)
    pt[i] = pf[i] = _mm_set1_epi32(-1);
  for (int i = 0; i < 4; i++)
    pdp_tag[i] = 0;
  pml_tag[0] = pml_tag[1] = 0;
  misses = loads = 0;
}
static int cmpd(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}
int main(int c, char **v) {
  int dense = c > 1 && !strcmp(v[1], "dense"), reps = c > 3 ? atoi(v[3]) : 5;
  u32 *k = malloc(4ull * N), s = 2463534242u;
  newframe();
  for (u32 i = 0; i < N; i++) {
    u32 x = xs32(&s);
    k[i] = dense ? x & 262143 : (x & 4095) * 4096 + ((x & 4095) * 7 & 511);
  }
  for (u32 i = 0; i < N; i++)
    map(k[i]);
  for (int m = 0; m < 16; m++) {
    int p = m ? __builtin_ctz(m) : 3;
    u32 r[4];
    for (int i = 0; i < 4; i++) {
      int x = i == 0 ? p : i <= p ? i - 1 : i;
      r[i] = (u32)(x * 4) * 0x01010101u + 0x03020100u;
    }
    rot[m] = _mm_loadu_si128((void *)r);
  }
  giants = calloc(1 << 14, 4);
  for (u32 i = 0; i < N; i++) {
    u64 f = mem[0] >> 12; /* all pages lie below 512 GiB: one top entry */
    giants[k[i] >> 18] = mem[f * 512 + (k[i] >> 18)] >> 12;
  }
  double tu[64], tc[64], ta[64];
  u64 su = 0, sc = 0, sa = 0, wanted = 0;
  for (int r = 0; r < reps; r++) {
    double a = cpu_now();
    su = uncached(k, N);
    tu[r] = cpu_now() - a;
    forget();
    sc = 0;
    a = cpu_now();
    for (u32 i = 0; i < N; i += BATCH)
      sc += cached(k + i, BATCH);
    tc[r] = cpu_now() - a;
    wanted = loads;
    forget();
    sa = 0;
    __m128i pdpte = _mm_set1_epi32(-1);
    a = cpu_now();
    for (u32 i = 0; i < N; i += BATCH)
      sa += apart(k + i, BATCH, &pdpte);
    ta[r] = cpu_now() - a;
  }
  qsort(tu, reps, 8, cmpd);
  qsort(tc, reps, 8, cmpd);
  qsort(ta, reps, 8, cmpd);
  if (su != sc || su != sa || loads != wanted)
    return 1;
  printf("{\"walks\":%u,\"pde_misses\":%llu,\"loads\":%llu,"
         "\"uncached_s\":%.6f,\"cached_s\":%.6f,\"apart_s\":%.6f}\n",
         N,
         (unsigned long long)misses, (unsigned long long)loads + N, tu[reps / 2], tc[reps / 2], ta[reps / 2]);
  return 0;
}
