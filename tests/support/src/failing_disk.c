/* Loaded before libc's: makes writes and syncs of one file, and of what SQLite keeps
 * beside it, fail as the control file says. An empty or missing control file lets all
 * pass. Words in it: "write" (no space is left), "io" (the disk fails on a write),
 * "sync" (the disk fails on a sync), "remove" (it fails when a file is removed). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether the control file holds a word. */
static int told(const char *word) {
    const char *path = getenv("FAILING_DISK_CONTROL");
    char text[64] = {0};
    long fd, count;
    if (!path) return 0;
    fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    count = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    return count > 0 && strstr(text, word) != NULL;
}

/* Whether a descriptor is of the file that is to fail. */
static int is_ours(int fd) {
    const char *name = getenv("FAILING_DISK_FILE");
    char link[48], path[4096];
    ssize_t length;
    if (!name) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, name) != NULL;
}

static int write_fails(int fd) {
    if (!is_ours(fd)) return 0;
    if (told("write")) { errno = ENOSPC; return 1; }
    if (told("io")) { errno = EIO; return 1; }
    return 0;
}

static int sync_fails(int fd) {
    if (!is_ours(fd) || !told("sync")) return 0;
    errno = EIO;
    return 1;
}

ssize_t write(int fd, const void *data, size_t size) {
    if (write_fails(fd)) return -1;
    return syscall(SYS_write, fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    if (write_fails(fd)) return -1;
    return syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return pwrite64(fd, data, size, at);
}

int fsync(int fd) {
    if (sync_fails(fd)) return -1;
    return syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    if (sync_fails(fd)) return -1;
    return syscall(SYS_fdatasync, fd);
}

int unlink(const char *path) {
    const char *name = getenv("FAILING_DISK_FILE");
    if (name && strstr(path, name) && told("remove")) { errno = EIO; return -1; }
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
