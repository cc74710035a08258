// SPDX-License-Identifier: Apache-2.0
// Types whose values the kernel's maps hold while bpftool and Skep print them. Nothing here runs.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;

enum colour { RED, GREEN = 5, BLUE = 0x7fffffff, NEGATIVE = -3 };
enum unsigned_colour { DARK = 1, LIGHT = 0xffffffff };
enum __attribute__((packed)) small { TINY = 1, LARGEST = 127 };
enum wide { WIDE_LOW = 1, WIDE_HIGH = 0x123456789abcdef0ULL };

struct scalars {
  u8 a;
  s8 b;
  char c;
  u16 d;
  short e;
  u32 f;
  int g;
  u64 h;
  long i;
};

struct wide_integers {
  __int128 a;
  unsigned __int128 b;
};

struct booleans {
  _Bool a, b, c, d;
};

struct bit_fields {
  int a : 3;
  u32 b : 13;
  u32 : 5;
  u64 c : 40;
  enum colour d : 4;
  u8 e : 7;
  int whole;
};

struct texts {
  char name[8];
  const char constant[4];
  u8 raw[4];
  char lines[2][8];
};

struct enums {
  enum colour a;
  enum unsigned_colour b;
  enum small c;
  enum wide d;
};

struct point {
  int x, y;
};

struct empty {};

struct nested {
  struct point points[2];
  int matrix[2][3];
  struct {
    int inner;
    struct {
      u16 innermost[2];
    };
  };
  union {
    u64 as_u64;
    u8 as_bytes[8];
    struct point as_point;
  } choice;
  volatile const u32 qualified;
  struct empty nothing;
  struct empty nothings[2];
  int none[0];
};

struct pointers {
  void* a;
  const struct point* b;
  int (*c)(struct point*, ...);
  struct unknown* d;
};

struct __attribute__((packed)) packed {
  u8 a;
  u64 b;
  u16 c;
};

int use(struct scalars* a, struct wide_integers* b, struct booleans* c, struct bit_fields* d, struct texts* e) {
  return 0;
}
int use_more(struct enums* a, struct nested* b, struct pointers* c, struct packed* d) { return 0; }
