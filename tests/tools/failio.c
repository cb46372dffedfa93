// A library to preload that makes chosen calls of a program fail: what disks and memory do rarely.
//
//   cc -shared -fPIC -O2 -o libfailio.so failio.c -ldl
//   LD_PRELOAD=./libfailio.so FAILIO_PATH=.spill FAILIO_WRITE=5:ENOSPC FAILIO_ONCE=1 cubemill …
//
//   FAILIO_PATH=TEXT         only files whose path contains TEXT; needed for all but FAILIO_MALLOC
//   FAILIO_OPEN=N[:ERROR]    the Nth and later opens fail                     (EMFILE)
//   FAILIO_WRITE=N[:ERROR]   the Nth and later writes fail, also of sizes     (ENOSPC)
//   FAILIO_READ=N[:ERROR]    the Nth and later reads fail                     (EIO)
//   FAILIO_FSYNC=N[:ERROR]   the Nth and later fsyncs and fdatasyncs fail     (EIO)
//   FAILIO_RENAME=N[:ERROR]  the Nth and later renames to such a path fail    (EIO)
//   FAILIO_SHORT=N           the Nth write writes half
//   FAILIO_SHORT_READ=N      the Nth read reads half
//   FAILIO_READ_DELAY_MS=N   every read takes N milliseconds longer: a source far away
//   FAILIO_MALLOC=SIZE:N     the Nth and later allocations of SIZE bytes or more give NULL (but libgeotiff's)
//   FAILIO_ONCE=1            only the Nth call fails, not the later ones
//   FAILIO_KILL=1            SIGKILL at that call, instead of failing
//   FAILIO_UNSYNCED=1        fsync and fdatasync do nothing else: quicker, and enough where no power is cut
//   FAILIO_STOP=1            SIGSTOP at the Nth call, instead of failing; goes on with SIGCONT
//
// Calls are counted from 1, for each variable on its own. Mapped files, and files that stdio opens,
// are not watched after they were opened.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct fault {
  long at;  // the number of the call that fails, 0: none
  int error;
  atomic_long seen;
};

static struct fault open_fault, write_fault, read_fault, fsync_fault, rename_fault, malloc_fault;
static struct fault short_write, short_read;
static size_t malloc_size;
static long read_delay;  // milliseconds
static const char* path_text;
static int once, kill_instead, stop_instead, unsynced;
static atomic_char watched[65536];  // by descriptor

// A test whose fault never comes would pass for nothing.
static void refuse(const char* name, const char* value) {
  fprintf(stderr, "failio: %s=%s is not understood\n", name, value);
  _exit(125);
}

static int error_of(const char* name, const char* value, const char* text) {
  static const struct {
    const char* name;
    int error;
  } errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE},
                {"EROFS", EROFS},   {"EACCES", EACCES}, {"EINTR", EINTR},   {"EFBIG", EFBIG},
                {"ESTALE", ESTALE}, {"EAGAIN", EAGAIN}};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; ++i)
    if (!strcmp(text, errors[i].name)) return errors[i].error;
  refuse(name, value);
  return 0;
}

static void load(const char* name, struct fault* fault, int error) {
  const char* value = getenv(name);
  if (!value) return;
  char* end;
  fault->at = strtol(value, &end, 10);
  fault->error = *end == ':' ? error_of(name, value, end + 1) : error;
  if (fault->at < 1 || (*end && *end != ':')) refuse(name, value);
  if (!path_text) refuse("FAILIO_PATH", "(nothing)");
}

static void load_malloc(void) {
  const char* value = getenv("FAILIO_MALLOC");
  if (!value) return;
  char* end;
  malloc_size = strtoul(value, &end, 10);
  malloc_fault.error = ENOMEM;
  if (*end == ':') malloc_fault.at = atol(end + 1);
  if (malloc_fault.at < 1) refuse("FAILIO_MALLOC", value);
}

static void load_delay(void) {
  const char* value = getenv("FAILIO_READ_DELAY_MS");
  if (!value) return;
  char* end;
  read_delay = strtol(value, &end, 10);
  if (read_delay < 1 || *end) refuse("FAILIO_READ_DELAY_MS", value);
  if (!path_text) refuse("FAILIO_PATH", "(nothing)");
}

__attribute__((constructor)) static void init(void) {
  path_text = getenv("FAILIO_PATH");
  once = getenv("FAILIO_ONCE") != NULL;
  kill_instead = getenv("FAILIO_KILL") != NULL;
  stop_instead = getenv("FAILIO_STOP") != NULL;
  unsynced = getenv("FAILIO_UNSYNCED") != NULL;
  load("FAILIO_OPEN", &open_fault, EMFILE);
  load("FAILIO_WRITE", &write_fault, ENOSPC);
  load("FAILIO_READ", &read_fault, EIO);
  load("FAILIO_FSYNC", &fsync_fault, EIO);
  load("FAILIO_RENAME", &rename_fault, EIO);
  load("FAILIO_SHORT", &short_write, 0);
  load("FAILIO_SHORT_READ", &short_read, 0);
  load_malloc();
  load_delay();
}

// Whether this call fails; errno is set then.
static int hit(struct fault* fault) {
  if (!fault->at) return 0;
  const long number = ++fault->seen;
  if (once || stop_instead ? number != fault->at : number < fault->at) return 0;
  if (kill_instead) raise(SIGKILL);
  if (stop_instead) return raise(SIGSTOP);
  errno = fault->error;
  return 1;
}

static int matches(const char* path) { return path_text && path && strstr(path, path_text); }
static int is_watched(int fd) { return fd >= 0 && fd < (int)sizeof watched && watched[fd]; }
static int watch(int fd, const char* path) {
  if (fd >= 0 && fd < (int)sizeof watched) watched[fd] = (char)matches(path);
  return fd;
}
static void wait_for(int fd, const struct fault* fault) {
  if (fault != &read_fault || !read_delay || !is_watched(fd)) return;
  const struct timespec delay = {read_delay / 1000, read_delay % 1000 * 1000000};
  nanosleep(&delay, NULL);
}
static int fails(int fd, struct fault* fault) { return is_watched(fd) && hit(fault); }

// How much of a transfer of `bytes` is done.
static size_t cut(int fd, struct fault* fault, size_t bytes) {
  return is_watched(fd) && fault->at && ++fault->seen == fault->at && bytes > 1 ? bytes / 2 : bytes;
}

#define REAL(name)                      \
  static __typeof__(name)* real = NULL; \
  if (!real) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                    \
  int name(const char* path, int flags, ...) {        \
    REAL(name);                                       \
    va_list rest;                                     \
    va_start(rest, flags);                            \
    const mode_t mode = va_arg(rest, mode_t);         \
    va_end(rest);                                     \
    if (matches(path) && hit(&open_fault)) return -1; \
    return watch(real(path, flags, mode), path);      \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                       \
  int name(int folder, const char* path, int flags, ...) { \
    REAL(name);                                            \
    va_list rest;                                          \
    va_start(rest, flags);                                 \
    const mode_t mode = va_arg(rest, mode_t);              \
    va_end(rest);                                          \
    if (matches(path) && hit(&open_fault)) return -1;      \
    return watch(real(folder, path, flags, mode), path);   \
  }
OPENAT(openat)
OPENAT(openat64)

#define MAKE(name, parameters, arguments)             \
  int name parameters {                               \
    REAL(name);                                       \
    if (matches(path) && hit(&open_fault)) return -1; \
    return watch(real arguments, path);               \
  }
MAKE(mkstemp, (char* path), (path))
MAKE(mkstemp64, (char* path), (path))
MAKE(mkostemp, (char* path, int flags), (path, flags))
MAKE(mkostemp64, (char* path, int flags), (path, flags))
MAKE(mkstemps, (char* path, int ending), (path, ending))
MAKE(mkstemps64, (char* path, int ending), (path, ending))
MAKE(mkostemps, (char* path, int ending, int flags), (path, ending, flags))
MAKE(mkostemps64, (char* path, int ending, int flags), (path, ending, flags))

#define FOPEN(name)                                     \
  FILE* name(const char* path, const char* mode) {      \
    REAL(name);                                         \
    if (matches(path) && hit(&open_fault)) return NULL; \
    FILE* const file = real(path, mode);                \
    if (file) watch(fileno(file), path);                \
    return file;                                        \
  }
FOPEN(fopen)
FOPEN(fopen64)

int close(int fd) {
  REAL(close);
  if (is_watched(fd)) watched[fd] = 0;
  return real(fd);
}

#define TRANSFER(name, fault, short_fault, data, parameters, arguments) \
  ssize_t name parameters {                                             \
    REAL(name);                                                         \
    wait_for(fd, &fault);                                               \
    if (fails(fd, &fault)) return -1;                                   \
    n = cut(fd, &short_fault, n);                                       \
    return real arguments;                                              \
  }
#define WRITE(name, parameters, arguments) \
  TRANSFER(name, write_fault, short_write, const void*, parameters, arguments)
#define READ(name, parameters, arguments) \
  TRANSFER(name, read_fault, short_read, void*, parameters, arguments)
WRITE(write, (int fd, const void* data, size_t n), (fd, data, n))
WRITE(pwrite, (int fd, const void* data, size_t n, off_t at), (fd, data, n, at))
WRITE(pwrite64, (int fd, const void* data, size_t n, off64_t at), (fd, data, n, at))
READ(read, (int fd, void* data, size_t n), (fd, data, n))
READ(pread, (int fd, void* data, size_t n, off_t at), (fd, data, n, at))
READ(pread64, (int fd, void* data, size_t n, off64_t at), (fd, data, n, at))

ssize_t writev(int fd, const struct iovec* parts, int n) {
  REAL(writev);
  return fails(fd, &write_fault) ? -1 : real(fd, parts, n);
}
ssize_t readv(int fd, const struct iovec* parts, int n) {
  REAL(readv);
  wait_for(fd, &read_fault);
  return fails(fd, &read_fault) ? -1 : real(fd, parts, n);
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  return fails(fd, &write_fault) ? -1 : real(fd, size);
}
int posix_fallocate(int fd, off_t at, off_t size) {
  REAL(posix_fallocate);
  return fails(fd, &write_fault) ? write_fault.error : real(fd, at, size);
}
int fsync(int fd) {
  REAL(fsync);
  return fails(fd, &fsync_fault) ? -1 : unsynced ? 0 : real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return fails(fd, &fsync_fault) ? -1 : unsynced ? 0 : real(fd);
}
int rename(const char* from, const char* to) {
  REAL(rename);
  return matches(to) && hit(&rename_fault) ? -1 : real(from, to);
}

// The C library's own allocator by its other names: dlsym itself allocates.
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

// libgeotiff does not look whether it was given its tables, so no program could survive that: its calls go through.
static int is_spared(const void* caller) {
  Dl_info info;
  return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libgeotiff");
}

static int is_denied(size_t size, const void* caller) {
  return malloc_fault.at && size >= malloc_size && !is_spared(caller) && hit(&malloc_fault);
}
#define denied(size) is_denied(size, __builtin_return_address(0))
void* malloc(size_t size) { return denied(size) ? NULL : __libc_malloc(size); }
void* calloc(size_t n, size_t size) {
  const size_t all = size && n > (size_t)-1 / size ? (size_t)-1 : n * size;
  return denied(all) ? NULL : __libc_calloc(n, size);
}
void* realloc(void* old, size_t size) { return denied(size) ? NULL : __libc_realloc(old, size); }
void* memalign(size_t to, size_t size) { return denied(size) ? NULL : __libc_memalign(to, size); }
void* aligned_alloc(size_t to, size_t size) { return memalign(to, size); }
int posix_memalign(void** memory, size_t to, size_t size) {
  if (denied(size)) return ENOMEM;
  void* const made = __libc_memalign(to, size);
  if (made) *memory = made;
  return made ? 0 : ENOMEM;
}
