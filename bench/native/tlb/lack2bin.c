/* lack2bin: lackey text on stdin -> u64 records on stdout (see common.h) */
#include "common.h"
int main(void) {
  static char ib[1 << 20], ob[1 << 20], l[4096];
  setvbuf(stdin, ib, _IOFBF, sizeof ib);
  setvbuf(stdout, ob, _IOFBF, sizeof ob);
  u64 big = 0;
  while (fgets(l, sizeof l, stdin)) {
    int ty;
    if (l[0] == 'I' && l[1] == ' ')
      ty = 0;
    else if (l[0] == ' ' && l[1] == 'L')
      ty = 1;
    else if (l[0] == ' ' && l[1] == 'S')
      ty = 2;
    else if (l[0] == ' ' && l[1] == 'M')
      ty = 3;
    else
      continue;
    char *e;
    u64 a = strtoull(l + 3, &e, 16), z = strtoull(e + 1, 0, 10);
    if (z > 255) {
      big++;
      z = 255;
    }
    u64 r = (a & 0xffffffffffffull) | z << 48 | (u64)ty << 56;
    fwrite(&r, 8, 1, stdout);
  }
  fflush(stdout);
  if (big)
    fprintf(stderr, "clipped %llu sizes\n", (unsigned long long)big);
  return 0;
}
