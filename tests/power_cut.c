/* What a disk holds after a power cut, strictly: the bytes of a file at its last fsync, the names in
 * a folder at its last fsync. Preloaded into a process, this notes both in $POWER_CUT_NOTES whenever
 * something below $POWER_CUT_ROOT is synced; tests/power_cut.py builds the disk from the notes.
 * $POWER_CUT_DEAF names what a lying disk does not sync: "part" (files that come in), "folders" or
 * "ledger"; the negative controls. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void note_name(char *out, const char *kind, unsigned long inode, int is_final)
{
    static __thread unsigned long count;
    const char *notes = getenv("POWER_CUT_NOTES");
    if (is_final)
        snprintf(out, PATH_MAX, "%s/%s-%lu", notes, kind, inode);
    else
        snprintf(out, PATH_MAX, "%s/new-%ld-%lu", notes, syscall(SYS_gettid), count++);
}

static void note_folder(const char *path, FILE *note)
{
    struct dirent *entry;
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fprintf(note, "%c %lu %s\n", entry->d_type == DT_DIR ? 'd' : 'f',
                    (unsigned long)entry->d_ino, entry->d_name);
    if (folder)
        closedir(folder);
}

static void note_file(const char *path, FILE *note)
{
    char chunk[1 << 16];
    ssize_t length;
    int file = open(path, O_RDONLY);
    while (file >= 0 && (length = read(file, chunk, sizeof chunk)) > 0)
        fwrite(chunk, 1, (size_t)length, note);
    if (file >= 0)
        close(file);
}

static int is_deaf(const char *path, int is_folder)
{
    const char *deaf = getenv("POWER_CUT_DEAF");
    if (!deaf)
        return 0;
    if (is_folder)
        return !strcmp(deaf, "folders");
    return strstr(path, ".sqlite") ? !strcmp(deaf, "ledger") : !strcmp(deaf, "part");
}

static void note(int descriptor)
{
    char link[64], path[PATH_MAX], begun[PATH_MAX], done[PATH_MAX];
    struct stat about;
    const char *root = getenv("POWER_CUT_ROOT");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!root || length < 0 || fstat(descriptor, &about))
        return;
    path[length] = 0;
    int is_folder = S_ISDIR(about.st_mode);
    if (strncmp(path, root, strlen(root)) || is_deaf(path, is_folder))
        return;
    note_name(begun, "", 0, 0);
    note_name(done, is_folder ? "folder" : "file", (unsigned long)about.st_ino, 1);
    FILE *into = fopen(begun, "w");
    if (!into)
        abort();
    if (is_folder)
        note_folder(path, into);
    else
        note_file(link, into); /* by its descriptor: it may have another name by now, or none */
    fclose(into);
    rename(begun, done);
}

int fsync(int descriptor)
{
    note(descriptor);
    return (int)syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor)
{
    note(descriptor);
    return (int)syscall(SYS_fdatasync, descriptor);
}
