/* Fails the n-th call that changes a file: FAULT_AT says which, FAULT_HOW how, and FAULT_FIRED is made when it
 * came to that. Everything else is passed on to the kernel. With FAULT_HOW=gone it is the n-th write to standard
 * output or standard error that fails, and all after it, as if who reads them were gone. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long at, count;
static const char *how, *fired;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("FAULT_AT");
    at = text ? atol(text) : 0;
    how = getenv("FAULT_HOW");
    fired = getenv("FAULT_FIRED");
}

static int is(const char *name) { return how && strcmp(how, name) == 0; }

static void end(void) { syscall(SYS_kill, syscall(SYS_getpid), SIGKILL); }

/* Whether this call is to fail; errno says of what. */
static int fails(void) {
    pthread_mutex_lock(&lock);
    long number = at ? ++count : 0;
    pthread_mutex_unlock(&lock);
    /* A disk that is full stays full, and who is gone does not come back. */
    if (number < at || !at || (number > at && !is("full") && !is("gone")))
        return 0;
    if (number == at && fired)
        syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, fired, O_CREAT | O_WRONLY, 0600));
    if (is("kill"))
        end();
    errno = is("full") ? ENOSPC : is("gone") ? EPIPE : EIO;
    return 1;
}

static int is_file(int fd) {
    struct stat found;
    if (is("gone"))
        return fd == 1 || fd == 2;
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

static int is_file_at(int folder, const char *path) {
    struct stat found;
    return !is("gone") && fstatat(folder, path, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode);
}

#define WRITES(fd, size, whole, half)                                                                                  \
    do {                                                                                                               \
        if (is_file(fd) && fails()) {                                                                                  \
            if (is("torn")) {                                                                                          \
                half;                                                                                                  \
                end();                                                                                                 \
            }                                                                                                          \
            return -1;                                                                                                 \
        }                                                                                                              \
        return whole;                                                                                                  \
    } while (0)

ssize_t write(int fd, const void *from, size_t size) {
    WRITES(fd, size, syscall(SYS_write, fd, from, size), syscall(SYS_write, fd, from, size / 2));
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t where) {
    WRITES(fd, size, syscall(SYS_pwrite64, fd, from, size, where), syscall(SYS_pwrite64, fd, from, size / 2, where));
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t where) { return pwrite64(fd, from, size, where); }

ssize_t writev(int fd, const struct iovec *from, int parts) {
    WRITES(fd, parts, syscall(SYS_writev, fd, from, parts), syscall(SYS_writev, fd, from, parts / 2));
}

/* Calls that do all or nothing. */
#define DOES(regular, whole)                                                                                           \
    do {                                                                                                               \
        if ((regular) && fails()) {                                                                                    \
            if (is("torn"))                                                                                            \
                end();                                                                                                 \
            return -1;                                                                                                 \
        }                                                                                                              \
        return whole;                                                                                                  \
    } while (0)

/* Of no other call anybody reads anything. */
static int is_kept(int fd) { return !is("gone") && is_file(fd); }

int fsync(int fd) { DOES(is_kept(fd), syscall(SYS_fsync, fd)); }

int fdatasync(int fd) { DOES(is_kept(fd), syscall(SYS_fdatasync, fd)); }

int ftruncate64(int fd, off64_t size) { DOES(is_kept(fd), syscall(SYS_ftruncate, fd, size)); }

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fallocate64(int fd, int mode, off64_t from, off64_t size) {
    DOES(is_kept(fd), syscall(SYS_fallocate, fd, mode, from, size));
}

int fallocate(int fd, int mode, off_t from, off_t size) { return fallocate64(fd, mode, from, size); }

int posix_fallocate(int fd, off_t from, off_t size) { return fallocate64(fd, 0, from, size) ? errno : 0; }

int posix_fallocate64(int fd, off64_t from, off64_t size) { return posix_fallocate(fd, from, size); }

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags) {
    DOES(is_file_at(from, old), syscall(SYS_renameat2, from, old, to, new, flags));
}

int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }

int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

int unlinkat(int folder, const char *path, int flags) {
    DOES(is_file_at(folder, path), syscall(SYS_unlinkat, folder, path, flags));
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
