/* Stands between a program and the C library, counts what it does to files below one folder, and breaks one step.
 *
 * LD_PRELOAD this; FAULTS_CONTROL names a file of struct control, which all processes share. Python, SQLite and libav all
 * go through the C library, so that no step is missed. What memory-mapped files are used for is not seen: SQLite's
 * shared index of its log, which it makes anew after a crash.
 *
 * What is sent to a PostgreSQL server by its local socket is a step as well, named by the first word of the statement.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { COUNT = 0, KILL = 1, TORN = 2, FAIL_ONCE = 3, FULL = 4, STOP = 5 };

struct control {
    long armed;   /* 0: nothing is counted */
    long seen;    /* steps so far */
    long at;      /* the step to break, counted from 1; 0: none */
    long mode;
    long error;   /* errno of FAIL_ONCE and FULL */
    long log;     /* 1: write each step to FAULTS_LOG */
    char root[PATH_MAX];
};

static struct control *control;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CONTROL"), *log = getenv("FAULTS_LOG");
    if (path == NULL) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (mapped != MAP_FAILED) control = mapped;
    if (log != NULL) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int below(const char *path) {
    size_t n = strlen(control->root);
    return strncmp(path, control->root, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static void whole(int dir, const char *path, char *out) {
    if (path[0] == '/') { snprintf(out, PATH_MAX, "%s", path); return; }
    char link[64], base[PATH_MAX];
    if (dir == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, base, sizeof base - 1);
    base[n < 0 ? 0 : n] = 0;
    if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) out[0] = 0;
}

static int path_of(int fd, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n < 0) return 0;
    out[n] = 0;
    return 1;
}

/* 0: go on. 1: fail with errno set. 2: write the first half, then die. */
static int step(const char *op, const char *path, int needs_room, int is_write) {
    if (control == NULL || !control->armed || !below(path)) return 0;
    long number = __sync_add_and_fetch(&control->seen, 1);
    if (control->log && log_fd >= 0) {
        char line[PATH_MAX + 64];
        int n = snprintf(line, sizeof line, "%ld\t%s\t%s\n", number, op, path + strlen(control->root));
        syscall(SYS_write, log_fd, line, (size_t)(n < (int)sizeof line ? n : (int)sizeof line - 1));
    }
    if (control->mode == STOP) raise(SIGSTOP);
    if (control->at == 0 || number < control->at) return 0;
    if (control->mode == FULL) {
        if (!needs_room) return 0;
        errno = (int)control->error;
        return 1;
    }
    if (number != control->at) return 0;
    if (control->mode == KILL || (control->mode == TORN && !is_write)) { kill(getpid(), SIGKILL); for (;;) pause(); }
    if (control->mode == TORN) return 2;
    if (control->mode == FAIL_ONCE) { errno = (int)control->error; return 1; }
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define ON_FD(op, fd, needs_room, is_write, torn)                     \
    do {                                                              \
        char p[PATH_MAX];                                             \
        if (control && control->armed && path_of(fd, p)) {            \
            int what = step(op, p, needs_room, is_write);             \
            if (what == 1) return -1;                                 \
            if (what == 2) { torn; kill(getpid(), SIGKILL); }         \
        }                                                             \
    } while (0)

ssize_t write(int fd, const void *data, size_t n) {
    ON_FD("write", fd, 1, 1, syscall(SYS_write, fd, data, n / 2));
    return syscall(SYS_write, fd, data, n);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    ON_FD("write", fd, 1, 1, syscall(SYS_pwrite64, fd, data, n / 2, at));
    return syscall(SYS_pwrite64, fd, data, n, at);
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }
ssize_t writev(int fd, const struct iovec *parts, int n) {
    ON_FD("write", fd, 1, 1, syscall(SYS_writev, fd, parts, n / 2));
    return syscall(SYS_writev, fd, parts, n);
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t n) {
    ON_FD("write", out, 1, 1, (void)0);
    return REAL(sendfile64)(out, in, at, n);
}
ssize_t sendfile(int out, int in, off_t *at, size_t n) { return sendfile64(out, in, at, n); }
ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags) {
    ON_FD("write", out, 1, 1, (void)0);
    return syscall(SYS_copy_file_range, in, in_at, out, out_at, n, flags);
}
int ftruncate64(int fd, off64_t n) {
    ON_FD("truncate", fd, 1, 0, (void)0);
    return (int)syscall(SYS_ftruncate, fd, n);
}
int ftruncate(int fd, off_t n) { return ftruncate64(fd, n); }
int fallocate64(int fd, int mode, off64_t at, off64_t n) {
    ON_FD("truncate", fd, 1, 0, (void)0);
    return (int)syscall(SYS_fallocate, fd, mode, at, n);
}
int fsync(int fd) {
    ON_FD("fsync", fd, 1, 0, (void)0);
    return (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
    ON_FD("fsync", fd, 1, 0, (void)0);
    return (int)syscall(SYS_fdatasync, fd);
}
int fchmod(int fd, mode_t mode) {
    ON_FD("chmod", fd, 0, 0, (void)0);
    return (int)syscall(SYS_fchmod, fd, mode);
}

static int is_postgresql(int fd) {
    struct sockaddr_un peer = {0};
    socklen_t size = sizeof peer - 1;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sun_family == AF_UNIX &&
           strstr(peer.sun_path, "/.s.PGSQL.") != NULL;
}

/* The first word of the statement in a message of its protocol: Q has it behind the length, P behind a name as well. */
static void statement_in(const char *data, size_t n, char *word, size_t room) {
    size_t at = 5, length = 0;
    if (n > at && data[0] == 'P') at += strnlen(data + at, n - at) + 1;
    else if (n <= at || data[0] != 'Q') at = n;
    while (at < n && length + 1 < room && ((data[at] | 32) >= 'a' && (data[at] | 32) <= 'z')) word[length++] = data[at++];
    word[length] = 0;
    if (length == 0) snprintf(word, room, "%s", n && data[0] == 'B' ? "prepared" : n && data[0] == 'X' ? "end" : "other");
}

ssize_t send(int fd, const void *data, size_t n, int flags) {
    if (control && control->armed && is_postgresql(fd)) {
        char word[32], p[PATH_MAX + 64];
        statement_in(data, n, word, sizeof word);
        snprintf(p, sizeof p, "%s/postgresql %s", control->root, word);
        int what = step("send", p, 0, 1);
        if (what == 1) {
            /* A connection that cannot be sent on is broken: libpq would wait for an answer otherwise. */
            shutdown(fd, SHUT_RDWR);
            errno = ECONNRESET;
            return -1;
        }
        if (what == 2) {
            syscall(SYS_sendto, fd, data, n / 2, flags, NULL, 0);
            kill(getpid(), SIGKILL);
        }
    }
    return syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
}

#define ON_PATH(op, dir, path, needs_room)                                  \
    do {                                                                    \
        if (control && control->armed) {                                    \
            char p[PATH_MAX];                                               \
            whole(dir, path, p);                                            \
            if (step(op, p, needs_room, 0)) return -1;                      \
        }                                                                   \
    } while (0)

static int opened(int dir, const char *path, int flags, mode_t mode) {
    if (flags & (O_CREAT | O_TRUNC)) {
        struct stat seen;
        int exists = fstatat(dir, path, &seen, 0) == 0;
        /* Opening what is there with O_CREAT changes nothing: SQLite does so each time. */
        if (!exists || ((flags & O_TRUNC) && seen.st_size > 0)) ON_PATH(exists ? "truncate" : "create", dir, path, 1);
    }
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}
#define MODE_OF(flags, last)                                               \
    mode_t mode = 0;                                                       \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                 \
        va_list rest;                                                      \
        va_start(rest, last);                                              \
        mode = va_arg(rest, mode_t);                                       \
        va_end(rest);                                                      \
    }
int open(const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(dir, path, flags | O_LARGEFILE, mode); }
int rename(const char *from, const char *to) {
    ON_PATH("rename", AT_FDCWD, to, 1);
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    ON_PATH("rename", to_dir, to, 1);
    return (int)syscall(SYS_renameat, from_dir, from, to_dir, to);
}
int link(const char *from, const char *to) {
    ON_PATH("link", AT_FDCWD, to, 1);
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int unlink(const char *path) {
    ON_PATH("unlink", AT_FDCWD, path, 0);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
int unlinkat(int dir, const char *path, int flags) {
    ON_PATH(flags & AT_REMOVEDIR ? "rmdir" : "unlink", dir, path, 0);
    return (int)syscall(SYS_unlinkat, dir, path, flags);
}
int rmdir(const char *path) {
    ON_PATH("rmdir", AT_FDCWD, path, 0);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}
int mkdir(const char *path, mode_t mode) {
    ON_PATH("mkdir", AT_FDCWD, path, 1);
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
int mkdirat(int dir, const char *path, mode_t mode) {
    ON_PATH("mkdir", dir, path, 1);
    return (int)syscall(SYS_mkdirat, dir, path, mode);
}
int chmod(const char *path, mode_t mode) {
    ON_PATH("chmod", AT_FDCWD, path, 0);
    return (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}
